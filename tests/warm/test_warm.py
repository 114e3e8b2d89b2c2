# SPDX-License-Identifier: Apache-2.0
"""Programs whose interpreter was started ahead of them behave as those whose interpreter was not.

Each program of tests/warm/programs prints something that it can see of itself.  It runs twice cold, which must be the
same, or it could prove nothing; then warm.  What it says, and how it ends, must be the same once more.  A program whose
name begins with "fresh" is the other way round: no line of it may come twice.

A folder is a program of several files, the main one of which is main.*; its "stdin" is what it reads.
"""
import shutil
import tomllib

import pytest

from support.prepared import prepare
from support.raw import wait_until
from support.server import ROOT, Server
from support.warm import LIKE, PROGRAMS, compare, ready, run, run_cold, run_warm

LEAST = {"python": 25}  # programs; of others
LEAST_OTHERS = 8


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


@pytest.mark.parametrize("language, path", cases())
def test_warm_is_as_cold(servers, language, path):
    compare(servers, language, path)


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
