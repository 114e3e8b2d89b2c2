# SPDX-License-Identifier: Apache-2.0
"""Part "load" of make bench: eight at once, back to back; everybody for a slice of time, in turns.

CPU time of belljar is what its server, boxd and all boxes used, of which the program's own share is what a bare run uses.
CPU time of the machine is what all CPUs together worked in a slice, the client's share in it: for all to compare.
"""
import collections

import latency
import plot
from figures import Part, Promise, median, number, share, spread, table
from programs import PROGRAMS
from serving import cpu_of, machine_ns

WORKERS = 8
SLICES = 4
ROWS = ["c", "bash", "python", "node"]
LEAST = {"python": 300, "bash": 400, "c": 500}
CPU_MOST_MS = 1.5
TAIL_MOST = 4


def one_slice(context, subject, found):
    before, machine = cpu_of(subject.tree) if subject.tree else {}, machine_ns()
    times, wall, commands_ns = context.load.rush(subject, WORKERS, context.seconds / SLICES)
    machine = machine_ns() - machine
    after = cpu_of(subject.tree) if subject.tree else {}
    jobs = len(times)
    found["ms"] += times
    found["rate"].append(jobs / wall)
    found["machine_ms"].append(machine / jobs / 1e6)
    if subject.tree:
        found["cpu_ms"].append({key: (after[key] - before[key]) / jobs / 1e6 for key in after})
    elif subject.commands:
        found["commands_ms"].append(commands_ns / jobs / 1e6)


def one_row(context, program, folder):
    latency.build(program, folder)
    subjects = [latency.bare_of(program, folder), latency.request_of(program, "belljar", context.warm),
                latency.request_of(program, "belljar-cold", context.cold),
                *latency.others(context.peers, program, folder, context.notes)]
    figures = {subject.name: collections.defaultdict(list) for subject in subjects}
    for subject in subjects:
        context.load.rush(subject, WORKERS, 0.3)
    for _ in range(SLICES):
        for subject in subjects:
            one_slice(context, subject, figures[subject.name])
    return figures


def cpu_of_job(figures, name):
    """{part: milliseconds}; "own": without what a bare run of the program takes."""
    slices = figures[name]["cpu_ms"]
    parts = {key: median([one[key] for one in slices]) for key in slices[0]}
    parts["all"] = median([sum(one.values()) for one in slices])
    parts["own"] = parts["all"] - median(figures["bare"]["commands_ms"])
    return parts


def promises(figures):
    found = []
    for program, least in LEAST.items():
        if program in figures:
            rows = figures[program]
            note = ", ".join(f"{name} {median(rows[name]['rate']):,.0f}" for name in ("bare", "Piston", "isolate", "go-judge") if name in rows)
            found.append(Promise(f"{program}{' (compiled before)' if program == 'c' else ' hello'}, {WORKERS} at once: per second",
                                 median(rows["belljar"]["rate"]), "", least, least=True, note=note))
    if "c" in figures:
        found.append(Promise("CPU of belljar for a c program compiled before", cpu_of_job(figures["c"], "belljar")["own"], "ms", CPU_MOST_MS,
                             note="server + boxd + init, user + system"))
    for program, rows in figures.items():
        times = rows["belljar"]["ms"]
        found.append(Promise(f"{program}, {WORKERS} at once: 99th percentile, of the median", share(times, 0.99) / median(times), "", TAIL_MOST,
                             note=f"{number(share(times, 0.99))} ms of {number(median(times))}"))
    return found


def ratios(figures):
    found = {}
    for program, rows in figures.items():
        for name in ("belljar", "belljar-cold"):
            found[f"load/{program}/{name} per second to bare"] = (median(rows[name]["rate"]) / median(rows["bare"]["rate"]), "higher")
            cpu = cpu_of_job(rows, name)
            found[f"load/{program}/{name} CPU to bare"] = (cpu["all"] / median(rows["bare"]["commands_ms"]), "lower")
        times = rows["belljar"]["ms"]
        found[f"load/{program}/belljar p99 to median"] = (share(times, 0.99) / median(times), "lower")
    return found


def lines_of(figures):
    names = latency.columns({program: {"all": rows} for program, rows in figures.items()})
    rates = [[program, *(spread(rows[name]["rate"]) if name in rows else "" for name in names)] for program, rows in figures.items()]
    tails = [[program, *(f"{number(median(rows[name]['ms']))} / {number(share(rows[name]['ms'], 0.99))}" if name in rows else "" for name in names)]
             for program, rows in figures.items()]
    machine = [[program, *(number(median(rows[name]["machine_ms"])) if name in rows else "" for name in names)] for program, rows in figures.items()]
    cpu = []
    for program, rows in figures.items():
        for name in ("belljar", "belljar-cold"):
            parts = cpu_of_job(rows, name)
            cpu.append([program, name, *(number(parts[key]) for key in ("server", "boxd", "boxes", "all")),
                        number(median(rows["bare"]["commands_ms"])), number(parts["own"])])
    return [f"Jobs per second, {WORKERS} at once: median of {SLICES} slices, and their spread.", "", *table(["program", *names], rates), "",
            "Milliseconds of one of them: median / 99th percentile.", "", *table(["program", *names], tails), "",
            "CPU milliseconds of the whole machine for one job, client and all.", "", *table(["program", *names], machine), "",
            "CPU milliseconds of belljar's processes for one job; boxes: init and the program.", "",
            *table(["program", "", "server", "boxd", "boxes", "all", "bare program", "belljar's own"], cpu)]


def load(context):
    figures = {}
    for name in ROWS:
        reason = latency.missing(PROGRAMS[name], context.warm)
        if reason:
            context.notes[name] = reason
            continue
        with latency.folder_of_programs() as folder:
            figures[name] = one_row(context, PROGRAMS[name], folder)
    bars = {program: {name: median(row["rate"]) for name, row in rows.items()} for program, rows in figures.items()}
    return Part(figures, lines_of(figures), promises(figures), ratios(figures),
                {"throughput.svg": plot.bars(f"Jobs per second, {WORKERS} at once", bars)} if bars else {})
