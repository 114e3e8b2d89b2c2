# SPDX-License-Identifier: Apache-2.0
"""The processes of belljar-egress: what they may, what is left of them, and what happens when they die."""
import mmap
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import tempfile

import pytest

from support.inside import Inside, possible
from support.raw import wait_until
from support.server import BUILD, at_rest, cannot, clean_environment, descendants, settle


def named(server, name):
    """Process ids below the server's."""
    found = []
    for pid in descendants(server.pid):
        try:
            if pathlib.Path(f"/proc/{pid}/comm").read_text() == f"{name}\n":
                found.append(pid)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def egress(server):
    """The main one first."""
    return named(server, "belljar-egress")


def status(pid):
    return dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)


SLEEP = "import socket, time\nc = socket.create_connection(('8.8.8.8', 8000))\nprint(c.recv(10), flush=True)\ntime.sleep(60)"


@pytest.fixture
def own(worlds):
    """A server of the test's own."""
    one = worlds.server("--server-grace-ms", "0")
    yield one
    one.stop()


@pytest.fixture
def boxed(own):
    """(main process, process of a box that is connected)."""
    answer = own.ask("POST", "/api/v1/executions", {"language": "python", "source": SLEEP, "network": True,
                                                    "limits": {"wall_ms": 60000}})
    assert answer.status == 202, answer
    assert wait_until(lambda: len(egress(own)) == 2)
    main, box = egress(own)
    assert wait_until(lambda: status(box)["Seccomp_filters"] == "2")
    return main, box


def test_nobody_in_particular(own, boxed):
    for pid in boxed:
        facts = status(pid)
        assert facts["NoNewPrivs"] == "1" and facts["Seccomp"] == "2", facts
        for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(facts[kind], 16) == 0
        uids, gids = facts["Uid"].split(), facts["Gid"].split()
        assert len(set(uids + gids)) == 1 and uids[0] != "0"
        assert facts["Groups"].strip() == ""
        assert uids[0] not in [status(one)["Uid"].split()[0] for one in named(own, "belljar")]


def test_the_process_of_a_box_has_its_tap_and_sockets_only(boxed):
    folder = f"/proc/{boxed[1]}/fd"

    def kinds():
        return sorted(re.sub(r":.*", "", os.readlink(f"{folder}/{fd}")) for fd in os.listdir(folder) if int(fd) > 2)

    # The end of its box, the kernel's routes, one connection.
    assert wait_until(lambda: kinds() == ["/tun", "pipe", "socket", "socket"]), kinds()
    [end] = [fd for fd in os.listdir(folder) if os.readlink(f"{folder}/{fd}").startswith("pipe:") and int(fd) > 2]
    flags = pathlib.Path(f"{folder[:-3]}/fdinfo/{end}").read_text().split("flags:\t")[1].split("\n")[0]
    assert int(flags, 8) & os.O_ACCMODE == os.O_RDONLY, "boxd would have to close what is sent through it"


#: Name: number of the call on x86-64, arguments.  None does harm where it gets through.
ATTACKS = {
    "signal another process": (234, "{main}", "{main}", 0),
    "signal a process": (62, "{main}", 0),
    "have another process signalled": (72, "{socket}", 8, "{main}"),
    "with a signal of its choice": (72, "{socket}", 10, signal.SIGURG),
    "have it signalled by another way": (16, "{socket}", 0x8901, struct.pack("i", 0)),
    "keep the device": (16, "{tap}", 0x400454CB, 0),
    "send descriptors": (46, "{socket}", bytes(56), 0),
    "memory that can be run": (9, 0, 4096, mmap.PROT_READ | mmap.PROT_EXEC, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0),
    "make memory able to run": (10, 0, 4096, mmap.PROT_READ | mmap.PROT_EXEC),
    "a filter on a socket": (54, "{socket}", socket.SOL_SOCKET, 26, bytes(16), 16),
    "a device of its choice": (54, "{socket}", socket.SOL_SOCKET, 25, "lo", 3),
    "listen": (50, "{socket}", 1),
    "a port of its choice": (49, "{socket}", struct.pack("=HH4s8x", socket.AF_INET, 0, bytes((127, 0, 0, 1))), 16),
    "a UNIX socket": (41, socket.AF_UNIX, socket.SOCK_STREAM, 0),
    "netlink": (41, socket.AF_NETLINK, socket.SOCK_RAW, 0),
    "an ICMP socket": (41, socket.AF_INET, socket.SOCK_DGRAM, 1),
    "a packet socket": (41, socket.AF_PACKET, socket.SOCK_DGRAM, 0),
    "read a file": (257, -100, "/etc/hostname", 0),
    "look into another process": (101, 16, "{main}", 0, 0),
    "a process": (57,),
    "a program": (59, "/bin/true", 0, 0),
    "room for more descriptors": (302, 0, 7, struct.pack("QQ", 4096, 4096), 0),
}


def test_whoever_has_taken_over_the_process_of_a_box_has_its_connections_only(boxed):
    """From inside the real one.  A socket can still be made and asked for its name: the calls as such get through."""
    if not possible():
        cannot("system calls are put into processes on x86-64 only")
    main, box = boxed
    folder = f"/proc/{box}/fd"
    tap = next(int(fd) for fd in os.listdir(folder) if os.readlink(f"{folder}/{fd}") == "/tun")
    with Inside(box) as process:
        made = process.call(41, socket.AF_INET, socket.SOCK_STREAM, 0)
        assert isinstance(made, int) and process.call(72, made, 3) == os.O_RDWR
        known = {"{main}": main, "{socket}": made, "{tap}": tap}
        told = {name: process.call(number, *(known.get(one, one) for one in arguments))
                for name, (number, *arguments) in ATTACKS.items()}
        process.call(3, made)
    assert {name: result for name, result in told.items() if result != "EPERM"} == {}


def test_resource_limits(boxed):
    limits = pathlib.Path(f"/proc/{boxed[1]}/limits").read_text()
    for name, value in (("Max processes", "0"), ("Max file size", "0"), ("Max open files", "86"), ("Max core file size", "1")):
        assert re.search(rf"^{name} +{value} +{value} ", limits, re.M), limits


def test_the_two_are_in_the_hosts_network_and_in_no_box(own, boxed, worlds):
    network = os.stat(f"/proc/{worlds.inside.pid}/ns/net").st_ino
    assert [os.stat(f"/proc/{pid}/ns/net").st_ino for pid in boxed] == [network] * 2


def test_nothing_is_left_of_a_box(public):
    public.reach([{"to": "example.org"}])
    before = at_rest(public)
    for _ in range(5):
        public.reach([{"to": "example.org"}, {"to": "8.8.8.8", "kind": "udp"}])
    assert settle(public, before) == {}
    assert wait_until(lambda: len(egress(public)) == 1)


def test_a_box_that_is_killed_takes_its_process_with_it(own, boxed):
    [box] = [one["id"] for one in own.ask("GET", "/api/v1/executions?status=running").json()["executions"]]
    assert own.ask("DELETE", f"/api/v1/executions/{box}").status in (200, 202, 204)
    assert wait_until(lambda: len(egress(own)) == 1)


def test_the_death_of_a_boxs_process_is_the_end_of_its_network_only(own, boxed):
    os.kill(boxed[1], signal.SIGKILL)
    assert own.reach([{"to": "8.8.8.8"}]) == ["tcp ::ffff:20.0.0.2 8000"]
    assert egress(own)[0] == boxed[0]


def test_after_the_death_of_the_main_process_another_is_there(own):
    [main] = egress(own)
    os.kill(main, signal.SIGKILL)
    assert wait_until(lambda: egress(own) and egress(own) != [main])
    assert own.reach([{"to": "8.8.8.8"}]) == ["tcp ::ffff:20.0.0.2 8000"]
    code, log = own.stop()
    assert code == 0 and 'event="a process has died" name=egress by=signal status=9' in log


def test_the_end_of_the_server_is_the_end_of_all(own, boxed):
    code, log = own.stop()
    assert code == 0, log
    assert not any(pathlib.Path(f"/proc/{pid}").exists() for pid in boxed)


def test_without_a_network_there_is_no_such_process(worlds):
    server = worlds.server("--network-disable=true")
    assert egress(server) == []
    code, log = server.stop()
    assert code == 0, log


def test_without_the_device_it_does_not_start_and_says_what_to_do(worlds):
    """In a mount namespace in which /dev/net is empty."""
    hidden = ("unshare", "-m", "--propagation", "private", "sh", "-c", 'mount -t tmpfs none /dev/net && exec "$@"', "sh")
    with pytest.raises(RuntimeError, match="network.disable is false.*'/dev/net/tun'.*") as told:
        worlds.server(wrap=hidden)
    assert "modprobe tun" in str(told.value) and "--device /dev/net/tun" in str(told.value)


def ordinary(home):
    """Words that start a command as an ordinary user, in a mount namespace where /dev/net/tun is open to all, as udev has it."""
    uid = 61234
    os.chown(home, uid, uid)
    script = 'mount -t tmpfs -o mode=755 none /dev/net && mknod -m 666 /dev/net/tun c 10 200 && exec "$@"'
    return ("unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh", "setpriv", f"--reuid={uid}", f"--regid={uid}",
            "--clear-groups", "env", f"XDG_RUNTIME_DIR={home}", f"HOME={home}")


def test_an_ordinary_user_can_give_a_network_too(worlds):
    if subprocess.run(["setpriv", "--reuid=61234", "--regid=61234", "--clear-groups", "test", "-x", BUILD / "belljar"]).returncode != 0:
        cannot("an ordinary user cannot reach the build directory")
    if subprocess.run(["setpriv", "--reuid=61234", "--regid=61234", "--clear-groups", "unshare", "-U", "true"],
                      env=clean_environment()).returncode != 0:
        cannot("ordinary users may not make user namespaces on this host")
    home = tempfile.TemporaryDirectory(prefix="bj-user-")
    server = worlds.server("--require", "none", wrap=ordinary(home.name))
    try:
        reached = "tcp ::ffff:20.0.0.2 8000"
        assert server.reach([{"to": "8.8.8.8"}, {"to": "example.org"}, {"to": "10.20.30.40"}, {"to": "20.0.0.2"}, {"to": "127.0.0.1"},
                             {"to": "2001:4860:4860::8888"}, {"to": "fd00:1::1"}, {"to": "8.8.8.8", "kind": "udp"}]) == [
            reached, reached, "EHOSTUNREACH", "EHOSTUNREACH", "ECONNREFUSED", "tcp 2a00:77::2 8000", "EACCES",
            "udp hello from 8.8.8.8"]
        facts = status(egress(server)[0])
        assert facts["NoNewPrivs"] == "1" and facts["Seccomp"] == "2" and int(facts["CapEff"], 16) == 0
    finally:
        code, log = server.stop()
        home.cleanup()
    assert code == 0, log
