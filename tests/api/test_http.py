# SPDX-License-Identifier: Apache-2.0
"""HTTP itself: what is malformed, too much or too slow gets a clear answer, and the server goes on.

proves: F3, F6, F7
"""
import gzip
import json
import socket
import zlib

import pytest

from support.raw import ask, dial, exchange, read_answer, wait_until

HEAD = b"POST /api/v2/execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def is_alive(server):
    return ask(server, "GET", "/health").status == 200


MALFORMED = {
    "two Content-Length": (HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400),
    "Content-Length and Transfer-Encoding":
        (HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400),
    "two Transfer-Encoding": (HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "Transfer-Encoding in a folded line": (HEAD + b"X: y\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
    "Transfer-Encoding that is unknown": (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
    "Transfer-Encoding in HTTP/1.0":
        (HEAD.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "negative length": (HEAD + b"Content-Length: -1\r\n\r\n", 400),
    "length with a sign": (HEAD + b"Content-Length: +2\r\n\r\n{}", 400),
    "no Host": (b"GET /health HTTP/1.1\r\n\r\n", 400),
    "two Hosts": (b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
    "NUL in a field": (b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n", 400),
    "NUL in the target": (b"GET /health\0x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "control character in a field": (b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\x1bb\r\n\r\n", 400),
    "blank before the colon": (b"GET /health HTTP/1.1\r\nHost : localhost\r\n\r\n", 400),
    "field without a colon": (b"GET /health HTTP/1.1\r\nHost: localhost\r\nnonsense\r\n\r\n", 400),
    "no such method": (b"BREW /health HTTP/1.1\r\nHost: localhost\r\n\r\n", 501),
    "method that is no token": (b"GE(T) /health HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "no such version": (b"GET /health HTTP/9.9\r\nHost: localhost\r\n\r\n", 505),
    "no HTTP": (b"hello\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "target that is no path": (b"GET health HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "chunk size that is no number": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    "chunk longer than said": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n", 400),
    "huge chunk size": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 413),
    "huge field": (b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20000 + b"\r\n\r\n", 431),
    "enormous field": (b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 1000000 + b"\r\n\r\n", 431),
    "very many fields": (b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 500 + b"\r\n", 431),
    "long target": (b"GET /" + b"x" * 10000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
    "endless target": (b"GET /" + b"x" * 1000000, 414),
    "unknown expectation": (HEAD + b"Expect: miracles\r\nContent-Length: 2\r\n\r\n{}", 417),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_request_is_refused_with_the_right_status(server, name):
    data, status = MALFORMED[name]
    answer = exchange(server, data)
    assert answer is not None, "closed without an answer"
    assert answer.status == status, answer
    assert answer.body
    assert is_alive(server)


def test_refusals_of_the_guard_have_a_message_and_an_id(server):
    answer = exchange(server, MALFORMED["two Content-Length"][0])
    assert answer.json() == {"message": "the request has 2 Content-Length fields"}
    assert len(answer.headers["X-Request-Id"]) == 26
    assert answer.headers["Connection"] == "close"


def test_refused_request_takes_nothing_with_it(server):
    """What follows a request with two readings is not run as a request of its own."""
    smuggled = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with dial(server) as connection:
        connection.sendall(HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled)
        assert read_answer(connection).status == 400
        assert connection.recv(1000) == b""


def test_announced_100_mb_are_refused_before_they_come(server):
    with dial(server) as connection:
        connection.sendall(HEAD + b"Content-Length: 104857600\r\n\r\n{")
        answer = read_answer(connection)
    assert answer.status == 400  # Piston's status for a body that is too large
    assert "larger than 16777216 bytes (server.body_max)" in answer.json()["message"]


def test_100_mb_are_not_read_to_their_end(server):
    sent = 0
    with dial(server) as connection:
        connection.sendall(HEAD + b"Content-Length: 104857600\r\n\r\n")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            while sent < 104857600:
                sent += connection.send(b"x" * 65536)
    assert sent < 50000000
    assert is_alive(server)


def test_chunked_100_mb_are_stopped_at_the_limit(server):
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    answer = exchange(server, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 100)
    assert answer is None or answer.status == 400
    assert is_alive(server)


def test_compressed_bomb_is_stopped_at_the_limit(server):
    bomb = gzip.compress(b" " * 100000000)
    answer = ask(server, "POST", "/api/v2/execute", bomb,
                 {"Content-Type": "application/json", "Content-Encoding": "gzip"})
    assert answer.status == 400
    assert "larger than 16777216 bytes" in answer.json()["message"]


@pytest.mark.parametrize("coding,pack", [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_compressed_bodies_are_accepted(server, coding, pack):
    """gzip/deflate request bodies accepted"""
    body = pack(json.dumps({"language": "nothing", "version": "*", "files": []}).encode())
    answer = ask(server, "POST", "/api/v2/execute", body,
                 {"Content-Type": "application/json", "Content-Encoding": coding})
    assert answer.status == 400
    assert answer.json() == {"message": "nothing-* runtime is unknown"}


def test_broken_compression_is_told(server):
    answer = ask(server, "POST", "/api/v2/execute", b"{}",
                 {"Content-Type": "application/json", "Content-Encoding": "gzip"})
    assert answer.status == 400
    assert answer.json() == {"message": "the compressed body is broken"}


def test_expect_100_continue_is_answered(server):
    with dial(server) as connection:
        connection.sendall(HEAD + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert read_answer(connection).json() == {"message": "language is required as a string"}


def test_expected_body_that_is_too_large_is_refused_without_100(server):
    with dial(server) as connection:
        connection.sendall(HEAD + b"Content-Length: 104857600\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_connection_is_kept_for_many_requests(server):
    with dial(server) as connection:
        for _ in range(50):
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert read_answer(connection, "GET").status == 200


def test_requests_may_be_pipelined(server):
    with dial(server) as connection:
        connection.sendall(HEAD + b"Content-Length: 2\r\n\r\n{}" + b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
        file = connection.makefile("rb")
        text = b""
        while text.count(b'{"message":"') < 2:
            text += file.read1(1000)
    assert text.index(b"400 Bad Request") < text.index(b"404 Not Found")


def test_http_1_0_is_answered_and_closed(server):
    with dial(server) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        answer = read_answer(connection, "GET")
        assert answer.status == 200
        assert connection.recv(10) == b""


def test_head_and_options(server):
    """HEAD works on GET routes; OPTIONS answers 200, `Allow:` plus the method list as text (`POST`, `GET,HEAD`)"""
    get = ask(server, "GET", "/api/v2/runtimes")
    head = ask(server, "HEAD", "/api/v2/runtimes")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(get.body))
    options = ask(server, "OPTIONS", "/api/v2/runtimes")
    assert (options.status, options.headers["Allow"], options.body) == (200, "GET,HEAD", b"GET,HEAD")
    options = ask(server, "OPTIONS", "/api/v2/execute")
    assert (options.status, options.headers["Allow"], options.body) == (200, "POST", b"POST")


def test_no_cors_headers_and_no_powered_by(server):
    """No CORS headers at all"""
    for answer in (ask(server, "GET", "/api/v2/runtimes"), ask(server, "OPTIONS", "/api/v2/execute")):
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
        assert "X-Powered-By" not in answer.headers


def test_etag_is_weak_and_gives_304(server):
    """weak ETag"""
    first = ask(server, "GET", "/api/v2/runtimes")
    tag = first.headers["ETag"]
    assert tag.startswith('W/"')
    again = ask(server, "GET", "/api/v2/runtimes", headers={"If-None-Match": tag})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["ETag"] == tag
    assert again.headers["Content-Length"] == first.headers["Content-Length"]
    other = ask(server, "GET", "/api/v2/runtimes", headers={"If-None-Match": 'W/"other"'})
    assert other.status == 200


@pytest.mark.parametrize("headers", [
    {"Host": "evil.example"},
    {"Host": "127.0.0.1.evil.example"},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
])
def test_foreign_pages_are_refused(server, headers):
    answer = ask(server, "GET", "/api/v2/runtimes", headers=headers)
    assert answer.status == 403
    assert "server.allowed_hosts" in answer.json()["message"]


@pytest.mark.parametrize("headers", [
    {"Host": "localhost"}, {"Host": "LOCALHOST:99"}, {"Host": "[::1]"}, {"Host": "127.0.0.1"},
    {"Origin": "http://localhost:5173"},
])
def test_own_names_are_served(server, headers):
    assert ask(server, "GET", "/health", headers=headers).status == 200


def test_allowed_hosts_are_served(start):
    one = start("--allowed-host", "judge.example")
    assert ask(one, "GET", "/health", headers={"Host": "judge.example"}).status == 200
    assert ask(one, "GET", "/health", headers={"Host": "other.example"}).status == 403


def test_slow_clients_time_out(start):
    one = start("--server-header-timeout-s", "1")
    with dial(one) as idle, dial(one) as slow, dial(one) as half:
        slow.sendall(b"GET /heal")
        half.sendall(HEAD + b"Content-Length: 10\r\n\r\n{")
        for connection in (slow, half):
            answer = read_answer(connection)
            assert answer.status == 408
            assert answer.json() == {"message": "the request did not arrive in time"}
        idle.recv(1000)  # whatever it says, it ends
        assert ask(one, "GET", "/health").status == 200


def test_many_connections_are_accepted_up_to_the_limit_and_again_after(start):
    one = start("--server-connections-max", "16")
    held = [dial(one) for _ in range(16)]
    for connection in held:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert read_answer(connection, "GET").status == 200
    late = dial(one)
    late.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    for connection in held:
        connection.close()
    assert read_answer(late, "GET").status == 200
    late.close()


def test_ipv6_is_served_too(start):
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            port = probe.getsockname()[1]
    except OSError:
        pytest.skip("this host has no ::1")
    start("--listen", f"[::1]:{port}")
    with socket.create_connection(("::1", port)) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: [::1]:{port}\r\n\r\n".encode())
        assert read_answer(connection, "GET").status == 200


def test_busy_optional_address_is_skipped_with_a_warning(start, server):
    one = start("--listen-optional", f"127.0.0.1:{server.port}")
    assert ask(one, "GET", "/health").status == 200
    assert "address skipped" in one.log_path.read_text()


def test_access_log_names_request_and_status(server):
    answer = ask(server, "GET", "/api/v2/nowhere")

    def lines():
        return [line for line in server.log_path.read_text().splitlines() if answer.headers["X-Request-Id"] in line]

    assert wait_until(lines)  # it is written when the answer has been sent
    line = lines()[0]
    for word in ("method=GET", "path=/api/v2/nowhere", "status=404", "client=127.0.0.1", "ms="):
        assert word in line


def test_access_log_holds_no_query(server):
    exchange(server, b"GET /languages?X-Auth-Token=sesame HTTP/1.1\r\nHost: localhost\r\nBad: \x01\r\n\r\n")
    ask(server, "GET", "/languages?X-Auth-Token=sesame")
    assert wait_until(lambda: server.log_path.read_text().count("path=/languages ") >= 2)
    assert "sesame" not in server.log_path.read_text()


def test_absolute_targets_are_served(server):
    with dial(server) as connection:
        connection.sendall(b"GET http://localhost/health HTTP/1.1\r\nHost: ignored.example\r\n\r\n")
        assert read_answer(connection, "GET").status == 200
