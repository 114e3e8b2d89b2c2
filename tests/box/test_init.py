# SPDX-License-Identifier: Apache-2.0
"""belljar-init alone: one box each, in which this side speaks as boxd and as the server."""
import hashlib
import os
import pathlib
import signal
import socket
import struct
import subprocess
import time

import pytest

from support import init_box
from support.init_box import DIR, FILE, LINK, Ended, InitBox, archive, entry, read_archive, read_rest, read_some


@pytest.fixture
def box():
    with InitBox() as made:
        yield made


@pytest.fixture(params=[True, False], ids=["two_ids", "single_id"])
def either_box(request):
    with InitBox(two_ids=request.param) as made:
        yield made


def sh(script, **more):
    return {"argv": ["bash", "-c", script], **more}


# --- start ---------------------------------------------------------------------------------------


def test_hello_brings_three_pipe_ends(box):
    box.hello()
    for fd in (box.stdin, box.stdout, box.stderr):
        assert os.readlink(f"/proc/self/fd/{fd}").startswith("pipe:")


def test_start_works_when_no_low_descriptor_is_open():
    with InitBox(close_low_fds=True) as box:
        assert box.run(["cat"], stdin=b"x") == (0, b"x", b"")


def test_init_keeps_nothing_open_but_its_own(box):
    box.hello()
    box.start(["cat"], flags=init_box.FLAG["BOX_START_TELL"]).go()
    box.expect(box.control, "STARTED")
    targets = sorted(os.readlink(f"/proc/{box.pid}/fd/{fd}").split(":")[0] for fd in os.listdir(f"/proc/{box.pid}/fd"))
    rules = ["anon_inode"] if landlock_abi() >= 2 else []
    output = ["pipe", "pipe"]  # which are at their end when boxd says so, and wake nobody before
    assert targets == [*rules, "anon_inode", *output, "socket", "socket"]


def test_init_is_not_dumpable(box):
    box.hello()
    assert os.stat(f"/proc/{box.pid}/mem").st_uid == 0


def test_a_bad_filter_is_refused():
    with InitBox(filter_bytes=b"\0" * 7) as box:
        box.hello()
        kind, _, text = box.failed()
        assert kind == "INVALID" and "filter" in text
        assert box.failed(box.watch)[0] == "INVALID"


def test_an_empty_filter_is_refused():
    with InitBox(filter_bytes=b"") as box:
        box.hello()
        assert box.failed()[0] == "INVALID"


@pytest.mark.parametrize("by", ["memfd", "frames", "archive"])
def test_payload_arrives(either_box, by):
    files = {"main.txt": b"hello", "a/b/c.txt": bytes(range(256)) * 1000, "empty": b""}
    code, out, err = either_box.run(["sha1sum", "main.txt", "a/b/c.txt", "empty"], files, by=by)
    assert (code, err) == (0, b"")
    assert [line.split()[0] for line in out.decode().splitlines()] == [
        hashlib.sha1(data).hexdigest() for data in files.values()]


@pytest.mark.parametrize("frame", [1, 7, 65528])
def test_frames_may_be_cut_anywhere(box, frame):
    size = 300 if frame < 100 else 200_000
    assert box.run(["wc", "-c", "x/y"], {"x/y": b"q" * size}, by="frames", frame=frame)[1] == b"%d x/y\n" % size


@pytest.mark.parametrize("by", ["frames", "archive"])
@pytest.mark.parametrize("inline", [1, 7, 40, 60_000])
def test_a_payload_may_begin_in_the_start(either_box, by, inline):
    files = {"a": b"A" * 30, "b/c": b"B" * 50_000}
    assert either_box.run(["cat", "a", "b/c"], files, by=by, inline=inline) == (0, b"".join(files.values()), b"")


def test_a_start_with_more_than_it_announces_fails(box):
    start = init_box.START.pack(init_box.MSG["BOX_MSG_INIT_START"], 0, 0, 0, 1, 0, 0, 5, 0, *[0] * 5, 64, 0, 0, 0, 0)
    box.hello().control.send(start + b"true\0x")
    assert box.failed()[0] == "INVALID"


def test_a_start_with_two_payloads_fails(box):
    start = init_box.START.pack(init_box.MSG["BOX_MSG_INIT_START"], 0, init_box.FLAG["BOX_START_PAYLOAD_FD"], 0,
                                1, 0, 0, 5, 0, *[0] * 5, 64, 0, 0, 0, 0)
    with os.fdopen(os.memfd_create("payload"), "w+b") as payload:
        payload.write(b"true\0")
        payload.flush()
        socket.send_fds(box.hello().control, [start, b"true\0"], [payload.fileno()])
    assert box.failed()[0] == "INVALID"


def test_a_spare_box_starts_late(box):
    box.hello()
    box.start(["true"])
    box.go()
    assert box.exited()[0] == 0


def lines_of_status(pid):
    return dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)


def test_who_waits_for_start_is_the_programs_user_without_any_privilege(box):
    box.hello()
    pid = box.program()
    init_box.until(lambda: lines_of_status(pid)["CapPrm"].strip("0") == "", "the process to drop its rights")
    seen = lines_of_status(pid)
    assert set(seen["Uid"].split()) == set(seen["Gid"].split()) == {str(init_box.HOST_UID + 1)}
    assert seen["Groups"].strip() == ""
    assert {seen[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {"0" * 16}
    assert (seen["NoNewPrivs"], seen["Seccomp"]) == ("1", "2")
    box.start(["sh", "-c", "echo $PPID $(cut -d' ' -f6 /proc/self/stat)"])
    box.expect(box.watch, "READY")
    assert box.program() == pid
    box.send(box.watch, "GO")
    assert box.exited()[0] == 0
    assert read_rest(box.stdout) == b"1 2\n"


def test_a_spare_box_sleeps_and_is_no_load(box):
    """Who waits for a process of vfork is in state D, and counts as one that would run."""
    box.hello()
    pids = box.pid, box.program()
    init_box.until(lambda: {lines_of_status(pid)["State"].split()[0] for pid in pids} == {"S"}, "all of the box to sleep")


def test_a_spare_box_whose_process_is_killed_says_so(box):
    box.hello()
    os.kill(box.program(), signal.SIGKILL)
    assert "its process was ended by signal 9" in box.failed()[2]
    assert "its process was ended by signal 9" in box.failed(box.watch)[2]


def test_a_process_that_is_killed_before_its_first_call_is_heard_of():
    """On one processor the kill comes before the new process has run, now and then."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        for _ in range(40):
            with InitBox() as box:
                children = pathlib.Path(f"/proc/{box.pid}/task/{box.pid}/children")
                os.kill(int(init_box.until(lambda path=children: path.read_text().split(), "the process")[0]), signal.SIGKILL)
                assert "signal 9" in box.hello().failed()[2]
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize("change", [
    {"counts": (0, 1, 0)}, {"counts": (1, 0, 0)}, {"counts": (5, 1, 0)}, {"counts": (1, 1, 70000)},
    {"counts": (0xffffffff, 0xffffffff, 0xffffffff)}, {"stdio": "FILE"}, {"flags": 1 << 30},
    {"collect": ("../x",)}, {"collect": ("/etc",)}, {"collect": ("",)},
], ids=str)
def test_a_wrong_start_fails_on_both_sockets(box, change):
    box.hello().start(["true"], **change)
    assert box.failed()[0] in ("INVALID", "LIMIT")
    assert box.failed(box.watch)[0] in ("INVALID", "LIMIT")


def test_a_payload_of_another_size_fails(box):
    box.hello()
    with os.fdopen(os.memfd_create("short"), "wb") as short:
        start = init_box.START.pack(init_box.MSG["BOX_MSG_INIT_START"], 0, init_box.FLAG["BOX_START_PAYLOAD_FD"], 0,
                                    1, 0, 0, 5, 100, *[0] * 5, 64, 0, 0, 0, 0)
        socket.send_fds(box.control, [start], [short.fileno()])
    assert box.failed()[0] == "INVALID"


@pytest.mark.parametrize("packet", [b"", b"x", struct.pack("@II", 1, 0), struct.pack("@II", 999, 0), b"\0" * 5000])
def test_nonsense_on_the_control_socket_ends_the_box(box, packet):
    box.hello()
    box.control.send(packet)
    with pytest.raises(Ended):
        box.recv(box.watch)


def test_two_million_bytes_of_arguments_reach_the_program(box):
    argv = ["bash", "-c", "echo $# ${#1}", "x"] + ["a" * 100_000] * 20
    assert box.run(argv, stack=64 << 20) == (0, b"20 100000\n", b"")


def test_too_long_arguments_are_told(box):
    box.hello().start(["true", "a" * 200_000]).go()
    kind, _, text = box.failed()
    assert kind == "LIMIT" and "'" in text


# --- the files -----------------------------------------------------------------------------------


def test_files_have_the_modes_of_their_entries(box):
    files = {"plain": (FILE, b"", 0o600), "run": (FILE, b"", 0o700), "d": (DIR, b"", 0o700)}
    assert box.run(["stat", "-c", "%n %a %u %g", "plain", "run", "d"], files)[1].splitlines() == [
        b"plain 644 1000 1000", b"run 744 1000 1000", b"d 755 1000 1000"]


def test_the_last_of_two_files_with_one_name_stays(box):
    raw = entry(FILE, "a", b"first, and longer") + entry(FILE, "a", b"second")
    assert box.run(["cat", "a"], raw_archive=raw)[1] == b"second"


def test_links_are_made_as_links(box):
    files = {"d/target": b"yes", "l": (LINK, b"d/target", 0o777)}
    assert box.run(sh("readlink l; cat l")["argv"], files)[1] == b"d/target\nyes"


@pytest.mark.parametrize("path", ["l", "l/x", "l/x/y"])
@pytest.mark.parametrize("target", [b"/tmp", b"../tmp", b"d", b"/proc/self/cwd"])
def test_no_entry_passes_through_a_link(box, path, target):
    raw = entry(DIR, "d") + entry(LINK, "l", target) + entry(FILE, path, b"evil")
    box.hello().start(["true"], raw_archive=raw)
    kind, _, text = box.failed()
    assert kind == "INVALID" and path in text
    assert not os.listdir(f"/proc/{box.pid}/root/tmp")


@pytest.mark.parametrize("path", ["/etc/x", "../x", "a/../../x", "a//b", "./a", "a/", "", "."])
def test_bad_paths_are_refused(box, path):
    box.hello().start(["true"], raw_archive=entry(FILE, path, b""))
    assert box.failed()[0] == "INVALID"
    assert box.failed(box.watch)[0] == "INVALID"


def test_a_file_that_is_also_a_directory_is_refused(box):
    box.hello().start(["true"], raw_archive=entry(FILE, "a", b"") + entry(FILE, "a/b", b""))
    kind, _, text = box.failed()
    assert kind == "INVALID" and "a/b" in text


@pytest.mark.parametrize("raw", [b"x" * 10, entry(FILE, "a", b"12345")[:-1], struct.pack("@IIIIQ", 9, 0, 1, 0, 0)])
@pytest.mark.parametrize("by", ["memfd", "frames"])
def test_a_broken_archive_is_refused(box, raw, by):
    box.hello().start(["true"], raw_archive=raw, by=by)
    assert box.failed()[0] == "INVALID"


def test_files_that_do_not_fit_are_told_as_a_limit(box):
    box.hello().start(["true"], {"big.bin": bytes(17 << 20)})
    kind, _, text = box.failed()
    assert kind == "LIMIT" and "big.bin" in text and "room" in text


def test_too_many_files_are_told_as_a_limit(box):
    box.hello().start(["true"], {f"f{i}": b"" for i in range(2500)})
    assert box.failed()[0] == "LIMIT"


# --- the program ---------------------------------------------------------------------------------


def test_stdin_reaches_the_program_and_ends(either_box):
    assert either_box.run(["cat"], stdin=b"some input") == (0, b"some input", b"")


def test_streams_are_apart(box):
    assert box.run(**sh("echo out; echo err >&2")) == (0, b"out\n", b"err\n")


def test_streams_can_be_opened_by_name(either_box):
    script = "cat /proc/self/fd/0; echo out >/proc/self/fd/1; echo err >/proc/self/fd/2"
    assert either_box.run(**sh(script), stdin=b"in\n") == (0, b"in\nout\n", b"err\n")


def test_streams_can_be_one(box):
    flags = init_box.FLAG["BOX_START_MERGE_STDERR"]
    assert box.run(**sh("echo out; echo err >&2; echo out"), flags=flags) == (0, b"out\nerr\nout\n", b"")


@pytest.mark.parametrize("script,code", [("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -SEGV $$", -11),
                                         ("kill -KILL $$", -9), ("kill -TERM $$", -15)])
def test_the_wait_status_is_the_programs_own(either_box, script, code):
    assert either_box.run(**sh(script))[0] == code


def test_the_environment_is_what_start_says(box):
    assert box.run(["/usr/bin/env"], env=("A=1", "B=two words", "A=2"))[1] == b"A=1\nB=two words\nA=2\n"


def test_the_program_is_a_user_without_any_privilege(box):
    out = box.run(["cat", "/proc/self/status"])[1].decode()
    fields = dict(line.split(":\t", 1) for line in out.splitlines() if ":\t" in line)
    assert fields["Uid"] == fields["Gid"] == "1000\t1000\t1000\t1000"
    assert fields["Groups"].strip() == ""
    assert {fields[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb", "SigBlk", "SigIgn")} == {"0" * 16}
    assert (fields["NoNewPrivs"], fields["Seccomp"], fields["Umask"]) == ("1", "2", "0022")


@pytest.mark.parametrize("by", ["memfd", "archive", "frames"])
def test_the_program_holds_three_descriptors(either_box, by):
    out = either_box.run(["ls", "-1", "/proc/self/fd"], {"x": b"12"}, by=by)[1]
    assert out == b"0\n1\n2\n3\n"  # 3 is the directory that ls reads


@pytest.mark.parametrize("stdio", ["PTY", "FILE"])
def test_the_program_holds_three_descriptors_of_other_streams(either_box, stdio):
    fds = [os.memfd_create(name) for name in ("in", "out", "err")] if stdio == "FILE" else []
    either_box.hello().start(["sh", "-c", "ls /proc/self/fd >x"], stdio=stdio, stdio_fds=fds, size=(3, 4),
                             collect=("x",)).go()
    if stdio == "PTY":
        fds = either_box.expect(either_box.control, "STARTED", 1)[1]
    assert either_box.exited()[0] == 0
    assert read_archive(either_box.product()[0])[0][-1] == b"0\n1\n2\n3\n"
    for fd in fds:
        os.close(fd)


def test_the_program_leads_a_session_in_the_work_directory(box):
    out = box.run(["python3", "-c", "import os; print(os.getcwd(), os.getsid(0) == os.getpid() == os.getpgid(0))"])[1]
    assert out == b"/box True\n"


def test_the_program_may_dump_and_init_may_not_be_opened(box):
    out = box.run(**sh("cat /proc/self/environ >/dev/null && echo own; cat /proc/1/environ; ls /proc/1/fd; "
                       "kill -9 1; echo alive"))[1]
    assert out == b"own\nalive\n"


def test_limits_are_those_of_start(box):
    out = box.run(["python3", "-c", "import resource as r\nfor n in ('CORE','STACK','FSIZE','AS','CPU','NOFILE','NPROC'):"
                   "print(*r.getrlimit(getattr(r, 'RLIMIT_' + n)))"],
                  stack=32 << 20, file=1 << 20, address=1 << 30, cpu=5, open_files=99, processes=77)[1]
    assert out.decode().split("\n")[:-1] == ["1 1", f"{32 << 20} {32 << 20}", f"{1 << 20} {1 << 20}",
                                             f"{1 << 30} {1 << 30}", "5 6", "99 99", "77 77"]


def test_a_file_limit_is_a_true_sigxfsz(box):
    assert box.run(["dd", "if=/dev/zero", "of=x", "bs=64k", "count=9"], file=100_000)[0] == -signal.SIGXFSZ


NOTHING = (1 << 64) - 1  # BOX_FILE_NOTHING


def test_a_file_limit_of_nothing_stops_at_the_first_byte(box):
    assert box.run(["dd", "if=/dev/zero", "of=x", "bs=1", "count=1"], file=NOTHING)[0] == -signal.SIGXFSZ


def test_a_file_limit_of_nothing_allows_empty_files_and_pipes(box):
    assert box.run(**sh("touch x; echo out; test -f x"), file=NOTHING) == (0, b"out\n", b"")


def test_a_program_that_ignores_the_signal_gets_the_error(box):
    script = "import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n" \
             "try: open('x', 'wb', buffering=0).write(b'1')\nexcept OSError as e: print(e.errno)"
    assert box.run(["python3", "-c", script], file=NOTHING) == (0, b"27\n", b"")


@pytest.mark.parametrize("stack", [1, 4095, 4096, 65536])
@pytest.mark.parametrize("program", ["true", "python3"])
def test_a_tiny_stack_is_the_programs_own_trouble(box, stack, program):
    box.hello().start([program, "-c", "pass"], stack=stack).go()
    assert os.waitstatus_to_exitcode(box.exited()[0]) in (0, -signal.SIGSEGV)


def test_a_tiny_stack_with_much_on_it_is_told_as_a_limit(box):
    box.hello().start(["true", "a" * 20_000], stack=1).go()
    kind, _, text = box.failed()
    assert kind == "LIMIT" and "stack" in text


def test_ignored_signals_are_not_inherited():
    before = {signo: signal.signal(signo, signal.SIG_IGN) for signo in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE)}
    try:
        with InitBox() as box:
            assert b"SigIgn:\t" + b"0" * 16 in box.run(["cat", "/proc/self/status"])[1]
    finally:
        for signo, handler in before.items():
            signal.signal(signo, handler)


def test_path_is_that_of_the_job(box):
    script = (FILE, b"#!/bin/sh\necho found $0\n", 0o755)
    assert box.run(["tool"], {"bin/tool": script}, env=("PATH=/nowhere:bin",))[1] == b"found bin/tool\n"


def test_an_empty_part_of_path_is_the_work_directory(box):
    assert box.run(["tool"], {"tool": (FILE, b"#!/bin/sh\necho yes\n", 0o755)}, env=("PATH=/nowhere:",))[1] == b"yes\n"


def test_without_path_the_usual_places_are_searched(box):
    assert box.run(["true"], env=())[0] == 0


def test_a_name_with_a_slash_is_not_searched(box):
    assert box.run(["./true"], {"true": (FILE, b"#!/bin/sh\nexit 3\n", 0o755)})[0] == 3


TRUE = pathlib.Path("/usr/bin/true").read_bytes()


@pytest.mark.parametrize("program,files,kind,words", [
    ("nonsuch", {}, "NOT_FOUND", "PATH"),
    ("./nonsuch", {}, "UNSUPPORTED", "was not made"),
    ("./plain/x", {"plain": b"x"}, "UNSUPPORTED", "was not made"),
    ("/usr/bin/nonsuch", {}, "NOT_FOUND", "No such file"),
    ("/usr/bin/true/x", {}, "IO", "Not a directory"),
    ("./plain", {"plain": b"x"}, "UNSUPPORTED", "not an executable file"),
    ("plain", {"plain": b"x"}, "UNSUPPORTED", "not an executable file"),
    ("./text", {"text": (FILE, b"echo hi\n", 0o755)}, "UNSUPPORTED", "#!"),
    ("./empty", {"empty": (FILE, b"", 0o755)}, "UNSUPPORTED", "#!"),
    ("./elf", {"elf": (FILE, TRUE[:64], 0o755)}, "UNSUPPORTED", "#!"),
    ("./elf", {"elf": (FILE, TRUE[:18] + b"\xee\xee" + TRUE[20:], 0o755)}, "UNSUPPORTED", "#!"),
    ("./elf", {"elf": (FILE, TRUE.replace(b"/lib64/ld-", b"/lib64/no-"), 0o755)}, "UNSUPPORTED", "interpreter"),
    ("./tool", {"tool": (FILE, b"#!/no/such\n", 0o755)}, "UNSUPPORTED", "interpreter"),
    ("tool", {"tool": (FILE, b"#!/no/such\n", 0o755)}, "UNSUPPORTED", "interpreter"),
    ("./tool", {"tool": (FILE, b"#!/bin/sh/x\n", 0o755)}, "UNSUPPORTED", "interpreter"),
    ("./tool", {"tool": (FILE, b"#!/etc\n", 0o755)}, "UNSUPPORTED", "not an executable file"),
    ("./tool", {"tool": (FILE, b"#!./tool\n", 0o755)}, "UNSUPPORTED", "interpreter"),
    ("./d", {"d/x": b""}, "UNSUPPORTED", "not an executable file"),
    ("", {}, "INVALID", "empty"),
])
def test_a_program_that_cannot_start_is_named(either_box, program, files, kind, words):
    either_box.hello().start([program, "arg"], files, env=("PATH=/usr/bin:.",)).go()
    got, _, text = either_box.failed()
    assert (got, words in text, program in text) == (kind, True, True), text
    assert either_box.failed(either_box.watch) == (got, _, text)
    assert read_rest(either_box.stdout) == b""


@pytest.mark.parametrize("flags", [0, signal.SIGCHLD, signal.SIGUSR1, 0x8000], ids=["silent", "child", "usr1", "sibling"])
def test_who_outlives_the_program_is_killed_whatever_its_end_would_signal(either_box, flags):
    """0x8000 is CLONE_PARENT: init's own child."""
    script = f"import ctypes, os, time\nnumber = {{'x86_64': 56, 'aarch64': 220}}[os.uname().machine]\n" \
             f"if ctypes.CDLL(None).syscall(number, {int(flags)}, 0, 0, 0, 0) == 0: time.sleep(1000)\n" \
             "os._exit(3)"
    assert either_box.run(["python3", "-c", script]) == (3, b"", b"")
    assert either_box.processes() == [either_box.pid]


def test_times_and_memory_are_the_programs(box):
    script = "import time\nx = bytearray(50 << 20)\nt = time.process_time()\nwhile time.process_time() < t + .2: pass"
    box.hello().start(["python3", "-c", script], {"big": bytes(8 << 20)}).go()
    _, wall, cpu, rss = box.exited()
    assert 0.2 <= cpu <= wall + 0.1
    assert rss >= 50 << 20


def test_time_before_go_is_not_counted(box):
    box.hello().start(["true"])
    box.expect(box.watch, "READY")
    before = time.monotonic()
    while time.monotonic() < before + 0.3:
        pass  # the moment between READY and GO
    sent = time.monotonic()
    box.send(box.watch, "GO")
    wall = box.exited()[1]
    assert wall <= time.monotonic() - sent


def test_started_is_told_when_asked(box):
    box.hello().start(["cat"], flags=init_box.FLAG["BOX_START_TELL"]).go()
    box.expect(box.control, "STARTED")
    box.close_stdin()
    assert box.exited()[0] == 0


def test_files_can_be_stdio(box):
    files = [os.memfd_create(name) for name in ("in", "out", "err")]
    os.write(files[0], b"from a file")
    os.lseek(files[0], 0, 0)
    box.hello().start(**sh("cat; echo oops >&2"), stdio="FILE", stdio_fds=files).go()
    assert box.exited()[0] == 0
    assert [os.pread(fd, 100, 0) for fd in files[1:]] == [b"from a file", b"oops\n"]
    assert read_rest(box.stdout) == b""


def stdio_files(stdin=b""):
    files = [os.memfd_create(name) for name in ("in", "out", "err")]
    os.pwrite(files[0], stdin, 0)
    return files


def run_with_files(box, argv, files, **more):
    box.hello().start(argv, stdio="FILE", stdio_fds=files, **more).go()
    return os.waitstatus_to_exitcode(box.exited()[0]), *(os.pread(fd, 1 << 20, 0) for fd in files[1:])


@pytest.mark.parametrize("script", ["for i in 1 2 3; do echo out; echo err >&2; done",
                                    "echo out; (echo err >&2); echo out >&2; echo err; printf 'out\nerr\n' >&2"])
def test_streams_to_one_file_stay_in_order(box, script):
    code, out, err = run_with_files(box, ["bash", "-c", script], stdio_files(),
                                    flags=init_box.FLAG["BOX_START_MERGE_STDERR"])
    assert (code, out, err) == (0, b"out\nerr\n" * 3, b"")


def test_a_file_as_stdin_can_be_sought(either_box):
    script = "import os\nos.lseek(0, 3, 0)\nprint(os.read(0, 9), os.lseek(0, 0, 1), open('/proc/self/fd/0').read())"
    assert run_with_files(either_box, ["python3", "-c", script], stdio_files(b"012345")) == (
        0, b"b'345' 6 012345\n", b"")


@pytest.mark.parametrize("limit,kept", [(NOTHING, 0), (1, 1), (1000, 1000)])
@pytest.mark.parametrize("merge", [False, True])
def test_the_file_limit_holds_for_stdout(box, limit, kept, merge):
    flags = init_box.FLAG["BOX_START_MERGE_STDERR"] if merge else 0
    code, out, err = run_with_files(box, ["dd", "if=/dev/zero", "bs=1", "count=2000", "status=none"], stdio_files(),
                                    file=limit, flags=flags)
    assert (code, len(out), err) == (-signal.SIGXFSZ, kept, b"")


def test_the_file_limit_holds_for_stderr(box):
    assert run_with_files(box, ["bash", "-c", "exec dd if=/dev/zero bs=1 count=1 of=/proc/self/fd/2 status=none"],
                          stdio_files(), file=NOTHING) == (-signal.SIGXFSZ, b"", b"")


# --- signals and terminals -----------------------------------------------------------------------


def test_a_signal_reaches_the_programs_group(either_box):
    either_box.hello().start(**sh("trap 'echo got; exit 4' USR1; echo ready; sleep 1000 & wait")).go()
    assert read_some(either_box.stdout) == b"ready\n"
    either_box.send(either_box.control, "SIGNAL", struct.pack("@i", signal.SIGUSR1))
    assert os.waitstatus_to_exitcode(either_box.exited()[0]) == 4


def test_a_signal_of_no_meaning_is_ignored(box):
    box.hello().start(["cat"]).go()
    for signo in (-1, 0, 65, 1 << 30):
        box.send(box.control, "SIGNAL", struct.pack("@i", signo))
    box.close_stdin()
    assert box.exited()[0] == 0


def test_a_signal_after_the_end_is_ignored(box):
    box.run(["true"])
    box.send(box.control, "SIGNAL", struct.pack("@i", 9))
    assert len(box.processes()) == 1


def test_a_program_that_stops_itself_stays_until_it_is_killed(box):
    box.hello().start(**sh("kill -STOP $$; exit 3")).go()
    pid = next(pid for pid in iter(lambda: max(box.processes()), None) if pid != box.pid)
    wait_state(pid, "T")
    box.send(box.control, "SIGNAL", struct.pack("@i", signal.SIGKILL))
    assert os.waitstatus_to_exitcode(box.exited()[0]) == -9


def wait_state(pid, state):
    end = time.monotonic() + init_box.PATIENCE_S
    while time.monotonic() < end:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            if stat.read().rpartition(")")[2].split()[0] == state:
                return
        os.sched_yield()
    pytest.fail(f"process {pid} never was in state {state}")


def pty(box, script, **more):
    box.hello().start(["bash", "-c", script], stdio="PTY", **more).go()
    _, (master,) = box.expect(box.control, "STARTED", 1)
    return master


def read_until(fd, end):
    data = b""
    while not data.endswith(end):
        try:
            data += read_some(fd)
        except OSError:
            pytest.fail(f"only {data!r} came")
    return data


def test_a_pty_is_the_controlling_terminal_with_its_size(either_box):
    master = pty(either_box, "stty size; tty; test -t 0 && test -t 1 && test -t 2 && : </dev/tty && : <$(tty) && echo yes",
                 size=(33, 101))
    assert read_until(master, b"yes\r\n") == b"33 101\r\n/dev/pts/0\r\nyes\r\n"
    assert either_box.exited()[0] == 0
    os.close(master)


def test_a_resize_reaches_the_program(either_box):
    script = "import os, signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGWINCH]); " \
             "os.write(1, b'ready\\n'); signal.sigwait([signal.SIGWINCH]); print(*os.get_terminal_size())"
    master = pty(either_box, f'exec python3 -c "{script}"', size=(10, 20))
    read_until(master, b"ready\r\n")
    either_box.send(either_box.control, "RESIZE", struct.pack("@HH", 50, 60))
    assert read_until(master, b"50\r\n") == b"60 50\r\n"
    either_box.exited()
    os.close(master)


def test_a_key_of_the_terminal_interrupts(box):
    master = pty(box, "echo ready; sleep 1000")
    read_until(master, b"ready\r\n")
    os.write(master, b"\x03")
    assert os.waitstatus_to_exitcode(box.exited()[0]) in (-2, 130)
    os.close(master)


# --- the end -------------------------------------------------------------------------------------


DAEMON = """
import os, signal, sys, time
for signo in set(range(1, 32)) - {9, 17, 19}: signal.signal(signo, signal.SIG_IGN)
for _ in range(5):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            print('daemon', flush=True)
            time.sleep(1000)
        os._exit(0)
os.waitpid(-1, 0)
os._exit(5)
"""


def test_daemons_die_with_the_program(either_box):
    either_box.hello().start(["python3", "-c", DAEMON]).go()
    assert os.waitstatus_to_exitcode(either_box.exited()[0]) == 5
    assert either_box.processes() == [either_box.pid]
    assert set(read_rest(either_box.stdout).split()) <= {b"daemon"}


def test_a_fork_bomb_dies_with_the_program(box):
    script = """
import os
top = os.getpid()
while True:
    try:
        os.fork()
    except OSError:
        if os.getpid() == top: os._exit(6)
"""
    assert box.run(["python3", "-c", script], processes=100)[0] == 6
    assert box.processes() == [box.pid]


def test_orphans_are_buried_while_the_program_runs(box):
    script = "for i in $(seq 50); do (true &) ; done; echo; read x; ls -d /proc/[0-9]* | wc -l"
    box.hello().start(**sh(script)).go()
    read_some(box.stdout)
    while len(box.processes()) > 2:
        os.sched_yield()
    box.close_stdin()
    assert box.exited()[0] == 0
    assert int(read_rest(box.stdout)) <= 4


KILL_ALL = "import os, subprocess\np = subprocess.Popen(['sleep', '1000'])\nos.kill(-1, 9)\nprint(p.wait(), 'lived')"


def test_killing_everybody_kills_only_the_program(either_box):
    assert either_box.run(["python3", "-c", KILL_ALL]) == (0, b"-9 lived\n", b"")


def test_init_waits_without_using_the_cpu(box):
    box.hello().start(["cat"], flags=init_box.FLAG["BOX_START_TELL"]).go()
    box.expect(box.control, "STARTED")
    wait_state(box.pid, "S")
    with open(f"/proc/{box.pid}/syscall", encoding="ascii") as syscall:
        number, _, _, timeout, *_ = syscall.read().split()
    assert int(number) == {"x86_64": 7, "aarch64": 73}[os.uname().machine]  # poll, or ppoll
    assert int(timeout, 16) in ((1 << 32) - 1, (1 << 64) - 1) or number == "73"  # without an end


@pytest.mark.parametrize("moment", ["spare", "unpacking", "ready", "running", "ended"])
@pytest.mark.parametrize("peer", ["watch", "control"])
def test_the_box_ends_when_a_peer_is_gone(moment, peer):
    box = InitBox()
    box.hello()
    if moment == "unpacking":
        box.start(["true"], {"a": b"12345"}, by="frames", withhold=2)
    elif moment != "spare":
        box.start(["sleep", "1000"] if moment != "ended" else ["true"])
    if moment == "ready":
        box.expect(box.watch, "READY")
    if moment in ("running", "ended"):
        box.go()
    if moment == "ended":
        box.exited()
    getattr(box, peer).close()
    assert init_box.wait_child(box.helper) == 0
    box.helper = os.spawnv(os.P_NOWAIT, "/bin/true", ["true"])  # for close() to wait for
    box.close()


# --- the product ---------------------------------------------------------------------------------


def products(box, script, collect=(".",), files=None, **more):
    """{path: (kind, mode, data)} of what `script` left."""
    box.run(**sh(script), files=files, collect=collect, **more)
    data, then = box.product()
    assert then == "COLLECTED"
    found = read_archive(data)
    assert len({path for _, path, _, _ in found}) == len(found), "a name twice"
    return {path: (kind, mode, data) for kind, path, mode, data in found}


def test_everything_is_collected(either_box):
    script = "mkdir -p d/e; echo 1 >a; printf '\\0\\377' >d/e/b; chmod 755 a; chmod 700 d; ln -s a l; ln a hard"
    assert products(either_box, script) == {
        "a": (FILE, 0o755, b"1\n"), "hard": (FILE, 0o755, b"1\n"), "d": (DIR, 0o700, b""), "d/e": (DIR, 0o755, b""),
        "d/e/b": (FILE, 0o644, b"\0\xff"), "l": (LINK, 0o777, b"a")}


def test_a_product_unpacks_into_the_next_box(box):
    box.run(**sh("mkdir d; echo '#!/bin/sh\necho ran' >d/x; chmod +x d/x; ln -s d/x l"), collect=(".",))
    data, _ = box.product()
    with InitBox() as second:
        assert second.run(["./l"], raw_archive=data, by="archive") == (0, b"ran\n", b"")


@pytest.mark.parametrize("names,expected", [
    (("a",), {"a"}), (("*",), {"a", "b.txt", "d", "d/c.txt", "d/e", "d/e/f"}), (("*.txt",), {"b.txt"}),
    (("?",), {"a", "d", "d/c.txt", "d/e", "d/e/f"}), (("d/*.txt",), {"d/c.txt"}), (("*/e/?",), {"d/e/f"}),
    (("d/e",), {"d/e", "d/e/f"}), (("a", "a", "?", "d/c.txt"), {"a", "d", "d/c.txt", "d/e", "d/e/f"}),
    (("nothing", "a/b", "d/x"), set()), (("b*t", "*a*"), {"b.txt", "a"}), (("l", "a"), {"a"}),
], ids=str)
def test_only_what_is_named_is_collected(box, names, expected):
    script = "mkdir -p d/e; touch a b.txt d/c.txt d/e/f; ln -s a l"
    assert set(products(box, script, names)) == expected


def test_special_files_are_left_out(box):
    script = "mkfifo p; touch f; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"s\")'; " \
             "ln -s /dev/zero z; ln -s /etc/passwd e; ln -s / r; ls"
    assert set(products(box, script, ("*",))) == {"f"}


def test_links_are_never_followed(box):
    script = "mkdir -p /tmp/secret; echo no >/tmp/secret/x; ln -s /tmp/secret d; ln -s /tmp/secret/x f"
    assert products(box, script, ("d/x", "d", "f", "d/*")) == {}


def test_a_huge_sparse_file_is_told_at_once(box):
    box.run(["python3", "-c", "open('big', 'wb').truncate(1 << 40)"], collect=(".",), collect_bytes=1000)
    data, (kind, _, text) = box.product()
    assert (data, kind) == (b"", "LIMIT") and "big" in text


def test_many_small_files_are_capped(box):
    box.run(**sh("for i in $(seq 100); do echo >f$i; done"), collect=(".",), collect_bytes=1000)
    data, (kind, _, _) = box.product()
    assert len(data) <= 1000 and kind == "LIMIT"


def test_a_product_of_just_the_cap_is_whole(box):
    size = len(archive({"a": b"x" * 500}))
    assert products(box, "printf %500s | tr ' ' x >a", collect_bytes=size) == {"a": (FILE, 0o644, b"x" * 500)}


def test_a_very_deep_tree_is_told(box):
    script = "import os\nfor _ in range(1500):\n  os.mkdir('d'); os.chdir('d')"
    box.run(["python3", "-c", script], collect=(".",))
    _, (kind, _, text) = box.product()
    assert kind == "LIMIT" and "deep" in text


def test_a_very_long_path_is_told(box):
    script = "import os\nfor _ in range(40):\n  os.mkdir('d' * 200); os.chdir('d' * 200)"
    box.run(["python3", "-c", script], collect=(".",))
    _, (kind, _, text) = box.product()
    assert kind == "LIMIT" and "longer" in text


def test_deep_trees_beside_what_is_named_do_no_harm(box):
    script = "import os\nopen('out', 'w').write('x')\nfor _ in range(1500):\n  os.mkdir('d'); os.chdir('d')"
    box.run(["python3", "-c", script], collect=("out",))
    assert read_archive(box.product()[0]) == [(FILE, "out", 0o644, b"x")]


def test_an_unreadable_file_is_told(box):
    box.run(**sh("touch secret; chmod 0 secret"), collect=(".",))
    _, (kind, _, text) = box.product()
    assert kind == "DENIED" and "secret" in text


def test_the_product_comes_after_a_failing_program_too(box):
    box.run(**sh("echo x >log; kill -9 $$"), collect=("log",))
    assert read_archive(box.product()[0]) == [(FILE, "log", 0o644, b"x\n")]


def test_a_large_product_is_whole(box):
    body = os.urandom(6 << 20)
    box.run(["cp", "a", "b"], {"a": body}, collect=("b",))
    assert read_archive(box.product()[0]) == [(FILE, "b", 0o644, body)]


def test_a_server_that_leaves_while_collecting_ends_the_box(box):
    box.run(["cp", "a", "b"], {"a": bytes(6 << 20)}, collect=("b",))
    _, (fd,) = box.expect(box.control, "PRODUCT", 1)
    box.control.close()
    with pytest.raises(Ended):
        box.recv(box.watch)
    os.close(fd)


# --- the fence -----------------------------------------------------------------------------------


def landlock_abi():
    return init_box.libc.syscall(444, None, 0, 1)


def test_landlock_stops_writes_outside(box):
    if landlock_abi() < 2:
        init_box.cannot("this kernel has no Landlock of version 2")
    script = """
import os
for path in ('/box/x', '/tmp/x', '/dev/shm/x', '/dev/null', '/proc/self/comm'):
    try:
        with open(path, 'w') as f: f.write('x')
        print(path)
    except OSError as e: print(path, e.errno)
os.mkdir('/box/a'); os.mkdir('/box/b'); open('/box/a/f', 'w'); os.rename('/box/a/f', '/box/b/f')
print(os.listdir('/box/b'))
"""
    assert box.run(["python3", "-c", script])[1].decode().split("\n") == [
        "/box/x", "/tmp/x", "/dev/shm/x 13", "/dev/null", "/proc/self/comm 13", "['f']", ""]


def test_the_program_cannot_signal_init_even_as_the_same_id():
    if landlock_abi() < 6:
        init_box.cannot("this kernel's Landlock has no scopes")
    with InitBox(two_ids=False) as box:
        assert box.run(["python3", "-c", "import os\ntry: os.kill(1, 0)\nexcept OSError as e: print(e.errno)"])[1] == b"1\n"


TAMPER = """
import ctypes, os, resource
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, act):
    try: act(); print(name, 'worked')
    except OSError as e: print(name, e.errno)
attempt('prlimit', lambda: resource.prlimit(1, resource.RLIMIT_NOFILE, (0, 0)))
attempt('setpriority', lambda: os.setpriority(os.PRIO_PROCESS, 1, 19))
attempt('sched_setaffinity', lambda: os.sched_setaffinity(1, {0}))
attempt('pidfd_open', lambda: os.pidfd_open(1))
attempt('mem', lambda: open('/proc/1/mem', 'r+b'))
"""


def test_the_program_cannot_touch_init(either_box):
    out = either_box.run(["python3", "-c", TAMPER])[1].decode()
    assert out == "prlimit 1\nsetpriority 1\nsched_setaffinity 1\npidfd_open 1\nmem 13\n"


def test_it_does_not_run_outside_a_box():
    """As root its last act, kill(-1), would end everything on the machine."""
    assert subprocess.run([init_box.built("belljar-init", "src/init"), "2"], check=False).returncode == 2
