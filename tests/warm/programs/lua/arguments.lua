for n = -1, #arg do print(n, arg[n]) end
print(#arg, ...)
print(debug.getinfo(1, "S").source, debug.getinfo(1, "S").short_src)
