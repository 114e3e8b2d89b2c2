# SPDX-License-Identifier: Apache-2.0
"""belljar's own API: executions created, awaited, and refused."""
import base64
import concurrent.futures
import json
import socket

import pytest

from support.native import EXECUTIONS, create, encode, errors, finished, run, show, submit
from support.raw import ask, dial, wait_until
from support.server import descendants, process_facts

STAGE = {"verdict", "reason", "exit_code", "signal", "stdout", "stderr", "output", "encoding", "stdout_truncated",
         "stderr_truncated", "cpu_ms", "wall_ms", "memory_bytes"}


def test_one_that_waits_is_answered_whole(native):
    answer = create(native, {"language": "python", "source": "import sys\nprint(input())\nprint('e', file=sys.stderr)",
                             "stdin": "hi\n", "wait": True, "label": "mine"})
    assert answer.status == 200 and answer.headers["X-Request-Id"]
    assert answer.headers["Content-Type"] == "application/json"
    x = answer.json()
    assert answer.headers["Location"] == f"{EXECUTIONS}/{x['id']}"
    assert list(x) == ["id", "status", "verdict", "reason", "language", "version", "runtime", "compile", "run", "tests",
                       "artifacts", "artifacts_truncated", "queued_at", "started_at", "finished_at", "label"]
    assert (x["status"], x["verdict"], x["language"], x["runtime"]) == ("finished", "ok", "python", "host")
    assert x["version"].startswith("3.") and x["compile"] is None and x["label"] == "mine"
    assert set(x["run"]) == STAGE
    assert (x["run"]["stdout"], x["run"]["stderr"], x["run"]["exit_code"], x["run"]["signal"]) == ("hi\n", "e\n", 0, None)
    assert x["run"]["wall_ms"] > 0 and x["run"]["cpu_ms"] > 0 and x["run"]["memory_bytes"] > 0
    assert x["queued_at"] <= x["started_at"] <= x["finished_at"] and x["queued_at"].endswith("Z")


def test_one_that_does_not_wait_is_accepted(native):
    answer = create(native, {"language": "py", "source": "print(1)"})
    assert answer.status == 202
    assert list(answer.json()) == ["id", "status"] and answer.json()["status"] == "queued"
    assert answer.headers["Location"] == f"{EXECUTIONS}/{answer.json()['id']}"
    assert finished(native, answer.json()["id"])["run"]["stdout"] == "1\n"


def test_prefer_waits(native):
    answer = create(native, {"language": "python", "source": "print(1)"}, {"Prefer": "respond-async, wait=20"})
    assert (answer.status, answer.headers["Preference-Applied"]) == (200, "wait=20")
    assert answer.json()["verdict"] == "ok"


def test_a_wait_that_ends_early_tells_what_is_known(native):
    answer = create(native, {"language": "python", "source": "input()\nimport time\ntime.sleep(5)", "stdin": "\n", "label": "l"},
                    {"Prefer": "wait=1"})
    assert answer.status == 202
    x = answer.json()
    assert (x["status"], x["verdict"], x["language"], x["finished_at"]) == ("running", None, "python", None)
    assert answer.headers["Location"].endswith(x["id"])
    ask(native, "DELETE", f"{EXECUTIONS}/{x['id']}")


def test_prefer_zero_does_not_wait(native):
    answer = create(native, {"language": "python", "source": "print(1)"}, {"Prefer": "wait=0"})
    assert (answer.status, answer.headers["Preference-Applied"]) == (202, "wait=0")


def test_a_client_that_leaves_does_not_end_it(native):
    with dial(native) as connection:
        body = b'{"language":"python","source":"import time\\ntime.sleep(1)\\nprint(7)","wait":true,"label":"left alone"}'
        connection.sendall(b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                           % (EXECUTIONS.encode(), len(body), body))
        listed = f"{EXECUTIONS}?label=left%20alone"
        assert wait_until(lambda: ask(native, "GET", listed).json()["executions"])
        connection.shutdown(socket.SHUT_RDWR)
    one = ask(native, "GET", listed).json()["executions"][0]["id"]
    assert finished(native, one)["run"]["stdout"] == "7\n"


# --- languages -------------------------------------------------------------------------------------------------------------

def test_a_compiled_language_has_a_compile_stage(native):
    x = run(native, '#include <stdio.h>\nint main(void){puts("c");return 0;}', "c", compile={"args": ["-O1", "-Wall"]})
    assert set(x["compile"]) == STAGE | {"cached"} and x["compile"]["cached"] is False
    assert (x["compile"]["verdict"], x["run"]["stdout"], x["verdict"]) == ("ok", "c\n", "ok")


def test_compile_arguments_reach_the_compiler(native):
    assert run(native, "int main(void){return N;}", "c", compile={"args": ["-DN=5"]})["run"]["exit_code"] == 5


def test_compile_errors_end_it(native):
    x = run(native, "int main(", "c")
    assert (x["verdict"], x["run"], x["status"]) == ("compile_error", None, "finished")
    assert "error" in x["compile"]["stderr"] and x["compile"]["exit_code"] == 1 and x["reason"]


def test_several_files_and_data(native):
    files = [{"path": "main.c", "content": '#include <stdio.h>\n#include "lib/f.h"\nint main(void){FILE*f=fopen("data.bin","r");'
              'printf("%d %d\\n",f(),0);return 0;}'.replace("f(),0", "g(),fgetc(f)")},
             {"path": "lib/f.h", "content": "int g(void);"}, {"path": "lib/f.c", "content": "int g(void){return 42;}"},
             {"path": "data.bin", "content": encode(b"\xff\x00"), "encoding": "base64"}]
    answer = create(native, {"language": "c", "files": files, "wait": True})
    assert answer.json()["run"]["stdout"] == "42 255\n", answer


def test_arguments_environment_and_binary_stdin(native):
    source = "import os,sys\nprint(sys.argv[1:], os.environ['K'])\nprint(sys.stdin.buffer.read())"
    x = run(native, source, args=["a b", "", "*"], env={"K": "v=ä"}, stdin=encode(b"\xff\x00"), stdin_encoding="base64")
    assert x["run"]["stdout"] == "['a b', '', '*'] v=ä\nb'\\xff\\x00'\n"


def test_a_version_is_a_range(native):
    assert run(native, "print(1)", version="3.x")["verdict"] == "ok"
    found = errors(create(native, {"language": "python", "version": "2.x", "source": ""}))
    assert "there is 3." in found["version"]


# --- output ----------------------------------------------------------------------------------------------------------------

def test_output_has_both_in_order(native):
    x = run(native, "echo a; sleep 0.1; echo b >&2; sleep 0.1; echo c", "bash")
    assert x["run"]["output"] == "a\nb\nc\n"


def test_what_is_no_text_comes_in_base64(native):
    x = run(native, "import sys\nsys.stdout.buffer.write(b'\\xff\\n')\nprint('e',file=sys.stderr)")
    assert (x["run"]["encoding"], x["run"]["stdout"], x["run"]["stderr"]) == ("base64", encode(b"\xff\n"), encode("e\n"))
    assert sorted(base64.b64decode(x["run"]["output"]).split(b"\n")) == [b"", b"e", b"\xff"]


def test_nul_is_text(native):
    assert run(native, "print('a\\0b')")["run"]["stdout"] == "a\0b\n"


# --- verdicts --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("source, more, verdict, stage", [
    ("exit(3)", {}, "nonzero_exit", {"exit_code": 3, "signal": None}),
    ("import os\nos.abort()", {}, "signaled", {"exit_code": None, "signal": "SIGABRT"}),
    ("print(' 1 ')", {"expected_output": " 1\n"}, "ok", {"exit_code": 0}),
    ("print(1)", {"expected_output": "2"}, "wrong_answer", {"exit_code": 0}),
])
def test_verdicts(native, source, more, verdict, stage):
    x = run(native, source, **more)
    assert x["verdict"] == x["run"]["verdict"] == verdict
    assert {key: x["run"][key] for key in stage} == stage
    assert (x["reason"] == "") == (verdict == "ok")


# --- refused ---------------------------------------------------------------------------------------------------------------

def test_all_errors_come_at_once(native):
    answer = create(native, {
        "language": "pythn", "version": "latest?", "xsource": "x", "files": [{"path": "../a", "contnet": ""}], "stdin": 1,
        "limits": {"wall_mss": 1, "cpu_ms": 0, "memory_bytes": 10**15}, "isolation": "vm", "network": True,
        "env": {"PATH": ""}, "callback": {"url": "gopher://x"}, "tests": [], "tty": True})
    found = errors(answer)
    assert set(found) == {"version", "xsource", "files[0].path", "files[0].content", "files[0].contnet", "stdin",
                          "limits.wall_mss", "limits.cpu_ms", "limits.memory_bytes", "isolation", "network", "env.PATH",
                          "callback.url", "tests", "tty", "language"}
    assert found["xsource"] == 'unknown key; did you mean "source"?'
    assert '"namespace"' in found["isolation"]
    assert "0 is not" in found["limits.cpu_ms"]


def test_an_unknown_language_is_told_with_the_rest(native):
    found = errors(create(native, {"language": "pythn", "xsource": "x"}))
    assert set(found) == {"language", "xsource", "files"}
    assert "/api/v1/languages" in found["language"]


def test_what_the_language_has_not_is_told(native):
    found = errors(create(native, {"language": "python", "source": "", "compile": {"args": ["-O"]}}))
    assert found == {"compile.args": "python is not compiled"}


@pytest.mark.parametrize("body, headers, status", [
    (b"{", {"Content-Type": "application/json"}, 400),
    (b"", {"Content-Type": "application/json"}, 400),
    (b'{"language":"python","language":"c","source":""}', {"Content-Type": "application/json"}, 400),
    (b"{}", {"Content-Type": "text/plain"}, 415),
    (b"language=python", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
    (b"[]", {"Content-Type": "application/json; charset=utf-8"}, 422),
])
def test_bodies_that_are_none(native, body, headers, status):
    errors(ask(native, "POST", EXECUTIONS, body, headers), status)


@pytest.mark.parametrize("path", ["/api/v1/executions/", "/api/v1/languages/", "/api/v1/languages/python/", "/api/v1/stats/"])
def test_a_path_may_end_in_a_slash(native, path):
    assert ask(native, "GET", path).body == ask(native, "GET", path[:-1]).body
    assert ask(native, "GET", path).status == 200


def test_paths_that_are_none(native):
    errors(ask(native, "GET", "/api/v1/nothing"), 404)
    answer = ask(native, "PUT", EXECUTIONS)
    errors(answer, 405)
    assert "POST" in answer.headers["Allow"] and "Allow" in answer.json()["detail"]
    assert ask(native, "GET", "/api/v1/stream").json()["title"] == "Upgrade Required"


# --- Idempotency-Key -------------------------------------------------------------------------------------------------------

def test_the_same_key_is_the_same_execution(native):
    body = {"language": "python", "source": "import time\nprint(time.time())", "wait": True}
    first = create(native, body, {"Idempotency-Key": "one"})
    again = create(native, dict(reversed(body.items())), {"Idempotency-Key": "one"})
    assert first.status == again.status == 200
    assert first.json() == again.json()
    assert "Idempotent-Replayed" not in first.headers and again.headers["Idempotent-Replayed"] == "true"


def test_the_same_key_with_another_body_is_refused(native):
    body = {"language": "python", "source": "print(1)"}
    create(native, body, {"Idempotency-Key": "two"})
    errors(create(native, {**body, "source": "print(2)"}, {"Idempotency-Key": "two"}))


def test_a_key_in_many_requests_at_once_runs_once(native):
    body = {"language": "python", "source": "print(1)", "label": "many at once", "wait": True}
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: create(native, body, {"Idempotency-Key": "three"}), range(16)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    listed = ask(native, "GET", f"{EXECUTIONS}?label=many%20at%20once").json()["executions"]
    assert len(listed) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_keys_that_are_none(native, key):
    errors(create(native, {"language": "python", "source": ""}, {"Idempotency-Key": key}), 400)


def test_other_requests_are_others(native):
    assert submit(native) != submit(native)
    assert show(native, submit(native, headers={"Idempotency-Key": "four"})).status == 200


# --- callers ---------------------------------------------------------------------------------------------------------------

def test_a_caller_has_a_share_of_the_queue(start):
    server = start("--paused", "--callers-queued", "2")
    submit(server)
    submit(server)
    answer = create(server, {"language": "python", "source": ""})
    errors(answer, 429)
    assert answer.headers["Retry-After"]


def test_a_full_queue_says_when_to_come_again(start):
    server = start("--paused", "--engine-queue-max", "1")
    submit(server)
    answer = create(server, {"language": "python", "source": ""})
    errors(answer, 503)
    assert answer.headers["Retry-After"]


def test_the_sieve_names_the_file(start):
    server = start("--validation-max-source-length", "10", "--validation-deny-patterns", r"os\.system")
    files = [{"path": "a.py", "content": "x" * 11}, {"path": "b.py", "content": encode("os.system"), "encoding": "base64"}]
    found = errors(create(server, {"language": "python", "files": files, "xlimits": {}}))
    assert set(found) == {"xlimits", "files[0].content", "files[1].content"}
    assert list(errors(create(server, {"language": "python", "source": "x" * 11}))) == ["source"]


def test_waiting_costs_little(start, tmp_path):
    """Of what was asked nothing is kept for who waits, but 64 MiB for those whose turn may come soon."""
    server = start("--paused", "--data", str(tmp_path))
    child = [pid for pid in descendants(server.pid) if process_facts(pid)[0] == "belljar" and pid != server.pid]

    def memory():
        return max(int(open(f"/proc/{pid}/statm").read().split()[1]) * 4096 for pid in child)

    body = json.dumps({"language": "python", "source": "#" * 400_000, "wait": True}).encode()
    request = (b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
               % (EXECUTIONS.encode(), len(body))) + body
    connections, before = [], memory()
    for many in range(50, 601, 50):
        while len(connections) < many:
            connections.append(dial(server))
            connections[-1].sendall(request)
        assert wait_until(lambda: ask(server, "GET", "/api/v1/stats").json()["queue_size"] == many, 60)
    used = memory() - before
    for connection in connections:
        connection.close()
    assert used < 160 << 20, "240 MB were sent"
