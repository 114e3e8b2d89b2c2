console.log(require("fs").readFileSync(__filename, "utf8"), module.children.length);
function f() { /* kept */ }
console.log(f.toString(), new Error("at").stack.split("\n")[1]);
