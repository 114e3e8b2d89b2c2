console.log(Object.getOwnPropertyNames(globalThis).sort().filter(name => !/^[A-Z]/.test(name)));
console.log(process.moduleLoadList.filter(name => name.startsWith("NativeModule")).sort());
console.log(process.eventNames(), process.listenerCount("SIGINT"), process._getActiveHandles().length);
