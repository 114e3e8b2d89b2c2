print(require("second"), package.loaded.second)
dofile("third.lua")
