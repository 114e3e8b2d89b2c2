# SPDX-License-Identifier: Apache-2.0
"""What belljar tells of a program is what the kernel told the program itself, within the tolerances that stand here.

Each program reports its own getrusage and clock (reference.h) at its end, in the same run: a busy machine changes both alike, so
nothing here depends on how fast it is.  docs/security.md has the table.
"""
import json
import os
import pathlib
import random
import signal
import subprocess
import threading
import time

import pytest

from cases import CPU, ENDS, MEMORY, MIB, measured, plain
from support.server import Server

REFERENCE = pathlib.Path(__file__).with_name("reference.h").read_text()
# CPU that a program uses and cannot report: a part of its exec, and its end after the report.  Usually 0.3 ms.
CPU_UNSEEN_MS = 3 * int(os.environ.get("BELLJAR_TEST_SLOWNESS", "1"))
# What the kernel has a box hold besides: init, page tables, kernel stacks, the program's own pages, files of the job.  Usually 0.7 MiB.
MEMORY_UNSEEN = 2 * MIB
# What boxd adds to a memory limit for init (BOX_OVERHEAD_BYTES), and what Linux may charge ahead on each CPU (64 pages).
OVERHEAD = 2 * MIB
BATCH = 64 * 4096


@pytest.fixture(scope="module")
def server():
    limit = os.environ.get("SLOW_TEST_LIMIT_MS")
    one = Server("--slots", "4", *(("--compile-time", limit, "--compile-cpu-time", limit) if limit else ()))
    yield one
    one.stop()


@pytest.fixture(scope="module")
def features(server):
    return {row["feature"] for row in server.request("GET", "/health")[1]["sandbox"]["weaker"]}


def c(server, source, **more):
    files = [{"path": "main.c", "content": source}, {"path": "reference.h", "content": REFERENCE}]
    x = _execution(server, {"language": "c", "files": files, "compile": {"args": ["-pthread"]}, **more})
    assert x["compile"]["verdict"] == "ok", x["compile"]["stderr"]
    return x


def _execution(server, body):
    status, x = server.request("POST", "/api/v1/executions", {**body, "wait": True}, timeout=120)
    assert status == 200, x
    return x


def reference(stage):
    return json.loads(stage["stdout"].rpartition("\nreference ")[2])


def need(features, feature):
    if feature in features:
        pytest.skip(f"this host does not give: {feature}")


@pytest.mark.parametrize("name", CPU)
def test_cpu_time_is_what_the_program_used(server, features, name):
    need(features, "CPU time of a box")
    x = c(server, measured(CPU[name]))
    own = reference(x["run"])["cpu_ms"]
    told = x["run"]["cpu_ms"]
    assert x["verdict"] == "ok", x
    # getrusage scales by ticks: utime and stime are exact together only; 1 ms of rounding for each process.
    assert own - 1 <= told <= own + CPU_UNSEEN_MS, (told, own)


@pytest.mark.parametrize("name", CPU)
def test_wall_time_lies_between_what_program_and_client_measured(server, name):
    start = time.monotonic()
    x = c(server, measured(CPU[name]))
    outside = (time.monotonic() - start) * 1000
    before = 0 if x["compile"]["cached"] else x["compile"]["wall_ms"]  # of one that is kept the figures are from then
    assert reference(x["run"])["wall_ms"] <= x["run"]["wall_ms"] <= outside - before


@pytest.mark.parametrize("name", MEMORY)
def test_peak_of_memory_is_what_the_program_touched(server, features, name):
    need(features, "peak memory")
    touched, body = MEMORY[name]
    x = c(server, measured(body, touched), limits={"memory_bytes": 256 * MIB, "disk_bytes": 64 * MIB})
    assert x["verdict"] == "ok", x
    assert touched <= x["run"]["memory_bytes"] <= touched + MEMORY_UNSEEN


@pytest.mark.parametrize("name", ENDS)
def test_end_is_told_as_it_was(server, name):
    body, end = ENDS[name]
    x = c(server, plain(body))
    assert (x["run"]["exit_code"], x["run"]["signal"]) == end, x["run"]
    assert x["verdict"] == ("ok" if end == (0, None) else "signaled" if end[1] else "nonzero_exit")


@pytest.mark.parametrize("name", ENDS)
def test_end_is_that_of_a_bare_run(name, tmp_path):
    """The reference itself: what the shell's waitpid says of the same program."""
    (tmp_path / "main.c").write_text(plain(ENDS[name][0]))
    (tmp_path / "reference.h").write_text(REFERENCE)
    subprocess.run(["gcc", "-o", "program", "main.c", "-pthread"], cwd=tmp_path, check=True)
    code = subprocess.run(["./program"], cwd=tmp_path, stderr=subprocess.DEVNULL).returncode
    exit_code, signal_name = ENDS[name][1]
    if signal_name is None:
        assert code == exit_code
    else:
        assert -code == (40 if signal_name == "SIGRTMIN+6" else getattr(signal, signal_name))


@pytest.mark.parametrize("mib", [16, 64, 200])
def test_memory_limit_is_met_to_one_batch_of_pages(server, features, mib):
    """The peak of a program that was ended at its limit is that limit: nothing more, and less by what Linux charges ahead at most."""
    need(features, "memory limit")
    need(features, "peak memory")
    x = c(server, measured("for (;;) { char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); *p = 1; }"),
          limits={"memory_bytes": mib * MIB})
    assert x["verdict"] == "memory_limit", x
    peak, limit = x["run"]["memory_bytes"], mib * MIB + OVERHEAD
    assert limit - BATCH * os.cpu_count() <= peak <= limit, (peak, limit)


@pytest.mark.parametrize("mib", [16, 64])
def test_memory_below_the_limit_can_be_had(server, features, mib):
    need(features, "memory limit")
    touched = mib * MIB
    x = c(server, measured("char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); touch(p, bytes);", touched - MIB),
          limits={"memory_bytes": touched})
    assert x["verdict"] == "ok", x


@pytest.mark.parametrize("limits,body", [
    ({"cpu_ms": 150}, "for (;;) { }"),
    ({"cpu_ms": 150, "cpus": 0.5}, "for (;;) { }"),
    ({"cpu_ms": 150}, "for (int i = 0; i < 3; i++) if (fork() == 0) for (;;) { } for (;;) { }"),
    ({"cpu_ms": 150}, "for (;;) { pid_t p = fork(); if (p == 0) { burn(0.002); _exit(0); } waitpid(p, NULL, 0); }"),
])
def test_cpu_limit_is_never_told_before_it_was_reached(server, features, limits, body):
    need(features, "CPU time of a box")
    x = c(server, plain(body), limits=limits)
    assert x["verdict"] == "time_limit" and x["run"]["cpu_ms"] >= limits["cpu_ms"], x


@pytest.mark.parametrize("limits", [{"wall_ms": 120}, {"wall_ms": 120, "cpus": 0.5}])
@pytest.mark.parametrize("body", ["pause(); return 0;", "for (;;) { }"])
def test_wall_limit_is_never_told_before_it_was_reached(server, limits, body):
    x = c(server, plain(body), limits=limits)
    assert x["verdict"] == "wall_time_limit" and x["run"]["wall_ms"] >= 120, x


# What looks alike: five ways to die by SIGKILL, and programs that only pretend.
ALIKE = {
    "its own SIGKILL": (ENDS["SIGKILL by itself"][0], {}, "signaled"),
    "SIGKILL of its child": (ENDS["SIGKILL by its child"][0], {}, "signaled"),
    "SIGKILL after much memory": ("char *p = malloc(24 << 20); touch(p, 24 << 20); raise(SIGKILL); return 0;", {"memory_bytes": 32 * MIB}, "signaled"),
    "out of memory": ("for (;;) { char *p = malloc(1 << 20); touch(p, 1 << 20); }", {"memory_bytes": 32 * MIB}, "memory_limit"),
    "a child out of memory": ("if (fork() == 0) for (;;) { char *p = malloc(1 << 20); touch(p, 1 << 20); } wait(NULL); return 0;", {"memory_bytes": 32 * MIB}, "memory_limit"),
    "malloc that fails": ("struct rlimit l = {16 << 20, 16 << 20}; setrlimit(RLIMIT_AS, &l); return malloc(64 << 20) ? 0 : 3;", {"memory_bytes": 64 * MIB}, "nonzero_exit"),
    "CPU time": ("for (;;) { }", {"cpu_ms": 60}, "time_limit"),
    "wall time": ("pause(); return 0;", {"wall_ms": 60}, "wall_time_limit"),
    "output": ("for (;;) puts(\"output\");", {"output_bytes": 4096}, "output_limit"),
    "exit 137": ("return 137;", {}, "nonzero_exit"),
    "processes": ("for (int i = 0; i < 64; i++) { pid_t p = fork(); if (p < 0) return 5; if (p == 0) pause(); } return 0;", {"processes": 8}, "process_limit"),
    "SIGXCPU by itself": ("raise(SIGXCPU); return 0;", {}, "signaled"),
    "SIGSEGV": ("raise(SIGSEGV); return 0;", {}, "signaled"),
    "nothing": ("return 0;", {}, "ok"),
}
NEEDS = {"memory_limit": "memory limit", "time_limit": "CPU time of a box", "process_limit": "process limit"}
ROUNDS = 6


def test_verdicts_are_not_confused_under_load(server, features):
    """All of them at once, several times over, in changing company: each is told for what it was."""
    cases = [name for name in ALIKE if NEEDS.get(ALIKE[name][2]) not in features] * ROUNDS
    random.Random(5).shuffle(cases)
    wrong, lock = [], threading.Lock()

    def work():
        while True:
            with lock:
                if not cases:
                    return
                name = cases.pop()
            body, limits, verdict = ALIKE[name]
            x = c(server, plain(body), limits=limits)
            if x["verdict"] != verdict:
                wrong.append((name, x["verdict"], x["run"]))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not cases and not wrong, wrong
