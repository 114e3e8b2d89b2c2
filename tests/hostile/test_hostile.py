# SPDX-License-Identifier: Apache-2.0
"""Every program of programs/ tries one attack.  Its head says what it tries, what must happen, and what the answer must be.

After each: nothing is left behind, and the next program on the same (only) slot runs as if nothing had been.
`control` names a program that is also run outside a box, where it must succeed: a test that cannot fail proves nothing.
"""
import base64
import json
import os
import pathlib
import re
import subprocess
import threading

import pytest

from support import hostile, native
from support.server import Server, at_rest, cannot, settle

SLOW = os.environ.get("BELLJAR_TEST_LIMIT_MS")
SECRET = "the-operators-own-9f2c"


@pytest.fixture(scope="module")
def server():
    # On a machine that is emulated what ends by itself must not meet a limit of time.
    slow = {f"BELLJAR_NATIVE_{name}": SLOW for name in ("WALL_MS", "CPU_MS", "COMPILE_WALL_MS", "COMPILE_CPU_MS", "MAX_WALL_MS", "MAX_CPU_MS",
                                                        "MAX_COMPILE_WALL_MS", "MAX_COMPILE_CPU_MS")} if SLOW else {}
    one = Server("--slots", "1", "--log-level", "info", env={**slow, "OPERATOR_SECRET": SECRET})
    yield one
    one.stop()


@pytest.fixture(scope="module")
def crowd():
    one = Server("--slots", "4", "--log-level", "info")
    yield one
    one.stop()


@pytest.fixture(scope="module")
def rested(server):
    """The server after its first job of each language: versions are asked, spare namespaces made."""
    for language, source in (("c", "int main(void)\n{\n    return 0;\n}\n"), ("python", "pass"), ("bash", "true")):
        assert native.run(server, source, language)["verdict"] == "ok"
    return at_rest(server)


def skip_where_the_host_lacks_it(server, path):
    """`needs` is a feature as doctor names it: without cgroups nothing holds a box as a whole, and it says so."""
    needs = set(hostile.head(path).get("needs", "").split(", "))
    weaker = {row["feature"] for row in server.request("GET", "/health")[1]["sandbox"]["weaker"]}
    if needs & weaker:
        pytest.skip(f"this host does not give: {needs & weaker}")


def run(server, path):
    head = hostile.head(path)
    more = json.loads(head.get("request", "{}"))
    if "stdin_size" in head:
        more["stdin"] = "x" * int(head["stdin_size"])
    body = {"language": hostile.LANGUAGES[path.suffix], "wait": True, **more}
    if "files" in more:
        body["files"] = [{"path": path.name, "content": path.read_text()}, *more["files"]]
    else:
        body["source"] = path.read_text()
    answer = native.create(server, body)
    assert answer.status == hostile.expectation(path).get("status", 200), answer
    return answer.json()


def host_facts():
    def read(path):
        return pathlib.Path(path).read_text().strip() if os.path.exists(path) else ""
    macs = [read(one / "address") for one in pathlib.Path("/sys/class/net").iterdir()]
    groups = [line.split(":", 2)[2] for line in read("/proc/self/cgroup").splitlines()]
    return {"hostname": [read("/proc/sys/kernel/hostname")], "boot_id": [read("/proc/sys/kernel/random/boot_id")],
            "machine_id": [read("/etc/machine-id")], "mac": [one for one in macs if one.strip("0:")],
            "cgroup": [one for one in groups if len(one) > 1] + ["belljar-"], "operator": [SECRET]}


def check(path, answer):
    stage = answer.get("run") or answer.get("compile") or {"stdout": "", "stderr": "", "encoding": "utf8"}
    data = {name: base64.b64decode(stage[name]) if stage["encoding"] == "base64" else stage[name].encode() for name in ("stdout", "stderr")}
    text = (data["stdout"] + data["stderr"]).decode(errors="replace")
    for key, wanted in hostile.expectation(path).items():
        if key == "has":
            assert wanted in text, answer
        elif key == "lacks":
            assert wanted not in text, answer
        elif key in ("stdout_bytes", "stderr_bytes"):
            assert len(data[key.partition("_")[0]]) == wanted
        elif key == "cpu_ms_below":
            assert stage["cpu_ms"] < wanted
        else:
            found = answer[key] if key in answer else stage[key]
            assert found in wanted if isinstance(wanted, list) else found == wanted, (key, answer)
    for fact in hostile.head(path).get("hides", "").split():
        if fact == "kernel_pointer":
            assert not re.search(r"\bffff(?!ffffffffffff|ffffff600000)[0-9a-f]{12}\b", text), text
        else:
            assert not [one for one in host_facts()[fact] if one and one in text], (fact, text)


@pytest.mark.parametrize("path", hostile.PROGRAMS, ids=lambda path: path.stem)
def test_attack_is_held_and_leaves_nothing(server, rested, path):
    skip_where_the_host_lacks_it(server, path)
    for _ in range(int(hostile.head(path).get("again", 1))):
        check(path, run(server, path))
    answer = native.run(server, "echo next; cat; id -u", "bash", stdin="in")
    assert answer["run"]["stdout"] == "next\nin1000\n", answer
    assert settle(server, rested) == {}


@pytest.mark.parametrize("path", [path for path in hostile.PROGRAMS if "together" in hostile.head(path)], ids=lambda path: path.stem)
def test_neighbours_do_not_feel_each_other(crowd, path):
    skip_where_the_host_lacks_it(crowd, path)
    count = int(hostile.head(path)["together"])
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(run(crowd, path))) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == count
    for answer in answers:
        check(path, answer)


@pytest.mark.parametrize("path", [path for path in hostile.PROGRAMS if "control" in hostile.head(path)], ids=lambda path: path.stem)
def test_attack_succeeds_without_a_box(path, tmp_path):
    if subprocess.run([*hostile.BARE, "true"], capture_output=True).returncode != 0:
        cannot("user namespaces are off: no place to run the control")
    assert "LEAK" in hostile.run_bare(path, tmp_path)


def test_record_locks_do_carry_between_processes_that_share_inodes(tmp_path):
    """The channel that the private overlays close: without them two processes see each other's locks."""
    binary = tmp_path / "locks"
    subprocess.run(["gcc", "-o", binary, next(path for path in hostile.PROGRAMS if path.stem == "locks")], check=True)
    pair = [subprocess.Popen([binary], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert any("LEAK" in one.communicate()[0] for one in pair)
