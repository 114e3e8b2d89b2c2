#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make test-languages: installs languages, runs each of them in every way that matters, and writes the table of it.

WORD is a language, a recipe's id, an alias or a set; without one, all.  A result is kept for each recipe, and what is
unchanged and was passed is not run again.  Needs root.  Exits with 1 when something failed.
"""
import argparse
import concurrent.futures
import contextlib
import pathlib
import signal
import sys
import time

import matrix_rows as rows_of
import matrix_table
from matrix_checks import TESTS, Failure, Trial
from matrix_figures import figures
from matrix_results import Results, failures, result_of
from matrix_view import View, own_namespace, probe_language

from support.server import BUILD, Server  # pylint: disable=wrong-import-order

# As it comes, but each test compiles, and may wait for long where the machine has more to do.
ENVIRONMENT = {"BELLJAR_POOL_IDLE_MS": "300000", "BELLJAR_CACHE_BYTES": "0", "BELLJAR_NATIVE_MAX_WALL_MS": "600000",
               "BELLJAR_NATIVE_MAX_COMPILE_WALL_MS": "600000", "BELLJAR_NATIVE_MAX_WAIT_MS": "1200000"}


class Matrix:
    def __init__(self, options, results):
        self.options, self.results = options, results
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        self.view = View(self.options.runtimes_dir)
        self.stack.callback(self.view.close)
        self.servers = [self.serve()]
        if self.options.figures:
            self.servers.append(self.serve("--pool", "0"))
        return self

    def serve(self, *flags):
        server = Server("--runtimes-dir", str(self.view.folder), *flags, env=ENVIRONMENT)
        self.stack.callback(self.stop, server)
        return server

    def __exit__(self, *_):
        self.stack.close()

    @staticmethod
    def stop(server):
        status, log = server.stop()
        for line in log.splitlines():
            if status != 0 or "left out" in line:
                print(line, file=sys.stderr)

    def wanted(self, row):
        """Must it be run?"""
        result = self.results.get(row)
        if self.options.installed and not row.is_installed:
            return False
        if self.options.figures:
            good = result is not None and result["key"] == row.key() and set(failures(result)) <= {"defaults"}
            return good and (self.options.again or not result.get("figures"))
        changed = result is None or result["key"] != row.key()
        if self.options.only_changed:
            return changed
        if self.options.again or result is None:
            return not self.options.only_failed
        return changed or bool(failures(result))

    def one(self, row):
        before = self.results.get(row)
        if not row.is_installed:
            why = rows_of.install(row)
            if why is not None:
                return result_of(row, {"install": why}, None)
        self.view.show(row)
        self.wait_for(row)
        if before and before["key"] != row.key():
            before = None
        if self.options.figures:
            return self.measured(row, before)
        return result_of(row, Trial(self.servers[0], row).check(self.options.test), before)

    def measured(self, row, before):
        try:
            return {**result_of(row, {"defaults": None}, before), "figures": figures(row, *self.servers)}
        except (Failure, RuntimeError) as e:
            return result_of(row, {"defaults": str(e)}, before)

    def wait_for(self, row):
        """Until the servers offer what was put into their store: they look 50 ms later."""
        path = f"/api/v1/languages/{probe_language(row)}"
        for server in self.servers:
            for _ in range(200):
                if server.request("GET", path)[0] == 200:
                    break
                time.sleep(0.05)

    def run(self, rows):
        failed = 0
        pool = concurrent.futures.ThreadPoolExecutor(self.options.jobs)
        try:
            for done in concurrent.futures.as_completed([pool.submit(self.kept, row) for row in rows]):
                failed += self.tell(done.result())
        finally:
            pool.shutdown(cancel_futures=True)
        return failed

    @staticmethod
    def tell(result):
        """Has it failed?"""
        found = failures(result)
        print(f"{result['id']:<28} {result['version'] or '-':<14} {'FAILED' if found else 'passed'}", flush=True)
        for test, why in found.items():
            print(f"    {test}: {why}", flush=True)
        return bool(found)

    def kept(self, row):
        try:
            result = self.one(row)
        except (OSError, RuntimeError) as e:  # it was removed, the server ended ...
            result = result_of(row, {"matrix": f"{type(e).__name__}: {e}"}, None)
        self.results.put(row, result)
        return result


def stop(*_):
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # what is left to do is done undisturbed
    sys.exit(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runtimes-dir", type=pathlib.Path, default=BUILD / "test-languages")
    parser.add_argument("--results", type=pathlib.Path, help="default: results beside the store's folder")
    parser.add_argument("-j", "--jobs", type=int, default=2, help="rows at a time (%(default)s)")
    parser.add_argument("--only-failed", action="store_true", help="run what failed the last time")
    parser.add_argument("--only-changed", action="store_true", help="do not run again what failed, and is unchanged")
    parser.add_argument("--installed", action="store_true", help="install nothing: run what is there")
    parser.add_argument("--again", action="store_true", help="run also what was passed, and is unchanged")
    parser.add_argument("--figures", action="store_true", help="take the times of what was passed, of one row at a time, instead")
    parser.add_argument("--write", action="store_true", help="write docs/languages.md from all results, and run nothing")
    parser.add_argument("--test", action="append", choices=TESTS)
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    options.jobs = 1 if options.figures else options.jobs
    options.runtimes_dir = options.runtimes_dir.resolve()
    options.runtimes_dir.joinpath("layers").mkdir(parents=True, exist_ok=True)
    results = Results(options.results or options.runtimes_dir.with_name(options.runtimes_dir.name + "-results"))
    rows = rows_of.all_rows(options.runtimes_dir)
    if options.write:
        known = {result["id"]: result for result in results.all()}
        matrix_table.write(rows_of.ROOT / "docs/languages.md", rows, known, options.runtimes_dir)
        return 0
    own_namespace()
    for number in (signal.SIGINT, signal.SIGTERM):  # what was begun in the background has the first ignored
        signal.signal(number, stop)
    with Matrix(options, results) as matrix:
        todo = [row for row in rows_of.chosen(rows, options.words) if matrix.wanted(row)]
        failed = matrix.run(todo)
    print(f"{len(todo) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
