print(io.read(), io.read("a"), io.read())
