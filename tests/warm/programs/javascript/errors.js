function inner() {
    null.x;
}
process.on("exit", code => console.log("exit", code));
setTimeout(() => console.log("never"), 1000);
inner();
