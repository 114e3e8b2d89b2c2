# SPDX-License-Identifier: Apache-2.0
"""Row "defences" of make bench: what the system call filter, Landlock and the user namespace cost a job.

Two servers of one test build (meson -Dweaken=true), one whole and one without these three, get the same request in turns.
"""
import json
import statistics
import time

WITHOUT = "filter,landlock,userns"
TARGET_MS = 0.7
JOBS = {"bash hello": ("bash", "echo Hello\n"), "python hello": ("python", "print('Hello')\n")}


def once(connection, body):
    start = time.perf_counter()
    status, answer = connection.post("/api/v2/execute", body)
    took = (time.perf_counter() - start) * 1000
    if status != 200 or json.loads(answer)["run"]["stdout"] != "Hello\n":
        raise SystemExit(f"defences: {status} {answer!r}")
    return took


def measure(whole, weakened, count):
    """Both are connections; the milliseconds of each, request by request."""
    rows = {}
    for name, (language, source) in JOBS.items():
        body = json.dumps({"language": language, "version": "*", "files": [{"content": source}]}).encode()
        rows[name] = {"whole": [], "weakened": []}
        for i in range(count + 10):
            # Who goes first changes: the second one finds warmer caches.
            pairs = [("whole", whole), ("weakened", weakened)]
            for key, connection in pairs if i % 2 else reversed(pairs):
                took = once(connection, body)
                if i >= 10:
                    rows[name][key].append(took)
    return rows


def table(rows):
    lines = [f"| job | without {WITHOUT.replace(',', ', ')}: median ms | with all, ms | cost, ms | target, ms |", "| --- | --- | --- | --- | --- |"]
    for name, row in rows.items():
        less, all_of_it = statistics.median(row["weakened"]), statistics.median(row["whole"])
        lines.append(f"| {name} | {less:.2f} | {all_of_it:.2f} | {all_of_it - less:+.2f} | {TARGET_MS:+.1f} |")
    return lines
