# threat: A8
# defence: number of inodes of the tmpfs
# tries: make files, links and directories until it fails
# must: ENOSPC at the inode limit
# off: disk-inodes
import os
n = 0
try:
    for n in range(10000):
        os.close(os.open(f"/tmp/f{n}", os.O_CREAT))
    print("LEAK: ten thousand files")
except OSError as e:
    print("held at", n, e.strerror)
