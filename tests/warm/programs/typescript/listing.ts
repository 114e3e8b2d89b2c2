declare const require: any;
console.log(require("fs").readdirSync("."), require("fs").statSync("main.js").nlink);
