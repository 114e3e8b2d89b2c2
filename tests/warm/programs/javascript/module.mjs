import fs from "fs";
import { fileURLToPath } from "url";
console.log(import.meta.url, process.argv, typeof require, fileURLToPath(import.meta.url));
console.log(await Promise.resolve(fs.readdirSync(".")));
throw new Error("at the top");
