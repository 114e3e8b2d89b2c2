const fs = require("fs");
console.log(fs.readdirSync(".", { withFileTypes: true }).map(one => [one.name, one.isFile()]), fs.statSync(__filename).mode, fs.statSync(__filename).nlink);
