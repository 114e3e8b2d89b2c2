# SPDX-License-Identifier: Apache-2.0
"""The configuration as `belljar serve --print-config` shows it, and as a wrong one stops the start."""
import re

import pytest

from support.cli import belljar


def printed(*words, **env):
    done = belljar("serve", "--print-config", *words, env=env)
    assert done.returncode == 0, done.stderr
    return {key: (value, origin)
            for key, value, origin in re.findall(r"^(\S+) = (.*)  # from (.*)$", done.stdout, re.M)}


def test_each_value_names_its_origin(tmp_path):
    path = tmp_path / "belljar.toml"
    path.write_text('[limits]\nrun_wall_ms = 1000\nprocesses = 10 # few\n[log]\nlevel = "warn"\n')
    config = printed("--config", path, "--listen", "127.0.0.1:1", BELLJAR_LIMITS_PROCESSES="20", MAX_CONCURRENT="3")
    assert config["limits.run_wall_ms"] == ("1000", f"{path}:2")
    assert config["limits.processes"] == ("20", "environment BELLJAR_LIMITS_PROCESSES")
    assert config["log.level"] == ('"warn"', f"{path}:5")
    assert config["engine.slots"] == ("3", "environment MAX_CONCURRENT")
    assert config["server.listen"] == ('["127.0.0.1:1"]', "flag --listen")
    assert config["limits.run_cpu_ms"] == ("3000", "default")


def test_what_is_printed_can_be_used_as_a_file(tmp_path):
    first = belljar("serve", "--print-config", "--time", "5s", env={"PISTON_OUTPUT_MAX_SIZE": "1024"}).stdout
    path = tmp_path / "belljar.toml"
    path.write_text(first)
    again = printed(BELLJAR_CONFIG=str(path))
    assert again["limits.run_wall_ms"][0] == "5000"
    assert again["limits.output_bytes"][0] == "1024"


def test_piston_words_keep_their_meaning():
    config = printed(PISTON_LOG_LEVEL="DEBUG", PISTON_BIND_ADDRESS="0.0.0.0:2000", PISTON_RUN_MEMORY_LIMIT="-1",
                     PISTON_RUN_TIMEOUT="0", PISTON_DISABLE_NETWORKING="yes", PISTON_RUNNER_UID_MIN="1001")
    assert config["log.level"][0] == '"debug"'
    assert config["server.listen"] == ('["0.0.0.0:2000"]', "environment PISTON_BIND_ADDRESS")
    assert config["limits.run_memory_bytes"] == (
        "536870912", "default (PISTON_RUN_MEMORY_LIMIT=-1: Piston's word for none)")
    assert config["limits.run_wall_ms"][0] == "3000"
    assert config["network.disable"] == ("true", "environment PISTON_DISABLE_NETWORKING")


@pytest.mark.parametrize("command", [["serve"], ["run", "x.py"], ["runtimes"], ["doctor"]])
def test_a_wrong_setting_stops_every_command(command, tmp_path):
    path = tmp_path / "belljar.toml"
    path.write_text("[limits]\n\nrun_wall_ms = 0\n")
    done = belljar(*command, env={"BELLJAR_CONFIG": str(path)})
    assert done.returncode not in (0, -6, -11)
    assert done.stdout == ""
    assert f"{path}:3: limits.run_wall_ms is '0', which is out of range; give 1 to 3600000" in done.stderr


@pytest.mark.parametrize("env, error", [
    ({"BELLJAR_LOG_LEVLE": "info"}, "environment BELLJAR_LOG_LEVLE: unknown variable; did you mean BELLJAR_LOG_LEVEL?"),
    ({"BELLJAR_ENGINE_SLOTS": "x"}, "environment BELLJAR_ENGINE_SLOTS: engine.slots is 'x'"),
    ({"PISTON_DISABLE_NETWORKING": "maybe"}, "environment PISTON_DISABLE_NETWORKING: network.disable is 'maybe'"),
    ({"PISTON_MAX_CONCURRENT_JOBS": "-1"}, "environment PISTON_MAX_CONCURRENT_JOBS: engine.slots is '-1'"),
    ({"DEFAULT_CPU_LIMIT": "half"}, "environment DEFAULT_CPU_LIMIT: limits.cpus is 'half'"),
    ({"PORT": "http"}, "environment PORT: server.listen is '127.0.0.1:http'"),
    ({"BELLJAR_CONFIG": "/nowhere/b.toml"}, "/nowhere/b.toml"),
])
def test_a_wrong_variable_is_named(env, error):
    done = belljar("serve", "--print-config", env=env)
    assert done.returncode != 0
    assert error in done.stderr


def test_unknown_flag_of_serve_gets_a_suggestion():
    done = belljar("serve", "--lisen", "127.0.0.1:1")
    assert done.returncode != 0
    assert "unknown flag '--lisen'; did you mean --listen?" in done.stderr
