# SPDX-License-Identifier: Apache-2.0
"""belljar key: made, listed and revoked without a server."""
import json
import os
import re
import threading

import pytest

from support.cli import belljar


def key(data, *words):
    return belljar("key", *words, "--data", str(data))


def added(data, name, *flags):
    done = key(data, "add", name, *flags)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"bj_[A-Za-z0-9_-]{43}\n", done.stdout)
    assert name in done.stderr and "not shown again" in done.stderr
    return done.stdout.strip()


def listed(data):
    done = key(data, "list", "--json")
    assert done.returncode == 0, done.stderr
    return {row.pop("name"): row for row in json.loads(done.stdout)["keys"]}


def test_add_prints_the_secret_once(tmp_path):
    secret = added(tmp_path / "data", "one")
    assert secret != added(tmp_path / "data", "two")
    for words in (("list",), ("list", "--json")):
        assert secret not in key(tmp_path / "data", *words).stdout
    assert secret not in (tmp_path / "data" / "state" / "keys.json").read_text()
    assert (tmp_path / "data" / "state" / "keys.json").stat().st_mode & 0o777 == 0o600


def test_add_for_programs(tmp_path):
    told = json.loads(key(tmp_path, "add", "one", "--json").stdout)
    assert told["name"] == "one" and told["key"].startswith("bj_")


def test_flags_are_kept(tmp_path):
    added(tmp_path, "one", "--scope", "run,admin", "--rate", "0.5", "--burst", "7", "--running", "2", "--queued", "9", "--network",
          "--max-wall", "10s", "--max-cpu", "1500ms", "--max-memory", "256M", "--max-stack", "64M", "--max-disk", "1G", "--max-inodes", "99",
          "--max-file", "8M", "--max-output", "64K", "--max-open-files", "50", "--max-processes", "20", "--max-cpus", "0.5",
          "--max-compile-wall", "20s", "--max-compile-cpu", "19s", "--max-compile-memory", "512M")
    one = listed(tmp_path)["one"]
    assert one.pop("created") > 0
    assert one == {
        "scopes": ["run", "admin"], "rate": 0.5, "burst": 7, "running": 2, "queued": 9, "network": True,
        "run": {"wall_ms": 10000, "cpu_ms": 1500, "memory_bytes": 256 << 20, "stack_bytes": 64 << 20, "disk_bytes": 1 << 30,
                "disk_inodes": 99, "file_bytes": 8 << 20, "output_bytes": 64 << 10, "open_files": 50, "processes": 20, "cpu_milli": 500},
        "compile": {"wall_ms": 20000, "cpu_ms": 19000, "memory_bytes": 512 << 20}}


def test_list_says_whose_programs_may_have_a_network(tmp_path):
    added(tmp_path, "inside")
    added(tmp_path, "outside", "--network")
    head, *lines = key(tmp_path, "list").stdout.splitlines()
    column = head.split().index("NETWORK")
    assert {line.split()[0]: line.split()[column] for line in lines} == {"inside": "-", "outside": "yes"}


def test_revoke_and_the_name_again(tmp_path):
    added(tmp_path, "one")
    assert listed(tmp_path)["one"]["scopes"] == ["run", "read"]
    assert key(tmp_path, "revoke", "one").returncode == 0
    assert listed(tmp_path)["one"]["revoked"] > 0
    assert "revoked" in key(tmp_path, "list").stdout
    again = key(tmp_path, "revoke", "one")
    assert again.returncode == 1 and "there is no key 'one'" in again.stderr
    added(tmp_path, "one")
    assert "revoked" not in listed(tmp_path)["one"]


@pytest.mark.parametrize("words, told", [
    (("add",), "usage: belljar key add NAME"), (("list", "x"), "usage: belljar key list"), ((), "what is to be done?"),
    (("add", "a", "b"), "too much"), (("add", "a", "--scope", "all"), "none of run, read, admin"), (("add", "a", "--scope", ","), "at least one"),
    (("add", "a", "--rate", "0"), "--rate '0'"), (("add", "a", "--rate", "x"), "--rate 'x'"), (("add", "a", "--running", "-1"), "--running"),
    (("add", "a", "--max-wall", "5 apples"), "--max-wall"), (("add", "a", "--max-cpus", "0"), "--max-cpus"), (("add", "a", "--runing", "1"), "did you mean"),
])
def test_wrong_words(tmp_path, words, told):
    done = key(tmp_path, *words)
    assert done.returncode == 2 and told in done.stderr, done.stderr


def test_what_cannot_be_done(tmp_path):
    for words, told in ((("add", "a b"), "cannot be a key's name"), (("add", "x" * 49), "at most 48"), (("revoke", "x"), "no key 'x'")):
        done = key(tmp_path, *words)
        assert done.returncode == 1 and told in done.stderr, done.stderr
    assert belljar("key", "list").returncode == 1
    assert "name it with --data" in belljar("key", "list").stderr


def test_nothing_is_lost_when_many_write(tmp_path):
    added(tmp_path, "first")
    threads = [threading.Thread(target=added, args=(tmp_path, f"key{i}")) for i in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(listed(tmp_path)) == 9
    assert os.listdir(tmp_path / "state") == ["keys.json"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give the directory to somebody")
def test_the_file_belongs_to_the_servers_user(tmp_path):
    added(tmp_path, "one")
    os.chown(tmp_path / "state", 12345, 12345)
    os.chown(tmp_path / "state" / "keys.json", 12345, 12345)
    added(tmp_path, "two")
    assert (tmp_path / "state" / "keys.json").stat().st_uid == 12345
    (tmp_path / "state" / "keys.json").unlink()
    (tmp_path / "state" / "keys.json").symlink_to("/etc/passwd")
    done = key(tmp_path, "add", "three")
    assert done.returncode == 1 and "keys.json" in done.stderr
