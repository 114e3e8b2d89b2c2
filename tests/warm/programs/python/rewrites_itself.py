import os

with open(__file__, "a") as file:
    file.write("raise SystemExit('read again')\n")
print(os.stat(__file__).st_nlink, open(__file__).readlines()[-1])
os.unlink(__file__)
1 / 0
