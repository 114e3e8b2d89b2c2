require("fs").writeSync(1, "kept\n");
process.kill(process.pid, "SIGKILL");
