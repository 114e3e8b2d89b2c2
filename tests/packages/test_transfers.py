# SPDX-License-Identifier: Apache-2.0
"""`belljar pkg export` and `import`: what is carried elsewhere, and what goes wrong on the way."""
import hashlib
import os
import random
import shutil
import signal
import struct
import subprocess
import time

import pytest

from support.base import Store
from support.images import Image, Layer, Layout, shell
from support.server import clean_environment

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="packages are installed by root")

MANIFEST = """id = "{id}"
version = "1.0.0"
tool = "/usr/bin/sh"
source = "debian"
layers = {layers}
own_layers = 1
parts = []
installed = 1
pinned = false
hidden = false
recipe = '''
language = "evil"
version = "1.0.0"
tools = ["sh"]
extensions = [".e"]
file = "main.e"
run = ["{{tool}}", "{{main}}"]
[ask]
args = ["--version"]
[install]
debian = ["dash"]
'''
"""


def record(kind, path, data=b"", mode=0, size=None):
    name = path.encode()
    return kind.encode() + struct.pack("<HHQ", mode, len(name), len(data) if size is None else size) + name + data


TOP, END = record("d", "", mode=0o755), record(".", "")


def layer(*records, top=TOP, end=END):
    return b"belljar layer 1\n" + top + b"".join(records) + end


def stream(*layers, manifest_id="evil/1", named=None, digests=None):
    """Of layers that begin at 1000, with the sums that they have."""
    named = list(range(1000, 1000 + len(layers))) if named is None else named
    manifest = MANIFEST.format(id=manifest_id, layers=named).encode()
    text = b"belljar packages 1\n" + b"M" + struct.pack("<I", len(manifest)) + manifest
    for number, data in enumerate(layers):
        digest = digests[number] if digests else hashlib.sha256(data).hexdigest()
        text += b"L" + struct.pack("<I", 1000 + number) + digest.encode() + data
    return text + b"E" + bytes(4) + hashlib.sha256(text).hexdigest().encode()


PLAIN = layer(record("d", "usr", mode=0o755), record("f", "usr/text", b"text", 0o644))


class Empty(Store):
    """Where they go to; without a base."""

    def __init__(self, folder):  # pylint: disable=super-init-not-called
        self.folder = folder
        self.folder.mkdir(mode=0o755)

    def take(self, path, **more):
        return self.belljar("pkg import", path, **more)

    def refuses(self, data, *says):
        """In one line, and nothing of it stays."""
        done = subprocess.run(self.command("pkg import", "-"), input=data, env=clean_environment(), capture_output=True, timeout=180, check=False)
        said = done.stderr.decode()
        assert done.returncode == 1 and said.count("\n") == 1 and all(word in said for word in says), said
        self.has_nothing()

    def has_nothing(self):
        assert self.runtimes() == [] and self.leftovers() == [] and self.layers() == []


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """Where things come from: a small system with a file of 4 MB, as image/large."""
    folder = tmp_path_factory.mktemp("there")
    folder.chmod(0o755)
    store = Store(folder / "packages")
    large = Layer().add("large", random.Random(1).randbytes(4 << 20)).bytes()
    archive = Layout().add(Image(shell().bytes(), large, config={"Cmd": ["sh"]})).write(folder / "large.tar")
    assert store.belljar("image", "import", archive, "--as", "large").returncode == 0
    return store


@pytest.fixture(scope="module")
def exported(there, tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "large.pkgs"
    done = there.belljar("pkg export", path, "image/large")
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture
def here(tmp_path):
    tmp_path.chmod(0o755)
    return Empty(tmp_path / "packages")


def runs(store):
    return store.belljar("run", "-l", "large", "-", input="ls -l /large").stdout.split()[4] == str(4 << 20)


# --- there and back

def test_what_was_exported_runs_elsewhere(exported, here):
    done = here.take(exported)
    assert done.returncode == 0, done.stderr
    assert here.runtimes() == ["image@large"] and runs(here) and here.leftovers() == []


def test_it_goes_through_pipes(there, here):
    with subprocess.Popen(there.command("pkg export", "-", "image/large"), stdout=subprocess.PIPE, env=clean_environment()) as out:
        done = subprocess.run(here.command("pkg import", "-"), stdin=out.stdout, env=clean_environment(), capture_output=True, text=True,
                              timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    assert runs(here)


def test_an_export_that_fails_leaves_no_file(there, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    script = 'mount -t tmpfs -o size=1m tmpfs "$0" && "$@"; status=$?; ls "$0"; exit $status'
    done = subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c", script, disk, *there.command("pkg export", disk / "x", "image/large")],
                          env=clean_environment(), capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 1 and done.stdout == "" and "No space left" in done.stderr, done


def test_an_export_does_not_write_through_a_link(there, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("as it was")
    (tmp_path / "x.part").symlink_to(victim)
    done = there.belljar("pkg export", tmp_path / "x", "image/large")
    assert done.returncode == 0, done.stderr
    assert victim.read_text() == "as it was" and sorted(os.listdir(tmp_path)) == ["victim", "x"]


def test_an_import_killed_at_any_moment_can_be_done_again(exported, here):
    begin = time.monotonic()
    assert here.take(exported).returncode == 0
    whole = time.monotonic() - begin
    choose = random.Random(20261123)
    for _ in range(6):
        shutil.rmtree(here.folder / "runtimes/image@large", ignore_errors=True)
        assert here.belljar("pkg gc").returncode == 0
        with subprocess.Popen(here.command("pkg import", exported), env=clean_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                process.wait(timeout=choose.uniform(0, whole))  # the moment is what is tried
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
    done = here.take(exported)
    assert done.returncode == 0 and runs(here) and here.leftovers() == [], done.stderr


def test_an_import_on_a_full_disk_leaves_nothing_and_more_room_helps(exported, here):
    assert here.belljar("pkg gc").returncode == 0  # its directories are there
    done = here.on_full_disk("1m", "pkg import", exported)
    assert done.returncode == 1 and ("No space left" in done.stderr or "no room" in done.stderr), done.stderr
    here.has_nothing()
    assert here.take(exported).returncode == 0 and runs(here)


# --- streams of others

def test_control_such_a_stream_is_taken_when_nothing_is_wrong(here):
    done = subprocess.run(here.command("pkg import", "-"), input=stream(PLAIN), env=clean_environment(), capture_output=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    assert here.runtimes() == ["evil@1"]


def test_a_stream_that_was_cut_is_refused(exported, here):
    data = exported.read_bytes()
    for size in (0, 10, 30, 500, 100000, len(data) // 2, len(data) - 1):
        here.refuses(data[:size])


def test_a_stream_that_was_changed_is_refused(exported, here):
    data = bytearray(exported.read_bytes())
    for place in (3, 100, 90000, len(data) // 2, len(data) - 3):
        data[place] ^= 1
        here.refuses(bytes(data))
        data[place] ^= 1


@pytest.mark.parametrize("records, says", [
    ([record("f", "../escaped", b"x", 0o644)], "no path of a layer"),
    ([record("f", "/etc/escaped", b"x", 0o644)], "no path of a layer"),
    ([record("l", "out", b"../../../../.."), record("f", "out/escaped", b"x", 0o644)], "through a link"),
    ([record("l", "out", b"/tmp"), record("d", "out/escaped", mode=0o755)], "through a link"),
    ([record("h", "passwd", b"../../../../etc/passwd")], "no path of a layer"),
    ([record("l", "shadow", b"/etc/shadow"), record("h", "hard", b"shadow")], "no file"),
    ([record("f", "root", b"x", 0o4755)], "no layer has"),
    ([record("c", "null", mode=0o644)], "unknown type"),
    ([record("f", "huge", b"x", 0o644, size=1 << 62)], "larger than is allowed"),
    ([record("d", "/".join(["d"] * 200), mode=0o755)], "deep"),
    ([record("f", "n" * 300, b"x", 0o644)], "a name of more"),
    ([record("l", "nul", b"a\0b")], "NUL"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_hostile_layer_is_refused(here, records, says):
    here.refuses(stream(layer(*records)), says)
    assert not list(here.folder.rglob("escaped"))


def test_a_layer_that_is_not_what_its_digest_says_is_refused(here):
    here.refuses(stream(PLAIN, digests=["0" * 64]), "digest")


@pytest.mark.parametrize("name", ["../evil/1", "evil", "evil/..", "/etc/x", "evil@1/1", "Evil/1"])
def test_a_manifest_with_a_hostile_name_is_refused(here, name):
    here.refuses(stream(PLAIN, manifest_id=name))


def test_a_manifest_with_layers_of_others_is_refused(here):
    here.refuses(stream(PLAIN, named=[1000, 1001]), "1001")
    here.refuses(stream(PLAIN, named=[6]), "ids of layers")
