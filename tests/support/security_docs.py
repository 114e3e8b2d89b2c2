# SPDX-License-Identifier: Apache-2.0
"""Fills the threat table of docs/security.md from tests/hostile: `make docs`; tests/hostile/test_docs.py says when that is due.

Which programs prove a row is said by their own heads (`threat: A1`); which other tests do, by the lines `proves: E4` in those tests.
"""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs/security.md"
START, END = "<!-- threats -->", "<!-- end of threats -->"
PROGRAMS = ROOT / "tests/hostile/programs"
TESTS = [path for path in sorted((ROOT / "tests").rglob("test_*.[cp]*")) if path.suffix in (".c", ".py")]
PARTS = {"A": "Files", "B": "Processes", "C": "Resources", "D": "Kernel surface", "E": "Leaks and channels", "F": "The service"}
NOT_DEFENDED = {"D12", "E9", "E10"}


def threats():
    """[(id, threat, defence)]"""
    return [tuple(line.split("\t")) for line in (ROOT / "tests/hostile/threats.tsv").read_text().splitlines()]


def listed(path, key):
    """The ids on the lines `key: A1, B2` of a file."""
    found = re.findall(rf"^[ */#\"]*{key}: ([A-F][0-9, A-F]*)", path.read_text(), re.MULTILINE)
    return {one for line in found for one in re.findall(r"[A-F]\d+", line)}


def proofs():
    """{id: [name of a program or a test file]}"""
    found = {}
    for path in sorted(PROGRAMS.iterdir()):
        for one in listed(path, "threat"):
            found.setdefault(one, []).append(f"`{path.stem}`")
    for path in TESTS:
        for one in listed(path, "proves"):
            found.setdefault(one, []).append(f"[{path.name}](../{path.relative_to(ROOT)})")
    return found


def table():
    known, lines, part = proofs(), [], ""
    for one, threat, defence in threats():
        if one[0] != part:
            part = one[0]
            lines += ["", f"### {PARTS[part]}", "", "| | threat | defence | proof |", "| --- | --- | --- | --- |"]
        lines.append(f"| {one} | {threat} | {defence} | {', '.join(known.get(one, [])) or '-'} |")
    return "\n".join(lines) + "\n\n"


def filled(text):
    head, rest = text.split(START)
    return head + START + "\n" + table() + END + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text()))
