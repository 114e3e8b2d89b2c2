# threat: A4
# defence: files are collected by the program's own id, by nobody who may more
# tries: have files and directories without any permission read for it
# must: they are left out and said to be missing; the rest comes
# request: {"artifacts": ["*"]}
# expect: {"verdict": "ok", "has": "held", "artifacts": [[{"path": "out", "content": "x", "encoding": "utf8", "size": 1}]], "artifacts_truncated": true}
import os
os.unlink("main.py")
for name in ("a", "b"):
    open(name, "w").write("secret")
    os.chmod(name, 0)
os.mkdir("d")
open("d/x", "w").write("secret")
os.chmod("d", 0)
open("out", "w").write("x")
print("held")
