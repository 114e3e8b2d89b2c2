# SPDX-License-Identifier: Apache-2.0
"""One real `belljar serve` for most API tests, and a way to start others with other settings."""
import pytest

from support.server import Server


@pytest.fixture(scope="session")
def server():
    # What was compiled is soon forgotten: tests count what is left behind.
    one = Server("--log-level", "info", "--cache-age-s", "1")
    yield one
    code, log = one.stop()
    assert code == 0, log


@pytest.fixture(scope="session")
def native():
    """For belljar's own API: callbacks may come to loopback."""
    one = Server("--log-level", "info", "--callbacks-allow", "127.0.0.1")
    yield one
    code, log = one.stop()
    assert code == 0, log


@pytest.fixture(scope="session")
def judge0(tmp_path_factory):
    """As it stands where a Judge0 stood: with a judge0.conf that leaves everything as it is."""
    conf = tmp_path_factory.mktemp("judge0") / "judge0.conf"
    conf.write_text("# All as it comes.\nMAX_QUEUE_SIZE=\n")
    one = Server("--log-level", "info", "--judge0-conf", str(conf), "--callbacks-allow", "127.0.0.1")
    yield one
    code, log = one.stop()
    assert code == 0, log


@pytest.fixture(scope="module")
def start_with(tmp_path_factory):
    """start_with("NAME=value\\n...", flags...) is a server with this judge0.conf, for a module; the same for the same."""
    started = {}

    def start_one(conf, *flags):
        if (conf, flags) not in started:
            file = tmp_path_factory.mktemp("judge0") / "judge0.conf"
            file.write_text(conf)
            started[conf, flags] = Server("--judge0-conf", str(file), "--callbacks-allow", "127.0.0.1", *flags)
        return started[conf, flags]

    yield start_one
    ends = [one.stop() for one in started.values()]
    assert [code for code, _ in ends if code != 0] == [], "\n".join(log for code, log in ends if code != 0)


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
