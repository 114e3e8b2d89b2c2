# SPDX-License-Identifier: Apache-2.0
"""Bad input to the API: each gets a clear answer, nothing leaks, and the server goes on.

proves: F3
"""
import json
import socket
import struct

import pytest

from support.raw import Answer, ask, dial, read_answer, wait_until

GOOD = {"language": "bash", "version": "*", "files": [{"content": "echo fine"}]}
JSON = {"Content-Type": "application/json"}


def works(server):
    answer = ask(server, "POST", "/api/v2/execute", GOOD)
    assert answer.status == 200, answer
    return answer.json()["run"]["stdout"] == "fine\n"


@pytest.mark.parametrize("body", [
    b"[" * 100000, b'{"a":' * 100000, b"[" * 100000 + b"]" * 100000, b'{"files":' + b"[" * 1000 + b"]" * 1000 + b"}"],
    ids=["arrays", "objects", "closed", "in a key"])
def test_deep_json_is_told(server, body):
    answer = ask(server, "POST", "/api/v2/execute", body, JSON)
    assert answer.status == 400
    assert answer.json() == {"message": "bad JSON: nested deeper than 200 levels"}


def test_very_many_values_are_told(server):
    body = b"[" + b"{}," * 2000000 + b"{}]"
    answer = ask(server, "POST", "/api/v2/execute", body, JSON)
    assert answer.status == 400
    assert answer.json() == {"message": "bad JSON: more than 1000000 values"}


@pytest.mark.parametrize("body", [b'{"language":"\xff"}', b'{"\xc0\x80":1}', b"\xfe\xff\x00{\x00}", b'{"a":"\xed\xa0\x80"}',
                                  b'{"a":"\\ud800"}'])
def test_invalid_utf8_is_told(server, body):
    answer = ask(server, "POST", "/api/v2/execute", body, JSON)
    assert answer.status == 400
    assert answer.json()["message"].startswith("bad JSON: ")


def test_nul_in_every_text(server):
    for body in (dict(GOOD, language="ba\0sh"), dict(GOOD, version="*\0"), dict(GOOD, args=["\0"]),
                 dict(GOOD, files=[{"name": "a\0", "content": ""}])):
        assert ask(server, "POST", "/api/v2/execute", body).status == 400
    body = dict(GOOD, stdin="a\0b", files=[{"content": "od -An -c\n#\0"}])
    run = ask(server, "POST", "/api/v2/execute", body).json()["run"]
    assert run["stdout"].split() == ["a", "\\0", "b", "\\n"]


def test_ten_thousand_files(server):
    files = [{"content": "find . -type f | wc -l"}] + [{"name": f"d{i % 100}/f{i}", "content": ""} for i in range(9999)]
    answer = ask(server, "POST", "/api/v2/execute", dict(GOOD, files=files), timeout=120)
    assert answer.status == 200, answer
    assert answer.json()["run"]["stdout"].strip() == "10000", answer


def test_more_files_than_the_box_takes_are_refused(server):
    files = [{"content": "true"}] + [{"name": f"f{i}", "content": ""} for i in range(30000)]
    answer = ask(server, "POST", "/api/v2/execute", dict(GOOD, files=files))
    assert (answer.status, answer.json()) == (400, {"message": "files cannot exceed the configured limit of 20000"})


@pytest.mark.parametrize("name", ["/etc/passwd", "/proc/self/mem", "....//x", "a/./b", "//x", "-rf", "$(id)", "a b", "\u00e4", "~", "*"])
def test_odd_names_stay_inside(server, name):
    body = dict(GOOD, files=[{"name": "main.sh", "content": "find . -type f ! -name main.sh -exec cat {} +"},
                             {"name": name, "content": "inside"}])
    answer = ask(server, "POST", "/api/v2/execute", body)
    assert answer.status == 200, answer
    assert answer.json()["run"]["stdout"] == "inside"


def test_very_long_texts(server):
    assert ask(server, "POST", "/api/v2/execute", dict(GOOD, language="x" * 1000000)).status == 400
    assert ask(server, "POST", "/api/v2/execute", dict(GOOD, version="1" * 1000000)).status == 400
    assert works(server)


@pytest.mark.parametrize("args", [["x" * 131072], ["x"] * 500000, "x" * 500000, ["x" * 100000] * 20],
                         ids=["long", "many", "many characters", "long in all"])
def test_more_args_than_the_kernel_takes_are_refused(server, args):
    answer = ask(server, "POST", "/api/v2/execute", dict(GOOD, args=args))
    assert answer.status == 400
    assert answer.json() == {"message": "args cannot exceed 32768 strings, 131071 bytes each and 1048576 in all"}
    assert works(server)


@pytest.mark.parametrize("args", [["x" * 131071], ["x"] * 32768, ["x" * 100000] * 10], ids=["long", "many", "long in all"])
def test_as_many_args_as_are_allowed_reach_the_program(server, args):
    body = dict(GOOD, args=args, files=[{"content": "echo $# ${#1}"}])
    run = ask(server, "POST", "/api/v2/execute", body).json()["run"]
    assert run["stdout"].split() == [str(len(args)), str(len(args[0]))], run


def stats(server):
    return ask(server, "GET", "/health").json()["engine"]


def send_execute(server, body):
    data = json.dumps(body).encode()
    connection = dial(server)
    connection.sendall(b"POST /api/v2/execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                       b"Content-Length: %d\r\n\r\n" % len(data) + data)
    return connection


@pytest.mark.parametrize("how", ["close", "reset", "half"])
def test_job_of_a_client_that_leaves_is_stopped(start, how):
    """clients that leave while they wait (their job stops)"""
    one = start("--slots", "1", "--time", "60000", "--cpu-time", "60000")
    assert works(one)
    running = send_execute(one, dict(GOOD, files=[{"content": "sleep 50"}]))
    assert wait_until(lambda: stats(one)["running"] == 1)
    waiting = send_execute(one, dict(GOOD, files=[{"content": "sleep 50"}]))
    assert wait_until(lambda: stats(one)["queued"] == 1)
    for connection in (waiting, running):
        if how == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if how == "half":
            connection.shutdown(socket.SHUT_WR)
        else:
            connection.close()
    assert wait_until(lambda: stats(one)["running"] == 0 and stats(one)["queued"] == 0)
    assert works(one)
    assert wait_until(lambda: stats(one)["boxes"] == 0)


def test_many_clients_that_leave_at_once(server):
    connections = [send_execute(server, dict(GOOD, files=[{"content": "sleep 2"}])) for _ in range(50)]
    for connection in connections:
        connection.close()
    assert works(server)
    assert wait_until(lambda: stats(server)["running"] == 0 and stats(server)["queued"] == 0)


def test_full_queue_is_503_with_retry_after(start):
    """a full queue is a clear 503 + Retry-After"""
    one = start("--slots", "1", "--engine-queue-max", "1")
    assert works(one)
    held = [send_execute(one, dict(GOOD, files=[{"content": "sleep 2"}]))]
    assert wait_until(lambda: stats(one)["running"] == 1)
    held.append(send_execute(one, dict(GOOD, files=[{"content": "sleep 2"}])))
    assert wait_until(lambda: stats(one)["queued"] == 1)
    answer = ask(one, "POST", "/api/v2/execute", GOOD)
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.json()["message"]
    for connection in held:
        assert read_answer(connection).status == 200
        connection.close()


def test_connections_that_say_nothing_hurt_nobody(server):
    held = [dial(server) for _ in range(200)]
    assert works(server)
    for connection in held:
        connection.close()


@pytest.mark.parametrize("seed", range(20))
def test_noise_never_ends_the_server(server, seed):
    import random
    noise = random.Random(seed)
    for _ in range(20):
        data = bytes(noise.randrange(256) for _ in range(noise.randrange(1, 400)))
        kind = noise.randrange(3)
        if kind == 1:
            data = b"POST /api/v2/execute HTTP/1.1\r\nHost: localhost\r\n" + data + b"\r\n\r\n"
        elif kind == 2:
            data = (b"POST /api/v2/execute HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n" % len(data) + data)
        with dial(server) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            answer = read_answer(connection)
            assert answer is None or isinstance(answer, Answer) and answer.status >= 400
    assert ask(server, "GET", "/health").status == 200
