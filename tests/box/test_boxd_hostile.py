# SPDX-License-Identifier: Apache-2.0
"""A server that was taken over, and inits that were: every message in every state, against boxd's table of requests.

proves: B5, F9
What the table of src/boxd/requests.c permits is said here a second time, as a model; whatever the model refuses must
end the connection and every box with it.
"""
import contextlib
import itertools
import os
import pathlib
import signal
import socket
import struct
import time

import pytest

from support import boxd as support
from support.boxd import DESTROYED, ENDED, FAILED, MIB, USED, failure, maxima

# Exact sizes (struct box_head and body); what a server may send, and with how many descriptors.
SIZES = {
    support.CREATE: 192, support.START: 64, support.KILL: 12, support.DESTROY: 8, support.BOXD_HELLO: 92,
    support.ENDED: 64, support.FAILED: 248, support.DESTROYED: 8, support.MAPS: 8, support.READY: 8,
    support.EXITED: 40, support.MAPPED: 8, support.GO: 8, support.INIT_START: 96, support.DATA: 9,
    support.SIGNAL: 12, support.RESIZE: 12, support.HELLO: 8, support.STARTED: 8, support.PRODUCT: 8,
    support.COLLECTED: 16, support.USAGE: 8, support.USED: 24, support.STOP: 8,
}
REQUESTS = {support.CREATE: 1, support.START: 0, support.KILL: 0, support.DESTROY: 0, support.USAGE: 0}
UNKNOWN = (0, 25, 31, 32, 33, 64, 255, 0x10000, 0x80000000, 0xffffffff)
# How a fake init brings its box into a state: its script, whether START is sent, and what boxd then says.
STATES = {
    "building": None,
    "mapped": (b"p", False, None),
    "ready": (b"rp", False, None),
    "running": (b"rgp", True, None),
    "over": (b"rgxp", True, ENDED),
}


def message(kind, box=0, size=None):
    """Of this type, with a body that is well-formed where that depends on more than the size."""
    if kind == support.CREATE:
        data = struct.pack("=II4I32I", kind, box, 0, 0, 0, 3, 3, 2, 1, *[0] * 29) + maxima()
    else:
        data = struct.pack("=II", kind, box).ljust(SIZES.get(kind, 8), b"\0")
    return data if size is None else data[:size].ljust(size, b"\0")


def send(boxd, kind, box=0, size=None, descriptors=None):
    """With packet sockets as descriptors: what CREATE wants."""
    count = REQUESTS.get(kind, 0) if descriptors is None else descriptors
    with contextlib.ExitStack() as stack:
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(count)]
        for sock in itertools.chain(*pairs):
            stack.enter_context(sock)
        boxd.send(message(kind, box, size), [theirs.fileno() for _, theirs in pairs])


def refused(boxd):
    """Nothing but what was due before is said, boxd ends with an error, and no process of its own is left."""
    while (said := boxd.recv()) is not None:
        assert said[0] in (ENDED, FAILED, DESTROYED, USED), said
    return boxd.wait() == 1


@contextlib.contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def box_in(state):
    """(boxd, the box's control socket): box 0 of it is in this state."""
    with support.started(fake_init=True) as boxd:
        if state == "free":
            yield boxd, None
            return
        if state == "waiting":  # for a namespace: its maker stands still, and what lay ready is used up
            boxd.settle()
            maker, = support.children(boxd.pid)
            with stopped(maker):
                controls = [boxd.create(box) for box in (3, 2, 1, 0)]
                for control in controls[:-1]:
                    control.send(b"p")
                yield boxd, controls[-1]
            return
        if state in ("building", "destroying"):  # what follows lies in the socket when boxd hears of CREATE
            boxd.settle()  # a namespace lies ready
            with stopped(boxd.pid):
                control = boxd.create(0)
                control.send(b"p")
                if state == "destroying":
                    send(boxd, support.DESTROY)
                yield boxd, control
            return
        script, start, verdict = STATES[state]
        control = boxd.create(0)
        control.send(script)
        if start:
            boxd.start(0)
        if verdict:
            boxd.expect(verdict, 0)
        else:
            boxd.settle()
        yield boxd, control


# --- the server: each type in each state ------------------------------------------------------------------

PERMITTED = {state: {support.KILL, support.DESTROY, support.USAGE, support.START}
             for state in ("waiting", "building", "mapped", "ready")}
PERMITTED |= {"free": {support.CREATE}, "destroying": set(),
              "running": PERMITTED["ready"] - {support.START}, "over": PERMITTED["ready"] - {support.START}}


@pytest.mark.parametrize("state", PERMITTED)
def test_only_what_the_state_permits_is_heard(state):
    for kind in (*SIZES, *UNKNOWN):
        with box_in(state) as (boxd, control):
            send(boxd, kind)
            with contextlib.suppress(ProcessLookupError):
                os.kill(boxd.pid, signal.SIGCONT)
            if kind not in PERMITTED[state]:
                assert refused(boxd), (state, kind)
            else:
                send(boxd, support.USAGE)
                send_end = kind == support.DESTROY
                assert refused(boxd) if send_end else heard(boxd), (state, kind)
            if control:
                control.close()


def heard(boxd):
    """USAGE is answered, whatever else is said before."""
    while (said := boxd.recv()) is not None:
        if said[0] == USED:
            return True
    return False


@pytest.mark.parametrize("kind", SIZES)
def test_only_the_exact_size_is_heard(kind):
    for size in (4, 8 if SIZES[kind] > 8 else 7, SIZES[kind] - 1, SIZES[kind] + 1, 4096, 65000):
        with support.started(fake_init=True) as boxd:
            send(boxd, kind, size=size)
            assert refused(boxd), size


def test_an_empty_packet_is_the_end():
    with support.started(fake_init=True) as boxd:
        boxd.send(b"")
        assert boxd.recv() is None
        assert boxd.wait() == 0


@pytest.mark.parametrize("kind", REQUESTS)
def test_only_the_exact_number_of_descriptors_is_heard(kind):
    for count in {0, 1, 2, 8, 253} - {REQUESTS[kind]}:
        with box_in("free" if kind == support.CREATE else "mapped") as (boxd, _):
            send(boxd, kind, descriptors=count)
            assert refused(boxd), count


def test_only_boxes_that_there_are_can_be_named(capfd):
    for kind, box in itertools.product(REQUESTS, (4, 5, 255, 1024, 0x7fffffff, 0x80000000, 0xffffffff)):
        with support.started(fake_init=True, log_level=1) as boxd:
            send(boxd, kind, box)
            assert refused(boxd), (kind, box)
        assert f"for box {box} of 4" in capfd.readouterr().err


def foreign_descriptors():
    yield "pipe", os.pipe()[0]
    yield "file", os.open("/dev/null", os.O_RDWR)
    yield "path", os.open("/", os.O_PATH)
    yield "memfd", os.memfd_create("x")
    yield "pidfd", os.pidfd_open(os.getpid())
    yield "eventfd", os.eventfd(0)
    for family, kind in ((socket.AF_INET, socket.SOCK_STREAM), (socket.AF_INET, socket.SOCK_DGRAM),
                         (socket.AF_UNIX, socket.SOCK_STREAM), (socket.AF_UNIX, socket.SOCK_DGRAM),
                         (socket.AF_NETLINK, socket.SOCK_RAW)):
        yield f"{family.name} {kind.name}", socket.socket(family, kind).detach()


def test_only_a_packet_socket_is_taken():
    for name, fd in foreign_descriptors():
        with support.started(fake_init=True) as boxd:
            boxd.send(message(support.CREATE), [fd])
            os.close(fd)
            assert refused(boxd), name


# --- the server: all sequences, against a model -------------------------------------------------------------


class Model:
    """One box as its server may treat it."""

    def __init__(self):
        self.there = self.started = self.killed = False

    def takes(self, kind):
        """Whether boxd must hear this; and what then becomes of the box."""
        if kind == support.CREATE:
            if self.there:
                return False
            self.__init__()
            self.there = True
            return True
        if not self.there or (kind == support.START and self.started):
            return False
        self.started = self.started or kind == support.START
        self.killed = self.killed or kind == support.KILL
        self.there = kind != support.DESTROY
        return True

    @property
    def verdict(self):
        return self.started or self.killed


def play(boxd, kinds, wait):
    """Sends these; true when boxd did not end.  Everything that it says is what the model says."""
    model, told, due, verdicts = Model(), 0, 0, 0
    controls = []
    def hear(until):
        nonlocal told, verdicts
        while not until():
            said = boxd.recv()
            if said is None:
                return False
            verdicts += said[0] in (ENDED, FAILED)
            told += said[0] == USED
            if said[0] == DESTROYED:
                assert verdicts <= 1
                verdicts = -1
        return True
    try:
        for kind in kinds:
            permitted = model.takes(kind)
            if kind == support.CREATE and permitted:
                verdicts = 0
                controls.append(boxd.create(0))
                controls[-1].send(b"rgx")
            elif kind == support.START:
                boxd.start(0)
            else:
                send(boxd, kind)
            if not permitted:
                return not refused(boxd)
            due += kind == support.USAGE
            if kind == support.DESTROY:
                assert hear(lambda: verdicts < 0)
            elif wait and model.verdict:
                assert hear(lambda: verdicts == 1)
        if model.there:
            send(boxd, support.DESTROY)
            assert hear(lambda: verdicts < 0)
        assert told == due
        return True
    finally:
        for control in controls:
            control.close()


@pytest.mark.parametrize("wait", [True, False], ids=["waiting", "at_once"])
def test_every_sequence_is_judged_as_the_model_says(wait):
    depth = 6
    with contextlib.ExitStack() as stack:
        boxd = stack.enter_context(support.started(fake_init=True))
        played = 0
        frontier = [()]
        while frontier:
            prefix = frontier.pop()
            for kind in REQUESTS:
                model = Model()
                kinds = (*prefix, kind)
                permitted = all([model.takes(k) for k in kinds])
                if permitted and len(kinds) < depth:
                    frontier.append(kinds)
                if permitted and len(kinds) < depth and kinds[-1] != support.DESTROY:
                    continue  # it is a part of longer ones
                assert play(boxd, kinds, wait) == permitted, kinds
                played += 1
                if not permitted:
                    boxd = stack.enter_context(support.started(fake_init=True))
        assert played > 200


# --- the server: floods, and what it cannot get ---------------------------------------------------------------


def resident_kib(pid):
    return int(pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().split("Private_Dirty:")[1].split()[0])


def test_floods_leave_memory_and_descriptors_as_they_were(faked):
    def flood(rounds):
        for _ in range(rounds):
            with faked.create(0) as control:
                control.send(b"rgp")
                faked.start(0)
                for _ in range(20):
                    faked.usage(0)
                for _ in range(20):
                    faked.kill(0)
                faked.expect(ENDED, 0)
                faked.destroy(0)
            faked.create(1, layers=(99,)).close()
            assert "not in the catalogue" in failure(faked.recv())
            faked.destroy(1)
        faked.settle()

    def counted():
        return len(os.listdir(f"/proc/{faked.pid}/fd")), len(support.children(faked.pid))

    flood(20)
    before, memory = counted(), resident_kib(faked.pid)
    flood(200)
    assert counted() == before
    assert resident_kib(faked.pid) <= memory + 64


def test_a_flood_that_nobody_reads_ends_the_connection(faked):
    with faked.create(0):
        with pytest.raises((ConnectionError, socket.timeout)):
            for _ in range(1_000_000):
                send(faked, support.USAGE)
        assert faked.wait() == 1


@pytest.mark.parametrize("half, status", [(socket.SHUT_WR, 0), (socket.SHUT_RDWR, 0)], ids=["write", "both"])
def test_a_half_closed_connection_is_a_closed_one(faked, half, status):
    with faked.create(0) as control:
        control.send(b"rgp")
        faked.settle()
        faked.sock.shutdown(half)
        assert faked.wait() == status


def test_a_server_that_cannot_be_told_is_gone(faked):
    with faked.create(0) as control:
        control.send(b"rgp")
        faked.sock.shutdown(socket.SHUT_RD)
        send(faked, support.USAGE)
        assert faked.wait() == 0


def test_no_more_than_the_operators_maxima_can_be_had():
    most = 2**64 - 1
    with support.started(cgroups=True) as boxd:
        everything = maxima(memory=most, disk=most, inodes=most, processes=2**32 - 1, cpu_milli=2**32 - 1)
        script = ("import os; s = os.statvfs('/box'); print(s.f_blocks * s.f_frsize, s.f_files)\n"
                  "n = 0\n"
                  "try:\n"
                  "  while n < 400:\n"
                  "    if os.fork() == 0: os.pause() if hasattr(os, 'pause') else __import__('signal').pause()\n"
                  "    n += 1\n"
                  "except OSError: pass\n"
                  "print(n)")
        ended, out, _ = boxd.run(["/usr/bin/python3", "-c", script], limits=everything)
        size, inodes, processes = (int(word) for word in out.split())
        assert ended["end"] == support.END_EXIT
        assert size == 64 * MIB and processes < 256
        assert inodes <= 4096 + 64
        hog = ["/usr/bin/perl", "-e", "$x = 'a' x (1100 << 20); sleep 1000"]
        assert boxd.run(hog, limits=everything)[0]["end"] == support.END_MEMORY


def test_what_the_server_asked_is_heard_before_a_loss_is_told(capfd):
    """A client that leaves while its box is built is no loss of init."""
    with support.started(log_level=1) as boxd:
        control = boxd.create(0)
        support.hello_of_init(control)
        with stopped(boxd.pid):
            send(boxd, support.USAGE)
            send(boxd, support.USAGE)
            send(boxd, support.DESTROY)
            init, = [p for p in support.children(boxd.pid) if name_of(p) != "boxd-netns"]
            control.close()
            wait_for_zombie(init)
        said = [boxd.recv()[0] for _ in range(3)]
        assert said == [USED, USED, DESTROYED]
    assert "init was lost" not in capfd.readouterr().err


def name_of(pid):
    return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()


def wait_for_zombie(pid):
    for _ in range(4000):
        if pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return
        time.sleep(0.005)
    raise AssertionError("it did not end")


# --- an init that was taken over ------------------------------------------------------------------------------

INIT_PERMITTED = {"mapped": {support.READY, support.FAILED}, "ready": {support.FAILED},
                  "running": {support.EXITED, support.FAILED}, "over": set()}


def word(kind, size):
    return b"t" + struct.pack("=BH", kind, size)


@pytest.mark.parametrize("state", INIT_PERMITTED)
def test_only_what_the_state_permits_is_heard_of_init(faked, state):
    script = {"mapped": b"", "ready": b"r", "running": b"rg", "over": b"rgx"}[state]
    for kind in (*SIZES, 0, 25, 32, 255):
        if kind in INIT_PERMITTED[state]:
            continue
        with faked.create(0) as control:
            control.send(script + word(kind, SIZES.get(kind, 8)) + b"p")
            if state != "ready":  # GO would follow
                faked.start(0)
            said = faked.recv()
            wanted = support.END_EXIT if state == "over" else support.END_LOST
            assert said[:2] == (ENDED, 0) and struct.unpack_from("=I", said[2])[0] == wanted, (kind, said)
            faked.destroy()
    with faked.create(0) as control:  # boxd is as before
        control.send(b"rgx")
        faked.start(0)
        assert faked.ended()["end"] == support.END_EXIT


@pytest.mark.parametrize("kind", [support.READY, support.EXITED, support.FAILED, support.MAPS, support.DATA])
def test_only_the_exact_size_is_heard_of_init(faked, kind):
    for size in {1, 4, 7, 8, SIZES[kind] - 1, SIZES[kind] + 1, 4096, 65000} - {SIZES[kind]}:
        with faked.create(0) as control:
            control.send((b"rg" if kind == support.EXITED else b"") + word(kind, size) + b"p")
            faked.start(0)
            assert faked.ended()["end"] == support.END_LOST, size
            faked.destroy()


def test_a_flood_of_an_init_ends_its_box_alone(faked):
    with faked.create(0) as other, faked.create(1) as control:
        other.send(b"rgp")
        faked.start(0)
        control.send(b"rg" + word(support.READY, 8) * 60 + b"p")
        faked.start(1)
        assert faked.ended(1)["end"] == support.END_LOST
        faked.usage(0)
        faked.kill(0)
        assert faked.ended(0)["end"] == support.END_CANCEL
