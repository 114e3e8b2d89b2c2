process.on("exit", () => process.stdout.write("end\n"));
process.exitCode = 11;
console.log("kept");
