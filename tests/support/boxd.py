# SPDX-License-Identifier: Apache-2.0
"""belljar-boxd without the rest: starts one with a catalogue of its own and speaks the packets of boxproto.h.

The catalogue is built in a child's private mount namespace and is gone with it.  The directory that it was
mounted on stays empty outside and is removed with rmdir only.
"""
import array
import contextlib
import ctypes
import fcntl
import os
import pathlib
import resource
import select
import signal
import socket
import stat
import struct
import tempfile
import time

from support.init_box import filter_code
from support.server import BUILD, cannot

(CREATE, START, KILL, DESTROY, BOXD_HELLO, ENDED, FAILED, DESTROYED, MAPS, READY, EXITED, MAPPED, GO,
 INIT_START, DATA, SIGNAL, RESIZE, HELLO, STARTED, PRODUCT, COLLECTED, USAGE, USED, STOP) = range(1, 25)
STOP_GENTLY = 1
END_EXIT, END_WALL, END_CPU, END_MEMORY, END_OUTPUT, END_CANCEL, END_LOST = range(7)
CGROUP_NONE, CGROUP_V1, CGROUP_V2 = range(3)
FEATURE_OVERLAY, FEATURE_DEVICES, FEATURE_PROC = 1 << 13, 1 << 14, 1 << 15
FLAG_ROOT, FLAG_OWN_IDS, FLAG_OWN_DEVICES, FLAG_STAGE = 1, 2, 4, 16
MIB = 1 << 20

MAXIMA = struct.Struct("=QQQII")
ENDED_BODY = struct.Struct("=IiQQQQII")
HELLO_BODY = struct.Struct("=IIIII64s")
CONFIG_HEAD = struct.Struct("=IIII32sIII8iI")
CONFIG_SIZE = 2160

USR, SKELETON, PROGRAMS, GUEST = 1, 2, 3, 4
STORE_FIRST = 1000
ID_BASE = 1_900_000_000 + os.getpid() % 20_000 * 4096  # of this run alone: others may be at work beside it

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
NOBODY = 65534
CGROUP_ROOT = pathlib.Path("/sys/fs/cgroup")
libc = ctypes.CDLL(None, use_errno=True)


def _mount(source, target, kind, flags, data=None):
    encode = lambda s: None if s is None else os.fsencode(s)
    if libc.mount(encode(source), encode(target), encode(kind), ctypes.c_ulong(flags), encode(data)) < 0:
        raise OSError(ctypes.get_errno(), f"mount {target}")


def maxima(memory=256 * MIB, disk=64 * MIB, inodes=4096, processes=64, cpu_milli=0):
    return MAXIMA.pack(memory, disk, inodes, processes, cpu_milli)


def _filter_fd(whose):
    fd = os.memfd_create("filter", os.MFD_ALLOW_SEALING)
    os.write(fd, filter_code(whose))
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, 2 | 4 | 8)
    return fd


class Cgroups:
    """Directories of our own below the root of each hierarchy, removed at the end."""

    controllers = ("memory", "pids", "cpu", "cpuacct")

    def __init__(self, version, name):
        self.version = version
        self.dirs = []
        self.fds = []  # by class and controller; -1
        self.parents = [CGROUP_ROOT / c for c in self.controllers] if version == 1 else [CGROUP_ROOT]
        for box_class in ("interactive", "batch"):
            for parent in self.parents:
                self._make(parent, parent / name)
                self._make(parent / name, parent / name / box_class)
                self.fds.append(os.open(parent / name / box_class, os.O_RDONLY | os.O_DIRECTORY))
            self.fds += [-1] * (len(self.controllers) - len(self.parents))

    @staticmethod
    def version_here():
        """1, 2, or None: the hierarchies that have the controllers."""
        if all((CGROUP_ROOT / c / "cgroup.procs").exists() for c in Cgroups.controllers):
            return 1
        there = CGROUP_ROOT / "cgroup.controllers"
        return 2 if there.exists() and {"memory", "pids", "cpu"} <= set(there.read_text().split()) else None

    def _make(self, parent, path):
        if path.exists():
            return
        if self.version == 2:
            (parent / "cgroup.subtree_control").write_text("+memory +pids +cpu")
        path.mkdir()
        self.dirs.append(path)
        if self.version == 2:
            (path / "cgroup.subtree_control").write_text("+memory +pids +cpu")

    def leaves(self):
        return [str(p) for d in self.dirs for p in d.iterdir() if p.is_dir() and p not in self.dirs]

    def close(self):
        for fd in self.fds:
            if fd >= 0:
                os.close(fd)
        for path in reversed(self.dirs):
            path.rmdir()


DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}
LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx"}


def _base(base, own_devices):
    """What catalogue_base.c makes."""
    for name in ("dev/pts", "dev/shm", "proc/directory"):
        os.makedirs(f"{base}/{name}")
    for name, numbers in DEVICES.items():
        os.mknod(f"{base}/dev/{name}", (stat.S_IFCHR if own_devices else stat.S_IFREG) | 0o666, os.makedev(*numbers))
        os.chmod(f"{base}/dev/{name}", 0o666)
    for name, target in LINKS.items():
        os.symlink(target, f"{base}/dev/{name}")
    os.mknod(f"{base}/proc/file", stat.S_IFREG | 0o444)


def _catalogue(top, files, own_devices, store, stage):
    """In the child, alone in its mount namespace."""
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    _mount("catalogue", top, "tmpfs", MS_NOSUID, "mode=0755")
    for name in ("layers/1", "layers/2", "layers/3", "layers/s", "empty", "mask", "mnt", "proc", "dev",
                 *(f"layers/{GUEST}/{place}" for place in ("box", "tmp", "proc", "dev")), "stage"):
        os.makedirs(f"{top}/{name}")
    _base(f"{top}/base", own_devices)
    os.mkdir(f"{top}/cover")
    for name in ("dev", "proc"):
        os.mknod(f"{top}/cover/{name}", stat.S_IFCHR, os.makedev(0, 0))
    skeleton = f"{top}/layers/{SKELETON}"
    for name in ("usr", "box", "tmp", "etc", "t"):
        os.makedirs(f"{skeleton}/{name}")
    for name in ("bin", "lib", "lib64", "sbin"):
        os.symlink(f"usr/{name}", f"{skeleton}/{name}")
    for name, data in files.items():
        pathlib.Path(top, name).write_bytes(data)
        os.chmod(f"{top}/{name}", 0o755)
    _mount("/usr", f"{top}/layers/{USR}", None, MS_BIND)
    _mount("none", f"{top}/layers/{USR}", None, MS_BIND | MS_REMOUNT | MS_RDONLY)
    if store:
        _mount(store, f"{top}/layers/s", None, MS_BIND)
    if stage:
        _mount(stage, f"{top}/stage", None, MS_BIND)
    _mount("/proc", f"{top}/proc", None, MS_BIND | MS_REC)
    for name in DEVICES:
        open(f"{top}/dev/{name}", "wb").close()
        _mount(f"/dev/{name}", f"{top}/dev/{name}", None, MS_BIND)


def config(boxes=4, flags=FLAG_ROOT | FLAG_OWN_IDS | FLAG_OWN_DEVICES, cgroup=CGROUP_NONE, cgroup_fds=None,
           log_level=4, caps_left_out=0, limits=None, id_base=ID_BASE, layers=((USR, b"usr"), (SKELETON, b""), (PROGRAMS, b"t"), (GUEST, b""))):
    head = CONFIG_HEAD.pack(1, flags, boxes, id_base, limits or maxima(memory=1024 * MIB, processes=256), cgroup,
                            0, 0, *(cgroup_fds or [-1] * 8), len(layers))
    table = b"".join(struct.pack("=I28s", *layer) for layer in layers)
    return (head + table).ljust(CONFIG_SIZE - 16, b"\0") + struct.pack("=IIQ", log_level, caps_left_out, 0)


class Boxd:
    """One belljar-boxd.  user_ids: as an ordinary user's, in a user namespace with so many ids beside its own, and
    so many network namespaces at most.  store: the directory of the package store's layers.  stage: that of a
    stage."""

    def __init__(self, boxd, init, programs=(), cgroups=None, raw_config=None, boxes=4, user_ids=None, namespaces=None,
                 store=None, stage=None, **options):
        self.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(20)
        theirs.setsockopt(socket.SOL_SOCKET, 32, max(boxes * 4096, 1 << 18))  # SO_SNDBUFFORCE, as launch_boxd.c
        self.top = tempfile.mkdtemp(prefix="belljar-boxd-test-")
        self.user_ids = user_ids
        self.namespaces = namespaces
        self.binds = (store, stage)
        if user_ids is not None:
            os.chown(self.top, NOBODY, NOBODY)
            options.update(flags=FLAG_OWN_IDS if user_ids else 0, id_base=1)
        if stage:
            options["flags"] = options.get("flags", FLAG_ROOT | FLAG_OWN_IDS | FLAG_OWN_DEVICES) | FLAG_STAGE
        self.own_devices = bool(options.get("flags", FLAG_OWN_DEVICES) & FLAG_OWN_DEVICES)
        if cgroups:
            options.update(cgroup=CGROUP_V1 if cgroups.version == 1 else CGROUP_V2,
                           cgroup_fds=[-1 if fd < 0 else 40 + i for i, fd in enumerate(cgroups.fds)])
        memfd = os.memfd_create("config", os.MFD_ALLOW_SEALING)
        os.write(memfd, raw_config or config(boxes=boxes, **options))
        fcntl.fcntl(memfd, fcntl.F_ADD_SEALS, 2 | 4 | 8)
        # Read and opened now: the ordinary user may not be able to.
        files = {f"layers/{PROGRAMS}/{os.path.basename(p)}": pathlib.Path(p).read_bytes() for p in programs}
        files["init"] = pathlib.Path(init).read_bytes()
        opened = os.open(boxd, os.O_RDONLY)
        executable = fcntl.fcntl(opened, fcntl.F_DUPFD_CLOEXEC, 300)
        os.close(opened)
        filters = {6: _filter_fd(""), 8: _filter_fd("boxd"), 9: _filter_fd("maker")}
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self._become(executable, files, cgroups, {3: theirs.fileno(), 4: memfd, **filters})
            except BaseException as error:  # pylint: disable=broad-except
                os.write(2, f"boxd_client: {error!r}\n".encode())
            finally:
                os._exit(99)
        theirs.close()
        os.close(memfd)
        for fd in filters.values():
            os.close(fd)
        os.close(executable)

    def _enter_user_namespace(self):
        """A helper that stays root outside writes the maps, as newuidmap does."""
        told, tell = os.pipe()
        pid = os.getpid()
        helper = os.fork()
        if helper == 0:
            os.close(tell)
            os.read(told, 1)
            ids = f"0 {NOBODY} 1\n" + (f"1 {ID_BASE} {self.user_ids}\n" if self.user_ids else "")
            for name, text in (("setgroups", "allow" if self.user_ids else "deny"), ("uid_map", ids), ("gid_map", ids)):
                pathlib.Path(f"/proc/{pid}/{name}").write_text(text)
            os._exit(0)
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        if libc.unshare(CLONE_NEWUSER) < 0:
            raise OSError(ctypes.get_errno(), "unshare")
        os.write(tell, b"x")
        assert os.waitpid(helper, 0)[1] == 0
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
        if self.namespaces is not None:
            pathlib.Path("/proc/sys/user/max_net_namespaces").write_text(str(self.namespaces))

    def _become(self, executable, files, cgroups, given):
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]  # as launch_boxd.c
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        if self.user_ids is not None:
            self._enter_user_namespace()
        if libc.unshare(CLONE_NEWNS) < 0:
            raise OSError(ctypes.get_errno(), "unshare")
        _catalogue(self.top, files, self.own_devices, *self.binds)
        catalogue = os.open(self.top, os.O_PATH | os.O_DIRECTORY)
        given[5] = catalogue
        if cgroups:
            given.update({40 + i: fd for i, fd in enumerate(cgroups.fds) if fd >= 0})
        high = {to: fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for to, fd in given.items()}
        for to, fd in high.items():
            os.dup2(fd, to)
        os.closerange(48, 300)
        os.execve(executable, ["belljar-boxd"], {})

    def send(self, data, fds=()):
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.sock.sendmsg([data], ancillary)

    def recv(self):
        """(type, box, body), or None at the end."""
        data = self.sock.recv(65536)
        if not data:
            return None
        kind, box = struct.unpack_from("=II", data)
        return kind, box, data[8:]

    def hello(self):
        kind, _, body = self.recv()
        assert kind == BOXD_HELLO
        version, features, cgroup, landlock, boxes, kernel = HELLO_BODY.unpack(body)
        return {"version": version, "features": features, "cgroup": cgroup, "landlock": landlock,
                "boxes": boxes, "kernel": kernel.rstrip(b"\0").decode()}

    def expect(self, kind, box):
        got = self.recv()
        assert got is not None, "boxd ended"
        assert got[:2] == (kind, box), (got[:2], (kind, box), failure(got))
        return got[2]

    def create(self, box=0, layers=(PROGRAMS, SKELETON, USR), limits=None, box_class=0, network=0, filter_class=0,
               count=None):
        """The server's end of the box's control socket."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(20)
        ids = list(layers) + [0] * (32 - len(layers))
        self.send(struct.pack("=II4I32I", CREATE, box, box_class, network, filter_class,
                              len(layers) if count is None else count, *ids) + (limits or maxima()),
                  [theirs.fileno()])
        theirs.close()
        return ours

    def start(self, box=0, wall_ms=0, cpu_ms=0, limits=None, flags=0):
        self.send(struct.pack("=IIQQ", START, box, wall_ms * 10**6, cpu_ms * 10**6) + (limits or maxima())
                  + struct.pack("=II", flags, 0))

    def kill(self, box=0, cause=0):
        self.send(struct.pack("=III", KILL, box, cause))

    def destroy(self, box=0):
        self.send(struct.pack("=II", DESTROY, box))
        self.expect(DESTROYED, box)

    def usage(self, box=0):
        """Memory now, CPU time so far; before anything else is said."""
        self.send(struct.pack("=II", USAGE, box))
        return struct.unpack("=QQ", self.expect(USED, box))

    def ended(self, box=0):
        names = ("end", "status", "wall_ns", "cpu_ns", "peak", "start_ns", "oom_kills", "process_limit_hits")
        return dict(zip(names, ENDED_BODY.unpack(self.expect(ENDED, box))))

    def run(self, argv, box=0, stdin=b"", wall_ms=0, cpu_ms=0, limits=None, destroy=True, start_flags=0, **create):
        """One box from CREATE to DESTROYED: (ended, stdout, stderr)."""
        control = self.create(box, limits=limits, **create)
        with control:
            control.send(init_start(argv), socket.MSG_NOSIGNAL)
            control.send(struct.pack("=II", DATA, 0) + strings(argv))
            self.start(box, wall_ms, cpu_ms, limits, start_flags)
            fds = hello_of_init(control)
            os.write(fds[0], stdin)
            os.close(fds[0])
            out = drain(fds[1:], self)
            ended = self.ended(box)
            if destroy:
                self.destroy(box)
        return (ended, *out)

    def settle(self):
        """Until the netns maker has nothing more to do: it is asleep, and so is boxd."""
        def state(pid):
            return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        for _ in range(2000):
            if all(state(pid) == "S" for pid in [self.pid, *children(self.pid)]):
                return
            time.sleep(0.005)

    def wait(self):
        _, status = os.waitpid(self.pid, 0)
        self.pid = None
        return os.waitstatus_to_exitcode(status)

    def close(self):
        """The exit status, if it was not told before."""
        self.sock.close()
        status = None
        if self.pid is not None:
            status = self.wait()
        os.rmdir(self.top)
        return status


def failure(message):
    """The text of a FAILED message."""
    kind, _, body = message
    return body[8:].split(b"\0")[0].decode() if kind == FAILED else None


ENVIRONMENT = ["PATH=/usr/bin:/bin", "HOME=/box", "LANG=C.UTF-8"]


def strings(argv):
    return b"".join(s.encode() + b"\0" for s in list(argv) + ENVIRONMENT)


def init_start(argv, flags=0, open_files=256, processes=0):
    return struct.pack("=II II IIII Q QQQQQ II HHI", INIT_START, 0, flags, 0, len(argv), len(ENVIRONMENT), 0,
                       len(strings(argv)), 0, 0, 0, 0, 0, 0, open_files, processes, 0, 0, 0)


def hello_of_init(control):
    while True:
        data, ancillary, _, _ = control.recvmsg(65536, socket.CMSG_SPACE(4 * 8))
        assert data, "init is gone"
        kind, _ = struct.unpack_from("=II", data)
        assert kind == HELLO, (kind, failure((kind, 0, data[8:])))
        fds = array.array("i")
        for _, _, raw in ancillary:
            fds.frombytes(raw)
        return list(fds)


def drain(fds, boxd):
    """What is written to these pipes until boxd says something: init has their write ends too, as long as it lives."""
    out = {fd: bytearray() for fd in fds}
    left = {*fds, boxd.sock}
    while boxd.sock in left:
        ready, _, _ = select.select(left, [], [], 60)  # in an emulated machine a GiB takes its time
        assert ready, "no output and no end of it"
        left -= {boxd.sock} & set(ready)
        left -= {fd for fd in fds if fd in left and not _read_rest(fd, out[fd])}
    for fd in fds:
        os.close(fd)
    return [bytes(out[fd]) for fd in fds]


def _read_rest(fd, found):
    """What is there now; False at its end."""
    os.set_blocking(fd, False)
    try:
        while data := os.read(fd, 65536):
            found += data
    except BlockingIOError:
        return True
    return False


def _built(*places):
    for place in places:
        if (BUILD / place).exists():
            return str(BUILD / place)
    cannot(f"{places[0]} is not built in {BUILD}")
    return None


def programs(fake_init=False):
    """(belljar-boxd, init, programs of the box's /t)"""
    if os.geteuid() != 0:
        cannot("boxd's own tests need root")
    init = ("tests/box/fake_init",) if fake_init else ("belljar-init", "src/init/belljar-init")
    return (_built("belljar-boxd", "src/boxd/belljar-boxd"), _built(*init), [_built("tests/box/do_nothing")])


def children(pid):
    return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextlib.contextmanager
def started(cgroups=False, fake_init=False, **options):
    """A boxd that said HELLO; at its end nothing may be left of it."""
    version = Cgroups.version_here() if cgroups else None
    if cgroups and version is None:
        cannot("this host has no cgroups with memory, pids and cpu")
    built = programs(fake_init)
    made = Cgroups(version, f"belljar-test-{os.getpid()}") if cgroups else None
    boxd = Boxd(*built, cgroups=made, **options)
    try:
        boxd.told = boxd.hello()
        boxd.leaves = made.leaves if made else list
        yield boxd
    finally:
        boxd.close()
        left = made.leaves() if made else []
        if made and not left:
            made.close()
    assert not left
