# SPDX-License-Identifier: Apache-2.0
"""A judge0.conf as `belljar serve` takes it: section 13 of the contract, and the form with sections."""
import re

import pytest

from support.cli import belljar
from support.server import Server

# As Judge0 1.13.1 comes with: names, most of them empty.
AS_IT_COMES = """
MAINTENANCE_MODE=
MAINTENANCE_MESSAGE=
JUDGE0_TELEMETRY_ENABLE=
RAILS_ENV=production
RAILS_MAX_THREADS=
RAILS_SERVER_PROCESSES=
SECRET_KEY_BASE=
ALLOW_ORIGIN=
DISALLOW_ORIGIN=
ALLOW_IP=
DISALLOW_IP=
AUTHN_HEADER=
AUTHN_TOKEN=
AUTHZ_HEADER=
AUTHZ_TOKEN=
REDIS_HOST=redis
REDIS_PORT=
REDIS_PASSWORD=pass
POSTGRES_HOST=db
POSTGRES_PORT=
POSTGRES_DB=judge0
POSTGRES_USER=judge0
POSTGRES_PASSWORD=pass
INTERVAL=
COUNT=
MAX_QUEUE_SIZE=
CPU_TIME_LIMIT=
MAX_CPU_TIME_LIMIT=
ALLOW_ENABLE_NETWORK=
ENABLE_NETWORK=
USE_DOCS_AS_HOMEPAGE=
"""


def printed(conf, tmp_path, *words, **env):
    path = tmp_path / "judge0.conf"
    path.write_text(conf)
    done = belljar("serve", "--print-config", "--judge0-conf", path, *words, env=env)
    assert done.returncode == 0, done.stderr
    return path, {key: (value, origin)
                  for key, value, origin in re.findall(r"^(\S+) = (.*)  # from (.*)$", done.stdout, re.M)}


def test_each_value_names_file_and_line(tmp_path):
    path, config = printed("# limits\nMAX_CPU_TIME_LIMIT=20 # seconds\nexport MAX_MEMORY_LIMIT='256000'\n", tmp_path,
                           "--judge0-memory-limit", "64000", CALLBACKS_MAX_TRIES="5")
    assert config["judge0.max_cpu_time_limit"] == ("20000", f"{path}:2")
    assert config["judge0.max_memory_limit"] == ("256000", f"{path}:3")
    assert config["judge0.memory_limit"] == ("64000", "flag --judge0-memory-limit")
    assert config["callbacks.tries"] == ("5", "environment CALLBACKS_MAX_TRIES")
    assert config["judge0.conf"] == (f'"{path}"', "flag --judge0-conf")


def test_the_file_as_it_comes_changes_nothing(tmp_path):
    """Default values: section 13"""
    _, config = printed(AS_IT_COMES, tmp_path)
    ours = ("default", "environment BELLJAR_", "environment PISTON_REPO_URL")  # what all tests' servers are given
    assert [key for key, (_, origin) in config.items() if not origin.startswith(ours) and key != "judge0.conf"] == []


def test_the_form_with_sections(tmp_path):
    """sections `[redis] [database] [worker] [security]` and lower-case keys, where a section may come twice and the last value
    wins"""
    path, config = printed(
        "[redis]\nhost = r\nport = 6379\n[database]\nusername = j\ndatabase = d\n[worker]\nmax_queue_size = 7\n[security]\n"
        "max_cpu_time_limit = 15000\nmax_memory_limit = 512000\n[worker]\nmax_queue_size = 8\nport = 2400\n"
        "[security]\nenable_per_process_and_thread_memory_limit = true\nmax_wait_result_timeout = 30\n", tmp_path)
    assert config["engine.queue_max"] == ("8", f"{path}:13")
    assert config["judge0.max_cpu_time_limit"][0] == "15000"
    assert config["server.listen"] == ('["127.0.0.1:2400"]', f"{path}:14")
    assert config["judge0.allow_enable_per_process_and_thread_memory_limit"][0] == "true"
    assert config["judge0.enable_per_process_and_thread_memory_limit"] == ("false", "default")
    assert config["judge0.max_wait_ms"][0] == "30000"


@pytest.mark.parametrize("text, error", [
    ("A=1\nB=$(date)\n", ":2: '$(date)' needs a shell"),
    ("\nMAX_CPU_TIME_LIMIT=1h\n", ":2: MAX_CPU_TIME_LIMIT is '1h', which is not a number; give 0 to 3600 seconds"),
    ("[worker]\nmax_number_of_runs = 0\n", ":2: MAX_NUMBER_OF_RUNS is '0', which is out of range; give 1 to 1000")])
def test_what_cannot_be_used_stops_the_start(tmp_path, text, error):
    path = tmp_path / "judge0.conf"
    path.write_text(text)
    done = belljar("serve", "--judge0-conf", path)
    assert (done.returncode, done.stdout) == (2, "") or done.returncode == 1
    assert f"{path}{error}" in done.stderr


def test_what_changes_nothing_is_in_the_log(tmp_path):
    """Settings of Redis and PostgreSQL, `WORKER_URL` and `REDIS_URL` get a warning that says what is used instead. Unknown names
    are named in the log."""
    path = tmp_path / "judge0.conf"
    path.write_text(AS_IT_COMES + "WORKER_URL=http://w\nSOME_THING=1\nALLOW_ENABLE_NETWORK=true\n")
    server = Server("--judge0-conf", str(path))
    code, log = server.stop()
    assert code == 0
    assert f'event="judge0.conf is read" path={path}' in log
    warnings = [line for line in log.splitlines() if "level=warn" in line]
    assert any("REDIS_HOST, REDIS_PASSWORD: belljar needs no Redis" in line for line in warnings)
    assert any("POSTGRES_HOST, POSTGRES_DB, POSTGRES_USER, POSTGRES_PASSWORD: belljar needs no database" in line for line in warnings)
    assert any("WORKER_URL: there are no worker processes" in line for line in warnings)
    assert any("SOME_THING is no setting of Judge0" in line for line in warnings)
    assert any("judge0.allow_enable_network is true, but network.disable is too" in line for line in warnings)


def test_help_names_the_file_and_not_every_setting():
    shown = belljar("serve", "--help").stdout
    assert "--judge0-conf" in shown
    assert "--judge0-max-cpu-time-limit" not in shown
    assert "--judge0-max-cpu-time-limit" in belljar("help", "options").stdout
