# threat: A9
# defence: everything of a box ends with it
# tries: leave times and attributes of shared files, queues, semaphores, sockets, settings for the next job
# must: nothing can be changed, or the next job finds none of it
# again: 3
import ctypes, os, socket
libc = ctypes.CDLL(None, use_errno=True)
MARK = 86400 * 365
for path in ("/usr/bin/env", "/usr/lib", "/etc/passwd", "/", "/usr", "/dev/null", "/proc/version"):
    try:
        os.utime(path, (MARK, MARK))
        print("LEAK: changed the times of", path)
    except OSError:
        pass
    if os.stat(path).st_mtime == MARK:
        print("LEAK: found the times of", path)
    try:
        os.setxattr(path, "user.belljar", b"x")
        print("LEAK: an attribute of", path)
    except OSError:
        pass
places = {os.path.realpath(name) for name in ("/box", "/tmp", "/var/tmp", "/dev/shm", "/run/lock", "/dev/mqueue", "~", "/dev/pts", "/var/lock", "/home", "/var/cache",
                                              os.environ.get("HOME", "/"), "/usr/lib/python3/dist-packages/__pycache__", "/proc/sys/kernel")}
for place in places:
    path = place + "/belljar-left"
    if os.path.lexists(path):
        print("LEAK: found", path)
    try:
        os.symlink("x", path)
    except OSError:
        pass
if libc.mq_open(b"/belljar", 0) >= 0 or libc.semget(0x5678, 1, 0) >= 0 or libc.msgget(0x5678, 0) >= 0:
    print("LEAK: found a queue or a semaphore")
libc.mq_open(b"/belljar", os.O_CREAT | os.O_RDWR, 0o600, None)
libc.semget(0x5678, 1, 0o1600)
libc.msgget(0x5678, 0o1600)
for path in ("/proc/sys/kernel/domainname", "/proc/sys/net/ipv4/ip_default_ttl", "/proc/sys/net/core/somaxconn", "/proc/sys/kernel/shmmax"):
    if os.access(path, os.W_OK):
        print("LEAK: can write", path)
name = "\0belljar-left"
with socket.socket(socket.AF_UNIX) as one:
    try:
        one.connect(name)
        print("LEAK: found a socket")
    except OSError:
        pass
left = socket.socket(socket.AF_UNIX)
left.bind(name)
left.listen()
if os.fork() == 0:
    os.setsid()
    os.read(os.pipe()[0], 1)
print("held")
