# SPDX-License-Identifier: Apache-2.0
"""A Piston (or a belljar) that answers what a test tells it to, and keeps what it was asked."""
import base64
import hashlib
import http.server
import json
import threading

from support.websocket import BINARY, CLOSE, GUID, PING, PONG, TEXT, close_payload, frame

RUN = {"signal": None, "stdout": "", "stderr": "", "code": 0, "output": "", "memory": 1000, "message": None,
       "status": None, "cpu_time": 5, "wall_time": 7}


def stage(**facts):
    return {**RUN, **facts}


class Conversation:
    """The server's side of a WebSocket; the client must mask its frames and not fragment them."""

    def __init__(self, reader, writer, headers):
        self.reader, self.writer, self.headers = reader, writer, headers

    def receive(self):
        """(TEXT, JSON), (BINARY, bytes) or (CLOSE, bytes); None when the client is gone."""
        while True:
            head = self.reader.read(2)
            if len(head) < 2:
                return None
            assert head[0] & 0x80 and head[1] & 0x80, head
            length = head[1] & 0x7F
            if length >= 126:
                length = int.from_bytes(self.reader.read(2 if length == 126 else 8), "big")
            mask, data = self.reader.read(4), self.reader.read(length)
            data = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
            kind = head[0] & 0xF
            if kind != PONG:
                return kind, json.loads(data) if kind == TEXT else data

    def send(self, value):
        """bytes: a binary message; else JSON."""
        binary = isinstance(value, bytes)
        self.write(frame(BINARY if binary else TEXT, value if binary else json.dumps(value), masked=False))

    def ping(self):
        self.write(frame(PING, b"", masked=False))

    def close(self, code=None, reason=""):
        self.write(frame(CLOSE, close_payload(code, reason), masked=False))

    def write(self, data):
        self.writer.write(data)
        self.writer.flush()


class FakePiston:
    def __init__(self):
        self.answers = {}   # (method, path) -> list of (status, body); the last one stays
        self.talks = {}     # path -> function of a Conversation; the connection ends with it
        self.streams = {}   # path -> function of (headers, write): a text/event-stream that ends with it
        self.requests = []  # (method, path, headers, body)
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def talk(self):
                accept = hashlib.sha1(self.headers["Sec-WebSocket-Key"].encode() + GUID).digest()
                self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                 b"Sec-WebSocket-Accept: " + base64.b64encode(accept) + b"\r\n\r\n")
                self.close_connection = True
                try:
                    fake.talks[self.path](Conversation(self.rfile, self.wfile, self.headers))
                except OSError:
                    pass  # the client has gone first

            def stream(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True

                def write(text):
                    self.wfile.write(text.encode())
                    self.wfile.flush()
                try:
                    fake.streams[self.path](self.headers, write)
                except OSError:
                    pass

            def answer(self):
                if self.path in (fake.talks if "Upgrade" in self.headers else fake.streams):
                    fake.requests.append((self.command, self.path, self.headers, None))
                    return self.talk() if "Upgrade" in self.headers else self.stream()
                length = int(self.headers.get("Content-Length") or 0)
                data = self.rfile.read(length)
                fake.requests.append((self.command, self.path, self.headers, json.loads(data) if data else None))
                answers = fake.answers.get((self.command, self.path), [(404, {"message": "Not Found"})])
                status, body = answers.pop(0) if len(answers) > 1 else answers[0]
                text = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def on(self, method, path, *answers):
        """Each answer is a body (200), or (status, body)."""
        self.answers[(method, path)] = [one if isinstance(one, tuple) else (200, one) for one in answers]

    def bodies(self, method, path):
        return [body for m, p, _, body in self.requests if (m, p) == (method, path)]

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
