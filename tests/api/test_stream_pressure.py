# SPDX-License-Identifier: Apache-2.0
"""Back-pressure both ways: who does not read makes the other side wait, and costs a known amount of memory.

proves: F3
"""
import pathlib
import select
import time

import pytest

from support.server import at_rest, descendants, settle
from support.websocket import BINARY, TEXT, Closed, WebSocket, frame

PATH = "/api/v1/stream"
MIB = 1 << 20


@pytest.fixture
def quiet(start):
    """A server of the test's own, and what it holds at rest."""
    server = start()
    warm_up(server)
    before = at_rest(server)
    yield server
    assert settle(server, before) == {}


def warm_up(server):
    """What a first session costs for good (pages of libraries, the runtime's version) counts for none of the tests."""
    for binary in (False, True):
        with WebSocket(server, PATH) as socket:
            socket.send_json({"type": "start", "language": "bash", "source": "head -c 3000000 /dev/zero", "binary": binary})
            socket.messages()


def server_process(server):
    """The process that holds the connections."""
    return next(pid for pid in descendants(server.pid)
                if pid != server.pid and pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "belljar")


def anonymous(server):
    """Bytes of memory that are its own."""
    for line in pathlib.Path(f"/proc/{server_process(server)}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise AssertionError


def begin(server, source, receive_buffer=None, **more):
    socket = WebSocket(server, PATH, receive_buffer=receive_buffer)
    socket.send_json({"type": "start", "language": "bash", "source": source, **more})
    return socket


def drain(socket, least):
    """Reads without looking; how many bytes there were."""
    count, room = 0, bytearray(MIB)
    while count < least:
        n = socket.socket.recv_into(room)
        if n == 0:
            break
        count += n
    return count


def test_a_gigabyte_passes_through(quiet):
    before = anonymous(quiet)
    with begin(quiet, "head -c 1000000000 /dev/zero", binary=True) as socket:
        most = 0
        for _ in range(99):
            assert drain(socket, 10_000_000) >= 10_000_000
            most = max(most, anonymous(quiet))
    assert most - before < MIB


def test_a_slow_reader_makes_the_program_wait(quiet):
    before, most = anonymous(quiet), 0
    with begin(quiet, "head -c 1000000000 /dev/zero", binary=True, receive_buffer=65536) as socket:
        for _ in range(50):
            drain(socket, 200_000)
            time.sleep(0.02)
            most = max(most, anonymous(quiet))
    assert most - before < MIB


# The last is the worst for text: six bytes for each, on both streams.
OUTPUTS = {"binary": ("yes", True), "text": ("yes", False),
           "escapes": ("cat /dev/zero | tr '\\0' '\\1' >&2 & exec tr '\\0' '\\1' < /dev/zero", False)}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_readers_that_stop_cost_256_kib_at_most(quiet, kind):
    source, binary = OUTPUTS[kind]
    count, before = 16, anonymous(quiet)
    sockets = [begin(quiet, source, binary=binary) for _ in range(count)]
    try:
        time.sleep(3)
        at_first = anonymous(quiet)
        time.sleep(1)
        assert abs(anonymous(quiet) - at_first) < 64 * 1024  # they have come to a stop
        assert (at_first - before) / count < 256 * 1024
        for socket in sockets:  # and go on when they are read
            drain(socket, 3 * MIB)
    finally:
        for socket in sockets:
            socket.socket.close()


def test_program_is_not_ended_by_its_reader(quiet):
    """Who reads late gets it all."""
    with begin(quiet, "seq 300000") as socket:
        time.sleep(1.5)
        text = "".join(one["data"] for one in json_messages(socket) if one["type"] == "output")
    assert text == "".join(f"{i}\n" for i in range(1, 300001))


def json_messages(socket):
    found = []
    try:
        while True:
            found.append(socket.receive_json())
    except Closed:
        return found


def push(socket, data, seconds):
    """How much of it the other side takes in that time."""
    socket.socket.setblocking(False)
    sent, end = 0, time.monotonic() + seconds
    while sent < len(data) and time.monotonic() < end:
        if select.select([], [socket.socket], [], 0.1)[1]:
            sent += socket.socket.send(data[sent:sent + MIB])
    socket.socket.setblocking(True)
    return sent


def stdin_frames(count, size):
    return frame(BINARY, b"x" * (size - 1) + b"\n") * count


def test_stdin_that_nobody_reads_waits_at_the_client(quiet):
    before = anonymous(quiet)
    data = stdin_frames(1000, 65536)
    with begin(quiet, "sleep 60") as socket:
        sent = push(socket, data, 2)
        assert sent < 16 * MIB  # what the kernel's buffers hold, and a little
        assert anonymous(quiet) - before < MIB
        assert push(socket, data[sent:], 1) < 64 * 1024


def test_stdin_goes_on_when_it_is_read(quiet):
    data = stdin_frames(300, 65536)
    for source in ("sleep 1; wc -c", "for i in 1 2 3 4 5; do head -c 1000000 | wc -c; sleep 0.1; done; wc -c"):
        with begin(quiet, source) as socket:
            socket.socket.settimeout(30)
            socket.socket.sendall(data)
            socket.send_json({"type": "eof"})
            messages = json_messages(socket)
        words = "".join(one["data"] for one in messages if one["type"] == "output").split()
        assert sum(int(word) for word in words) == 300 * 65536
        assert messages[-1]["verdict"] == "ok"


def test_stdin_in_small_pieces_that_nobody_reads(quiet):
    """The cost is that of the bytes, not of the messages."""
    before = anonymous(quiet)
    data = frame(TEXT, '{"type":"stdin","data":"x"}') * 200_000
    with begin(quiet, "sleep 60") as socket:
        push(socket, data, 3)
        assert anonymous(quiet) - before < MIB


def test_client_that_leaves_while_its_stdin_is_held(quiet):
    data = stdin_frames(1000, 65536)
    for _ in range(3):
        with begin(quiet, "sleep 60") as socket:
            push(socket, data, 0.3)


def test_client_that_leaves_while_its_output_is_held(quiet):
    for how in ("reset", "close"):
        with begin(quiet, "yes") as socket:
            time.sleep(0.5)
            socket.reset() if how == "reset" else socket.socket.close()


def test_limit_of_time_holds_while_nobody_reads(quiet):
    with begin(quiet, "yes", limits={"wall_ms": 700}) as socket:
        time.sleep(1.5)
        messages = json_messages(socket)
    assert messages[-1]["verdict"] == "wall_time_limit"
