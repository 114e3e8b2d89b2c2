# SPDX-License-Identifier: Apache-2.0
"""The part of make bench about languages that are only there: the same jobs where five are installed, and where all are.

Both servers get the same job in turns, in a box that is made for it and in one that was made ahead.  The few have the very
files of the many: what lies in the page cache since another day, in other pieces, is slower or faster by a tenth.
"""
import contextlib
import json
import pathlib
import shutil
import subprocess
import tempfile
import time
import tomllib

import serving
from figures import Part, Promise, median, spread, table

FEW = ["brainfuck@brainfuck", "forth@0.7", "lua@5.4", "sed@4.9", "tcl@8.6"]  # in the store
ASKED = {"lua": 'print("Hello, World!")\n', "tcl": 'puts "Hello, World!"\n'}
BOXES = {"made for it": serving.NO_POOL, "made ahead": serving.QUIET}
PAUSE_S = 0.02  # the next spare box is made meanwhile


def count_of(store):
    return sum(not name.name.startswith("part@") for name in pathlib.Path(store, "runtimes").iterdir())


def linked(many, few):
    """The few of a store, with the same inodes."""
    few.chmod(0o755)  # the server's user reads it
    (few / "runtimes").mkdir()
    (few / "layers").mkdir()
    for name in FEW:
        runtime = many / "runtimes" / name
        shutil.copytree(runtime, few / "runtimes" / name)
        for layer in map(str, tomllib.loads((runtime / "manifest.toml").read_text())["layers"]):
            if not (few / "layers" / layer).exists():
                subprocess.run(["cp", "-al", many / "layers" / layer, few / "layers"], check=True)


def body_of(language):
    return json.dumps({"language": language, "version": "*", "files": [{"content": ASKED[language]}]}).encode()


def ask(connection, body):
    """Milliseconds."""
    begun = time.perf_counter()
    status, answer = connection.post("/api/v2/execute", body)
    took = (time.perf_counter() - begun) * 1000
    if status != 200 or b"Hello, World!" not in answer:
        raise SystemExit(f"{status} {answer!r}")
    return took


def in_turns(ports, language, count):
    """[milliseconds] of each port."""
    connections, body = [serving.Connection(port) for port in ports], body_of(language)
    took = [[] for _ in ports]
    for turn in range(count + count // 5):
        for found, connection in zip(took, connections):
            one = ask(connection, body)
            if turn >= count // 5:
                found.append(one)
            time.sleep(PAUSE_S)
    return took


def measure(build, few, many, count):
    rows = {}
    for boxes, settings in BOXES.items():
        with contextlib.ExitStack() as stack:
            ports = [stack.enter_context(serving.serving(build, "--runtimes-dir", str(store), settings=settings))[1] for store in (few, many)]
            for language in ASKED:
                rows[f"{language}, box {boxes}"] = in_turns(ports, language, count)
    return rows


def part(build, many, count):
    if many is None:
        return Part({}, ["How many languages are installed was not measured: --store names no package store that has them (`belljar pkg install @all`)."])
    with tempfile.TemporaryDirectory(dir=pathlib.Path(many).parent) as few:
        linked(pathlib.Path(many), pathlib.Path(few))
        rows = measure(build, few, many, count)
        counts = count_of(few), count_of(many)
    ratios = {name: median(all_there) / median(five) for name, (five, all_there) in rows.items()}
    head = ["a hello of", *(f"{one} installed, ms" for one in counts), "ratio"]
    lines = table(head, [[name, spread(five), spread(all_there), f"{ratios[name]:.3f}"] for name, (five, all_there) in rows.items()])
    promise = Promise(f"a job where {counts[1]} languages are installed, beside one where {counts[0]} are", max(ratios.values()), "times", 1.05)
    return Part({"counts": counts, **rows}, [f"With {counts[0]} and with {counts[1]} languages installed, in turns:", "", *lines], [promise])
