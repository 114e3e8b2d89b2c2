# SPDX-License-Identifier: Apache-2.0
"""Who gets a network, in each dialect: what was asked, what the operator allows, what the key says."""
import json
import subprocess

import pytest

from support.server import BUILD, clean_environment

LOOK = "import socket\ntry: print(socket.create_connection(('8.8.8.8', 8000), timeout=5).recv(3).decode())\nexcept OSError as e: print(e.errno)\n"
REACHED, NO_NETWORK = "tcp", "101"  # ENETUNREACH
PYTHON = 71  # Judge0's id


def native(server, **more):
    answer = server.ask("POST", "/api/v1/executions", {"language": "python", "source": LOOK, "wait": True, **more})
    return answer.json()["run"]["stdout"].strip() if answer.status == 200 else answer.json()["errors"]


def judge0(server, **more):
    answer = server.ask("POST", "/submissions?wait=true", {"language_id": PYTHON, "source_code": LOOK, **more})
    return answer.json()["stdout"].strip() if answer.status == 201 else answer.json()


def piston(server, headers=None):
    answer = server.ask("POST", "/api/v2/execute", {"language": "python", "version": "*", "files": [{"content": LOOK}]}, headers)
    return answer.json()["run"]["stdout"].strip()


@pytest.fixture(scope="module")
def off(started):
    """As it comes."""
    return started("--network-disable=true")


@pytest.fixture(scope="module")
def judge0_on(started):
    return started("--judge0-allow-enable-network")


@pytest.fixture(scope="module")
def judge0_usual(started):
    return started("--judge0-allow-enable-network", "--judge0-enable-network")


def test_native_has_it_when_asked(public):
    assert native(public, network=True) == REACHED
    assert native(public, network=False) == native(public) == NO_NETWORK


def test_native_is_refused_where_there_is_none(off):
    assert native(off) == NO_NETWORK
    assert native(off, network=True) == [{"path": "network",
                                          "message": "programs have no network on this server; leave the key out"}]


def test_each_test_of_an_execution_has_it(public):
    answer = public.ask("POST", "/api/v1/executions", {"language": "python", "source": LOOK, "wait": True, "network": True,
                                                       "tests": [{"stdin": ""}, {"stdin": "x"}]}).json()
    assert [one["stdout"] for one in answer["tests"]] == ["tcp\n", "tcp\n"]


# The assembler shows the lines of a file that it does not understand: here those of the compile stage's own routes.
ROUTES = '__asm__(".include \\"/proc/net/route\\"");\nint main(void) { return 0; }\n'


def test_a_compiler_has_none(public):
    answer = public.ask("POST", "/api/v1/executions", {"language": "c", "source": ROUTES, "wait": True, "network": True}).json()
    told = answer["compile"]["stderr"].lower()
    assert "iface" in told and "eth0" not in told, answer


def test_but_in_piston_which_gives_it_one(public):
    answer = public.ask("POST", "/api/v2/execute", {"language": "c", "version": "*", "files": [{"content": ROUTES}]}).json()
    assert "eth0" in answer["compile"]["stderr"]


def test_judge0_refuses_where_it_is_not_allowed(public, off):
    for server in (public, off):
        assert judge0(server) == NO_NETWORK
        assert judge0(server, enable_network=True) == {"enable_network": ["enabling network is not allowed"]}


def test_judge0_has_it_when_allowed_and_asked(judge0_on):
    assert judge0(judge0_on, enable_network=True) == REACHED
    assert judge0(judge0_on, enable_network=False) == judge0(judge0_on) == NO_NETWORK


def test_judge0_has_it_by_default_where_the_operator_says_so(judge0_usual):
    assert judge0(judge0_usual) == REACHED
    assert judge0(judge0_usual, enable_network=False) == NO_NETWORK


def test_judge0_tells_what_was_asked(judge0_on):
    token = judge0_on.ask("POST", "/submissions?wait=true", {"language_id": PYTHON, "source_code": LOOK, "enable_network": True}).json()["token"]
    assert judge0_on.ask("GET", f"/submissions/{token}?fields=enable_network").json() == {"enable_network": True}


def test_judge0_options_count_for_nothing_where_there_is_no_network(started):
    server = started("--network-disable=true", "--judge0-allow-enable-network", "--judge0-enable-network")
    assert judge0(server) == NO_NETWORK
    assert judge0(server, enable_network=True) == {"enable_network": ["enabling network is not allowed"]}


def test_piston_has_it_where_networking_is_not_disabled(public, off):
    """PISTON_DISABLE_NETWORKING=false: every job of a real Piston has a network then."""
    assert piston(public) == REACHED
    assert piston(off) == NO_NETWORK


def test_a_key_decides_for_its_programs(worlds, tmp_path):
    def key(name, *flags):
        done = subprocess.run([BUILD / "belljar", "key", "add", name, "--data", tmp_path, *flags], check=True, capture_output=True,
                              text=True, env=clean_environment())
        return {"Authorization": f"Bearer {done.stdout.split()[0]}"}

    may, may_not = key("may", "--network"), key("may-not")
    server = worlds.server("--data", str(tmp_path), "--judge0-allow-enable-network", "--judge0-enable-network")
    try:
        body = {"language": "python", "source": LOOK, "wait": True, "network": True}
        assert server.ask("POST", "/api/v1/executions", body, may).json()["run"]["stdout"] == "tcp\n"
        refused = server.ask("POST", "/api/v1/executions", body, may_not)
        assert refused.status == 422 and refused.json()["errors"] == [
            {"path": "network", "message": "programs of this key may have no network; leave it out"}]
        assert piston(server, headers=may) == REACHED
        assert piston(server, headers=may_not) == NO_NETWORK
        submission = {"language_id": PYTHON, "source_code": LOOK}
        for headers, told in ((may, "tcp\n"), (may_not, "101\n")):
            assert server.ask("POST", "/submissions?wait=true", submission, headers).json()["stdout"] == told
        assert server.ask("POST", "/submissions?wait=true", dict(submission, enable_network=True), may_not).json() == {
            "enable_network": ["enabling network is not allowed"]}
    finally:
        code, log = server.stop()
    assert code == 0, log
