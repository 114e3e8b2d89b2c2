# SPDX-License-Identifier: Apache-2.0
"""What parts of the bench hand over: figures, tables, and what was promised."""
import dataclasses
import statistics


@dataclasses.dataclass
class Promise:
    """A row of the table of targets."""
    text: str
    value: float
    unit: str
    target: float
    least: bool = False  # the target is the least, not the most
    note: str = ""

    def kept(self):
        return self.value >= self.target if self.least else self.value <= self.target

    def line(self):
        bound = "at least" if self.least else "at most"
        return f"| {self.text} | {number(self.value)} {self.unit} | {bound} {number(self.target)} | {'yes' if self.kept() else '**no**'} | {self.note} |"


@dataclasses.dataclass
class Part:
    """Of one part of a run: raw figures, Markdown, promises, and the ratios that --compare looks at."""
    raw: dict
    lines: list
    promises: list = dataclasses.field(default_factory=list)
    ratios: dict = dataclasses.field(default_factory=dict)  # {name: (value, "lower" or "higher" is better)}
    plots: dict = dataclasses.field(default_factory=dict)   # {file name: SVG}


def number(value):
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 20 else f"{value:.2f}"


def share(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def median(values):
    return statistics.median(values)


def spread(values):
    """The median, and what eight of ten lie between."""
    return f"{number(median(values))} ({number(share(values, 0.1))}-{number(share(values, 0.9))})"


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head), *("| " + " | ".join(row) + " |" for row in rows)]


def promises_table(promises):
    return ["| measure | measured | target | kept | |", "| --- | --- | --- | --- | --- |", *(promise.line() for promise in promises)]
