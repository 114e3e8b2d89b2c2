# SPDX-License-Identifier: Apache-2.0
"""The sieve: lengths and patterns of sources, in each dialect's form, and patterns that explode."""
import json
import threading
import time

import pytest

from support.judge0 import PYTHON, create, encode
from support.raw import ask
from support.server import Server
from support.websocket import WebSocket

MAX = 65536
PATTERNS = [r"os\.system\s*\(", r"subprocess\.", r"""__import__\s*\(\s*['"]os['"]""", r"socket\.", r"urllib\.",
            r"requests\. => no requests from here, please"]
EVIL = r"(a|aa)+$"
BAD = {"os.system ('ls')": PATTERNS[0], "import subprocess; subprocess.run": PATTERNS[1], "__import__( 'os' )": PATTERNS[2],
       '__import__("os")': PATTERNS[2], "socket.socket()": PATTERNS[3], "urllib.request": PATTERNS[4], "requests.get": PATTERNS[5]}
TOO_LONG = f"is too long (maximum is {MAX} characters)"


def message(pattern):
    return pattern.split(" => ")[1] if " => " in pattern else f"must not match '{pattern}'"


def start(folder, patterns):
    config = folder / "belljar.toml"
    config.write_text(f"[validation]\nmax_source_length = {MAX}\ndeny_patterns = {json.dumps(patterns)}\n")
    return Server("--config", str(config))


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    one = start(tmp_path_factory.mktemp("strict"), PATTERNS)
    yield one
    assert one.stop()[0] == 0


@pytest.fixture(scope="module")
def evil(tmp_path_factory):
    one = start(tmp_path_factory.mktemp("evil"), [EVIL])
    yield one
    assert one.stop()[0] == 0


def judge0(server, source):
    answer = create(server, {"source_code": encode(source), "language_id": PYTHON}, base64_encoded="true", wait="true")
    assert answer.status in (201, 422), answer
    return answer.json()["source_code"] if answer.status == 422 else []


def piston(server, source):
    body = {"language": "python", "version": "*", "files": [{"name": "main.py", "content": source}]}
    answer = ask(server, "POST", "/api/v2/execute", body)
    assert answer.status in (200, 400), answer
    told = answer.json()["message"] if answer.status == 400 else ""
    return [one.removeprefix("main.py: ") for one in told.split("; ")] if told else []


def native(server, source):
    answer = ask(server, "POST", "/api/v1/executions", {"language": "python", "source": source, "wait": True})
    assert answer.status in (200, 422), answer
    return [one["message"] for one in answer.json()["errors"]] if answer.status == 422 else []


def stream(server, source):
    with WebSocket(server, "/api/v1/stream") as socket:
        socket.send_json({"type": "start", "language": "python", "source": source})
        while True:
            told = socket.receive_json()
            if told["type"] == "error":
                return [one["message"] for one in told["errors"]]
            if told["type"] == "finished":
                return []


DIALECTS = [judge0, piston, native, stream]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_fine_runs(strict, dialect):
    assert dialect(strict, "print('os', 'system')") == []
    assert dialect(strict, "#" + "x" * (MAX - 1)) == []
    assert dialect(strict, "#" + "\u00e9\U0001f600" * (MAX // 2 - 1)) == []  # characters, not bytes


@pytest.mark.parametrize("dialect", DIALECTS)
def test_all_violations_come_at_once(strict, dialect):
    assert dialect(strict, "x" * (MAX + 1)) == [TOO_LONG]
    for source, pattern in BAD.items():
        assert dialect(strict, source) == [message(pattern)], source
    everything = "#" * MAX + "\n".join(BAD)
    assert dialect(strict, everything) == [TOO_LONG] + [message(one) for one in PATTERNS]


def test_batches_tell_each(strict):
    batch = {"submissions": [{"source_code": source, "language_id": PYTHON} for source in ("print(1)", "os.system('x')", "", "requests.get")]}
    answer = ask(strict, "POST", "/submissions/batch", batch)
    assert answer.status == 201
    fine, shell, blank, get = answer.json()
    assert list(fine) == ["token"]
    assert shell == {"source_code": [message(PATTERNS[0])]} and get == {"source_code": ["no requests from here, please"]}
    assert blank == {"source_code": ["can't be blank"]}
    none = ask(strict, "POST", "/submissions/batch", {"submissions": batch["submissions"][1:]})
    assert none.status == 422 and none.json() == [shell, blank, get]


def test_each_file_is_named(strict):
    files = [{"name": "main.py", "content": "import lib"}, {"name": "lib.py", "content": "os.system('x')"}]
    answer = ask(strict, "POST", "/api/v2/execute", {"language": "python", "version": "*", "files": files})
    assert answer.json()["message"] == f"lib.py: {message(PATTERNS[0])}"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_patterns_that_explode_freeze_nothing(evil, dialect):
    """65,536 'a' and a 'b': refused in bounded time, and meanwhile everybody else is answered at once."""
    told, slowest = [], 0
    looking = [threading.Thread(target=lambda: told.append(dialect(evil, "a" * (MAX - 1) + "b"))) for _ in range(4)]
    for one in looking:
        one.start()
    while any(one.is_alive() for one in looking):
        begin = time.monotonic()
        assert ask(evil, "GET", "/health").status == 200
        slowest = max(slowest, time.monotonic() - begin)
    assert told == [["is refused: it takes too long to say whether it matches '(a|aa)+$'"]] * 4
    assert slowest < 5  # for ever, were it matched by the loop without a budget


def test_who_leaves_while_it_is_looked_at(evil):
    for _ in range(20):
        connection = WebSocket(evil, "/api/v1/stream")
        connection.send_json({"type": "start", "language": "python", "source": "a" * (MAX - 1) + "b"})
        connection.socket.close()
    assert native(evil, "print(1)") == []


def test_bad_patterns_stop_the_start(tmp_path):
    with pytest.raises(RuntimeError, match=r"validation.deny_patterns: '\(bad'"):
        start(tmp_path, ["(bad"])


def test_refusals_are_counted(strict):
    native(strict, "socket.")
    assert 'belljar_refused_total{reason="sieve"}' in ask(strict, "GET", "/metrics").body.decode()
