# SPDX-License-Identifier: Apache-2.0
"""Spare boxes of a real server: made for what is asked for, taken, let go."""
import os
import pathlib
import re
import signal
import time

import pytest

from support.raw import ask
from support.server import Server, at_rest, cgroup_leaves, descendants, settle

HELLO = {"bash": "echo hi", "python": "print('hi')"}


def samples(server):
    """{(name, kind): value} of the metrics of spares."""
    text = ask(server, "GET", "/metrics").body.decode()
    return {(name, kind): float(value)
            for name, kind, value in re.findall(r'^(belljar_spare\w+)(?:\{kind="(\w+)"\})? (\S+)$', text, re.MULTILINE)}


def spares(server, kind):
    return samples(server).get(("belljar_spare_boxes", kind), 0)


def claimed(server, kind):
    return samples(server).get(("belljar_spare_boxes_claimed_total", kind), 0)


def wait_until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def hello(server, language):
    status, answer = server.execute(language, HELLO[language])
    assert (status, answer["run"]["stdout"]) == (200, "hi\n")


@pytest.fixture
def start():
    servers = []

    def make(*flags):
        servers.append(Server("--pool-idle-ms", "60000", *flags))
        return servers[-1]

    yield make
    for one in servers:
        assert one.stop()[0] == 0


@pytest.mark.parametrize("language", HELLO)
def test_the_third_program_runs_in_a_warm_spare(start, language):
    server = start()
    for _ in range(2):
        hello(server, language)
    assert wait_until(lambda: spares(server, "warm") > 0)
    assert claimed(server, "warm") == 0
    hello(server, language)
    assert claimed(server, "warm") == 1


def test_pistons_first_api_is_warm_too(start):
    """Its programs have one variable more, the name that was asked for: it is one of the language's names."""
    server = start()
    body = {"language": "sh", "version": "*", "files": [{"content": "echo $PISTON_ALIAS"}]}
    for number in range(3):
        assert number < 2 or wait_until(lambda: spares(server, "warm") > 0)
        assert ask(server, "POST", "/api/v1/execute", body).json()["run"]["stdout"] == "sh\n"
    assert claimed(server, "warm") == 1


def test_what_is_asked_for_once_leaves_nothing(start):
    server = start()
    hello(server, "python")  # asks versions too
    before = at_rest(server)
    server.execute("bash", "echo once", "once.sh", run_memory_limit=100_000_000)
    assert settle(server, before) == {}
    assert spares(server, "plain") == spares(server, "warm") == 0


def test_compiled_programs_get_plain_spares(start):
    server = start("--cache-bytes", "0")
    for _ in range(2):
        assert server.execute("c", "int main(void) { return 0; }")[0] == 200
    assert wait_until(lambda: spares(server, "plain") > 0)
    before = claimed(server, "plain")
    assert server.execute("c", "int main(void) { return 0; }")[0] == 200
    assert claimed(server, "plain") > before


def test_spares_go_when_nobody_asks(start):
    server = start("--pool-idle-ms", "2000")
    for _ in range(5):
        hello(server, "bash")
    assert wait_until(lambda: spares(server, "warm") > 0)
    assert wait_until(lambda: spares(server, "warm") == 0)
    assert wait_until(lambda: not cgroup_leaves(server.instance))


def test_what_is_kept_is_there_from_the_start(start):
    server = start("--pool-keep", "bash", "--pool-idle-ms", "1")
    assert wait_until(lambda: spares(server, "warm") > 0)
    hello(server, "bash")
    assert claimed(server, "warm") == 1
    assert wait_until(lambda: spares(server, "warm") > 0)


def test_pool_of_none_makes_none(start):
    server = start("--pool-boxes", "0", "--pool-keep", "bash")
    for _ in range(3):
        hello(server, "bash")
    assert spares(server, "plain") == spares(server, "warm") == 0
    assert claimed(server, "none") == 3


def test_nothing_is_started_ahead_where_that_is_off(start):
    server = start("--pool-warm=false")
    for _ in range(4):
        hello(server, "bash")
    assert wait_until(lambda: spares(server, "plain") > 0)
    assert claimed(server, "warm") == 0


def test_another_boxd_has_spares_again(start):
    server = start("--pool-keep", "bash")
    assert wait_until(lambda: spares(server, "warm") > 0)
    boxd = next(pid for pid in descendants(server.pid) if pathlib.Path(f"/proc/{pid}/comm").read_text() == "belljar-boxd\n")
    os.kill(boxd, signal.SIGKILL)
    hello(server, "bash")
    assert wait_until(lambda: spares(server, "warm") > 1)  # Piston's and belljar's own limits are two kinds
    hello(server, "bash")
    assert claimed(server, "warm") > 0


def test_spares_give_way_to_jobs(start):
    """As many boxes as two slots need: the spares of one kind are in the way of the others."""
    server = start("--engine-boxes", "4", "--slots", "2", "--engine-sessions", "0")
    for number in range(4):
        for _ in range(3):
            status, answer = server.execute("bash", "echo hi", run_timeout=1000 + 1000 * (number % 2))
            assert (status, answer["run"]["stdout"]) == (200, "hi\n")
        assert server.execute("c", "int main(void) { return 0; }")[0] == 200


def switches(pids):
    """How often each has run, all its threads together."""
    texts = {pid: "".join(task.joinpath("status").read_text() for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) for pid in pids}
    return {pid: sum(map(int, re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.MULTILINE))) for pid, text in texts.items()}


def test_idle_spares_keep_nobody_busy(start):
    server = start("--pool-keep", "bash,python")
    assert wait_until(lambda: spares(server, "warm") > 1)
    time.sleep(1.5)  # they are measured, a second after the last was made
    pids = descendants(server.pid)
    before = switches(pids)
    time.sleep(1)
    assert switches(pids) == before
