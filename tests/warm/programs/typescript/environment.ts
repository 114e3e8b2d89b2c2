declare const process: any;
console.log(process.env, process.execArgv);
