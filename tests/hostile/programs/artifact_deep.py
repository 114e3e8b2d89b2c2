# threat: A8
# defence: who collects walks by descriptor, to a fixed depth
# tries: hide an artifact at the end of a chain of directories that no path can name
# must: what is too deep is left out and said to be missing; the rest comes
# request: {"artifacts": ["d", "out"]}
# expect: {"verdict": "ok", "has": "held", "artifacts": [[{"path": "out", "content": "x", "encoding": "utf8", "size": 1}]], "artifacts_truncated": true}
import os
open("out", "w").write("x")
try:
    for n in range(100000):
        os.mkdir("d")
        os.chdir("d")
except OSError:
    print("held at depth", n)
try:
    open("end", "w").write("x")
except OSError:
    pass
