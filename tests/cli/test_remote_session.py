# SPDX-License-Identifier: Apache-2.0
"""Sessions on a real server: `belljar run -t --url` and `belljar piston run -t`, driven through a terminal."""
import os
import pathlib
import signal
import subprocess

import pytest

from support.cli import BELLJAR, belljar, environment, needs_boxes
from support.server import Server, at_rest, settle
from support.terminal import PATIENCE, Terminal


@pytest.fixture(scope="session", autouse=True)
def boxes():
    needs_boxes()


@pytest.fixture(scope="module")
def server():
    one = Server()
    yield one
    one.stop()


def url(server):
    return f"http://127.0.0.1:{server.port}"


@pytest.fixture
def program(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_text(text)
        return path
    return write


@pytest.fixture
def terminal(server):
    opened = []

    def start(*words, at=server, **more):
        opened.append(Terminal("run", "-t", "--url", url(at), *words, **more))
        return opened[-1]
    yield start
    for one in opened:
        one.close()


REPL = "import code\ncode.interact(banner='ready', exitmsg='over')"


def test_a_prompt_answers_and_nothing_is_left(server, terminal, program):
    before = at_rest(server)
    here = terminal(program("a.py", REPL), rows=33, columns=101)
    here.expect("ready\r\n>>> ")
    here.settled(raw=True)
    here.type("import os; tuple(os.get_terminal_size()), os.environ['TERM']\r")
    here.expect("((101, 33), 'xterm-256color')\r\n>>> ")
    here.resize(50, 132)
    # One long sleep may begin just behind the signal, and Python would not see it until its end.
    here.type("import time; [time.sleep(0.05) for _ in range(2000)]\r")
    here.expect("range(2000)]\r\n")
    here.type(b"\x03")
    here.expect("KeyboardInterrupt\r\n>>> ")
    here.type("tuple(os.get_terminal_size())\r")
    here.expect("(132, 50)\r\n>>> ")
    here.type(b"\x04")
    here.expect("over")
    assert here.wait() == 0
    assert here.is_restored()
    assert settle(server, before) == {}


def test_exit_status_limits_and_compilers_are_as_here(server, terminal, program):
    here = terminal(program("a.py", "import sys\nsys.exit(int(input()))"))
    here.settled(raw=True)
    here.type("9\r")
    assert here.wait() == 9
    here = terminal("--time", "300ms", program("b.py", "import time\ntime.sleep(50)"))
    here.expect("belljar run: the program: wall_time_limit")
    assert here.wait() == 124
    here = terminal("--compile-time", "30s", program("a.c", "int main(void) { return x; }"))
    here.expect("error: ")
    here.expect("belljar run: the program did not compile\r\n")
    assert here.wait() == 126
    assert here.is_restored()


def test_bytes_pass_as_they_are(terminal, program):
    here = terminal(program("a.py", "import os, sys, tty\ntty.setraw(0)\nprint('ready', flush=True)\n"
                                    "data = b''\nwhile len(data) < 255: data += os.read(0, 1000)\nprint(data == bytes(range(1, 256)))"))
    here.expect("ready")
    here.type(bytes(range(1, 256)))
    here.expect("True")
    assert here.wait() == 0


@pytest.mark.parametrize("signo", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_who_leaves_ends_the_program(server, terminal, program, signo):
    before = at_rest(server)
    here = terminal(program("a.py", REPL))
    here.expect("ready")
    here.settled(raw=True)
    here.send(signo)
    if signo == signal.SIGKILL:
        assert here.wait() == -signo
    else:
        assert here.wait() == 128 + signo
        assert here.is_restored()
    assert settle(server, before) == {}


def test_terminal_is_restored_when_the_server_stops_or_crashes(terminal, program):
    for signo in (signal.SIGTERM, signal.SIGKILL):
        server = Server(env={"BELLJAR_SERVER_GRACE_MS": "0"})
        try:
            here = terminal(program("a.py", REPL), at=server)
            here.expect("ready")
            here.settled(raw=True)
            if signo == signal.SIGKILL:
                for pid in children_named(server.pid, "belljar"):
                    os.kill(pid, signo)
            else:
                server.process.send_signal(signo)
            assert here.wait() in (125, 130)
            assert here.is_restored()
            assert b"belljar run: " in here.text
        finally:
            server.stop()


def children_named(pid, name):
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in children if pathlib.Path(f"/proc/{one}/comm").read_text().strip().startswith(name)]


def test_streams_pass_as_they_come_without_a_terminal(server, program):
    path = program("a.py", "import sys\nfor line in sys.stdin.buffer:\n    sys.stdout.buffer.write(b'got ' + line); sys.stdout.flush()\n"
                           "print('eof', file=sys.stderr)\nsys.exit(4)")
    process = subprocess.Popen([BELLJAR, "run", "-t", "--url", url(server), str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=environment())
    process.stdin.write(b"\xff one\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"got \xff one\n"
    out, err = process.communicate(b"two\n", timeout=PATIENCE)
    assert (process.returncode, out, err) == (4, b"got two\n", b"eof\n")


def test_much_in_both_directions(server, program):
    size = 8 << 20
    path = program("a.py", "import sys\ndata = sys.stdin.buffer.read()\nsys.stdout.buffer.write(data)")
    data = os.urandom(size)
    done = belljar("run", "-t", "--url", url(server), path, input=data, text=False)
    assert (done.returncode, done.stdout == data, done.stderr) == (0, True, b"")


def test_piston_takes_early_stdin_and_signals(server, program):
    path = program("a.py", "print('got', input())")
    done = belljar("piston", "-u", url(server), "run", "-t", "python", path, input="early\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "got early\n", "")
    path = program("b.py", "try:\n    print('ready', flush=True)\n    input()\nexcept KeyboardInterrupt:\n    print('caught')")
    here = Terminal("piston", "-u", url(server), "run", "-t", "python", path)
    here.expect("ready")
    here.type(b"\x03")
    here.expect("caught")
    assert here.wait() == 0
    here.close()
