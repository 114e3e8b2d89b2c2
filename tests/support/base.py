# SPDX-License-Identifier: Apache-2.0
"""A store of packages whose base is a few programs of this host in place of a Debian: recipes are installed on it in moments."""
import os
import pathlib
import re
import subprocess

from support.images import Image, Layout, shell
from support.server import BUILD, clean_environment

PART = """id = "part/bookworm"
version = "12.0.0"
source = "debian"
layers = [{layer}]
own_layers = 1
parts = []
installed = 1
pinned = false
hidden = true
recipe = '''
name = "A small system"
version = "12.0.0"
[install]
debian = ["base-files"]
'''
"""
# What is put in place of the whole system is put with a layer of the store's own making.
FULL = """
set -e
mount -t tmpfs -o size="$1",mode=755 tmpfs "$2/stage"
shift 2
exec "$@"
"""


class Store:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(mode=0o755)
        archive = Layout().add(Image(shell().bytes(), config={"Cmd": ["sh"]})).write(self.folder.parent / "base.tar")
        done = self.belljar("image", "import", archive, "--as", "base")
        assert done.returncode == 0, done.stderr
        text = (self.folder / "runtimes/image@base/manifest.toml").read_text()
        part = self.folder / "runtimes/part@bookworm"
        part.mkdir()
        (part / "manifest.toml").write_text(PART.format(layer=re.search(r"layers = \[(\d+)\]", text)[1]))

    def recipe(self, identity, text, lock=None):
        path = self.folder / "recipes" / f"{identity}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if lock:
            path.with_suffix(".lock.json").write_text(lock)

    def command(self, command, *words):
        return [str(BUILD / "belljar"), *command.split(), f"--runtimes-dir={self.folder}", *map(str, words)]

    def belljar(self, command, *words, env=None, **more):
        return subprocess.run(self.command(command, *words), env={**clean_environment(), **(env or {})}, capture_output=True, text=True,
                              timeout=180, check=False, **more)

    def on_full_disk(self, size, command, *words, env=None):
        """With so much room for what is half made."""
        return subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c", FULL, "sh", size, self.folder, *self.command(command, *words)],
                              env={**clean_environment(), **(env or {})}, capture_output=True, text=True, timeout=180, check=False)

    def runtimes(self):
        return sorted(os.listdir(self.folder / "runtimes"))

    def layers(self):
        return sorted(os.listdir(self.folder / "layers"))

    def leftovers(self):
        return os.listdir(self.folder / "stage")
