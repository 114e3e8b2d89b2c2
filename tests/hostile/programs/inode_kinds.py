# threat: A8
# defence: the tmpfs has a number of inodes, which all kinds of files use
# tries: directories, links, hard links, FIFOs, sockets and nameless files until it fails
# must: ENOSPC at limits.files, for all of them together
# shows: twice as many as limits.files
# request: {"limits": {"files": 500, "open_files": 1000}}
# off: disk-inodes
import os, socket
def nameless(name):
    kept.append(os.open("/tmp", os.O_TMPFILE | os.O_RDWR))
def bind(name):
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(name)
kept, made, refused = [], 0, 0
open("/tmp/first", "w").close()
ways = (os.mkdir, os.mkfifo, bind, nameless, lambda name: os.symlink("x", name), lambda name: os.link("/tmp/first", name),
        lambda name: os.close(os.open(name, os.O_CREAT)))
for n in range(2000):
    try:
        ways[n % len(ways)]("%s/%d" % (("/tmp", "/box", "/dev/shm")[n % 3], n) if n % 7 != 5 else "/tmp/%d" % n)
        made += 1
    except OSError:
        refused += 1
print("LEAK:" if made > 1000 else "held:", made, "made,", refused, "refused")
