# SPDX-License-Identifier: Apache-2.0
"""Row "limits" of make bench: by how much a program passes a limit of time before it is stopped, alone and beside busy boxes."""
import json
import statistics
import threading

TARGET_MS = 10
COUNT = 10
LOOP = "for (;;) { }"
FORKS = "for (int i = 0; i < 3; i++) if (fork() == 0) for (;;) { } for (;;) { }"
CASES = {
    "CPU 150 ms": ("cpu_ms", {"cpu_ms": 150}, LOOP),
    "CPU 1.5 s": ("cpu_ms", {"cpu_ms": 1500}, LOOP),
    "CPU 150 ms, four processes": ("cpu_ms", {"cpu_ms": 150}, FORKS),
    "CPU 150 ms, half a CPU": ("cpu_ms", {"cpu_ms": 150, "cpus": 0.5}, LOOP),
    "wall 150 ms": ("wall_ms", {"wall_ms": 150}, LOOP),
    "wall 150 ms, asleep": ("wall_ms", {"wall_ms": 150}, "pause();"),
    "wall 150 ms, half a CPU": ("wall_ms", {"wall_ms": 150, "cpus": 0.5}, LOOP),
}
VERDICTS = {"cpu_ms": "time_limit", "wall_ms": "wall_time_limit"}


def overshoot(connection, case):
    key, limits, body = CASES[case]
    source = f"#include <unistd.h>\nint main(void)\n{{\n{body}\n}}\n"
    status, answer = connection.post("/api/v1/executions", json.dumps(
        {"language": "c", "source": source, "limits": {"wall_ms": 60000, **limits}, "compile": {"args": ["-O0"]}, "wait": True}).encode())
    x = json.loads(answer)
    if status != 200 or x["verdict"] != VERDICTS[key]:
        raise SystemExit(f"limits: {case}: {status} {answer!r}")
    return x["run"][key] - limits[key]


def rounds(connection):
    return {case: [overshoot(connection, case) for _ in range(COUNT)] for case in CASES}


def measure(connect, neighbours):
    """`connect` makes a connection; `neighbours`: how many other boxes are busy in the second half."""
    figures = {"alone": rounds(connect())}
    stop = threading.Event()

    def neighbour():
        connection = connect()
        while not stop.is_set():
            connection.post("/api/v1/executions", json.dumps(
                {"language": "bash", "source": "while :; do :; done", "limits": {"cpu_ms": 1000, "wall_ms": 3000}, "wait": True}).encode())

    threads = [threading.Thread(target=neighbour) for _ in range(neighbours)]
    for one in threads:
        one.start()
    figures["beside"] = rounds(connect())
    stop.set()
    for one in threads:
        one.join()
    return figures


def table(figures, neighbours):
    lines = [f"| limit passed by, ms ({COUNT} runs) | alone: median | most | beside {neighbours} busy boxes: median | most | target |", "| --- | --- | --- | --- | --- | --- |"]
    for case in CASES:
        alone, beside = figures["alone"][case], figures["beside"][case]
        lines.append(f"| {case} | {statistics.median(alone):.1f} | {max(alone):.1f} | {statistics.median(beside):.1f} | {max(beside):.1f} | {TARGET_MS} |")
    return lines
