# SPDX-License-Identifier: Apache-2.0
"""A real `belljar serve` for tests, on a free port of loopback, and what it may not leave behind."""
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("BELLJAR_BUILD", ROOT / "build"))


# What a server makes ahead is gone this long after the last job, so that what it leaves behind can be counted.
SPARES_GO_MS = 200


def cannot(reason):
    """Skips with a reason; MUST_WORK=1 makes it a failure."""
    if os.environ.get("MUST_WORK") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def clean_environment():
    """Ours without what belljar would take for settings of its own, and without a /judge0.conf of the host; nothing is
    prepared behind a test's back, and nothing is looked for outside."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("BELLJAR_", "PISTON_"))}
    return {**ours, "PISTON_REPO_URL": "", "BELLJAR_JUDGE0_CONF": "none", "BELLJAR_PREPARE_AUTO": "false", "BELLJAR_POOL_IDLE_MS": str(SPARES_GO_MS)}


class Server:
    def __init__(self, *flags, env=None, wrap=()):
        self.folder = tempfile.TemporaryDirectory(prefix="belljar-test-")
        self.log_path = pathlib.Path(self.folder.name, "log")
        self.log = open(self.log_path, "w")
        self.process = subprocess.Popen(
            [*wrap, str(BUILD / "belljar"), "serve", "--listen", "127.0.0.1:0", *flags],
            stdout=subprocess.PIPE, stderr=self.log, text=True, env={**clean_environment(), **(env or {})})
        self.port = None
        for line in self.process.stdout:
            found = re.search(r"ready on http://127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found.group(1))
                break
        if self.port is None:
            self.process.wait()
            raise RuntimeError("belljar serve did not start:\n" + self.log_path.read_text())
        self.pid = self.process.pid
        self.ended = None
        self.instance = int(re.search(r'instance"?[=:] ?(\d+)', self.log_path.read_text()).group(1))

    def request(self, method, path, body=None, headers=None, timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers = {"Content-Type": "application/json", **(headers or {})}
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, (json.loads(data) if data else None)

    def execute(self, language, source, name="", **more):
        file = {"content": source}
        if name:
            file["name"] = name
        return self.request("POST", "/api/v2/execute", {"language": language, "version": "*", "files": [file], **more})

    def stop(self):
        """(exit status, log); a second time says the same."""
        if self.ended:
            return self.ended
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.process.stdout.close()
        self.log.close()
        text = self.log_path.read_text()
        self.folder.cleanup()
        self.ended = code, text
        return self.ended


def descendants(pid):
    found, todo = [], [pid]
    while todo:
        current = todo.pop()
        found.append(current)
        try:
            for task in pathlib.Path(f"/proc/{current}/task").iterdir():
                todo += [int(child) for child in (task / "children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            pass  # it has just ended, or its task has
    return found


def cgroup_leaves(instance):
    """The cgroups of an instance's boxes, in every hierarchy that is mounted."""
    leaves = set()
    for line in open("/proc/self/mountinfo"):
        if " - cgroup" in line:
            for folder, names, _ in os.walk(line.split()[4]):
                if f"belljar-{instance}" in folder.split("/"):
                    leaves.update(os.path.join(folder, name) for name in names if name.startswith("box-"))
    return leaves


KEPT = ("net:", "/memfd:belljar-product")


def process_facts(pid):
    """Name, number of descriptors, number of mounts; None when it has just ended."""
    folder = pathlib.Path(f"/proc/{pid}")
    try:
        # boxd keeps empty network namespaces ahead: more after a burst than at rest. The server keeps what was compiled.
        descriptors = [os.readlink(folder / "fd" / one) for one in os.listdir(folder / "fd")]
        return (folder.joinpath("comm").read_text().strip(), sum(not one.startswith(KEPT) for one in descriptors),
                len(folder.joinpath("mountinfo").read_text().splitlines()))
    except OSError:
        return None


def snapshot(server):
    """What must be the same after a job as before it."""
    facts = {one: process_facts(one) for one in descendants(server.pid)}
    return {
        "processes, descriptors, mounts": {one: fact for one, fact in facts.items() if fact},
        "cgroups": sorted(cgroup_leaves(server.instance)),
        "mounts": len(pathlib.Path("/proc/self/mountinfo").read_text().splitlines()),
        "sysv": len(pathlib.Path("/proc/sysvipc/shm").read_text().splitlines()),
    }


def at_rest(server, seconds=10):
    """A snapshot of a server that does nothing: the same twice, without a box."""
    end = time.monotonic() + seconds
    while True:
        first = snapshot(server)
        time.sleep(0.3)
        if first == snapshot(server) and not first["cgroups"] or time.monotonic() > end:
            return first


def settle(server, before, seconds=10):
    """Waits until nothing differs from `before` (boxes end in the background); returns what still does."""
    end = time.monotonic() + seconds
    while True:
        now = snapshot(server)
        different = {key: (before[key], now.get(key)) for key in before if before[key] != now.get(key)}
        if not different or time.monotonic() > end:
            return different
        time.sleep(0.02)
