# SPDX-License-Identifier: Apache-2.0
"""A store of packages with languages that `belljar pkg install` has put there.

TEST_STORE may name a store that has them; it is only read.  Else they are installed into one of the test's own, for which
a mirror of Debian is needed; TEST_DEBS may name a directory of .debs that were got before.
"""
import os
import pathlib
import shutil
import tomllib

from support.cli import belljar
from support.server import cannot


def installed(store):
    """{id: manifest, with its recipe read} of the languages in it."""
    found = {}
    for path in sorted(pathlib.Path(store, "runtimes").glob("*/manifest.toml")):
        manifest = tomllib.loads(path.read_text())
        manifest["recipe"] = tomllib.loads(manifest["recipe"])
        if "language" in manifest["recipe"]:
            found[manifest["id"]] = manifest
    return found


def store_with(folder, *ids):
    """The directory of one that has these recipes."""
    have = os.environ.get("TEST_STORE")
    if have and installed(have).keys() >= set(ids):
        return have
    if os.geteuid() != 0:
        cannot("packages are installed by root")
    folder.chmod(0o755)
    if os.environ.get("TEST_DEBS"):
        archives = folder / "apt/bookworm/archives"
        archives.mkdir(parents=True)
        for deb in pathlib.Path(os.environ["TEST_DEBS"]).glob("*.deb"):
            shutil.copy(deb, archives)
    done = belljar("pkg", "install", "--yes", "--runtimes-dir", folder, *ids, timeout=900)
    if done.returncode != 0:
        cannot(f"they cannot be installed: {done.stderr}")
    return str(folder)
