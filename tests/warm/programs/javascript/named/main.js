console.log(require("own"), require("#inner"));
