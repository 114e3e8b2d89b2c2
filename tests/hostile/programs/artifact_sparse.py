# threat: A4
# defence: artifacts are counted before they are read
# tries: bring back a terabyte: one sparse file, and a thousand of just the limit
# must: what does not fit is left out and said to be missing
# request: {"artifacts": ["*"], "limits": {"file_bytes": 536870912, "disk_bytes": 536870912}}
# expect: {"verdict": "ok", "has": "held", "lacks": "LEAK", "artifacts": [[]], "artifacts_truncated": true}
import os, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
os.unlink("main.py")
fd = os.open("huge", os.O_RDWR | os.O_CREAT)
try:
    os.ftruncate(fd, 1 << 40)
    print("LEAK: a terabyte")
except OSError:
    os.ftruncate(fd, 1 << 29)
for n in range(1000):
    with open("big-%d" % n, "w") as f:
        f.truncate((8 << 20) + 1)
print("held")
