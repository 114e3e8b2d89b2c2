console.log(require("./second"), require("./third.json"), Object.keys(require.cache));
