print("main")
print(exists("from_profile"))
