# SPDX-License-Identifier: Apache-2.0
"""What `belljar prepare` makes, for tests that need some of it."""
import subprocess

from support.server import BUILD, clean_environment


def prepare(folder, first):
    """Those whose name begins with `first` (or with one of them), and what it said.  Others' directories are there, and empty: to make them
    would take minutes."""
    command = [BUILD / "belljar", "prepare", "--prepare-dir", folder]
    listed = subprocess.run([*command, "--list"], capture_output=True, text=True, env=clean_environment(), check=True)
    for key in (line.split()[0] for line in listed.stdout.splitlines() if " missing " in line):
        if not key.startswith(first):
            (folder / key).mkdir()
    made = subprocess.run(command, capture_output=True, text=True, env=clean_environment(), timeout=300, check=False)
    assert made.returncode == 0, made.stderr
    return made.stdout
