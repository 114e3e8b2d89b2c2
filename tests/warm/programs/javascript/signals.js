process.on("SIGCONT", () => { console.log("cont"); clearInterval(timer); });
const timer = setInterval(() => {}, 1000);
process.kill(process.pid, "SIGCONT");
