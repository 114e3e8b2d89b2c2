# SPDX-License-Identifier: Apache-2.0
"""What a client may send that means no good: the server tells it so, and goes on.

proves: F3
"""
import pytest

from support.event_stream import EventStream
from support.native import EXECUTIONS, errors, finished, submit
from support.raw import ask, wait_until
from support.websocket import Closed, Refused, WebSocket


@pytest.mark.parametrize("body", [b"5", b'"x"', b"null", b"[]"])
def test_a_body_that_is_no_object_is_refused_also_with_a_key(native, body):
    before = ask(native, "GET", "/stats").json()
    headers = {"Content-Type": "application/json", "Idempotency-Key": "hostile"}
    assert errors(ask(native, "POST", EXECUTIONS, body, headers))[""]
    assert ask(native, "GET", "/stats").json()["finished"] >= before["finished"]  # the same server still


def upgrade():
    return {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


def opens(open_stream):
    try:
        stream = open_stream()
    except Refused:
        return False
    stream.socket.close()
    return getattr(stream, "status", 101) in (101, 200)


def head_of(length):
    """Of a binary frame of that length, with a mask that changes nothing."""
    return b"\x82\xff" + length.to_bytes(8, "big") + bytes(4)


def was_refused(one):
    """Whether its end has come by now."""
    try:
        frame = one.read_frame(timeout=0.01)
    except TimeoutError:
        return False
    assert frame is None or frame.code() == 1013, frame
    return True


def test_messages_that_never_end_hold_no_more_than_bodies_may(start):
    server = start()
    size, piece, sockets = 15 << 20, bytes(1 << 20), []
    for _ in range(24):  # 360 MiB; 256 may be kept
        sockets.append(WebSocket(server, "/api/v1/stream"))
        try:
            sockets[-1].send_bytes(head_of(size + 1))
            for _ in range(size // len(piece)):
                sockets[-1].send_bytes(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it is not read any more
    refused = []
    assert wait_until(lambda: refused.extend(one for one in sockets if was_refused(one)) or len(refused) > 1)
    assert len(refused) < len(sockets) / 2
    for one in sockets:
        one.socket.close()
    with WebSocket(server, "/api/v1/stream") as one:  # all of it is free again
        one.send_json({"type": "start", "language": "python", "source": "#" * (1 << 20)})
        assert one.receive_json()["type"] == "started"


def test_watchers_that_do_not_read_hold_only_so_much(start):
    native = start("--native-max-output-bytes", "16M")
    megabytes = 8
    one = submit(native, f"import sys\nfor i in range({megabytes}): sys.stdout.write('x' * (1 << 20))", priority="interactive",
                 limits={"output_bytes": 16 << 20})
    assert finished(native, one)["verdict"] == "ok"
    path = f"{EXECUTIONS}/{one}/events"
    watchers = [EventStream(native, path, receive_buffer=4096) for _ in range(12)]  # some 64 MiB each
    ends = [list(watcher.events())[-1:] for watcher in watchers]
    whole = [end for end in ends if end and end[0].name == "finished"]
    assert 1 <= len(whole) < len(watchers)
    for watcher in watchers:
        watcher.socket.close()
    with EventStream(native, path) as again:
        assert list(again.events())[-1].name == "finished"


@pytest.mark.parametrize("kind", ["websocket", "events"])
def test_streams_leave_connections_to_requests(start, kind):
    server = start("--server-connections-max", "16")
    one = submit(server, "import time; time.sleep(30)")
    path = "/api/v1/stream" if kind == "websocket" else f"{EXECUTIONS}/{one}/events"

    def open_stream():
        return WebSocket(server, path) if kind == "websocket" else EventStream(server, path)

    streams = [open_stream() for _ in range(12)]
    assert ask(server, "GET", path, headers=upgrade() if kind == "websocket" else None).status == 503
    assert ask(server, "GET", "/health").status == 200
    streams.pop().socket.close()
    assert wait_until(lambda: opens(open_stream))
    for stream in streams:
        stream.socket.close()


def test_stdin_that_comes_before_the_program_is_as_small_as_later(start):
    server = start("--validation-deny-patterns", "(a|aa)+$")  # the look takes some tenths of a second
    with WebSocket(server, "/api/v1/stream") as one:
        one.send_json({"type": "start", "language": "python", "source": "a" * 60000 + "b"})
        one.send_binary(bytes((1 << 20) + 1))
        with pytest.raises(Closed) as closed:
            one.receive()
        assert closed.value.code == 1009


def test_page_of_large_requests_is_short_and_the_next_goes_on(start):
    server = start("--paused")
    one = {"language": "python", "source": "", "tests": [{"name": "\u0001" * 256} for _ in range(100)]}  # 150 KiB of names
    made = [answer["id"] for answer in ask(server, "POST", EXECUTIONS + "/batch", [one] * 40).json()]
    listed, cursor, pages = [], "", 0
    while cursor is not None:
        page = ask(server, "GET", f"{EXECUTIONS}?limit=1000&cursor={cursor}").json()
        listed += [row["id"] for row in page["executions"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert sorted(listed) == sorted(made) and pages > 1
