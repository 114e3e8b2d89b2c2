console.log(process.argv, process.execArgv, process.execPath, process.argv0, process.title, __filename, __dirname, process.cwd());
console.log(require.main === module, module.id, module.paths, module.parent, Object.keys(require.cache), require.resolve.paths("x"));
