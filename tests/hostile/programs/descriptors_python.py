# threat: A3
# defence: every descriptor is close-on-exec, and closed by range before a program starts
# tries: find a descriptor that was left open, and what its own three are
# must: three pipes, nothing else
# off: close-fds
import os, stat
found = sorted(int(name) for name in os.listdir("/proc/self/fd"))
if found[:3] != [0, 1, 2] or len(found) > 4:
    print("LEAK:", {fd: os.readlink("/proc/self/fd/%d" % fd) for fd in found[:-1] if fd > 2})
for fd in range(3):
    if not stat.S_ISFIFO(os.fstat(fd).st_mode):
        print("LEAK: no pipe:", fd, os.readlink("/proc/self/fd/%d" % fd))
if os.readlink("/proc/self/cwd") != "/box":
    print("LEAK: the working directory is", os.readlink("/proc/self/cwd"))
print("held")
