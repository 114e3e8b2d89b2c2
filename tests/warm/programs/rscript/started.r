print(proc.time()[["elapsed"]] < 2)
