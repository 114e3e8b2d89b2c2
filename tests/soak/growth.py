#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs very many jobs and looks whether anything grows: memory, descriptors, processes, cgroups.

    make soak-jobs       JOBS=1000000

Half of the jobs are run, then all is counted at rest; then the other half, and it is counted again.  What caches hold is
bounded, and full, or as full as it gets, after the first half.
"""
import argparse
import http.client
import itertools
import json
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from support.server import Server, at_rest, descendants  # pylint: disable=wrong-import-position

# Each is run with a number of its own, or with one of few: what is compiled is found in the cache, mostly.
KINDS = [
    ("bash", "echo {one}", "{one}\n"),
    ("bash", "for i in 1 2 3; do sleep 9 & done; echo {one}", "{one}\n"),
    ("python", "print({one})", "{one}\n"),
    ("bash", "echo {one} > a; mkdir b; ln -s /etc/passwd b/c; cat a", "{one}\n"),
    ("c", "int puts(const char *); int main(void) {{ puts(\"{few}\"); }}", "{few}\n"),
    ("c", "int main(void) {{ return x{few}; }}", None),
    ("bash", "kill -9 $$", None),
]
# Pages that malloc keeps, and what a table has room for: not what a leak of a few bytes a job adds up to.
MEMORY_SLACK = 1 << 20


class Client(threading.Thread):
    def __init__(self, port, numbers):
        super().__init__()
        self.port, self.numbers = port, numbers
        self.wrong = []

    def execute(self, connection, number):
        language, source, expected = KINDS[number % len(KINDS)]
        names = {"one": number, "few": number % 20}
        body = {"language": language, "version": "*", "files": [{"content": source.format(**names)}]}
        connection.request("POST", "/api/v2/execute", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 200:
            self.wrong.append(said)
        elif expected is not None and json.loads(said)["run"]["stdout"] != expected.format(**names):
            self.wrong.append(said)

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        for number in self.numbers:
            self.execute(connection, number)
        connection.close()


def run_jobs(port, first, count, clients):
    numbers = iter(range(first, first + count))
    lock = threading.Lock()

    def shared():
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            yield number

    all_clients = [Client(port, shared()) for _ in range(clients)]
    for one in all_clients:
        one.start()
    for one in all_clients:
        one.join()
    return list(itertools.chain.from_iterable(one.wrong for one in all_clients))


def memory_of(pid):
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"no Anonymous line for process {pid}")


def memory_cgroups():
    """Also those that are removed and not gone, because something holds them."""
    for line in open("/proc/cgroups"):
        if line.startswith("memory"):
            return int(line.split()[2])
    return 0


def count(server):
    facts = at_rest(server, 60)
    facts["memory"] = {pid: memory_of(pid) for pid in descendants(server.pid)}
    return facts


def grown(before, after):
    """What is more after than before: a list of sentences."""
    found = []
    for key in before:
        if key == "memory":
            continue
        if before[key] != after[key]:
            found.append(f"{key}: {before[key]} became {after[key]}")
    for pid, bytes_before in before["memory"].items():
        more = after["memory"].get(pid, 0) - bytes_before
        if more > MEMORY_SLACK:
            found.append(f"process {pid}: {more} bytes of memory more")
    return found


def check(jobs, clients, flags=(), say=lambda text: None):
    """Runs them; what has grown, and what was answered wrongly."""
    server = Server(*flags)
    try:
        half = jobs // 2
        began = time.monotonic()
        wrong = run_jobs(server.port, 0, half, clients)
        before = count(server)
        say(f"{half} jobs in {time.monotonic() - began:.0f} s; memory cgroups of the host: {memory_cgroups()}; "
            f"memory {sorted(before['memory'].values())}")
        wrong += run_jobs(server.port, half, jobs - half, clients)
        after = count(server)
        say(f"{jobs} jobs in {time.monotonic() - began:.0f} s; memory cgroups of the host: {memory_cgroups()}; "
            f"memory {sorted(after['memory'].values())}")
    finally:
        code, log = server.stop()
    found = grown(before, after)
    if code != 0:
        found.append(f"belljar ended with {code}: {log[-500:]}")
    return found, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000000)
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    found, wrong = check(options.jobs, options.clients, say=lambda text: print(text, flush=True))
    for sentence in found:
        print("grown:", sentence)
    print(f"{len(wrong)} wrong answers", wrong[:3] if wrong else "")
    return 1 if found or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
