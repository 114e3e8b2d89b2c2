local function f() error({code = 3}) end
print((pcall(f)))
local ok, e = pcall(error, "text", 0)
print(ok, e)
local t = nil
print(t.x)
