# SPDX-License-Identifier: Apache-2.0
"""Parts "hello" and "compile" of make bench: how long one job takes, everybody in turns.

hello: programs that were compiled before, if they are; after each request of belljar there is a pause of three times what
a new box of this language takes, so that spares are there again; then once more in bursts without pauses.
compile: programs that nobody has seen before, and again the same program.
"""
import contextlib
import json
import os
import pathlib
import subprocess
import tempfile

import plot
from figures import Part, Promise, median, number, share, spread, table
from load import ENVIRONMENT, Subject
from programs import MARK, PROGRAMS
from serving import Connection, Tree

HELLO = ["c", "bash", "python", "node", "java"]
COMPILE = ["c hello", "c++ bits", "java", "go"]
BURST = 10
SCHEDULE_MS = 10  # the least pause: what is torn down behind an answer is not the next one's


def build(program, folder):
    """The program in a folder that other ids may read."""
    os.chmod(folder, 0o755)
    pathlib.Path(folder, program.file).write_text(program.source)
    if program.compile:
        subprocess.run(program.compile, cwd=folder, check=True, stderr=subprocess.PIPE,
                       env={**ENVIRONMENT, "HOME": os.path.expanduser("~")})


def request_of(program, name, server, pause_ms=5):
    process, port = server
    body = {"language": program.language, "version": "*", "files": [{"name": program.file, "content": program.source}]}
    return Subject(name, port=port, body=body, expect=program.expect or '"code":0', pause_ms=pause_ms, tree=Tree(process.pid))


def bare_of(program, folder, compiles=False):
    commands = [*([program.compile] if compiles and program.compile else []), program.run]
    if MARK not in program.source:
        return Subject("bare", commands=commands, folder=folder, expect=program.expect)
    return Subject("bare", commands=commands, folder=folder, expect=program.expect, fresh=str(pathlib.Path(folder, program.file)),
                   source=program.source)


def languages_of(server):
    _, answer = Connection(server[1]).get("/api/v2/runtimes")
    return {row["language"] for row in json.loads(answer)}


def missing(program, server):
    """Why it cannot be measured here, or None."""
    for words in (program.compile, program.run):
        if words and words[0].startswith("/") and not os.path.exists(words[0]):
            return f"{words[0]} is not installed"
    return None if program.language in languages_of(server) else f"belljar has no {program.language}"


def others(peers, program, folder, notes):
    """Their subjects; who cannot is noted."""
    subjects = []
    for peer in peers:
        try:
            subjects.append(peer.subject(program, folder))
        except LookupError as error:
            notes.setdefault(peer.name, str(error))
    return subjects


@contextlib.contextmanager
def folder_of_programs():
    """Others bind the host's tools below it.  Nothing is deleted while such a mount is to be seen from here."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            yield folder
        finally:
            if any(line.split()[4].startswith(folder + "/") for line in open("/proc/self/mountinfo")):
                os.rename(folder, folder + ".mounted")  # no longer what is deleted
                raise SystemExit(f"make bench: something is still mounted below {folder}.mounted")


def one_hello(context, program, folder):
    build(program, folder)
    probe = context.load.turns([request_of(program, "belljar-cold", context.cold)], 10)["belljar-cold"]
    pause = max(SCHEDULE_MS, 3 * median(probe))
    subjects = [bare_of(program, folder), request_of(program, "belljar", context.warm, pause),
                request_of(program, "belljar-cold", context.cold, SCHEDULE_MS),
                *others(context.peers, program, folder, context.notes)]
    spaced = context.load.turns(subjects, context.count)
    burst = context.load.turns(subjects[:3], max(1, context.count // BURST), BURST)
    return {"pause_ms": pause, "spaced": spaced, "burst": burst}


def columns(figures):
    """Subjects in the order of their appearance, belljar's first."""
    names = {}
    for modes in figures.values():
        for mode in modes.values():
            if isinstance(mode, dict):
                names.update(dict.fromkeys(mode))
    first = [name for name in ("bare", "belljar", "belljar-cold") if name in names]
    return first + [name for name in names if name not in first]


def cells(times, names):
    return [spread(times[name]) if name in times else "" for name in names]


def ratios_of(part, figures):
    return {f"{part}/{program}/{mode}/{name} to bare": (median(times[name]) / median(times["bare"]), "lower")
            for program, modes in figures.items() for mode, times in modes.items() if isinstance(times, dict)
            for name in times if name.startswith("belljar")}


def hello_promises(figures):
    def of(program, mode, name):
        return median(figures[program][mode][name])

    found = []
    if "c" in figures:
        for name, most, text in (("belljar", 0.6, "a spare box is ready"), ("belljar-cold", 2, "new box")):
            above = of("c", "spaced", name) - of("c", "spaced", "bare")
            found.append(Promise(f"`int main(){{}}`, compiled before, {text}: above bare", above, "ms", most,
                                 note=f"{number(of('c', 'spaced', name))} ms, bare {number(of('c', 'spaced', 'bare'))}"))
    for program, most in (("bash", 2.5), ("python", 3), ("node", 8), ("java", 25)):
        for mode, text in (("spaced", "warm"), ("burst", "back to back")):
            # Of the others only a warm start is promised: back to back their starts are what one waits for.
            if program in figures and (mode == "spaced" or program == "bash"):
                note = f"bare {number(of(program, mode, 'bare'))} ms"
                if "Piston" in figures[program][mode]:
                    note += f", Piston {number(of(program, mode, 'Piston'))}"
                found.append(Promise(f"{program} hello, {text}", of(program, mode, "belljar"), "ms", most, note=note))
    return found


def hello(context):
    figures = {}
    for name in HELLO:
        reason = missing(PROGRAMS[name], context.warm)
        if reason:
            context.notes[name] = reason
            continue
        with folder_of_programs() as folder:
            figures[name] = one_hello(context, PROGRAMS[name], folder)
    names = columns(figures)
    rows = [[program, f"{modes['pause_ms']:.0f} ms" if mode == "spaced" else f"none, {BURST} at a time", *cells(modes[mode], names)]
            for program, modes in figures.items() for mode in ("spaced", "burst")]
    lines = ["Milliseconds of one job: median, and what eight of ten lie between.", "", *table(["program", "pause", *names], rows)]
    bars = {program: {name: median(times) for name, times in modes["spaced"].items()} for program, modes in figures.items()}
    tails = {f"hello/{program}/p99 to median of belljar": (share(modes["spaced"]["belljar"], 0.99) / median(modes["spaced"]["belljar"]), "lower")
             for program, modes in figures.items() if len(modes["spaced"]["belljar"]) >= 1000}
    return Part(figures, lines, hello_promises(figures), {**ratios_of("hello", figures), **tails},
                {"latency.svg": plot.bars("One job, median milliseconds", bars)} if bars else {})


def one_compile(context, program, folder):
    fresh = program.fresh()
    build(fresh, folder)
    first = [bare_of(fresh, folder, compiles=True), request_of(fresh, "belljar", context.warm, 30),
             *others([peer for peer in context.peers if peer.compiles], fresh, folder, context.notes)]
    count = max(5, context.count // 10)
    times = {"first": context.load.turns(first, count, warmup=1)}
    build(program, folder)
    again = [bare_of(program, folder), request_of(program, "belljar", context.warm, 30)]
    times["again"] = context.load.turns(again, count * 2)
    return times


def compile_promises(figures):
    found = []

    def of(program, mode, name):
        return median(figures[program][mode][name])

    if "c hello" in figures:
        found.append(Promise("c compile + run, first time: above bare", of("c hello", "first", "belljar") - of("c hello", "first", "bare"), "ms", 2,
                             note=f"{number(of('c hello', 'first', 'belljar'))} ms, bare {number(of('c hello', 'first', 'bare'))}"))
        found.append(Promise("c compile + run, again", of("c hello", "again", "belljar"), "ms", 2.5))
    for program, most, text in (("c++ bits", 0.5, "c++ with bits/stdc++.h"), ("java", 0.6, "java, compile + run"), ("go", 1.1, "go hello")):
        if program in figures:
            mine, bare = of(program, "first", "belljar"), of(program, "first", "bare")
            found.append(Promise(f"{text}, first time: of bare", mine / bare, "", most, note=f"{number(mine)} ms, bare {number(bare)}"))
    return found


def compile_part(context):
    figures = {}
    for name in COMPILE:
        program = PROGRAMS[name]
        reason = missing(program, context.warm)
        if reason:
            context.notes[name] = reason
            continue
        with folder_of_programs() as folder:
            figures[name] = one_compile(context, program, folder)
    names = columns(figures)
    text = {"first": "compile + run, a new program each time", "again": "again the same (bare: the run alone)"}
    rows = [[program, text[mode], *cells(times, names)] for program, modes in figures.items() for mode, times in modes.items()]
    lines = ["Milliseconds from source to result: median, and what eight of ten lie between.", "", *table(["program", "", *names], rows)]
    bars = {f"{program}, {mode}": {name: median(times) for name, times in all_times.items()}
            for program, modes in figures.items() for mode, all_times in modes.items()}
    return Part(figures, lines, compile_promises(figures), ratios_of("compile", figures),
                {"compile.svg": plot.bars("From source to result, median milliseconds", bars)} if bars else {})
