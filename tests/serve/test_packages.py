# SPDX-License-Identifier: Apache-2.0
"""Runtimes of the package store in a running server, by a store that is made by hand."""
import fcntl
import os
import shutil
import threading

import pytest

from support.raw import wait_until
from support.server import Server, cannot
from support.store import BASE, Store


@pytest.fixture
def store():
    if os.geteuid() != 0:
        cannot("layers are made as root")
    one = Store()
    yield one
    shutil.rmtree(one.top)


@pytest.fixture
def server(store):
    one = Server("--runtimes-dir", store.top)
    yield one
    one.stop()


def versions(server, language):
    return [one["version"] for one in server.request("GET", "/api/v2/runtimes")[1] if one["language"] == language]


def out(server, language, source, **more):
    status, answer = server.execute(language, source, **more)
    assert status == 200, answer
    return answer["run"]["output"]


def is_free(store, layer):
    """Whether who removes a layer need not wait."""
    fd = os.open(f"{store.layers}/{layer}", os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
    finally:
        os.close(fd)


def test_runtime_that_is_there_at_the_start_runs(store):
    store.layer(1001, {"opt/mark": "from the layer"})
    store.shell("toy", "1.2.3", (1001, BASE))
    server = Server("--runtimes-dir", store.top)
    assert versions(server, "toy") == ["1.2.3"]
    assert out(server, "toy", "cat /opt/mark") == "from the layer"
    server.stop()


def test_runtime_that_comes_and_goes_needs_no_restart(store, server):
    assert versions(server, "toy") == []
    store.shell("toy", "1.0.0", (BASE,))
    wait_until(lambda: versions(server, "toy") == ["1.0.0"])
    assert out(server, "toy", "echo here") == "here\n"
    shutil.rmtree(f"{store.top}/runtimes/toy@1")
    wait_until(lambda: versions(server, "toy") == [])
    assert server.execute("toy", "echo here")[0] == 400


def test_installed_goes_before_the_host_of_the_same_version(store, server):
    version = versions(server, "bash")
    if not version:
        cannot("this host has no bash")
    store.layer(1001, {"opt/mark": "installed"})
    store.copy(store.layer(1002), shutil.which("bash"), "bash")
    assert "installed" not in out(server, "bash", "cat /opt/mark 2>/dev/null; true")
    store.shell("bash", version[-1], (1001, 1002, BASE), tool="/bash")
    wait_until(lambda: out(server, "bash", "cat /opt/mark 2>/dev/null; true") == "installed")
    assert versions(server, "bash") == version


def test_layers_are_held_until_the_last_job_has_ended(store, server):
    store.layer(1001)
    store.shell("toy", "1.0.0", (1001, BASE))
    wait_until(lambda: versions(server, "toy") == ["1.0.0"])
    assert not is_free(store, 1001)
    said = []
    job = threading.Thread(target=lambda: said.append(out(server, "toy", "sleep 2; ls -d /opt", run_timeout=3000)))
    job.start()
    wait_until(lambda: server.request("GET", "/api/v1/admin/boxes")[1]["boxes"])
    shutil.rmtree(f"{store.top}/runtimes/toy@1")
    wait_until(lambda: versions(server, "toy") == [])
    assert not is_free(store, 1001)
    job.join()
    assert said == ["/opt\n"]
    wait_until(lambda: is_free(store, 1001) and is_free(store, BASE))


def test_runtime_with_a_layer_that_is_gone_is_left_out_alone(store, server):
    store.shell("broken", "1.0.0", (1234, BASE))
    store.shell("toy", "1.0.0", (BASE,))
    wait_until(lambda: versions(server, "toy") == ["1.0.0"])
    assert versions(server, "broken") == []
    assert "an installed runtime is left out" in server.stop()[1]
