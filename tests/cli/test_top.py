# SPDX-License-Identifier: Apache-2.0
"""`belljar top` and `belljar ps`: a server at work, on a terminal and as text."""
import json
import re
import signal

import pytest

from support.cli import belljar, needs_boxes
from support.fake_piston import FakePiston
from support.server import Server
from support.terminal import Terminal

STATS = "/api/v1/stats"
BOXES = "/api/v1/admin/boxes"
LEAVE = "\x1b[?1049l"


@pytest.fixture
def fake():
    one = FakePiston()
    yield one
    one.stop()


def stats(**more):
    latency = {"p50": 1.5, "p90": 12.4, "p99": 1234.5}
    return {"queue_size": 7, "running": 3, "idle_slots": 1, "slots": 4, "sessions": 5, "sessions_max": 256, "boxes": 9,
            "finished": 1000, "paused": False,
            "percentiles": {"queue_ms": latency, "box_start_ms": latency, "run_ms": latency,
                            "total_ms": {"p50": None, "p90": None, "p99": None}}, **more}


def box(id, caller, **more):
    return {"id": id, "dialect": "native", "caller": caller, "language": "python", "version": "3.12.0", "stage": "run",
            "session": False, "started_at": "2020-01-01T00:00:00.000Z", "memory_bytes": 3 << 20, "cpu_ms": 12.5, **more}


ALL = [box("A1", "key:ann"), box("B2", "key:bob\x1b[2J"), box("C3", "key:ann", session=True, memory_bytes=None, cpu_ms=None)]


@pytest.fixture
def work(fake):
    fake.on("GET", STATS, stats())
    fake.on("GET", BOXES, {"boxes": ALL})
    return fake


@pytest.fixture
def terminal(fake):
    opened = []

    def start(*words, **more):
        opened.append(Terminal("top", "--url", fake.url, *words, **more))
        return opened[-1]
    yield start
    for one in opened:
        one.close()


# --- as text ---------------------------------------------------------------------------------------------------------

def test_once_is_plain_text(work):
    done = belljar("top", "--url", work.url)  # stdout is no terminal
    assert (done.returncode, done.stderr) == (0, "")
    lines = [re.sub(" +", " ", line).strip() for line in done.stdout.splitlines()]
    assert re.fullmatch(rf"belljar {re.escape(work.url)} \d\d:\d\d:\d\d", lines[0])
    for wanted in ("slots 3 of 4 [###################### ]", "queue 7 waiting", "boxes 9", "finished 1000",
                   "latency p50 p90 p99", "run 1.50 ms 12 ms 1.23 s", "total - - -", "key:ann 2", "key:bob?[2J 1"):
        assert wanted in lines
    assert lines.index("key:ann 2") < lines.index("key:bob?[2J 1")
    assert "\x1b" not in done.stdout


def test_boxes_may_be_for_others(work):
    work.on("GET", BOXES, (403, {"title": "Forbidden", "status": 403, "detail": "this needs scope admin"}))
    done = belljar("top", "--once", "--url", work.url, env={"BELLJAR_KEY": "k"})
    assert done.returncode == 0
    assert "boxes: this needs scope admin; is the key the right one?" in done.stdout
    assert all(headers["Authorization"] == "Bearer k" for _, _, headers, _ in work.requests)


def test_ps_is_a_table_or_json(work):
    done = belljar("ps", "--url", work.url)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [re.split("  +", line) for line in done.stdout.splitlines()]
    assert lines[0] == ["ID", "CALLER", "LANGUAGE", "STAGE", "AGE", "MEMORY", "CPU"]
    assert lines[1][:4] == ["A1", "key:ann", "python 3.12.0", "run"] and lines[1][5:] == ["3.0 MiB", "12 ms"]
    assert lines[2][1] == "key:bob?[2J"
    assert lines[3][3] == "session" and lines[3][5:] == ["-", "-"]
    assert json.loads(belljar("ps", "--json", "--url", work.url).stdout) == ALL


@pytest.mark.parametrize("words, status, error", [
    (["ps", "x"], 2, "belljar ps: 'x' is too much; it takes flags only\n"),
    (["top", "x"], 2, "belljar top: 'x' is too much; it takes flags only\n"),
    (["top", "--onc"], 2, "belljar top: unknown flag '--onc'; did you mean --once?\n"),
    (["ps", "--url", "host"], 1, "belljar ps: 'host' is no URL of a server; write http://HOST:PORT\n"),
])
def test_wrong_words_are_refused(words, status, error):
    done = belljar(*words)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", error)


# --- live ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("key", ["q", "Q", "\x03"])
def test_a_key_leaves_and_restores_the_terminal(work, terminal, key):
    here = terminal(rows=40, columns=120)
    here.expect("python 3.12.0")
    assert here.is_raw()
    here.type(key)
    assert here.wait() == 0
    assert here.is_restored()
    assert LEAVE.encode() in here.text


def test_rates_come_with_the_second_look(work, terminal):
    work.on("GET", STATS, stats(), stats(finished=1500))
    here = terminal(rows=40, columns=120)
    text = here.expect(" a second")
    assert 100 < float(text.split()[-1]) < 1000
    here.type("q")
    assert here.wait() == 0


def test_the_view_fits_the_window(work, terminal):
    work.on("GET", BOXES, {"boxes": [box(f"ID{i:05}", "key:ann") for i in range(100)]})
    here = terminal(rows=30, columns=40)
    here.expect("ID00000")
    here.resize(10, 20)
    here.send(signal.SIGWINCH)
    here.expect("\x1b[H")
    here.expect("\x1b[J")
    here.expect("\x1b[H")
    screen = here.expect("\x1b[J").decode().replace("\x1b[K", "")
    lines = screen.split("\r\n")
    assert len(lines) <= 10 and max(map(len, lines)) <= 20
    here.type("q")
    assert here.wait() == 0


@pytest.mark.parametrize("signo", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_restores_the_terminal(work, terminal, signo):
    here = terminal()
    here.expect("slots")
    here.send(signo)
    assert here.wait() == 128 + signo
    assert here.is_restored()
    assert LEAVE.encode() in here.text


def test_a_server_that_goes_and_comes_back(work, terminal):
    here = terminal(rows=40, columns=120)
    here.expect("slots")
    work.on("GET", STATS, (503, {"title": "Busy", "status": 503, "detail": "not just now"}))
    here.expect("not just now")
    work.on("GET", STATS, stats(queue_size=4321))
    here.expect("4321 waiting")
    here.type("q")
    assert here.wait() == 0


def test_a_real_server():
    needs_boxes()
    server = Server()
    try:
        url = f"http://127.0.0.1:{server.port}"
        assert " waiting\n" in belljar("top", "--url", url).stdout
        assert json.loads(belljar("ps", "--json", "--url", url).stdout) == []
        here = Terminal("top", "--url", url)
        here.expect("latency")
        here.type("q")
        assert here.wait() == 0
        here.close()
    finally:
        server.stop()
