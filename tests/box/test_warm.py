# SPDX-License-Identifier: Apache-2.0
"""Programs that were started before their files are there: belljar-init alone, this side speaks for the others."""
import contextlib
import ctypes
import functools
import glob
import operator
import os
import pathlib
import signal
import stat
import struct
import subprocess

import pytest

from support.init_box import FLAG, Ended, InitBox, read_archive, read_rest, until
from support.server import cannot

NAME_EVENTS = {0x40: "moved from", 0x80: "moved to", 0x100: "made", 0x200: "removed"}  # inotify(7)


@pytest.fixture
def box():
    with InitBox() as made:
        yield made.hello()


@pytest.fixture(params=[True, False], ids=["two_ids", "single_id"])
def either_box(request):
    with InitBox(two_ids=request.param) as made:
        yield made.hello()


def finish(box):
    """Exit code, stdout, stderr of what GO was given."""
    box.close_stdin()
    status = box.exited()[0]
    return os.waitstatus_to_exitcode(status), read_rest(box.stdout), read_rest(box.stderr)


def run_warm(box, argv, wait, files, stdin=b"", **more):
    box.warm(argv, wait, **more)
    box.until_waiting()
    box.start_warmed(files).go()
    os.write(box.stdin, stdin)
    return finish(box)


def seen_in_box(box):
    return {name: stat.S_IFMT(os.lstat(f"/proc/{box.pid}/root/box/{name}").st_mode)
            for name in os.listdir(f"/proc/{box.pid}/root/box")}


def state_of(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]


@pytest.fixture(scope="module")
def java(tmp_path_factory):
    """The command and the class file of a program."""
    found = sorted(glob.glob("/usr/lib/jvm/*/bin/javac"))
    if not found:
        cannot("there is no javac in /usr/lib/jvm")
    folder = tmp_path_factory.mktemp("java")
    (folder / "Main.java").write_text(
        "class Main { public static void main(String[] a) { System.out.println(a[0] + a.length); System.exit(4); } }")
    subprocess.run([found[-1], "Main.java"], cwd=folder, check=True)
    return found[-1][:-1], (folder / "Main.class").read_bytes()


# --- it is the program that it would have been -----------------------------------------------------


@pytest.mark.parametrize("argv,wait,source,out", [
    (["python3", "main.py", "a"], "main.py", b"import sys\nprint(sys.argv, __file__, sys.stdin.read())\nsys.exit(4)",
     b"['main.py', 'a'] /box/main.py in\n"),
    (["bash", "main.sh", "a"], "main.sh", b"read x\necho $0 $1 $x\nexit 4\n", b"main.sh a in\n"),
    (["perl", "main.pl", "a"], "main.pl", b"print \"$0 @ARGV \", <STDIN>; exit 4", b"main.pl a in"),
], ids=["python", "bash", "perl"])
def test_a_warm_program_runs_its_file(either_box, argv, wait, source, out):
    assert run_warm(either_box, argv, wait, {wait: source}, b"in") == (4, out, b"")


def test_a_program_of_many_threads_runs_its_file(box, java):
    command, code = java
    box.warm([command, "-XX:TieredStopAtLevel=1", "-cp", ".", "Main", "x"], "Main.class", open_files=4096)
    pid = box.until_waiting()
    assert len(os.listdir(f"/proc/{pid}/task")) > 5
    box.start_warmed({"Main.class": code}).go()
    assert finish(box) == (4, b"x1\n", b"")


@pytest.mark.parametrize("by", ["memfd", "frames", "archive"])
def test_the_files_come_in_every_way(either_box, by):
    either_box.warm(["bash", "main.sh"], "main.sh", by="frames" if by == "archive" else by)
    either_box.until_waiting()
    either_box.start_warmed({"main.sh": b"cat d/e | wc -c\n", "d/e": bytes(70_000)}, by=by).go()
    assert finish(either_box) == (0, b"70000\n", b"")


def test_a_start_in_the_middle_of_the_boot_finds_the_file(either_box):
    either_box.warm(["python3", "main.py"], "main.py").start_warmed({"main.py": b"print(__file__)"}).go()
    assert finish(either_box) == (0, b"/box/main.py\n", b"")


def test_a_program_that_opens_something_else_runs_as_ever(box):
    box.warm(["bash", "-c", "read x; cat main.sh; echo $x"], "main.sh")
    box.start_warmed({"main.sh": b"text\n"}).go()
    os.write(box.stdin, b"line\n")
    assert finish(box) == (0, b"text\nline\n", b"")


def test_a_file_that_never_comes_is_missing(box):
    code, out, err = run_warm(box, ["bash", "main.sh"], "main.sh", {"other": b""})
    assert (code, out) == (127, b"") and b"No such file" in err


def test_the_child_of_a_wrapper_is_warm_too(box):
    box.warm(["bash", "-c", "python3 main.py; exit $(($? + 1))"], "main.py")
    until(lambda: len(box.processes()) == 3, "a wrapper and its child")
    box.start_warmed({"main.py": b"import sys\nprint('here')\nsys.exit(4)"}).go()
    assert finish(box) == (5, b"here\n", b"")


def test_streams_can_be_one(box):
    code, out, err = run_warm(box, ["bash", "main.sh"], "main.sh", {"main.sh": b"echo 1; echo 2 >&2; echo 3"},
                              flags=FLAG["BOX_START_MERGE_STDERR"])
    assert (code, out, err) == (0, b"1\n2\n3\n", b"")


def test_files_are_stdio_and_stdin_may_be_filled_late(box):
    files = [os.memfd_create(name, os.MFD_ALLOW_SEALING) for name in ("in", "out", "err")]
    box.warm(["bash", "main.sh"], "main.sh", stdio="FILE", stdio_fds=files)
    box.until_waiting()
    os.pwrite(files[0], b"late", 0)
    box.start_warmed({"main.sh": b"cat; echo oops >&2"}).go()
    assert box.exited()[0] == 0
    assert [os.pread(fd, 100, 0) for fd in files[1:]] == [b"late", b"oops\n"]


def test_what_it_prints_early_is_kept(box):
    box.warm(["bash", "-c", "echo early; . ./main.sh"], "main.sh")
    box.until_waiting()
    box.start_warmed({"main.sh": b"echo late"}).go()
    assert finish(box) == (0, b"early\nlate\n", b"")


def test_its_files_can_be_collected_and_its_start_is_told(box):
    box.warm(["bash", "main.sh"], "main.sh")
    box.until_waiting()
    box.start_warmed({"main.sh": b"echo 1 >made"}, flags=FLAG["BOX_START_TELL"], collect=("made",)).go()
    box.expect(box.control, "STARTED")
    assert box.exited()[0] == 0
    data, last = box.product()
    assert [(path, text) for _, path, _, text in read_archive(data)] == [("made", b"1\n")]
    assert last == "COLLECTED"


def test_a_signal_and_a_stop_reach_it(box):
    box.warm(["bash", "main.sh"], "main.sh")
    box.until_waiting()
    box.start_warmed({"main.sh": b"trap 'echo got' USR1; echo up; read x; read x"}).go()
    assert os.read(box.stdout, 10) == b"up\n"
    box.send(box.control, "SIGNAL", signal.SIGUSR1.to_bytes(4, "little"))
    assert os.read(box.stdout, 10) == b"got\n"
    box.send(box.watch, "STOP")
    assert os.waitstatus_to_exitcode(box.exited()[0]) == -signal.SIGKILL


# --- nothing of the job before GO, nothing of the warm-up after it -----------------------------------


def test_the_program_is_stopped_until_go(either_box):
    either_box.warm(["bash", "main.sh"], "main.sh")
    pid = either_box.until_waiting()
    assert seen_in_box(either_box) == {"main.sh": stat.S_IFIFO}
    either_box.start_warmed({"main.sh": b"echo ran"})
    either_box.expect(either_box.watch, "READY")
    assert state_of(pid) == "T"
    assert seen_in_box(either_box) == {"main.sh": stat.S_IFREG}
    either_box.send(either_box.watch, "GO")
    assert finish(either_box) == (0, b"ran\n", b"")


def test_the_program_finds_no_trace_of_the_fifo(box):
    script = b"""import os, stat
print(os.listdir("."), stat.S_ISREG(os.stat("main.py").st_mode), oct(os.stat("main.py").st_mode), os.stat("main.py").st_nlink)
print([stat.S_ISFIFO(os.stat(fd).st_mode) for fd in range(3)], os.listdir("/proc/self/fd"))
print(sorted(pid for pid in os.listdir("/proc") if pid.isdigit()))
"""
    code, out, _ = run_warm(box, ["python3", "main.py"], "main.py", {"main.py": script})
    lines = out.decode().splitlines()
    assert (code, lines[:2]) == (0, ["['main.py'] True 0o100644 1",
                                     "[True, True, True] ['0', '1', '2', '3']"])  # 3 is the directory that it reads
    assert len(eval(lines[2])) == 2  # init and itself: what unpacked is buried


@contextlib.contextmanager
def names_watched(folder):
    """A list that at the end holds (event, name) of all that happens to the names of this directory."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    assert libc.inotify_add_watch(fd, os.fsencode(folder), functools.reduce(operator.or_, NAME_EVENTS)) >= 0
    happened = []
    yield happened
    data = os.read(fd, 65536)
    os.close(fd)
    while data:
        _, mask, _, length = struct.unpack_from("iIII", data)
        happened.append((NAME_EVENTS[mask], data[16:16 + length].rstrip(b"\0")))
        data = data[16 + length:]


def test_the_name_of_its_file_is_never_missing(box):
    """A child of the program may be in the middle of open(), and is not stopped before that is over."""
    box.warm(["bash", "main.sh"], "main.sh")
    box.until_waiting()
    with names_watched(f"/proc/{box.pid}/root/box") as happened:
        box.start_warmed({"a": b"", "main.sh": b"exit 4", "b": b""}).go()
        assert finish(box)[0] == 4
    assert ("moved to", b"main.sh") in happened
    assert [event for event, name in happened if name == b"main.sh" and event != "moved to"] == []


def open_files(pid):
    """What its descriptors are; one that is closed between two looks is not open."""
    found = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:
            pass
    return found


def test_init_keeps_nothing_open_of_a_warm_up(box):
    box.warm(["bash", "main.sh"], "main.sh", by="memfd")
    box.until_waiting()
    box.start_warmed({"main.sh": b"read x"}, by="archive", flags=FLAG["BOX_START_TELL"]).go()
    box.expect(box.control, "STARTED")
    found = open_files(box.pid)
    assert not [target for target in found if "memfd" in target]
    assert len([target for target in found if "pipe" in target]) == 2  # the program's output


def test_its_limits_and_rights_are_those_of_any_program(box):
    script = b"""import resource as r
print([r.getrlimit(getattr(r, "RLIMIT_" + n)) for n in ("CORE", "FSIZE", "AS", "CPU", "NOFILE", "NPROC")])
print([l.split()[1] for l in open("/proc/self/status") if l.startswith(("Uid", "CapEff", "CapBnd", "Seccomp:", "NoNewPrivs",
"SigBlk", "SigIgn"))])
"""
    limits = {"file": 1 << 20, "address": 1 << 30, "cpu": 5, "open_files": 99, "processes": 77}
    warm = run_warm(box, ["python3", "main.py"], "main.py", {"main.py": script}, **limits)
    with InitBox() as cold:
        assert warm == cold.run(["python3", "main.py"], {"main.py": script}, **limits)
    assert b"(5, 6), (99, 99), (77, 77)" in warm[1]


BURN = "import time\nwhile time.process_time() < %s: pass\nexec(open('main.py').read())"


def test_the_cpu_time_of_the_warm_up_is_not_the_jobs(box):
    box.warm(["python3", "-c", BURN % .3], "main.py")
    box.until_waiting()
    box.start_warmed({"main.py": b"print(time.process_time())", "big": bytes(4 << 20)}).go()
    assert 0 <= box.exited()[2] < .15
    assert float(read_rest(box.stdout)) >= .3


def test_a_warm_up_that_used_the_job_s_own_cpu_time_fails(box):
    box.warm(["python3", "-c", BURN % 1.], "main.py")
    box.until_waiting()
    box.start_warmed({"main.py": b"print(1)"})
    kind, _, text = box.failed()
    assert kind == "LIMIT" and "CPU time" in text
    assert box.failed(box.watch)[0] == "LIMIT"
    assert read_rest(box.stdout) == b""


# --- when it goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize("argv", [["bash", "-c", "exit 3"], ["python3", "-Q", "main.py"], ["bash", "-c", "kill -9 $$"]],
                         ids=["exits", "usage", "killed"])
def test_a_warm_up_that_ends_early_fails_on_both_sockets(either_box, argv):
    either_box.warm(argv, "main.py")
    for sock in (either_box.control, either_box.watch):
        kind, _, text = either_box.failed(sock)
        assert kind == "GONE" and "before its files" in text
    until(lambda: either_box.processes() == [either_box.pid], "an empty box")


def test_a_program_that_is_killed_as_it_waits_fails(box):
    box.warm(["python3", "main.py"], "main.py")
    os.kill(box.until_waiting(), signal.SIGKILL)
    assert box.failed()[0] == "GONE"
    assert box.failed(box.watch)[0] == "GONE"


def test_a_program_that_is_killed_between_ready_and_go_has_ended(box):
    box.warm(["python3", "main.py"], "main.py")
    pid = box.until_waiting()
    box.start_warmed({"main.py": b"print(1)"})
    box.expect(box.watch, "READY")
    os.kill(pid, signal.SIGKILL)
    box.send(box.watch, "GO")
    assert os.waitstatus_to_exitcode(box.exited()[0]) == -signal.SIGKILL
    assert read_rest(box.stdout) == b""


def test_a_warm_box_ends_with_the_server(box):
    box.warm(["python3", "main.py"], "main.py")
    box.until_waiting()
    box.control.close()
    with pytest.raises(Ended):
        box.recv(box.watch)


def test_a_warm_box_ends_with_boxd(box):
    box.warm(["python3", "main.py"], "main.py")
    box.until_waiting()
    box.watch.close()
    with pytest.raises(Ended):
        box.recv(box.control)


SPAWN = """
import os
os.posix_spawn("/bin/cat", ["cat", "main.py"], {}, file_actions=[(os.POSIX_SPAWN_OPEN, 5, "main.py", os.O_RDONLY, 0)])
"""


def test_a_program_that_cannot_be_stopped_fails(box):
    """Its child shares its memory until it is another program, and waits for the file before that."""
    box.warm(["python3", "-c", SPAWN], "main.py")
    until(lambda: len(box.processes()) == 3, "a program and its child")
    box.start_warmed({"main.py": b""})
    kind, _, text = box.failed()
    assert kind == "BUSY" and "stop" in text
    assert box.failed(box.watch)[0] == "BUSY"


SPAWN_LATE = """
import os
os.mkfifo("gate")
pid = os.posix_spawn("/bin/cat", ["cat", "main.py"], {}, file_actions=[(os.POSIX_SPAWN_OPEN, 5, "gate", os.O_RDONLY, 0)])
os.waitpid(pid, 0)
os.remove("gate")
"""


def test_a_program_that_cannot_be_stopped_yet_is_stopped_later(box):
    """It stands still until its child is another program, and the child was stopped before that."""
    box.warm(["python3", "-c", SPAWN_LATE], "main.py")
    until(lambda: len(box.processes()) == 3, "a program and its child")
    child = max(box.processes())
    box.start_warmed({"main.py": b"later\n"})
    until(lambda: state_of(child) == "T", "a child that was stopped")
    gate = os.open(f"/proc/{box.pid}/root/box/gate", os.O_RDWR | os.O_NONBLOCK)
    box.go()
    assert finish(box) == (0, b"later\n", b"")
    os.close(gate)


def test_a_program_that_is_not_there_fails(box):
    box.warm(["nonsuch", "main.py"], "main.py")
    assert box.failed()[0] == "NOT_FOUND"
    assert box.failed(box.watch)[0] == "NOT_FOUND"


def test_files_that_do_not_fit_are_told_as_a_limit_before_go(box):
    box.warm(["bash", "main.sh"], "main.sh")
    box.until_waiting()
    box.start_warmed({"main.sh": b"echo ran", "big": bytes(17 << 20)})
    assert box.failed()[0] == "LIMIT"
    assert box.failed(box.watch)[0] == "LIMIT"
    assert read_rest(box.stdout) == b""


@pytest.mark.parametrize("wait", ["", ".", "..", "../x", "a/b", "/etc/passwd", ".x", "-x", "a b", "a\nb", "x" * 129])
def test_only_a_plain_name_can_be_waited_for(box, wait):
    box.warm(["true"], wait)
    assert box.failed()[0] == "INVALID"
    assert box.failed(box.watch)[0] == "INVALID"


@pytest.mark.parametrize("change", [
    {"stdio": "PTY"}, {"raw_archive": b"x"}, {"flags": FLAG["BOX_START_TELL"]}, {"flags": FLAG["BOX_START_COLLECT"]},
    {"flags": FLAG["BOX_START_WARMED"]}, {"counts": (1, 1, 0)}, {"counts": (1, 0, 2)},
], ids=str)
def test_a_wrong_warm_up_fails(box, change):
    more = {"message": "WARM", "collect": ("x",), "collecting": False, **change}
    box.start(["true"], **more)
    assert box.failed()[0] == "INVALID"
    assert box.failed(box.watch)[0] == "INVALID"


@pytest.mark.parametrize("start", [
    {"argv": ()}, {"argv": ["true"], "flags": FLAG["BOX_START_WARMED"]}, {"argv": ["true"]},
    {"argv": (), "flags": FLAG["BOX_START_WARMED"], "stdio": "PTY"},
    {"argv": (), "flags": FLAG["BOX_START_WARMED"] | FLAG["BOX_START_MERGE_STDERR"]},
], ids=str)
def test_a_wrong_start_of_a_warm_program_fails(box, start):
    box.warm(["bash", "main.sh"], "main.sh")
    box.until_waiting()
    box.start(env=(), **start)
    assert box.failed()[0] == "INVALID"
    assert box.failed(box.watch)[0] == "INVALID"


def test_only_a_warm_program_can_be_started_as_one(box):
    box.start_warmed({"main.sh": b""})
    assert box.failed()[0] in ("INVALID", "LIMIT")


def test_a_second_warm_up_ends_the_box(box):
    box.warm(["bash", "main.sh"], "main.sh").warm(["bash", "main.sh"], "main.sh")
    with pytest.raises(Ended):
        box.recv(box.watch)
