require("fs").writeSync(1, "kept\n");
process.abort();
