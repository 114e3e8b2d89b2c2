console.log(process.uptime() < 1, performance.now() < 1000);
