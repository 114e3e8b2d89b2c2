# SPDX-License-Identifier: Apache-2.0
"""WebSocket frames of every shape, in the manner of the Autobahn test list, against an echo."""
import socket
import struct
import time

import pytest

from support import raw
from support.stream_server import StreamServer
from support.websocket import (ABNORMAL, BINARY, CLOSE, CONTINUATION, NO_CODE, PING, PONG, TEXT, Closed, Refused, WebSocket,
                               close_payload, frame, handshake)

PROTOCOL_ERROR, BAD_TEXT, TOO_BIG = 1002, 1007, 1009
MESSAGE_MAX = 1 << 20


@pytest.fixture(scope="module")
def echo():
    server = StreamServer()
    yield server
    assert server.idle(), (server.counts(), server.descriptors())
    assert server.stop() == 0


@pytest.fixture(autouse=True)
def nothing_is_left(echo):
    yield
    assert echo.idle(), (echo.counts(), echo.descriptors())


def dial(echo, **more):
    return WebSocket(echo, "/echo", **more)


def code_after(echo, data):
    """How the server closes when these bytes came."""
    with dial(echo) as ws:
        ws.send_bytes(data)
        return ws.close_code()


# 1: whole messages of each length, in each size of read

LENGTHS = [0, 1, 125, 126, 127, 128, 65535, 65536, MESSAGE_MAX]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_message_comes_back_as_it_was(echo, opcode, length):
    payload = b"*" * length
    with dial(echo) as ws:
        ws.send_frame(opcode, payload)
        assert ws.receive() == (opcode, payload.decode() if opcode == TEXT else payload)
        assert ws.close() == 1000


@pytest.mark.parametrize("length", [0, 125, 126, 65536])
def test_message_may_come_byte_by_byte(echo, length):
    data = frame(TEXT, b"*" * length)
    with dial(echo) as ws:
        for i in range(len(data) if length < 1000 else 20):
            ws.send_bytes(data[i:i + 1])
        ws.send_bytes(data[i + 1:])
        assert ws.receive() == (TEXT, "*" * length)


def test_many_messages_in_one_packet_come_back_in_order(echo):
    with dial(echo) as ws:
        ws.send_bytes(b"".join(frame(TEXT, str(i)) for i in range(2000)))
        assert [ws.receive()[1] for _ in range(2000)] == [str(i) for i in range(2000)]


def test_messages_in_the_packet_of_the_handshake_are_not_lost(echo):
    early = b"".join(frame(TEXT, f"early {i}") for i in range(100))
    with dial(echo, early=early) as ws:
        assert [ws.receive()[1] for _ in range(100)] == [f"early {i}" for i in range(100)]


def test_half_a_frame_in_the_packet_of_the_handshake_is_whole_later(echo):
    data = frame(TEXT, "in two pieces")
    with dial(echo, early=data[:9]) as ws:
        ws.send_bytes(data[9:])
        assert ws.receive() == (TEXT, "in two pieces")


# 2: pings and pongs

@pytest.mark.parametrize("payload", [b"", b"Hello, world!", b"\x00\xff\xfe\xfd", b"\xfe" * 125])
def test_ping_is_answered_with_its_payload(echo, payload):
    with dial(echo) as ws:
        ws.send_frame(PING, payload)
        answer = ws.read_frame()
        assert (answer.opcode, answer.payload, answer.fin) == (PONG, payload, True)


def test_ping_of_126_bytes_is_an_error(echo):
    assert code_after(echo, frame(PING, b"\xfe" * 126)) == PROTOCOL_ERROR


def test_ping_byte_by_byte_is_answered(echo):
    with dial(echo) as ws:
        for byte in frame(PING, b"\xfe" * 125):
            ws.send_bytes(bytes([byte]))
        assert ws.read_frame().payload == b"\xfe" * 125


def test_pong_that_nobody_asked_for_is_ignored(echo):
    with dial(echo) as ws:
        ws.send_frame(PONG, b"unasked")
        ws.send_frame(PING, b"x")
        assert ws.read_frame().payload == b"x"


def test_ten_pings_get_ten_pongs_in_order(echo):
    with dial(echo) as ws:
        ws.send_bytes(b"".join(frame(PING, b"%d" % i) for i in range(10)))
        assert [ws.read_frame().payload for _ in range(10)] == [b"%d" % i for i in range(10)]


def test_pings_whose_pongs_nobody_reads_cost_no_memory(echo):
    with dial(echo, receive_buffer=4096) as ws:
        before = echo.memory()
        ws.socket.settimeout(5)
        data = frame(PING, b"x" * 125, masked=True) * 100
        for _ in range(1500):
            ws.send_bytes(data)
        assert echo.memory() - before < 1 << 20
        ws.reset()


# 3: reserved bits

@pytest.mark.parametrize("rsv", range(1, 8))
@pytest.mark.parametrize("opcode", [TEXT, BINARY, CLOSE, PING, PONG])
def test_reserved_bits_are_an_error(echo, opcode, rsv):
    payload = close_payload(1000) if opcode == CLOSE else b"x"
    assert code_after(echo, frame(opcode, payload, rsv=rsv)) == PROTOCOL_ERROR


def test_messages_before_a_reserved_bit_still_come_back(echo):
    with dial(echo) as ws:
        ws.send_bytes(frame(TEXT, "good") + frame(TEXT, "bad", rsv=4) + frame(PING))
        assert ws.messages() == [(TEXT, "good")]
        assert ws.closed.code == PROTOCOL_ERROR


# 4: opcodes

@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
@pytest.mark.parametrize("payload", [b"", b"reserved opcode payload"])
def test_reserved_opcodes_are_an_error(echo, opcode, payload):
    assert code_after(echo, frame(opcode, payload)) == PROTOCOL_ERROR


# Masks and lengths

@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, CLOSE])
def test_frame_without_a_mask_is_an_error(echo, opcode):
    payload = close_payload(1000) if opcode == CLOSE else b"not masked"
    assert code_after(echo, frame(opcode, payload, masked=False)) == PROTOCOL_ERROR


@pytest.mark.parametrize("length,length_bytes", [(5, 2), (125, 2), (5, 8), (65535, 8)])
def test_length_in_more_bytes_than_it_needs_is_an_error(echo, length, length_bytes):
    assert code_after(echo, frame(TEXT, b"x" * length, length_bytes=length_bytes)) == PROTOCOL_ERROR


def test_length_with_its_highest_bit_is_an_error(echo):
    assert code_after(echo, frame(BINARY, b"x" * 20, length=1 << 63, length_bytes=8)) == PROTOCOL_ERROR


@pytest.mark.parametrize("length", [MESSAGE_MAX + 1, 1 << 32, (1 << 63) - 1])
def test_message_that_is_too_large_is_refused_at_its_head(echo, length):
    assert code_after(echo, frame(BINARY, b"x", length=length)) == TOO_BIG


def test_fragments_that_are_too_large_together_are_refused(echo):
    with dial(echo) as ws:
        ws.send_frame(BINARY, b"x" * MESSAGE_MAX, fin=False)
        ws.send_frame(CONTINUATION, b"x")
        assert ws.close_code() == TOO_BIG


def test_limit_can_be_lowered_for_the_very_next_message(echo):
    with dial(echo) as ws:
        ws.send_bytes(frame(TEXT, "max:10") + frame(TEXT, "x" * 10) + frame(TEXT, "x" * 11))
        assert ws.messages() == [(TEXT, "x" * 10)]
        assert ws.closed.code == TOO_BIG


# 5: fragments

def test_fragments_are_one_message(echo):
    with dial(echo) as ws:
        ws.send_fragments(TEXT, ["frag", "", "men", "t", ""])
        assert ws.receive() == (TEXT, "fragment")


def test_message_may_be_fragments_of_nothing(echo):
    with dial(echo) as ws:
        ws.send_fragments(TEXT, ["", "", ""])
        assert ws.receive() == (TEXT, "")


def test_many_small_fragments_cost_what_they_hold(echo):
    with dial(echo) as ws:
        before = echo.memory()
        ws.send_frame(BINARY, b"a", fin=False)
        for _ in range(200):
            ws.send_bytes(frame(CONTINUATION, b"b", fin=False) * 500)
        ws.send_frame(PING, b"all read")
        assert ws.read_frame().payload == b"all read"
        assert echo.memory() - before < 1 << 20
        ws.send_frame(CONTINUATION, b"c")
        assert ws.receive() == (BINARY, b"a" + b"b" * 100000 + b"c")


def test_ping_between_fragments_is_answered_at_once(echo):
    with dial(echo) as ws:
        ws.send_frame(TEXT, "one", fin=False)
        ws.send_frame(PING, b"between")
        assert ws.read_frame().payload == b"between"
        ws.send_frame(CONTINUATION, "two")
        assert ws.receive() == (TEXT, "onetwo")


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_control_frames_may_not_be_fragments(echo, opcode):
    assert code_after(echo, frame(opcode, b"", fin=False) + frame(CONTINUATION, b"")) == PROTOCOL_ERROR


@pytest.mark.parametrize("fin", [True, False])
def test_continuation_of_nothing_is_an_error(echo, fin):
    assert code_after(echo, frame(CONTINUATION, b"x", fin=fin)) == PROTOCOL_ERROR


def test_continuation_behind_a_whole_message_is_an_error(echo):
    with dial(echo) as ws:
        ws.send_bytes(frame(TEXT, "whole") + frame(CONTINUATION, "x"))
        assert ws.messages() == [(TEXT, "whole")]
        assert ws.closed.code == PROTOCOL_ERROR


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_message_within_another_is_an_error(echo, opcode):
    assert code_after(echo, frame(TEXT, "one", fin=False) + frame(opcode, b"two")) == PROTOCOL_ERROR


# 6: texts

GOOD_TEXTS = ["κόσμε", "\x00", "\x7f\x80", "߿ࠀ", "￿", "\U00010000\U0010ffff", "퟿", "\ufffe", "Hello-µ@ßöäüàá-UTF-8!!"]
BAD_TEXTS = [b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited", b"\x80", b"\xbf", b"\xc0\xaf", b"\xe0\x80\xaf",
             b"\xf0\x80\x80\xaf", b"\xf8\x88\x80\x80\x80", b"\xfe", b"\xff", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf4\x90\x80\x80",
             b"\xc2", b"\xe2\x82", b"\xf0\x9f\x98"]


@pytest.mark.parametrize("text", GOOD_TEXTS)
def test_text_comes_back_however_it_is_cut(echo, text):
    data = text.encode()
    with dial(echo) as ws:
        ws.send_fragments(TEXT, [data[i:i + 1] for i in range(len(data))])
        assert ws.receive() == (TEXT, text)
        for byte in frame(TEXT, data):
            ws.send_bytes(bytes([byte]))
        assert ws.receive() == (TEXT, text)


@pytest.mark.parametrize("data", BAD_TEXTS)
def test_text_that_is_no_utf8_is_an_error(echo, data):
    assert code_after(echo, frame(TEXT, data)) == BAD_TEXT
    pieces = [frame(TEXT, b"", fin=False), *(frame(CONTINUATION, data[i:i + 1], fin=False) for i in range(len(data)))]
    assert code_after(echo, b"".join(pieces) + frame(CONTINUATION, b"")) == BAD_TEXT


def test_bad_text_is_refused_before_the_message_is_whole(echo):
    assert code_after(echo, frame(TEXT, b"good \xf4\x90\x80\x80", fin=False)) == BAD_TEXT


def test_bytes_need_not_be_text(echo):
    with dial(echo) as ws:
        ws.send_binary(b"\xff\xfe\x00\x80")
        assert ws.receive() == (BINARY, b"\xff\xfe\x00\x80")


# 7: closing

@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999])
def test_good_codes_come_back(echo, code):
    with dial(echo) as ws:
        assert ws.close(code, "bye") == code


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
def test_bad_codes_are_an_error(echo, code):
    assert code_after(echo, frame(CLOSE, close_payload(code))) == PROTOCOL_ERROR


def test_close_without_a_code_comes_back_without_one(echo):
    assert code_after(echo, frame(CLOSE)) == NO_CODE


def test_half_a_code_is_an_error(echo):
    assert code_after(echo, frame(CLOSE, b"\x03")) == PROTOCOL_ERROR


def test_longest_reason_is_good_and_a_longer_one_an_error(echo):
    assert code_after(echo, frame(CLOSE, close_payload(1000, "x" * 123))) == 1000
    assert code_after(echo, frame(CLOSE, close_payload(1000, "x" * 124))) == PROTOCOL_ERROR


def test_reason_must_be_text(echo):
    assert code_after(echo, frame(CLOSE, close_payload(1000, b"\xce\xba\xe1\xbd\xb9\xed\xa0\x80"))) == BAD_TEXT
    with dial(echo) as ws:
        for byte in frame(CLOSE, close_payload(3000, "κόσμε")):
            ws.send_bytes(bytes([byte]))
            time.sleep(0.002)
        assert ws.close_code() == 3000


@pytest.mark.parametrize("more", [frame(TEXT, "late"), frame(PING, b"late"), frame(CLOSE, close_payload(1000)), b"\xff" * 100])
def test_what_comes_behind_a_close_is_ignored(echo, more):
    with dial(echo) as ws:
        ws.send_bytes(frame(CLOSE, close_payload(1000)) + more)
        assert ws.messages() == []
        assert ws.closed.code == 1000


def test_close_between_fragments_counts(echo):
    with dial(echo) as ws:
        ws.send_frame(TEXT, "one", fin=False)
        assert ws.close(1000) == 1000


def test_large_message_before_a_close_comes_back_whole(echo):
    payload = b"x" * MESSAGE_MAX
    with dial(echo) as ws:
        ws.send_bytes(frame(BINARY, payload) + frame(CLOSE, close_payload(1000)))
        assert ws.messages() == [(BINARY, payload)]
        assert ws.closed.code == 1000


def test_server_closes_and_takes_its_answer(echo):
    with dial(echo) as ws:
        ws.send_text("close")
        assert ws.close_code() == 4001
        assert ws.closed.reason == "as you wish"


def test_server_that_closes_drops_what_comes_until_the_answer(echo):
    with dial(echo) as ws:
        ws.send_bytes(frame(TEXT, "close") + frame(TEXT, "late") * 100)
        assert ws.messages() == []
        assert ws.closed.code == 4001


def test_server_that_drops_says_nothing(echo):
    with dial(echo) as ws:
        ws.send_text("drop")
        assert ws.read_frame() is None


def test_close_comes_through_a_pause(echo):
    with dial(echo) as ws:
        ws.send_bytes(frame(TEXT, "pause") + frame(TEXT, "unread"))
        with pytest.raises(TimeoutError):
            ws.receive(0.3)
        ws.socket.shutdown(socket.SHUT_WR)  # that the client leaves is seen all the same
        assert ws.read_frame(10) is None


# Leaving at each state

STATES = {
    "before a frame": b"",
    "in a head": frame(TEXT, "x" * 200)[:3],
    "in a mask": frame(TEXT, "x" * 200)[:6],
    "in a payload": frame(TEXT, "x" * 200)[:50],
    "between fragments": frame(TEXT, "x", fin=False),
    "in a close frame": frame(CLOSE, close_payload(1000, "bye"))[:7],
    "behind a message": frame(TEXT, "x"),
    "while it closes": frame(TEXT, "close"),
    "in a pause": frame(TEXT, "pause") + frame(TEXT, "x") * 1000,
}


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("state", STATES)
def test_client_may_leave_at_any_time(echo, state, reset):
    with dial(echo) as ws:
        ws.send_bytes(STATES[state])
        time.sleep(0.02)
        if reset:
            ws.reset()


@pytest.mark.parametrize("cut", [1, 20, 60, -5, -1])
def test_client_may_leave_within_the_handshake(echo, cut):
    data = handshake("/echo")
    with raw.dial(echo) as connection:
        connection.sendall(data[:cut])
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_client_may_leave_right_behind_the_handshake(echo):
    for _ in range(50):
        with raw.dial(echo) as connection:
            connection.sendall(handshake("/echo"))


# The handshake

@pytest.mark.parametrize("headers,status", [
    ({"Upgrade": None}, 426), ({"Upgrade": "h2c"}, 426), ({"Connection": None}, 426), ({"Connection": "keep-alive"}, 426),
    ({"Sec-WebSocket-Version": None}, 426), ({"Sec-WebSocket-Version": "8"}, 426), ({"Sec-WebSocket-Version": "13, 8"}, 426),
    ({"Sec-WebSocket-Key": None}, 400), ({"Sec-WebSocket-Key": "c2hvcnQ="}, 400), ({"Sec-WebSocket-Key": "not base64!"}, 400),
])
def test_bad_handshake_is_refused(echo, headers, status):
    with pytest.raises(Refused) as refused:
        dial(echo, headers=headers)
    assert refused.value.answer.status == status
    if "Sec-WebSocket-Version" in headers:
        assert refused.value.answer.headers["sec-websocket-version"] == "13"


@pytest.mark.parametrize("headers", [
    {"Upgrade": "WebSocket"}, {"Upgrade": "h2c, websocket"}, {"Connection": "keep-alive, Upgrade"}, {"Connection": "UPGRADE"},
])
def test_tokens_of_a_handshake_may_be_in_lists_and_in_any_case(echo, headers):
    with dial(echo, headers=headers) as ws:
        assert ws.close() == 1000


@pytest.mark.parametrize("offered,chosen", [([], None), (["echo"], "echo"), (["x", "echo"], "echo"), (["x"], None)])
def test_subprotocol_is_chosen_when_it_is_offered(echo, offered, chosen):
    with dial(echo, protocols=offered) as ws:
        assert ws.protocol == chosen


@pytest.mark.parametrize("headers", [{"Content-Length": "5"}, {"Transfer-Encoding": "chunked"}])
def test_handshake_with_a_body_is_refused(echo, headers):
    with pytest.raises(Refused) as refused:
        dial(echo, headers=headers, early=b"0\r\n\r\n\r\n")
    assert refused.value.answer.status == 400


def test_http_1_0_cannot_upgrade(echo):
    answer = raw.exchange(echo, handshake("/echo").replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert answer.status == 426


def test_connection_that_served_a_request_can_become_a_websocket(echo):
    with raw.dial(echo) as connection:
        connection.sendall(b"GET /client HTTP/1.1\r\nHost: localhost\r\n\r\n" + handshake("/echo") + frame(TEXT, "x"))
        data = b""
        while not data.endswith(b"\x81\x01x"):
            piece = connection.recv(4096)
            assert piece, data
            data += piece
        assert data.count(b"HTTP/1.1 ") == 2


# Back-pressure

def test_reader_that_stops_costs_little_and_goes_on_later(echo):
    with WebSocket(echo, "/flood", receive_buffer=4096) as ws:
        before = echo.memory()
        ws.send_text("go")
        time.sleep(0.5)
        assert echo.memory() - before < 256 << 10
        for _ in range(100):
            kind, data = ws.receive()
            assert (kind, len(data)) == (BINARY, 65537)
        ws.send_text("stop")
        ws.messages()
        assert ws.closed.code == 1000


def test_writer_that_is_not_read_is_stopped(echo):
    with dial(echo) as ws:
        before = echo.memory()
        ws.send_text("pause")
        ws.socket.settimeout(1)
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 256 << 20:
                sent += ws.socket.send(frame(BINARY, b"x" * 65536))
        assert sent < 8 << 20  # the client's own buffer holds most of it
        assert echo.memory() - before < 256 << 10
        ws.reset()


def test_echo_to_one_who_writes_and_reads_late_is_whole(echo):
    with dial(echo) as ws:
        ws.send_frame(BINARY, b"y" * 500000)
        time.sleep(0.2)
        ws.send_text("last")
        assert ws.receive() == (BINARY, b"y" * 500000)
        assert ws.receive() == (TEXT, "last")


def test_server_that_stops_says_so():
    with StreamServer() as server, WebSocket(server, "/echo") as ws, raw.dial(server) as connection:
        connection.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in connection.recv(4096)
        server.process.stdin.write("\n")
        server.process.stdin.flush()
        assert ws.close_code() == 1001
        while connection.recv(4096):
            pass
        assert server.process.wait(10) == 0


def test_server_that_is_freed_tells_all():
    with StreamServer() as server, WebSocket(server, "/echo") as ws, WebSocket(server, "/flood", receive_buffer=4096) as flood:
        flood.send_text("go")
        time.sleep(0.1)
        assert server.stop() == 0
        with pytest.raises(Closed) as closed:
            ws.receive()
        assert closed.value.code in (1001, ABNORMAL)
