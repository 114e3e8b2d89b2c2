# SPDX-License-Identifier: Apache-2.0
"""What belljar says about itself, and how it refuses words that it does not know."""
import pathlib
import re
import subprocess

import pytest

from support.cli import BELLJAR, belljar
from support.server import ROOT

COMMANDS = ["run", "runtimes", "submit", "status", "watch", "cancel", "serve", "top", "ps", "db", "key", "doctor", "pkg",
            "piston",
            "version", "help"]


def test_overview_lists_every_command():
    done = belljar("help")
    assert done.returncode == 0 and done.stderr == ""
    for command in COMMANDS:
        assert re.search(rf"^  {command} +\S", done.stdout, re.M)
    assert "docs" not in re.findall(r"^  (\S+)", done.stdout, re.M)
    assert belljar("--help").stdout == done.stdout


@pytest.mark.parametrize("command", [one for one in COMMANDS if one != "piston"])
def test_help_of_a_command_is_the_same_both_ways(command):
    page = belljar("help", command)
    assert page.returncode == 0 and page.stderr == ""
    assert page.stdout.startswith(f"Usage: belljar {command}")
    flag = belljar(command, "--help")
    assert (flag.returncode, flag.stdout, flag.stderr) == (0, page.stdout, "")


def test_manual_names_every_command():
    text = pathlib.Path(ROOT, "docs/man/belljar.1").read_text()
    synopsis, description = text.partition(".Sh SYNOPSIS")[2].split(".Sh DESCRIPTION", 1)
    for command in COMMANDS:
        assert re.search(rf"^\.Cm .*\b{command}\b", synopsis, re.M), command
        assert command in ("version", "help") or re.search(rf"^\.It Cm {command}\b", description, re.M), command


def test_serve_tells_all_its_apis():
    page = belljar("help", "serve").stdout
    for path in ("/api/v1/executions", "/api/v1/stream", "/api/v2", "/submissions", "/metrics", "/docs"):
        assert path in page


def test_help_pages_fit_100_columns():
    for page in COMMANDS + ["options"]:
        assert max(len(line) for line in belljar("help", page).stdout.splitlines()) <= 100


def test_help_options_names_every_setting():
    keys = re.findall(r'^X\(\w+, \w+, "([^"]+)"', pathlib.Path(ROOT, "src/config/options.def").read_text(), re.M)
    assert len(keys) > 30
    text = belljar("help", "options").stdout.partition("\n  --config FILE")[2]
    for table in {key.split(".")[0] for key in keys}:
        assert f"[{table}]" in text
    assert text.count("\n  --") == len(keys)


def test_version_is_the_one_of_the_tree():
    version = pathlib.Path(ROOT, "VERSION").read_text().strip()
    for words in (["version"], ["--version"]):
        done = belljar(*words)
        assert done.returncode == 0
        assert re.fullmatch(rf"belljar {re.escape(version)} \(Linux \S+, \w+\)\n", done.stdout)


def test_options_page_in_docs_is_up_to_date():
    assert belljar("docs", "options").stdout == pathlib.Path(ROOT, "docs/options.md").read_text()


@pytest.mark.parametrize("words, status, error", [
    ([], 2, "belljar: a command is missing; 'belljar help' lists them\n"),
    (["rnu"], 2, "belljar: there is no command 'rnu'; did you mean 'run'?\n"),
    (["frobnicate"], 2, "belljar: there is no command 'frobnicate'; 'belljar help' lists them\n"),
    (["help", "srve"], 2, "belljar help: there is no page 'srve'; did you mean 'serve'?\n"),
    (["help", "run", "serve"], 2, "belljar help: 'serve' is too much; write: belljar help COMMAND\n"),
    (["version", "x"], 2, "belljar version: 'x' is too much; it takes no arguments\n"),
    (["docs", "x"], 2, "belljar docs: write: belljar docs options\n"),
    (["runtimes", "x"], 2, "belljar runtimes: 'x' is too much; it takes flags only\n"),
    (["runtimes", "--jsn"], 2, "belljar runtimes: unknown flag '--jsn'; did you mean --json?\n"),
    (["runtimes", "--json=1"], 2, "belljar runtimes: flag --json takes no value\n"),
    (["run"], 125, "belljar run: a file is missing; write: belljar run FILE [ARGS...]\n"),
    (["run", "--tme", "1", "x.py"], 125, "belljar run: unknown flag '--tme'; did you mean --time?\n"),
    (["run", "-x", "x.py"], 125, "belljar run: unknown flag '-x'; --help lists the flags\n"),
    (["run", "--url"], 125, "belljar run: flag --url needs a value: --url URL\n"),
    (["run", "-l"], 125, "belljar run: flag -l needs a value: -l LANG[=RANGE]\n"),
    (["run", "-l", "=3", "x.py"], 125, "belljar run: flag --language names no language; write -l python\n"),
    (["run", "-l", "python=latest", "x"], 125,
     "belljar run: 'latest' is no range of versions; write 3.x, ^12 or 1.2.3\n"),
    (["run", "--env", "KEY", "x.py"], 125, "belljar run: 'KEY' sets no variable; write --env KEY=VALUE\n"),
    (["run", "/nowhere/x.py"], 125, "belljar run: open '/nowhere/x.py': No such file or directory\n"),
    (["run", "--memory", "1", "x.py"], 125,
     "belljar run: flag --memory: limits.run_memory_bytes is '1', which is out of range; give 4194304 to "
     "1099511627776 bytes, or with a unit: 64K, 64M, 1G\n"),
])
def test_wrong_words_are_refused_with_a_remedy(words, status, error):
    done = belljar(*words)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", error)


def test_unknown_language_names_the_remedy(tmp_path):
    path = tmp_path / "a.frob"
    path.write_text("")
    done = belljar("run", path)
    assert done.returncode == 125
    assert done.stderr == ("belljar run: no language is known for 'a.frob'; name one with -l ('belljar runtimes' lists "
                           "them)\n")
    assert belljar("run", "-", input="x").stderr == (
        "belljar run: a program from stdin has no name; say its language with -l\n")


def test_full_disk_behind_stdout_is_a_failure():
    with open("/dev/full", "w") as full:
        done = subprocess.run([BELLJAR, "help"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == "belljar: writing to stdout: No space left on device\n"
