# SPDX-License-Identifier: Apache-2.0
"""Each system call that boxd and init make for a box is refused once: nothing is then left out in silence.

Either boxd does not start and says why, or the box fails and says why, or the program runs and has all of its fences (but for what
HELLO said is not there).  And boxd ends well, with all that it started.
"""
import contextlib
import functools
import os
import re
import select
import struct

import pytest

from support import boxd as support
from support.boxd import DATA, ENDED, FAILED, Boxd, failure, init_start, strings
from support.refused_calls import CALLS, Refused, above

LOG_ERRORS = 3
PATIENCE_S = 20  # no answer of boxd takes that long but one that never comes
# What a program sees of its fences, without the numbers that differ from box to box.
LOOK = ["/usr/bin/perl", "-e", r"""
    for my $file ("status", "mounts", "limits") {
        open(my $in, "<", "/proc/self/$file") or die;
        while (<$in>) { print if $file ne "status" or /^(Uid|Gid|Groups|NoNewPrivs|Seccomp|Cap...):/; }
    }
    print "$_ ", readlink("/proc/self/ns/$_"), "\n" for qw(cgroup ipc mnt net pid time user uts);
    print "max_user_namespaces ", do { open(my $in, "<", "/proc/sys/user/max_user_namespaces"); <$in> };
    print -w "/usr" ? "writable\n" : "", join(" ", map { -e "/proc/self/fd/$_" ? $_ : () } 0 .. 1000), "\n";
    open(my $out, ">", "/dev/shm/x"); print "shm $!\n";
"""]
# What a box can do without, when HELLO says that it does: bits of enum box_feature.
OPTIONAL = {12: "landlock", 13: "overlay", 14: "devices", 15: "proc", 16: "netns", 17: "timens", 18: "nesting off"}


class WatchedBoxd(Boxd):
    def __init__(self, refused):
        self.refused = refused
        self.errors = above(os.memfd_create("stderr"))
        super().__init__(*support.programs(False), boxes=1, log_level=LOG_ERRORS)
        refused.begin()

    def _become(self, *args):
        execve = os.execve

        def watched(*words):
            os.dup2(self.errors, 2)
            self.refused.enter()
            execve(*words)
        os.execve = watched
        super()._become(*args)

    def said(self):
        return os.pread(self.errors, 1 << 16, 0).decode()


def one_box(boxd):
    """("failed", why) or ("ran", what the program saw)."""
    with boxd.create() as control:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has failed already: boxd says why
            control.send(init_start(LOOK))
            control.send(struct.pack("=II", DATA, 0) + strings(LOOK))
        boxd.start()
        ready, _, _ = select.select([boxd.sock, control], [], [], PATIENCE_S)
        if control not in ready:
            return "failed", failure(boxd.recv())
        try:
            fds = support.hello_of_init(control)
        except (AssertionError, ConnectionResetError):
            return "failed", failure(boxd.recv())
        os.close(fds[0])
        out, _ = support.drain(fds[1:], boxd)
        message = boxd.recv()
        if message[0] == FAILED:
            return "failed", failure(message)
        assert message[0] == ENDED
        return "ran", out.decode()


def life(refused):
    """One boxd, one box: (how it went, what was told, the features of HELLO)."""
    boxd = WatchedBoxd(refused)
    features = 0
    try:
        try:
            features = boxd.hello()["features"]
            how, told = one_box(boxd)
        except (TypeError, ConnectionResetError, BrokenPipeError):  # boxd has closed its socket
            how, told = "ended", boxd.said()
        return how, told, features
    finally:
        status = boxd.close()
        refused.end()
        os.close(boxd.errors)
        assert status in (0, 1), f"boxd's status is {status}"


def plain(text):
    host = {name: os.readlink(f"/proc/self/ns/{name}") for name in ("cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts")}
    for name, link in host.items():
        text = text.replace(f"{name} {link}", f"{name} OF THE HOST")
    return re.sub(r"\[\d+\]", "[own]", text)


@functools.cache
def unhindered():
    refused = Refused()
    how, told, features = life(refused)
    assert how == "ran", told
    assert "OF THE HOST" not in plain(told)
    return plain(told), features, dict(refused.counts)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_call_that_is_refused_leaves_no_fence_out_in_silence(name):
    usual, features, counts = unhindered()
    own = name == "execveat"  # the first is boxd's own, by this test
    for n in range(own, counts.get(name, 0)):
        how, told, now = life(Refused((name, n)))
        if how == "ran":
            missing = [what for bit, what in OPTIONAL.items() if (features & ~now) >> bit & 1]
            assert missing or plain(told) == usual, f"{name} {n}: the box ran with less, and HELLO does not say so"
        else:
            assert told, f"{name} {n}: {how}, and nobody says why"


def test_every_fence_is_made_by_calls_that_are_refused_here():
    _, _, counts = unhindered()
    needed = {"fsopen", "fsmount", "move_mount", "mount_setattr", "pivot_root", "umount2", "unshare", "setns", "clone3", "setresuid",
              "capset", "seccomp", "prctl", "execveat", "close_range"}
    assert not needed - counts.keys()
