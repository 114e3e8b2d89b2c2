# SPDX-License-Identifier: Apache-2.0
"""Languages installed from Debian: `belljar pkg install` into a store of its own.

Needs root and a mirror of Debian.  TEST_DEBS may name a directory of
.debs that were got before.
"""
import os
import random
import shutil
import signal
import struct
import subprocess
import time
from pathlib import Path

import pytest

from support.server import BUILD, clean_environment

BELLJAR = str(BUILD / "belljar")

RECIPES = {
    "lua/5.4": """
language = "lua"
name = "Lua 5.4"
version = "5.4.4"
tools = ["lua5.4"]
extensions = [".lua"]
file = "main.lua"
run = ["{tool}", "{main}", "{args}"]
[ask]
args = ["-v"]
[install]
debian = ["lua5.4"]
[tests]
hello = "print('Hello, World!')\\n"
""",
    "bc/1": """
language = "bc"
name = "bc"
version = "1.7.1"
tools = ["bc"]
extensions = [".bc"]
file = "main.bc"
run = ["{tool}", "-q", "{main}", "{args}"]
[ask]
args = ["--version"]
[install]
debian = ["bc"]
[tests]
hello = '''
print "Hello, World!\\n"
quit
'''
""",
    "asked/1": """
language = "asked"
name = "Lua 5.4, which is taken to say nothing of its version"
version = "5.4.4"
tools = ["lua5.4"]
extensions = [".lua"]
file = "main.lua"
run = ["{tool}", "{main}", "{args}"]
[ask]
package = "lua5.4"
[install]
debian = ["lua5.4"]
[tests]
hello = "print('Hello, World!')\\n"
""",
    "group/1": """
language = "group"
name = "what makes a group, as many scripts do"
version = "1.0.0"
tools = ["sh"]
extensions = [".sh"]
file = "main.sh"
run = ["{tool}", "{main}"]
[ask]
args = ["-c", "echo 1.0.0"]
[install]
debian = ["adduser"]
after = ["sh", "-c", "addgroup --system belljar-test && grep -q belljar-test /etc/group"]
[tests]
hello = "echo Hello, World!"
""",
    "spy/1": """
language = "spy"
name = "what a script of an installation sees"
version = "1.0.0"
tools = ["sh"]
extensions = [".sh"]
file = "main.sh"
run = ["{tool}", "/usr/share/spy"]
[ask]
args = ["-c", "echo 1.0.0"]
[install]
after = ["sh", "-c", '''
(id -u; cat /etc/shadow /etc/machine-id 2>&1; ls /root /home 2>&1
 cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d ' '; cat /proc/net/route | tail -n +2
 ls /sys/fs/cgroup 2>&1; true) >/usr/share/spy''']
""",
}


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("packages")
    path.chmod(0o755)
    for identity, text in RECIPES.items():
        file = path / "recipes" / (identity + ".toml")
        file.parent.mkdir(parents=True)
        file.write_text(text)
    debs = os.environ.get("TEST_DEBS")
    if debs:
        archives = path / "apt" / "bookworm" / "archives"
        archives.mkdir(parents=True)
        for deb in Path(debs).glob("*.deb"):
            shutil.copy(deb, archives)
    return path


def start(store, *words):
    return subprocess.Popen([BELLJAR, "pkg", "install", "--runtimes-dir", str(store), *words],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=clean_environment())


def install(store, *words):
    process = start(store, *words)
    output = process.communicate(timeout=600)[0]
    return process.returncode, output


def leftovers(store):
    return sorted(p.name for p in (store / "stage").iterdir())


def test_two_languages_are_installed_with_their_versions(store):
    status, output = install(store, "lua/5.4", "bc/1")
    assert status == 0, output
    assert "5.4." in output and "1.07.1" in output or "1.7.1" in output
    assert leftovers(store) == []


def test_base_has_less_than_60_megabytes(store):
    base = (store / "runtimes" / "part@bookworm" / "manifest.toml").read_text()
    number = base.split("layers = [")[1].split("]")[0].strip()
    du = subprocess.run(["du", "-sm", str(store / "layers" / number)], capture_output=True, text=True,
                        check=True).stdout
    assert int(du.split()[0]) < 60


def test_revision_of_debian_is_not_of_the_version(store):
    status, output = install(store, "asked/1")
    assert status == 0, output
    assert '\nversion = "5.4.4"\n' in (store / "runtimes" / "asked@1" / "manifest.toml").read_text()


def test_what_is_there_is_not_installed_again(store):
    status, output = install(store, "lua/5.4")
    assert status == 0 and "was there" in output


def test_script_sees_neither_host_nor_network(store):
    status, output = install(store, "spy/1")
    assert status == 0, output
    [seen] = [p for p in (store / "layers").glob("*/usr/share/spy")]
    text = seen.read_text()
    assert text.startswith("0\n")  # it is told so
    assert "cat: /etc/shadow: No such file" in text
    assert Path("/etc/machine-id").read_text().strip() not in text
    assert "belljar" not in text
    assert "eth" not in text and "\nlo\n" in text


def test_script_can_make_a_group(store):
    status, output = install(store, "group/1")
    assert status == 0, output


def test_killed_at_any_moment_it_can_be_installed_again(store):
    for seed in range(5):
        process = start(store, "--again", "bc/1")
        time.sleep(random.Random(seed).uniform(0.2, 6))  # the moment is what is tried
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    status, output = install(store, "--again", "bc/1")
    assert status == 0, output
    assert leftovers(store) == []


def test_two_at_once_make_one(store):
    both = [start(store, "--again", "lua/5.4"), start(store, "lua/5.4", "bc/1")]
    for process in both:
        output = process.communicate(timeout=600)[0]
        assert process.returncode == 0, output


def test_unknown_package_is_named(store):
    file = store / "recipes" / "lua" / "9.toml"
    file.write_text(RECIPES["lua/5.4"].replace('"lua5.4"', '"no-such-package-of-lua"'))
    status, output = install(store, "lua/9")
    file.unlink()
    assert status == 1 and "Unable to locate package no-such-package-of-lua" in output


def test_bytecode_of_python_is_not_stale(store):
    status, output = install(store, "part/python-3.11")
    assert status == 0, output
    compiled = [p for p in (store / "layers").glob("*/usr/lib/python3*/**/*.pyc") if "__pycache__" in p.parts]
    assert len(compiled) > 100
    for file in compiled:
        flags, mtime, size = struct.unpack("<III", file.read_bytes()[4:16])
        path = file.parent.parent / (file.name.split(".")[0] + ".py")
        if path.is_symlink():  # into /etc of the box
            continue
        source = path.stat()
        assert flags == 0 and (mtime, size) == (int(source.st_mtime), source.st_size), file
