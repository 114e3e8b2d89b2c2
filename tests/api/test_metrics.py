# SPDX-License-Identifier: Apache-2.0
"""GET /metrics: what Prometheus reads, and that each row of metrics.def is fed."""
import os
import re
import subprocess
import time

from support.raw import ask
from support.server import ROOT, descendants
from support.tools import tool

DEF = ROOT / "src/metrics/metrics.def"
SAMPLE = re.compile(r'^([a-z_]+)(?:\{(.*)\})? (\S+)$')


def samples(server):
    """(name, frozenset of (label, value)) -> number"""
    answer = ask(server, "GET", "/metrics")
    assert answer.status == 200
    found = {}
    for line in answer.body.decode().splitlines():
        if not line.startswith("#"):
            name, labels, number = SAMPLE.match(line).groups()
            found[name, frozenset(re.findall(r'([a-z]+)="([^"]*)"', labels or ""))] = float(number)
    return found


def total(found, name, **labels):
    """The sum of all series of `name` that have these labels."""
    return sum(number for (one, those), number in found.items() if one == name and labels.items() <= set(those))


def server_pid(server):
    return next(pid for pid in descendants(server.pid)
                if pid != server.pid and open(f"/proc/{pid}/comm").read().strip() == "belljar")


def test_answer_is_the_text_format(server):
    answer = ask(server, "GET", "/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    for line in answer.body.decode().splitlines():
        assert line.startswith(("# HELP belljar_", "# TYPE belljar_")) or SAMPLE.match(line), line


def test_promtool_finds_nothing(server):
    assert server.execute("bash", "echo x")[0] == 200
    text = ask(server, "GET", "/metrics").body
    checked = subprocess.run([tool("promtool"), "check", "metrics"], input=text, capture_output=True)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_build_info_names_the_version(server):
    version = ask(server, "GET", "/").json()["version"]
    assert total(samples(server), "belljar_build_info", version=version) == 1


def test_start_time_is_that_of_the_server(start):
    before = time.time()
    server = start()
    assert before - 1 < total(samples(server), "belljar_start_time_seconds") < time.time() + 1


def test_memory_and_descriptors_are_those_of_the_process(start):
    server = start()
    found = samples(server)
    pid = server_pid(server)
    resident = int(open(f"/proc/{pid}/statm").read().split()[1]) * os.sysconf("SC_PAGESIZE")
    assert resident / 2 < total(found, "belljar_memory_bytes") < resident * 2
    # The connection of the question is closed by now.
    assert abs(total(found, "belljar_open_fds") - len(os.listdir(f"/proc/{pid}/fd"))) <= 2


def test_slots_and_boxes_are_those_of_health(server):
    health = ask(server, "GET", "/health").json()
    found = samples(server)
    assert total(found, "belljar_slots") == health["engine"]["slots"]
    assert total(found, "belljar_boxes_max") == health["sandbox"]["boxes_max"]


def test_head_has_no_body(server):
    answer = ask(server, "HEAD", "/metrics")
    assert (answer.status, answer.body) == (200, b"")
