# SPDX-License-Identifier: Apache-2.0
"""The part of make bench that is about kept submissions: what keeping one costs, how many are accepted and read in a
second, and whether many that are kept slow that down.

wrk gives the load, from 32 connections; only the right answers count.  The many are copies of a finished submission,
written into the store while no server has it.
"""
import contextlib
import json
import pathlib
import random
import sqlite3
import statistics
import subprocess
import tempfile
import time
import urllib.request
import uuid

FEW = 200
PROGRAMS = {
    "bash hello": (46, "bash", "hello.sh", "echo Hello\n"),
    "python hello": (71, "python", "hello.py", "print('Hello')\n"),
}

ACCEPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"language_id":46,"source_code":"echo Hello\\\\n"}'
"""
# %s: a file with a token a line
READ = """
local tokens = {}
local n = 0
function init(args)
    for line in io.lines("%s") do n = n + 1; tokens[n] = line end
    math.randomseed(os.time() + tonumber(tostring(tokens):match("0x(%%x+)"), 16) %% 100000)
end
function request()
    return wrk.format("GET", "/submissions/" .. tokens[math.random(n)])
end
"""


def wrk(port, path, script, seconds, connections=32):
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        done = subprocess.run(["wrk", "-t2", f"-c{connections}", f"-d{seconds:g}s", "-s", file.name,
                               f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True)
    for bad in ("Non-2xx or 3xx responses:", "Socket errors:"):
        if bad in done.stdout:
            raise SystemExit(f"wrk {path}: {done.stdout}")
    return next(float(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("Requests/sec:"))


def pairs(connect, port, name, count):
    """Median of (kept - stateless), from alternating requests of the same program."""
    language, stateless_language, file_name, source = PROGRAMS[name]
    stateless = json.dumps({"language": stateless_language, "version": "*", "files": [{"name": file_name, "content": source}]}).encode()
    kept = json.dumps({"language_id": language, "source_code": source}).encode()
    one, other = connect(port), connect(port)
    times = ([], [])
    for i in range(count + 10):
        start = time.perf_counter()
        status_a, a = one.post("/api/v2/execute", stateless)
        middle = time.perf_counter()
        status_b, b = other.post("/submissions?wait=true", kept)
        end = time.perf_counter()
        if (status_a, status_b) != (200, 201) or b"Hello" not in a or b"Hello" not in b:
            raise SystemExit(f"{name}: {status_a} {a!r}, {status_b} {b!r}")
        if i >= 10:
            times[0].append((middle - start) * 1000)
            times[1].append((end - middle) * 1000)
    return {"stateless": statistics.median(times[0]), "kept": statistics.median(times[1])}


def create_few(connect, port):
    connection = connect(port)
    body = json.dumps({"language_id": 46, "source_code": "echo Hello\n"}).encode()
    tokens = []
    for _ in range(FEW):
        status, answer = connection.post("/submissions?wait=true", body)
        if status != 201:
            raise SystemExit(f"submissions: {status} {answer!r}")
        tokens.append(json.loads(answer)["token"])
    return tokens


def store_file(data):
    for file in pathlib.Path(data).rglob("*"):
        if file.is_file():
            with file.open("rb") as start:
                if start.read(15) == b"SQLite format 3":
                    return file
    raise SystemExit(f"there is no store in {data}")


def copy_rows(db, table, seq, numbers, **own):
    """One row of a table, again for each of the numbers; own: columns with a list of values."""
    columns = [name for _, name, *_, hidden in db.execute(f"PRAGMA table_xinfo({table})") if not hidden]
    kept = [name for name in columns if name != "seq" and name not in own]
    row = db.execute(f"SELECT {', '.join(kept)} FROM {table} WHERE seq = ?", (seq,)).fetchone()
    if row is None:
        return
    names = ["seq", *own, *kept]
    db.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
                   (values + row for values in zip(numbers, *own.values())))


def fill(data, count):
    """Makes `count` more finished submissions of one that is there; gives their tokens."""
    tokens = [str(uuid.uuid4()) for _ in range(count)]
    with contextlib.closing(sqlite3.connect(store_file(data))) as db:
        (seq,) = db.execute("SELECT max(seq) FROM execution WHERE state = 3").fetchone()
        numbers = range(seq + 1, seq + 1 + count)
        copy_rows(db, "execution", seq, numbers, id=tokens)
        copy_rows(db, "asked", seq, numbers)
        copy_rows(db, "outcome", seq, numbers)
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return tokens


def check(port, tokens):
    for token in random.sample(tokens, 5):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/submissions/{token}") as answer:
            if json.load(answer)["status"]["id"] != 3:
                raise SystemExit(f"{token} is not finished")


def measure(serving, connect, stored, count, seconds):
    """serving(data, flags...): a context with a server's port.  Of a store that holds so many finished submissions."""
    figures = {}
    with tempfile.TemporaryDirectory() as data:
        kept = str(pathlib.Path(data, "kept"))
        with serving(kept) as port:
            tokens = create_few(connect, port)
        if stored > FEW:
            tokens += fill(kept, stored - FEW)
        with serving(kept) as port, tempfile.NamedTemporaryFile("w") as file:
            check(port, tokens)
            for name in PROGRAMS:
                figures[name] = pairs(connect, port, name, count)
            file.write("\n".join(tokens) + "\n")
            file.flush()
            figures["read"] = wrk(port, "/", READ % file.name, seconds)
        with serving(kept, "--paused", "--engine-queue-max", "1000000") as port:
            figures["accepted"] = wrk(port, "/submissions", ACCEPT, seconds)
    return figures


def table(few, many, stored):
    lines = [f"| Judge0's API | {FEW} stored | {stored:,} stored | change | target |", "| --- | --- | --- | --- | --- |"]
    for name in PROGRAMS:
        above = [figures[name]["kept"] - figures[name]["stateless"] for figures in (few, many)]
        lines.append(f"| `wait=true` above stateless, {name}, median ms | {above[0]:+.2f} | {above[1]:+.2f} | "
                     f"{above[1] - above[0]:+.2f} ms | +1 |")
    for key, text, target in (("accepted", "accepted per second, 32 connections, none runs", "2,000"),
                              ("read", "finished tokens read per second, 32 connections", "10,000")):
        change = (many[key] / few[key] - 1) * 100
        lines.append(f"| {text} | {few[key]:,.0f} | {many[key]:,.0f} | {change:+.0f} % | {target}; no more than 20 % slower |")
    return lines
