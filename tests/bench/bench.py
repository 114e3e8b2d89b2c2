#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make bench: what belljar costs over the bare command, on this machine, in one run.

Each row alternates one bare run (posix_spawn, stdout read from a pipe, waitid) with one request over one kept-alive
connection, so that a noisy neighbour hits both alike.  Medians are compared; throughput is counted for some seconds
with eight connections.  Prints a Markdown table, and writes it to docs/benchmarks.md with --write.  The row "judge0" is
about kept submissions (judge0.py), "streams" about WebSockets (stream.py), "idle" about
who waits (idle.py), "limits" about limits of time (limits.py), "defences" about what isolation costs (defences.py).
"""
import argparse
import contextlib
import json
import os
import pathlib
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import defences
import idle
import judge0
import limits
import stream

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

PROGRAMS = {
    "bash hello": ("bash", "hello.sh", "echo Hello\n", [["/usr/bin/bash", "hello.sh"]], 4.0),
    "python hello": ("python", "hello.py", "print('Hello')\n", [["/usr/bin/python3", "hello.py"]], 4.0),
    "c compile + run": (
        "c", "hello.c", '#include <stdio.h>\nint main(void)\n{\n    puts("Hello");\n    return 0;\n}\n',
        [["/usr/bin/gcc", "-O2", "-pipe", "-o", "hello", "hello.c", "-lm"], ["./hello"]], 6.0),
}


class Connection:
    """One kept-alive connection; as thin as Python allows."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def post(self, path, body):
        self.socket.sendall(b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                            b"Content-Length: %d\r\n\r\n" % (path.encode(), len(body)) + body)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, rest = data.partition(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n")
                      if line.lower().startswith(b"content-length:"))
        while len(rest) < length:
            rest += self._more()
        return int(head.split(b" ", 2)[1]), rest

    def _more(self):
        more = self.socket.recv(65536)
        if not more:
            raise ConnectionError("the server closed the connection")
        return more


def request_body(language, name, source):
    return json.dumps({"language": language, "version": "*", "files": [{"name": name, "content": source}]}).encode()


def bare(commands, folder):
    start = time.perf_counter()
    for argv in commands:
        reader, writer = os.pipe()
        pid = os.posix_spawn(argv[0], argv, {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"},
                             file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1)])
        os.close(writer)
        while os.read(reader, 65536):
            pass
        os.close(reader)
        _, status = os.waitpid(pid, 0)
        if status != 0:
            raise SystemExit(f"bare {argv} failed in {folder}: {status}")
    return (time.perf_counter() - start) * 1000


def measure(port, name, count):
    language, file_name, source, commands, allowed = PROGRAMS[name]
    body = request_body(language, file_name, source)
    connection = Connection(port)
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, file_name).write_text(source)
        os.chdir(folder)
        for i in range(count + 10):
            a = bare(commands, folder)
            start = time.perf_counter()
            status, answer = connection.post("/api/v2/execute", body)
            b = (time.perf_counter() - start) * 1000
            result = json.loads(answer)
            if status != 200 or result["run"]["stdout"] != "Hello\n":
                raise SystemExit(f"{name}: {status} {answer!r}")
            if i >= 10:
                theirs.append(a)
                ours.append(b)
        os.chdir(ROOT)
    return {"name": name, "allowed": allowed, "bare": theirs, "belljar": ours}


def throughput(port, name, seconds, workers=8):
    language, file_name, source, _, _ = PROGRAMS[name]
    body = request_body(language, file_name, source)
    end = time.monotonic() + seconds
    times = []

    def work():
        connection = Connection(port)
        while time.monotonic() < end:
            start = time.perf_counter()
            status, answer = connection.post("/api/v2/execute", body)
            if status != 200 or b"Hello" not in answer:
                raise SystemExit(f"{name}: {status} {answer!r}")
            times.append((time.perf_counter() - start) * 1000)

    threads = [threading.Thread(target=work) for _ in range(workers)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times.sort()
    return {"rate": len(times) / (time.monotonic() - start), "p50": times[len(times) // 2],
            "p99": times[int(len(times) * 0.99)]}


def descendants(pid):
    found, todo = [], [pid]
    while todo:
        current = todo.pop()
        found.append(current)
        for task in pathlib.Path(f"/proc/{current}/task").iterdir():
            todo += [int(child) for child in (task / "children").read_text().split()]
    return found


def rest(pid):
    """Resident memory (unshared and all) and CPU of every process of the server, idle for two seconds."""
    rows, before, after = [], 0, 0
    time.sleep(2)  # the last boxes end
    pids = descendants(pid)
    for _ in range(2):
        total = 0
        for one in pids:
            fields = pathlib.Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        before, after = after, total
        time.sleep(2)
    for one in pids:
        sizes = {}
        for line in pathlib.Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()[1:]:
            key, value = line.split(":")
            sizes[key] = int(value.split()[0])
        name = pathlib.Path(f"/proc/{one}/comm").read_text().strip()
        rows.append((name, sizes["Rss"] / 1024, sizes["Pss"] / 1024,
                     (sizes["Private_Clean"] + sizes["Private_Dirty"]) / 1024))
    return rows, after - before


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
                 platform.machine())
    return f"{os.cpu_count()} CPUs ({model}), Linux {platform.release()}"


def serve(build, data, *flags, env=None):
    log = open(pathlib.Path(data, "log"), "w")
    server = subprocess.Popen([str(ROOT / build / "belljar"), "serve", "--listen", "127.0.0.1:0", "--log-level", "warn", *flags],
                              stdout=subprocess.PIPE, stderr=log, text=True,
                              env={**os.environ, "BELLJAR_JUDGE0_CONF": "none", **(env or {})})
    for line in server.stdout:
        if "ready on" in line:
            port = int(line.split("127.0.0.1:")[1].split()[0].strip("/,;)"))
            return server, port
    raise SystemExit("belljar did not start: " + pathlib.Path(data, "log").read_text())


def stop(server):
    server.send_signal(signal.SIGTERM)
    server.wait(30)
    server.stdout.close()


def bench_programs(options, names):
    """(figures, lines of the two tables)"""
    with tempfile.TemporaryDirectory() as data:
        server, port = serve(options.build, data)
        try:
            rows = [measure(port, name, options.count) for name in names]
            loads = {name: throughput(port, name, options.seconds) for name in names}
            memory, ticks = rest(server.pid)
        finally:
            stop(server)
    lines = ["| program | bare, median ms | belljar, median ms | above bare, ms | target, ms | p99 ms | c=8: per second | c=8: p50 / p99 ms |",
             "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    for row in rows:
        bare_ms, ours = statistics.median(row["bare"]), statistics.median(row["belljar"])
        load = loads[row["name"]]
        lines.append(f"| {row['name']} | {bare_ms:.2f} | {ours:.2f} | {ours - bare_ms:+.2f} | {row['allowed']:+.0f} | "
                     f"{sorted(row['belljar'])[int(len(row['belljar']) * 0.99)]:.2f} | {load['rate']:.0f} | "
                     f"{load['p50']:.1f} / {load['p99']:.1f} |")
    lines += ["", "| process at rest | resident MiB | proportional MiB | unshared MiB |", "| --- | --- | --- | --- |"]
    lines += [f"| {name} | {rss:.1f} | {pss:.1f} | {private:.1f} |" for name, rss, pss, private in memory]
    lines += [f"| all | {sum(r[1] for r in memory):.1f} | {sum(r[2] for r in memory):.1f} | "
              f"{sum(r[3] for r in memory):.1f} |", "",
              f"CPU of all of them in two idle seconds: {ticks} ticks of 10 ms."]
    return {"rows": rows, "load": loads}, lines


def bench_judge0(options):
    @contextlib.contextmanager
    def serving(kept, *flags):
        with tempfile.TemporaryDirectory() as data:
            server, port = serve(options.build, data, "--data", kept, *flags)
            try:
                yield port
            finally:
                stop(server)

    few = judge0.measure(serving, Connection, judge0.FEW, options.count, options.seconds)
    many = judge0.measure(serving, Connection, options.stored, options.count, options.seconds)
    return {"few": few, "many": many}, judge0.table(few, many, options.stored)


def bench_streams(options):
    with tempfile.TemporaryDirectory() as data:
        server, port = serve(options.build, data)
        try:
            figures = stream.measure(port, options.count)
        finally:
            stop(server)
    return figures, stream.table(figures)


def bench_idle(options):
    figures = {}
    for kind in idle.KINDS:
        with tempfile.TemporaryDirectory() as data:
            server, port = serve(options.build, data, *idle.FLAGS)
            try:
                figures[kind] = idle.measure(port, kind)
            finally:
                stop(server)
    return figures, idle.table(figures)


NEIGHBOURS = 4


def bench_limits(options):
    with tempfile.TemporaryDirectory() as data:
        server, port = serve(options.build, data, "--slots", str(NEIGHBOURS + 1))
        try:
            figures = limits.measure(lambda: Connection(port), NEIGHBOURS)
        finally:
            stop(server)
    return figures, limits.table(figures, NEIGHBOURS)


def weakened_build(build):
    """Optimised as `build` is; only its switches are more."""
    folder = f"{build}-weak"
    if not (ROOT / folder / "build.ninja").exists():
        subprocess.run(["meson", "setup", folder, "-Dweaken=true"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", folder, "--quiet"], cwd=ROOT, check=True)
    return folder


def bench_defences(options):
    build = weakened_build(options.build)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        whole, whole_port = serve(build, one)
        weakened, weakened_port = serve(build, two, env={"BELLJAR_WEAKEN": defences.WITHOUT})
        try:
            figures = defences.measure(Connection(whole_port), Connection(weakened_port), options.count)
        finally:
            stop(whole)
            stop(weakened)
    return figures, defences.table(figures)


# Beside those of PROGRAMS: (figures, lines) of each.
PARTS = {"judge0": bench_judge0, "streams": bench_streams, "idle": bench_idle, "limits": bench_limits, "defences": bench_defences}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--stored", type=int, default=100000, help="how many submissions the full store of 'judge0' holds")
    parser.add_argument("--json", help="also write the raw figures to this file")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    known = [*PROGRAMS, *PARTS]
    parser.add_argument("rows", nargs="*", default=known)
    options = parser.parse_args()
    for row in options.rows:
        if row not in known:
            parser.error(f"there is no row '{row}': {', '.join(known)}")
    names = [name for name in options.rows if name in PROGRAMS]
    figures, lines = {"machine": machine()}, []
    if names:
        programs, lines = bench_programs(options, names)
        figures.update(programs)
    for name, part in PARTS.items():
        if name in options.rows:
            figures[name], more = part(options)
            lines += ([""] if lines else []) + more
    head = [f"Machine: {machine()}.  {options.count} alternating pairs a row, {options.seconds:g} s of load."]
    print("\n".join(head + [""] + lines))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(figures))
    if options.write:
        text = (ROOT / "docs/benchmarks.md").read_text()
        start, end = "<!-- figures -->", "<!-- end of figures -->"
        before, after = text.split(start)[0], text.split(end)[1]
        (ROOT / "docs/benchmarks.md").write_text(
            before + start + f"\n{time.strftime('%Y-%m-%d')}.  " + "\n".join(head + [""] + lines) + "\n" + end + after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
