declare const require: any, __filename: string;
const kept: string = "typed";
console.log(require("fs").readFileSync(__filename, "utf8"), kept);
