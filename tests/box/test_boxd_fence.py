# SPDX-License-Identifier: Apache-2.0
"""What boxd and its maker of network namespaces may still do when they serve: capabilities, system calls, descriptors.

proves: D4
That each capability is needed is shown with a test build (BELLJAR_WEAK_BUILD, meson setup -Dweaken=true), whose boxd
does without those that its configuration names.
"""
import os
import pathlib
import re
import socket
import struct
import subprocess

import pytest

from support import boxd as support
from support.boxd import DATA, ENDED, init_start, strings
from support.server import BUILD, cannot

CAPS = {"chown": 0, "dac_override": 1, "kill": 5, "setgid": 6, "setuid": 7, "net_admin": 12, "sys_admin": 21,
        "sys_time": 25, "mknod": 27, "setfcap": 31}
OWN_IDS = {"sys_admin", "sys_time", "setgid", "setuid", "chown", "kill"}
KINDS = {
    "root": ({}, OWN_IDS),
    "user": ({"user_ids": 100}, OWN_IDS),
    "one_id": ({"user_ids": 0}, {"sys_admin", "sys_time", "setfcap"}),
}
WEAK = pathlib.Path(os.environ.get("BELLJAR_WEAK_BUILD", f"{BUILD}-weak"))
FEATURE_TIMENS = 1 << 17


def status(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines)


def capabilities(pid):
    """{which: names}"""
    told = status(pid)
    return {which: {name for name, bit in CAPS.items() if int(told[which], 16) >> bit & 1} | (
        {"others"} if int(told[which], 16) & ~sum(1 << bit for bit in CAPS.values()) else set())
            for which in ("CapPrm", "CapEff", "CapInh", "CapBnd", "CapAmb")}


@pytest.fixture(params=KINDS)
def fenced(request):
    options, kept = KINDS[request.param]
    with support.started(**options) as boxd:
        boxd.settle()
        yield boxd, kept


def test_boxd_has_these_capabilities_and_no_other(fenced):
    boxd, kept = fenced
    assert capabilities(boxd.pid) == {"CapPrm": kept, "CapEff": kept, "CapInh": set(), "CapBnd": set(), "CapAmb": set()}


def test_maker_has_two_capabilities(fenced):
    boxd, _ = fenced
    maker, = support.children(boxd.pid)
    two = {"sys_admin", "net_admin"}
    assert capabilities(maker) == {"CapPrm": two, "CapEff": two, "CapInh": set(), "CapBnd": set(), "CapAmb": set()}


def test_both_have_a_filter_and_no_new_privileges(fenced):
    boxd, _ = fenced
    for pid in (boxd.pid, *support.children(boxd.pid)):
        told = status(pid)
        ours = int(status("self")["Seccomp_filters"])  # of a container
        assert (told["Seccomp"], int(told["Seccomp_filters"]), told["NoNewPrivs"]) == ("2", ours + 1, "1")


def test_both_have_the_descriptors_that_they_need(fenced):
    boxd, _ = fenced
    maker, = support.children(boxd.pid)
    kinds = [re.sub(r"\d+", "", os.readlink(f"/proc/{maker}/fd/{fd}")) for fd in os.listdir(f"/proc/{maker}/fd")]
    assert len(kinds) == 2 and "socket:[]" in kinds  # stderr is the other


@pytest.mark.parametrize("kind", KINDS)
def test_each_capability_is_needed(kind, monkeypatch):
    options, kept = KINDS[kind]
    if not WEAK.joinpath("belljar").exists():
        cannot(f"there is no test build at {WEAK}: meson setup {WEAK} -Dweaken=true && ninja -C {WEAK}")
    monkeypatch.setattr(support, "BUILD", WEAK)
    assert makes_boxes(**options)
    for name in kept:
        assert not makes_boxes(caps_left_out=1 << CAPS[name], **options), name


def makes_boxes(**options):
    """Whether a box is made in full, its program runs, and is gone when it is killed."""
    built = support.programs()
    boxd = support.Boxd(*built, **options)
    boxd.sock.settimeout(2)
    try:
        if not boxd.hello()["features"] & FEATURE_TIMENS:
            return False
        argv = ["/usr/bin/sleep", "1000"]
        with boxd.create() as control:
            control.send(init_start(argv))
            control.send(struct.pack("=II", DATA, 0) + strings(argv))
            boxd.start()
            support.hello_of_init(control)
            boxd.kill()
            ended = boxd.expect(ENDED, 0)
            boxd.destroy()
            return ended is not None
    except (AssertionError, ConnectionError, socket.timeout, TypeError):
        return False
    finally:
        boxd.close()


# --- the filters, as anybody has them ------------------------------------------------------------------------

LOAD = r"""
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
code = ctypes.create_string_buffer(sys.stdin.buffer.read())
class Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
program = Program(len(code) // 8, ctypes.cast(code, ctypes.c_void_p))
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.syscall(317 if os.uname().machine == "x86_64" else 277, 1, 0, ctypes.byref(program)) == 0
def call(number, *args):
    return 0 if libc.syscall(number, *[ctypes.c_ulong(a) for a in args]) >= 0 else ctypes.get_errno()
"""
# of x86-64
NUMBERS = {"getpid": 39, "ptrace": 101, "reboot": 169, "init_module": 175, "add_key": 248, "keyctl": 250,
           "unshare": 272, "perf_event_open": 298, "setns": 308, "kexec_file_load": 320, "bpf": 321, "mount": 165,
           "umount2": 166, "userfaultfd": 323, "io_uring_setup": 425, "pidfd_getfd": 438, "open_by_handle_at": 304,
           "process_vm_writev": 311, "swapon": 167, "chroot": 161, "clock_settime": 227, "sethostname": 170}
EPERM, ENOSYS = 1, 38


def under_filter(whose, script):
    if os.uname().machine != "x86_64":
        cannot("the numbers of these calls are those of x86-64")
    done = subprocess.run(["/usr/bin/python3", "-c", LOAD + script], input=support.filter_code(whose), check=False,
                          capture_output=True)
    return done.returncode, done.stdout.decode()


@pytest.mark.parametrize("name, errno", [
    ("reboot", EPERM), ("init_module", EPERM), ("perf_event_open", EPERM), ("bpf", EPERM),
    ("kexec_file_load", EPERM), ("userfaultfd", EPERM), ("pidfd_getfd", EPERM), ("open_by_handle_at", EPERM),
    ("process_vm_writev", EPERM), ("swapon", EPERM), ("chroot", EPERM), ("clock_settime", EPERM),
    ("sethostname", EPERM), ("add_key", ENOSYS), ("io_uring_setup", ENOSYS)])
def test_boxd_is_refused_what_no_box_needs(name, errno):
    assert under_filter("boxd", f"print(call({NUMBERS[name]}, 0, 0, 0, 0, 0))") == (0, f"{errno}\n")


def test_boxd_may_not_trace_unless_it_looks_for_leaks():
    sanitized = b"__asan_init" in BUILD.joinpath("tests/box/print_filter").read_bytes()
    assert under_filter("boxd", f"print(call({NUMBERS['ptrace']}, 0))") == (0, "0\n" if sanitized else f"{EPERM}\n")


@pytest.mark.parametrize("name, args", [
    ("setns", (0, 0x10000000)), ("keyctl", (0, 0)), ("mount", (0, 0, 0, 0, 0)), ("mount", (0, 0, 0, 0x1020, 0)),
    ("umount2", (0, 0))])
def test_boxd_is_refused_other_arguments(name, args):
    words = ", ".join(map(str, args))
    assert under_filter("boxd", f"print(call({NUMBERS[name]}, {words}))") == (0, f"{ENOSYS}\n")


def test_boxd_may_make_namespaces():
    assert under_filter("boxd", f"print(call({NUMBERS['unshare']}, 0x10000000))") == (0, "0\n")


@pytest.mark.parametrize("call", [
    f"call({NUMBERS['getpid']})", f"call({NUMBERS['unshare']}, 0x10000000)", "open('/etc/passwd')",
    "__import__('socket').socket()"])
def test_maker_is_ended_by_any_other_call(call):
    code, out = under_filter("maker", f"{call}\nprint('alive')")
    assert code == -31 and out == ""  # SIGSYS
