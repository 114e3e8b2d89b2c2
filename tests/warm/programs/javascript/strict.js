"use strict";
console.log(this === module.exports, (function () { return this; })());
x = 1;
