import fs from "fs";
console.log(import.meta.url, typeof require);
