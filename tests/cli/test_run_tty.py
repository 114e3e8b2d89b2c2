# SPDX-License-Identifier: Apache-2.0
"""`belljar run -t` on this machine: a program in a box that has a terminal, driven through a terminal of ours."""
import os
import pathlib
import select
import signal
import subprocess
import time

import pytest

from support.cli import BELLJAR, belljar, environment, needs_boxes
from support.server import descendants
from support.terminal import PATIENCE, Terminal


@pytest.fixture(scope="session", autouse=True)
def boxes():
    needs_boxes()


@pytest.fixture
def program(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_text(text)
        return path
    return write


@pytest.fixture
def terminal():
    opened = []

    def start(*words, **more):
        opened.append(Terminal("run", "-t", *words, **more))
        return opened[-1]
    yield start
    for one in opened:
        one.close()


REPL = "import code\ncode.interact(banner='ready', exitmsg='over')"


# --- what a program has ----------------------------------------------------------------------------------------------

def test_all_three_streams_are_a_terminal_of_our_size_and_kind(terminal, program):
    path = program("a.py", "import os, sys\nprint([os.isatty(n) for n in range(3)], os.get_terminal_size(), os.environ['TERM'])")
    here = terminal(path, rows=33, columns=101)
    here.expect("[True, True, True] os.terminal_size(columns=101, lines=33) xterm-256color\r\n")
    assert here.wait() == 0


def test_a_python_prompt_answers(terminal, program):
    here = terminal(program("a.py", REPL))
    here.expect("ready\r\n>>> ")
    here.type("6*7\r")
    here.expect("6*7\r\n42\r\n>>> ")
    here.type(b"\x04")
    here.expect("over")
    assert here.wait() == 0
    assert here.is_restored()


def test_a_shell_has_job_control(terminal, program):
    here = terminal(program("a.sh", "exec bash --norc -i"))
    here.type("PS1='$ '\r")
    here.expect("\x1b[?2004h$ ")
    here.type("stty size\r")
    here.expect("24 80\r\n")
    here.type("bash -c 'echo up; sleep 100'\r")
    here.expect("up\r\n")
    here.type(b"\x1a")
    here.expect("Stopped")
    here.expect("$ ")
    here.type("exit 7\rexit 7\r")  # the first warns of the stopped job
    assert here.wait() == 7


def test_resize_reaches_the_program(terminal, program):
    here = terminal(program("a.py", "import os, signal\nsignal.signal(signal.SIGWINCH, lambda *_: os.write(1, repr(os.get_terminal_size()).encode()))\n"
                                    "print('ready')\nwhile True: signal.pause()"))
    here.expect("ready")
    here.resize(50, 132)
    here.expect("columns=132, lines=50")
    here.type(b"\x1c")
    assert here.wait() == 128 + signal.SIGQUIT


def test_control_c_is_the_programs(terminal, program):
    here = terminal(program("a.py", "try:\n    print('ready')\n    while True: input()\nexcept KeyboardInterrupt:\n    print('caught')"))
    here.expect("ready")
    here.settled(raw=True)
    here.type(b"\x03")
    here.expect("caught")
    assert here.wait() == 0


def test_bytes_pass_as_they_are(terminal, program):
    here = terminal(program("a.py", "import os, sys, tty\ntty.setraw(0)\nprint('ready', flush=True)\n"
                                    "data = b''\nwhile len(data) < 255: data += os.read(0, 1000)\nprint(data == bytes(range(1, 256)))"))
    here.expect("ready")
    here.type(bytes(range(1, 256)))
    here.expect("True")
    assert here.wait() == 0


def test_what_was_typed_ahead_is_not_lost(terminal, program):
    here = terminal("-e", "A=1", program("a.py", "print('got', input())"))
    here.type("early\r")
    here.expect("got early")
    assert here.wait() == 0


def test_a_compiler_speaks_to_the_terminal_as_it_was(terminal, program):
    here = terminal("--compile-time", "30s", program("a.c", "#include <stdio.h>\n#warning look here\nint main(void) { puts(\"ran\"); return 3; }"))
    assert b"look here" in here.expect("ran\r\n").replace(b"\r\n", b"")
    assert here.wait() == 3


def test_long_output_comes_whole(terminal, program):
    here = terminal("--time", "60s", program("a.py", "for i in range(100000): print(i)\nprint('end')"))
    text = here.expect("end\r\n")
    assert text.split(b"\r\n")[:-1] == [b"%d" % i for i in range(100000)]
    assert here.wait() == 0


def test_a_session_has_time(terminal, program):
    """The limits of other runs (here: 200 ms) are not those of a session; a flag's are."""
    short = {"BELLJAR_LIMITS_RUN_WALL_MS": "200"}
    here = terminal(program("a.py", "import time\ntime.sleep(0.5)\nprint('done')"), env=short)
    here.expect("done")
    assert here.wait() == 0
    here = terminal("--time", "200ms", program("a.py", "import time\ntime.sleep(50)"), env=short)
    here.expect("belljar run: the program: wall_time_limit")
    assert here.wait() == 124
    assert here.is_restored()


# --- the terminal is as it was ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("source, status", [
    ("print('ready'); input()", 0),
    ("import sys\nprint('ready'); input(); sys.exit(9)", 9),
    ("import os\nprint('ready'); input(); os.kill(os.getpid(), 9)", 137),
    ("import tty\nprint('ready'); input(); tty.setraw(0)", 0),
])
def test_terminal_is_restored_when_the_program_ends(terminal, program, source, status):
    here = terminal(program("a.py", source))
    here.expect("ready")
    here.settled(raw=True)
    here.type("x\r")
    assert here.wait() == status
    assert here.is_restored()


@pytest.mark.parametrize("signo", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_terminal_is_restored_after_a_signal(terminal, program, signo):
    here = terminal(program("a.py", REPL))
    here.expect("ready")
    here.settled(raw=True)
    processes = descendants(here.pid)
    here.send(signo)
    assert here.wait() == 128 + signo
    assert here.is_restored()
    assert b"belljar run: cancelled\r\n" in here.text
    assert not [pid for pid in processes if os.path.exists(f"/proc/{pid}")]


def test_terminal_is_restored_when_the_sandbox_is_lost(terminal, program):
    here = terminal(program("a.py", REPL))
    here.expect("ready")
    here.settled(raw=True)
    names = {pathlib.Path(f"/proc/{pid}/comm").read_text().strip(): pid for pid in descendants(here.pid)}
    os.kill(names["belljar-boxd"], signal.SIGKILL)
    assert here.wait() == 125
    assert here.is_restored()


def test_stop_and_continue(terminal, program):
    here = terminal(program("a.py", REPL))
    here.expect("ready")
    here.settled(raw=True)
    here.send(signal.SIGTSTP)
    assert os.waitid(os.P_PID, here.pid, os.WSTOPPED | os.WNOWAIT).si_status == signal.SIGSTOP
    assert here.is_restored()
    here.send(signal.SIGCONT)
    here.settled(raw=True)
    here.type("1+1\r")
    here.expect("2\r\n>>> ")
    here.type(b"\x04")
    assert here.wait() == 0
    assert here.is_restored()


def test_a_terminal_that_hangs_up_ends_the_program(terminal, program):
    here = terminal(program("a.py", "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\nprint('ready')\n"
                                    "while True:\n    try: input()\n    except EOFError: pass"))
    here.expect("ready")
    processes = descendants(here.pid)
    os.close(here.master)
    os.close(here.slave)
    here.master = here.slave = -1
    assert here.process.wait(PATIENCE) == 128 + signal.SIGHUP
    assert not [pid for pid in processes if os.path.exists(f"/proc/{pid}")]


# --- without a terminal ----------------------------------------------------------------------------------------------

def read_until(stream, wanted):
    text, end = b"", time.monotonic() + PATIENCE
    while wanted not in text:
        assert time.monotonic() < end, text
        if select.select([stream], [], [], 1)[0]:
            text += os.read(stream.fileno(), 4096)
    return text


def test_without_a_terminal_streams_pass_as_they_come(program):
    path = program("a.py", "import os, sys\nprint(os.isatty(0), flush=True)\nfor line in sys.stdin: print('got', line, end='', flush=True)\n"
                           "print('eof', file=sys.stderr)\nsys.exit(4)")
    process = subprocess.Popen([BELLJAR, "run", "-t", str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=environment())
    read_until(process.stdout, b"False\n")
    process.stdin.write(b"one\n")
    process.stdin.flush()
    read_until(process.stdout, b"got one\n")
    out, err = process.communicate(b"two\n", timeout=PATIENCE)
    assert (process.returncode, out, err) == (4, b"got two\n", b"eof\n")


def test_stdout_may_be_elsewhere(terminal, program, tmp_path):
    with open(tmp_path / "out", "wb") as out:
        here = terminal(program("a.py", "print('hello', input())"), stdout=out)
        here.settled(raw=True)
        here.type("you\r")
        assert here.wait() == 0
    assert (tmp_path / "out").read_bytes() == b"you\r\nhello you\r\n"


@pytest.mark.parametrize("words, error", [
    (["--json", "a.py"], "belljar run: --json prints at the end what -t passes as it comes; leave one of them out\n"),
    (["-l", "python", "-"], "belljar run: with -t stdin is the program's; give its source as a file instead of '-'\n"),
])
def test_what_does_not_go_with_a_session_is_refused(program, words, error):
    program("a.py", "")
    done = belljar("run", "-t", *words, input="x", cwd=program("b", "").parent)
    assert (done.returncode, done.stdout, done.stderr) == (125, "", error)
