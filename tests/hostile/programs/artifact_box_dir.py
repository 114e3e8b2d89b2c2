# threat: A4
# defence: nothing of a box is opened by its path from outside
# tries: put links where its source, its working directory and what the engine knows of it lay
# must: nothing of another place comes back
# request: {"artifacts": ["*"]}
# expect: {"verdict": "ok", "has": "held", "lacks": "LEAK", "artifacts": [[]]}
# off: collect-links
import os
for name in os.listdir("."):
    os.unlink(name)
for name in ("main.py", "main.c", "a.out", "stdin", "stdout", "stderr", "compile", "run", "meta.txt", "cmd", "box"):
    os.symlink("/etc/passwd", name)
for change in (lambda: os.rename("/box", "/tmp/box"), lambda: os.rmdir("/box"), lambda: os.symlink("/etc", "/box.new"),
               lambda: os.rename("/tmp", "/box/tmp"), lambda: os.chmod("/", 0o777)):
    try:
        change()
        print("LEAK: the box's own directories can be exchanged")
    except OSError:
        pass
os.chmod("/box", 0o777)
print("held")
