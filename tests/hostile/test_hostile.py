# SPDX-License-Identifier: Apache-2.0
"""Every program of programs/ tries one attack.  Its head says what it tries, what must happen, and what the answer must be.

One run of `belljar prove` attacks with all of them, and looks after each whether anything is left behind, and whether
the next program runs as if nothing had been.
`control` names a program that is also run outside a box, where it must succeed: a test that cannot fail proves nothing.
"""
import json
import os
import subprocess

import pytest

from support import hostile
from support.server import BUILD, cannot, clean_environment

SLOW = os.environ.get("SLOW_TEST_LIMIT_MS")
TIMES = ("WALL_MS", "CPU_MS", "COMPILE_WALL_MS", "COMPILE_CPU_MS")
# Of each a process is there when `belljar prove` looks.
PROCESSES = ("server", "boxd", "boxd-netns", "init", "program")


def selected(request):
    """Names for `belljar prove`: of the programs whose tests run; none when all of them do."""
    calls = [item.callspec.params for item in request.session.items if getattr(item, "callspec", None)]
    names = [params["path"].stem for params in calls if "path" in params]
    return [] if set(names) >= {path.stem for path in hostile.PROGRAMS} else [*dict.fromkeys(names), "processes"]


@pytest.fixture(scope="module")
def proof(request):
    """{name: row} of `belljar prove`, which names each row after its program or process."""
    # On a machine that is emulated what ends by itself must not meet a limit of time.
    slow = {f"BELLJAR_NATIVE_{name}": SLOW for name in TIMES} if SLOW else {}
    done = subprocess.run([str(BUILD / "belljar"), "prove", "--json", *selected(request)], capture_output=True, text=True, timeout=3000,
                          env={**clean_environment(), **slow})
    assert done.stdout, done.stderr
    whole = json.loads(done.stdout)
    assert whole["ok"] == (done.returncode == 0)
    return {row["name"]: row for row in whole["rows"]}


def check(row):
    if row["result"] == "absent" and os.geteuid() != 0:
        pytest.skip(row["detail"])
    if row["result"] == "absent":
        cannot(row["detail"])
    if row["result"] == "not run":
        cannot(row["detail"])
    assert row["result"] == "held", row


@pytest.mark.parametrize("path", hostile.PROGRAMS, ids=lambda path: path.stem)
def test_attack_is_held_and_leaves_nothing(proof, path):
    check(proof[path.stem])


@pytest.mark.parametrize("name", PROCESSES)
def test_process_has_the_privileges_that_it_needs(proof, name):
    check(proof[name])


@pytest.mark.parametrize("path", [path for path in hostile.PROGRAMS if "control" in hostile.head(path)], ids=lambda path: path.stem)
def test_attack_succeeds_without_a_box(path, tmp_path):
    if subprocess.run([*hostile.BARE, "true"], capture_output=True).returncode != 0:
        cannot("user namespaces are off: no place to run the control")
    assert "LEAK" in hostile.run_bare(path, tmp_path)


def test_record_locks_do_carry_between_processes_that_share_inodes(tmp_path):
    """The channel that the private overlays close: without them two processes see each other's locks."""
    binary = tmp_path / "locks"
    subprocess.run(["gcc", "-o", binary, next(path for path in hostile.PROGRAMS if path.stem == "locks")], check=True)
    pair = [subprocess.Popen([binary], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert any("LEAK" in one.communicate()[0] for one in pair)
