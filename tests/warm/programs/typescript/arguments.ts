declare const process: any, __filename: string, require: any;
console.log(process.argv, __filename, process.cwd(), require.main.filename);
