source second.fish
hello
