# threat: A5
# defence: regular files only, opened without waiting
# tries: block who collects with FIFOs, sockets, a terminal and a file that never ends
# must: the answer comes, without them
# request: {"artifacts": ["*"]}
# expect: {"verdict": "ok", "has": "held", "artifacts": [[{"path": "main.py", "content": "", "encoding": "utf8", "size": 0}]]}
# off: collect-links
import os, socket
for n in range(50):
    os.mkfifo("fifo-%d" % n)
socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).bind("socket")
os.symlink("/dev/ptmx", "terminal")
os.symlink("/dev/zero", "endless")
os.truncate("main.py", 0)
print("held")
