declare const process: any;
process.on("exit", (code: number) => console.log("end", code));
process.exitCode = 11;
