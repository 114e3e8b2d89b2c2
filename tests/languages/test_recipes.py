# SPDX-License-Identifier: Apache-2.0
"""What each recipe says of its interpreter, tried on the interpreter itself."""
import pathlib
import signal
import subprocess
import tomllib

import pytest
from conftest import BUILDS, ROOT

RECIPES = {path.parent.name: tomllib.loads(path.read_text()) for path in sorted(pathlib.Path(ROOT / "runtimes").glob("*/*.toml"))
           if "own" in tomllib.loads(path.read_text()).get("install", {})}
KINDS = ["hello", "unicode", "echo", "sum", "exit", "error", "bad", "loop", "memory"]


def having(kind):
    return [name for name, recipe in RECIPES.items() if kind in recipe["tests"]]


def test_every_interpreter_has_a_recipe():
    programs = {path.stem for path in (ROOT / "src/languages").glob("*.c") if "int main(" in path.read_text()}
    assert programs == {name for recipe in RECIPES.values() for name in recipe["install"]["own"]}


@pytest.mark.parametrize("name", RECIPES)
def test_every_kind_of_test_is_there_or_excused(name):
    tests = RECIPES[name]["tests"]
    excused = [kind.strip() for reason in tests.get("no", []) for kind in reason.split(":")[0].split(",")]
    assert sorted([kind for kind in KINDS if kind in tests] + excused) == sorted(KINDS)


@pytest.mark.parametrize("name", RECIPES)
def test_version_is_that_of_the_recipe(run, name):
    assert run(name, "", args=["--version"], expect=0).text == f"{name} {RECIPES[name]['version']}\n"


@pytest.mark.parametrize("name", RECIPES)
def test_no_argument_shows_the_usage(run, name):
    assert run(name, "", args=[], expect=2).err == f"usage: {name} FILE\n"


@pytest.mark.parametrize("name", RECIPES)
def test_missing_file_is_named(run, name):
    assert "'/nowhere'" in run(name, "", args=["/nowhere"], expect=1).err


@pytest.mark.parametrize("name", having("hello"))
def test_hello(run, name):
    tests = RECIPES[name]["tests"]
    assert run(name, tests["hello"], expect=0).text == tests.get("says", "Hello, World!\n")


@pytest.mark.parametrize("name", having("unicode"))
def test_unicode(run, name):
    assert run(name, RECIPES[name]["tests"]["unicode"], expect=0).text == "naïve 世界 🌍\n"


@pytest.mark.parametrize("name", having("echo"))
def test_echo_copies_a_megabyte(run, name):
    lines = "".join(f"line {i}: naïve 世界\n" for i in range(45_000)).encode()
    assert run(name, RECIPES[name]["tests"]["echo"], lines, expect=0).out == lines


@pytest.mark.parametrize("name", having("sum"))
def test_sum(run, name):
    assert run(name, RECIPES[name]["tests"]["sum"], "1 2 3\n40\n", expect=0).text == "46\n"


@pytest.mark.parametrize("name", having("exit"))
def test_exit(run, name):
    run(name, RECIPES[name]["tests"]["exit"], expect=3)


@pytest.mark.parametrize("kind", ["error", "bad"])
@pytest.mark.parametrize("name", RECIPES)
def test_what_fails_says_so(run, name, kind):
    if kind in RECIPES[name]["tests"]:
        assert run(name, RECIPES[name]["tests"][kind], expect=1).err.startswith(f"{name}: ")


@pytest.mark.parametrize("name", having("loop"))
def test_loop_uses_a_cpu_for_ever(name, tmp_path):
    (tmp_path / "program").write_text(RECIPES[name]["tests"]["loop"])
    ended = subprocess.run(["prlimit", "--cpu=1", BUILDS[0] / name, tmp_path / "program"], stdout=subprocess.DEVNULL, check=False)
    assert ended.returncode in (-signal.SIGXCPU, -signal.SIGKILL)


@pytest.mark.parametrize("name", having("memory"))
def test_memory_ends_with_a_word_when_there_is_no_more(name, tmp_path):
    (tmp_path / "program").write_text(RECIPES[name]["tests"]["memory"])
    ended = subprocess.run(["prlimit", "--as=200000000", "--cpu=50", BUILDS[0] / name, tmp_path / "program"], capture_output=True, check=False)
    assert ended.returncode == 1 and b"out of memory" in ended.stderr
