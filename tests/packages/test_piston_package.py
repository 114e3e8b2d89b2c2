# SPDX-License-Identifier: Apache-2.0
"""Packages of Piston's, made as its own tools make them."""
import hashlib
import json
import os
import subprocess
import tomllib

import pytest

from support.server import BUILD

INVALID, NOT_FOUND = 1, 2  # base/err.h
INFO = {"language": "toy", "version": "1.2.0", "aliases": ["t"], "build_platform": "docker-debian"}
FILES = {"pkg-info.json": json.dumps(INFO), "run": "echo ran\n", "environment": "export A=1\n"}


class Packages:
    def __init__(self, folder):
        self.folder, self.lines = folder, [""]
        for name in ("cache", "tree"):
            (folder / name).mkdir()
        self.tree = folder / "tree"

    def add(self, files, name="toy", version="1.2.0", digest=None):
        """As `tar czf ... -C DIR .` does."""
        source = self.folder / "source"
        source.mkdir()
        for file, text in files.items():
            (source / file).write_text(text)
        target = self.folder / f"{name}-{version}.pkg.tar.gz"
        subprocess.run(["tar", "czf", target, "-C", source, "."], check=True)
        self.lines.append(f"{name},{version},{digest or hashlib.sha256(target.read_bytes()).hexdigest()},file://{target}")

    def get(self, name="toy"):
        (self.folder / "index").write_text("\n".join(self.lines) + "\n")
        return subprocess.run([BUILD / "tests/unit/packages/try_installer", "piston", self.folder / "index", name, self.folder / "cache", self.tree, "",
                               BUILD / "belljar-unpack"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=60)


@pytest.fixture
def packages(tmp_path):
    return Packages(tmp_path)


def test_a_package_lies_where_its_scripts_expect_it(packages):
    packages.add({**FILES, "compile": "true\n"})
    done = packages.get()
    assert (done.returncode, done.stderr) == (0, "")
    place = packages.tree / "piston/packages/toy/1.2.0"
    assert sorted(os.listdir(place)) == ["compile", "environment", "pkg-info.json", "run"]
    recipe = tomllib.loads(done.stdout)
    assert (recipe["language"], recipe["version"], recipe["aliases"]) == ("toy", "1.2.0", ["t"])
    assert recipe["run"] == ["/bin/bash", "/piston/packages/toy/1.2.0/run", "{main}", "{args}"]
    assert recipe["compile"] == ["/bin/bash", "/piston/packages/toy/1.2.0/compile", "{sources}", "{compile_args}"]


def test_one_that_does_not_compile_has_no_compile_stage(packages):
    packages.add(FILES)
    assert "compile" not in tomllib.loads(packages.get().stdout)


def test_a_bad_line_of_the_index_is_told_and_the_others_are_there(packages):
    packages.lines.append("broken-1.0.0-alpha,7,x,y")
    packages.add(FILES)
    done = packages.get()
    assert done.returncode == 0 and done.stderr.startswith("line 2: ")


def test_a_wrong_checksum_tells_both(packages):
    packages.add(FILES, digest="0" * 64)
    done = packages.get()
    assert done.returncode == INVALID and f"want: {'0' * 64} got: " in done.stderr
    assert os.listdir(packages.tree) == []


@pytest.mark.parametrize("gone", ["run", "pkg-info.json"])
def test_a_package_without_its_parts_is_refused(packages, gone):
    packages.add({name: text for name, text in FILES.items() if name != gone})
    done = packages.get()
    assert done.returncode == NOT_FOUND and gone in done.stderr and "toy-1.2.0" in done.stderr


def test_what_tar_cannot_unpack_is_an_error(packages):
    (packages.folder / "toy.tar.gz").write_bytes(b"no archive")
    packages.lines.append(f"toy,1.2.0,{hashlib.sha256(b'no archive').hexdigest()},file://{packages.folder}/toy.tar.gz")
    done = packages.get()
    assert done.returncode == INVALID and "toy-1.2.0" in done.stderr
