# threat: A1
# defence: pivot_root, and the old root is detached
# tries: leave the root by .., through /proc's links, directory descriptors and the roots of other processes
# must: all of them end in the box's own root
# shows: a directory that is not the root, and is above it
# off: proc-hide+two-ids+dumpable
import os
root = os.stat("/")
here = (root.st_dev, root.st_ino)
up = "../" * 40
ways = ["/..", up, "/proc/self/cwd/" + up, "/proc/self/root/..", "/proc/self/task/%d/root/.." % os.getpid(), "/proc/thread-self/cwd/" + up,
        "/dev/fd/9/" + up, "/proc/self/fd/9/" + up, "/dev/shm/" + up, "/tmp/" + up, "/proc/sys/" + up, "/usr/" + up]
os.dup2(os.open("/box", os.O_RDONLY | os.O_DIRECTORY), 9)
for way in ways:
    found = os.stat(way)
    if (found.st_dev, found.st_ino) != here:
        print("LEAK: above the root by", way)
for pid in range(1, 5):
    for name in ("root", "cwd", "exe", "fd", "map_files", "ns/mnt"):
        path = "/proc/%d/%s" % (pid, name)
        if pid not in (os.getpid(), os.getppid()) or pid == 1:
            try:
                print("LEAK:", path, os.listdir(path) if name in ("fd", "map_files") else os.readlink(path))
            except OSError:
                pass
fd = os.open("/", os.O_PATH)
for _ in range(64):
    fd = os.open("..", os.O_PATH, dir_fd=fd)
if (os.fstat(fd).st_dev, os.fstat(fd).st_ino) != here:
    print("LEAK: above the root by descriptors")
print("held")
