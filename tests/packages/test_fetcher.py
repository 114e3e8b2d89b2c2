# SPDX-License-Identifier: Apache-2.0
"""Downloads from a server that does all that servers do."""
import base64
import fcntl
import hashlib
import http.server
import os
import socket
import struct
import subprocess
import threading
import types

import pytest

from support.server import BUILD

INVALID, NOT_FOUND, LIMIT, DENIED, IO = 1, 2, 3, 5, 7  # base/err.h
DATA = os.urandom(3_000_000)
SHA256 = "sha256-" + hashlib.sha256(DATA).hexdigest()
SHA512 = "sha512-" + base64.b64encode(hashlib.sha512(DATA).digest()).decode()


def reset(handler):
    """The connection ends with RST."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):  # pylint: disable=invalid-name
        server = self.server.state
        with server.lock:
            server.asked.append((self.path, self.headers.get("Range")))
            number = len(server.asked)
        server.answer(self, number)

    def send(self, data, status=200, length=None, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        try:
            self.wfile.write(data)
        except OSError:
            self.close_connection = True

    def start(self):
        """Where the range that was asked for begins."""
        asked = self.headers.get("Range")
        return int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0

    def serve(self, data=DATA, end=None):
        """As a good server does; up to `end`, then the connection is cut."""
        start = self.start()
        if start >= len(data) > 0:
            self.send(b"", 416)
            return
        whole = data[start:]
        if end is None:
            self.send(whole, 206 if start else 200)
        else:
            self.send(data[start:end], 206 if start else 200, length=len(whole))
            self.wfile.flush()
            self.close_connection = True


@pytest.fixture
def server():
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    made.handle_error = lambda *_: None  # who cuts connections hears of it
    made.state = types.SimpleNamespace(asked=[], answer=lambda handler, _: handler.serve(), lock=threading.Lock())
    made.state.url = f"http://127.0.0.1:{made.server_port}"
    thread = threading.Thread(target=made.serve_forever, args=(0.05,))
    thread.start()
    yield made.state
    made.shutdown()
    thread.join()
    made.server_close()


def clean():
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


@pytest.fixture
def fetch(tmp_path):
    def go(*words, env=None):
        return subprocess.run([BUILD / "tests/unit/packages/fetch", tmp_path, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, env=env or clean(), check=False, timeout=60)
    return go


def name_of(digest):
    return digest.replace("/", "_")


def is_there(tmp_path, digest=SHA256, data=DATA):
    assert sorted(os.listdir(tmp_path)) == [name_of(digest)]
    return (tmp_path / name_of(digest)).read_bytes() == data


# --- what is good -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("digest", [SHA256, SHA512])
def test_a_file_is_there_under_its_digest(server, fetch, tmp_path, digest):
    done = fetch(f"{server.url}/a", digest, len(DATA), 0)
    assert (done.returncode, done.stderr) == (0, "")
    assert is_there(tmp_path, digest)
    assert done.stdout.splitlines()[-1] == f"a: {len(DATA)}/{len(DATA)}"


def test_progress_names_what_is_got(server, fetch, tmp_path):
    done = fetch(f"{server.url}/some/toy-1.0.tgz?key=of-ours", SHA256, len(DATA), 0, f"{server.url}/b", SHA512, len(DATA), 0)
    assert done.returncode == 0
    told = [line.rsplit(": ", 1)[0] for line in done.stdout.splitlines()]
    assert told[-1] == "b, 2 of 2 files"
    assert {line.split(",")[0] for line in told} <= {"toy-1.0.tgz", "b"}, told


def test_what_is_there_is_not_asked_for_again(server, fetch, tmp_path):
    (tmp_path / SHA256).write_bytes(DATA)
    assert fetch(f"{server.url}/a", SHA256, 0, 0).returncode == 0
    assert server.asked == []


def test_several_are_fetched_at_once(server, fetch, tmp_path):
    together = threading.Barrier(3, timeout=30)

    def answer(handler, _):
        together.wait()
        handler.serve(handler.path.encode())
    server.answer = answer
    paths = [f"/{i}" for i in range(9)]
    words = [word for path in paths for word in (server.url + path, "sha256-" + hashlib.sha256(path.encode()).hexdigest(), 0, 0)]
    assert fetch(*words).returncode == 0
    assert len(os.listdir(tmp_path)) == 9 and len(server.asked) == 9


def test_the_same_twice_is_fetched_once(server, fetch, tmp_path):
    assert fetch(f"{server.url}/a", SHA256, 0, 0, f"{server.url}/b", SHA256, 0, 0).returncode == 0
    assert len(server.asked) == 1 and is_there(tmp_path)


def test_a_file_of_this_machine(fetch, tmp_path, tmp_path_factory):
    source = tmp_path_factory.mktemp("source") / "f"
    source.write_bytes(DATA)
    assert fetch(f"file://{source}", SHA256, 0, 0).returncode == 0
    assert is_there(tmp_path)
    done = fetch(f"file://{source}-not", SHA512, 0, 0)
    assert done.returncode == NOT_FOUND and "f-not" in done.stderr


def test_an_empty_file(server, fetch, tmp_path):
    server.answer = lambda handler, _: handler.serve(b"")
    digest = "sha256-" + hashlib.sha256(b"").hexdigest()
    assert fetch(f"{server.url}/a", digest, 0, 0).returncode == 0
    assert is_there(tmp_path, digest, b"")


def test_a_redirect_is_followed_but_not_to_a_file(server, fetch, tmp_path):
    targets = {"/a": "/b", "/evil": "file:///etc/passwd"}

    def answer(handler, _):
        if handler.path in targets:
            handler.send(b"moved", 302, Location=targets[handler.path])
        else:
            handler.serve()
    server.answer = answer
    assert fetch(f"{server.url}/a", SHA256, 0, 0).returncode == 0
    assert is_there(tmp_path)
    assert fetch(f"{server.url}/evil", SHA512, 0, 0).returncode not in (0, -6, -11)


def test_a_proxy_of_the_environment_is_used(server, fetch, tmp_path):
    done = fetch("http://packages.invalid/a", SHA256, 0, 0, env={**clean(), "http_proxy": server.url})
    assert done.returncode == 0 and is_there(tmp_path)
    assert server.asked[0][0] == "http://packages.invalid/a"


# --- what is interrupted ----------------------------------------------------------------------------------------------


def test_a_connection_that_is_cut_is_gone_on_with(server, fetch, tmp_path):
    server.answer = lambda handler, number: handler.serve(end=number * 900_000 if number <= 3 else None)
    assert fetch(f"{server.url}/a", SHA256, 0, 0).returncode == 0
    assert [asked for _, asked in server.asked] == [None, "bytes=900000-", "bytes=1800000-", "bytes=2700000-"]
    assert is_there(tmp_path)


def test_a_later_process_goes_on(server, fetch, tmp_path):
    (tmp_path / (SHA256 + ".part")).write_bytes(DATA[:1_000_000])
    assert fetch(f"{server.url}/a", SHA256, 0, 0).returncode == 0
    assert server.asked == [("/a", "bytes=1000000-")] and is_there(tmp_path)


def test_one_that_was_whole_but_had_no_name_yet(server, fetch, tmp_path):
    (tmp_path / (SHA256 + ".part")).write_bytes(DATA)
    assert fetch(f"{server.url}/a", SHA256, 0, 0).returncode == 0
    assert is_there(tmp_path)


def test_a_server_that_ignores_ranges(server, fetch, tmp_path):
    server.answer = lambda handler, _: handler.send(DATA)
    (tmp_path / (SHA256 + ".part")).write_bytes(DATA[:1_000_000])
    assert fetch(f"{server.url}/a", SHA256, len(DATA), 0).returncode == 0
    assert len(server.asked) == 1 and is_there(tmp_path)


@pytest.mark.parametrize("left", [b"something else", b"x" * 4_000_000], ids=["shorter", "longer"])
def test_what_was_left_of_something_else_is_got_anew(server, fetch, tmp_path, left):
    (tmp_path / (SHA256 + ".part")).write_bytes(left)
    assert fetch(f"{server.url}/a", SHA256, 0, 0).returncode == 0
    assert is_there(tmp_path)


def test_one_that_another_process_is_writing_is_left_to_it(server, fetch, tmp_path):
    part = tmp_path / (SHA256 + ".part")
    with open(part, "wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        other.write(b"half of it")
        other.flush()
        assert fetch(f"{server.url}/a", SHA256, 0, 0).returncode == 0
    assert part.read_bytes() == b"half of it"
    assert (tmp_path / SHA256).read_bytes() == DATA


def test_errors_of_a_moment_are_tried_again(server, fetch, tmp_path):
    def answer(handler, number):
        if number == 1:
            handler.send(b"busy", 503)
        elif number == 2:
            reset(handler)
        elif number == 3:
            handler.send(b"slowly", 429, Retry_After="1")
        else:
            handler.serve()
    server.answer = answer
    assert fetch(f"{server.url}/a", SHA256, 0, 0).returncode == 0
    assert len(server.asked) == 4 and is_there(tmp_path)


def test_errors_that_last_are_told(server, fetch, tmp_path):
    server.answer = lambda handler, _: handler.send(b"busy", 500)
    done = fetch(f"{server.url}/a", SHA256, 0, 0)
    assert done.returncode == IO and f"{server.url}/a" in done.stderr and "500" in done.stderr
    assert len(server.asked) == 5


def test_nobody_listens(fetch):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/a"
        done = fetch(url, SHA256, 0, 0)
    assert done.returncode == IO and url in done.stderr


# --- what is wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("digest", [SHA256, SHA512])
def test_wrong_bytes_are_refused(server, fetch, tmp_path, digest):
    server.answer = lambda handler, _: handler.serve(b"wrong")
    done = fetch(f"{server.url}/a", digest, 0, 0)
    assert done.returncode == INVALID and f"{server.url}/a" in done.stderr and "want: " in done.stderr
    assert os.listdir(tmp_path) == [] and len(server.asked) == 1


@pytest.mark.parametrize("status, kind", [(404, NOT_FOUND), (410, NOT_FOUND), (401, DENIED), (403, DENIED), (400, IO)])
def test_a_refusal_is_told_and_not_tried_again(server, fetch, tmp_path, status, kind):
    server.answer = lambda handler, _: handler.send(DATA, status)
    done = fetch(f"{server.url}/a", SHA256, 0, 0)
    assert done.returncode == kind and str(status) in done.stderr and len(server.asked) == 1
    assert not (tmp_path / SHA256).exists()


def test_one_that_is_too_large_is_refused(server, fetch, tmp_path):
    done = fetch(f"{server.url}/a", SHA256, 0, 1000)
    assert done.returncode == LIMIT and "1000 bytes" in done.stderr
    done = fetch(f"{server.url}/a", SHA256, 1000, 0)
    assert done.returncode == LIMIT and os.listdir(tmp_path) == []


def test_a_stream_without_end_is_cut_at_the_limit(server, fetch, tmp_path):
    def answer(handler, _):
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        try:
            while True:
                handler.wfile.write(bytes(100_000))
        except OSError:
            pass
    server.answer = answer
    assert fetch(f"{server.url}/a", SHA256, 0, 5_000_000).returncode == LIMIT
    assert os.listdir(tmp_path) == []


def test_a_length_that_is_a_lie(server, fetch, tmp_path):
    """Shorter than it is: the rest is never read.  Longer: cut each time, at the same place."""
    server.answer = lambda handler, _: handler.send(DATA, length=1000)
    assert fetch(f"{server.url}/a", SHA256, 0, 0).returncode == INVALID
    server.asked.clear()

    def longer(handler, _):
        handler.send(DATA[handler.start():], 206 if handler.start() else 200, length=len(DATA) + 1)
        handler.close_connection = True
    server.answer = longer
    assert fetch(f"{server.url}/a", SHA256, 0, 0).returncode in (0, IO)
    assert len(server.asked) <= 7


@pytest.mark.parametrize("digest", ["", "sha256-", "sha256-" + "0" * 63, "sha256-" + "../" * 21 + "x", "sha1-" + "0" * 40, "sha512-AAAA",
                                    "sha512-" + "/" * 90, SHA256.upper()])
def test_what_is_no_digest_is_refused(server, fetch, tmp_path, digest):
    done = fetch(f"{server.url}/a", digest, 0, 0)
    assert done.returncode == INVALID and "digest" in done.stderr
    assert server.asked == [] and os.listdir(tmp_path) == []


@pytest.mark.parametrize("url", ["", "nothing", "gopher://127.0.0.1/", "ftp://127.0.0.1/x", "http://"])
def test_a_url_that_is_none(fetch, url):
    assert fetch(url, SHA256, 0, 0).returncode not in (0, -6, -11)


def test_one_that_fails_ends_the_others(server, fetch):
    server.answer = lambda handler, _: handler.send(b"", 404) if handler.path == "/bad" else handler.serve()
    assert fetch(f"{server.url}/a", SHA256, 0, 0, f"{server.url}/bad", SHA512, 0, 0).returncode == NOT_FOUND


# --- texts ------------------------------------------------------------------------------------------------------------


def test_a_text_is_had_up_to_its_limit(server, fetch):
    server.answer = lambda handler, number: handler.serve(b"name,1.0.0\n" * 10, end=5 if number == 1 else None)
    done = fetch(f"{server.url}/index", 110)
    assert (done.returncode, done.stdout) == (0, "name,1.0.0\n" * 10)
    assert fetch(f"{server.url}/index", 109).returncode == LIMIT
