# SPDX-License-Identifier: Apache-2.0
"""Executions that a server keeps: submit, status, watch, cancel; a real server, and a scripted one where the way breaks."""
import concurrent.futures
import json
import re
import signal
import subprocess

import pytest

from support.cli import BELLJAR, belljar, environment, needs_boxes
from support.fake_piston import FakePiston
from support.raw import wait_until
from support.server import Server
from support.terminal import Terminal
from support.websocket import WebSocket

EXECUTIONS = "/api/v1/executions"
PATIENCE = 30


@pytest.fixture(scope="module")
def server():
    needs_boxes()
    one = Server()
    yield one
    one.stop()


@pytest.fixture
def fake():
    one = FakePiston()
    yield one
    one.stop()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def at(server, *words, **more):
    url = server.url if isinstance(server, FakePiston) else f"http://127.0.0.1:{server.port}"
    return belljar(*words, env={"BELLJAR_URL": url}, **more)


def write(folder, name, text):
    (folder / name).write_text(text)
    return name


def submit(server, *words, **more):
    done = at(server, "submit", *words, **more)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"[0-9A-Z]{26}\n", done.stdout)
    return done.stdout.strip()


FOREVER = "import time\nprint('up', flush=True)\ntime.sleep(600)"


# --- a real server ---------------------------------------------------------------------------------------------------

def test_from_submit_to_the_end(server, folder):
    one = submit(server, "--label", "my label", "-e", "A=1", write(folder, "a.py", (
        "import os, sys\nprint(sys.argv[1], os.environ['A'], input())\nprint('err', file=sys.stderr)\nsys.exit(3)")), "arg", input="in")
    done = at(server, "watch", one)
    assert (done.returncode, done.stdout, done.stderr) == (3, "arg 1 in\n", "err\n")
    done = at(server, "status", one)
    assert (done.returncode, done.stderr) == (0, "")
    lines = dict(re.split(" +", line, maxsplit=1) for line in done.stdout.splitlines())
    assert (lines["id"], lines["status"], lines["verdict"], lines["label"]) == (one, "finished", "nonzero_exit", "my label")
    assert re.match(r"nonzero_exit, exit code 3, [\d.]+ ms \(CPU [\d.]+ ms\)", lines["run"])
    done = at(server, "status", "--json", one)
    assert json.loads(done.stdout)["run"]["stdout"] == "arg 1 in\n"
    done = at(server, "cancel", one)
    assert (done.returncode, done.stderr) == (1, f"belljar cancel: {one} is over already ('belljar status' says how)\n")
    assert at(server, "status", one).returncode == 0  # it is still kept
    # Flags may stand behind the word.
    assert json.loads(at(server, "status", one, "--json").stdout)["id"] == one


def test_wait_prints_what_run_prints(server, folder):
    path = write(folder, "a.py", "import sys\nprint('out')\nprint('err', file=sys.stderr)\nsys.exit(4)")
    done = at(server, "submit", "--wait", path)
    assert (done.returncode, done.stdout, done.stderr) == (4, "out\n", "err\n")
    done = at(server, "submit", "--wait", "--time", "200ms", write(folder, "b.py", FOREVER))
    assert (done.returncode, done.stdout) == (124, "up\n")
    assert done.stderr.startswith("belljar submit: the program: wall_time_limit: ")
    done = at(server, "submit", "--wait", "--json", path)
    assert (done.returncode, json.loads(done.stdout)["run"]["exit_code"]) == (4, 4)


def test_tests_are_told_one_by_one(server, folder):
    path = write(folder, "a.py", "print(int(input()) + 1)")
    tests = [{"name": "one", "stdin": "1", "expected_output": "2"}, {"stdin": "2", "expected_output": "9"}]
    write(folder, "tests.json", json.dumps(tests))
    done = at(server, "submit", "--wait", "--tests", "tests.json", path)
    assert done.returncode == 1
    assert [line.partition(" (")[0] for line in re.sub(r"[\d.]+ ms", "_", done.stdout).splitlines()] == [
        "test one  ok, exit code 0, _", "test 2    wrong_answer, exit code 0, _"]
    write(folder, "tests.json", json.dumps(tests[:1]))
    assert at(server, "submit", "--wait", "--tests", "tests.json", path).returncode == 0
    one = submit(server, "--tests", "tests.json", path)
    done = at(server, "watch", one)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2\n", "belljar watch: test one: ok\n")


def test_cancel_ends_what_runs_and_the_watcher(server, folder):
    one = submit(server, "--time", "60s", write(folder, "a.py", FOREVER))
    watcher = subprocess.Popen([BELLJAR, "watch", one], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=environment(BELLJAR_URL=f"http://127.0.0.1:{server.port}"))
    assert watcher.stdout.readline() == b"up\n"
    done = at(server, "cancel", one)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    out, err = watcher.communicate(timeout=PATIENCE)
    assert (watcher.returncode, out, err) == (130, b"", b"belljar watch: cancelled\n")
    assert "status    cancelled\n" in at(server, "status", one).stdout


def test_cancel_ends_whatever_ps_lists(server):
    def ids():
        return [one["id"] for one in json.loads(at(server, "ps", "--json").stdout)]

    with WebSocket(server, "/api/v1/stream") as session:
        session.send_json({"type": "start", "language": "bash", "source": "sleep 60"})
        assert wait_until(lambda: len(ids()) == 1)
        done = at(server, "cancel", *ids())
        assert (done.returncode, done.stderr) == (0, "")
        assert wait_until(lambda: ids() == [])
    with concurrent.futures.ThreadPoolExecutor() as pool:
        body = {"language": "bash", "version": "*", "files": [{"content": "sleep 60"}]}
        job = pool.submit(server.request, "POST", "/api/v2/execute", body)
        assert wait_until(lambda: len(ids()) == 1)
        assert at(server, "cancel", *ids()).returncode == 0
        job.result(timeout=2)
        submission = {"language_id": 46, "source_code": "sleep 5"}
        job = pool.submit(server.request, "POST", "/submissions?wait=true", submission)
        assert wait_until(lambda: len(ids()) == 1)
        assert at(server, "cancel", *ids()).returncode == 0
        assert job.result(timeout=2)[1]["status"]["description"] == "Internal Error"


def test_leaving_a_submit_that_waits_tells_the_id(server, folder):
    terminal = Terminal("submit", "--wait", "--url", f"http://127.0.0.1:{server.port}", write(folder, "a.py", FOREVER))
    try:
        terminal.expect("belljar submit: ")
        one = terminal.expect(" (Ctrl-C leaves").decode()
    finally:
        terminal.type(b"\x03")
        terminal.wait()
        terminal.close()
    assert "status    running\n" in at(server, "status", one).stdout
    assert at(server, "cancel", one).returncode == 0


def test_leaving_a_watch_leaves_the_execution(server, folder):
    one = submit(server, "--time", "60s", write(folder, "a.py", FOREVER))
    watcher = subprocess.Popen([BELLJAR, "watch", one], stdout=subprocess.PIPE,
                               env=environment(BELLJAR_URL=f"http://127.0.0.1:{server.port}"))
    assert watcher.stdout.readline() == b"up\n"
    watcher.send_signal(signal.SIGINT)
    assert watcher.wait(PATIENCE) == -signal.SIGINT
    watcher.stdout.close()
    assert "status    running\n" in at(server, "status", one).stdout
    assert at(server, "cancel", one).returncode == 0


@pytest.mark.parametrize("words, status, error", [
    (["status"], 2, "belljar status: an id is missing; write: belljar status ID\n"),
    (["status", "a", "b"], 2, "belljar status: 'b' is too much\n"),
    (["status", "../x"], 2, "belljar status: '../x' is no id; 'belljar submit' prints it\n"),
    (["cancel", "--memory", "1G", "a"], 2, "belljar cancel: unknown flag '--memory'; --help lists the flags\n"),
    (["watch"], 125, "belljar watch: an id is missing; write: belljar watch ID\n"),
    (["submit"], 125, "belljar submit: a file is missing; write: belljar submit FILE [ARGS...]\n"),
])
def test_wrong_words_are_refused(words, status, error):
    done = belljar(*words)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", error)


def test_an_execution_that_is_not_there(server):
    for command, status in (("status", 1), ("cancel", 1), ("watch", 125)):
        done = at(server, command, "01ARZ3NDEKTSV4RRFFQ69G5FAV")
        assert (done.returncode, done.stdout) == (status, "")
        assert done.stderr.startswith(f"belljar {command}: ")
    done = belljar("status", "--url", "http://127.0.0.1:1", "x")
    assert (done.returncode, "is a server listening there?" in done.stderr) == (1, True)


# --- a way that breaks -----------------------------------------------------------------------------------------------

def over(**facts):
    run = {"verdict": "ok", "exit_code": 0, "signal": None, "stdout": "", "stderr": "", "reason": ""}
    return {"id": "X1", "status": "finished", "verdict": "ok", "run": {**run, **facts}, "compile": None, "tests": []}


def test_a_broken_watch_goes_on_where_it_was(fake):
    seen = []

    def stream(headers, write):
        seen.append(headers["Last-Event-ID"])
        if len(seen) == 1:
            write('retry: 10\nid: a1\nevent: stage\ndata: {"stage":"run"}\n\n'
                  'id: a2\nevent: stdout\ndata: {"stage":"run","data":"one\\n"}\n\n'
                  'id: a3\nevent: stdout\ndata: {"stage":"run","data":"lost')
        elif len(seen) == 2:
            return  # a server that is just going down
        else:
            write(': comment\r\nid: a3\r\nevent: stdout\r\ndata: {"stage":"run",\r\ndata: "data":"two\\n"}\r\n\r\n'
                  'id: a4\revent: finished\rdata: {}\r\r')
    fake.streams[EXECUTIONS + "/X1/events"] = stream
    fake.on("GET", EXECUTIONS + "/X1", over())
    done = at(fake, "watch", "X1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "one\ntwo\n", "")
    assert seen == [None, "a2", "a2"]


def test_a_refusal_is_no_broken_way(fake):
    fake.on("GET", EXECUTIONS + "/X1/events", (404, {"title": "Not found", "status": 404, "detail": "there is no such execution"}))
    done = at(fake, "watch", "X1")
    assert (done.returncode, done.stdout, done.stderr) == (125, "", "belljar watch: there is no such execution\n")
    assert len(fake.requests) == 1


def test_nothing_of_a_server_reaches_the_terminal_as_a_command(fake):
    fake.on("GET", EXECUTIONS + "/X1", {**over(), "label": "a\x1b[2Jb\u009bc\nd"})
    assert "label     a?[2Jb?c?d\n" in at(fake, "status", "X1").stdout


def test_a_reader_that_leaves_ends_the_watch(fake):
    def stream(headers, write):
        while True:
            write('event: stdout\ndata: {"stage":"run","data":"' + "y\\n" * 1000 + '"}\n\n')
    fake.streams[EXECUTIONS + "/X1/events"] = stream
    watcher = subprocess.Popen([BELLJAR, "watch", "X1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(BELLJAR_URL=fake.url))
    watcher.stdout.readline()
    watcher.stdout.close()
    assert watcher.wait(PATIENCE) == 128 + signal.SIGPIPE
    assert watcher.stderr.read() == b""
