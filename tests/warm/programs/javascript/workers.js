const { Worker, isMainThread } = require("worker_threads");
if (isMainThread) {
    new Worker(__filename).on("message", text => console.log(text)).on("exit", code => console.log("exit", code));
} else {
    require("worker_threads").parentPort.postMessage("from a thread " + __filename);
}
