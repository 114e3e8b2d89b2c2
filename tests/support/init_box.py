# SPDX-License-Identifier: Apache-2.0
"""belljar-init without boxd and server: this file plays both, around a root file system of the host's /usr.

Needs root.  All mounts are made in a mount namespace of the box's own, on a tmpfs, after propagation was cut.
"""
import contextlib
import ctypes
import fcntl
import functools
import os
import pathlib
import re
import select
import socket
import stat
import struct
import subprocess
import tempfile
import time

from support.server import BUILD, ROOT, cannot

HOST_UID = 3_000_000  # init has this, the program the next; nobody else on a host has such ids
PATIENCE_S = 20  # nothing here waits that long but a test that fails

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x4000000, 0x8000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 38, 47, 2
PR_SET_KEEPCAPS = 8
CAPS = (5, 6, 7)  # KILL, SETGID, SETUID
SYS_PIVOT_ROOT, SYS_CAPSET, SYS_OPENAT = {"x86_64": (155, 126, 257), "aarch64": (41, 91, 56)}[os.uname().machine]

libc = ctypes.CDLL(None, use_errno=True)


def header(name):
    return (ROOT / "src" / "boxproto" / name).read_text()


def enum_values(name):
    """The numbers of an enum of boxproto.h, so that they are written down once."""
    body = re.search(r"enum %s \{(.*?)\};" % name, header("boxproto.h"), re.S).group(1)
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
    values, following = {}, 0
    for item in filter(None, (part.strip() for part in body.split(","))):
        key, _, value = (part.strip() for part in item.partition("="))
        values[key] = following = eval(value) if value else following  # pylint: disable=eval-used
        following += 1
    return values


MSG = enum_values("box_msg")
STDIO = enum_values("box_stdio")
FLAG = enum_values("box_start_flag")
TYPE_NAMES = {number: name[len("BOX_MSG_"):] for name, number in MSG.items()}
FILE, DIR, LINK = 1, 2, 3
ERR_KINDS = [None, "INVALID", "NOT_FOUND", "LIMIT", "BUSY", "DENIED", "UNSUPPORTED", "IO", "GONE", "BUG"]

START = struct.Struct("@8I6Q2I2HI")
EXITED = struct.Struct("@2IiI3Q")
FAILED = struct.Struct("@2IIi232s")


def check(result, what):
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")
    return result


def mount(source, target, kind, flags=0, data=""):
    check(libc.mount(source.encode(), target.encode(), kind.encode(), flags, data.encode()), f"mount {target}")


def entry(kind, path, data=b"", mode=0o644):
    path = os.fsencode(path)
    return struct.pack("@IIIIQ", kind, mode, len(path), 0, len(data)) + path + data


def archive(files):
    """{path: bytes, or (kind, bytes, mode)} as a boxarchive."""
    return b"".join(
        entry(FILE, path, what) if isinstance(what, bytes) else entry(what[0], path, what[1], what[2])
        for path, what in files.items())


def read_archive(data):
    """[(kind, path, mode, data)]"""
    found, at = [], 0
    while at < len(data):
        kind, mode, path_len, _, size = struct.unpack_from("@IIIIQ", data, at)
        at += 24
        found.append((kind, os.fsdecode(data[at:at + path_len]), mode, data[at + path_len:at + path_len + size]))
        at += path_len + size
    assert at == len(data), "the archive ends inside an entry"
    return found


def built(name, *folders):
    for folder in ("", *folders):
        if (BUILD / folder / name).exists():
            return BUILD / folder / name
    cannot(f"{name} is not built in {BUILD}")


@functools.lru_cache
def filter_code(whose=""):
    """Of a box; of "boxd", of its "maker"."""
    return subprocess.run([built("print_filter", "tests/box"), whose], stdout=subprocess.PIPE, check=True).stdout


def build_root(at):
    """A root file system at the empty directory `at`, then the root of this process."""
    mount("none", "/", "none", MS_REC | MS_PRIVATE)
    mount("tmpfs", at, "tmpfs", MS_NOSUID, "mode=755,size=1m")
    for folder in ("usr", "dev", "proc", "tmp", "box", "etc"):
        os.mkdir(f"{at}/{folder}")
    for name in ("bin", "sbin", "lib", "lib64"):
        os.symlink(f"usr/{name}", f"{at}/{name}")
    mount("/usr", f"{at}/usr", "none", MS_BIND)
    mount("none", f"{at}/usr", "none", MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)
    mount("tmpfs", f"{at}/dev", "tmpfs", MS_NOSUID, "mode=755,size=64k")
    for name, minor in (("null", 3), ("zero", 5), ("full", 7), ("random", 8), ("urandom", 9)):
        os.mknod(f"{at}/dev/{name}", stat.S_IFCHR | 0o666, os.makedev(1, minor))
        os.chmod(f"{at}/dev/{name}", 0o666)
    os.mknod(f"{at}/dev/tty", stat.S_IFCHR | 0o666, os.makedev(5, 0))
    os.chmod(f"{at}/dev/tty", 0o666)
    for folder in ("pts", "shm"):
        os.mkdir(f"{at}/dev/{folder}")
    mount("devpts", f"{at}/dev/pts", "devpts", MS_NOSUID, "newinstance,ptmxmode=0666,mode=620")
    os.symlink("pts/ptmx", f"{at}/dev/ptmx")
    mount("proc", f"{at}/proc", "proc", MS_NOSUID | MS_NODEV)
    mount("tmpfs", f"{at}/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=8m")
    mount("tmpfs", f"{at}/box", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=16m,nr_inodes=2000")
    os.chown(f"{at}/box", HOST_UID + 1, HOST_UID + 1)
    os.chdir(at)
    check(libc.syscall(SYS_PIVOT_ROOT, b".", b"."), "pivot_root")
    check(libc.umount2(b".", MNT_DETACH), "umount")
    mount("none", "/", "none", MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID)


def become_init(two_ids):
    """The ids and capabilities that init starts with."""
    uid = 999 if two_ids else 1000
    check(libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "keepcaps")
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    bits = sum(1 << cap for cap in CAPS)
    head = struct.pack("@Ii", 0x20080522, 0)
    check(libc.syscall(SYS_CAPSET, head, struct.pack("@6I", bits, bits, bits, 0, 0, 0)), "capset")
    for cap in CAPS:
        check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0), "ambient")
    check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


class Ended(Exception):
    """The peer closed the socket."""


class InitBox:
    """One box; close() proves that the end of boxd's socket ends all of it."""

    def __init__(self, two_ids=True, close_low_fds=False, filter_bytes=None):
        if os.geteuid() != 0:
            cannot("a box without boxd needs root")
        self.two_ids = two_ids
        self.close_low_fds = close_low_fds
        self.watch, theirs_watch = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control, theirs_control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for sock in (self.watch, self.control):
            sock.settimeout(PATIENCE_S)
        self.filter_fd = os.memfd_create("filter", os.MFD_ALLOW_SEALING)
        os.write(self.filter_fd, filter_code() if filter_bytes is None else filter_bytes)
        fcntl.fcntl(self.filter_fd, fcntl.F_ADD_SEALS, 2 | 4 | 8)  # SHRINK, GROW, WRITE
        self.exe = built("belljar-init", "src/init")
        self.folder = tempfile.mkdtemp(prefix="belljar-init-")  # stays empty: the mount is not seen here
        self.stdin = self.stdout = self.stderr = self.pid = None
        self._spawn(theirs_watch, theirs_control)
        for sock in (theirs_watch, theirs_control):
            sock.close()

    def _spawn(self, theirs_watch, theirs_control):
        told, tell = os.pipe()
        self.mapped_wait, mapped = os.pipe()
        self.helper = os.fork()
        if self.helper == 0:
            try:
                self._helper(tell, theirs_watch, theirs_control)
            except BaseException as problem:  # pylint: disable=broad-except
                os.write(2, f"box: {problem!r}\n".encode())
            os._exit(99)
        os.close(tell)
        os.close(self.mapped_wait)
        with os.fdopen(told) as lines:
            said = {lines.readline().strip(), lines.readline().strip()}  # by two processes, in any order
            assert "unshared" in said, "the box could not be built"
            self.pid = int((said - {"unshared"}).pop())
            first = 999 if self.two_ids else 1000
            maps = f"{first} {HOST_UID + first - 999} {2 if self.two_ids else 1}\n"
            for kind in ("uid", "gid"):
                pathlib.Path(f"/proc/{self.pid}/{kind}_map").write_text(maps)
            os.write(mapped, b"x")
            os.close(mapped)

    def _helper(self, tell, theirs_watch, theirs_control):
        os.setgroups([])
        flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS
        check(libc.unshare(flags), "unshare")
        pid = os.fork()
        if pid:
            os.write(tell, f"{pid}\n".encode())
            os.close(tell)
            self._forget()
            theirs_watch.close()
            theirs_control.close()
            _, status = os.waitpid(pid, 0)
            os._exit(0 if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 1 else 98)
        self._forget()
        exe = os.open(self.exe, os.O_RDONLY)
        build_root(self.folder)
        check(libc.unshare(CLONE_NEWUSER), "unshare user")
        os.write(tell, b"unshared\n")
        os.close(tell)
        os.read(self.mapped_wait, 1)
        become_init(self.two_ids)
        os.chdir("/box")
        high = [os.dup(fd) for fd in (theirs_watch.fileno(), theirs_control.fileno(), self.filter_fd, exe)]
        high = [_dup_above(fd, 100) for fd in high]
        for number, fd in zip((3, 4, 5), high):
            os.dup2(fd, number, inheritable=True)
        if self.close_low_fds:
            os.closerange(0, 3)
        os.execve(high[3], ["belljar-init", "2" if self.two_ids else "1"], {})

    def _forget(self):
        """What is boxd's and the server's must not live on in the box."""
        self.watch.close()
        self.control.close()

    def recv(self, sock, count=0):
        """(type name, packet, descriptors)"""
        data, fds, flags, _ = socket.recv_fds(sock, 65536, count)
        if not data:
            raise Ended
        assert not flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC)
        assert len(fds) == count, f"{len(fds)} descriptors instead of {count}"
        return TYPE_NAMES[struct.unpack_from("@I", data)[0]], data, fds

    def expect(self, sock, name, count=0):
        got, data, fds = self.recv(sock, count)
        assert got == name, f"{got} {self.failure(data) if got == 'FAILED' else ''} instead of {name}"
        return data, fds

    @staticmethod
    def failure(data):
        _, _, kind, sys, text = FAILED.unpack(data)
        return ERR_KINDS[kind], sys, text.split(b"\0")[0].decode()

    def failed(self, sock=None):
        """What a FAILED says: (kind, errno, text)."""
        return self.failure(self.expect(sock or self.control, "FAILED")[0])

    def hello(self):
        _, (self.stdin, self.stdout, self.stderr) = self.expect(self.control, "HELLO", 3)
        return self

    def send(self, sock, name, rest=b"", fds=()):
        socket.send_fds(sock, [struct.pack("@II", MSG["BOX_MSG_" + name], 0) + rest], list(fds))

    def start(self, argv, files=None, env=("PATH=/usr/bin:/bin",), collect=(), *, by="memfd", raw_archive=None,
              flags=0, stdio="PIPE", stdio_fds=(), frame=4096, counts=None, stack=8 << 20, file=0, address=0, cpu=0,
              collect_bytes=64 << 20, open_files=256, processes=0, size=(0, 0), withhold=0, message="INIT_START",
              collecting=True, inline=0):
        """INIT_START and its payload: a file ("memfd"), "frames", or the "archive" as a file of its own.

        Of what goes in frames `inline` bytes are in START itself, and the last `withhold` bytes are not sent.
        """
        data = archive(files or {}) if raw_archive is None else raw_archive
        strings = b"".join(os.fsencode(text) + b"\0" for text in (*argv, *env, *collect))
        flags |= FLAG["BOX_START_COLLECT"] if collect and collecting else 0
        flags |= {"memfd": FLAG["BOX_START_PAYLOAD_FD"], "archive": FLAG["BOX_START_ARCHIVE_FD"], "frames": 0}[by]
        fds = []
        if by != "frames":
            fds.append(os.memfd_create("payload"))
            with os.fdopen(os.dup(fds[0]), "wb") as out:
                out.write(strings + data if by == "memfd" else data)
        argc, envc, collectc = counts or (len(argv), len(env), len(collect))
        start = START.pack(MSG["BOX_MSG_" + message], 0, flags, STDIO["BOX_STDIO_" + stdio], argc, envc, collectc,
                           len(strings), len(data), stack, file, address, cpu, collect_bytes, open_files, processes,
                           *size, 0)
        framed = {"memfd": b"", "archive": strings, "frames": strings + data}[by]
        framed = framed[:len(framed) - withhold]
        socket.send_fds(self.control, [start, framed[:inline]], [*fds, *stdio_fds])
        for fd in fds:
            os.close(fd)
        framed = framed[inline:]
        for at in range(0, len(framed), frame):
            self.send(self.control, "DATA", framed[at:at + frame])
        return self

    def warm(self, argv, wait, env=("PATH=/usr/bin:/bin",), **more):
        """WARM: the program starts and waits for the file of that name."""
        return self.start(argv, env=env, message="WARM", counts=(len(argv), len(env), 1), collect=(wait,),
                          collecting=False, **more)

    def start_warmed(self, files=None, flags=0, **more):
        return self.start((), files, env=(), flags=flags | FLAG["BOX_START_WARMED"], **more)

    def program(self):
        """Host pid of the one process that init has started."""
        def found():
            pids = [pid for pid in self.processes() if pid != self.pid]
            return pids[0] if len(pids) == 1 else None
        return until(found, "the program")

    def until_waiting(self):
        """Until the program is blocked in the opening of its FIFO."""
        pid = self.program()

        def call_of(task):
            try:
                return pathlib.Path(f"/proc/{pid}/task/{task}/syscall").read_text().split()[0]
            except (FileNotFoundError, ProcessLookupError):  # before it was opened, or since
                return "ended"

        def waits():
            return str(SYS_OPENAT) in map(call_of, os.listdir(f"/proc/{pid}/task"))  # who runs has "running" there
        until(waits, "the program to wait for its file")
        return pid

    def go(self):
        self.expect(self.watch, "READY")
        self.send(self.watch, "GO")
        return self

    def exited(self):
        """(wait status, wall seconds, CPU seconds, bytes)"""
        data, _ = self.expect(self.watch, "EXITED")
        _, _, status, _, wall, cpu, rss = EXITED.unpack(data)
        return status, wall / 1e9, cpu / 1e9, rss

    def run(self, argv, files=None, stdin=b"", **more):
        """Exit code (negative: a signal), stdout, stderr."""
        self.hello().start(argv, files, **more).go()
        if stdin is not None:
            os.write(self.stdin, stdin)
            self.close_stdin()
        status = self.exited()[0]
        return os.waitstatus_to_exitcode(status), read_rest(self.stdout), read_rest(self.stderr)

    def product(self):
        """The bytes of PRODUCT and the name of the message that follows, with its failure."""
        _, (fd,) = self.expect(self.control, "PRODUCT", 1)
        data = read_all(fd)
        os.close(fd)
        name, packet, _ = self.recv(self.control)
        return data, self.failure(packet) if name == "FAILED" else name

    def processes(self):
        """Host pids of the box's processes."""
        space = os.stat(f"/proc/{self.pid}/ns/pid").st_ino
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.stat(f"/proc/{pid}/ns/pid").st_ino == space:
                    found.append(int(pid))
            except OSError:
                pass
        return found

    def close_stdin(self):
        os.close(self.stdin)
        self.stdin = None

    def close(self):
        self.watch.close()
        ended = wait_child(self.helper)
        self.control.close()
        for fd in filter(lambda fd: fd is not None, (self.stdin, self.stdout, self.stderr, self.filter_fd)):
            os.close(fd)
        os.rmdir(self.folder)
        assert ended == 0, f"the box's helper ended with {ended}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def until(found, what):
    """What found() gives when that is no longer nothing: a state of the kernel's that nobody tells of."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        result = found()
        if result:
            return result
        os.sched_yield()
    raise AssertionError(f"there was no sign of {what}")


def _dup_above(fd, floor):
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, floor)


def wait_child(pid):
    """Its exit code; a child that does not end is killed, and that is an error."""
    pidfd = os.pidfd_open(pid)
    ready, _, _ = select.select([pidfd], [], [], PATIENCE_S)
    os.close(pidfd)
    if not ready:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        return "a time-out: init lived on"
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def read_some(fd):
    ready, _, _ = select.select([fd], [], [], PATIENCE_S)
    assert ready, "nothing can be read"
    return os.read(fd, 65536)


def read_all(fd):
    return b"".join(iter(lambda: read_some(fd), b""))


def read_rest(fd):
    """What the program has left in an output pipe: it is over, and init, which has the other end too, is not."""
    os.set_blocking(fd, False)
    found = b""
    with contextlib.suppress(BlockingIOError):
        while data := os.read(fd, 65536):
            found += data
    return found


