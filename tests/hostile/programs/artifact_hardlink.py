# threat: A4
# defence: nothing of the host lies on the box's own file system
# tries: make hard links to files that it may not write, and have them brought back
# must: no link can be made
# request: {"artifacts": ["link*"]}
# expect: {"verdict": "ok", "has": "held", "lacks": "LEAK", "artifacts": [[]]}
import os
for n, path in enumerate(("/etc/passwd", "/usr/bin/env", "/proc/self/environ", "/dev/null", "/proc/version", "/etc/shadow")):
    for follow in (True, False):
        try:
            os.link(path, "link-%d" % n, follow_symlinks=follow)
            print("LEAK: linked", path)
        except OSError:
            pass
print("held")
