# SPDX-License-Identifier: Apache-2.0
"""Programs whose interpreter was started ahead of them behave as those whose interpreter was not.

Each program of tests/warm/programs prints something that it can see of itself.  It runs twice cold, which must be the
same, or it could prove nothing; then warm.  What it says, and how it ends, must be the same once more.  A program whose
name begins with "fresh" is the other way round: no line of it may come twice.

A folder is a program of several files, the main one of which is main.*; its "stdin" is what it reads.
"""
import pathlib
import re
import shutil
import tomllib

import pytest

from support import native
from support.native import encode
from support.prepared import prepare
from support.raw import ask, wait_until
from support.server import ROOT, Server

PROGRAMS = pathlib.Path(__file__).resolve().parent / "programs"
# The same interpreter, or one that reads the same programs.
LIKE = {"pypy": "python", "luajit": "lua", "lua-compiled": "lua", "java-compiled": "java"}
# They have a NUL byte, files beside them that their interpreter looks at before, or ask how long it has been there.
NEVER_WARM = {
    "python/null_byte.py", "bash/started.sh", "zsh/started.zsh", "perl/started.pl", "lisp/started.lisp",
    "rscript/started.r", "java/started.java", "clojure/started.clj", "groovy/started.groovy", "typescript/started.ts",
    "javascript/started.js", "javascript/beside", "javascript/typed", "javascript/named",
}
NEVER_RUN = {"syntax_error", "type_error"}  # where a compiler sees it
LEAST = {"python": 25}  # programs; of others
LEAST_OTHERS = 8
# What a JIT or a debugger tells of where things lie, and Clojure of where it put its report.
ADDRESS = re.compile(r"0x[0-9a-f]{8,}|\{[0-9A-F]{10,}\}|clojure-\d+\.edn")
COMPARED = ("verdict", "exit_code", "signal", "stdout", "stderr", "encoding", "stdout_truncated", "stderr_truncated")


def recipes():
    """(language, its tools, whether it is started ahead) of each that a host may have."""
    for path in sorted((ROOT / "runtimes").glob("*/*.toml")):
        recipe = tomllib.loads(path.read_text())
        if "language" in recipe and "like" not in recipe:
            yield recipe["language"], recipe["tools"], "warm" in recipe or "warm" in recipe.get("prepared", {})


def warmed():
    """{language: whether the host has it} of those that are started ahead."""
    path = "/usr/local/bin:/usr/bin:/bin"
    found = {}
    for language, tools, warm in recipes():
        if warm:
            found[language] = found.get(language, False) or any(shutil.which(tool, path=path) for tool in tools)
    return found


def cases():
    for language, is_there in sorted(warmed().items()):
        if not is_there:
            yield pytest.param(language, None, id=language, marks=pytest.mark.skip(f"{language} is not installed"))
            continue
        for path in sorted((PROGRAMS / LIKE.get(language, language)).iterdir()):
            yield pytest.param(language, path, id=f"{language}-{path.name}")


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """With spares, and without.  One file of Java is warm where it is compiled first, which has to be prepared."""
    folder = tmp_path_factory.mktemp("prepared")
    folder.chmod(0o755)
    prepare(folder, ("java-", "clojure-", "groovy-"))
    flags = "--log-level", "info", "--prepare-dir", str(folder)
    # Room for all kinds at a time: what is let go for others is not what is looked at here.
    roomy = {"BELLJAR_POOL_MEMORY": "1G", "BELLJAR_POOL_IDLE_MS": "60000"}
    both = {"warm": Server(*flags, env=roomy), "cold": Server(*flags, "--pool", "0")}
    yield both
    for one in both.values():
        code, log = one.stop()
        assert code == 0, log


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


@pytest.mark.parametrize("language, path", cases())
def test_warm_is_as_cold(servers, language, path):
    body = request(language, path)
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


def test_control_a_program_that_can_tell_is_seen(servers):
    """The clock of /proc counts from the interpreter's start: the comparison must notice what differs."""
    source = "print(open('/proc/self/stat').read().rsplit(')', 1)[1].split()[19])\n"
    body = {"language": "python", "files": [{"path": "main.py", "content": source}]}
    assert run_cold(servers, body) != run_warm(servers, body)


def test_who_asks_for_a_start_of_its_own_gets_it(servers):
    body = {"language": "python", "files": [{"path": "main.py", "content": "print('asked')\n"}]}
    warm = run_warm(servers, body)
    for _ in range(3):
        assert wait_until(lambda: ready(servers["warm"]) > 0, 60)
        assert run(servers["warm"], {**body, "warm": False}) == (warm, False)


def test_every_language_that_is_warmed_has_its_programs():
    found = warmed()
    assert "python" in found
    few = {}
    for language in found:
        folder = PROGRAMS / LIKE.get(language, language)
        count = len(list(folder.iterdir())) if folder.is_dir() else 0
        if count < LEAST.get(language, LEAST_OTHERS):
            few[language] = count
    assert few == {}
