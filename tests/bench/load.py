# SPDX-License-Identifier: Apache-2.0
"""Subjects (who runs a program), and the client in C that has them run: load.c."""
import collections
import dataclasses
import json
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8",
               **{name: os.environ[name] for name in ("DOCKER_HOST",) if name in os.environ}}


@dataclasses.dataclass
class Subject:
    name: str
    every: int = 1      # takes part in each so-manieth round
    pause_ms: float = 5
    expect: str = ""
    # a request ...
    port: int = 0
    path: str = "/api/v2/execute"
    body: dict = None
    # ... or commands, and the file to change before each run
    commands: list = None
    folder: str = "/"
    fresh: str = "-"
    source: str = ""    # ... and what it holds, with a MARK
    tree: object = None  # whose CPU time counts beside

    def line(self, folder):
        common = [self.name, str(self.every), str(int(self.pause_ms * 1000)), self.expect]
        if not self.port:
            if self.source:
                pathlib.Path(self.fresh).write_text(self.source)
            words = [word for command in self.commands for word in [*command, ";"]][:-1]
            return "\t".join(["exec", *common, self.folder, self.fresh, *words])
        body = json.dumps(self.body).encode()
        request = pathlib.Path(folder, "request-" + self.name)
        request.write_bytes(b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                            % (self.path.encode(), len(body)) + body)
        return "\t".join(["http", *common, str(self.port), str(request)])


class Load:
    def __init__(self, folder):
        self.folder = folder
        self.program = pathlib.Path(folder, "load")
        subprocess.run(["cc", "-O2", "-std=gnu17", "-D_GNU_SOURCE", "-o", str(self.program),
                        *(str(HERE / name) for name in ("load.c", "load_http.c", "load_exec.c")), "-lpthread"], check=True)

    def _run(self, subjects, *words):
        """{subject: milliseconds of each run}, {(word, subject): nanoseconds}"""
        plan = pathlib.Path(self.folder, "plan")
        plan.write_text("\n".join(subject.line(self.folder) for subject in subjects) + "\n")
        done = subprocess.run([str(self.program), str(plan), *map(str, words)], stdout=subprocess.PIPE, text=True,
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, errors="replace",
                              env={**ENVIRONMENT, "HOME": os.path.expanduser("~")})
        if done.returncode != 0:
            raise SystemExit(f"make bench: {done.stderr[-2000:]}")
        times, sums = collections.defaultdict(list), {}
        for line in done.stdout.splitlines():
            *name, value = line.split()
            if len(name) == 1:
                times[name[0]].append(int(value) / 1e6)
            else:
                sums[tuple(name)] = int(value)
        return times, sums

    def turns(self, subjects, rounds, burst=1, warmup=3):
        """Milliseconds of each run of each, in turns; the first rounds do not count."""
        self._run(subjects, "turns", "-", warmup, 1)
        return dict(self._run(subjects, "turns", "-", rounds, burst)[0])

    def rush(self, subject, workers, seconds):
        """(milliseconds of each run, wall seconds, CPU nanoseconds of commands)"""
        times, sums = self._run([subject], "rush", subject.name, workers, int(seconds * 1000))
        return times[subject.name], sums["wall", subject.name] / 1e9, sums["cpu", subject.name]
