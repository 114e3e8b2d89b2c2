# SPDX-License-Identifier: Apache-2.0
"""`belljar piston` against a fake server: the requests, the output and the exit statuses of Piston's own CLI."""
import os
import threading

import pytest

from support.fake_piston import FakePiston, stage
from support.cli import BELLJAR, belljar
from support.terminal import Terminal
from support.websocket import CLOSE

RUN = ("POST", "/api/v2/execute")
PACKAGES = "/api/v2/packages"


@pytest.fixture
def fake():
    server = FakePiston()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text("print(1)\n")
    (tmp_path / "b.py").write_text("x\n")
    (tmp_path / "c.py").write_text("y\n")
    return tmp_path


def piston(fake, *words, **more):
    return belljar("piston", "-u", fake.url, *words, **more)


def answers(fake, **facts):
    fake.on(*RUN, {"run": stage(**facts), "language": "python", "version": "3.12.0"})


def file(name, content, encoding="utf8"):
    return {"name": name, "content": content, "encoding": encoding}


A, B, C = file("a.py", "print(1)\n"), file("b.py", "x\n"), file("c.py", "y\n")


def test_run_sends_what_piston_sends(fake):
    answers(fake)
    assert piston(fake, "run", "python", "a.py").returncode == 0
    method, path, headers, body = fake.requests[0]
    assert headers["Content-Type"] == "application/json"
    assert list(body.items()) == [
        ("language", "python"), ("version", "*"), ("files", [A]), ("args", []), ("stdin", ""),
        ("compile_timeout", 10000), ("run_timeout", 3000)]


@pytest.mark.parametrize("words, expected", [
    (["execute", "python", "a.py", "1", "x y"], {"args": ["1", "x y"]}),
    (["run", "python", "a.py", "-l", "3.x"], {"version": "3.x"}),
    (["run", "python", "-l=3.x", "a.py"], {"version": "3.x"}),
    (["run", "-l3.x", "python", "a.py"], {"version": "3.x"}),
    (["run", "python", "a.py", "--language_version", "3.9.4"], {"version": "3.9.4"}),
    (["run", "python", "a.py", "-f", "b.py", "c.py"], {"files": [A, B, C]}),
    (["run", "python", "a.py", "-f", "b.py", "-f", "c.py", "-l", "3"], {"files": [A, B, C], "version": "3"}),
    (["run", "-f", "b.py", "--", "python", "a.py"], {"files": [A, B]}),
    (["run", "python", "a.py", "--files", "b.py"], {"files": [A, B]}),
    (["run", "python", "a.py", "--", "--foo", "-x"], {"args": ["--foo", "-x"]}),
    (["run", "python", "a.py", "-5"], {"args": ["-5"]}),
    (["run", "python", "a.py", "-r", "500", "--ct", "7"], {"run_timeout": 500, "compile_timeout": 7}),
    (["run", "python", "a.py", "--rt", "500", "-c", "7"], {"run_timeout": 500, "compile_timeout": 7}),
    (["run", "python", "a.py", "--run_timeout=-1", "--compile_timeout", "0"], {"run_timeout": -1, "compile_timeout": 0}),
    (["run", "python", "a.py", "-i"], {"stdin": "typed"}),
    (["run", "python", "a.py", "--stdin"], {"stdin": "typed"}),
    (["run", "python", "a.py", "-is"], {"stdin": "typed"}),
    (["run", "python", "a.py", "-i", "--no-stdin"], {"stdin": ""}),
    (["run", "python", "a.py", "--stdin=false"], {"stdin": ""}),
])
def test_run_understands(fake, words, expected):
    answers(fake)
    done = piston(fake, *words, input="typed")
    assert done.returncode == 0, done.stderr
    body = fake.bodies(*RUN)[0]
    assert {key: body[key] for key in expected} == expected


def test_run_sends_other_bytes_as_base64(fake, folder):
    (folder / "x.dat").write_bytes(b"\xff\xfe")
    answers(fake)
    piston(fake, "run", "python", "a.py", "-f", folder / "x.dat")
    assert fake.bodies(*RUN)[0]["files"] == [A, file("x.dat", "//4=", "base64")]


def test_run_prints_both_streams_and_the_exit_code(fake):
    answers(fake, stdout="1\n2\n", stderr="oops", code=3)
    done = piston(fake, "run", "python", "a.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "== Run ==\nSTDOUT\n1\n    2\n    \nSTDERR\noops\nExit Code: 3\n"


def test_run_prints_in_colour_when_forced(fake):
    answers(fake, stdout="1\n", code=3)
    done = piston(fake, "run", "python", "a.py", env={"FORCE_COLOR": "1"})
    assert done.stdout == ("\x1b[1m== Run ==\x1b[22m\n\x1b[1mSTDOUT\x1b[22m\n1\n    \n"
                           "\x1b[1mExit Code:\x1b[22m \x1b[1m\x1b[31m3\x1b[39m\x1b[22m\n")
    assert "\x1b" not in piston(fake, "run", "python", "a.py", env={"FORCE_COLOR": "0"}).stdout


def test_run_prints_the_compile_stage_and_the_signal(fake):
    fake.on(*RUN, {"compile": stage(stdout="c\n", code=1), "run": stage(code=None, signal="SIGKILL")})
    done = piston(fake, "run", "python", "a.py")
    assert done.stdout == "== Compile ==\nSTDOUT\nc\n    \nExit Code: 1\n== Run ==\nSignal: SIGKILL\n"
    done = piston(fake, "run", "python", "a.py", env={"FORCE_COLOR": ""})
    assert done.stdout.endswith("\x1b[1mSignal:\x1b[22m \x1b[1m\x1b[33mSIGKILL\x1b[39m\x1b[22m\n")


def test_run_prints_nothing_of_an_empty_success(fake):
    answers(fake)
    assert piston(fake, "run", "python", "a.py").stdout == "== Run ==\n"


@pytest.mark.parametrize("answer, error", [
    ((400, {"message": "frob-* runtime is unknown"}), "Error: frob-* runtime is unknown\n"),
    ((500, b""), "answered with status 500\n"),
    ((200, {"odd": 1}), "answered with status 200\n"),
])
def test_run_refused_by_the_server_prints_usage_and_why(fake, answer, error):
    fake.on(*RUN, answer)
    done = piston(fake, "run", "python", "a.py")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("piston execute <language> <file> [args..]\n")
    assert done.stderr.endswith(error)


def test_run_without_a_server_says_where(fake):
    fake.stop()
    done = piston(fake, "run", "python", "a.py")
    fake.__init__()
    assert done.returncode == 1
    assert "/api/v2/execute: Couldn't connect to server" in done.stderr


@pytest.mark.parametrize("words, error", [
    ([], "Not enough non-option arguments: got 0, need at least 1"),
    (["run"], "Not enough non-option arguments: got 0, need at least 2"),
    (["run", "python"], "Not enough non-option arguments: got 1, need at least 2"),
    (["ppman"], "Not enough non-option arguments: got 0, need at least 1"),
    (["ppman", "install"], "Not enough non-option arguments: got 0, need at least 1"),
    (["ppman", "spec"], "Not enough non-option arguments: got 0, need at least 1"),
    (["bogus"], "Unknown command: bogus"),
    (["ppman", "isntall", "x"], "Unknown command: isntall; did you mean install?"),
    (["run", "python", "a.py", "--foo"], "Unknown argument: --foo (arguments of the program stand behind --)"),
    (["run", "python", "a.py", "--run-timeout", "4"], "Unknown argument: --run-timeout; did you mean --run_timeout?"),
    (["run", "python", "a.py", "-r", "abc"], "--run_timeout is 'abc'; give a number of milliseconds"),
    (["run", "python", "a.py", "-l"], "Not enough arguments following: language_version"),
    (["ppman", "list", "-i"], "Unknown argument: --stdin"),
    (["run", "python", "nowhere.py"], "Error: open 'nowhere.py': No such file or directory"),
    (["-u", "localhost:2000", "ppman", "list"], "Error: 'localhost:2000' is no URL of a server; write http://HOST:PORT"),
])
def test_wrong_words_print_usage_and_why(fake, words, error):
    done = belljar("piston", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("piston ")
    assert done.stderr.endswith(f"\n\n{error}\n")
    assert fake.requests == []


# --- -t --------------------------------------------------------------------------------------------------------------

def session(ws, *more):
    """A run as a Piston tells it; more: messages of the run stage."""
    kind, init = ws.receive()
    ws.send({"type": "runtime", "language": "python", "version": "3.12.0"})
    ws.send({"type": "stage", "stage": "run"})
    for message in more:
        ws.send(message)
    return init


def end(ws, code=0, signal=None):
    ws.send({"type": "exit", "stage": "run", "code": code, "signal": signal})
    ws.close(4999, "Job Completed")
    assert ws.receive()[0] == CLOSE


def test_interactive_sends_init_and_stdin_and_prints_raw(fake, folder):
    seen = []

    def talk(ws):
        seen.append(session(ws, {"type": "data", "stream": "stdout", "data": "out \u00e4\n"},
                            {"type": "data", "stream": "stderr", "data": "err\n"}))
        text = ""
        while not text.endswith("end\n"):
            kind, message = ws.receive()
            assert (message["type"], message["stream"]) == ("data", "stdin")
            text += message["data"]
        seen.append(text)
        end(ws, 3)
    fake.talks["/api/v2/connect"] = talk
    done = piston(fake, "run", "-t", "-s", "-r", "500", "python", folder / "a.py", "x", input="l\u00e4ne\nend\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "out \u00e4\n", "err\n")
    init, text = seen
    assert text == "l\u00e4ne\nend\n"
    assert init.pop("files")[0]["name"] == "a.py"
    assert init == {"type": "init", "language": "python", "version": "*", "args": ["x"], "compile_timeout": 10000,
                    "run_timeout": 500}


def test_interactive_says_its_status_on_a_terminal(fake, folder):
    fake.talks["/api/v2/connect"] = lambda ws: (session(ws), end(ws, None, "SIGKILL"))
    here = Terminal("piston", "-u", fake.url, "run", "-t", "-s", "python", folder / "a.py", env={"FORCE_COLOR": "0"})
    assert here.wait() == 0
    assert here.text.decode().splitlines() == [
        "Connected", "Runtime: python 3.12.0", "Stage: run", "Stage run exited with signal SIGKILL",
        'Disconnected:  Reason: "Job Completed" Code: "4999"']
    assert here.is_restored()
    here.close()


def test_interactive_passes_signals_and_can_always_be_left(fake, folder):
    def talk(ws):
        session(ws, {"type": "data", "stream": "stdout", "data": "ready\n"})
        assert ws.receive()[1] == {"type": "signal", "signal": "SIGINT"}
        ws.send({"type": "data", "stream": "stdout", "data": "caught\n"})
        assert ws.receive()[1] == {"type": "signal", "signal": "SIGINT"}
        second.set()
        ws.receive()
    second = threading.Event()
    fake.talks["/api/v2/connect"] = talk
    here = Terminal("piston", "-u", fake.url, "run", "-t", "python", folder / "a.py")
    here.expect("ready")
    here.type(b"\x03")
    here.expect("caught")
    here.type(b"\x03")
    assert second.wait(30)
    here.type(b"\x03")
    assert here.wait() == 1
    assert b"Error: stopped by SIGINT" in here.text
    here.close()


def test_interactive_says_what_the_server_refuses(fake, folder):
    def talk(ws):
        ws.receive()
        ws.send({"type": "error", "message": "python-* runtime is unknown"})
        ws.close(4002, "Notified Error")
    fake.talks["/api/v2/connect"] = talk
    done = piston(fake, "run", "-t", "python", folder / "a.py")
    assert done.returncode == 1
    assert done.stderr.endswith("\nError: python-* runtime is unknown\n")
    del fake.talks["/api/v2/connect"]
    done = piston(fake, "run", "-t", "python", folder / "a.py")
    assert (done.returncode, done.stderr.endswith("\nError: Not Found\n")) == (1, True)


@pytest.mark.parametrize("words, first", [
    (["--help"], "piston <command>\n"), (["help"], "piston <command>\n"), (["ppman", "--help"], "piston ppman\n"),
    (["run", "--help"], "piston execute <language> <file> [args..]\n"),
    (["pkg", "i", "--help"], "piston ppman install <packages...>\n"),
])
def test_help_is_pistons(words, first):
    done = belljar("piston", *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(first) and "-u, --piston-url  " in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 72


def test_a_link_named_piston_is_the_same(fake, folder):
    os.symlink(BELLJAR, folder / "piston")
    answers(fake, stdout="hi")
    done = belljar("run", "python", "a.py", "-u", fake.url, program=str(folder / "piston"))
    assert done.stdout == "== Run ==\nSTDOUT\nhi\n"


# --- packages --------------------------------------------------------------------------------------------------------

LISTED = [{"language": "python", "language_version": "3.9.4", "installed": True},
          {"language": "python", "language_version": "3.12.0", "installed": False},
          {"language": "node", "language_version": "18.15.0", "installed": True},
          {"language": "node", "language_version": "16.3.0", "installed": False}]


def test_list_prints_one_dot_each(fake):
    fake.on("GET", PACKAGES, LISTED[:3])
    assert piston(fake, "ppman", "list").stdout == "• python 3.9.4\n• python 3.12.0\n• node 18.15.0\n"
    assert piston(fake, "pkg", "l", env={"FORCE_COLOR": "1"}).stdout == (
        "\x1b[32m•\x1b[39m python 3.9.4\n\x1b[31m•\x1b[39m python 3.12.0\n\x1b[32m•\x1b[39m node 18.15.0\n")
    fake.on("GET", PACKAGES, [])
    assert piston(fake, "ppman", "list").stdout == "\n"


@pytest.mark.parametrize("words, bodies", [
    (["python=3.9.4", "node"], [("python", "3.9.4"), ("node", "*")]),
    (["python", "3.9.4"], [("python", "3.9.4")]),
    (["python", "^3.9", "node", "18.x", "go"], [("python", "^3.9"), ("node", "18.x"), ("go", "*")]),
    (["python="], [("python", "*")]),
])
@pytest.mark.parametrize("verb, method, noun", [("install", "POST", "Installation"),
                                                ("uninstall", "DELETE", "Uninstallation")])
def test_install_and_uninstall_send_one_request_each(fake, words, bodies, verb, method, noun):
    fake.on(method, PACKAGES, {"language": "x", "version": "1.0.0"})
    done = piston(fake, "ppman", verb, *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"✓ {noun} succeeded\n" * len(bodies)
    assert [(body["language"], body["version"]) for body in fake.bodies(method, PACKAGES)] == bodies


def test_install_goes_on_after_a_failure(fake):
    fake.on("POST", PACKAGES, (500, {"message": "Already installed"}), {"language": "node", "version": "18.15.0"})
    done = piston(fake, "ppman", "i", "python", "node")
    assert (done.returncode, done.stdout, done.stderr) == (0, "✓ Installation succeeded\n", "Already installed\n")


def test_install_marks_are_coloured(fake):
    fake.on("POST", PACKAGES, {"language": "python", "version": "3.9.4"}, {"message": "odd"})
    done = piston(fake, "ppman", "install", "python", "node", env={"FORCE_COLOR": "1"})
    assert done.stdout == ("\x1b[32m\x1b[1m✓\x1b[22m\x1b[39m Installation succeeded\n"
                           "\x1b[31m\x1b[1m❌\x1b[22m\x1b[39m Installation failed: odd\n")


def test_install_without_a_server_fails(fake):
    fake.stop()
    done = piston(fake, "ppman", "install", "python")
    fake.__init__()
    assert done.returncode == 1
    assert done.stderr.startswith("piston ppman install <packages...>\n")


@pytest.mark.parametrize("rules, actions", [
    ("#!/usr/bin/env -S piston ppman spec\n\npython *\nnode 16.x\n! python 3.9.x\n",
     ["Install python 3.12.0", "Install node 16.3.0", "Uninstall python 3.9.4", "Uninstall node 18.15.0"]),
    ("python 3.9.4\r\nn* 18.x\r\n", []),
    ("{node,py*} *\n", ["Install python 3.12.0", "Uninstall python 3.9.4"]),
    ("* *\n!node *\n", ["Install python 3.12.0", "Uninstall python 3.9.4", "Uninstall node 18.15.0"]),
    ("!node *\n* *\n", ["Install python 3.12.0", "Uninstall python 3.9.4"]),
    ("python\nnode\n", ["Uninstall python 3.9.4", "Uninstall node 18.15.0"]),
    ("python nonsense\nnod? 18.x\n", ["Uninstall python 3.9.4"]),
    ("", ["Uninstall python 3.9.4", "Uninstall node 18.15.0"]),
])
def test_spec_does_what_the_rules_say(fake, folder, rules, actions):
    (folder / "s.pps").write_bytes(rules.encode())
    fake.on("GET", PACKAGES, LISTED)
    fake.on("POST", PACKAGES, {"language": "x", "version": "1.0.0"})
    fake.on("DELETE", PACKAGES, {"language": "x", "version": "1.0.0"})
    done = piston(fake, "ppman", "spec", "s.pps")
    announced = [line for line in done.stdout.splitlines()]
    performed = [line.replace("nstall ", "nstalled ") for line in actions]
    assert announced == ["Actions"] + (actions or ["None"]) + performed
    assert done.returncode == 0
    assert len(fake.requests) == 1 + len(actions)


def test_spec_says_what_failed(fake, folder):
    (folder / "s.pps").write_text("python *\n")
    fake.on("GET", PACKAGES, LISTED[:2])
    fake.on("POST", PACKAGES, (500, {"message": "no space"}))
    fake.on("DELETE", PACKAGES, {"language": "python", "version": "3.9.4"})
    done = piston(fake, "ppman", "s", "s.pps", env={"FORCE_COLOR": "1"})
    assert done.returncode == 0
    assert done.stdout == (
        "\x1b[1m\x1b[33mActions\x1b[39m\x1b[22m\n\x1b[32mInstall\x1b[39m python 3.12.0\n"
        "\x1b[31mUninstall\x1b[39m python 3.9.4\n"
        "\x1b[1m\x1b[31mFailed to install\x1b[39m\x1b[22m python 3.12.0: no space\n"
        "\x1b[1m\x1b[32mUninstalled\x1b[39m\x1b[22m python 3.9.4\n")


def test_spec_without_its_file_fails(fake):
    done = piston(fake, "ppman", "spec", "missing.pps")
    assert done.returncode == 1
    assert done.stderr.endswith("Error: open 'missing.pps': No such file or directory\n")
