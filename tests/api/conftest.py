# SPDX-License-Identifier: Apache-2.0
"""One real `belljar serve` for most API tests, and a way to start others with other settings."""
import pytest

from support.server import Server


@pytest.fixture(scope="session")
def server():
    one = Server("--log-level", "info")
    yield one
    code, log = one.stop()
    assert code == 0, log


@pytest.fixture
def start():
    """start(flags..., env=...) is a server of the test's own."""
    started = []

    def start_one(*flags, env=None):
        started.append(Server(*flags, env=env))
        return started[-1]

    yield start_one
    for one in started:
        one.stop()
