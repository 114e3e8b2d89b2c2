# SPDX-License-Identifier: Apache-2.0
"""docs/languages.md: what is between its marks is written from the results of the matrix."""
import os
import re

from matrix_checks import TESTS
from matrix_results import failures
from matrix_rows import SETS, layer_bytes, set_ids, sizes

MARKED = re.compile(r"<!-- (\w+) -->\n(.*?)<!-- end -->\n", re.S)
KINDS = ("bare", "cold", "warm")
SOURCES = {"debian": "Debian", "npm": "npm", "own": "own"}


def milliseconds(number):
    if number is None:
        return ""
    return f"{number:.1f}" if number < 10 else f"{number:,.0f}"


def megabytes(number):
    return f"{number / 1e6:.1f}" if number < 10e6 else f"{number / 1e6:,.0f}"


def cells(result, size, kinds):
    figures = result.get("figures") or {}
    excused = [test for test in TESTS if test in result["excused"]]
    return [result["language"], result["name"], f"`{result['id']}`", result["version"], SOURCES.get(result["source"], result["source"]),
            *map(megabytes, size), *(milliseconds(figures.get(kind)) for kind in kinds), ", ".join(excused)]


def table(results, sizes_of):
    kinds = KINDS if any(result.get("figures") for result in results) else ()
    names = ["language", "is", "recipe", "version", "from", "own MB", "shared MB", *(f"{kind} ms" for kind in kinds), "cannot"]
    rows = [cells(result, sizes_of[result["id"]], kinds) for result in results]
    lines = ["| " + " | ".join(row) + " |" for row in [names, *rows]]
    return [lines[0], "|" + " --- |" * 5 + " ---: |" * (2 + len(kinds)) + " --- |", *lines[1:]]


def reasons(results):
    """Why what is excused is, with the recipes of which it is said."""
    said = {}
    for result in results:
        why = {}
        for test, text in result["excused"].items():
            why.setdefault(text, []).append(test)
        for text, tests in why.items():
            said.setdefault((", ".join(tests), text), []).append(f"`{result['id']}`")
    return [f"- {tests}: {text}: {', '.join(ids)}" for (tests, text), ids in sorted(said.items(), key=lambda one: (-len(one[1]), one[0]))]


def totals(results, bad, without):
    languages = {result["language"] for result in results}
    dates = sorted(result["date"][:10] for result in results)
    kernels = sorted({result["kernel"] for result in results})
    lines = [f"{len(results)} recipes of {len(languages)} languages passed everything that they can, {' to '.join(sorted({dates[0], dates[-1]}))}, on Linux "
             f"{', '.join(kernels)} with {os.cpu_count()} CPUs."]
    lines += [f"- `{result['id']}` did not: {', '.join(failures(result))}." for result in bad]
    lines += [f"Not run: {', '.join(f'`{row.id}`' for row in without)}."] * bool(without)
    return lines


def sets(rows, store):
    """With what they stand on, what several have counted once."""
    installed = {row.id: row for row in rows if row.is_installed}
    lines = ["| set | | recipes | MB on the disk |", "| --- | --- | ---: | ---: |"]
    for name, about, ids in [*((name, one["about"], set_ids(one["recipes"], store)) for name, one in SETS.items()),
                             ("all", "one recipe of each language", set_ids(["@all"], store)),
                             ("every recipe", "all that there is", list(installed))]:
        numbers = {number for one in ids if one in installed for number in installed[one].manifest["layers"]}
        missing = [one for one in ids if one not in installed]
        lines.append(f"| {name if ' ' in name else f'`@{name}`'} | {about} | {len(ids)} | "
                     f"{megabytes(layer_bytes(store, numbers))}{f' (without {len(missing)})' if missing else ''} |")
    return lines


def write(path, rows, results, store):
    """`results`: {id: result}"""
    taken = sizes(store)
    found = [results[row.id] for row in rows if row.id in results and row.id in taken]
    good = [result for result in found if not failures(result)]
    bad = [result for result in found if failures(result)]
    known = {result["id"] for result in found}
    parts = {"totals": totals(good, bad, [row for row in rows if row.id not in known]), "table": table(good, taken), "reasons": reasons(good),
             "sets": sets(rows, store)}
    path.write_text(MARKED.sub(lambda mark: f"<!-- {mark[1]} -->\n" + "\n".join(parts[mark[1]]) + "\n<!-- end -->\n", path.read_text()))
