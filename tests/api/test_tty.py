# SPDX-License-Identifier: Apache-2.0
"""Programs in a terminal through a WebSocket: job control, its size, line editing, colours, an editor."""
import json
import os
import re
import shutil
import time

import pytest

from support.server import at_rest, cannot, settle
from support.websocket import Closed, WebSocket

PATH = "/api/v1/stream"
CSI = re.compile(r"\x1b(\[[0-9;?>]*[a-zA-Z]|[()][A-Z0-9]|[=>])")


@pytest.fixture
def nothing_left(server):
    before = at_rest(server)
    yield
    assert settle(server, before) == {}


class Terminal:
    """A terminal's other end: what is typed, and what is on the screen so far."""

    def __init__(self, server, source, language="bash", rows=24, columns=80, **more):
        self.socket = WebSocket(server, PATH)
        self.seen = ""
        self.text = ""
        self.finished = self.code = None
        self.socket.send_json({"type": "start", "language": language, "source": source, "tty": True, "rows": rows,
                               "columns": columns, **more})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.socket.close()

    def type(self, text):
        self.socket.send_json({"type": "stdin", "data": text})

    def send(self, **message):
        self.socket.send_json(message)

    def take(self, seconds=30):
        message = self.socket.receive_json(seconds)
        if message["type"] == "output":
            assert message["stream"] == "stdout"  # a terminal has one
            self.text += message["data"]
        elif message["type"] == "finished":
            self.finished = message

    def wait(self, pattern):
        """What came up to the pattern, and the pattern; what is behind it waits for the next call."""
        end = time.monotonic() + 20
        while not (found := re.search(pattern, self.text)):
            try:
                assert time.monotonic() < end, f"no {pattern!r} in {self.text!r}"
                self.take(1)
            except Closed as closed:
                raise AssertionError(f"{closed}, but no {pattern!r} in {self.text!r}") from None
            except TimeoutError:
                pass
        before, self.text = self.text[:found.end()], self.text[found.end():]
        self.seen += before
        return before

    def end(self):
        """The `finished` message; the rest of the output is in text."""
        try:
            while True:
                self.take()
        except Closed as closed:
            self.code = closed.code
        return self.finished


def shell(server, **more):
    """bash as somebody would have it before them, with a prompt that is easy to find."""
    one = Terminal(server, "PS1='$ ' exec bash --norc --noprofile -i", **more)
    one.wait(r"\$ ")
    return one


def test_it_is_a_terminal(server, nothing_left):
    with Terminal(server, "tty; test -t 0 && test -t 1 && test -t 2 && echo all; stty size; echo $TERM; echo err >&2", rows=30, columns=100) as t:
        t.end()
        assert re.fullmatch(r"/dev/(pts/\d+|tty|console)\r\nall\r\n30 100\r\n\S+\r\nerr\r\n", t.text), t.text
        assert t.finished["verdict"] == "ok" and t.code == 1000


def test_size_is_24_by_80_if_nothing_is_said(server, nothing_left):
    with WebSocket(server, PATH) as socket:
        socket.send_json({"type": "start", "language": "bash", "source": "stty size", "tty": True})
        text = "".join(one["data"] for one in (json.loads(data) for _, data in socket.messages()) if one["type"] == "output")
    assert text == "24 80\r\n"


def test_resize_is_seen_and_told(server, nothing_left):
    source = ("import os, signal\n"
              "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGWINCH})\n"
              "print('ready', flush=True)\n"
              "while signal.sigwait({signal.SIGWINCH}):\n"
              "    print(*reversed(os.get_terminal_size()), flush=True)\n")
    with Terminal(server, source, "python") as t:
        t.wait("ready")
        t.send(type="resize", rows=40, columns=120)
        t.wait("40 120")
        t.send(type="resize", rows=1, columns=10000)
        t.wait("1 10000")


def test_resize_before_the_program_counts(server, nothing_left):
    with Terminal(server, "stty size") as t:
        t.send(type="resize", rows=11, columns=22)
        t.end()
        assert t.text in ("11 22\r\n", "24 80\r\n")  # it may have been faster


def test_python_repl(server, nothing_left):
    with Terminal(server, "exec python3 -i -q") as t:
        t.wait(r">>> ")
        t.type("6 * 7\r")
        assert "\r\n42\r\n" in t.wait(r"42\r\n>>> ")
        t.type("for i in range(3):\rprint(i)\r")
        t.wait(r"\.\.\. ")
        t.type("\r")
        t.wait(">>> ")
        t.type("import sys; sys.stdin.isatty(), sys.stdout.isatty()\r")
        t.wait(r"\(True, True\)")
        t.type("\x04")
        assert t.end()["verdict"] == "ok"


def test_repl_survives_an_interrupt(server, nothing_left):
    with Terminal(server, "exec python3 -i -q") as t:
        t.wait(r">>> ")
        t.type("while True: pass\r\r")
        time.sleep(0.3)
        t.type("\x03")
        t.wait("KeyboardInterrupt")
        t.wait(r">>> ")
        t.type("'still ' + 'there'\r")
        t.wait("still there")


def test_job_control(server, nothing_left):
    with shell(server) as t:
        assert "no job control" not in t.seen
        t.type("sleep 100\r")
        time.sleep(0.3)
        t.type("\x1a")
        t.wait(r"Stopped\s+sleep 100[^$]*\$ ")
        t.type("jobs\r")
        t.wait(r"\[1\]\+\s+Stopped[^$]*\$ ")
        t.type("bg\r")
        t.wait(r"sleep 100 &\s[^$]*\$ ")
        t.type("fg\r")
        t.wait(r"sleep 100\r\n")
        time.sleep(0.2)
        t.type("\x03")
        t.wait(r"\^C[^$]*\$ ")
        t.type("echo code=$?\r")
        t.wait("code=130")
        t.wait(r"\$ ")
        t.type("exit 7\r")
        assert t.end()["run"]["exit_code"] == 7


def test_signal_message_reaches_the_shell(server, nothing_left):
    with Terminal(server, "trap 'echo got it' USR1; echo ready; while :; do sleep 0.05; done") as t:
        t.wait("ready")
        t.send(type="signal", signal="SIGUSR1")
        t.wait("got it")


def test_line_editing_and_history(server, nothing_left):
    with shell(server) as t:
        t.type("echo wrng\x1b[D\x1b[Do\r")  # two to the left, and the letter that was missing
        t.wait(r"\rwrong\r\n[^$]*\$ ")
        t.type("\x1b[A")  # the last line again
        t.wait("echo wrong")
        t.type("\x15echo new\r")  # away with it
        t.wait(r"\rnew\r\n")


def test_what_is_typed_is_echoed_until_it_is_switched_off(server, nothing_left):
    with Terminal(server, "read -p 'name: ' a; read -s -p 'secret: ' b; echo; echo $a/$b") as t:
        t.wait("name: ")
        t.type("me\r")
        t.wait("me\r\n.*secret: ")
        t.type("word\r")
        assert "word" not in t.wait("\r\n")
        t.wait("me/word")


def test_colours_come_through(server, nothing_left):
    with Terminal(server, "mkdir d; ls --color=auto") as t:
        t.end()
        assert "\x1b[01;34md\x1b[0m" in t.text


def test_end_of_input_is_a_key(server, nothing_left):
    with Terminal(server, "cat; echo first; cat; echo second") as t:
        t.type("a\r")
        t.wait("a\r\na\r\n")
        t.send(type="eof")
        t.wait("first")
        t.type("b\r")
        t.wait("b\r\nb\r\n")
        t.send(type="eof")
        t.end()
        assert "second" in t.text and t.finished["verdict"] == "ok"


def test_hanging_up_ends_what_runs_behind(server, nothing_left):
    with shell(server) as t:
        t.type("sleep 1000 & disown; setsid sleep 1000 & echo there\r")
        t.wait(r"\r\nthere")


def test_binary_terminal(server, nothing_left):
    with WebSocket(server, PATH) as socket:
        socket.send_json({"type": "start", "language": "bash", "source": "stty raw -echo; printf r; head -c 4 | od -An -tx1",
                          "tty": True, "binary": True})
        got = b""
        while b"r" not in got:
            kind, data = socket.receive()
            got += data[1:] if isinstance(data, bytes) else b""
        socket.send_binary(b"\x00\xff\x03\x04")
        for kind, data in socket.messages():
            assert not isinstance(data, bytes) or data[0] == 1
            got += data[1:] if isinstance(data, bytes) else b""
    assert b"00 ff 03 04" in got


def editor():
    for name in ("vim.tiny", "vim"):
        if shutil.which(name):
            return name
    return cannot("there is no vim (apt-get install vim-tiny)")


def test_vim_opens_changes_and_writes_a_file(server, nothing_left):
    name = editor()
    with Terminal(server, f"export TERM=xterm; echo one > file; {name} -u NONE file; echo written: $(cat file | tr '\\n' ' ')") as t:
        t.wait("one")
        t.wait("~")
        t.type("otwo\x1b")
        t.wait("two")
        t.send(type="resize", rows=10, columns=40)
        t.type(":wq\r")
        t.wait("written: one two")
        assert t.end()["verdict"] == "ok"


def test_much_output_through_a_terminal(server, nothing_left):
    with Terminal(server, "seq 200000") as t:
        t.end()
        assert t.text == "".join(f"{i}\r\n" for i in range(1, 200001))
