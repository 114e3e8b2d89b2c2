# SPDX-License-Identifier: Apache-2.0
"""GET /ready: whether a program can be run, told by one that was.  A stopped boxd runs none: who then answers, ran none."""
import contextlib
import os
import signal
import threading

import pytest

from support.raw import ask, dial, wait_until
from support.server import at_rest, descendants, settle

YES = (200, {"status": "ready", "message": "a program ran within the last minute"})


def ready(server):
    answer = ask(server, "GET", "/ready")
    return answer.status, answer.json()


def boxd_of(server):
    return next(pid for pid in descendants(server.pid) if open(f"/proc/{pid}/comm").read().strip() == "belljar-boxd")


@contextlib.contextmanager
def stopped_boxd(server):
    pid = boxd_of(server)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_ready_says_yes_when_a_program_ran(server):
    assert ready(server) == YES


def test_ready_runs_one_program_a_minute(start):
    server = start()
    assert ready(server) == YES
    with stopped_boxd(server):
        assert [ready(server) for _ in range(20)] == [YES] * 20


def test_a_job_that_went_well_is_proof_enough(start):
    server = start()
    assert server.execute("bash", "echo x")[0] == 200
    with stopped_boxd(server):
        assert ready(server) == YES


def test_many_who_ask_at_once_share_one_program(start):
    server = start()
    before = ask(server, "GET", "/health").json()["sandbox"]["boxes"]
    found = []
    threads = [threading.Thread(target=lambda: found.append(ready(server))) for _ in range(20)]
    with stopped_boxd(server):
        for thread in threads:
            thread.start()
        assert wait_until(lambda: connections(server) >= 20)
        assert ask(server, "GET", "/health").json()["sandbox"]["boxes"] == before + 1
    for thread in threads:
        thread.join()
    assert found == [YES] * 20


def connections(server):
    text = ask(server, "GET", "/metrics").body.decode()
    return int(next(line for line in text.splitlines() if line.startswith("belljar_http_connections ")).split()[1])


def test_ready_waits_for_no_slot(start):
    server = start("--slots", "1")
    running = threading.Thread(target=server.execute, args=("bash", "sleep 2"))
    running.start()
    assert wait_until(lambda: ask(server, "GET", "/stats").json()["running"] == 1)
    assert ready(server) == YES
    assert ask(server, "GET", "/stats").json()["running"] == 1
    running.join()


def test_ready_is_no_while_nothing_is_started(start):
    answer = ask(start("--paused"), "GET", "/ready")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json() == {"status": "not ready", "message": "no job is started here: engine.paused is set"}


def test_ready_says_why_not_while_boxd_does_not_answer(start):
    server = start()
    with stopped_boxd(server):
        status, body = ready(server)
    assert (status, body["status"]) == (503, "not ready")
    assert "did not run a program" in body["message"]
    assert ready(server) == YES


def test_ready_is_yes_again_after_boxd_was_lost(start):
    server = start()
    assert ready(server) == YES
    os.kill(boxd_of(server), signal.SIGKILL)
    assert wait_until(lambda: ask(server, "GET", "/health").status == 200 and ready(server) == YES)


def test_a_client_that_leaves_costs_nothing(start):
    server = start()
    assert ready(server) == YES
    before = at_rest(server)
    for _ in range(3):
        with dial(server) as connection:
            connection.sendall(b"GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert settle(server, before) == {}
    assert ready(server) == YES


def test_a_client_that_leaves_before_the_program_ran_costs_nothing(start):
    server = start()
    before = at_rest(server)
    with stopped_boxd(server), dial(server) as connection:
        connection.sendall(b"GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert wait_until(lambda: ask(server, "GET", "/health").json()["sandbox"]["boxes"] == 1)
    assert settle(server, before) == {}
    assert ready(server) == YES


@pytest.mark.parametrize("path", ["/READY", "/ready/"])
def test_ready_takes_any_case(server, path):
    assert ask(server, "GET", path).status == 200
