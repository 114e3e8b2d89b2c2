# threat: B11
# defence: no terminal, filter
# tries: inject input into a terminal
# must: there is none, and the call is refused
import fcntl, os, termios
try:
    fd = os.open("/dev/tty", os.O_RDWR)
    fcntl.ioctl(fd, termios.TIOCSTI, b"x")
    print("LEAK: TIOCSTI on /dev/tty")
except OSError:
    pass
try:
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSTI, b"x")
    print("LEAK: TIOCSTI")
except OSError:
    pass
print("held")
