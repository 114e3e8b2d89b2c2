# threat: A4
# defence: no part of a collected path may be a link
# tries: have a file outside fetched by a name that passes through a linked directory
# must: nothing comes back
# shows: any artifact
# request: {"artifacts": ["d/passwd", "e/*", "f/etc/passwd", "*/passwd"]}
# expect: {"verdict": "ok", "has": "held", "artifacts": [[]]}
import os
os.symlink("/etc", "d")
os.symlink("/etc", "e")
os.symlink("/proc/self/root", "f")
print("held")
