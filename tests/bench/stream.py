# SPDX-License-Identifier: Apache-2.0
"""The part of make bench that is about streams: how soon output is there, how much of it, and how many may talk.

The client (stream_client.c) is in C, so that it is not what is measured.  Programs and client read the same clock.
"""
import json
import pathlib
import statistics
import subprocess
import tempfile

SOURCE = pathlib.Path(__file__).with_name("stream_client.c")
SESSIONS = 200

CLOCK = r"""
#include <stdio.h>
#include <time.h>
#include <unistd.h>
int main(void)
{
    for (;;) {
        struct timespec t, pause = {0, 3000000};
        char line[32];
        nanosleep(&pause, NULL);
        clock_gettime(CLOCK_REALTIME, &t);
        write(1, line, sprintf(line, "%lld\n", t.tv_sec * 1000000000LL + t.tv_nsec));
    }
}
"""
# What a program in C does best: one large buffer, again and again.
POUR = r"""
#include <unistd.h>
static char zeros[1 << 20];
int main(void)
{
    while (write(1, zeros, sizeof(zeros)) > 0) {
    }
}
"""


def build(folder):
    client = pathlib.Path(folder, "stream_client")
    subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", str(client), str(SOURCE)], check=True)
    return client


def ask(client, port, mode, count, language, source, **more):
    start = json.dumps({"type": "start", "language": language, "source": source, "binary": True,
                        "limits": {"wall_ms": 60000}, **more})
    done = subprocess.run([str(client), str(port), mode, str(count), start], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise SystemExit(f"streams, {mode}: {done.stderr}")
    return sorted(int(line) / 1e6 for line in done.stdout.split())


def measure(port, count, gigabytes=1):
    with tempfile.TemporaryDirectory() as folder:
        client = build(folder)
        size = int(gigabytes * 1e9)
        return {
            "first": ask(client, port, "times", count, "c", CLOCK),
            "echo": ask(client, port, "echo", count, "bash", "stty raw -echo; printf r; exec cat", tty=True),
            "rate": size / 1e6 / (ask(client, port, "bytes", size, "c", POUR)[0] / 1e3),
            "many": ask(client, port, "many", SESSIONS, "bash", "printf r; exec cat"),
        }


def row(text, times, target):
    p99 = times[int(len(times) * 0.99)]
    return f"| {text} | {statistics.median(times):.2f} ms | {p99:.2f} ms | {target} |"


def table(figures):
    return [
        "| streams | median | p99 | target |", "| --- | --- | --- | --- |",
        row("output, from its write to the client", figures["first"], "0.3 ms (median)"),
        row("echo of `cat` through a terminal", figures["echo"], "1 ms (median)"),
        row(f"echo of {SESSIONS} sessions of `cat` at once", figures["many"], "20 ms (p99)"),
        f"| output of one stream, binary | {figures['rate']:,.0f} MB/s | | 200 MB/s |",
    ]
