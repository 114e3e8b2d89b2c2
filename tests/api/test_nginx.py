# SPDX-License-Identifier: Apache-2.0
"""Behind a real nginx: whose address counts, its own limits, a WebSocket and an event stream through it."""
import http.client
import json
import pathlib
import re
import socket
import subprocess
import time

import pytest

from support import raw
from support.native import submit
from support.server import Server
from support.tools import tool
from support.websocket import TEXT, WebSocket

CONF = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    limit_req_zone $binary_remote_addr zone=few:1m rate=1r/s;
    limit_req_status 429;
    map $http_upgrade $connection_upgrade {{ default upgrade; "" close; }}
    proxy_http_version 1.1;
    server {{
        listen 127.0.0.1:{forwarded};
        proxy_set_header Host $http_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        location / {{ proxy_pass http://127.0.0.1:{belljar}; }}
        location /health {{ limit_req zone=few burst=2 nodelay; proxy_pass http://127.0.0.1:{belljar}; }}
    }}
    server {{
        listen 127.0.0.1:{real};
        proxy_set_header Host $http_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_set_header X-Forwarded-For "";
        proxy_set_header X-Real-IP $remote_addr;
        location / {{ proxy_pass http://127.0.0.1:{belljar}; }}
    }}
}}
"""
PATHS = {"belljar's": "/api/v1/languages", "Piston's": "/api/v2/runtimes", "Judge0's": "/languages", "the common": "/stats"}
NAMES = 'print(input()[::-1], flush=True)\n'


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Nginx:
    """It asks from 127.0.0.1, and adds whom it was asked by: to X-Forwarded-For on `port`, in X-Real-IP on `real`."""

    def __init__(self, folder, server):
        self.port, self.real = free_port(), free_port()
        conf = pathlib.Path(folder, "nginx.conf")
        conf.write_text(CONF.format(folder=folder, forwarded=self.port, real=self.real, belljar=server.port))
        self.process = subprocess.Popen([tool("nginx"), "-p", str(folder), "-e", f"{folder}/error.log", "-c", str(conf)],
                                        stderr=subprocess.PIPE, text=True)
        assert raw.wait_until(self._listens), self.process.stderr.read() if self.process.poll() is not None else "it does not listen"

    def _listens(self):
        if self.process.poll() is not None:
            return True
        try:
            socket.create_connection(("127.0.0.1", self.real), 1).close()
            return True
        except ConnectionRefusedError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stderr.close()


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    """behind(flags..., env=...) is (server, its nginx); the same for the same, for the module."""
    started = {}

    def start(*flags, env=None):
        key = flags, tuple((env or {}).items())
        if key not in started:
            server = Server("--log-level", "info", *flags, env=env)
            started[key] = server, Nginx(tmp_path_factory.mktemp("nginx"), server)
        return started[key]

    yield start
    for server, nginx in started.values():
        nginx.stop()
        code, log = server.stop()
        assert code == 0, log


@pytest.fixture
def trusting(behind):
    return behind("--trusted-proxy", "127.0.0.1")


@pytest.fixture
def strict(behind):
    return behind()


def get(port, path, source="127.0.0.1", headers=None):
    """(status, headers) of a client at this address."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30, source_address=(source, 0))
    connection.request("GET", path, headers=headers or {})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers


def client_of(server, headers):
    """Whom the log has for the request with this answer."""
    line = re.compile(rf"request={headers['X-Request-Id']} client=(\S+)")
    found = []
    raw.wait_until(lambda: found.extend(line.findall(server.log_path.read_text())) or found)
    return found[0]


@pytest.mark.parametrize("dialect", PATHS)
def test_client_of_a_trusted_proxy_counts_in_every_dialect(trusting, dialect):
    server, nginx = trusting
    assert client_of(server, get(nginx.port, PATHS[dialect], "127.0.0.2")[1]) == "127.0.0.2"
    assert client_of(server, get(nginx.real, PATHS[dialect], "127.0.0.3")[1]) == "127.0.0.3"


@pytest.mark.parametrize("dialect", PATHS)
def test_proxy_that_is_not_trusted_is_the_client(strict, dialect):
    server, nginx = strict
    assert client_of(server, get(nginx.port, PATHS[dialect], "127.0.0.2")[1]) == "127.0.0.1"
    assert client_of(server, get(nginx.real, PATHS[dialect], "127.0.0.2")[1]) == "127.0.0.1"


@pytest.mark.parametrize("claim", ["192.0.2.1", "192.0.2.1, 127.0.0.1", "nonsense", "127.0.0.1", "::1, ,", "x" * 2000])
def test_what_the_client_claims_through_the_proxy_does_not_count(trusting, claim):
    server, nginx = trusting
    headers = {"X-Forwarded-For": claim, "X-Real-IP": claim}
    assert client_of(server, get(nginx.port, "/stats", "127.0.0.2", headers)[1]) == "127.0.0.2"
    assert client_of(server, get(nginx.real, "/stats", "127.0.0.2", headers)[1]) == "127.0.0.2"


def test_who_asks_directly_is_believed_only_as_a_proxy(trusting):
    server, _ = trusting
    headers = {"X-Forwarded-For": "192.0.2.1"}
    assert client_of(server, get(server.port, "/stats", "127.0.0.5", headers)[1]) == "127.0.0.5"
    assert client_of(server, get(server.port, "/stats", "127.0.0.1", headers)[1]) == "192.0.2.1"


RATE = {"BELLJAR_CALLERS_RATE": "1", "BELLJAR_CALLERS_BURST": "3"}


def refused(port, source):
    return [get(port, "/api/v2/runtimes", source)[0] for _ in range(8)].count(429)


def test_each_client_of_a_trusted_proxy_has_its_own_rate(behind):
    _, nginx = behind("--trusted-proxy", "127.0.0.1", env=RATE)
    assert refused(nginx.port, "127.0.0.2") > 0
    assert get(nginx.port, "/api/v2/runtimes", "127.0.0.3")[0] == 200


def test_clients_of_another_proxy_share_its_rate(behind):
    _, nginx = behind(env=RATE)
    assert refused(nginx.port, "127.0.0.2") > 0
    assert get(nginx.port, "/api/v2/runtimes", "127.0.0.3")[0] == 429


def test_limits_of_the_proxy_hold_in_front_of_ours(trusting):
    server, nginx = trusting
    found = [get(nginx.port, "/health", "127.0.0.9")[0] for _ in range(10)]
    assert found.count(200) >= 3 and found.count(429) >= 5
    assert get(server.port, "/health")[0] == 200


def test_websocket_goes_through(trusting):
    server, nginx = trusting
    with WebSocket(nginx.port, "/api/v1/stream", headers={"Host": f"127.0.0.1:{nginx.port}"}) as ws:
        ws.send_json({"type": "start", "language": "python", "source": NAMES})
        ws.send_json({"type": "stdin", "data": "belljar\n"})
        kinds, output = [], ""
        while "finished" not in kinds:
            one = ws.receive_json()
            kinds.append(one["type"])
            output += one.get("data", "")
        assert output == "rajlleb\n"
        assert ws.close_code() == 1000


def test_client_that_leaves_the_proxy_stops_its_program(trusting):
    server, nginx = trusting
    with WebSocket(nginx.port, "/api/v1/stream", headers={"Host": f"127.0.0.1:{nginx.port}"}) as ws:
        ws.send_json({"type": "start", "language": "bash", "source": "echo on; sleep 60"})
        while ws.receive_json()["type"] != "output":
            pass
        assert server.request("GET", "/stats")[1]["sessions"] == 1
    assert raw.wait_until(lambda: server.request("GET", "/stats")[1]["sessions"] == 0)


def test_events_go_through_as_they_come(trusting):
    server, nginx = trusting
    one = submit(server, "echo first; sleep 1.5; echo second", "bash")
    with socket.create_connection(("127.0.0.1", nginx.port), 30) as connection:
        connection.sendall(f"GET /api/v1/executions/{one}/events HTTP/1.1\r\nHost: 127.0.0.1:{nginx.port}\r\n\r\n".encode())
        data, seen = b"", {}
        while not data.endswith(b"\r\n0\r\n\r\n"):
            piece = connection.recv(65536)
            if not piece:
                break
            data += piece
            for word in (b"first", b"second"):
                if word in data:
                    seen.setdefault(word, time.monotonic())
    assert b"text/event-stream" in data and b"event: finished" in data
    assert seen[b"second"] - seen[b"first"] > 0.7
