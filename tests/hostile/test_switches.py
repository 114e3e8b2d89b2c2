# SPDX-License-Identifier: Apache-2.0
"""Each defence matters: in a test build that leaves it out the attacks that it stops succeed.

The build is BELLJAR_WEAK_BUILD (meson setup -Dweaken=true; tools/run-tests makes it).  `belljar prove` runs there
once for each set of switches that a head names in `off`, and must say LEAKED of its programs.  Nothing else is
weaker then: so a program that leaks shows that this defence, or these together, and no other, had held it.

proves: D8
"""
import json
import os
import pathlib
import re
import subprocess

import pytest

from support import hostile
from support.server import BUILD, ROOT, cannot, clean_environment

WEAK = pathlib.Path(os.environ.get("BELLJAR_WEAK_BUILD", f"{BUILD}-weak"))
SWITCHES = re.findall(r'^X\(\w+, "([a-z-]+)"', ROOT.joinpath("src/boxproto/weaken.def").read_text(), re.MULTILINE)
ALL = [path.stem for path in hostile.PROGRAMS]
# {switches: names of the programs that must leak without these defences}
SETS = {}
for one in hostile.PROGRAMS:
    for switches_off in hostile.sets_off(one):
        SETS.setdefault(switches_off, []).append(one.stem)

# Held whatever is left out: boxes work all the same.
SOUND = "exit_spoof"

# What is inherited when the switches rlimits and keyring leave it alone, as from an operator's shell; what a box leaves
# in an IPC namespace that is not its own ends with this one.
WRAP = ["unshare", "--ipc", "--", "/usr/bin/python3", "-c", """
import ctypes, os, resource, sys
JOIN_SESSION_KEYRING, KEYCTL = 1, {"x86_64": 250, "aarch64": 219}[os.uname().machine]
ctypes.CDLL(None).syscall(KEYCTL, JOIN_SESSION_KEYRING, b"belljar-test")
for limit in (resource.RLIMIT_STACK, resource.RLIMIT_MSGQUEUE, resource.RLIMIT_MEMLOCK):
    resource.setrlimit(limit, (resource.getrlimit(limit)[1],) * 2)
os.execv(sys.argv[1], sys.argv[1:])
"""]


@pytest.fixture(scope="module", autouse=True)
def weak_build():
    if os.geteuid() != 0:
        cannot("boxes that lack a defence are made as root only, with ids that nobody else has")
    if not WEAK.joinpath("belljar").exists():
        cannot(f"there is no test build at {WEAK}: meson setup {WEAK} -Dweaken=true && ninja -C {WEAK}")


def prove(switches, names):
    """{name: row} of what `belljar prove` says with these defences left out."""
    done = subprocess.run([*WRAP, str(WEAK / "belljar"), "prove", "--json", "--pool-boxes=0", *names], capture_output=True, text=True,
                          timeout=900, env={**clean_environment(), "BELLJAR_WEAKEN": ",".join(switches)})
    assert done.stdout, done.stderr
    return {row["name"]: row for row in json.loads(done.stdout)["rows"]}


TRIES = 6  # an attack that is a race may lose it


def swap_is_there():
    return len(pathlib.Path("/proc/swaps").read_text().splitlines()) > 1


@pytest.mark.parametrize("switches", sorted(SETS), ids="+".join)
def test_attacks_succeed_without_their_defence(switches):
    if "swap" in switches and not swap_is_there():
        pytest.skip("this host has no swap: nothing can be swapped out, limit or not")
    names = SETS[switches]
    for _ in range(TRIES):
        rows = prove(switches, [*names, SOUND])
        there = [name for name in names if rows[name]["result"] != "absent"]
        if all(rows[name]["result"] == "LEAKED" for name in there):
            break
    if not there:
        pytest.skip("; ".join(rows[name]["detail"] for name in names))
    assert {name: rows[name]["result"] for name in there} == dict.fromkeys(there, "LEAKED"), rows
    assert rows[SOUND]["result"] == "held", rows[SOUND]


def test_each_switch_has_a_program():
    assert set(SWITCHES) == {switch for switches in SETS for switch in switches}


def test_an_unknown_switch_is_refused():
    done = subprocess.run([str(WEAK / "belljar"), "prove", "abort"], capture_output=True, text=True, timeout=60,
                          env={**clean_environment(), "BELLJAR_WEAKEN": "filter,nothing-like-that"})
    assert done.returncode != 0 and "nothing-like-that" in done.stderr


def test_a_plain_build_has_no_switches():
    done = subprocess.run([str(BUILD / "belljar"), "prove", "abort"], capture_output=True, text=True, timeout=60,
                          env={**clean_environment(), "BELLJAR_WEAKEN": "filter"})
    assert done.returncode != 0 and "BELLJAR_WEAKEN" in done.stderr


def test_such_a_build_says_so_beside_what_it_proves():
    words = [str(WEAK / "belljar"), "prove", SOUND]
    told = subprocess.run(words, capture_output=True, text=True, timeout=120, env=clean_environment())
    assert told.returncode == 0 and "a build for tests" in told.stdout, told
    told = subprocess.run([*words, "--json"], capture_output=True, text=True, timeout=120, env=clean_environment())
    assert json.loads(told.stdout)["test_build"] is True


def test_a_plain_build_has_no_word_of_a_switch_in_it(tmp_path):
    """Of what is loaded: names in what is for debuggers only are no code."""
    for name in ("belljar", "src/boxd/belljar-boxd", "src/init/belljar-init", "src/egress/belljar-egress"):
        found = []
        for build in (BUILD, WEAK):
            bare = tmp_path / "bare"
            subprocess.run(["strip", "-o", bare, build / name], check=True)
            found.append([word for word in (b"BELLJAR_WEAKEN", b"TEST BUILD", b"weaken.def") if word in bare.read_bytes()])
        assert found[0] == [], name
        assert found[1] or name != "belljar", "what is looked for would be there"


def test_landlock_is_never_the_only_wall():
    """Without it everything holds but what shows that it is there."""
    leaked = {name: row for name, row in prove(["landlock"], ALL).items() if row["result"] == "LEAKED"}
    assert set(leaked) <= set(SETS[("landlock",)]), leaked
