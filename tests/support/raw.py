# SPDX-License-Identifier: Apache-2.0
"""HTTP without a library's help or hindrance: bytes out, an answer in."""
import http.client
import json
import socket
import time


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {dict(self.headers)} {self.body[:500]!r}>"


def ask(server, method, path, body=None, headers=None, timeout=60):
    """As a well-behaved client: a body that is not text or bytes is sent as JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
    headers = dict(headers or {})
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
        headers.setdefault("Content-Type", "application/json")
    connection.request(method, path, body, headers)
    found = connection.getresponse()
    answer = Answer(found.status, found.headers, found.read())
    connection.close()
    return answer


def dial(server, timeout=30):
    return socket.create_connection(("127.0.0.1", server.port), timeout=timeout)


def read_answer(connection, method="POST"):
    """One answer; None when the server closed without a word."""
    try:
        found = http.client.HTTPResponse(connection, method=method)
        found.begin()
        return Answer(found.status, found.headers, found.read())
    except (http.client.BadStatusLine, ConnectionResetError):
        return None


def exchange(server, data, timeout=30):
    """Sends the bytes as they are; a server that stops reading is no error."""
    with dial(server, timeout) as connection:
        try:
            connection.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return read_answer(connection)


def wait_until(check, seconds=10):
    """True as soon as check() is; False when it never was."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if check():
            return True
        time.sleep(0.02)
    return False
