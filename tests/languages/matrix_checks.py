# SPDX-License-Identifier: Apache-2.0
"""What each row of the matrix must pass, asked over belljar's own API."""
import concurrent.futures
import re
import time

from check_recipes import LINES, NUMBERS, SUM, UNICODE
from matrix_view import PROBE, PROBE_VERSION, probe_language
from support.native import EXECUTIONS, OVER

TESTS = ("hello", "unicode", "echo", "sum", "exit", "error", "bad", "loop", "memory", "box", "eight")
# A machine may have more to do than this: waiting is no failure.  The figures are taken with the defaults.
PATIENT = {"wall_ms": 600000, "cpu_ms": 30000, "output_bytes": 4 << 20}
COMPILE = {"wall_ms": 600000, "cpu_ms": 60000}
LOOP_MS, LOOP_LATE_MS, LOOP_WALL_MS = 2000, 1500, 120000
AT_ONCE = 8
MEMORY_GROWTH = 16 << 20
MEMORY_WORDS = re.compile(r"memory|heap|alloc|stack|space|storage|exhaust", re.IGNORECASE)


class Failure(Exception):
    pass


def need(right, why):
    if not right:
        raise Failure(why)


def shown(stage):
    if stage is None:
        return "there was no run stage"
    return f"{stage['verdict']} ({stage['reason']}), {stage['cpu_ms']:.0f} ms CPU, {stage['wall_ms']:.0f} ms, " \
           f"{(stage['memory_bytes'] or 0) >> 20} MiB; stdout {stage['stdout'][-200:]!r}; stderr {stage['stderr'][-400:]!r}"


class Trial:
    """One row on one server."""

    def __init__(self, server, row):
        self.server, self.row = server, row
        self.version = row.manifest["version"]
        self.hello_bytes = 0

    def execute(self, source, stdin=b"", limits=None, compile_limits=None, **more):
        body = {"language": self.row.recipe["language"], "version": self.version,
                "files": [{"path": self.row.recipe["file"], "content": source}], "stdin": stdin.decode(), "wait": True, **more}
        if limits:
            body["limits"] = limits
        if compile_limits and "compile" in self.row.recipe:
            body["compile"] = compile_limits
        return self.send(body)

    def send(self, body):
        status, answer = self.server.request("POST", EXECUTIONS, body, timeout=1200)
        while status == 202 and answer["status"] not in OVER:
            time.sleep(0.2)
            status, answer = self.server.request("GET", f"{EXECUTIONS}/{answer['id']}")
        need(status in (200, 202), f"the server says {status}: {answer}")
        return answer

    def stage(self, answer):
        """The run stage; it is a failure that there is none."""
        if answer["run"] is None:
            raise Failure(f"{answer['verdict']} ({answer['reason']}); compile stage: {shown(answer['compile'])}")
        return answer["run"]

    def run(self, test, stdin=b"", **limits):
        return self.stage(self.execute(self.row.tests[test], stdin, {**PATIENT, **limits}, COMPILE))

    def prints(self, stage, wanted):
        need(stage["verdict"] == "ok" and stage["stdout"].encode() == wanted, shown(stage))

    @property
    def says(self):
        return self.row.tests.get("says", "Hello, World!\n").encode()

    # --- the tests ---------------------------------------------------------------------------

    def hello(self):
        answer = self.execute(self.row.tests["hello"], limits=PATIENT, compile_limits=COMPILE)
        stage = self.stage(answer)
        self.prints(stage, self.says)
        self.hello_bytes = stage["memory_bytes"] or 0
        need(answer["runtime"] == self.row.manifest["source"], f"it ran with a runtime of '{answer['runtime']}'")

    def unicode(self):
        self.prints(self.run("unicode"), UNICODE)

    def echo(self):
        self.prints(self.run("echo", LINES), LINES)

    def sum(self):
        self.prints(self.run("sum", NUMBERS), SUM)

    def exit(self):
        stage = self.run("exit")
        need(stage["exit_code"] == 3, shown(stage))

    def error(self):
        stage = self.run("error")
        need(stage["verdict"] in ("nonzero_exit", "signaled") and stage["stderr"], shown(stage))

    def bad(self):
        answer = self.execute(self.row.tests["bad"], limits=PATIENT, compile_limits=COMPILE)
        if answer["compile"] is not None:
            need(answer["compile"]["verdict"] in ("nonzero_exit", "signaled"), shown(answer["compile"]))
        else:
            stage = self.stage(answer)
            need(stage["verdict"] in ("nonzero_exit", "signaled") or stage["verdict"] == "ok" and stage["stderr"], shown(stage))

    def loop(self):
        stage = self.run("loop", cpu_ms=LOOP_MS, wall_ms=LOOP_WALL_MS)
        need(stage["verdict"] == "time_limit" and LOOP_MS * 0.9 <= stage["cpu_ms"] <= LOOP_MS + LOOP_LATE_MS, shown(stage))

    def memory(self):
        """Stopped at the limit, or it says itself that there is no more: it must have taken some."""
        stage = self.run("memory")
        took = (stage["memory_bytes"] or 0) > self.hello_bytes + MEMORY_GROWTH
        need(stage["verdict"] == "memory_limit" or stage["verdict"] in ("nonzero_exit", "signaled") and
             (took or MEMORY_WORDS.search(stage["stderr"] + stage["stdout"])), shown(stage))

    def box(self):
        """What a program sees in the box of this runtime."""
        answer = self.send({"language": probe_language(self.row), "version": PROBE_VERSION, "source": PROBE,
                            "args": [str(self.server.port)], "wait": True})
        stage = self.stage(answer)
        need(stage["verdict"] == "ok", shown(stage))
        seen = {}
        for key, _, value in (line.partition("=") for line in stage["stdout"].splitlines()):
            seen.setdefault(key, []).append(value.strip())
        wanted = {"uid": ["1000 1000"], "Gid": ["1000\t1000\t1000\t1000"], "home": ["/tmp"], "own": ["/tmp", "/box"],
                  "CapEff": ["0" * 16], "CapPrm": ["0" * 16], "NoNewPrivs": ["1"], "Seccomp": ["2"], "interface": ["lo:"]}
        wrong = {key: seen.get(key) for key, value in wanted.items() if seen.get(key) != value}
        wrong.update({key: seen[key] for key in ("written", "connected") if key in seen})
        need(not wrong, f"seen {wrong}, of all {seen}")
        need(len(seen["process"]) <= 2, f"processes {seen['process']}")

    def eight(self):
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda _: self.execute(self.row.tests["hello"], limits=PATIENT, compile_limits=COMPILE), range(AT_ONCE)))
        for answer in answers:
            self.prints(self.stage(answer), self.says)

    def check(self, only=None):
        """{test: None when it is passed, else why not}"""
        found = {}
        for test in only or TESTS:
            if test in ("box", "eight") or test in self.row.tests:
                found[test] = self.tried(test)
            elif test not in self.row.excused:
                found[test] = "is missing, and not excused"
        return found

    def tried(self, test):
        try:
            getattr(self, test)()
            return None
        except Failure as e:
            return str(e)
        except Exception as e:  # pylint: disable=broad-except
            return f"{type(e).__name__}: {e}"
