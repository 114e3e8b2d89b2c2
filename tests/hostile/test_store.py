# SPDX-License-Identifier: Apache-2.0
"""Attacks from within a root that is made of installed packages instead of the host's own directories.

The same programs as test_hostile.py, those for which it matters what a root is made of, with the python, bash and C of a
store of packages.
"""
import json
import re
import subprocess

import pytest

from support import hostile
from support.cli import belljar
from support.packages import store_with
from support.server import BUILD, cannot, clean_environment

INSTALLED = ("python/3.11", "bash/5.2", "c/gcc-12")
THREATS = {"A1", "A2", "A9", "A10", "A11", "A12", "A13", "D9", "E7"}
PROGRAMS = [path for path in hostile.PROGRAMS if hostile.head(path)["threat"] in THREATS]
# One line: the root of the box, whose lower layers have numbers from 1000 when they are the store's.
ROOT = {
    "python": "print(next(line for line in open('/proc/self/mountinfo') if ' / / ' in line))\n",
    "bash": "while read -r line; do case $line in *' / / '*) echo \"$line\";; esac; done </proc/self/mountinfo\n",
    "c": '#include <stdio.h>\nint main(void)\n{\n    char line[4096];\n    FILE *f = fopen("/proc/self/mountinfo", "r");\n'
         '    while (fgets(line, sizeof line, f))\n        fputs(line, stdout);\n    return 0;\n}\n',
}
# What stands in the root that is neither a plain file, a directory nor a link, has a bit too many, or is another's.
WALK = """import os, stat
for top, folders, files in os.walk("/"):
    folders[:] = set(folders) - ({"proc", "dev", "box", "tmp"} if top == "/" else set())
    for name in folders + files:
        st = os.lstat(os.path.join(top, name))
        plain = stat.S_ISREG(st.st_mode) or stat.S_ISDIR(st.st_mode) or stat.S_ISLNK(st.st_mode)
        if not plain or st.st_mode & 0o6000 or st.st_uid == os.getuid() or not stat.S_ISLNK(st.st_mode) and st.st_mode & 0o022:
            print(os.path.join(top, name), oct(st.st_mode), st.st_uid)
print("walked")
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = store_with(tmp_path_factory.mktemp("packages"), *INSTALLED)
    for language, source in ROOT.items():
        done = belljar("run", "--runtimes-dir", path, "-l", language, "-", input=source)
        root = next((line for line in done.stdout.splitlines() if " / / " in line), done.stderr)
        if not re.search(r"lowerdir=.*:1\d{3,}", root):
            cannot(f"the host's {language} goes before the installed one: {root}")
    return path


@pytest.fixture(scope="module")
def proof(store):
    names = [path.stem for path in PROGRAMS]
    done = subprocess.run([str(BUILD / "belljar"), "prove", "--json", "--runtimes-dir", store, *names], capture_output=True, text=True,
                          timeout=3000, env=clean_environment(), check=False)
    assert done.stdout, done.stderr
    return {row["name"]: row for row in json.loads(done.stdout)["rows"]}


@pytest.mark.parametrize("name", [path.stem for path in PROGRAMS])
def test_attack_is_held_in_a_root_of_packages(proof, name):
    row = proof[name]
    if row["result"] in ("absent", "not run"):
        cannot(row["detail"])
    assert row["result"] == "held", row


def test_root_holds_nothing_but_plain_files_of_others(store):
    done = belljar("run", "--runtimes-dir", store, "--time", "20s", "-l", "python", "-", input=WALK)
    assert done.stdout == "walked\n", done.stdout + done.stderr
