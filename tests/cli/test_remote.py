# SPDX-License-Identifier: Apache-2.0
"""`belljar run --url`: what is sent to a server, with which key, and sessions (-t) against a scripted one."""
import json
import signal
import subprocess
import threading

import pytest

from support.cli import BELLJAR, belljar, environment
from support.fake_piston import FakePiston
from support.terminal import PATIENCE, Terminal
from support.websocket import BINARY, CLOSE, TEXT

EXECUTIONS = "/api/v1/executions"
STREAM = "/api/v1/stream"


@pytest.fixture
def fake():
    server = FakePiston()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text("x")
    (tmp_path / "a.c").write_text("x")
    return tmp_path


def stage(**facts):
    return {"verdict": "ok", "exit_code": 0, "signal": None, "stdout": "", "stderr": "", "output": "", "encoding": "utf8",
            "stdout_truncated": False, "stderr_truncated": False, "cpu_ms": 5.0, "wall_ms": 7.0, "memory_bytes": None,
            "reason": "", **facts}


def execution(**facts):
    run = facts.pop("run", stage())
    return {"id": "01JX", "status": "finished", "verdict": run["verdict"] if run else "ok", "language": "python",
            "version": "3.12.0", "runtime": "host", "compile": None, "run": run, "tests": [], "artifacts": [],
            "queued_at": None, "started_at": None, "finished_at": None, "label": None, **facts}


def remote(fake, *words, **more):
    return belljar("run", "--url", fake.url + "/", *words, **more)


# --- in one piece ----------------------------------------------------------------------------------------------------

def test_all_that_was_said_is_sent(fake, folder):
    (folder / "b.dat").write_bytes(b"\xff")
    fake.on("POST", EXECUTIONS, execution(run=stage(stdout="out\n", stderr="err\n", exit_code=4, verdict="nonzero_exit")))
    done = remote(fake, "-l", "python=3.x", "-f", "b.dat", "-e", "A=1=2", "--time", "20s", "--memory", "64M", "--cpus", "0.5",
                  "--processes", "3", "--output", "1M", "--stack", "1M", "--disk", "2M", "--inodes", "99", "--file-size", "3M",
                  "--open-files", "20", "--compile-time", "4s", "--compile-cpu-time", "1s", "--compile-memory", "5M",
                  "a.py", "1", input="in")
    assert (done.returncode, done.stdout, done.stderr) == (4, "out\n", "err\n")
    assert fake.bodies("POST", EXECUTIONS) == [{
        "language": "python", "version": "3.x", "args": ["1"], "env": {"A": "1=2"}, "stdin": "in", "wait": True,
        "files": [{"path": "a.py", "content": "x"}, {"path": "b.dat", "content": "/w==", "encoding": "base64"}],
        "limits": {"wall_ms": 20000, "cpu_ms": 20000, "memory_bytes": 64 << 20, "cpus": 0.5, "processes": 3,
                   "output_bytes": 1 << 20, "stack_bytes": 1 << 20, "disk_bytes": 2 << 20, "files": 99,
                   "file_bytes": 3 << 20, "open_files": 20},
        "compile": {"wall_ms": 4000, "cpu_ms": 1000, "memory_bytes": 5 << 20}}]


def test_what_was_not_said_is_the_servers(fake):
    fake.on("POST", EXECUTIONS, execution())
    assert remote(fake, "a.py", input=b"\xff", text=False).returncode == 0
    assert remote(fake, "-l", "python", "-", input="print(1)").returncode == 0
    assert fake.bodies("POST", EXECUTIONS) == [
        {"language": "python", "args": [], "files": [{"path": "a.py", "content": "x"}], "wait": True, "stdin": "/w==",
         "stdin_encoding": "base64"},
        {"language": "python", "args": [], "source": "print(1)", "wait": True}]


@pytest.mark.parametrize("facts, status, line", [
    ({"run": stage()}, 0, ""),
    ({"run": stage(verdict="signaled", exit_code=None, signal="SIGSEGV")}, 139,
     "belljar run: the program was ended by signal 11 (SIGSEGV)\n"),
    ({"run": stage(verdict="wall_time_limit", exit_code=None, signal="SIGKILL", reason="ran 3 s")}, 124,
     "belljar run: the program: wall_time_limit: ran 3 s (--time raises it)\n"),
    ({"run": stage(verdict="memory_limit", exit_code=None, signal="SIGKILL", reason="used 64 MiB")}, 137,
     "belljar run: the program: memory_limit: used 64 MiB (--memory raises it)\n"),
    ({"run": None, "verdict": "compile_error", "compile": stage(verdict="nonzero_exit", exit_code=1, stderr="no\n")}, 126,
     "no\nbelljar run: the program did not compile\n"),
    ({"run": None, "verdict": "compile_error", "compile": stage(verdict="time_limit", exit_code=None, signal="SIGKILL", reason="r")},
     124, "belljar run: the compiler: time_limit: r (--compile-cpu-time raises it)\n"),
    ({"run": stage(verdict="internal_error", exit_code=None, reason="no box")}, 125, "belljar run: no box\n"),
    ({"run": stage(encoding="base64", stderr="/w==")}, 0, b"\xff"),
])
def test_statuses_are_those_of_a_run_here(fake, facts, status, line):
    fake.on("POST", EXECUTIONS, execution(**facts))
    done = remote(fake, "a.py", text=isinstance(line, str))
    assert (done.returncode, done.stderr) == (status, line)


def test_json_is_the_servers_answer(fake):
    answer = execution(run=stage(stdout="x", exit_code=3, verdict="nonzero_exit"))
    fake.on("POST", EXECUTIONS, answer)
    done = remote(fake, "--json", "a.py")
    assert (done.returncode, json.loads(done.stdout), done.stderr) == (3, answer, "")


def test_a_wait_that_ended_early_goes_on(fake):
    fake.on("POST", EXECUTIONS, (202, {"id": "01JX", "status": "running"}))
    fake.streams[EXECUTIONS + "/01JX/events"] = lambda headers, write: write("event: finished\ndata: {}\n\n")
    fake.on("GET", EXECUTIONS + "/01JX", execution(run=stage(stdout="late\n")))
    done = remote(fake, "a.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, "late\n", "")


def test_all_problems_of_a_request_are_told(fake):
    fake.on("POST", EXECUTIONS, (422, {"title": "Unprocessable", "status": 422, "detail": "2 problems", "errors": [
        {"path": "limits.wall_ms", "message": "at most 60000"}, {"path": "", "message": "no"}]}))
    done = remote(fake, "--time", "1h", "a.py")
    assert (done.returncode, done.stderr) == (125, "belljar run: limits.wall_ms: at most 60000; no\n")


# --- the key ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("words, env, header", [
    ([], {}, None),
    ([], {"BELLJAR_KEY": "secret1\n"}, "Bearer secret1"),
    (["--key-file", "key"], {"BELLJAR_KEY": "secret1"}, "Bearer secret2"),
    (["--key", "secret3"], {}, "Bearer secret3"),
])
def test_the_key_goes_with_the_request(fake, folder, words, env, header):
    (folder / "key").write_text("secret2\n")
    fake.on("POST", EXECUTIONS, execution())
    assert remote(fake, *words, "a.py", env=env).returncode == 0
    assert fake.requests[0][2]["Authorization"] == header


def test_the_environment_names_the_server_too(fake):
    fake.on("POST", EXECUTIONS, execution(run=stage(stdout="there\n")))
    assert belljar("run", "a.py", env={"BELLJAR_URL": fake.url}).stdout == "there\n"
    fake.on("GET", "/api/v2/packages", [])
    done = belljar("piston", "ppman", "list", env={"BELLJAR_URL": fake.url, "BELLJAR_KEY": "k"})
    assert done.returncode == 0, done.stderr
    assert fake.requests[-1][2]["Authorization"] == "k"


@pytest.mark.parametrize("status, env, error", [
    (401, {}, "a key is needed; give a key with --key-file or BELLJAR_KEY"),
    (403, {"BELLJAR_KEY": "k"}, "a key is needed; is the key the right one?"),
])
def test_a_refused_key_names_the_remedy(fake, status, env, error):
    fake.on("POST", EXECUTIONS, (status, {"title": "no", "status": status, "detail": "a key is needed"}))
    assert remote(fake, "a.py", env=env).stderr == f"belljar run: {error}\n"
    fake.on("GET", STREAM, (status, {"title": "no", "status": status, "detail": "a key is needed"}))
    assert remote(fake, "-t", "a.py", env=env).stderr == f"belljar run: {error}\n"


def test_what_is_no_key_is_refused(fake, folder):
    (folder / "key").write_text("two words\n")
    done = remote(fake, "--key-file", "key", "a.py")
    assert (done.returncode, done.stderr) == (
        125, "belljar run: key holds no key; it is one word, as 'belljar key add' printed it\n")
    assert fake.requests == []


# --- sessions --------------------------------------------------------------------------------------------------------

class Talk:
    """A session that the server's side plays in a thread; what it asserts is told when it is joined."""

    def __init__(self, fake, play):
        self.error, self.done = None, threading.Event()
        self.fake = fake
        fake.talks[STREAM] = self.run
        self.play = play

    def run(self, ws):
        try:
            kind, self.start = ws.receive()
            assert kind == TEXT
            ws.send({"type": "started", "id": "01JX"})
            self.play(ws)
        except BaseException as e:
            self.error = e
        finally:
            self.done.set()

    def join(self):
        assert self.done.wait(PATIENCE)
        if self.error:
            raise self.error


def finish(ws, **facts):
    ws.send({"type": "finished", **execution(**facts)})
    ws.close(1000)
    while (message := ws.receive()) and message[0] != CLOSE:  # what the client said meanwhile
        pass


def test_a_session_starts_with_all_that_was_said(fake):
    talk = Talk(fake, lambda ws: finish(ws, run=stage(exit_code=3, verdict="nonzero_exit")))
    done = remote(fake, "-t", "-e", "A=1", "--time", "20s", "a.py", "x", env={"BELLJAR_KEY": "k"})
    talk.join()
    assert (done.returncode, done.stdout, done.stderr) == (3, "", "")
    assert talk.start == {"type": "start", "binary": True, "language": "python", "args": ["x"], "env": {"A": "1"},
                          "files": [{"path": "a.py", "content": "x"}], "limits": {"wall_ms": 20000, "cpu_ms": 20000}}
    assert fake.requests[0][2]["Authorization"] == "Bearer k"


def test_streams_pass_as_they_come(fake):
    def play(ws):
        ws.send({"type": "stage", "stage": "compile"})
        ws.send(b"\x01from the compiler\n")
        ws.send({"type": "stage", "stage": "run"})
        ws.send(b"\x01question\n")
        assert ws.receive() == (BINARY, b"answer \xff\n")
        ws.send(b"\x01\x00\xff\n")
        ws.ping()
        ws.send(b"\x02err\n")
        assert ws.receive() == (TEXT, {"type": "eof"})
        finish(ws)
    talk = Talk(fake, play)
    process = subprocess.Popen([BELLJAR, "run", "-t", "--url", fake.url, "a.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=environment())
    assert process.stdout.readline() == b"question\n"
    process.stdin.write(b"answer \xff\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"\x00\xff\n"
    out, err = process.communicate(timeout=PATIENCE)
    talk.join()
    assert (process.returncode, out, err) == (0, b"", b"from the compiler\nerr\n")


def test_much_in_both_directions(fake):
    """More than every buffer on the way; a reader that pauses makes the sender wait, and nothing is lost."""
    size = 8 << 20

    def play(ws):
        ws.send({"type": "stage", "stage": "run"})
        got = 0
        while got < size:
            kind, data = ws.receive()
            assert kind == BINARY
            got += len(data)
        assert ws.receive() == (TEXT, {"type": "eof"})
        for _ in range(size >> 16):
            ws.send(b"\x01" + b"y" * 65536)
        finish(ws)
    talk = Talk(fake, play)
    done = remote(fake, "-t", "a.py", input=b"x" * size, text=False)
    talk.join()
    assert (done.returncode, len(done.stdout), done.stdout.strip(b"y")) == (0, size, b"")


def test_terminal_is_raw_for_the_program_and_restored(fake):
    go_on = threading.Event()

    def play(ws):
        ws.send({"type": "stage", "stage": "compile"})
        ws.send(b"\x01compiling\n")
        assert go_on.wait(PATIENCE)
        ws.send({"type": "stage", "stage": "run"})
        ws.send(b"\x01>>> ")
        assert ws.receive() == (BINARY, b"\x03")
        ws.send(b"\x01interrupted")
        assert ws.receive() == (TEXT, {"type": "resize", "rows": 50, "columns": 132})
        ws.send(b"\x01bye\r\n")
        finish(ws, run=stage(exit_code=7, verdict="nonzero_exit"))
    talk = Talk(fake, play)
    here = Terminal("run", "-t", "--url", fake.url, "a.py", rows=33, columns=101)
    here.expect("compiling\r\n")
    assert not here.is_raw()
    go_on.set()
    here.expect(">>> ")
    here.settled(raw=True)
    here.type(b"\x03")
    here.expect("interrupted")
    here.resize(50, 132)
    here.expect("bye\r\n")
    assert here.wait() == 7
    talk.join()
    assert here.is_restored()
    assert {key: talk.start[key] for key in ("tty", "rows", "columns", "env")} == {
        "tty": True, "rows": 33, "columns": 101, "env": {"TERM": "xterm-256color"}}
    here.close()


def test_terminal_is_restored_when_the_server_is_gone(fake):
    def play(ws):
        ws.send({"type": "stage", "stage": "run"})
        ws.send(b"\x01>>> ")
        ws.receive()
    talk = Talk(fake, play)
    here = Terminal("run", "-t", "--url", fake.url, "a.py")
    here.expect(">>> ")
    here.settled(raw=True)
    here.type("x")
    assert here.wait() == 125
    talk.join()
    assert here.is_restored()
    assert f"belljar run: the connection to {fake.url} has ended, and with it the program\r\n".encode() in here.text
    here.close()


@pytest.mark.parametrize("signo", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_cancels_the_session(fake, signo):
    def play(ws):
        ws.send({"type": "stage", "stage": "run"})
        ws.send(b"\x01>>> ")
        assert ws.receive() == (TEXT, {"type": "cancel"})
        finish(ws, status="cancelled", verdict="cancelled", run=stage(verdict="cancelled", exit_code=None, signal="SIGKILL"))
    talk = Talk(fake, play)
    here = Terminal("run", "-t", "--url", fake.url, "a.py")
    here.expect(">>> ")
    here.settled(raw=True)
    here.send(signo)
    assert here.wait() == 128 + signo
    talk.join()
    assert here.is_restored()
    assert b"belljar run: cancelled\r\n" in here.text
    here.close()


def test_a_second_signal_leaves_at_once(fake):
    def play(ws):
        ws.send({"type": "stage", "stage": "run"})
        ws.send(b"\x01>>> ")
        assert ws.receive() == (TEXT, {"type": "cancel"})
        ws.send(b"\x01asked")
        assert ws.receive() is None
    talk = Talk(fake, play)
    here = Terminal("run", "-t", "--url", fake.url, "a.py")
    here.expect(">>> ")
    here.send(signal.SIGTERM)
    here.expect("asked")
    here.send(signal.SIGTERM)
    assert here.wait() == 128 + signal.SIGTERM
    talk.join()
    assert here.is_restored()
    here.close()


def test_a_reader_that_leaves_ends_the_session(fake):
    def play(ws):
        ws.send({"type": "stage", "stage": "run"})
        while True:
            ws.send(b"\x01" + b"y\n" * 1000)
    fake_talk = Talk(fake, play)
    process = subprocess.Popen([BELLJAR, "run", "-t", "--url", fake.url, "a.py"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=environment())
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(PATIENCE) == 128 + signal.SIGPIPE
    assert process.stderr.read() == b""
    with pytest.raises(OSError):
        fake_talk.join()


def test_what_the_server_says_against_it(fake):
    def play(ws):
        ws.send({"type": "error", "message": "2 problems", "errors": [{"path": "limits.cpus", "message": "too many"}]})
        ws.close(1008)
    Talk(fake, play)
    done = remote(fake, "-t", "a.py")
    assert (done.returncode, done.stderr) == (125, "belljar run: limits.cpus: too many\n")


def test_a_server_without_streams(fake):
    done = remote(fake, "-t", "a.py")
    assert (done.returncode, done.stderr) == (125, "belljar run: Not Found\n")
    fake.talks[STREAM] = lambda ws: ws.close()  # as a Piston does on any path that it does not know
    done = remote(fake, "-t", "a.py")
    assert done.returncode == 125
    assert done.stderr == (f"belljar run: {fake.url}/ closed the connection without a word (code 1005); is it a Piston? "
                           "'belljar piston run -t' talks to one\n")
    done = belljar("run", "-t", "--url", "http://127.0.0.1:1", "a.py")
    assert (done.returncode, "is a server listening there?" in done.stderr) == (125, True)
