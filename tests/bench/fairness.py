# SPDX-License-Identifier: Apache-2.0
"""Part "fair" of make bench: how long a job waits, alone and behind a full queue of batches, and whether its CPU time is
told the same under load."""
import json
import os
import statistics
import tempfile
import threading
import time

import latency
import serving
from figures import Part, Promise, median, number, share, spread, table
from programs import c_like
from serving import Connection

BATCH = 2000      # more than can be run while it is looked
BATCH_CPU_MS = 50
ROWS = ["bash", "python"]
PAIRS = 20
NEIGHBOURS = 4

# Ends when it has used so much CPU time.
BURN = """#include <time.h>
int main(void)
{
    struct timespec t;
    do {
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    } while (t.tv_sec * 1000 + t.tv_nsec / 1000000 < %d);
}
"""
# The same work each time.
WORK = """int main(void)
{
    volatile unsigned n = 1;
    for (unsigned i = 0; i < 60000000; i++) {
        n = n * 1664525 + 1013904223;
    }
}
"""
CLOCK = """#include <stdio.h>
#include <time.h>
int main(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    printf("%lld\\n", t.tv_sec * 1000000000LL + t.tv_nsec);
}
"""


def native(connection, **body):
    status, answer = connection.post("/api/v1/executions", json.dumps({"wait": True, **body}).encode())
    answer = json.loads(answer)
    if status not in (200, 202) or (body.get("wait", True) and answer["verdict"] != "ok"):
        raise SystemExit(f"fair: {status} {answer}")
    return answer


def samples(connection):
    """{name: value} of /metrics."""
    _, text = connection.get("/metrics")
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.decode().splitlines() if line and line[0] != "#"}


# --- from acceptance to the start ---------------------------------------------------------

def spawn_to_main_ms(path):
    reader, writer = os.pipe()
    start = time.time_ns()
    pid = os.posix_spawn(path, [path], {}, file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1)])
    os.close(writer)
    said = os.read(reader, 64)
    os.close(reader)
    os.waitpid(pid, 0)
    return (int(said) - start) / 1e6


def request_to_main_ms(connection):
    start = time.time_ns()
    return (int(native(connection, language="c", source=CLOCK)["run"]["stdout"]) - start) / 1e6


def histogram_median(before, after, name):
    """(the bound below which half of the samples lie, in ms; their mean, in ms)"""
    def grown(suffix):
        found = {}
        for key, value in after.items():
            if key.startswith(name + suffix):
                bound = key.split('le="')[1].split('"')[0] if "le=" in key else ""
                found[bound] = found.get(bound, 0) + value - before.get(key, 0)
        return found
    count, total = sum(grown("_count").values()), sum(grown("_sum").values())
    bounds = sorted((float(bound), value) for bound, value in grown("_bucket").items() if bound != "+Inf")
    half = next((bound for bound, value in bounds if value >= count / 2), float("inf"))
    return half * 1000, total / count * 1000


def accepted(context):
    connection = Connection(context.warm[1])
    request_to_main_ms(connection)
    with tempfile.TemporaryDirectory() as folder:
        latency.build(c_like("c", "main.c", "/usr/bin/gcc", "-std=gnu17", CLOCK, ""), folder)
        before = samples(connection)
        bare, ours = [], []
        for _ in range(context.count):
            time.sleep(0.03)
            bare.append(spawn_to_main_ms(folder + "/a.out"))
            ours.append(request_to_main_ms(connection))
        after = samples(connection)
    bound, mean = histogram_median(before, after, "belljar_job_queue_seconds")
    return {"bare": bare, "belljar": ours, "slot_bound_ms": bound, "slot_mean_ms": mean}


# --- behind batches ----------------------------------------------------------------------

def behind(context):
    """{program: {"idle", "full": [ms]}}: a job that is waited for, paused, then behind a queue of batches that is full."""
    figures = {}
    for name in ROWS:
        figures[name] = {}
        with serving.serving(context.build, "--server-grace-ms", "0") as server:
            connection = Connection(server[1])
            subject = latency.request_of(latency.PROGRAMS[name], "belljar", server, 50)
            native(connection, language="c", source=BURN % BATCH_CPU_MS)
            figures[name]["idle"] = context.load.turns([subject], context.count // 2 + 10)["belljar"]
            for _ in range(BATCH):
                native(connection, language="c", source=BURN % BATCH_CPU_MS, priority="batch", wait=False)
            figures[name]["full"] = context.load.turns([subject], context.count // 2 + 10)["belljar"]
            left = sum(value for key, value in samples(connection).items() if key.startswith("belljar_queue_jobs"))
            if left < 1:
                raise SystemExit("fair: the queue was not full all the time")
    return figures


# --- CPU time under load -----------------------------------------------------------------

def busy(port, until):
    connection = Connection(port)
    while not until.is_set():
        native(connection, language="c", source=BURN % (2 * BATCH_CPU_MS))


def one_under_load(port, connection):
    until = threading.Event()
    threads = [threading.Thread(target=busy, args=(port, until)) for _ in range(NEIGHBOURS)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    try:
        return native(connection, language="c", source=WORK)["run"]["cpu_ms"]
    finally:
        until.set()
        for thread in threads:
            thread.join()


def told(context):
    """CPU milliseconds of the same work, alone and beside busy boxes, in alternating pairs."""
    with serving.serving(context.build, "--slots", str(NEIGHBOURS + 1)) as (_, port):
        connection = Connection(port)
        for source in (WORK, BURN % (2 * BATCH_CPU_MS)):
            native(connection, language="c", source=source)
        figures = {"alone": [], "loaded": []}
        for _ in range(PAIRS):
            figures["alone"].append(native(connection, language="c", source=WORK)["run"]["cpu_ms"])
            figures["loaded"].append(one_under_load(port, connection))
    return figures


def fair(context):
    wait, queue, cpu = accepted(context), behind(context), told(context)
    promises = [Promise("accepted to started, idle machine: median", wait["slot_bound_ms"], "ms", 0.3,
                        note=f"the bound of /metrics that half lie below; mean {wait['slot_mean_ms']:.3f} ms")]
    for name, row in queue.items():
        promises.append(Promise(f"{name} hello behind a full queue of batches: of idle", median(row["full"]) / median(row["idle"]), "", 2,
                                note=f"{number(median(row['full']))} ms of {number(median(row['idle']))}"))
    alone, loaded = cpu["alone"], statistics.median(cpu["loaded"])
    promises.append(Promise(f"CPU time told beside {NEIGHBOURS} busy boxes, median of {PAIRS}: outside of the spread alone by",
                            max(0.0, loaded - max(alone), min(alone) - loaded), "ms", 0,
                            note=f"{number(loaded)} ms; alone {number(min(alone))} to {number(max(alone))}"))
    lines = [
        *table(["from the request to the first line of `main()` of a C program", "ms"],
               [["bare, from posix_spawn", spread(wait["bare"])], ["belljar, from the client's write", spread(wait["belljar"])]]), "",
        *table(["a job that is waited for", "idle, ms", f"behind {BATCH:,} batch jobs, ms", "its 99th percentile"],
               [[f"{name} hello", spread(row["idle"]), spread(row["full"]), number(share(row["full"], 0.99))] for name, row in queue.items()]), "",
        *table(["CPU time told of the same work, ms", "median", "least", "most"],
               [[text, number(median(cpu[key])), number(min(cpu[key])), number(max(cpu[key]))]
                for key, text in (("alone", "alone"), ("loaded", f"beside {NEIGHBOURS} busy boxes"))])]
    ratios = {f"fair/{name}/full to idle": (median(row["full"]) / median(row["idle"]), "lower") for name, row in queue.items()}
    ratios["fair/request to main, to bare"] = (median(wait["belljar"]) / median(wait["bare"]), "lower")
    ratios["fair/CPU time loaded to alone"] = (loaded / median(alone), "lower")
    return Part({"accepted": wait, "behind": queue, "cpu": cpu}, lines, promises, ratios)
