# SPDX-License-Identifier: Apache-2.0
"""A server that is hurt: its processes are killed while clients submit to it, and nothing may be lost."""
import http.client
import json
import os
import pathlib
import random
import re
import signal
import socket
import sqlite3
import threading
import time

import pytest

from support.raw import ask
from support.server import Server

BASH = 46
ACCEPTED, INTERNAL_ERROR = 3, 13
PATIENCE = 60
# Who lives less has died quickly, and after five of these in a row belljar gives up (src/cli/supervisor.c).
QUICK_SECONDS = 10
GONE = (OSError, http.client.HTTPException, json.JSONDecodeError)


def wait_for(condition, what, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    pytest.fail(f"waited {seconds} s for {what}")


def start(*flags, **more):
    """A server whose port is the same after its process was started again; somebody else may take it before us."""
    for _ in range(5):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        try:
            server = Server("--listen", address, "--callbacks-allow", "127.0.0.1", *flags, **more)
        except RuntimeError as error:
            if "in use" not in str(error):
                raise
            continue
        server.port = int(address.rpartition(":")[2])
        return server
    pytest.fail("no port stays free")


def check_log(text):
    """No process died but by our hand."""
    deaths = re.findall(r'event="a process has died" name=(\S+) by=(\S+) status=(\d+)', text)
    assert all((by, status) == ("signal", "9") or (name, by, status) == ("boxd", "exit", "0") for name, by, status in deaths), deaths
    assert "Sanitizer" not in text


# --- its processes -------------------------------------------------------------------------------------


def _state(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return dict(re.findall(r"^(\w+):[ \t]*(.*?)[ \t]*$", text, re.M))


def _parent(server):
    """The supervisor: the process that was started, or what it became the parent of (unshare, setpriv)."""
    return server.pid


def child(server, name):
    """The pid of the living child with this name, or None."""
    try:
        for pid in pathlib.Path(f"/proc/{_parent(server)}/task/{_parent(server)}/children").read_text().split():
            state = _state(pid)
            if state["Name"] == name and state["State"][0] not in "ZX":
                return int(pid)
    except (FileNotFoundError, ProcessLookupError):
        pass
    return None


NAMES = {"server": "belljar", "boxd": "belljar-boxd"}


def kill(server, *victims):
    """SIGKILL, without a moment between several; waits until each was there once."""
    pids = [wait_for(lambda name=victim: child(server, NAMES[name]), victim) for victim in victims]
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # boxd ends with the server
    for pid in pids:
        wait_for(lambda one=pid: not os.path.exists(f"/proc/{one}"), f"the end of {pid}")


def answers(server):
    try:
        return server.request("GET", "/health", timeout=5)[0] == 200
    except GONE:
        return False


def wait_until_it_answers(server):
    wait_for(lambda: answers(server), "the server to answer")


def running(server):
    try:
        return server.request("GET", "/health", timeout=5)[1]["engine"]["running"]
    except GONE:
        return 0


# --- submissions ---------------------------------------------------------------------------------------


def create(server, source, headers=None, wait=False, **attributes):
    query = "?wait=true" if wait else ""
    return ask(server, "POST", f"/submissions{query}", {"source_code": source, "language_id": BASH, **attributes}, headers)


def accepted(server, source, **more):
    """The token."""
    answer = create(server, source, **more)
    assert answer.status == 201, answer
    return answer.json()["token"]


def show(server, token):
    answer = ask(server, "GET", f"/submissions/{token}?fields=*")
    assert answer.status == 200, answer
    return answer.json()


def over(server, token, seconds=PATIENCE):
    """The submission once it is over; the server may be away for a while."""

    def look():
        try:
            shown = show(server, token)
        except GONE:
            return None
        return shown if shown["status"]["id"] > 2 else None

    return wait_for(look, f"the end of {token}", seconds)


class Load:
    """Clients that submit until they are stopped; each program has an answer of its own.  Every second one waits for it,
    the others come back after a moment: some programs run, some wait."""

    def __init__(self, server, clients=4, callback_url=None):
        self.server = server
        self.callback_url = callback_url
        self.expected = {}  # by token
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self.number = 0
        self.wrong = []
        self.threads = [threading.Thread(target=self._client, args=(one,)) for one in range(clients)]
        for thread in self.threads:
            thread.start()

    def _client(self, one):
        while not self.stopped.is_set():
            with self.lock:
                self.number += 1
                number = self.number
            more = {"callback_url": self.callback_url} if self.callback_url else {}
            try:
                waits = one % 2 == 0
                self._note(number, create(self.server, f"sleep 0.0{number % 10}; echo {number}", wait=waits, **more))
                time.sleep(0 if waits else 0.05)
            except GONE:
                time.sleep(0.05)

    def _note(self, number, answer):
        if answer.status != 201:
            if answer.status != 503:
                self.wrong.append(answer)
            time.sleep(0.05)
            return
        with self.lock:
            self.expected[answer.json()["token"]] = f"{number}\n"

    def count(self):
        with self.lock:
            return len(self.expected)

    def more(self, count):
        """Waits until so many more were accepted."""
        goal = self.count() + count
        wait_for(lambda: self.count() >= goal or self.wrong, f"{count} more submissions")

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def check(self):
        """All that was accepted is over, with its own answer."""
        assert self.wrong == []
        for token, expected in self.expected.items():
            shown = over(self.server, token)
            assert (shown["status"]["id"], shown["stdout"]) == (ACCEPTED, expected), shown


class Killer:
    """Kills at random moments, but no process five times in a row soon after its start."""

    def __init__(self, server, seed):
        self.server = server
        self.random = random.Random(seed)
        self.quick = 0
        self.last = 0.0

    def round(self, *victims):
        if self.quick + len(victims) > 3:
            time.sleep(max(0.0, self.last + QUICK_SECONDS + 1 - time.monotonic()))
            self.quick = 0
        time.sleep(self.random.uniform(0, 1))
        kill(self.server, *victims)
        self.quick += len(victims)
        self.last = time.monotonic()
        wait_until_it_answers(self.server)


# --- what is on disk -----------------------------------------------------------------------------------


class SmallDisk:
    """A data directory on a file system of its own, which only the server sees."""

    def __init__(self, folder, size):
        self.folder = folder
        self.wrap = ["unshare", "--mount", "--propagation", "private", "sh", "-c",
                     f'mount -t tmpfs -o size={size} none "$0" && exec "$@"', str(folder)]

    def fill(self, server):
        """Until not a byte fits; what was taken is what `clear` gives back."""
        self.filler = pathlib.Path(f"/proc/{server.pid}/root{self.folder}/filler")
        with open(self.filler, "wb", buffering=0) as out:
            try:
                while True:
                    out.write(bytes(4096))
            except OSError:
                pass

    def clear(self):
        self.filler.unlink()


def stored(data, token, column):
    """One number of an execution as the store has it; None: it has none.  callback: 1 due, 2 delivered, 3 given up."""
    with sqlite3.connect(f"file:{data}/state/store.db?mode=ro", uri=True) as store:
        found = store.execute(f"SELECT {column} FROM execution WHERE id = ?", (token,)).fetchone()
    store.close()
    return found and found[0]
