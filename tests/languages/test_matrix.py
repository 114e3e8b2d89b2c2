# SPDX-License-Identifier: Apache-2.0
"""The matrix (make test-languages) over a dozen languages that are quick to install; it is run over all before a release.

Needs root and a mirror of Debian.  TEST_DEBS may name a directory of .debs that were got before.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from conftest import BUILD, ROOT

from support.server import cannot, clean_environment

QUICK = ("awk/5.2", "bash/5.2", "bc/1.07", "befunge93/befunge93", "brainfuck/brainfuck", "cow/cow", "dash/0.5", "deadfish/deadfish",
         "golfscript/golfscript", "lolcode/lolcode", "lua/5.4", "rockstar/rockstar")


def matrix(store, *words):
    """(exit status, what it printed)"""
    done = subprocess.run([sys.executable, ROOT / "tests/languages/matrix.py", "--runtimes-dir", store, *words], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=900, check=False, env={**os.environ, "BELLJAR_BUILD": str(BUILD)})
    return done.returncode, done.stdout


@pytest.fixture(scope="module", name="store")
def fixture_store(tmp_path_factory):
    if os.geteuid() != 0:
        cannot("the matrix is run by root")
    store = tmp_path_factory.mktemp("languages") / "store"
    archives = store / "apt/bookworm/archives"
    archives.mkdir(parents=True)
    for deb in pathlib.Path(os.environ.get("TEST_DEBS", "/nonexistent")).glob("*.deb"):
        shutil.copy(deb, archives)
    done = subprocess.run([BUILD / "belljar", "pkg", "install", "--yes", "--runtimes-dir", store, "part/bookworm"], capture_output=True,
                          text=True, check=False, env=clean_environment())
    if done.returncode != 0:
        cannot(f"there is no part to stand on: {done.stderr}")
    return store


def test_quick_languages_pass_everything(store):
    status, said = matrix(store, *QUICK)
    assert status == 0, said
    assert said.endswith(f"{len(QUICK)} passed, 0 failed\n")


def test_what_passed_is_not_run_again(store):
    assert matrix(store, *QUICK) == (0, "0 passed, 0 failed\n")


def test_each_failure_is_told_and_kept(store):
    manifest = store / "runtimes/lua@5.4/manifest.toml"
    right = manifest.read_text()
    manifest.write_text(re.sub(r'(?m)^tool = ".*"$', 'tool = "/bin/false"', right))
    status, said = matrix(store, "--installed", "lua/5.4")
    manifest.write_text(right)
    assert status == 1 and said.endswith("0 passed, 1 failed\n"), said
    kept = json.loads((store.with_name("store-results") / "lua@5.4.json").read_text())["tests"]
    assert "exited with status 1" in kept["hello"] and kept["echo"] and kept["eight"] and kept["box"] is None
