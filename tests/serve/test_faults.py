# SPDX-License-Identifier: Apache-2.0
"""Nothing that was accepted is lost: processes killed under load, disks that are full or refuse, damaged files.

The long round of the same is tests/soak (make soak).

proves: F9
"""
import hashlib
import http.client
import os
import random
import shutil
import signal
import subprocess
import threading

import pytest

from support import faults
from support.faults import BASH, SmallDisk, accepted, create, kill, over, running, show, start, wait_for, wait_until_it_answers
from support.judge0 import Receiver
from support.raw import ask
from support.server import BUILD, cannot, clean_environment

BELLJAR = str(BUILD / "belljar")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="root only")


@pytest.fixture
def begin():
    """Starts servers that end with the test."""
    servers = []

    def begin_one(*flags, **more):
        servers.append(start(*flags, **more))
        return servers[-1]

    yield begin_one
    logs = [server.stop()[1] for server in servers]
    for log in logs:
        faults.check_log(log)


# --- deaths under load ---------------------------------------------------------------------------------


def test_nothing_is_lost_when_processes_are_killed_under_load(begin, tmp_path):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    server = begin("--data", str(tmp_path / "data"))
    load = faults.Load(server)
    killer = faults.Killer(server, seed)
    for victims in (["server"], ["boxd"], ["server", "boxd"]):
        load.more(10)
        killer.round(*victims)
    load.more(10)
    load.stop()
    load.check()


def test_nothing_is_lost_without_a_data_directory_while_the_parent_lives(begin):
    server = begin("--slots", "1")
    tokens = [accepted(server, f"echo {i}") for i in range(20)]
    kill(server, "server")
    wait_until_it_answers(server)
    for i, token in enumerate(tokens):
        assert over(server, token)["stdout"] == f"{i}\n"


def test_a_program_that_ran_when_the_server_was_ended_three_times_is_given_up(begin, tmp_path):
    data = str(tmp_path / "data")
    server = begin("--data", data)
    token = accepted(server, "sleep 30", wall_time_limit=20)
    for attempt in (1, 2, 3):
        wait_for(lambda number=attempt: faults.stored(data, token, "attempts") == number, f"its run {attempt}")
        kill(server, "server")
    shown = over(server, token)
    assert shown["status"] == {"id": faults.INTERNAL_ERROR, "description": "Internal Error"}
    assert "running when the server was ended 3 times" in shown["message"]
    assert create(server, "echo on", wait=True).json()["stdout"] == "on\n"


def test_a_queue_outlives_the_server(begin, tmp_path):
    """A graceful stop does not wait for those that wait, and takes no try from the one that runs."""
    data = str(tmp_path / "data")
    server = begin("--data", data, "--slots", "1", "--server-grace-ms", "300")
    tokens = [accepted(server, "sleep 1; echo first")] + [accepted(server, f"echo {i}") for i in range(100)]
    wait_for(lambda: running(server), "the first program to run")
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0
    heir = begin("--data", data)
    outputs = [over(heir, token)["stdout"] for token in tokens]
    assert outputs == ["first\n"] + [f"{i}\n" for i in range(100)]


def test_a_client_that_waits_is_answered_when_the_server_stops(begin, tmp_path):
    server = begin("--data", str(tmp_path / "data"), "--slots", "1", "--server-grace-ms", "300")
    got = []
    clients = [threading.Thread(target=lambda: got.append(create(server, "sleep 30", wait=True, wall_time_limit=20)))
               for _ in range(2)]
    for client in clients:
        client.start()
    wait_for(lambda: server.request("GET", "/stats")[1].get("queue_size") == 1 and running(server), "one to run, one to wait")
    server.process.send_signal(signal.SIGTERM)
    for client in clients:
        client.join(20)
    assert [answer.status for answer in got] == [201, 201]
    assert all(answer.json()["token"] and answer.json()["status"]["id"] <= 2 for answer in got)
    assert server.process.wait(20) == 0


# --- what was cancelled, and what is asked again ----------------------------------------------------------

NATIVE = "/api/v1/executions"


def native(server, source, **headers):
    """The id of one that runs bash in belljar's own dialect."""
    answer = ask(server, "POST", NATIVE, {"language": "bash", "source": source, "limits": {"wall_ms": 20000}},
                 {name.replace("_", "-"): value for name, value in headers.items()})
    assert answer.status in (200, 202), answer
    return answer.json()["id"]


def native_show(server, id_):
    answer = ask(server, "GET", f"{NATIVE}/{id_}")
    assert answer.status == 200, answer
    return answer.json()


def cancel(server, id_):
    """Whether it was told that it is cancelled; the server may die meanwhile."""
    try:
        answer = ask(server, "DELETE", f"{NATIVE}/{id_}")
        return answer.status == 200 and answer.json()["status"] == "cancelled"
    except faults.GONE:
        return False


def native_over(server, id_):
    def look():
        try:
            shown = native_show(server, id_)
        except faults.GONE:
            return None
        return shown if shown["status"] in ("finished", "cancelled") else None

    return wait_for(look, f"the end of {id_}")


def wait_for_output(server, id_, text):
    """Until its watchers see it: a slot is taken well before a program prints."""
    watcher = http.client.HTTPConnection("127.0.0.1", server.port, timeout=faults.PATIENCE)
    try:
        watcher.request("GET", f"{NATIVE}/{id_}/events")
        answer = watcher.getresponse()
        assert answer.status == 200
        for line in iter(answer.readline, b""):
            if line.startswith(b"data:") and text.encode() in line:
                return
        pytest.fail(f"{id_} never printed {text}")
    finally:
        watcher.close()


def test_what_was_cancelled_stays_so_after_a_death(begin, tmp_path):
    server = begin("--data", str(tmp_path / "data"), "--slots", "1")
    runs = native(server, "echo so far; sleep 30")
    wait_for_output(server, runs, "so far")
    waits = native(server, "echo never")
    assert cancel(server, waits) and cancel(server, runs)
    kill(server, "server")
    wait_until_it_answers(server)
    for id_ in (runs, waits):
        shown = native_show(server, id_)
        assert (shown["status"], shown["verdict"]) == ("cancelled", "cancelled"), shown
    assert native_show(server, runs)["run"]["stdout"] == "so far\n"
    assert not native_show(server, waits).get("started_at")
    assert running(server) == 0
    assert native_over(server, native(server, "echo on"))["run"]["stdout"] == "on\n"


def test_a_cancellation_that_was_told_is_kept_whenever_the_server_dies(begin, tmp_path):
    """Those that wait are cancelled one by one while the server is killed: each is cancelled, or runs in the end."""
    server = begin("--data", str(tmp_path / "data"), "--slots", "1")
    ids = [native(server, "sleep 1")] + [native(server, f"echo {i}") for i in range(30)]
    told = {}
    killer = threading.Timer(0.02, kill, (server, "server"))
    killer.start()
    for id_ in ids[1:]:
        told[id_] = cancel(server, id_)
    killer.join()
    wait_until_it_answers(server)
    for i, id_ in enumerate(ids[1:]):
        shown = native_over(server, id_)
        if told[id_]:
            assert shown["status"] == "cancelled", shown
        if shown["status"] == "finished":
            assert shown["run"]["stdout"] == f"{i}\n"


def test_an_idempotency_key_outlives_the_server(begin, tmp_path):
    server = begin("--data", str(tmp_path / "data"))
    first = native(server, "echo once", Idempotency_Key="k")
    kill(server, "server")
    wait_until_it_answers(server)
    assert native(server, "echo once", Idempotency_Key="k") == first
    assert native(server, "echo once", Idempotency_Key="K") != first
    assert native_over(server, first)["run"]["stdout"] == "once\n"


# --- callbacks -----------------------------------------------------------------------------------------


@pytest.fixture
def receive():
    receivers = []

    def receive_one(*statuses):
        receivers.append(Receiver(*statuses))
        return receivers[-1]

    yield receive_one
    for receiver in receivers:
        receiver.close()


def test_a_callback_that_was_owed_is_sent_after_a_death(begin, receive):
    hook = receive()
    server = begin()
    token = accepted(server, "sleep 1; echo told", callback_url=hook.url)
    wait_for(lambda: running(server), "the program to run")
    kill(server, "server")
    hook.wait(1, faults.PATIENCE)
    assert [body["token"] for body in hook.bodies()] == [token]


def test_a_callback_that_was_acknowledged_is_not_sent_again(begin, receive, tmp_path):
    hook = receive()
    data = str(tmp_path / "data")
    server = begin("--data", data)
    token = accepted(server, "echo told", callback_url=hook.url)
    wait_for(lambda: faults.stored(data, token, "callback") == 2, "the callback to be marked")
    kill(server, "server")
    wait_until_it_answers(server)
    # Those that are due are looked for before anything that comes later: this one's would be behind it.
    later = accepted(server, "echo later", callback_url=hook.url)
    hook.wait(2, faults.PATIENCE)
    assert [body["token"] for body in hook.bodies()] == [token, later]


def test_no_callback_is_lost_or_doubled_when_boxd_dies(begin, receive):
    hook = receive()
    server = begin()
    load = faults.Load(server, callback_url=hook.url)
    load.more(10)
    kill(server, "boxd")
    load.more(10)
    load.stop()
    load.check()
    hook.wait(len(load.expected), faults.PATIENCE)
    told = sorted(body["token"] for body in hook.bodies())
    assert told == sorted(load.expected)


# --- disks that are full, or refuse ------------------------------------------------------------------------


@needs_root
def test_a_full_disk_refuses_what_is_new_and_tells_what_is_there(begin, tmp_path):
    disk = SmallDisk(tmp_path, "8m")
    server = begin("--data", str(tmp_path / "data"), wrap=disk.wrap)
    old = accepted(server, "echo old")
    over(server, old)
    running_one = accepted(server, "sleep 2; echo late")
    wait_for(lambda: running(server), "a program to run")
    disk.fill(server)

    padding = "x" * 200_000  # more than what may be free inside of the store's own files
    refused = create(server, "cat", stdin=padding)
    assert refused.status == 503, refused
    assert "the disk is full" in refused.json()["error"]
    assert show(server, old)["stdout"] == "old\n"
    assert over(server, running_one)["stdout"] == "late\n"
    assert ask(server, "GET", "/health").status == 200

    disk.clear()
    wait_for(lambda: create(server, "cat", stdin=padding).status == 201, "submissions to be taken again")
    kill(server, "server")
    wait_until_it_answers(server)
    assert over(server, running_one)["stdout"] == "late\n"
    assert show(server, old)["stdout"] == "old\n"


@needs_root
def test_a_store_that_may_not_be_written_to_refuses_and_recovers(begin, tmp_path):
    """As an administrator's chattr, or a file system that the kernel has made read-only after an error."""
    data = tmp_path / "data"
    server = begin("--data", str(data))
    old = accepted(server, "echo old")
    over(server, old)
    files = [str(data / "state" / name) for name in ("store.db", "store.db-wal")]
    if not shutil.which("chattr") or subprocess.run(["chattr", "+i", *files], check=False).returncode != 0:
        cannot("this file system has no files that cannot be changed")
    try:
        refused = create(server, "echo refused")
        again = create(server, "echo refused")
        shown = show(server, old)
    finally:
        subprocess.run(["chattr", "-i", *files], check=True)
    assert refused.status == 503 and again.status == 503, (refused, again)
    assert refused.json()["error"]
    assert shown["stdout"] == "old\n"
    wait_for(lambda: create(server, "echo new", wait=True).status == 201, "submissions to be taken again")


# --- damaged files -------------------------------------------------------------------------------------


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize("damage", ["header", "all", "text"])
def test_a_damaged_store_is_reported_and_left_as_it_is(begin, tmp_path, damage):
    data = tmp_path / "data"
    server = begin("--data", str(data))
    over(server, accepted(server, "echo old"))
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0
    store = data / "state" / "store.db"
    content = store.read_bytes()
    with open(store, "r+b") as out:
        if damage == "header":
            out.write(bytes(100))
        elif damage == "all":
            out.seek(100)
            out.write(b"\xa5" * (len(content) - 100))
        else:
            out.truncate()
            out.write(b"this is no database, but somebody's notes\n" * 100)
    before = digest(store)
    result = subprocess.run([BELLJAR, "serve", "--listen", "127.0.0.1:0", "--data", str(data)], capture_output=True, text=True,
                            timeout=60, check=False, env=clean_environment())
    assert result.returncode == 1
    assert "store.db" in result.stderr
    assert digest(store) == before


# --- what is said at the start -----------------------------------------------------------------------------


@pytest.mark.parametrize("flags, kept", [([], False), (["--data", "DATA"], True), (["--data", "DATA", "--store-keep", "none"], False)])
def test_the_ready_line_says_when_submissions_are_not_kept(tmp_path, flags, kept):
    flags = [str(tmp_path / "data") if flag == "DATA" else flag for flag in flags]
    process = subprocess.Popen([BELLJAR, "serve", "--listen", "127.0.0.1:0", *flags], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True, env=clean_environment())
    line = process.stdout.readline()
    process.terminate()
    process.communicate(timeout=60)
    assert ("keeps submissions until it ends" in line) == (not kept), line


def test_without_a_store_submissions_live_as_long_as_the_server_process(begin):
    server = begin("--store-keep", "none")
    token = accepted(server, "echo here")
    assert over(server, token)["stdout"] == "here\n"
    kill(server, "server")
    wait_until_it_answers(server)
    assert ask(server, "GET", f"/submissions/{token}").status == 404


# --- paused ----------------------------------------------------------------------------------------------


def test_a_paused_server_accepts_and_its_heir_runs(begin, tmp_path):
    data = str(tmp_path / "data")
    server = begin("--data", data, "--paused")
    token = accepted(server, "echo later")
    assert show(server, token)["status"]["id"] == 1
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0
    heir = begin("--data", data)
    assert over(heir, token)["stdout"] == "later\n"
    assert show(heir, token)["language_id"] == BASH
