# SPDX-License-Identifier: Apache-2.0
"""Whoever is waited for is not behind those that nobody waits for: by slots, and by weights of their cgroups."""
import os
import pathlib

import pytest

from support.native import delete, run, running, submit
from support.raw import ask, wait_until
from support.server import Server, cgroup_leaves

SLEEP = "sleep 1000"
WEIGHTS = ("cpu.shares", "cpu.weight")


@pytest.fixture
def server():
    one = Server("--log-level", "info", "--slots", "3", "--pool", "0", "--server-grace-ms", "0", "--native-max-wall-ms", "1000000")
    yield one
    one.stop()


def classes(server):
    """{file: {class: weight}} of each hierarchy that has weights."""
    found = {}
    for line in open("/proc/self/mountinfo"):
        if " - cgroup" not in line:
            continue
        for folder, _, files in os.walk(line.split()[4]):
            where = pathlib.Path(folder)
            for name in WEIGHTS:
                if where.parent.name == f"belljar-{server.instance}" and name in files:
                    found.setdefault(name, {})[where.name] = int((where / name).read_text())
    return found


def read(path):
    try:
        return path.read_text()
    except OSError:
        return ""  # it has just been removed


def inhabited(server):
    leaves = map(pathlib.Path, cgroup_leaves(server.instance))
    return [leaf for leaf in leaves if read(leaf / "cgroup.procs")]


def test_a_slot_is_left_for_who_is_waited_for(server):
    sleepers = [submit(server, SLEEP, "bash", priority="batch") for _ in range(10)]
    for one in sleepers[:2]:
        running(server, one)
    for _ in range(3):
        assert run(server, "echo hi", "bash")["run"]["stdout"] == "hi\n"
    stats = ask(server, "GET", "/stats").json()
    assert stats["running"] == 2 and stats["queue_size"] == 8
    for one in sleepers:
        delete(server, one)


def test_weights_tell_them_apart(server):
    weights = classes(server)
    if not weights:
        pytest.skip("this host has no cgroups with weights")
    for one in weights.values():
        assert one["interactive"] == 10 * one["batch"]
        assert one.get("supervisor", one["interactive"]) == one["interactive"]


@pytest.mark.parametrize("priority, folder", [("batch", "batch"), ("interactive", "interactive")])
def test_boxes_lie_where_their_weight_is(server, priority, folder):
    if not classes(server):
        pytest.skip("this host has no cgroups with weights")
    one = submit(server, SLEEP, "bash", priority=priority)
    running(server, one)
    # An empty one may lie ready for the next box.
    assert wait_until(lambda: {leaf.parent.name for leaf in inhabited(server)} == {folder})
    delete(server, one)
