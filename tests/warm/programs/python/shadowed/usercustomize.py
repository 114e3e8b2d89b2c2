print("taken at the start")
