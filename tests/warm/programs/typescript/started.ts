declare const process: any;
console.log(process.uptime() < 1);
