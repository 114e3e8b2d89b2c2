import fcntl
import os
import stat

for name in sorted(os.listdir("/proc/self/fd"), key=int):
    fd = int(name)
    try:
        state = os.fstat(fd)
    except OSError:
        continue  # of the listing itself
    info = [line.split() for line in open(f"/proc/self/fdinfo/{fd}") if line.startswith(("pos", "flags"))]
    print(fd, stat.filemode(state.st_mode), state.st_uid, fcntl.fcntl(fd, fcntl.F_GETFD),
          fcntl.fcntl(fd, fcntl.F_GETFL), os.isatty(fd), info)
