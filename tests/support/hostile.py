# SPDX-License-Identifier: Apache-2.0
"""The programs of tests/hostile and what their heads say (tests/hostile/README.md)."""
import pathlib
import subprocess

PROGRAMS = sorted(pathlib.Path(__file__).resolve().parent.parent.joinpath("hostile", "programs").iterdir())
KEYS = ("threat", "defence", "tries", "must", "shows", "request", "stdin_size", "expect", "needs", "together", "again", "hides", "off", "control")
# Its own namespaces for what a program could leave behind; nothing else is taken away from it.
BARE = ["unshare", "--user", "--map-root-user", "--ipc", "--pid", "--fork", "--kill-child"]


def head(path):
    """{key: value} of the comment that a program begins with."""
    found = {}
    for line in path.read_text().splitlines():
        if line.strip() == "*/" or not line.startswith(("#", "/*", " *")):
            break
        key, colon, value = line.lstrip("/*# ").rstrip().partition(": ")
        if colon and key in KEYS:
            found[key] = value
    return found


def sets_off(path):
    """Sets of switches of a test build without which the attack succeeds."""
    return [tuple(words.split("+")) for words in head(path).get("off", "").split()]


def run_bare(path, folder):
    """What it prints outside a box; at its second run where the head says so."""
    argv = ["/usr/bin/python3" if path.suffix == ".py" else "bash", str(path)]
    if path.suffix == ".c":
        argv = [str(folder / path.stem)]
        subprocess.run(["gcc", "-o", argv[0], path, "-pthread"], check=True)
    if head(path)["control"] == "bare-twice":
        argv = ["sh", "-c", '"$@" >/dev/null; "$@"', "sh", *argv]
    return subprocess.run([*BARE, *argv], capture_output=True, text=True, timeout=60).stdout
