# SPDX-License-Identifier: Apache-2.0
"""Server-Sent Events, read as they come."""
import json
import socket as sockets


def loads(text):
    """JSON in which numbers are as short as people write them: no 2.6509999999999998."""
    def short(number):
        assert len(number.partition(".")[2]) <= 3, text
        return float(number)

    return json.loads(text, parse_float=short)


class Event:
    def __init__(self, name, data, id):
        self.name, self.data, self.id = name, data, id

    def json(self):
        return loads(self.data)

    def __repr__(self):
        return f"<{self.name} {self.id} {self.data[:100]!r}>"


class EventStream:
    """status, headers; events() until the server ends the stream."""

    def __init__(self, server, path, headers=None, timeout=30, receive_buffer=None):
        self.socket = sockets.socket(sockets.AF_INET, sockets.SOCK_STREAM)
        if receive_buffer is not None:
            self.socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", server.port))
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in (headers or {}).items())]
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        while line := self.file.readline().strip():
            name, _, value = line.decode().partition(":")
            self.headers[name.lower()] = value.strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def body(self):
        return json.loads(self.file.read(int(self.headers["content-length"])))

    def next(self):
        """None at the end."""
        fields = {"data": [], "event": "message", "id": None}
        while line := self.file.readline():
            line = line.decode().rstrip("\n")
            if not line and fields["data"]:
                return Event(fields["event"], "\n".join(fields["data"]), fields["id"])
            name, _, value = line.partition(":")
            value = value[1:] if value.startswith(" ") else value
            if name == "data":
                fields["data"].append(value)
            elif name:
                fields[name] = value
        return None

    def events(self):
        while event := self.next():
            yield event
