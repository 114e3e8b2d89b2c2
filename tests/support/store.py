# SPDX-License-Identifier: Apache-2.0
"""A package store that is made by hand: a small system of the host's own programs, and layers over it."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

BASE = 1000  # the layer that has a system
PROGRAMS = ("sh", "cat", "ls", "find", "stat", "id", "mkdir", "rm", "ln", "mv", "chmod", "head", "readlink", "sleep")
SHELL = """language = '{name}'
name = '{name}'
version = '{version}'
tools = ['sh']
extensions = ['.{name}']
file = 'main.{name}'
run = ['{{tool}}', '{{main}}', '{{args}}']
warm = '{{main}}'
[ask]
args = ['--version']
[install]
debian = ['dash']
"""


class Store:
    """Layers by their numbers, in a directory that everybody can walk."""

    def __init__(self):
        # Not /tmp, where that is a tmpfs: it has no attributes of users before Linux 6.6.
        self.top = tempfile.mkdtemp(prefix="belljar-store-test-", dir="/var/tmp")
        os.chmod(self.top, 0o755)
        self.layers = f"{self.top}/layers"
        os.mkdir(self.layers)
        base = self.layer(BASE)
        for name in ("usr/bin", "usr/lib", "etc", "opt", "var"):
            os.makedirs(base / name)
        os.symlink("usr/bin", base / "bin")
        for program in PROGRAMS:
            self.copy(base, shutil.which(program), f"usr/bin/{program}")

    def copy(self, root, path, name):
        """A program and what it is linked with."""
        shutil.copy(path, root / name)
        for line in subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout.splitlines():
            found = re.search(r"(/\S+) \(", line)
            if found and not (root / found[1][1:]).exists():
                (root / found[1][1:]).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(found[1], root / found[1][1:])

    def layer(self, number, files=()):
        root = pathlib.Path(self.layers, str(number))
        root.mkdir(mode=0o755)
        for name, text in dict(files).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return root

    def manifest(self, name, version, layers, recipe, tool="/usr/bin/sh"):
        """A runtime, put in place as the store does: by one rename."""
        made = pathlib.Path(self.top, f".{name}")
        made.mkdir()
        (made / "manifest.toml").write_text(
            f'id = "{name}/1"\nversion = "{version}"\ntool = "{tool}"\nsource = "debian"\nlayers = {list(layers)}\n'
            f'own_layers = 1\nparts = []\ninstalled = 1\npinned = false\nhidden = false\nrecipe = """\n{recipe}"""\n')
        os.makedirs(f"{self.top}/runtimes", exist_ok=True)
        made.rename(f"{self.top}/runtimes/{name}@1")

    def shell(self, name, version, layers, **more):
        """A language whose programs the shell of the layers runs."""
        self.manifest(name, version, layers, SHELL.format(name=name, version=version), **more)

    def stage(self, owner):
        path = pathlib.Path(self.top, "stage")
        for place in (path, path / "root", path / "work"):
            place.mkdir()
            os.chown(place, owner, owner)
        return path
