# SPDX-License-Identifier: Apache-2.0
"""RFC 6455 without a library's help or hindrance: frames of any shape out, frames in.

    with WebSocket(server, "/api/v1/stream") as socket:
        socket.send_json({"type": "start", ...})
        kind, data = socket.receive()          # answers pings; raises Closed
"""
import base64
import hashlib
import json
import os
import socket as sockets
import struct

from support import raw

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
NO_CODE, ABNORMAL = 1005, 1006  # a close frame without a code; none at all
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Refused(Exception):
    """The handshake got another answer than 101; `answer` is None when there was none."""

    def __init__(self, answer):
        super().__init__(repr(answer))
        self.answer = answer


class Closed(Exception):
    def __init__(self, code, reason=""):
        super().__init__(f"{code} {reason}".strip())
        self.code = code
        self.reason = reason


class Frame:
    def __init__(self, opcode, payload=b"", fin=True, rsv=0):
        self.opcode, self.payload, self.fin, self.rsv = opcode, payload, fin, rsv

    def __repr__(self):
        return f"<frame {self.opcode:#x} fin={self.fin} rsv={self.rsv} {len(self.payload)}: {self.payload[:100]!r}>"

    def code(self):
        """Of a close frame."""
        return struct.unpack("!H", self.payload[:2])[0] if len(self.payload) >= 2 else NO_CODE


def frame(opcode, payload=b"", fin=True, rsv=0, masked=True, length=None, length_bytes=None):
    """A frame as bytes. `length` is what it claims (the payload may be shorter); `length_bytes` (0, 2, 8): how it says so."""
    if isinstance(payload, str):
        payload = payload.encode()
    length = len(payload) if length is None else length
    if length_bytes is None:
        length_bytes = 0 if length < 126 else 2 if length < 65536 else 8
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    second = (0x80 if masked else 0) | {0: length, 2: 126, 8: 127}[length_bytes]
    head = bytes([first, second]) + (length.to_bytes(length_bytes, "big") if length_bytes else b"")
    if not masked:
        return head + payload
    mask = os.urandom(4)
    if payload:
        pad = (mask * (len(payload) // 4 + 1))[:len(payload)]
        payload = (int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")).to_bytes(len(payload), "big")
    return head + mask + payload


def close_payload(code=None, reason=""):
    return b"" if code is None else struct.pack("!H", code) + (reason.encode() if isinstance(reason, str) else reason)


def handshake(path, headers=None, protocols=(), key=None):
    """The request as bytes. headers: more of them; a value of None leaves one out."""
    key = key or base64.b64encode(os.urandom(16)).decode()
    fields = {"Host": "localhost", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
              "Sec-WebSocket-Key": key}
    if protocols:
        fields["Sec-WebSocket-Protocol"] = ", ".join(protocols)
    fields.update(headers or {})
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items() if value is not None)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


class WebSocket:
    """server: anything with a port, or a port. early: bytes that go out in the same packet as the handshake."""

    def __init__(self, server, path, headers=None, protocols=(), early=b"", timeout=30, receive_buffer=None):
        self.timeout = timeout
        self.socket = sockets.socket(sockets.AF_INET, sockets.SOCK_STREAM)
        if receive_buffer is not None:
            self.socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", getattr(server, "port", server)))
        self.socket.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
        self.pending = b""
        self.status, self.headers, self.protocol = None, {}, None
        try:
            self._shake_hands(path, headers, protocols, early)
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _shake_hands(self, path, headers, protocols, early):
        key = base64.b64encode(os.urandom(16))
        self.socket.sendall(handshake(path, headers, protocols, key.decode()) + early)
        head = b""
        while not head.endswith(b"\r\n\r\n"):  # byte by byte: what follows is frames
            byte = self.socket.recv(1)
            if not byte:
                raise Refused(None)
            head += byte
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
        if self.status != 101:
            length = int(self.headers.get("content-length", 0))
            body = b""
            while len(body) < length and (piece := self.socket.recv(length - len(body))):
                body += piece
            raise Refused(raw.Answer(self.status, self.headers, body))
        expected = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
        assert self.headers["sec-websocket-accept"] == expected, self.headers
        assert self.headers["upgrade"].lower() == "websocket" and self.headers["connection"].lower() == "upgrade", self.headers
        self.protocol = self.headers.get("sec-websocket-protocol")

    # Out

    def send_bytes(self, data):
        """As they are."""
        self.socket.sendall(data)

    def send_frame(self, opcode, payload=b"", **shape):
        self.socket.sendall(frame(opcode, payload, **shape))

    def send_text(self, text):
        self.send_frame(TEXT, text)

    def send_binary(self, data):
        self.send_frame(BINARY, data)

    def send_json(self, value):
        self.send_frame(TEXT, json.dumps(value))

    def send_fragments(self, opcode, pieces):
        for i, piece in enumerate(pieces):
            self.send_frame(opcode if i == 0 else CONTINUATION, piece, fin=i == len(pieces) - 1)

    def send_close(self, code=None, reason=""):
        self.send_frame(CLOSE, close_payload(code, reason))

    # In

    def _read(self, count):
        while len(self.pending) < count:
            piece = self.socket.recv(max(65536, count - len(self.pending)))
            if not piece:
                return None
            self.pending += piece
        data, self.pending = self.pending[:count], self.pending[count:]
        return data

    def read_frame(self, timeout=None):
        """The next one; None when the connection has ended (in order, or by a reset)."""
        self.socket.settimeout(self.timeout if timeout is None else timeout)
        try:
            head = self._read(2)
            if head is None:
                return None
            length = head[1] & 0x7F
            assert not head[1] & 0x80, "a server's frame is not masked"
            if length >= 126:
                length = int.from_bytes(self._read(2 if length == 126 else 8), "big")
            payload = self._read(length) if length else b""
        except ConnectionResetError:
            return None
        return None if payload is None else Frame(head[0] & 0xF, payload, bool(head[0] & 0x80), head[0] >> 4 & 7)

    def receive(self, timeout=None):
        """(TEXT, str) or (BINARY, bytes), whole; pings are answered. Raises Closed (and answers a close)."""
        kind, data = None, b""
        while True:
            one = self.read_frame(timeout)
            if one is None:
                raise Closed(ABNORMAL)
            if one.opcode == PING:
                self.send_frame(PONG, one.payload)
            elif one.opcode == CLOSE:
                self._answer_close(one)
                raise Closed(one.code(), one.payload[2:].decode())
            elif one.opcode in (TEXT, BINARY, CONTINUATION):
                assert (one.opcode == CONTINUATION) == (kind is not None), one
                kind, data = kind or one.opcode, data + one.payload
                if one.fin:
                    return kind, data.decode() if kind == TEXT else data

    def receive_json(self, timeout=None):
        kind, data = self.receive(timeout)
        assert kind == TEXT, data
        return json.loads(data)

    def _answer_close(self, one):
        try:
            self.send_frame(CLOSE, one.payload[:2])
        except OSError:
            pass  # it need not wait for the answer

    def messages(self, timeout=None):
        """All that comes until the end; the Closed is in `self.closed`."""
        found = []
        try:
            while True:
                found.append(self.receive(timeout))
        except Closed as closed:
            self.closed = closed
        return found

    def close_code(self, timeout=None):
        """Drops messages until the server's close frame and the end of the connection; the frame's code, or ABNORMAL."""
        self.messages(timeout)
        self.socket.settimeout(self.timeout if timeout is None else timeout)
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            pass
        return self.closed.code

    def close(self, code=1000, reason="", timeout=None):
        """The closing handshake from our side; the code that came back."""
        self.send_close(code, reason)
        return self.close_code(timeout)

    def reset(self):
        """Leaves without a word: a reset, as when a process is killed with unread data."""
        self.socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
