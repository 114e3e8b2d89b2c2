console.log(Math.random());
console.log(require("crypto").randomUUID());
