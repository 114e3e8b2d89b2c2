# threat: A8
# defence: nothing is deleted by path
# tries: make a directory chain that no path can name
# must: nothing that cleans up chokes on it
# expect: {"verdict": ["ok", "time_limit", "wall_time_limit"]}
import os
n = 0
try:
    for n in range(100000):
        os.mkdir("d")
        os.chdir("d")
except OSError:
    pass
print("held at depth", n)
