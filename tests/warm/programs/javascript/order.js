setTimeout(() => console.log("timeout"), 0);
process.nextTick(() => console.log("tick"));
Promise.resolve().then(() => console.log("micro"));
queueMicrotask(() => console.log("micro 2"));
console.log("first");
