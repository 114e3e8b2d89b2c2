# SPDX-License-Identifier: Apache-2.0
"""Parts "rest" and "start" of make bench: what belljar holds when nobody asks, and how soon it answers."""
import json
import tempfile
import threading
import time

import serving
from figures import Part, Promise, median, number, spread, table
from programs import PROGRAMS
from serving import NO_POOL, QUIET, Connection, Tree

LANGUAGES = ["bash", "c", "python"]
AT_ONCE = 2      # so many spares of each are asked for
FILL_S = 3       # the last boxes have ended, the pool is full
STARTS = 11


def body_of(program):
    return json.dumps({"language": program.language, "version": "*", "files": [{"name": program.file, "content": program.source}]}).encode()


def ask(port, program, times=1):
    connection = Connection(port)
    for _ in range(times):
        status, answer = connection.post("/api/v2/execute", body_of(program))
        if status != 200 or program.expect.encode() not in answer:
            raise SystemExit(f"{program.language}: {status} {answer!r}")


def fill(port):
    """Demand for two at a time of each, twice: of what the pool has not measured it makes one at first."""
    for name in [*LANGUAGES, *LANGUAGES]:
        threads = [threading.Thread(target=ask, args=(port, PROGRAMS[name], 5)) for _ in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        time.sleep(FILL_S / len(LANGUAGES))


def ticks(tree):
    """Of the server, boxd and all that lives below, in two seconds."""
    before = sum(map(serving.run_ns, serving.descendants(tree.parent)))
    time.sleep(2)
    return (sum(map(serving.run_ns, serving.descendants(tree.parent))) - before) / 1e6


def boxes_of(tree):
    """[{what runs in it, MiB unshared, MiB charged to its cgroup}] of the spare boxes."""
    found = []
    for init in tree.boxes():
        # The process that waits for START has init's memory, and its name.
        pids = [init, *(pid for pid in serving.descendants(init)[1:] if serving.name_of(pid) != serving.name_of(init))]
        charged = serving.cgroup_bytes(init)
        found.append({"holds": serving.name_of(pids[1]) if len(pids) > 1 else "init", "unshared": sum(serving.memory_of(pid)[2] for pid in pids),
                      "charged": charged / (1 << 20) if charged is not None else None})
    return found


def held(build, settings):
    with serving.serving(build, settings=settings) as (process, port):
        fill(port)
        tree = Tree(process.pid)
        rows = [(serving.name_of(pid), *serving.memory_of(pid)) for pid in [tree.parent, *tree.servers, tree.boxd, *tree.others()]]
        boxes = boxes_of(tree)
        return {"processes": rows, "boxes": boxes, "cpu_ms": ticks(tree),
                "unshared": sum(row[3] for row in rows) + sum(box["unshared"] for box in boxes)}


def box_rows(boxes):
    rows = []
    for holds in sorted({box["holds"] for box in boxes}):
        some = [box for box in boxes if box["holds"] == holds]
        charged = [box["charged"] for box in some if box["charged"] is not None]
        rows.append([holds, str(len(some)), spread([box["unshared"] for box in some]), number(median(charged)) if charged else ""])
    return rows


def rest(context):
    figures = {"off": held(context.build, NO_POOL), "filled": held(context.build, QUIET)}
    boxes = figures["filled"]["boxes"]
    promises = [Promise("unshared memory at rest, pool off", figures["off"]["unshared"], "MiB", 20),
                Promise("unshared memory at rest, pool filled", figures["filled"]["unshared"], "MiB", 60, note=f"{len(boxes)} spare boxes")]
    for holds, most, text in (("init", 1, "an idle spare box"), ("python", 12, "a spare box with a warm python")):
        some = [box["unshared"] for box in boxes if box["holds"].startswith(holds)]
        if some:
            promises.append(Promise(f"unshared memory of {text}", median(some), "MiB", most))
    lines = []
    for mode, text in (("off", "pool off"), ("filled", "pool filled")):
        rows = [[name, *map(number, sizes)] for name, *sizes in figures[mode]["processes"]]
        lines += [*table([f"process at rest, {text}", "resident MiB", "proportional MiB", "unshared MiB"], rows), "",
                  f"CPU of all of them in two idle seconds: {figures[mode]['cpu_ms']:.2f} ms.  Unshared, with spare boxes: {number(figures[mode]['unshared'])} MiB.", ""]
    if boxes:
        lines += table(["a spare box holds", "so many", "unshared MiB", "charged to its cgroup, MiB"], box_rows(boxes))
    ratios = {f"rest/{mode}/unshared MiB": (figures[mode]["unshared"], "lower") for mode in figures}
    return Part(figures, lines, promises, ratios)


def one_start(build, env):
    """Milliseconds from the start of the program to the first answer."""
    program = PROGRAMS["bash"]
    with tempfile.TemporaryDirectory() as data:
        start = time.perf_counter()
        process, port = serving.serve(build, data, env=env)
        ready = time.perf_counter()
        try:
            ask(port, program)
            return (ready - start) * 1000, (time.perf_counter() - start) * 1000
        finally:
            serving.stop(process)


def start(context):
    env = serving.environment_of(context.build, QUIET)
    one_start(context.build, env)
    times = [one_start(context.build, env) for _ in range(STARTS)]
    ready, answered = [one[0] for one in times], [one[1] for one in times]
    lines = table(["from `belljar serve`", "ms"], [["to ready", spread(ready)], ["to the first answered job (bash)", spread(answered)]])
    return Part({"ready": ready, "answered": answered}, lines, [Promise("from `belljar serve` to the first answered job", median(answered), "ms", 150)],
                {"start/first answer ms": (median(answered), "lower")})
