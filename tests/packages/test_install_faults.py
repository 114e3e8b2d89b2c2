# SPDX-License-Identifier: Apache-2.0
"""What goes wrong while a language is installed: mirrors that lie or are gone, scripts that fail,
disks that are full.  Needs root and, for the base, a mirror of Debian.
"""
import http.server
import os
import re
import shutil
import subprocess
import tempfile
import threading
from functools import partial
from pathlib import Path

import pytest
from debian_mirror import Mirror
from support.server import BUILD, clean_environment

BELLJAR = str(BUILD / "belljar")

RECIPE = """
language = "probe"
name = "a package of this test"
version = "1.0.0"
tools = ["sh"]
extensions = [".probe"]
file = "main.probe"
run = ["cat", "/usr/share/probe/text"]
[ask]
args = ["-c", "echo 1.0.0"]
[install]
debian = ["probe"]
[tests]
hello = "?"
"""

POSTINST_FAILS = "#!/bin/sh\necho about to fail >&2\nexit 7\n"


def install(store, *words, config=None, before=(), env=None):
    argv = [*before, BELLJAR, "pkg", "install", "--runtimes-dir", str(store)]
    argv += ["--config", str(config)] if config else []
    done = subprocess.run([*argv, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600,
                          # What is got once is the mirror of a test below.
                          env={**clean_environment(), "BELLJAR_PACKAGES_KEEP_DOWNLOADS": "true", **(env or {})})
    return done.returncode, done.stdout


def leftovers(store):
    return sorted(p.name for p in (store / "stage").iterdir())


def is_installed(store):
    return (store / "runtimes" / "probe@1").exists()


def probe_deb(folder, postinst=None, name="probe", version="1.0", triggers=None, depends=""):
    tree = folder / name
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "usr/share" / name).mkdir(parents=True)
    (tree / "usr/share" / name / "text").write_text("Hello, World!\n")
    (tree / "DEBIAN/control").write_text(f"Package: {name}\nVersion: {version}\nArchitecture: all\n{depends}"
                                         "Maintainer: nobody <nobody@localhost>\nInstalled-Size: 1\n"
                                         f"Description: {name}\n")
    if postinst:
        (tree / "DEBIAN/postinst").write_text(postinst)
        (tree / "DEBIAN/postinst").chmod(0o755)
    if triggers:
        (tree / "DEBIAN/triggers").write_text(triggers)
    deb = folder / f"{name}_{version}_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", str(tree), str(deb)], check=True, capture_output=True)
    return deb


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("packages")
    path.chmod(0o755)
    (path / "recipes/probe").mkdir(parents=True)
    (path / "recipes/probe/1.toml").write_text(RECIPE)
    status, output = install(path, "part/bookworm")
    assert status == 0, output
    return path


@pytest.fixture
def space(store):
    """A directory into which apt's own user sees."""
    with tempfile.TemporaryDirectory(prefix="mirror-") as path:
        Path(path).chmod(0o755)
        yield Path(path)
    for made in (store / "runtimes").glob("p*@[12]*"):
        shutil.rmtree(made, ignore_errors=True)
    (store / "apt/bookworm/archives/probe_1.0_all.deb").unlink(missing_ok=True)


def config_of(folder, address, mirror):
    file = folder / "config.toml"
    file.write_text(f'[packages]\ndebian_mirror = "{address}"\ndebian_security_mirror = ""\n'
                    f'debian_keyring = "{mirror.keyring}"\nrefresh_s = 0\n')
    return file


def mirror_of(space, postinst=None):
    (space / "build").mkdir()
    return Mirror(space / "mirror", [probe_deb(space / "build", postinst)])


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def served(space):
    """A mirror, and its address."""
    mirror = mirror_of(space)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(mirror.root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield mirror, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_mirror_may_be_a_directory(store, space):
    mirror = mirror_of(space)
    status, output = install(store, "probe/1", config=config_of(space, f"file:{mirror.root}", mirror))
    assert status == 0, output
    assert is_installed(store)


def test_what_a_recipe_leaves_out_is_there_for_the_scripts_and_not_in_the_layer(store, space):
    recipe = store / "recipes/probe/2.toml"
    recipe.write_text(RECIPE.replace("1.0.0", "2.0.0").replace("probe/text", "probe/copy").replace("[tests]", 'without = ["/usr/share/probe/text"]\n[tests]'))
    mirror = mirror_of(space, "#!/bin/sh -e\ncp /usr/share/probe/text /usr/share/probe/copy\n")
    status, output = install(store, "probe/2", config=config_of(space, f"file:{mirror.root}", mirror))
    recipe.unlink()
    assert status == 0, output
    [layer] = [path.parent for path in (store / "layers").glob("*/usr/share/probe/copy")]
    assert [path.name for path in layer.iterdir()] == ["copy"]


def test_mirror_by_http_with_a_key_of_its_own(store, space, served):
    mirror, address = served
    status, output = install(store, "probe/1", config=config_of(space, address, mirror))
    assert status == 0, output


def test_altered_package_is_refused(store, space, served):
    mirror, address = served
    [deb] = mirror.pool.glob("*.deb")
    data = bytearray(deb.read_bytes())
    data[-3] ^= 1
    deb.write_bytes(data)
    status, output = install(store, "probe/1", config=config_of(space, address, mirror))
    assert status == 1 and "Hash Sum mismatch" in output, output
    assert not is_installed(store) and leftovers(store) == []


def test_altered_package_on_the_disk_is_found(store, space):
    mirror = mirror_of(space)
    [deb] = mirror.pool.glob("*.deb")
    data = bytearray(deb.read_bytes())
    data[-3] ^= 1
    (store / "apt/bookworm/archives" / deb.name).write_bytes(data)
    config = config_of(space, f"file:{mirror.root}", mirror)
    status, output = install(store, "probe/1", config=config)
    assert status == 1 and "is not what the signed index says" in output, output
    status, output = install(store, "probe/1", config=config)
    assert status == 0, output


def test_index_without_a_signature_is_refused(store, space, served):
    mirror, address = served
    mirror.write_index(signed=False)
    status, output = install(store, "probe/1", config=config_of(space, address, mirror))
    assert status == 1 and "is not signed" in output, output
    assert not is_installed(store)


def test_index_with_a_strange_key_is_refused(store, space, served):
    mirror, address = served
    config = config_of(space, address, mirror)
    config.write_text(config.read_text().replace(str(mirror.keyring),
                                                 "/usr/share/keyrings/debian-archive-keyring.gpg"))
    status, output = install(store, "probe/1", config=config)
    assert status == 1 and not is_installed(store)
    assert "is not signed" in output or "GPG error" in output, output


def test_mirror_that_is_not_there_is_named(store, space):
    mirror = mirror_of(space)
    status, output = install(store, "probe/1", config=config_of(space, "http://127.0.0.1:9/debian", mirror))
    assert status == 1 and "127.0.0.1:9" in output, output


def test_failing_script_is_quoted(store, space):
    mirror = mirror_of(space, POSTINST_FAILS)
    status, output = install(store, "probe/1", config=config_of(space, f"file:{mirror.root}", mirror))
    assert status == 1 and not is_installed(store)
    assert "dpkg: error processing package probe (--configure)" in output, output
    assert "about to fail" in output, output
    assert leftovers(store) == []


# What is below was set up before, and belongs to another than the scripts' user.
LOWER_POSTINST = """#!/bin/sh
set -e
if [ "$1" = triggered ]; then
    test -e /usr/share/upper.is-set-up
    echo "Hello, World!" >>/usr/share/lower/text
fi
"""
UPPER_POSTINST = "#!/bin/sh\nset -e\n: >/run/upper.lock\n: >/usr/share/upper.is-set-up\n"
UPPER_RECIPE = RECIPE.replace('debian = ["probe"]', 'on = ["part/probe-lower"]\ndebian = ["upper"]').replace(
    "/usr/share/probe/text", "/usr/share/lower/text").replace(
    'args = ["-c", "echo 1.0.0"]', 'package = "upper"').replace('hello = "?"', '''hello = "?"
says = """
Hello, World!
Hello, World!
"""''')
LOWER_RECIPE = 'name = "below"\nversion = "1.0.0"\n[install]\ndebian = ["lower"]\n'


def test_trigger_of_a_package_below_runs_at_the_end_and_writes_to_its_file(store, space):
    mirror = Mirror(space / "mirror", [
        probe_deb(space, LOWER_POSTINST, "lower", triggers="interest-await /usr/share/upper\n"),
        probe_deb(space, UPPER_POSTINST, "upper", "1.2.3-4", depends="Depends: lower\n")])
    (store / "recipes/part").mkdir(exist_ok=True)
    (store / "recipes/part/probe-lower.toml").write_text(LOWER_RECIPE)
    (store / "recipes/probe/2.toml").write_text(UPPER_RECIPE)
    status, output = install(store, "probe/2", config=config_of(space, f"file:{mirror.root}", mirror))
    assert status == 0, output
    assert "1.2.3," in output, "Debian's revision is none of the version"


SMALL_DISK = """
set -e
mount -t tmpfs -o size=45m,mode=755 tmpfs "$1"
shift
! "$@" || exit 9
echo --- stages: $(ls "$DISK/stage") runtimes: $(ls "$DISK/runtimes")
mount -o remount,size=400m "$DISK"
"$@"
"""


def test_full_disk_leaves_nothing_and_more_room_helps(store, space):
    debs = list((store / "apt/bookworm/archives").glob("*.deb"))
    assert len(debs) > 1
    mirror = Mirror(space / "mirror", [d for d in debs if not d.name.startswith(("probe", "lower", "upper"))])
    disk = space / "disk"
    disk.mkdir()
    status, output = install(disk, "part/bookworm", config=config_of(space, f"file:{mirror.root}", mirror),
                             env={"DISK": str(disk)},
                             before=["unshare", "--mount", "--propagation", "private", "sh", "-c", SMALL_DISK, "sh",
                                     str(disk)])
    assert status == 0, output
    # In the words of the system, of apt, of tar, or ours.
    assert any(words in output for words in ("No space left", "enough free space", "Wrote only", "before the disk was full")), output
    assert re.search("Only 4[0-9] MiB are free", output), output
    assert "--- stages: runtimes:\n" in output, output
