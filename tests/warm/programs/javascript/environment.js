console.log(process.env, process.versions, process.release, process.config.variables.napi_build_version);
console.log(process.umask(), process.getuid(), process.getgroups(), process.ppid, process.features);
