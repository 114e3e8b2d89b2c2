# SPDX-License-Identifier: Apache-2.0
"""Every program of programs/ tries one attack.  Its head says what it tries, what must happen, and what the answer must be.

After each: nothing is left behind, and the next program on the same (only) slot runs as if nothing had been.
`control: leak` names a program that is also run outside a box, where it must succeed: a test that cannot fail proves nothing.
"""
import json
import os
import pathlib
import subprocess
import threading

import pytest

from support.server import Server, at_rest, cannot, settle

PROGRAMS = sorted(pathlib.Path(__file__).with_name("programs").iterdir())
LANGUAGES = {".c": "c", ".py": "python", ".sh": "bash"}


def head(path):
    found = {}
    for line in path.read_text().splitlines():
        line = line.lstrip("/*# ").rstrip()
        key, colon, value = line.partition(": ")
        if colon and key in ("tries", "must", "shows", "expect", "request", "control", "needs"):
            found[key] = value
        elif found and "expect" in found and not line:
            break
    return found


def slow_machine():
    """Flags for a machine that is emulated: what ends by itself must not meet a limit of time there."""
    limit = os.environ.get("BELLJAR_TEST_LIMIT_MS")
    return [word for flag in ("--time", "--cpu-time", "--compile-time", "--compile-cpu-time") for word in (flag, limit) if limit]


@pytest.fixture(scope="module")
def server():
    one = Server("--slots", "1", "--log-level", "info", *slow_machine())
    yield one
    one.stop()


@pytest.fixture(scope="module")
def rested(server):
    """The server after its first job of each language: versions are asked, spare namespaces made."""
    for language, source in (("c", "int main(void)\n{\n    return 0;\n}\n"), ("python", "pass"), ("bash", "true")):
        status, answer = server.execute(language, source)
        assert status == 200, answer
    return at_rest(server)


def skip_where_the_host_lacks_it(server, path):
    """`needs` is a feature as doctor names it: without cgroups nothing holds a box as a whole, and it says so."""
    needs = head(path).get("needs")
    weaker = {row["feature"] for row in server.request("GET", "/health")[1]["sandbox"]["weaker"]}
    if needs in weaker:
        pytest.skip(f"this host does not give: {needs}")


def run(server, path):
    request = json.loads(head(path).get("request", "{}"))
    return server.execute(LANGUAGES[path.suffix], path.read_text(), path.name, **request)


def check(answer, expect):
    if expect.get("compile_fails"):
        assert answer["compile"]["code"] != 0, answer["compile"]
        assert answer["run"] == answer["compile"]
    run_stage = answer["run"]
    text = run_stage["stdout"] + run_stage["stderr"]
    for key, wanted in expect.items():
        if key == "has":
            assert wanted in text, run_stage
        elif key == "lacks":
            assert wanted not in text, run_stage
        elif key == "stdout_bytes":
            assert len(run_stage["stdout"].encode()) == wanted
        elif key == "stderr_bytes":
            assert len(run_stage["stderr"].encode()) == wanted
        elif key == "cpu_below":
            assert run_stage["cpu_time"] < wanted
        elif key == "status" and isinstance(wanted, list):
            assert run_stage["status"] in wanted, run_stage
        elif key != "compile_fails":
            assert run_stage[key] == wanted, (key, run_stage)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_attack_is_held_and_leaves_nothing(server, rested, path):
    skip_where_the_host_lacks_it(server, path)
    expect = json.loads(head(path)["expect"])
    status, answer = run(server, path)
    assert status == 200, answer
    check(answer, expect)
    status, answer = server.execute("bash", "echo next; cat; id -u", stdin="in")
    assert status == 200 and answer["run"]["stdout"] == "next\nin\n1000\n", answer
    assert settle(server, rested) == {}


@pytest.mark.parametrize("path", [path for path in PROGRAMS if head(path).get("control", "").startswith("leak")],
                         ids=lambda path: path.stem)
def test_attack_succeeds_without_a_box(path, tmp_path):
    if path.suffix == ".c":
        binary = tmp_path / "program"
        subprocess.run(["gcc", "-o", binary, path, "-pthread"], check=True)
        argv = [str(binary)]
    else:
        argv = ["/usr/bin/python3", str(path)]
    # Its own namespaces for what it could leave behind; nothing else is taken away from it.
    wrap = ["unshare", "--user", "--map-root-user", "--ipc", "--pid", "--fork", "--kill-child"]
    if subprocess.run([*wrap, "true"], capture_output=True).returncode != 0:
        cannot("user namespaces are off: no place to run the control")
    if head(path)["control"] == "leak-twice":
        argv = ["sh", "-c", f"{argv[0]} >/dev/null; {argv[0]}"]
    done = subprocess.run([*wrap, *argv], capture_output=True, text=True, timeout=60)
    assert "LEAK" in done.stdout, done


def test_persist_runs_twice_and_finds_nothing(server, rested):
    path = pathlib.Path(__file__).with_name("programs") / "persist.py"
    for _ in range(3):
        _, answer = run(server, path)
        check(answer, json.loads(head(path)["expect"]))


@pytest.mark.parametrize("name", ["locks.c", "quotas.c"])
def test_neighbours_do_not_feel_each_other(name):
    path = pathlib.Path(__file__).with_name("programs") / name
    server = Server("--slots", "4", "--log-level", "info")
    try:
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(run(server, path))) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(answers) == 3
        for status, answer in answers:
            assert status == 200
            if os.geteuid() != 0:
                # The one leak that doctor names: without root the host's own device files are in each box.
                lines = answer["run"]["stdout"].splitlines(keepends=True)
                answer["run"]["stdout"] = "".join(line for line in lines if not line.startswith("LEAK: /dev/"))
            check(answer, json.loads(head(path)["expect"]))
    finally:
        server.stop()


def test_record_locks_do_carry_between_processes_that_share_inodes(tmp_path):
    """The channel that the private overlays close: without them two processes see each other's locks."""
    binary = tmp_path / "locks"
    subprocess.run(["gcc", "-o", binary, pathlib.Path(__file__).with_name("programs") / "locks.c"], check=True)
    pair = [subprocess.Popen([binary], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert any("LEAK" in one.communicate()[0] for one in pair)
