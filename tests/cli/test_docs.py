# SPDX-License-Identifier: Apache-2.0
"""The man page and the completion: well-formed, and in step with what belljar knows."""
import re
import shutil
import subprocess
import tomllib

import pytest

from support.cli import BELLJAR, belljar, environment
from support.server import ROOT, cannot

MAN = ROOT / "docs/man/belljar.1"
COMPLETION = ROOT / "docs/completion/belljar.bash"


def test_man_page_is_clean():
    if not shutil.which("mandoc"):
        cannot("mandoc is not installed")
    done = subprocess.run(["mandoc", "-Tlint", "-Wstyle", str(MAN)], capture_output=True, text=True)
    assert [line for line in done.stdout.splitlines() if "mandoc.db" not in line and "referenced manual not found" not in line] == []


def overview():
    commands = re.findall(r"^  (\w+) ", belljar("help").stdout.partition("Commands:")[2], re.M)
    assert len(commands) >= 17
    return commands


def test_man_page_names_every_command_and_flag_of_run():
    text = MAN.read_text().replace("Fl -", "--")
    for command in overview():
        assert f".It Cm {command}\n" in text
    flags = re.findall(r"^ +(?:-\w, )?--([a-z-]+)", belljar("help", "run").stdout, re.M)
    shown = re.findall(r"(?:--| , -)([a-z-]+)", text)
    for flag in set(flags) - {"help", "config", "cgroup", "cgroup-parent", "require", "sandbox-uid-base", "sandbox-boxd"}:
        assert flag in shown, flag


def complete(function, *words):
    quoted = " ".join(f"'{word}'" for word in words)
    script = (f"source {COMPLETION}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; {function}; "
              "printf '%s\\n' \"${COMPREPLY[@]}\"")
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=environment())
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize("function, words, expected", [
    ("_belljar", [BELLJAR, "ru"], ["run", "runtimes"]),
    ("_belljar", [BELLJAR, "help", "opt"], ["options"]),
    ("_belljar", [BELLJAR, "run", "--compile-t"], ["--compile-time"]),
    ("_belljar", [BELLJAR, "run", "--js"], ["--json"]),
    ("_belljar", [BELLJAR, "db", "ex"], ["export"]),
    ("_belljar", [BELLJAR, "image", "p"], ["pull"]),
    ("_belljar", [BELLJAR, "serve", "--print"], ["--print-config"]),
    ("_belljar", [BELLJAR, "run", "--require", "f"], ["full"]),
    ("_belljar", [BELLJAR, "piston", "pp"], ["ppman"]),
    ("_piston", ["piston", "ppman", "un"], ["uninstall"]),
    ("_piston", ["piston", "run", "--lang"], ["--language_version"]),
])
def test_completion_offers(function, words, expected):
    assert complete(function, *words) == expected


def test_completion_knows_all_commands_and_actions():
    assert set(overview()) <= set(complete("_belljar", BELLJAR, ""))
    actions = belljar("pkg").stderr.partition("one of: ")[2].strip().split(", ")
    assert len(actions) >= 17
    assert sorted(complete("_belljar", BELLJAR, "pkg", "")) == sorted(actions)


def test_flags_that_the_page_of_packages_speaks_of_are_explained_there():
    page = belljar("help", "pkg").stdout
    listed = re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", page, re.M)
    assert set(re.findall(r"--[a-z-]+", page)) <= set(listed)
    assert {"--data", "--piston-repo", "--runtimes-dir"} <= set(listed)
    tables = re.findall(r"^\[.*]$", page, re.M)
    assert len(tables) == len(set(tables))


def test_example_of_adding_a_language_is_what_the_recipe_says():
    """Which the matrix has installed and tried."""
    text = (ROOT / "docs/adding-a-language.md").read_text().partition("```toml\n")[2].partition("```")[0]
    assert len(text.splitlines()) < 20
    shown, ours = tomllib.loads(text), tomllib.loads((ROOT / "runtimes/nickle/2.91.toml").read_text())
    assert "hello" in shown.pop("tests") and "hello" in ours.pop("tests")
    del ours["host"]
    assert shown == ours


def test_completion_offers_files_with_blanks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my file.py").write_text("")
    assert " ".join(complete("_belljar", BELLJAR, "run", "my")) == "my file.py"
