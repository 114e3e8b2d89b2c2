require("fs").promises.readFile(__filename, "utf8").then(text => console.log(text.length));
require("crypto").pbkdf2("a", "b", 10, 16, "sha256", (problem, key) => console.log(key.toString("hex")));
require("zlib").deflate("text", (problem, data) => require("zlib").inflate(data, (problem, back) => console.log(String(back))));
