error(setmetatable({}, {__tostring = function() return "as text" end}))
