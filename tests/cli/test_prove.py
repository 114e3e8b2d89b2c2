# SPDX-License-Identifier: Apache-2.0
"""`belljar prove`: its table, its counts, and that it leaves a host as it found it."""
import contextlib
import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess

import pytest

from support.cli import BELLJAR, belljar, environment, needs_boxes
from support.server import Server, cannot, cgroup_leaves, descendants
from support.store import BASE, Store

JOBS = 300
ID_BASE, IDS_WINDOW = 2_000_000_000, 4096


@pytest.fixture(scope="module", autouse=True)
def boxes():
    needs_boxes()


def rows(done):
    return {row["name"]: row for row in json.loads(done.stdout)["rows"]}


def begin(*words):
    """`belljar prove`, when it has counted and begins with the first program."""
    started = subprocess.Popen([BELLJAR, "prove", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    assert started.stdout.readline().startswith("THREAT"), started.stderr.read()
    return started


def server_of(prove):
    """Number of its instance."""
    parent = next(one for one in descendants(prove.pid) if one != prove.pid)
    links = [os.readlink(one) for one in pathlib.Path(f"/proc/{parent}/fd").iterdir()]
    return next(int(link.rpartition("-")[2]) for link in links if re.search(r"/instance-\d+$", link))


def test_table_says_what_held():
    done = belljar("prove", "segfault", "descriptors")
    assert done.returncode == 0, done.stderr
    head, *table = done.stdout.splitlines()
    assert head.split() == ["THREAT", "RESULT", "PROGRAM", "DEFENCE"]
    assert [line.split()[:3] for line in table[:2]] == [["A3", "held", "descriptors"], ["B12", "held", "segfault"]]
    assert table[3].startswith("2 held, 0 LEAKED, 0 absent, 0 not run;")


def test_spare_boxes_are_nothing_that_a_program_left():
    """As configured they would lie there for minutes after it."""
    kept = {"BELLJAR_POOL_IDLE_MS": "300000", "BELLJAR_POOL_KEEP": "bash,python"}
    done = belljar("prove", "--json", "segfault", "read_host", "fork_bomb", env=kept)
    assert {row["detail"] for row in rows(done).values()} == {""} and done.returncode == 0, done.stdout


def test_json_has_a_row_for_each_and_what_was_counted():
    done = belljar("prove", "--json", "segfault", "processes")
    whole = json.loads(done.stdout)
    assert done.returncode == 0 and whole["ok"] is True
    assert {"segfault", "server", "boxd", "init", "program"} <= set(rows(done))
    row = rows(done)["segfault"]
    assert (row["threat"], row["result"], row["detail"]) == ("B12", "held", "")
    assert row["defence"] and row["tries"] and row["seconds"] > 0
    assert whole["counted"]["processes"] == 4 and whole["counted"]["namespaces"] > 0


def test_random_jobs_leave_nothing():
    done = belljar("prove", "--json", "--jobs", JOBS, "segfault", timeout=300)
    row = rows(done)[f"{JOBS} random jobs"]
    assert row["result"] == "held", row


def semaphore(user):
    made = subprocess.run(["ipcmk", "-S", "1"], capture_output=True, text=True, check=True, preexec_fn=lambda: os.setuid(user))
    return re.search(r"\d+", made.stdout).group()


def test_what_others_make_meanwhile_is_no_leak():
    if os.geteuid() != 0:
        cannot("needs root: boxes of a user have no ids of their own to tell them by")
    prove = begin("segfault")
    ident = semaphore(65534)
    try:
        out, _ = prove.communicate(timeout=60)
    finally:
        subprocess.run(["ipcrm", "-s", ident], check=True)
    assert prove.returncode == 0, out


@pytest.mark.skipif(os.geteuid() != 0, reason="layers are made as root")
def test_what_is_installed_meanwhile_is_no_leak():
    """The server holds each layer that it learns of."""
    store = Store()
    store.layer(1001)
    with begin("--runtimes-dir", store.top, "sleeper", "segfault") as prove:
        store.shell("toy", "1.0.0", (1001, BASE))
        table = prove.communicate(timeout=120)[0]
    shutil.rmtree(store.top)
    assert prove.returncode == 0, table


@pytest.mark.skipif(os.geteuid() != 0, reason="layers are made as root")
def test_packages_may_lie_on_a_tmpfs_of_the_host(tmp_path):
    """/tmp is one on many hosts; what others write there meanwhile is nothing that boxes have left."""
    store = Store()
    store.layer(1001)
    script = ('mount -t tmpfs packages "$0" && cp -a "$1/." "$0" && { while head -c 65536 /dev/zero >>"$0/others"; do sleep 0.02; done & } && '
              'shift && "$@"; code=$?; kill $!; exit $code')
    done = subprocess.run(["unshare", "--mount", "sh", "-c", script, tmp_path, store.top, BELLJAR, "prove", "--json", "--runtimes-dir", tmp_path, "segfault"],
                          capture_output=True, text=True, check=False, env=environment(), timeout=120)
    shutil.rmtree(store.top)
    assert rows(done)["segfault"]["detail"] == "" and done.returncode == 0, done.stdout


def test_what_is_left_behind_is_noticed():
    """Somebody makes a cgroup and a semaphore meanwhile: what a box would leave looks the same."""
    if os.geteuid() != 0:
        cannot("needs root: cgroups of the server are not the user's")
    prove = begin("sleeper")
    number = server_of(prove)
    folders = {pathlib.Path(one).parent for one in base_cgroups(number)}
    if not folders:
        cannot("there are no cgroups here")
    made = folders.pop() / f"belljar-{number}" / "box-of-somebody"
    made.mkdir()
    ident = semaphore(ID_BASE + number * IDS_WINDOW)
    try:
        out, _ = prove.communicate(timeout=60)
    finally:
        with contextlib.suppress(FileNotFoundError):
            made.rmdir()  # the server removes what is in its cgroup, when it ends
        subprocess.run(["ipcrm", "-s", ident], check=True)
    assert prove.returncode == 1
    assert re.search(r"^C4 +LEAKED +sleeper .*\n +left behind: .*cgroups: \d+, were \d+", out, re.MULTILINE), out
    assert "SysV objects" in out and "0 held, 1 LEAKED" in out


def base_cgroups(number):
    for line in open("/proc/self/mountinfo"):
        if " - cgroup" in line:
            for folder, names, _ in os.walk(line.split()[4]):
                if f"belljar-{number}" in names:
                    yield os.path.join(folder, f"belljar-{number}")


def test_configuration_is_the_hosts():
    done = belljar("prove", "--json", "--slots", "1", "locks", "segfault")
    assert done.returncode == 0
    assert rows(done)["segfault"]["result"] == "held"
    assert rows(done)["locks"]["result"] == "not run" and "engine.slots is 1" in rows(done)["locks"]["detail"]


def test_less_than_a_program_asks_for_is_no_leak():
    done = belljar("prove", "--json", "memory_bomb", env={"BELLJAR_NATIVE_MAX_MEMORY_BYTES": "8M", "BELLJAR_NATIVE_MEMORY_BYTES": "8M"})
    assert rows(done)["memory_bomb"]["result"] in ("not run", "absent"), done.stdout


def test_a_host_whose_callers_need_a_token_is_proven():
    done = belljar("prove", "segfault", env={"AUTHN_TOKEN": "sesame", "BELLJAR_JUDGE0_AUTHN_TOKEN": "sesame"})
    assert done.returncode == 0, done.stderr


def test_a_server_at_work_is_not_touched():
    server = Server("--slots", "1")
    try:
        done = belljar("prove", "segfault")
        assert done.returncode == 0, done.stdout
        assert server.request("GET", "/health")[1]["engine"]["finished"] == 0
    finally:
        assert server.stop()[0] == 0


def test_nothing_of_it_stays():
    prove = begin("segfault")
    number = server_of(prove)
    processes = descendants(prove.pid)
    prove.communicate(timeout=60)
    assert not [one for one in processes if pathlib.Path(f"/proc/{one}").exists()]
    assert not cgroup_leaves(number) and not list(base_cgroups(number))


def test_control_c_ends_its_server_too():
    prove = begin("sleeper", "stop_self")
    parent = next(one for one in descendants(prove.pid) if one != prove.pid)
    ended = os.pidfd_open(parent)
    prove.send_signal(signal.SIGINT)
    prove.communicate(timeout=60)
    assert select.select([ended], [], [], 30)[0]
    os.close(ended)


def test_a_server_that_cannot_start_is_told():
    done = belljar("prove", "--sandbox-boxd", "/nowhere/boxd", "segfault")
    assert done.returncode == 1
    assert done.stderr.startswith("belljar prove: belljar serve did not start here: ")
    assert "/nowhere/boxd" in done.stderr


@pytest.mark.parametrize("words, says", [
    (["fork_bom"], "did you mean fork_bomb"),
    (["--jobs", "some"], "'some' is no number"),
    (["--listen", "127.0.0.1:1"], "leave out --listen"),
    (["--data", "/tmp"], "leave out --data"),
])
def test_wrong_words_are_refused(words, says):
    done = belljar("prove", *words)
    assert done.returncode == 2 and says in done.stderr, done
