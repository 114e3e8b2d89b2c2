# SPDX-License-Identifier: Apache-2.0
"""belljar-boxd alone: this side speaks as the server, belljar-init is real or tests/box/fake_init."""
import os
import re
import signal
import socket
import struct
import time

import pytest

from support import boxd as support
from support.boxd import (DATA, DESTROY, ENDED, FAILED, MIB, Boxd, Cgroups, failure,
                          init_start, maxima, strings)
from support.server import cannot

SPIN = ["/bin/sh", "-c", "while :; do :; done"]
SLEEP = ["/usr/bin/sleep", "1000"]
HOG = ["/usr/bin/perl", "-e", "$x = 'a' x (400 << 20); sleep 1000"]


def begin(boxd, argv, box=0, **limits):
    """CREATE and both STARTs, nothing awaited."""
    control = boxd.create(box)
    control.send(init_start(argv))
    control.send(struct.pack("=II", DATA, 0) + strings(argv))
    boxd.start(box, **limits)
    return control


def ends(control):
    """Whether the other end of a control socket is closed, after what was said before."""
    try:
        while control.recv(65536):
            pass
    except ConnectionResetError:
        pass  # it did not read all of ours
    return True


def fake(boxd, script, box=0, **limits):
    control = boxd.create(box)
    control.send(script)
    boxd.start(box, **limits)
    return control


# --- a box ---------------------------------------------------------------------------------------------


def test_hello_names_what_the_host_gives(boxd):
    assert boxd.told["version"] == 3
    assert boxd.told["boxes"] == 4
    assert boxd.told["kernel"] == os.uname().release


def test_program_runs_and_its_status_is_told(either):
    ended, out, err = either.run(["/bin/sh", "-c", "echo out; echo err >&2; exit 7"])
    assert (ended["end"], os.waitstatus_to_exitcode(ended["status"])) == (support.END_EXIT, 7)
    assert (out, err) == (b"out\n", b"err\n")
    assert 0 < ended["wall_ns"] < 20e9
    assert ended["cpu_ns"] > 0 and ended["peak"] > 0


def test_program_reads_its_stdin(boxd):
    assert boxd.run(["/usr/bin/cat"], stdin=b"hello")[1] == b"hello"


def test_signal_of_the_program_is_told(either):
    ended, _, _ = either.run(["/bin/sh", "-c", "kill -SEGV $$"])
    assert (ended["end"], os.WTERMSIG(ended["status"])) == (support.END_EXIT, signal.SIGSEGV)


def test_slot_can_be_used_again(either):
    for _ in range(5):
        assert either.run(["/t/do_nothing"])[0]["status"] == 0


def test_start_before_and_after_the_box_is_ready(boxd):
    with boxd.create(0) as spare, begin(boxd, ["/t/do_nothing"], box=1):
        assert boxd.ended(1)["status"] == 0
        spare.send(init_start(["/t/do_nothing"]))
        spare.send(struct.pack("=II", DATA, 0) + strings(["/t/do_nothing"]))
        support.hello_of_init(spare)
        boxd.start(0)
        assert boxd.ended(0)["status"] == 0


def test_more_boxes_at_once_than_namespaces_are_kept():
    with support.started(boxes=24) as boxd:
        controls = [begin(boxd, ["/t/do_nothing"], box=i) for i in range(24)]
        ended = sorted(boxd.recv()[:2] for _ in controls)
        assert ended == [(ENDED, i) for i in range(24)]


# --- what is in it -------------------------------------------------------------------------------------


def shell(boxd, script):
    ended, out, err = boxd.run(["/bin/sh", "-c", script])
    assert ended["status"] == 0, err
    return out.decode()


def test_box_has_these_mounts_and_no_other(boxd):
    mounts = {}
    for line in shell(boxd, "cat /proc/self/mountinfo").splitlines():
        fields = line.split()
        mounts[fields[4]] = set(fields[5].split(","))
    masks = {m for m in mounts if m.startswith("/proc/")}
    assert set(mounts) - masks == {"/", "/usr", "/t", "/dev", "/dev/pts", "/dev/shm", "/box", "/tmp", "/proc"}
    assert all("nosuid" in flags for flags in mounts.values())
    assert {m for m, flags in mounts.items() if "nodev" not in flags} == {"/dev", "/dev/pts"}
    assert {m for m, flags in mounts.items() if "ro" not in flags} == {
        "/dev/pts", "/dev/shm", "/box", "/tmp", "/proc"}
    assert {"/proc/sys", "/proc/keys", "/proc/cmdline", "/proc/sys/kernel/random/boot_id"} <= masks


def test_program_writes_only_where_it_may(either):
    found = shell(either, "find / -xdev -writable ! -type l; find /usr /dev /t /proc/sys -writable ! -type l; true")
    places = {p for p in found.split() if not re.match(r"/dev/(null|zero|full|random|urandom|tty|pts/ptmx)$", p)}
    places.discard("/dev/pts")  # where init's id is the program's, it owns that, but nothing can be made there
    assert places == {"/box", "/tmp", "/dev/shm"}
    shell(either, "for d in /box /tmp /dev/shm; do echo x >$d/file; done")


def test_disk_limit_holds_over_all_writable_places(boxd):
    script = "for d in /box /tmp /dev/shm; do head -c 1M /dev/zero >$d/file || echo full; done 2>&1"
    out = boxd.run(["/bin/sh", "-c", script], limits=maxima(disk=2 * MIB))[1]
    assert out.count(b"full") == 1


def test_inode_limit_holds(boxd):
    script = "i=0; while true >/box/$i; do i=$((i+1)); done 2>/dev/null; ls /box | wc -l"
    out = boxd.run(["/bin/sh", "-c", script], limits=maxima(inodes=100))[1]
    assert 100 <= int(out) <= 132


def test_host_files_of_proc_are_masked(either):
    assert shell(either, "cat /proc/cmdline /proc/keys /proc/interrupts /proc/sys/kernel/random/boot_id") == ""
    assert shell(either, "ls -A /proc/fs /proc/bus /proc/irq | grep -v : ; true").split() == []


def test_program_has_no_rights(either):
    status = dict(line.split(":", 1) for line in shell(either, "cat /proc/self/status").splitlines())
    assert [int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")] == [0] * 5
    assert status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2"
    assert status["Uid"].split() == ["1000"] * 4 and status["Groups"].split() == []
    assert int(status["SigBlk"], 16) == int(status["SigIgn"], 16) == 0


def test_program_has_three_descriptors(either):
    assert shell(either, "ls /proc/self/fd").split() == ["0", "1", "2", "3"]  # 3 is what ls itself opened


def test_program_may_not_make_user_namespaces(either):
    assert shell(either, "cat /proc/sys/user/max_user_namespaces") == "0\n"


@pytest.mark.parametrize("user_ids", [100, 0])
def test_program_leaves_inotify_instances_to_its_user(user_ids):
    with support.started(user_ids=user_ids) as boxd:
        assert shell(boxd, "cat /proc/sys/user/max_inotify_instances") == "4\n"


def test_core_limit_stops_the_hosts_core_helper(boxd):
    assert shell(boxd, "ulimit -Sc; ulimit -Hc") == "0\n0\n"  # of blocks: the byte is less than one
    assert shell(boxd, "grep 'Max core' /proc/self/limits").split()[4:6] == ["1", "1"]


def test_names_of_the_host_are_not_seen(boxd):
    assert shell(boxd, "uname -n; cat /proc/sys/kernel/domainname") == "belljar\n\n"
    assert {line.split(":", 2)[2] for line in shell(boxd, "cat /proc/self/cgroup").splitlines()} == {"/"}


def test_clocks_of_the_host_are_not_seen(either):
    uptime, booted = shell(either, "cat /proc/uptime; grep btime /proc/stat").splitlines()
    assert float(uptime.split()[0]) < 60
    assert int(booted.split()[1]) > time.time() - 60


def test_network_is_loopback_alone(boxd):
    lines = shell(boxd, "cat /proc/net/dev").splitlines()[2:]
    assert [line.split(":")[0].strip() for line in lines] == ["lo"]


def test_boxes_share_no_namespace_inode_and_no_id(boxd):
    script = "readlink /proc/self/ns/*; stat -c '%d:%i' /usr/bin/cat /dev/null /box /tmp"
    seen = []
    for box in (0, 1):
        control = boxd.create(box)
        control.send(init_start(["/bin/sh", "-c", script + "; cat; cat /proc/self/uid_map"]))
        control.send(struct.pack("=II", DATA, 0) + strings(["/bin/sh", "-c", script + "; cat; cat /proc/self/uid_map"]))
        boxd.start(box)
        seen.append((control, support.hello_of_init(control)))
    lines = []
    for _, fds in seen:
        data = b""
        while data.count(b"\n") < 14:  # both live until they have told all of it
            data += os.read(fds[1], 65536)
        lines.append(data.decode().split())
    assert not set(lines[0]) & set(lines[1])
    maps = []
    for box, (control, fds) in enumerate(seen):
        os.close(fds[0])
        maps.append(support.drain(fds[1:], boxd)[0].decode().split())
        boxd.expect(ENDED, box)
        control.close()
    base = support.ID_BASE
    assert maps[0] == ["999", str(base), "1", "1000", str(base + 1), "1"]
    assert maps[1] == ["999", str(base + 2), "1", "1000", str(base + 3), "1"]


# --- limits --------------------------------------------------------------------------------------------


def test_wall_limit_ends_the_box(either):
    ended, _, _ = either.run(SLEEP, wall_ms=150)
    assert ended["end"] == support.END_WALL
    assert ended["wall_ns"] >= 150e6


def test_cpu_limit_ends_the_box(limited):
    ended, _, _ = limited.run(["/bin/sh", "-c", "while :; do :; done & while :; do :; done"], cpu_ms=200, wall_ms=15000)
    assert ended["end"] == support.END_CPU
    assert ended["cpu_ns"] >= 200e6


@pytest.mark.parametrize("stop, end", [({"wall_ms": 150}, support.END_WALL), ({}, support.END_OUTPUT)])
def test_gentle_stop_leaves_init_alone(either, stop, end):
    with begin(either, ["/bin/sh", "-c", "echo; while :; do :; done"], flags=support.STOP_GENTLY, **stop) as control:
        fds = support.hello_of_init(control)
        assert os.read(fds[1], 1) == b"\n"
        if not stop:
            either.kill(cause=1)
        ended = either.ended()
        assert (ended["end"], ended["status"]) == (end, signal.SIGKILL)
        control.setblocking(False)
        with pytest.raises(BlockingIOError):  # its end is open
            control.recv(1)
        either.destroy()


def test_gentle_stop_of_an_init_that_does_not_answer_is_a_hard_one(faked):
    with fake(faked, b"rgp", wall_ms=50, flags=support.STOP_GENTLY) as control:
        assert faked.ended()["end"] == support.END_WALL
        assert ends(control)
        faked.destroy()


def test_cancel_is_never_gentle(boxd):
    with begin(boxd, SPIN, flags=support.STOP_GENTLY) as control:
        support.hello_of_init(control)
        boxd.kill(cause=0)
        assert boxd.ended()["end"] == support.END_CANCEL
        assert ends(control)
        boxd.destroy()


def test_memory_limit_ends_the_box(limited):
    ended, _, _ = limited.run(HOG, limits=maxima(memory=32 * MIB), wall_ms=15000)
    assert ended["end"] == support.END_MEMORY


def test_files_count_as_memory(limited):
    ended, _, _ = limited.run(["/usr/bin/head", "-c", "60M", "/dev/zero"], wall_ms=15000, limits=maxima(memory=32 * MIB))
    assert ended["end"] == support.END_EXIT
    script = "head -c 60M /dev/zero >/tmp/file; sleep 1000"
    ended, _, _ = limited.run(["/bin/sh", "-c", script], wall_ms=15000, limits=maxima(memory=32 * MIB))
    assert ended["end"] == support.END_MEMORY


def test_fork_bomb_hits_the_process_limit(limited):
    bomb = ["/bin/sh", "-c", "f() { f | f & }; f & exec sleep 1000"]
    ended, _, _ = limited.run(bomb, wall_ms=1000, limits=maxima(processes=16))
    assert ended["end"] == support.END_WALL
    assert ended["process_limit_hits"] > 0
    assert limited.run(["/t/do_nothing"])[0]["status"] == 0


def test_lower_limits_of_start_hold(limited):
    with limited.create(limits=maxima(memory=200 * MIB)) as control:
        control.send(init_start(HOG))
        control.send(struct.pack("=II", DATA, 0) + strings(HOG))
        limited.start(wall_ms=15000, limits=maxima(memory=32 * MIB))
        assert limited.ended()["end"] == support.END_MEMORY


def test_usage_is_told_while_a_program_runs(limited):
    script = ["/bin/sh", "-c", "head -c 20M /dev/zero >/tmp/f; echo; while :; do :; done"]
    with begin(limited, script) as control:
        fds = support.hello_of_init(control)
        assert os.read(fds[1], 1) == b"\n"
        memory, cpu = limited.usage()
        assert memory >= 20 * MIB and cpu > 0
        limited.kill()
        assert limited.ended()["end"] == support.END_CANCEL
        assert limited.usage() == (0, 0)
        limited.destroy()


def test_usage_of_a_spare_is_its_memory_alone(limited):
    with limited.create() as control:
        support.hello_of_init(control)
        memory, cpu = limited.usage()
        assert 0 < memory < 20 * MIB and cpu == 0


def test_usage_is_unknown_without_cgroups(boxd):
    with begin(boxd, SPIN) as control:
        support.hello_of_init(control)
        assert boxd.usage() == (0, 0)


@pytest.mark.parametrize("cause, end", [(0, support.END_CANCEL), (1, support.END_OUTPUT)])
def test_kill_tells_its_cause(either, cause, end):
    with begin(either, SPIN) as control:
        support.hello_of_init(control)
        either.kill(cause=cause)
        assert either.ended()["end"] == end


def test_first_cause_stays(boxd):
    with begin(boxd, SPIN, wall_ms=1):
        boxd.kill(cause=0)
        boxd.kill(cause=1)
        assert boxd.ended()["end"] in (support.END_CANCEL, support.END_WALL)
        boxd.destroy()


def test_kill_at_any_moment_is_answered_once(boxd):
    for delay_us in range(0, 4000, 100):
        with begin(boxd, ["/t/do_nothing"]):
            until = time.perf_counter() + delay_us / 1e6
            while time.perf_counter() < until:
                pass
            boxd.kill()
            assert boxd.ended()["end"] in (support.END_CANCEL, support.END_EXIT)
            boxd.destroy()


def test_killed_before_it_is_built_lets_the_server_know_at_once():
    """Those that still wait for a namespace have no init whose end would close the control socket."""
    with support.started(boxes=24) as boxd:
        controls = [begin(boxd, SLEEP, box=i) for i in range(24)]
        for i in range(24):
            boxd.kill(i)
        for control in controls:
            control.settimeout(5)
            assert ends(control)
        told = sorted(boxd.recv()[:2] for _ in controls)
        assert told == [(ENDED, i) for i in range(24)]
        for i in range(24):
            boxd.destroy(i)


def test_destroy_at_any_moment_is_answered(boxd):
    for delay_us in range(0, 4000, 100):
        with begin(boxd, SLEEP):
            until = time.perf_counter() + delay_us / 1e6
            while time.perf_counter() < until:
                pass
            boxd.destroy()


def test_spare_is_killed_and_destroyed(either):
    with either.create():
        either.kill()
        assert either.ended()["end"] == support.END_CANCEL
        either.destroy()


# --- what cannot be built --------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong, text", [
    ({"layers": (9,)}, "layer 9 is not in the catalogue"),
    ({"layers": ()}, "0 layers"),
    ({"count": 33}, "33 layers"),
    ({"box_class": 2}, "class"),
    ({"network": 1}, "network"),
    ({"filter_class": 1}, "filter"),
    ({"layers": (support.USR,)}, "the box's files"),
])
def test_create_that_cannot_be_done_fails_and_the_slot_is_free_after(either, wrong, text):
    with either.create(**wrong):
        message = either.recv()
        assert message[:2] == (FAILED, 0)
        assert text in failure(message)
        either.start()  # it was on its way
        either.destroy()
    assert either.run(["/t/do_nothing"])[0]["status"] == 0


def test_box_without_a_network_namespace_fails_alone():
    with support.started(user_ids=100, namespaces=3) as boxd:
        controls = [begin(boxd, ["/t/do_nothing"], box=i) for i in range(4)]
        messages = [boxd.recv() for _ in controls]
        assert {m[0] for m in messages} == {ENDED, FAILED}
        assert all("network namespace" in failure(m) for m in messages if m[0] == FAILED)


def test_program_that_is_not_there_fails(boxd):
    with begin(boxd, ["/t/nothing"]):
        kind, box, _ = message = boxd.recv()
        assert (kind, box) == (FAILED, 0), message
        boxd.destroy()


def test_server_that_closes_the_control_socket_ends_its_box(boxd):
    begin(boxd, SLEEP).close()
    kind, _, _ = boxd.recv()
    assert kind in (ENDED, FAILED)
    boxd.destroy()


# --- a server that was taken over ------------------------------------------------------------------------


def packet(*words):
    return struct.pack(f"={len(words)}I", *words)


def create_packet(box=0):
    return struct.pack("=II4I32I", support.CREATE, box, 0, 0, 0, 1, *[3] * 32) + maxima()


@pytest.mark.parametrize("data, descriptors", [
    (b"x", 0),
    (b"\0" * 8, 0),
    (b"\xff" * 8, 0),
    (b"\xff" * 65000, 0),
    (packet(DESTROY), 0),
    (packet(DESTROY, 0, 0), 0),
    (packet(DESTROY, 0), 0),
    (packet(DESTROY, 4), 0),
    (packet(DESTROY, 0xffffffff), 0),
    (packet(support.KILL, 0, 0), 0),
    (packet(support.START, 0) + bytes(56), 0),
    (packet(support.BOXD_HELLO, 0) + bytes(84), 0),
    (packet(support.MAPS, 0), 0),
    (packet(support.EXITED, 0) + bytes(32), 0),
    (create_packet(), 0),
    (create_packet(), 2),
    (create_packet(), 250),
    (create_packet(), 1),  # it is no socket
    (create_packet(4), 1),
    (create_packet()[:-1], 1),
    (create_packet() + b"x", 1),
], ids=range(21))
def test_bad_message_ends_the_connection(boxd, data, descriptors):
    with open("/dev/null", "rb") as null:
        boxd.send(data, [null.fileno()] * descriptors)
        assert boxd.recv() is None
    assert boxd.wait() == 1


@pytest.mark.parametrize("second", [
    create_packet(), packet(support.KILL, 0, 2), packet(support.START, 0) + bytes(56)], ids=["create", "cause", "start"])
def test_message_of_the_wrong_state_ends_the_connection_and_every_box(boxd, second):
    with begin(boxd, SLEEP), begin(boxd, SPIN, box=1):
        with open("/dev/null", "rb") as null:
            boxd.send(second, [null.fileno()] if second == create_packet() else [])
            assert boxd.recv() is None
        assert boxd.wait() == 1


def test_server_that_does_not_read_for_a_while_gets_every_answer():
    with support.started(boxes=1024) as boxd:
        for box in range(1024):
            boxd.create(box, layers=(9,)).close()
        assert sorted(boxd.recv()[:2] for _ in range(1024)) == [(FAILED, box) for box in range(1024)]


def test_server_that_never_reads_ends_the_connection(boxd):
    with pytest.raises(ConnectionError):
        for _ in range(100_000):
            boxd.create(0, layers=(9,)).close()
            boxd.send(packet(DESTROY, 0))
    assert boxd.wait() == 1


# --- an init that was taken over ---------------------------------------------------------------------------


@pytest.mark.parametrize("script", [
    b"x", b"m", b"xx", b"rr", b"rgm", b"o", b"u", b"s", b"d", b"c", b"q", b"k", b"z", b"rgr", b"rgq", b"rgk", b"rgc"])
def test_init_that_breaks_the_rules_is_lost(faked, script):
    with fake(faked, script):
        assert faked.ended()["end"] == support.END_LOST
        faked.destroy()
    with fake(faked, b"rgx"):
        assert faked.ended()["end"] == support.END_EXIT


def test_init_cannot_hold_boxd_up_with_what_it_sends(faked):
    """The last one to close a connection that lingers waits for it."""
    if tuple(int(n) for n in re.match(r"(\d+)\.(\d+)", os.uname().release).groups()) < (6, 16):
        cannot("before Linux 6.16 no socket refuses descriptors")
    with fake(faked, b"wl") as control:
        assert control.recv(1) == b"w"
        os.kill(faked.pid, signal.SIGSTOP)
        control.send(b"go")
        control.recv(1)  # nobody else has it open then
        os.kill(faked.pid, signal.SIGCONT)
        assert faked.ended()["end"] == support.END_LOST
        faked.destroy()


def test_failure_of_init_is_passed_on(faked):
    with fake(faked, b"rf"):
        message = faked.recv()
        assert message[0] == FAILED and set(failure(message)) == {"f"}


def test_init_that_ends_after_exited_is_not_told_twice(faked):
    with fake(faked, b"rgxq"):
        assert faked.ended()["end"] == support.END_EXIT
        faked.destroy()


def test_init_that_is_never_ready_is_killed(faked):
    with fake(faked, b"b"):
        faked.kill()
        assert faked.ended()["end"] == support.END_CANCEL
        faked.destroy()


# --- the end -----------------------------------------------------------------------------------------------


def test_end_of_the_server_ends_every_box(either):
    controls = [begin(either, argv, box=i) for i, argv in enumerate((SLEEP, SPIN))]
    for control in controls:
        support.hello_of_init(control)
    either.sock.close()
    assert either.wait() == 0
    assert all(ends(control) for control in controls)


def test_sigterm_ends_every_box(boxd):
    with begin(boxd, SLEEP) as control:
        support.hello_of_init(control)
        os.kill(boxd.pid, signal.SIGTERM)
        assert boxd.wait() == 0
        assert ends(control)


@pytest.mark.parametrize("argv", [SLEEP, SPIN], ids=["sleep", "spin"])
def test_death_of_boxd_ends_every_box(boxd, argv):
    with begin(boxd, argv) as control, boxd.create(1) as spare:
        support.hello_of_init(control)
        support.hello_of_init(spare)
        os.kill(boxd.pid, signal.SIGKILL)
        boxd.wait()
        assert ends(control) and ends(spare)


def test_nothing_is_kept_of_a_box_that_is_gone(either):
    def descriptors():
        return sorted(os.readlink(f"/proc/{either.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{either.pid}/fd"))

    def kinds():
        return [re.sub(r"\d+", "", name) for name in descriptors()]

    either.run(["/t/do_nothing"])
    either.settle()
    before = kinds()
    for _ in range(10):
        either.run(["/t/do_nothing"])
        either.run(SLEEP, wall_ms=1)
        with either.create(layers=(9,)):
            either.recv()
            either.destroy()
        with either.create():
            either.destroy()
    either.settle()
    assert kinds() == before


# --- what boxd is told by its parent -------------------------------------------------------------------------


@pytest.mark.parametrize("raw, text", [
    (b"x", "not sealed"),
    (support.config(boxes=0), "boxes is 0"),
    (support.config(boxes=1025), "boxes is 1025"),
    (support.config(flags=32), "flags"),
    (support.config(cgroup=3), "cgroup"),
    (support.config(id_base=0), "id_base"),
    (support.config(id_base=0xfffffff8), "id_base"),
    (support.config(limits=maxima(disk=0)), "maximum of 0"),
    (support.config(limits=maxima(processes=0)), "processes"),
    (support.config(layers=[(1, b"usr"), (1, b"")]), "layer 1 is there twice"),
    (support.config(layers=[(1, b"../usr")]), "bad target"),
    (support.config(layers=[(1, b"/usr")]), "bad target"),
    (support.config(layers=[(1, b"usr//lib")]), "bad target"),
    (support.config(layers=[(1, b"u" * 28)]), "bad target"),
], ids=range(14))
def test_bad_config_stops_the_start(raw, text, capfd):
    boxd = Boxd(*support.programs(), raw_config=raw)
    assert boxd.recv() is None
    assert boxd.close() == 1
    assert text in capfd.readouterr().err
