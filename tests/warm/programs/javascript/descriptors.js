const fs = require("fs");
for (let fd = 0; fd < 40; fd++) {
    try {
        const to = fs.readlinkSync("/proc/self/fd/" + fd).replace(/\d+/g, "");
        console.log(fd, to, fs.readFileSync("/proc/self/fdinfo/" + fd, "utf8").split("\n").slice(0, 2));
    } catch (problem) {
        console.log(fd, problem.code);
    }
}
console.log(process.stdin.isTTY, process.stdout.isTTY, process.stdout.writable, process.stdin.constructor.name);
