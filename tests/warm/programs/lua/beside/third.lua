print(debug.getinfo(1, "S").source)
