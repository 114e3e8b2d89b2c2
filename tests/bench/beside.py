# SPDX-License-Identifier: Apache-2.0
"""make bench --beside NAME=FILE.json: what part "load" found on another machine, in columns of its own.

For the same program on a host with the other version of cgroups, for instance.  Rates of two machines say little; the
share of the bare rate says what belljar costs there.
"""
import json
import pathlib

from figures import median, number, table


def read(word):
    """(name, figures of its part "load") of NAME=FILE.json"""
    name, equals, file = word.partition("=")
    if not equals or not name:
        raise ValueError(f"--beside {word}: it should be NAME=FILE.json")
    raw = json.loads(pathlib.Path(file).read_text())["raw"]
    if "load" not in raw:
        raise ValueError(f"--beside {file}: the part 'load' was not measured there")
    return name, raw["load"]


def cells(rows):
    """Of one program on one machine."""
    if rows is None:
        return ["", "", ""]
    bare, boxed = (median(rows[name]["rate"]) for name in ("bare", "belljar"))
    return [number(bare), number(boxed), f"{boxed / bare:.2f}"]


def lines(here, others):
    """`here`: figures of "load"; `others`: what read() gave."""
    machines = [("here", here), *others]
    head = ["program", *(f"{name}: {what}" for name, _ in machines for what in ("bare", "belljar", "share"))]
    rows = [[program, *(cell for _, figures in machines for cell in cells(figures.get(program)))] for program in here]
    return ["The same on other machines: jobs per second of the bare command and of belljar, and what part of the bare rate is left.", "",
            *table(head, rows)]
