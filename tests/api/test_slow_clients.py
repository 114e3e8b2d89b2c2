# SPDX-License-Identifier: Apache-2.0
"""Clients that are slow, or gone without a word: none may hold anything for ever.

proves: F3
"""
import os
import socket
import time

import pytest

from support import raw
from support.server import cannot
from support.stream_server import HEAD_SECONDS, StreamServer, vanish
from support.websocket import CONTINUATION, PING, PONG, TEXT, WebSocket, handshake

PING_MS = 500


@pytest.fixture(scope="module")
def streams():
    server = StreamServer(ping_ms=PING_MS)
    yield server
    assert server.idle(), (server.counts(), server.descriptors())
    assert server.stop() == 0


def ends_within(connection, seconds):
    """What still came, until the server ended the connection; fails when it does not."""
    connection.settimeout(seconds)
    data = b""
    try:
        while piece := connection.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    return data


def drip(connection, data, every, seconds):
    """Byte by byte, until the server has had enough; how long that took."""
    start = time.monotonic()
    connection.settimeout(every)
    for i in range(len(data)):
        try:
            connection.sendall(data[i:i + 1])
            if connection.recv(1) == b"" or time.monotonic() - start > seconds:
                break
        except TimeoutError:
            continue
        except (BrokenPipeError, ConnectionResetError):
            break
        break
    return time.monotonic() - start


# Messages that do not come

def test_large_message_that_never_ends_is_given_up(streams):
    with WebSocket(streams, "/echo", timeout=10) as one:
        one.send_frame(TEXT, "x" * 100_000, fin=False)
        while (frame := one.read_frame()) and frame.opcode == PING:
            one.send_frame(PONG, frame.payload)
            one.send_frame(CONTINUATION, "x", fin=False)
        assert frame.code() == 1008


# Requests that do not come

def test_head_that_drips_in_is_cut_off(streams):
    with raw.dial(streams) as connection:
        data = b"GET /client HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 1000
        assert HEAD_SECONDS - 0.5 < drip(connection, data, 0.1, 10) < HEAD_SECONDS + 2


def test_head_that_stops_is_told_why(streams):
    with raw.dial(streams) as connection:
        connection.sendall(b"GET /client HTTP/1.1\r\nHost: loc")
        assert ends_within(connection, HEAD_SECONDS + 3).startswith(b"HTTP/1.1 408 ")


def test_connection_that_says_nothing_ends(streams):
    with raw.dial(streams) as connection:
        ends_within(connection, HEAD_SECONDS + 3)


def test_body_that_drips_in_is_cut_off(streams):
    with raw.dial(streams) as connection:
        connection.sendall(b"POST /client HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n")
        assert HEAD_SECONDS - 0.5 < drip(connection, b"x" * 100000, 0.1, 10) < HEAD_SECONDS + 2


def test_many_slow_heads_leave_room_for_others(streams):
    held = [raw.dial(streams) for _ in range(200)]
    for connection in held:
        connection.sendall(b"GET /client HTTP/1.1\r\nHost: ")
    assert raw.ask(streams, "GET", "/client", timeout=5).body == b"127.0.0.1"
    for connection in held:
        connection.close()


# Answers that are not read

def slow_reader(server, path):
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(30)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return connection


def test_answer_that_is_read_bytewise_is_not_held_for_ever(streams):
    assert raw.wait_until(lambda: streams.descriptors() <= streams.at_rest)
    with slow_reader(streams, "/large?bytes=50000000") as connection:
        end = time.monotonic() + 4 * HEAD_SECONDS
        while streams.descriptors() > streams.at_rest and time.monotonic() < end:
            connection.recv(1)
            time.sleep(0.2)
        assert time.monotonic() < end


def test_answer_that_nobody_reads_is_dropped(streams):
    with slow_reader(streams, "/large?bytes=50000000") as connection:
        time.sleep(3.5 * HEAD_SECONDS)
        assert len(ends_within(connection, 5)) < 50000000


def test_answer_that_is_read_slowly_but_steadily_comes_whole(streams):
    with slow_reader(streams, "/large?bytes=400000") as connection:
        connection.settimeout(30)
        got, start = 0, time.monotonic()
        while got < 400000:
            piece = connection.recv(4000)
            assert piece, got
            got += len(piece)
            time.sleep(0.05)
        assert time.monotonic() - start > 2 * HEAD_SECONDS


def test_event_stream_that_nobody_reads_makes_its_sender_wait(streams):
    before = streams.memory()
    with slow_reader(streams, "/events?count=1000000") as connection:
        time.sleep(1)
        assert streams.memory() - before < 256 << 10
        assert b"id: 1\n" in connection.recv(4096)


# Streams whose other side is silent

def test_websocket_that_answers_pings_stays(streams):
    with WebSocket(streams, "/echo") as ws:
        for _ in range(5):
            one = ws.read_frame(5)
            assert one.opcode == PING
            ws.send_frame(PONG, one.payload)


def test_websocket_that_answers_no_ping_is_closed(streams):
    with WebSocket(streams, "/echo") as ws:
        start = time.monotonic()
        assert ws.read_frame(5).opcode == PING
        assert ws.read_frame(5) is None
        assert 2 * PING_MS / 1000 - 0.1 < time.monotonic() - start < 2 * PING_MS / 1000 + 2


def test_websocket_that_speaks_is_not_asked(streams):
    with WebSocket(streams, "/echo") as ws:
        for i in range(10):
            time.sleep(PING_MS / 5000)
            ws.send_text(str(i))
            assert ws.read_frame().payload == str(i).encode()


def test_reader_that_only_stops_reading_stays(streams):
    with WebSocket(streams, "/flood", receive_buffer=4096) as ws:
        ws.send_text("go")
        time.sleep(6 * PING_MS / 1000)
        assert streams.counts()["streams"] == 1
        ws.receive()
        ws.send_text("stop")
        ws.messages()
        assert ws.closed.code == 1000


def test_event_stream_in_silence_has_comments(streams):
    with raw.dial(streams) as connection:
        connection.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        data = b""
        while data.count(b"\n:\n\n") < 2 and data.count(b":\n\n") < 3:
            piece = connection.recv(4096)
            assert piece
            data += piece


# Those whose machine is gone

GONE = {"a websocket": lambda: handshake("/echo"),
        "a flooded websocket": lambda: handshake("/flood") + b"\x81\x82\0\0\0\0go",
        "an event stream": lambda: b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "a waiting request": lambda: b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n"}


@pytest.mark.parametrize("what", GONE)
def test_what_is_half_open_is_noticed(streams, what):
    if os.geteuid() != 0:
        cannot("only root can end a connection without a packet")
    connection = raw.dial(streams)
    connection.sendall(GONE[what]())
    assert raw.wait_until(lambda: sum(streams.counts().values()) == 1)
    time.sleep(0.1)
    vanish(connection)
    assert streams.idle(10), streams.counts()
