print("first")
print("last")