# SPDX-License-Identifier: Apache-2.0
"""What goes wrong while npm packages and interpreters of our own are installed by `belljar pkg`, in boxes, on a small base."""
import base64
import hashlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import tarfile
import time

import pytest

from support.base import Store
from support.server import clean_environment

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="packages are installed by root")

OWN = """language = "toy"
name = "Toy"
version = "1.0.0"
tools = ["brainfuck"]
extensions = [".b"]
file = "main.b"
run = ["{tool}", "{main}"]
[ask]
args = ["--version"]
[install]
own = ["brainfuck"]
"""
PART = 'name = "below"\nversion = "1.0.0"\n[install]\nown = ["brainfuck"]\n'
ON_PART = OWN.replace('own = ["brainfuck"]', 'on = ["part/toy"]\nown = ["befunge93"]')
NPM = """language = "toy"
name = "Toy"
version = "1.0.0"
tools = ["{home}/node_modules/a/bin.sh"]
extensions = [".toy"]
file = "main.toy"
run = ["{tool}", "{main}"]
[ask]
args = ["--version"]
[install]
npm = ["a@1.0.0"]
[tests]
hello = "Hello, World!\\n"
"""
SCRIPT = '#!/bin/sh\nif [ "$1" = --version ]; then echo 1.0.0; else exec cat "$1"; fi\n'


def member(name, data=b"", mode=0o755, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.size, info.linkname = kind, mode, len(data), link
    return info, data


def tarball(*members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as made:
        for info, data in (member("package/bin.sh", SCRIPT.encode()), *members):
            made.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


class Packages(Store):
    """`data` is what the registry has, `promised` what the lock says of it."""

    def __init__(self, folder):
        super().__init__(folder / "packages")
        self.registry = folder / "registry"
        (self.registry / "a/-").mkdir(parents=True)
        self.env = {"BELLJAR_PACKAGES_NPM_REGISTRY": f"file://{self.registry}/"}

    def own(self, text=OWN):
        self.recipe("toy/1", text)
        return self

    def npm(self, data=None, promised=None):
        data = tarball() if data is None else data
        (self.registry / "a/-/a-1.0.0.tgz").write_bytes(data)
        digest = base64.b64encode(hashlib.sha512(data if promised is None else promised).digest()).decode()
        one = {"version": "1.0.0", "resolved": "https://registry.npmjs.org/a/-/a-1.0.0.tgz", "integrity": f"sha512-{digest}", "bin": "bin.sh"}
        self.recipe("toy/1", NPM, json.dumps({"lockfileVersion": 3, "packages": {"": {}, "node_modules/a": one}}))
        return self

    def install(self):
        return self.belljar("pkg install", "toy/1", env=self.env)

    def start(self):
        return subprocess.Popen(self.command("pkg install", "toy/1"), env={**clean_environment(), **self.env},
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def installed(self):
        """It is there and runs, and nothing half made is."""
        assert "toy@1" in self.runtimes() and self.leftovers() == []
        source = "+" * 65 + "." if "own" in (self.folder / "recipes/toy/1.toml").read_text() else "A"
        done = self.belljar("run", "-l", "toy", "-", input=source)
        return done.stdout == "A" or done.stderr

    def refused(self, *says):
        """In words; what was there before is there, and nothing else."""
        before, layers = self.runtimes(), self.layers()
        done = self.install()
        assert done.returncode == 1 and all(word in done.stderr for word in says), done.stderr
        assert self.runtimes() == before and self.leftovers() == [] and self.layers() == layers


@pytest.fixture
def packages(tmp_path):
    tmp_path.chmod(0o755)
    return Packages(tmp_path)


@pytest.fixture(params=["own", "npm"])
def either(request, packages):
    return getattr(packages, request.param)()


def test_it_is_installed_and_runs(either):
    done = either.install()
    assert done.returncode == 0, done.stderr
    assert either.installed() is True
    assert "was there" in either.install().stdout


def test_killed_at_any_moment_it_can_be_installed_again(either):
    begin = time.monotonic()
    assert either.install().returncode == 0
    whole = time.monotonic() - begin
    choose = random.Random(20261123)
    for _ in range(5):
        shutil.rmtree(either.folder / "runtimes/toy@1", ignore_errors=True)
        process = either.start()
        try:
            process.communicate(timeout=choose.uniform(0, whole))  # the moment is what is tried
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
    done = either.install()
    assert done.returncode == 0, done.stderr
    assert either.installed() is True


def test_two_at_once_make_one(either):
    both = [either.start() for _ in range(2)]
    said = [process.communicate(timeout=180)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("was there" in text for text in said) == 1 and either.installed() is True


def test_a_full_disk_is_told_and_more_room_helps(packages):
    packages.npm(tarball(member("package/large", random.Random(1).randbytes(4 << 20))))
    before = packages.runtimes()
    done = packages.on_full_disk("1m", "pkg install", "toy/1", env=packages.env)
    assert done.returncode == 1 and ("No space left" in done.stderr or "no room" in done.stderr), done.stderr
    assert packages.runtimes() == before and packages.leftovers() == []
    assert packages.install().returncode == 0 and packages.installed() is True


def test_a_full_disk_is_told_for_our_own(packages):
    packages.own()
    done = packages.on_full_disk("8k", "pkg install", "toy/1")
    assert done.returncode == 1 and ("No space left" in done.stderr or "no room" in done.stderr), done.stderr
    assert packages.install().returncode == 0 and packages.installed() is True


def test_an_interpreter_that_there_is_not_is_named(packages):
    packages.own(OWN.replace('own = ["brainfuck"]', 'own = ["nosuch"]')).refused("nosuch")


@pytest.mark.parametrize("name", ["../belljar", "/bin/sh", "a/b", "."])
def test_an_interpreter_elsewhere_is_refused(packages, name):
    packages.own(OWN.replace('own = ["brainfuck"]', f'own = ["{name}"]')).refused("own")


def test_a_failing_hello_leaves_nothing(packages):
    packages.own(OWN + '[tests]\nhello = "+."\n').refused("hello")


def test_what_a_failed_one_stands_on_is_kept_for_the_next_attempt(packages):
    packages.recipe("part/toy", PART)
    packages.own(ON_PART + '[tests]\nhello = "+."\n')
    before = packages.layers()
    done = packages.install()
    assert done.returncode == 1 and "part/toy" in done.stderr and "belljar pkg gc" in done.stderr, done.stderr
    assert "part@toy" in packages.runtimes() and "toy@1" not in packages.runtimes()
    assert len(packages.layers()) == len(before) + 1
    made = os.stat(packages.folder / "runtimes/part@toy").st_ino
    done = packages.own(ON_PART).install()
    assert done.returncode == 0 and "belljar pkg gc" not in done.stderr, done.stderr
    assert packages.installed() is True and os.stat(packages.folder / "runtimes/part@toy").st_ino == made


def test_what_a_failed_one_stands_on_is_freed_by_gc(packages):
    before = packages.layers()
    packages.recipe("part/toy", PART)
    assert packages.own(ON_PART + '[tests]\nhello = "+."\n').install().returncode == 1
    assert packages.belljar("pkg gc").returncode == 0
    assert "part@toy" not in packages.runtimes() and packages.layers() == before


# --- scripts that write and write

def writing(script):
    words = json.dumps(["/bin/sh", "-c", script])
    return OWN.replace("[install]\n", f"[install]\nafter = {words}\n")


@pytest.mark.parametrize("script", [
    "cat /dev/zero >/usr/large",
    "cat /dev/zero >/usr/large; exit 0",
    "text=x; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do text=$text$text; done; i=0; while :; do i=$((i+1)); echo $text >/usr/$i; done",
], ids=["one file", "one file, and it says it went well", "many files"])
def test_a_script_that_writes_for_ever_is_ended(packages, script):
    packages.env = {"BELLJAR_PACKAGES_MAX_LAYER_BYTES": "8M"}
    packages.own(writing(script)).refused("toy/1", "8388608 bytes", "packages.max_layer_bytes")


def test_a_script_that_writes_to_a_file_without_a_name_does_not_fill_the_disk(packages):
    copies = int(0.85 * (64 << 20) / os.path.getsize("/usr/bin/dash"))  # and then it goes on without writing
    packages.own(writing(f"exec 3>/usr/x; rm /usr/x; i=0; while :; do [ $i = {copies} ] || {{ i=$((i+1)); cat /bin/sh >&3; }}; done"))
    done = packages.on_full_disk("64m", "pkg install", "toy/1")
    assert done.returncode == 1 and "before the disk was full" in done.stderr, done.stderr
    assert packages.leftovers() == []


def test_a_script_that_writes_no_more_than_it_may_is_installed(packages):
    packages.env = {"BELLJAR_PACKAGES_MAX_LAYER_BYTES": "8M"}
    packages.own(writing("cat /bin/sh /bin/sh >/usr/large"))
    assert packages.install().returncode == 0 and packages.installed() is True


# --- npm's packages

def test_a_registry_that_is_not_there_is_told(packages):
    packages.npm()
    shutil.rmtree(packages.registry)
    packages.refused("a-1.0.0.tgz")


def test_other_bytes_than_the_lock_says_are_refused(packages):
    packages.npm(promised=b"something else").refused("a-1.0.0.tgz", "sha512")


def test_a_file_that_was_cut_is_refused(packages):
    whole = tarball(member("package/more", os.urandom(5000)))
    packages.npm(whole[:2000], promised=whole).refused("a-1.0.0.tgz")
    packages.npm(whole)
    assert packages.install().returncode == 0


def test_a_cut_archive_with_the_right_digest_is_refused(packages):
    whole = tarball(member("package/more", os.urandom(5000)))
    for size in (0, 5, 100, 2000, len(whole) - 10):
        packages.npm(whole[:size]).refused("a@1.0.0")


def test_what_is_no_archive_is_refused(packages):
    packages.npm(b"<html>not found</html>").refused("a@1.0.0")


@pytest.mark.parametrize("what", [
    member("package/../../../../../escaped", b"x"),
    member("package/null", kind=tarfile.CHRTYPE),
    member("package/fifo", kind=tarfile.FIFOTYPE),
    member("package/hard", kind=tarfile.LNKTYPE, link="../../../../etc/passwd"),
    member("package/hard", kind=tarfile.LNKTYPE, link="/etc/passwd"),
], ids=["traversal", "device", "fifo", "hard link up", "hard link to a root"])
def test_a_hostile_package_is_refused(packages, what):
    packages.npm(tarball(what)).refused("a@1.0.0")
    assert not list(packages.folder.rglob("escaped"))


def test_a_path_through_a_link_is_refused(packages):
    link = member("package/out", kind=tarfile.SYMTYPE, link="../../../../../..")
    packages.npm(tarball(link, member("package/out/escaped", b"x"))).refused("a@1.0.0")
    assert not list(packages.folder.rglob("escaped"))


def test_a_link_out_leads_nowhere_and_setuid_is_lost(packages):
    link = member("package/etc", kind=tarfile.SYMTYPE, link="/etc/passwd")
    packages.npm(tarball(link, member("package/root", b"x", mode=0o6755)))
    assert packages.install().returncode == 0
    layers = packages.folder / "layers"
    assert not [path for path in layers.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o7000]
    done = packages.belljar("run", "-l", "toy", "-", input="A")
    assert done.stdout == "A"


def test_a_bomb_fills_no_disk(packages):
    packages.npm(tarball(member("package/zeros", bytes(64 << 20))))
    assert (packages.registry / "a/-/a-1.0.0.tgz").stat().st_size < 200000
    done = packages.on_full_disk("3m", "pkg install", "toy/1", env=packages.env)
    assert done.returncode == 1 and ("No space left" in done.stderr or "no room" in done.stderr), done.stderr
    assert packages.leftovers() == []
