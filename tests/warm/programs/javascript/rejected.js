process.on("uncaughtExceptionMonitor", (problem, origin) => console.log(origin));
Promise.reject(new TypeError("nobody listens"));
