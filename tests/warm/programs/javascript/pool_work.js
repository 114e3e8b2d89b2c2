const { promisify } = require("util");
const { deflate, inflate } = require("zlib");

// All at once, in the threads of the pool; told in the order in which they stand here.
Promise.all([
  require("fs").promises.readFile(__filename, "utf8").then(text => text.length),
  promisify(require("crypto").pbkdf2)("a", "b", 10, 16, "sha256").then(key => key.toString("hex")),
  promisify(deflate)("text").then(promisify(inflate)).then(String),
]).then(found => found.forEach(one => console.log(one)));
