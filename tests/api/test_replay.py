# SPDX-License-Identifier: Apache-2.0
"""replay.py: the sample is answered as recorded, and what differs is said."""
import http.server
import json
import subprocess
import threading

import pytest

from support.server import ROOT

REPLAY = ROOT / "tests/api/replay.py"
SAMPLE = ROOT / "tests/api/replay/judge0.jsonl"


def replay(file, url, *flags):
    return subprocess.run(["/usr/bin/python3", str(REPLAY), str(file), "--url", url, *flags], capture_output=True, text=True)


def test_the_sample_is_answered_as_recorded(judge0):
    done = replay(SAMPLE, f"http://127.0.0.1:{judge0.port}")
    assert done.returncode == 0, done.stdout
    count = sum(not line.startswith("#") for line in SAMPLE.read_text().splitlines())
    assert done.stdout == f"{count} requests, {count} answered as recorded, 0 not; 0 differences\n"


A, B = "aaaaaaaa-1111-4111-8111-111111111111", "bbbbbbbb-1111-4111-8111-111111111111"


@pytest.fixture
def fake():
    """fake(answers) answers each path with these, in turn; what it was asked is in .asked."""
    servers = []

    def start(answers):
        asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked.append((self.path, body.decode()))
                status, answer = answers.pop(0)
                self.send_response(status)
                self.end_headers()
                self.wfile.write((answer if isinstance(answer, str) else json.dumps(answer)).encode())

            do_GET = do_POST

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}", asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def record(method, path, status, body, req_body=None):
    return {"method": method, "path": path, "req_headers": {}, "req_body": req_body, "status": status, "body": body}


def write(tmp_path, *records):
    file = tmp_path / "records.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in records))
    return file


def test_tokens_are_replaced_by_ours(fake, tmp_path):
    url, asked = fake([(201, {"token": B}), (200, {"token": B, "stdout": "x"})])
    file = write(tmp_path, record("POST", "/submissions", 201, {"token": A}, {"x": 1}),
                 record("GET", f"/submissions/{A}", 200, {"token": A, "stdout": "x"}, {"again": A}))
    done = replay(file, url)
    assert done.returncode == 0, done.stdout
    assert asked[1] == (f"/submissions/{B}", json.dumps({"again": B}))


def test_each_difference_has_its_path(fake, tmp_path):
    url, _ = fake([(200, {"b": [1, {"c": "y"}], "a": 5, "time": "0.5", "new": None}), (404, "Text")])
    file = write(tmp_path, record("GET", "/x", 200, {"a": "5", "b": [1, {"c": "z"}, 3], "time": "9.9", "gone": 1}),
                 record("GET", "/y", 200, "text"))
    done = replay(file, url)
    assert done.returncode == 1
    at = f"{file}:1: GET /x: $"
    assert done.stdout.splitlines() == [
        f"{at}.gone: recorded 1, ours has no such key", f"{at}.new: ours has null, recorded has no such key",
        f'{at}: keys in another order: recorded ["a", "b", "time", "gone"], ours ["b", "a", "time", "new"]',
        f'{at}.a: recorded "5", ours 5', f'{at}.b: 3 and 2 items: recorded [1, {{"c": "z"}}, 3], ours [1, {{"c": "y"}}]',
        f'{at}.b.1.c: recorded "z", ours "y"', f"{file}:2: GET /y: status: recorded 200, ours 404",
        f'{file}:2: GET /y: $: recorded "text", ours "Text"', "2 requests, 0 answered as recorded, 2 not; 8 differences"]


def test_masks_leave_the_type(fake, tmp_path):
    answers = [(200, {"time": None, "language": {"name": "ours"}})] * 2
    file = write(tmp_path, record("GET", "/x", 200, {"time": "0.1", "language": {"name": "theirs"}}))
    url, _ = fake(list(answers))
    done = replay(file, url, "--mask", "language.name")
    assert done.stdout.splitlines()[:-1] == [f'{file}:1: GET /x: $.time: recorded "0.1", ours null']
    done = replay(file, url)
    assert len(done.stdout.splitlines()) == 3


def test_what_is_unfinished_is_asked_again(fake, tmp_path):
    waiting, done = {"status": {"id": 2}}, {"status": {"id": 3}}
    url, asked = fake([(200, waiting), (200, waiting), (200, done)])
    assert replay(write(tmp_path, record("GET", "/x", 200, done)), url).returncode == 0
    assert len(asked) == 3


def test_a_broken_file_is_named(tmp_path):
    file = tmp_path / "f.jsonl"
    file.write_text('# fine\n{"method":"GET"}\n')
    done = replay(file, "http://127.0.0.1:9")
    assert done.returncode == 1 and f"{file}:2: path, status is missing" in done.stderr
