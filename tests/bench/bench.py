#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make bench: what belljar costs on this machine, beside the bare command and every peer that is found, in one run.

Parts: rest, start, hello, compile, load, fair (the table of targets comes from these), judge0, streams, idle, limits,
defences, installed; all of them, or those that are named.  Everybody runs the same programs in turns, so that a noisy neighbour hits
all alike.  Prints Markdown; --write puts it and the plots into docs, --json keeps the raw figures, --compare OLD.json
fails when a ratio has become worse by more than a tenth, --beside NAME=OTHER.json shows the load of another machine.
Peers are looked for in PATH and in --peers FOLDER; Piston is a server that runs already, on 127.0.0.1 (--piston PORT).
"""
import argparse
import contextlib
import dataclasses
import functools
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time

import beside
import compare
import defences
import fairness
import figures as figures_of_all
import idle
import installed
import judge0
import latency
import limits
import peers
import rest
import serving
import stream
import throughput
from figures import Part
from load import Load
from serving import Connection

ROOT = serving.ROOT
FORMAT = 2
NEIGHBOURS = 4


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
                 platform.machine())
    groups = "v2" if os.path.exists("/sys/fs/cgroup/cgroup.controllers") else "v1"
    return f"{os.cpu_count()} CPUs ({model}), Linux {platform.release()}, cgroup {groups}"


@dataclasses.dataclass
class Context:
    """What parts share."""
    build: str
    count: int
    seconds: float
    load: Load
    peers: list
    notes: dict      # {who: why not}
    stack: contextlib.ExitStack

    # (process, port); begun when first asked for: parts about memory at rest want no other belljar.
    @functools.cached_property
    def warm(self):
        """belljar as it comes."""
        return self.stack.enter_context(serving.serving(self.build))

    @functools.cached_property
    def cold(self):
        """belljar without spare boxes."""
        return self.stack.enter_context(serving.serving(self.build, settings=serving.NO_POOL))


def prepared(build):
    """What compilers find ready in a server that has run for a while."""
    known = subprocess.run([str(ROOT / build / "belljar"), "help"], capture_output=True, text=True)
    if "prepare" in known.stdout:
        subprocess.run([str(ROOT / build / "belljar"), "prepare"], stdout=subprocess.DEVNULL, check=True)


COMPARED = {"rest": rest.rest, "start": rest.start, "hello": latency.hello, "compile": latency.compile_part, "load": throughput.load,
            "fair": fairness.fair}


def run_compared(options, names):
    """{part: Part}, {who: why not}"""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        prepared(options.build)
        found, notes = stack.enter_context(peers.found(options, folder))
        context = Context(options.build, options.count, options.seconds, Load(folder), found, notes, stack)
        return {name: COMPARED[name](context) for name in names}, notes


# --- parts that are about belljar alone ---------------------------------------------------

def bench_judge0(options):
    @contextlib.contextmanager
    def keeping(kept, *flags):
        with serving.serving(options.build, "--data", kept, *flags) as (_, port):
            yield port

    few = judge0.measure(keeping, Connection, judge0.FEW, options.count, options.seconds)
    many = judge0.measure(keeping, Connection, options.stored, options.count, options.seconds)
    return Part({"few": few, "many": many}, judge0.table(few, many, options.stored))


def bench_streams(options):
    with serving.serving(options.build) as (_, port):
        figures = stream.measure(port, options.count)
    return Part(figures, stream.table(figures))


def bench_idle(options):
    figures = {}
    for kind in idle.KINDS:
        with serving.serving(options.build, *idle.FLAGS) as (_, port):
            figures[kind] = idle.measure(port, kind)
    return Part(figures, idle.table(figures))


def bench_limits(options):
    with serving.serving(options.build, "--slots", str(NEIGHBOURS + 1)) as (_, port):
        figures = limits.measure(lambda: Connection(port), NEIGHBOURS)
    return Part(figures, limits.table(figures, NEIGHBOURS))


def weakened_build(build):
    """Optimised as `build` is; only its switches are more."""
    folder = f"{build}-weak"
    if not (ROOT / folder / "build.ninja").exists():
        subprocess.run(["meson", "setup", folder, "-Dweaken=true"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", folder, "--quiet"], cwd=ROOT, check=True)
    return folder


def bench_defences(options):
    build = weakened_build(options.build)
    # New boxes: of a spare one, what defences cost is paid before the request comes.
    settings = serving.NO_POOL
    with serving.serving(build, settings=settings) as whole, \
            serving.serving(build, settings=settings, env={"BELLJAR_WEAKEN": defences.WITHOUT}) as weakened:
        figures = defences.measure(Connection(whole[1]), Connection(weakened[1]), options.count)
    return Part(figures, defences.table(figures))


def bench_installed(options):
    return installed.part(options.build, options.store, options.count)


ALONE = {"judge0": bench_judge0, "streams": bench_streams, "idle": bench_idle, "limits": bench_limits, "defences": bench_defences,
         "installed": bench_installed}


# --- what comes out ----------------------------------------------------------------------

def document(options, parts, notes):
    """Markdown lines."""
    lines = [f"Machine: {machine()}.  {options.count} rounds a row, {options.seconds:g} s of load."]
    lines += [f"Not in these tables: {', '.join(f'{who} ({why})' for who, why in sorted(notes.items()))}."] if notes else []
    promises = [promise for part in parts.values() for promise in part.promises]
    if promises:
        lines += ["", *figures_of_all.promises_table(promises)]
    for part in parts.values():
        lines += ["", *[f"![{name}](plots/{name})" for name in part.plots], *([""] if part.plots else []), *part.lines]
    return lines


def write(lines, parts):
    plots = ROOT / "docs/plots"
    plots.mkdir(exist_ok=True)
    for part in parts.values():
        for name, drawing in part.plots.items():
            (plots / name).write_text(drawing)
    page = ROOT / "docs/benchmarks.md"
    text, start, end = page.read_text(), "<!-- figures -->", "<!-- end of figures -->"
    before, after = text.split(start)[0], text.split(end)[1]
    page.write_text(before + start + f"\n{time.strftime('%Y-%m-%d')}.  " + "\n".join(lines) + "\n" + end + after)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--count", type=int, default=200, help="rounds of a row")
    parser.add_argument("--seconds", type=float, default=10, help="how long each is under load")
    parser.add_argument("--stored", type=int, default=100000, help="how many submissions the full store of 'judge0' holds")
    parser.add_argument("--peers", action="append", default=[], metavar="FOLDER", help="look for peers here too")
    parser.add_argument("--piston", type=int, metavar="PORT", help="a Piston that listens on 127.0.0.1")
    parser.add_argument("--store", metavar="FOLDER", help="a package store with many languages, for 'installed'")
    parser.add_argument("--json", help="also write the figures to this file")
    parser.add_argument("--compare", metavar="OLD.json", help="fail on what is worse than there by more than a tenth")
    parser.add_argument("--beside", action="append", default=[], metavar="NAME=OTHER.json", help="also show what 'load' found on another machine")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md and docs/plots")
    known = [*COMPARED, *ALONE]
    parser.add_argument("parts", nargs="*", default=known)
    options = parser.parse_args()
    for part in options.parts:
        if part not in known:
            parser.error(f"there is no part '{part}': {', '.join(known)}")
    return options


def main():
    options = arguments()
    # Before the long run, not after it.
    old = json.loads(pathlib.Path(options.compare).read_text()) if options.compare else None
    others = [beside.read(word) for word in options.beside]
    names = [name for name in COMPARED if name in options.parts]
    parts, notes = run_compared(options, names) if names else ({}, {})
    parts.update({name: part(options) for name, part in ALONE.items() if name in options.parts})
    if others and "load" in parts:
        parts["load"].lines += ["", *beside.lines(parts["load"].raw, others)]
    lines = document(options, parts, notes)
    print("\n".join(lines))
    new = {"format": FORMAT, "date": time.strftime("%Y-%m-%d"), "machine": machine(), "notes": notes,
           "ratios": {name: ratio for part in parts.values() for name, ratio in part.ratios.items()},
           "promises": [dataclasses.asdict(promise) for part in parts.values() for promise in part.promises],
           "raw": {name: part.raw for name, part in parts.items()}}
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(new))
    if options.write:
        write(lines, parts)
    if old is None:
        return 0
    said, passed = compare.compare(old, new)
    print("\n".join(said))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
