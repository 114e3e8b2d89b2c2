# SPDX-License-Identifier: Apache-2.0
"""What came of each row of the matrix, and since when."""
import datetime
import json
import platform
import threading

from matrix_checks import TESTS

# What fails before a test is run.
BEFORE = ("install", "matrix")


class Results:
    """A file for each recipe."""

    def __init__(self, folder):
        self.folder = folder
        self.lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, row):
        return self.folder / f"{row.flat}.json"

    def get(self, row):
        return json.loads(self.path(row).read_text()) if self.path(row).exists() else None

    def put(self, row, result):
        with self.lock:
            made = self.path(row).with_suffix(".new")
            made.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
            made.rename(self.path(row))
            self.write_failures()

    def all(self):
        return [json.loads(path.read_text()) for path in sorted(self.folder.glob("*@*.json"))]

    def write_failures(self):
        lines = []
        for result in self.all():
            lines += [f"{result['id']}\n"] * bool(failures(result)) + [f"    {test}: {why}\n" for test, why in failures(result).items()]
        self.folder.joinpath("failures.txt").write_text("".join(lines))


def failures(result):
    """{test: why}"""
    found = {test: why for test, why in result["tests"].items() if why is not None}
    if not any(test in found for test in BEFORE):
        found.update({test: "was not run" for test in TESTS if test not in result["tests"] and test not in result["excused"]})
    return found


def result_of(row, found, before):
    known = before["tests"] if before and before["key"] == row.key() else {}
    manifest = row.manifest if row.is_installed else {}
    return {"id": row.id, "key": row.key(), "language": row.recipe["language"], "name": row.recipe["name"], "version": manifest.get("version"),
            "source": manifest.get("source"), "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M"),
            "kernel": platform.release(), "tests": {**known, **found}, "excused": row.excused, "figures": before and before.get("figures")}
