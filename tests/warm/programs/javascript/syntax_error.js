console.log("never");
if (
