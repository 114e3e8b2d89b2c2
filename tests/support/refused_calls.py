# SPDX-License-Identifier: Apache-2.0
"""System calls of a program and of all that it starts, told here before they are made; single ones are refused.

A seccomp filter with a listener (seccomp_unotify(2)): the kernel asks this process, which counts, and says "go on" or EPERM.
"""
import collections
import ctypes
import errno
import fcntl
import os
import select
import socket
import struct
import threading

SECCOMP_SET_MODE_FILTER, NEW_LISTENER = 1, 8
RET_USER_NOTIF, RET_ALLOW = 0x7fc00000, 0x7fff0000
RECV, SEND = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_*
CONTINUE = 1
PR_SET_NO_NEW_PRIVS = 38
NOTIF = struct.Struct("=QIIiI")
ANSWER = struct.Struct("=QqiI")
libc = ctypes.CDLL(None, use_errno=True)

# Of the two machines that belljar knows.
COMMON = {"fsopen": 430, "fsconfig": 431, "fsmount": 432, "move_mount": 429, "open_tree": 428, "mount_setattr": 442, "openat2": 437,
          "close_range": 436, "clone3": 435, "landlock_create_ruleset": 444, "landlock_add_rule": 445, "landlock_restrict_self": 446}
OWN = {
    "x86_64": {"unshare": 272, "setns": 308, "pivot_root": 155, "umount2": 166, "mknodat": 259, "mkdirat": 258, "symlinkat": 266,
               "setresuid": 117, "setresgid": 119, "setgroups": 116, "capset": 126, "sethostname": 170, "setdomainname": 171,
               "fchdir": 81, "chdir": 80, "dup3": 292, "socketpair": 53, "pipe2": 293, "execveat": 322, "seccomp": 317, "keyctl": 250,
               "prctl": 157, "timerfd_create": 283, "prlimit64": 302, "fchmodat": 268, "setsid": 112, "chroot": 161},
    "aarch64": {"unshare": 97, "setns": 268, "pivot_root": 41, "umount2": 39, "mknodat": 33, "mkdirat": 34, "symlinkat": 36,
                "setresuid": 147, "setresgid": 149, "setgroups": 159, "capset": 91, "sethostname": 161, "setdomainname": 162,
                "fchdir": 50, "chdir": 49, "dup3": 24, "socketpair": 199, "pipe2": 59, "execveat": 281, "seccomp": 277, "keyctl": 219,
                "prctl": 167, "timerfd_create": 85, "prlimit64": 261, "fchmodat": 53, "setsid": 157, "chroot": 51},
}
CALLS = {**COMMON, **OWN[os.uname().machine]}
SECCOMP = CALLS["seccomp"]


def _listen():
    """In the process that is to be watched; it may exec then."""
    numbers = sorted(CALLS.values())
    code = [struct.pack("=HBBI", 0x20, 0, 0, 0)]  # the number
    code += [struct.pack("=HBBI", 0x15, len(numbers) - i, 0, number) for i, number in enumerate(numbers)]
    code += [struct.pack("=HBBI", 0x06, 0, 0, RET_ALLOW), struct.pack("=HBBI", 0x06, 0, 0, RET_USER_NOTIF)]
    text = ctypes.create_string_buffer(b"".join(code))
    program = struct.pack("@HP", len(code), ctypes.addressof(text))
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    fd = libc.syscall(SECCOMP, SECCOMP_SET_MODE_FILTER, NEW_LISTENER, ctypes.c_char_p(program))
    if fd < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return fd


def above(fd):
    """The same descriptor where a program that is given some by number has none."""
    high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 310)
    os.close(fd)
    return high


class Refused:
    """refuse: (name, n): the n-th call of that name (from 0), of whoever; None: nothing is refused."""

    def __init__(self, refuse=None):
        self.refuse = refuse
        self.counts = collections.Counter()
        self.names = {number: name for name, number in CALLS.items()}
        self.ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.theirs = socket.socket(fileno=above(theirs.detach()))
        self.thread = threading.Thread(target=self._serve)
        self.listener = None

    def enter(self):
        """In the child, right before it becomes the program."""
        fd = _listen()
        socket.send_fds(self.theirs, [b"x"], [fd])
        os.close(fd)

    def begin(self):
        """In this process, once the child is there."""
        self.theirs.close()
        self.thread.start()

    def end(self):
        """When all that was watched has ended."""
        self.thread.join()
        self.ours.close()

    def _serve(self):
        _, fds, _, _ = socket.recv_fds(self.ours, 1, 1)
        if not fds:
            return
        listener = fds[0]
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        while poll.poll()[0][1] & select.POLLIN:
            self._answer(listener)
        os.close(listener)

    def _answer(self, listener):
        asked = bytearray(80)
        try:
            fcntl.ioctl(listener, RECV, asked)
            number, _, _, call, _ = NOTIF.unpack_from(asked)
            name = self.names[call]
            refused = self.refuse == (name, self.counts[name])
            self.counts[name] += 1
            fcntl.ioctl(listener, SEND, ANSWER.pack(number, 0, -errno.EPERM if refused else 0, 0 if refused else CONTINUE))
        except OSError as gone:
            if gone.errno != errno.ENOENT:  # it was killed while it waited
                raise
