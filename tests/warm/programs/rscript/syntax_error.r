print("before")
if (
