# SPDX-License-Identifier: Apache-2.0
"""Piston's API of April 2021 (section 9 of the contract), and the gateway's before it (section 8)."""
import pytest

from support.raw import ask

GOOD = {"language": "python", "version": "*", "files": [{"name": "main.py", "content": "import sys\nprint(sys.stdin.read(), end='')"}]}


def test_runtimes_have_no_runtime_key(server):
    """runtimes `runtime` key, `provides`: no"""
    answer = ask(server, "GET", "/api/v1/runtimes")
    assert answer.status == 200
    assert all(list(one) == ["language", "version", "aliases"] for one in answer.json())
    assert len(answer.json()) == len(ask(server, "GET", "/api/v2/runtimes").json())


def test_result_has_the_keys_of_its_time(server):
    """result: stdout stderr output code signal"""
    answer = ask(server, "POST", "/api/v1/execute", dict(GOOD, stdin="hi"))
    assert answer.status == 200
    body = answer.json()
    assert list(body) == ["run", "language", "version"]
    assert set(body["run"]) == {"stdout", "stderr", "output", "code", "signal"}
    assert (body["run"]["stdout"], body["run"]["code"], body["run"]["signal"]) == ("hi", 0, None)


def test_stdin_is_as_sent(server):
    """stdin: as sent"""
    assert ask(server, "POST", "/api/v1/execute", dict(GOOD)).json()["run"]["stdout"] == ""
    assert ask(server, "POST", "/api/v1/execute", dict(GOOD, stdin="a")).json()["run"]["stdout"] == "a"


def test_readme_example_of_2021(server):
    body = {"language": "python", "version": "3.x",
            "files": [{"name": "my_cool_code.py", "content": "import sys\nprint(sys.argv[1:])"}],
            "stdin": "", "args": ["1", "2", "3"], "compile_timeout": 10000, "run_timeout": 3000}
    assert ask(server, "POST", "/api/v1/execute", body).json()["run"]["output"] == "['1', '2', '3']\n"


def test_program_knows_the_name_as_sent(server):
    """PISTON_ALIAS env (name as sent)"""
    body = {"language": "sh", "version": "*", "files": [{"content": "echo $PISTON_ALIAS"}]}
    assert ask(server, "POST", "/api/v1/execute", body).json()["run"]["stdout"] == "sh\n"


def test_timeouts_are_clamped_in_silence(server):
    """timeouts unbounded: what is above the configured limit is lowered to it"""
    answer = ask(server, "POST", "/api/v1/execute", dict(GOOD, run_timeout=60000, compile_timeout=60000))
    assert answer.status == 200


@pytest.mark.parametrize("change,errors", [
    ({"language": None}, [{"value": None, "msg": "Invalid value", "param": "language", "location": "body"}]),
    ({"version": 3}, [{"value": 3, "msg": "Invalid value", "param": "version", "location": "body"}]),
    ({"files": {}}, [{"value": {}, "msg": "Invalid value", "param": "files", "location": "body"}]),
    ({"files": [{}]}, [{"msg": "Invalid value", "param": "files[0].content", "location": "body"}]),
])
def test_validation_errors_are_express_validators(server, change, errors):
    """validation error: 400 `{"message":[{msg,param,...}]}` (express-validator array)"""
    answer = ask(server, "POST", "/api/v1/execute", dict(GOOD, **change))
    assert (answer.status, answer.json()) == (400, {"message": errors})


def test_all_errors_are_told_at_once_and_there_is_no_415(server):
    answer = ask(server, "POST", "/api/v1/execute", "x=y", {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 400
    assert [one["param"] for one in answer.json()["message"]] == ["language", "version", "files"]


def test_unknown_runtime_as_now(server):
    """unknown runtime as now"""
    answer = ask(server, "POST", "/api/v1/execute", dict(GOOD, language="nothing"))
    assert (answer.status, answer.json()) == (400, {"message": "nothing-* runtime is unknown"})


def test_packages_have_their_names_in_the_path(server):
    """GET /api/v1/packages, POST and DELETE /api/v1/packages/:language/:version"""
    assert ask(server, "GET", "/api/v1/packages").body == ask(server, "GET", "/api/v2/packages").body
    version = next(one["version"] for one in ask(server, "GET", "/api/v1/runtimes").json() if one["language"] == "bash")
    answer = ask(server, "POST", f"/api/v1/packages/bash/{version}")
    assert (answer.status, answer.json()) == (500, {"message": "Already installed"})
    answer = ask(server, "DELETE", "/api/v1/packages/zig/0.0.1")
    assert (answer.status, answer.json()) == (404, {"message": "Requested package zig-0.0.1 does not exist"})


def test_oldest_gateway_runs_one_source(server):
    """`POST /api/v1/piston/execute` `{language, source, stdin, args}` -> `{ran, language, version, stdout, stderr, output}`"""
    body = {"language": "python", "source": "import sys\nprint(sys.argv[1], sys.stdin.read(), end='')", "stdin": "in", "args": ["a"]}
    answer = ask(server, "POST", "/api/v1/piston/execute", body)
    assert answer.status == 200
    assert set(answer.json()) == {"ran", "language", "version", "output", "stdout", "stderr"}
    assert (answer.json()["ran"], answer.json()["stdout"], answer.json()["output"]) == (True, "a in", "a in")


def test_oldest_gateway_lists_versions(server):
    """`GET /api/v1/piston/versions` -> `[{name, aliases, version}]`"""
    versions = ask(server, "GET", "/api/v1/piston/versions").json()
    assert all(list(one) == ["name", "aliases", "version"] for one in versions)
    assert "python" in [one["name"] for one in versions]


def test_oldest_gateway_refuses_unknown_languages(server):
    """400 `{message}` (`Supplied language is not supported by Piston`...)"""
    answer = ask(server, "POST", "/api/v1/piston/execute", {"language": "nothing", "source": ""})
    assert (answer.status, answer.json()) == (400, {"message": "Supplied language is not supported by Piston"})
