# SPDX-License-Identifier: Apache-2.0
"""Programs that wait for their files, in boxes that belljar-boxd made: this side speaks as the server."""
import os
import re
import socket
import struct

import pytest

from support import boxd as support
from support.boxd import FAILED, MIB, children, drain, failure, hello_of_init, maxima
from support.init_box import FILE, FLAG, MSG, START, entry, until

# 100 ms of CPU time, however fast the machine is: it may have 900 before its files come.
BURN = "until read -ra s </proc/self/stat && ((s[13] + s[14] >= 10)); do :; done; . ./main.sh"
HOG = "x=$(printf %0400000000d 0); . ./main.sh"


def message(kind, argv=(), wait=(), flags=0, archive=b""):
    env = support.ENVIRONMENT if argv else []
    strings = b"".join(text.encode() + b"\0" for text in (*argv, *env, *wait))
    return START.pack(MSG[kind], 0, flags, 0, len(argv), len(env), len(wait), len(strings), len(archive), *[0] * 5, 256,
                      0, 0, 0, 0) + strings + archive


def warm(boxd, argv, limits=None, box=0):
    control = boxd.create(box, limits=limits)
    control.send(message("BOX_MSG_WARM", argv, ("main.sh",)))
    return control


def start(boxd, control, script, box=0, **limits):
    control.send(message("BOX_MSG_INIT_START", flags=FLAG["BOX_START_WARMED"], archive=entry(FILE, "main.sh", script)))
    boxd.start(box, **limits)


def output(boxd, control):
    fds = hello_of_init(control)
    os.close(fds[0])
    return drain(fds[1:], boxd)


def programs_of(boxd):
    """Host pids of what an init started, of all boxes."""
    return [program for init in children(boxd.pid) for program in children(init)]


def until_waiting(boxd):
    def waits():
        return any(os.path.exists(f"/proc/{pid}/root/box/main.sh") and
                   open(f"/proc/{pid}/stat", encoding="ascii").read().rpartition(") ")[2][0] == "S"
                   for pid in programs_of(boxd))
    until(waits, "a program that waits")


def test_warm_program_runs_and_is_told_as_any(either):
    with warm(either, ["bash", "main.sh"]) as control:
        until_waiting(either)
        start(either, control, b"echo out; echo err >&2; exit 7", wall_ms=20_000)
        assert output(either, control) == [b"out\n", b"err\n"]
        ended = either.ended()
        assert (ended["end"], os.waitstatus_to_exitcode(ended["status"])) == (support.END_EXIT, 7)
        assert 0 < ended["wall_ns"] and 0 < ended["start_ns"]
        either.destroy()


def test_cpu_time_before_the_files_is_not_the_jobs(either):
    with warm(either, ["bash", "-c", BURN]) as control:
        until_waiting(either)
        start(either, control, b"times")
        out = output(either, control)[0].decode()
        minutes, seconds = re.match(r"(\d+)m([\d.]+)s", out).groups()
        used = int(minutes) * 60 + float(seconds)
        ended = either.ended()
        assert ended["end"] == support.END_EXIT
        assert ended["cpu_ns"] / 1e9 < used / 2
        either.destroy()


def test_limits_hold_for_a_warm_program(either):
    with warm(either, ["bash", "main.sh"]) as control:
        until_waiting(either)
        start(either, control, b"while :; do :; done", wall_ms=50)
        ended = either.ended()
        assert ended["end"] == support.END_WALL and ended["wall_ns"] >= 50 * 10**6
        either.destroy()


def test_cpu_limit_counts_from_go(limited):
    with warm(limited, ["bash", "main.sh"]) as control:
        until_waiting(limited)
        start(limited, control, b"while :; do :; done", cpu_ms=50)
        ended = limited.ended()
        assert ended["end"] == support.END_CPU and ended["cpu_ns"] >= 50 * 10**6
        limited.destroy()


def test_warm_up_that_needs_more_memory_than_the_box_has_ends_it(limited):
    with warm(limited, ["bash", "-c", HOG], limits=maxima(memory=32 * MIB)):
        assert limited.ended()["end"] == support.END_MEMORY
        limited.destroy()


def test_warm_up_that_ends_early_fails(either):
    with warm(either, ["bash", "-c", "exit 3"]):
        told = either.recv()
        assert told[0] == FAILED and "before its files came" in failure(told)
        either.destroy()


@pytest.mark.parametrize("act", ["kill", "destroy", "close"])
def test_warm_spare_can_be_ended(either, act):
    control = warm(either, ["bash", "main.sh"])
    until_waiting(either)
    if act == "close":
        control.close()
        either.ended()
    elif act == "kill":
        either.kill()
        assert either.ended()["end"] == support.END_CANCEL
    either.destroy()
    control.close()
    assert programs_of(either) == []


def test_warm_boxes_end_with_boxd():
    with support.started() as boxd:
        with warm(boxd, ["bash", "main.sh"]) as control:
            until_waiting(boxd)
            pids = [os.pidfd_open(pid) for pid in programs_of(boxd)]
            boxd.sock.shutdown(socket.SHUT_RDWR)
            assert boxd.wait() == 0
            for pidfd in pids:
                until(lambda fd=pidfd: "Pid:\t-1" in open(f"/proc/self/fdinfo/{fd}", encoding="ascii").read(), "its end")
                os.close(pidfd)
            control.close()


def test_nothing_is_kept_of_a_warm_box_that_is_gone(either):
    def kinds():
        links = (os.readlink(f"/proc/{either.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{either.pid}/fd"))
        found = sorted(re.sub(r"\d+", "", link) for link in links)
        return [kind for kind in found if not kind.startswith("net:")]  # of those some are kept

    def one(end):
        with warm(either, ["bash", "main.sh"]) as control:
            until_waiting(either)
            if end == "run":
                start(either, control, b"echo 1")
                assert output(either, control)[0] == b"1\n"
                either.ended()
            either.destroy()

    one("run")
    either.settle()
    before, processes = kinds(), len(children(either.pid))
    for _ in range(5):
        one("run")
        one("spare")
    either.settle()
    assert (kinds(), len(children(either.pid))) == (before, processes)
