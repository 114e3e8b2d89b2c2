# SPDX-License-Identifier: Apache-2.0
"""Programs of tests/warm/programs, run by a server that starts interpreters ahead of them, and by one that does not."""
import pathlib
import re

from support import native
from support.native import encode
from support.raw import ask, wait_until

PROGRAMS = pathlib.Path(__file__).resolve().parent.parent / "warm" / "programs"
# The same interpreter, or one that reads the same programs.
LIKE = {"pypy": "python", "luajit": "lua", "lua-compiled": "lua", "java-compiled": "java"}
# They have a NUL byte, files beside them that their interpreter looks at before, or ask how long it has been there.
NEVER_WARM = {
    "python/null_byte.py", "bash/started.sh", "zsh/started.zsh", "perl/started.pl", "lisp/started.lisp",
    "rscript/started.r", "java/started.java", "clojure/started.clj", "groovy/started.groovy", "typescript/started.ts",
    "javascript/started.js", "javascript/beside", "javascript/typed", "javascript/named",
}
NEVER_RUN = {"syntax_error", "type_error"}  # where a compiler sees it
# What a JIT or a debugger tells of where things lie, and Clojure of where it put its report.
ADDRESS = re.compile(r"0x[0-9a-f]{8,}|\{[0-9A-F]{10,}\}|clojure-\d+\.edn")
COMPARED = ("verdict", "exit_code", "signal", "stdout", "stderr", "encoding", "stdout_truncated", "stderr_truncated")


def request(language, path):
    """All main files of a language have the same name: one spare fits them all."""
    if path.is_dir():
        files = {str(one.relative_to(path)): one.read_bytes() for one in sorted(path.rglob("*")) if one.is_file()}
    else:
        name = "Main.java" if path.suffix == ".java" else "main" + path.suffix
        files = {name: path.read_bytes()}
    stdin = files.pop("stdin", b"")
    ordered = sorted(files, key=lambda name: (not name.lower().startswith("main."), name))
    return {
        "language": language, "stdin": encode(stdin), "stdin_encoding": "base64",
        "files": [{"path": name, "content": encode(files[name]), "encoding": "base64"} for name in ordered],
    }


def warm_ones(server, metric):
    text = ask(server, "GET", "/metrics").body.decode()
    found = re.search(r'^%s\{kind="warm"\} (\d+)' % metric, text, re.M)
    return int(found.group(1)) if found else 0


def claimed(server):
    return warm_ones(server, "belljar_spare_boxes_claimed_total")


def ready(server):
    return warm_ones(server, "belljar_spare_boxes")


def run(server, body):
    """What was seen of its compilation and of itself, and whether it was warm."""
    before = claimed(server)
    answer = native.create(server, {**body, "wait": True})
    assert answer.status == 200, answer
    found = answer.json()
    seen = [{key: found[stage][key] for key in COMPARED} if found[stage] else None for stage in ("compile", "run")]
    own = found["compile"] is None or found["compile"]["cached"]  # else a warm compiler may have been counted
    return seen, own and claimed(server) > before


def run_cold(servers, body):
    seen, was_warm = run(servers["cold"], body)
    assert not was_warm
    return seen


def run_warm(servers, body):
    """What is asked for is made ahead a little later, when no program runs."""
    got = []

    def is_warm():
        wait_until(lambda: ready(servers["warm"]) > 0, 1)
        seen, was_warm = run(servers["warm"], body)
        got[:] = [seen]
        return was_warm
    assert wait_until(is_warm, 60), "none was started ahead\n" + servers["warm"].log_path.read_text()[-1500:]
    return got[0]


def masked(seen):
    return ADDRESS.sub("ADDRESS", repr(seen))


def lines(seen):
    assert seen[1], seen
    return seen[1]["stdout"].splitlines()


def compare(servers, language, path, **more):
    """Cold twice the same, then the same warm; what begins with "fresh" is never the same."""
    body = {**request(language, path), **more}
    if path.name.startswith("fresh"):
        runs = [lines(one(servers, body)) for one in (run_cold, run_cold, run_warm, run_warm)]
        assert runs[0] and len({len(one) for one in runs}) == 1, runs
        assert [one for one in zip(*runs) if len(set(one)) < len(runs)] == []
        return
    first = run_cold(servers, body)
    cold = masked(first)
    assert first[1] or path.stem in NEVER_RUN, first
    assert masked(run_cold(servers, body)) == cold, "it is not the same twice, and proves nothing"
    if first[1] is None or f"{LIKE.get(language, language)}/{path.name}" in NEVER_WARM:
        for _ in range(3):
            seen, was_warm = run(servers["warm"], body)
            assert not was_warm and masked(seen) == cold
    else:
        assert masked(run_warm(servers, body)) == cold
