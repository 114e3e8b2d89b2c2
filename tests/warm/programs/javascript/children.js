const { execFileSync, spawnSync } = require("child_process");
console.log(execFileSync("sh", ["-c", "echo from a child; ls /proc/self/fd | wc -l; ulimit -n"], { encoding: "utf8" }));
console.log(spawnSync(process.execPath, ["-p", "process.argv.length"], { encoding: "utf8" }).stdout);
