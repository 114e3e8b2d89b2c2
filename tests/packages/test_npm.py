# SPDX-License-Identifier: Apache-2.0
"""Recipes of npm packages, from a registry of the test's own."""
import base64
import hashlib
import io
import json
import os
import shutil
import stat
import subprocess
import tarfile

import pytest

from support.server import BUILD

INVALID, NOT_FOUND = 1, 2  # base/err.h
HOME = "opt/runtimes/toy-1"


def tarball(files, top="package"):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as made:
        for name, content in files.items():
            info = tarfile.TarInfo(f"{top}/{name}")
            info.size, info.mode = len(content), 0o644
            made.addfile(info, io.BytesIO(content))
    return data.getvalue()


class Registry:
    """Packages, a recipe and its lock, and where they are installed to."""

    def __init__(self, folder):
        self.folder, self.packages = folder, {}
        for name in ("registry", "recipes/toy", "cache", "tree"):
            (folder / name).mkdir(parents=True)
        self.tree = folder / "tree"

    def add(self, path, data, version="1.0.0", **more):
        name = path.split("node_modules/")[-1]
        tail = f"{name}/-/{name.split('/')[-1]}-{version}.tgz"
        (self.folder / "registry" / tail).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / "registry" / tail).write_bytes(data)
        self.packages[path] = {"version": version, "resolved": f"https://registry.npmjs.org/{tail}",
                               "integrity": "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode(), "size": len(data), **more}

    def install(self, wanted=("a@1.0.0",)):
        recipe = f'''language = "toy"\nname = "Toy"\nversion = "1.0.0"\ntools = ["{{home}}/node_modules/a/bin.js"]\nextensions = [".toy"]
file = "main.toy"\nrun = ["{{tool}}", "{{main}}"]\n[ask]\nargs = ["--version"]\n[install]\nnpm = {json.dumps(wanted)}\n'''
        (self.folder / "recipes/toy/1.toml").write_text(recipe)
        (self.folder / "recipes/toy/1.lock.json").write_text(json.dumps({"lockfileVersion": 3, "packages": {"": {}, **self.packages}}))
        return subprocess.run([BUILD / "tests/unit/packages/try_installer", "npm", self.folder / "recipes", "toy/1", self.folder / "cache", self.tree,
                               f"file://{self.folder}/registry", BUILD / "belljar-unpack"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=60)


@pytest.fixture
def registry(tmp_path):
    return Registry(tmp_path)


def test_packages_are_installed_below_the_home_of_the_recipe(registry):
    a = tarball({"package.json": b"{}", "bin.js": b"#!/usr/bin/env node\n", "lib/x.js": b"1"})
    b = tarball({"index.js": b"2"}, top="odd-top")
    registry.add("node_modules/a", a, bin={"a": "./bin.js", "gone": "not-there.js"}, unpackedSize=100)
    registry.add("node_modules/a/node_modules/@s/b", b, "2.0.0", unpackedSize=50)
    done = registry.install()
    assert (done.returncode, done.stderr) == (0, "")
    parts = ["npm a 1.0.0", "npm @s/b 2.0.0"]
    assert done.stdout.splitlines() == [*parts, f"plan {len(a) + len(b)} 150", *parts]
    modules = registry.tree / HOME / "node_modules"
    assert sorted(str(path.relative_to(modules)) for path in modules.rglob("*") if path.is_file()) == [
        "a/bin.js", "a/lib/x.js", "a/node_modules/@s/b/index.js", "a/package.json"]
    assert stat.S_IMODE((modules / "a/bin.js").stat().st_mode) == 0o755
    assert stat.S_IMODE((modules / "a/lib/x.js").stat().st_mode) == 0o644


def test_the_second_time_nothing_is_downloaded(registry):
    registry.add("node_modules/a", tarball({"bin.js": b""}))
    assert registry.install().returncode == 0
    for file in (registry.folder / "registry").rglob("*.tgz"):
        file.unlink()
    done = registry.install()
    assert done.returncode == 0 and "plan 0 0" in done.stdout


def test_what_is_for_other_machines_is_not_downloaded(registry):
    registry.add("node_modules/a", tarball({"bin.js": b""}))
    registry.packages["node_modules/w"] = {"optional": True, "os": ["win32"]}
    assert registry.install().returncode == 0
    assert os.listdir(registry.tree / HOME / "node_modules") == ["a"]


def test_wrong_bytes_are_refused(registry):
    registry.add("node_modules/a", tarball({"bin.js": b""}))
    for file in (registry.folder / "registry").rglob("*.tgz"):
        file.write_bytes(tarball({"bin.js": b"evil"}))
    done = registry.install()
    assert done.returncode == INVALID and "/a/-/a-1.0.0" in done.stderr
    assert os.listdir(registry.tree) == []


def test_a_package_that_is_not_there_is_told(registry):
    registry.add("node_modules/a", b"")
    for file in (registry.folder / "registry").rglob("*.tgz"):
        file.unlink()
    assert registry.install().returncode == NOT_FOUND


def test_a_lock_that_is_of_something_else_is_refused(registry):
    registry.add("node_modules/a", tarball({"bin.js": b""}), "1.0.1")
    done = registry.install()
    assert done.returncode == INVALID and "a@1.0.0" in done.stderr and "tools/npm-lock" in done.stderr


def test_a_hostile_tarball_names_its_package(registry):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as made:
        link = tarfile.TarInfo("package/l")
        link.type, link.linkname = tarfile.SYMTYPE, "../../../../../.."
        made.addfile(link)
        made.addfile(tarfile.TarInfo("package/l/out"))
    registry.add("node_modules/a", data.getvalue())
    done = registry.install()
    assert done.returncode == INVALID and done.stderr.startswith("a@1.0.0: ")
    assert sorted(os.listdir(registry.folder)) == ["cache", "recipes", "registry", "tree"]


def test_a_bin_that_is_a_link_is_not_followed(registry):
    data = io.BytesIO()
    victim = registry.folder / "victim"
    victim.write_text("")
    victim.chmod(0o600)
    with tarfile.open(fileobj=data, mode="w:gz") as made:
        link = tarfile.TarInfo("package/bin.js")
        link.type, link.linkname = tarfile.SYMTYPE, str(victim)
        made.addfile(link)
    registry.add("node_modules/a", data.getvalue(), bin="bin.js")
    assert registry.install().returncode != 0
    assert stat.S_IMODE(victim.stat().st_mode) == 0o600


def test_own_interpreters_are_copied(registry):
    """They are found beside the program, in languages/."""
    folder = registry.folder / "program"
    (folder / "languages").mkdir(parents=True)
    (folder / "languages/toy").write_bytes(b"#!/bin/sh\n")
    (folder / "languages/toy").chmod(0o755)
    shutil.copy(BUILD / "tests/unit/packages/try_installer", folder / "try_installer")
    (registry.folder / "recipes/toy/1.toml").write_text('''language = "toy"\nname = "Toy"\nversion = "1.0.0"\ntools = ["toy"]
extensions = [".toy"]\nfile = "main.toy"\nrun = ["{tool}", "{main}"]\n[ask]\nargs = ["--version"]\n[install]
own = ["toy"]\n''')
    done = subprocess.run([folder / "try_installer", "own", registry.folder / "recipes", "toy/1", registry.folder / "cache", registry.tree, "", ""],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "") and "plan 0 10" in done.stdout
    assert (registry.tree / "usr/bin/toy").read_bytes() == b"#!/bin/sh\n"
    assert os.access(registry.tree / "usr/bin/toy", os.X_OK)
