#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the test programs of recipes in a tree that has their tools: a debootstrap tree, say.

    check_recipes.py --root TREE [--runtimes DIR] [-j N] [-v] [--seconds N] [--test NAME]... [ID]...

No belljar is needed, which makes it the tool of who writes a recipe: each program is compiled and run in namespaces of
its own (mounts, processes, no network), by a user without privileges, with a read-only root and fresh /tmp and /box.
Needs root.  Exits with 1 when a test fails; a recipe whose tools are not in the tree is passed over.
"""
import argparse
import concurrent.futures
import contextlib
import ctypes
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
import tomllib

UID = 1500
PR_SET_PDEATHSIG = 1
PRCTL = ctypes.CDLL(None).prctl
TOOL_DIRS = ("/usr/local/bin", "/usr/local/go/bin", "/usr/bin", "/bin", "/usr/games")
ENV = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
}
TESTS = ("hello", "unicode", "echo", "sum", "exit", "error", "bad", "loop", "memory")
COMPILE_SECONDS, RUN_SECONDS, LOOP_SECONDS = 60, 15, 3
MEMORY = 512 << 20
COMPILE_MEMORY = 2048 << 20
OUTPUT = 4 << 20
MEMORY_GROUPS = pathlib.Path("/sys/fs/cgroup/memory")

LINES = "".join(f"line {n} of many, which are copied as they come\n" for n in range(21000)).encode()
NUMBERS = b"1 2 3\n-40 500\n\n   1000000\t7\n12345\n"
SUM = b"1012818\n"
UNICODE = "naïve 世界 🌍\n".encode()

# Mounts in a mount namespace of its own, which ends with the process.  The shell stays, as the first process of its
# namespace: who changes its user is no longer ended with its parent, and the shell, which is, ends all.
INSIDE = """
set -e
root=$1 work=$2; shift 2
mount --bind "$root" "$root" && mount -o remount,bind,ro "$root"
mount -t tmpfs -o mode=1777,size=1g tmpfs "$root/tmp"
mount --bind "$work" "$root/box"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777,size=64m tmpfs "$root/dev/shm"
ulimit -c 0
cd "$root/box"
chroot --userspec=1500:1500 "$root" "$@"
exit $?
"""


def forget_the_dead():
    """What one of us that was killed could not remove."""
    for group in MEMORY_GROUPS.glob("recipes-*"):
        owner = group.name.split("-")[1]
        if not pathlib.Path("/proc", owner).exists():
            for pid in (group / "cgroup.procs").read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            with contextlib.suppress(OSError):  # its processes are still going: the next one removes it
                group.rmdir()


class Failure(Exception):
    pass


def merge(below, above):
    made = dict(below)
    for key, value in above.items():
        made[key] = merge(made.get(key, {}), value) if isinstance(value, dict) else value
    return made


def load(runtimes, identity):
    """The recipe, with what it takes from the one that `like` names."""
    recipe = tomllib.loads((runtimes / f"{identity}.toml").read_text())
    if "like" not in recipe:
        return without_empty(recipe)
    below = load(runtimes, recipe["like"])
    for key in ("judge0", "judge0_extra", "version", "like"):
        below.pop(key, None)
    return without_empty(merge(below, recipe))


def without_empty(table):
    """An empty text or list means none, also of what `like` would give."""
    made = {k: without_empty(v) if isinstance(v, dict) else v for k, v in table.items()}
    return {k: v for k, v in made.items() if v not in ("", [])}


def within(root, path):
    """The place in the host of a path in the tree, whose links are followed as seen from inside."""
    for _ in range(20):
        real = root / path.lstrip("/")
        if not real.is_symlink():
            return real
        target = os.readlink(real)
        path = target if target.startswith("/") else os.path.join(os.path.dirname(path), target)
    return real


def find_program(root, name, dirs=TOOL_DIRS):
    if name.startswith("/"):
        return name if within(root, name).exists() else None
    return next((f"{d}/{name}" for d in dirs if within(root, f"{d}/{name}").exists()), None)


def find_tool(root, recipe, home):
    names = (t.replace("{home}", home) for t in recipe.get("tools", []))
    return next((p for p in (find_program(root, t) for t in names) if p), None)


def write_all(pipe, data):
    try:
        with pipe:
            pipe.write(data)
    except BrokenPipeError:
        pass


def read_all(pipe, text):
    """All that comes, of which the first few MB are kept."""
    with pipe:
        while piece := pipe.read1(1 << 16):
            if len(text) < OUTPUT:
                text += piece


class Try:
    """One recipe in one tree."""

    def __init__(self, root, scratch, identity, recipe, seconds=RUN_SECONDS):
        self.root, self.scratch, self.identity, self.recipe = root, scratch, identity, recipe
        self.seconds = seconds
        self.tool = find_tool(root, recipe, self.home())

    def expand(self, command):
        main = self.recipe["file"]
        stem = main.rsplit(".", 1)[0] if "." in main else main
        made = []
        for word in command:
            if word in ("{args}", "{compile_args}") or "{prepared}" in word or "{base}" in word:
                continue
            word = {"{tool}": self.tool, "{sources}": main}.get(word, word)
            made.append(word.replace("{main}", main).replace("{stem}", stem).replace("{home}", self.home()))
        if "/" not in made[0]:
            made[0] = find_program(self.root, made[0], (os.path.dirname(self.tool),) + TOOL_DIRS) or made[0]
        return made

    def home(self):
        return "/opt/runtimes/" + self.identity.replace("/", "-")

    def environment(self, kind):
        words = self.recipe.get("env", []) + (self.recipe.get("compile_env", []) if kind == "compile" else [])
        more = dict(w.split("=", 1) for w in words if "{prepared}" not in w)
        return ENV | {k: v.replace("{home}", self.home()) for k, v in more.items()}

    def spawn(self, kind, work, stdin, seconds, memory):
        """(status, stdout, stderr, was stopped, ran out of memory)"""
        group = MEMORY_GROUPS / f"recipes-{os.getpid()}-{work.name}"
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(memory))

        def enter():
            PRCTL(PR_SET_PDEATHSIG, signal.SIGKILL)
            (group / "cgroup.procs").write_text("0")
            resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
            resource.setrlimit(resource.RLIMIT_STACK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

        unshare = ["unshare", "-m", "-n", "-p", "-f", "--kill-child", "--propagation", "private"]
        process = subprocess.Popen(
            unshare + ["/bin/sh", "-c", INSIDE, "sh", str(self.root), str(work)]
            + ["/usr/bin/env", "-i", "-C", "/box"]
            + [f"{k}={v}" for k, v in self.environment(kind).items()] + self.expand(self.recipe[kind]),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=enter)
        for pipe in (process.stdin, process.stdout, process.stderr):
            os.fchown(pipe.fileno(), UID, UID)  # so that /dev/stdin can be opened by that name
        texts = [bytearray(), bytearray()]
        threads = [threading.Thread(target=write_all, args=(process.stdin, stdin)),
                   threading.Thread(target=read_all, args=(process.stdout, texts[0])),
                   threading.Thread(target=read_all, args=(process.stderr, texts[1]))]
        for thread in threads:
            thread.start()
        stopped = False
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            stopped = True
        # What is in the group is ours; killing unshare alone would leave what changed its user.
        while pids := (group / "cgroup.procs").read_text().split():
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            time.sleep(0.01)
        process.wait()
        for thread in threads:
            thread.join()
        peak = int((group / "memory.max_usage_in_bytes").read_text())
        result = (process.returncode, bytes(texts[0]), bytes(texts[1]), stopped, peak > memory * 0.95)
        self.remove_group(group)
        return result

    @staticmethod
    def remove_group(group):
        for _ in range(50):
            try:
                group.rmdir()
                return
            except OSError:
                time.sleep(0.1)

    def run(self, test, text, stdin=b"", seconds=RUN_SECONDS):
        """The stage that ended it, and that stage's result."""
        work = self.scratch / f"{self.identity.replace('/', '-')}-{test}"
        if work.exists():
            shutil.rmtree(work)
        work.mkdir()
        (work / self.recipe["file"]).write_text(text)
        for path in (work, work / self.recipe["file"]):
            os.chown(path, UID, UID)
        try:
            if "compile" in self.recipe:
                result = self.spawn("compile", work, b"", COMPILE_SECONDS, COMPILE_MEMORY)
                if result[0] != 0 or result[3]:
                    return "compile", result
            return "run", self.spawn("run", work, stdin, seconds, MEMORY)
        finally:
            shutil.rmtree(work)

    def judge(self, test, text):
        stdin = {"echo": LINES, "sum": NUMBERS}.get(test, b"")
        stage, (status, out, err, stopped, full) = self.run(
            test, text, stdin, LOOP_SECONDS if test == "loop" else self.seconds)
        about = f"{stage} stage: status {status}{', stopped' if stopped else ''}; " \
                f"stdout {out[-200:]!r}; stderr {err[-400:]!r}"
        wanted = {
            "hello": self.recipe["tests"].get("says", "Hello, World!\n").encode(),
            "unicode": UNICODE, "echo": LINES, "sum": SUM,
        }.get(test)
        if test == "bad":
            right = not stopped and (status != 0 if stage == "compile" else "compile" not in self.recipe
                                     and (status != 0 or err))
        elif stage == "compile":
            right = False
        elif wanted is not None:
            right = status == 0 and not stopped and out == wanted
        elif test == "exit":
            right = status == 3
        elif test == "error":
            right = status != 0 and not stopped and err
        elif test == "loop":
            right = stopped
        else:
            right = (full or status != 0) and not stopped
        if not right:
            raise Failure(about)

    def check(self, only):
        tests = self.recipe.get("tests", {})
        excused = {t.strip() for w in tests.get("no", []) for t in w.split(":")[0].split(",")}
        found = []
        for test in TESTS:
            if only and test not in only:
                continue
            if test not in tests:
                if test not in excused:
                    found.append(f"{test}: is missing")
                continue
            try:
                self.judge(test, tests[test])
            except Failure as e:
                found.append(f"{test}: {e}")
        found += [f"{w}: is excused, but there" for w in excused if w in tests]
        if not only:
            found += self.ask()
        return found

    def ask(self):
        """Does the tool tell the version that the recipe expects?"""
        ask = self.recipe.get("ask", {})
        wanted = self.recipe.get("version", "")
        if "package" in ask:
            said = self.package_version(ask["package"])
        else:
            recipe = self.recipe | {"run": ["{tool}"] + ask.get("args", [])}
            stage = Try(self.root, self.scratch, self.identity, recipe)
            work = self.scratch / f"{self.identity.replace('/', '-')}-ask"
            work.mkdir()
            os.chown(work, UID, UID)
            try:
                result = stage.spawn("run", work, ask.get("input", "").encode(), RUN_SECONDS, COMPILE_MEMORY)
            finally:
                shutil.rmtree(work)
            said = (result[1] + b"\n" + result[2]).decode(errors="replace")
        behind = said.partition(ask["after"])[2] if ask.get("after") else said
        match = re.search(r"\d+(\.\d+)*", behind)
        numbers = (match.group().split(".") + ["0", "0"])[:3] if match else []
        told = ".".join(str(int(n)) for n in numbers)
        return [] if told == wanted else [f"ask: says {told!r}, not {wanted!r}: {said[:200]!r}"]

    def package_version(self, name):
        status = (self.root / "var/lib/dpkg/status").read_text()
        match = re.search(rf"^Package: {re.escape(name)}\n(?:.+\n)*?Version: (?:\d+:)?(.*)", status, re.M)
        return match.group(1) if match else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True, type=pathlib.Path)
    parser.add_argument("--runtimes", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2] / "runtimes")
    parser.add_argument("--scratch", type=pathlib.Path, default="/tmp")
    parser.add_argument("-j", dest="jobs", type=int, default=2)
    parser.add_argument("-v", dest="verbose", action="store_true")
    parser.add_argument("--seconds", type=int, default=RUN_SECONDS, help="for each run but endless ones")
    parser.add_argument("--test", action="append", choices=TESTS)
    parser.add_argument("ids", nargs="*")
    arguments = parser.parse_args()
    forget_the_dead()
    root = arguments.root.resolve()
    (root / "box").mkdir(exist_ok=True)
    scratch = arguments.scratch.resolve() / f"recipes-{os.getpid()}"
    scratch.mkdir(mode=0o711)
    wanted = arguments.ids or sorted(
        str(p.relative_to(arguments.runtimes))[:-len(".toml")] for p in arguments.runtimes.glob("*/*.toml"))

    def one(identity):
        try:
            recipe = load(arguments.runtimes, identity)
            if "run" not in recipe:
                return identity, "part", []
            tried = Try(root, scratch, identity, recipe, arguments.seconds)
            if not tried.tool:
                return identity, "absent", []
            return identity, "tried", tried.check(arguments.test)
        except Exception as e:
            return identity, "tried", [f"{type(e).__name__}: {e}"]

    counts = {"part": 0, "absent": 0, "good": 0, "bad": 0}
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for identity, what, found in pool.map(one, wanted):
            what = ("bad" if found else "good") if what == "tried" else what
            counts[what] += 1
            if found or what == "absent" or arguments.verbose:
                print(f"{identity}: {what}", flush=True)
            for finding in found:
                print(f"    {finding}", flush=True)
    shutil.rmtree(scratch)
    print(", ".join(f"{n} {what}" for what, n in counts.items()))
    return 1 if counts["bad"] else 0


if __name__ == "__main__":
    sys.exit(main())
