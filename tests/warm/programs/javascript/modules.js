import("./main.js").catch(problem => console.log(problem.code));
console.log(require("module").builtinModules.length, typeof require("node:test"));
(async () => console.log((await import("fs")).default === require("fs")))();
