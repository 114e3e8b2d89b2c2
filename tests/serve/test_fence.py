# SPDX-License-Identifier: Apache-2.0
"""What somebody who has taken over the server process can do with it: ask boxd for boxes, and little else.

Each attack is made from inside the real process.  The same from inside a process without a fence must get through to
the kernel: an attack that fails everywhere proves nothing.

proves: F10
"""
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import time

import pytest

from support.inside import Inside, possible
from support.server import BUILD, Server, cannot, descendants

AT_FDCWD = -100
O_WRONLY, O_RDWR, O_CREAT, O_TMPFILE, O_PATH = 1, 2, 0o100, 0o20200000, 0o10000000
REFUSED = ("EPERM", "EACCES", "ENOSYS")
SANITIZED = b"__asan_init" in pathlib.Path(BUILD, "belljar").read_bytes()

#: Name: number of the call on x86-64, arguments.  OUTSIDE, PARENT, ... are filled in.  None does harm where it gets through.
FILES = {
    "read what others can read": (257, AT_FDCWD, "{outside}/file", 0),
    "write what others can write": (257, AT_FDCWD, "{outside}/file", O_WRONLY),
    "make a file": (257, AT_FDCWD, "{outside}/new", O_CREAT | O_WRONLY, 0o600),
    "make a file without a name": (257, AT_FDCWD, "{outside}", O_TMPFILE | O_WRONLY, 0o600),
    "remove a file": (87, "{outside}/goes"),
    "rename a file": (82, "{outside}/file", "{outside}/file"),
    "list a directory": (257, AT_FDCWD, "{outside}", 0),
    "list the root": (257, AT_FDCWD, "/", 0),
    "write to a file of the host": (257, AT_FDCWD, "/etc/hostname", O_WRONLY),
    "write to its own memory": (257, AT_FDCWD, "/proc/self/mem", O_RDWR),
    "read another process' memory": (257, AT_FDCWD, "/proc/{parent}/mem", 0),
    "read another process' environment": (257, AT_FDCWD, "/proc/{parent}/environ", 0),
    "list other processes": (257, AT_FDCWD, "/proc", 0),
    "open a device": (257, AT_FDCWD, "/dev/null", O_RDWR),
    "read cgroups": (257, AT_FDCWD, "/sys/fs/cgroup", 0),
}

NETWORK = {
    "listen": (50, "{bound}", 1),
    "bind a TCP port": (49, "{tcp}", struct.pack("=HH4s8x", socket.AF_INET, 0, bytes((127, 0, 0, 1))), 16),
    "a UNIX socket": (41, socket.AF_UNIX, socket.SOCK_STREAM, 0),
    "a UNIX datagram socket": (41, socket.AF_UNIX, socket.SOCK_DGRAM, 0),
    "a pair of UNIX datagram sockets": (53, socket.AF_UNIX, socket.SOCK_DGRAM, 0, bytes(8)),
    "netlink": (41, socket.AF_NETLINK, socket.SOCK_RAW, 0),
    "a packet socket": (41, socket.AF_PACKET, socket.SOCK_DGRAM, 0),
    "an ICMP socket": (41, socket.AF_INET, socket.SOCK_RAW, 1),
    "a filter on a socket": (54, "{tcp}", socket.SOL_SOCKET, 26, bytes(16), 16),
    "an upper layer protocol": (54, "{tcp}", socket.IPPROTO_TCP, 31, "tls", 4),
}

PROCESSES = {
    "clone": (56, 0x800, 0, 0, 0, 0),
    "execve": (59, "/nonexistent", 0, 0),
    "execveat": (322, AT_FDCWD, "/nonexistent", 0, 0, 0),
    "a signal to another": (62, "{parent}", 0),
    "a signal to all": (62, 2 ** 22 + 1, 0),
    "a signal to another's thread": (234, "{parent}", "{parent}", 0),
    "a queued signal": (129, "{parent}", 0, struct.pack("=iii116x", 0, 0, -1)),
    "a pidfd of another": (434, "{parent}", 0),
    "a pidfd's signal": (424, -1, 0, 0, 0),
    "another's descriptor": (438, -1, 0, 0),
    "signals by F_SETOWN": (72, "{tcp}", 8, "{parent}"),
    "ptrace": (101, 16, 2 ** 22 + 1, 0, 0),
    "another's memory": (310, 2 ** 22 + 1, 0, 0, 0, 0, 0),
    "kcmp": (312, 2 ** 22 + 1, 2 ** 22 + 1, 0, 0, 0),
    "another's limits": (302, "{parent}", 7, 0, bytes(16)),
    "another's priority": (141, 0, 2 ** 22 + 1, 0),
    "another's CPUs": (203, 2 ** 22 + 1, 8, bytes(8)),
    "another user": (117, -1, -1, -1),
    "capabilities": (126, bytes(8), 0),
    "unshare": (272, 0x80000000),
    "setns": (308, -1, 0),
    "mount": (165, 0, 0, 0, 0, 0),
    "umount": (166, "/nonexistent", 0),
    "a new kind of mount": (430, 0, 0),
    "open_tree": (428, -1, "nonexistent", 0),
    "pivot_root": (155, "/nonexistent", "/nonexistent"),
    "chroot": (161, "/nonexistent"),
    "mknod": (133, "/nonexistent/x", 0o600, 0),
    "mkdir": (83, "/nonexistent/x", 0o700),
    "symlink": (88, "x", "/nonexistent/x"),
    "link": (86, "/nonexistent/x", "/nonexistent/y"),
    "chmod": (90, "/nonexistent", 0o777),
    "chown": (92, "/nonexistent", 0, 0),
    "truncate": (76, "/nonexistent", 0),
    "an open file by its handle": (304, -1, bytes(16), 0),
}

KERNEL = {
    "memory that can be run": (9, 0, 4096, 5, 0x22, -1, 0),
    "memory that becomes runnable": (10, 0, 0, 4),
    "runnable memory of a shared kind": (329, 0, 0, 4, -1),
    "bpf": (321, 99, 0, 0),
    "perf_event_open": (298, 0, 0, -1, -1, 0),
    "io_uring": (425, 0, bytes(120)),
    "userfaultfd": (323, -1),
    "keyctl": (250, 0, -3, 0),
    "add_key": (248, 0, 0, 0, 0, 0),
    "another filter": (317, 99, 0, 0),
    "personality": (135, 0xffffffff),
    "the kernel's log": (103, 99, 0, 0),
    "the clock": (227, 99, bytes(16)),
    "the host's name": (170, 0, -1),
    "reboot": (169, 0, 0, 0, 0),
    "swapon": (167, "/nonexistent", 0),
    "accounting": (163, "/nonexistent"),
    "fanotify": (300, -1, 0),
    "a pretended key of a terminal": (16, -1, 0x5412, 0),
    "the same with more bits": (16, -1, 0x100005412, 0),
    "SysV shared memory": (29, 0, 0, 0),
    "a message queue": (240, 0, 0, 0, 0),
    "to be not traceable": (157, 4, 99, 0, 0, 0),
}

CALLS = {**NETWORK, **PROCESSES, **KERNEL}

NEEDED = {
    "read what libc needs": (257, AT_FDCWD, "/etc/hosts", 0),
    "read about itself": (257, AT_FDCWD, "/proc/self/statm", 0),
    "make a file in the state directory": (257, AT_FDCWD, "attack", O_CREAT | O_WRONLY, 0o600),
    "rename it": (82, "attack", "attack2"),
    "remove it": (87, "attack2"),
    "a pair of sockets": (53, socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, bytes(8)),
    "a socket to elsewhere": (41, socket.AF_INET6 if socket.has_ipv6 else socket.AF_INET, socket.SOCK_STREAM, 0),
    "memory": (9, 0, 4096, 3, 0x22, -1, 0),
}


def server_process(server):
    """The child that is neither the parent nor boxd."""
    def name(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
        except FileNotFoundError:
            return None  # it has just ended
    return next(pid for pid in descendants(server.pid) if pid != server.pid and name(pid) == "belljar")


@pytest.fixture(scope="module")
def outside():
    """A directory that everybody may use, with files that everybody may write."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bj-fence-", dir="/var/tmp"))
    folder.chmod(0o777)
    for name in ("file", "goes"):
        (folder / name).write_text("x")
        (folder / name).chmod(0o666)
    yield folder
    shutil.rmtree(folder)


def check_host():
    if not possible():
        cannot("calls are put into a process on x86-64 only")
    if os.geteuid() != 0:
        cannot("only root may look into the server process")
    if SANITIZED:
        pytest.skip("AddressSanitizer's build has no fence: its leak check makes a process, and traces")


@pytest.fixture(scope="module")
def taken_over(outside):
    """(attack, outside): from inside the server process."""
    check_host()
    server = Server()
    with Inside(server_process(server)) as process:
        yield attacker(process, outside, server.pid)
    status, answer = server.execute("bash", "echo still here")
    assert (status, answer["run"]["stdout"]) == (200, "still here\n")
    server.stop()


@pytest.fixture(scope="module")
def unfenced(outside):
    """From inside a process of root's."""
    check_host()
    able = int(re.search(r"^CapEff:\s*(\w+)", pathlib.Path("/proc/self/status").read_text(), re.M).group(1), 16)
    if not able >> 21 & able >> 22 & 1:
        cannot("this root has no CAP_SYS_ADMIN or CAP_SYS_BOOT: it is refused what a fence would refuse")
    victim = subprocess.Popen(["sleep", "1000"], cwd=outside)
    stranger = subprocess.Popen(["sleep", "1000"])
    with Inside(victim.pid) as process:
        yield attacker(process, outside, stranger.pid)
    for one in (victim, stranger):
        one.kill()
        one.wait()


def attacker(process, outside, parent):
    def attack(number, *arguments):
        (outside / "goes").touch()
        known = {"outside": outside, "parent": parent}
        if "{bound}" in arguments or "{tcp}" in arguments:
            known["bound"] = known["tcp"] = process.call(41, socket.AF_INET, socket.SOCK_STREAM, 0)

        def filled(value):
            if not isinstance(value, str):
                return value
            text = value.format(**known)
            return int(text) if value in ("{bound}", "{tcp}", "{parent}") else text
        return process.call(number, *map(filled, arguments))
    return attack


@pytest.mark.parametrize("name", FILES)
def test_files_are_out_of_reach(taken_over, name):
    if not os.path.exists("/sys/kernel/security/lsm") or "landlock" in pathlib.Path("/sys/kernel/security/lsm").read_text():
        assert taken_over(*FILES[name]) in REFUSED
    else:
        cannot("this kernel has no Landlock")


@pytest.mark.parametrize("name", CALLS)
def test_calls_are_refused(taken_over, name):
    assert taken_over(*CALLS[name]) in REFUSED


@pytest.mark.parametrize("name", {**FILES, **CALLS})
def test_without_a_fence_it_gets_through(unfenced, name):
    assert unfenced(*{**FILES, **CALLS}[name]) not in REFUSED


def test_what_a_server_needs_is_left(taken_over):
    got = {name: taken_over(*call) for name, call in NEEDED.items()}
    assert {name: result for name, result in got.items() if isinstance(result, str)} == {}


def test_a_foreign_abi_ends_the_server_and_no_more():
    """x32, whose numbers are those of no list."""
    check_host()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server("--listen", f"127.0.0.1:{port}")
    server.port = port  # that of "127.0.0.1:0" is another after each start
    with pytest.raises(OSError), Inside(server_process(server)) as process:
        process.call(0x40000000 | 39)  # it has ended when this returns
    assert answers_again(server)
    assert re.search(r"process=parent .*name=server by=signal status=31", server.log_path.read_text())
    status, answer = server.execute("bash", "echo another")
    assert (status, answer["run"]["stdout"]) == (200, "another\n")
    server.stop()


def answers_again(server, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            return server.request("GET", "/health", timeout=5)[0] == 200
        except OSError:
            time.sleep(0.05)
    return False


def test_no_thread_has_more_than_the_others():
    """The sieve's and the store's, too."""
    server = Server("--validation-deny-patterns", "never => no")
    server.execute("bash", "echo 1")
    facts = set()
    try:
        for task in pathlib.Path(f"/proc/{server_process(server)}/task").iterdir():
            status = dict(re.findall(r"^(\w+):\s*(.*?)\s*$", (task / "status").read_text(), re.M))
            facts.add(tuple(status[key] for key in ("Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb",
                                                    "NoNewPrivs", "Seccomp")))
    finally:
        server.stop()
    assert len(facts) == 1
    assert set(facts.pop()[3:8]) == {"0" * 16}


def test_no_core_of_the_server_is_written():
    server = Server()
    limits = pathlib.Path(f"/proc/{server_process(server)}/limits").read_text()
    server.stop()
    assert re.search(r"^Max core file size +1 +1 ", limits, re.M)


def test_the_own_files_of_an_ordinary_user_are_out_of_reach():
    """Started by a user, the server process has that user's id: without a fence it could do what the user can."""
    check_host()
    home = pathlib.Path(tempfile.mkdtemp(prefix="bj-home-", dir="/var/tmp"))
    (home / "secret").write_text("x")
    for path in (home, home / "secret"):
        os.chown(path, 61234, 61234)
        path.chmod(0o700)
    user = ["setpriv", "--reuid=61234", "--regid=61234", "--clear-groups", "env", f"HOME={home}", f"XDG_RUNTIME_DIR={home}", f"TMPDIR={home}"]
    if subprocess.run([*user[:4], "test", "-x", BUILD / "belljar"]).returncode != 0:
        cannot("an ordinary user cannot reach the build directory")
    if subprocess.run([*user[:4], "unshare", "-U", "true"], capture_output=True).returncode != 0:
        cannot("ordinary users may not make user namespaces on this host")
    calls = {"read": (257, AT_FDCWD, f"{home}/secret", 0), "write": (257, AT_FDCWD, f"{home}/secret", O_WRONLY),
             "the bus": (41, socket.AF_UNIX, socket.SOCK_STREAM, 0)}
    neighbour = subprocess.Popen([*user, "sleep", "1000"])
    try:
        server = Server(wrap=user)
        with Inside(server_process(server)) as process:
            inside = {name: process.call(*call) for name, call in calls.items()}
        server.stop()
        with Inside(neighbour.pid) as process:
            outside = {name: process.call(*call) for name, call in calls.items()}
    finally:
        neighbour.kill()
        neighbour.wait()
        shutil.rmtree(home)
    assert {name for name, result in inside.items() if result not in REFUSED} == set()
    assert {name for name, result in outside.items() if isinstance(result, str)} == set()
