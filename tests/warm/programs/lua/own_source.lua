for line in io.lines(arg[0]) do print(line) end
