# SPDX-License-Identifier: Apache-2.0
"""`belljar pkg` and `belljar ppman`: what they say and do, with recipes that need nothing from elsewhere."""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess

import pytest

from support.cli import BELLJAR, belljar, environment, needs_boxes
from support.raw import wait_until
from support.server import Server

BASE = """
name = "A base of nothing"
version = "12.0.0"
[files]
readme = "nothing"
[install]
own = ["befunge93"]
"""
TOY = """
language = "toy"
name = "A toy"
version = "{version}"
aliases = ["ty"]
package = "toys"
tools = ["brainfuck"]
extensions = [".toy"]
file = "main.toy"
run = ["{{tool}}", "{{main}}"]
[ask]
package = "{asked}"
[install]
own = {own}
"""
VERSION = "+" * 49 + ".---.++++.----.+++++."  # 1.2.3
HELLO = "++++++++++[>+++++++>++++++++++<<-]>++.>+."  # He
INDEX = "python,3.9.4,{0},file:///nowhere/python.tar.gz\nnode,15.10.0,{0},file:///nowhere/node.tar.gz\n".format("0" * 64)


def toy(version="0.1.0", own='["brainfuck"]', asked="brainfuck"):
    return TOY.format(version=version, own=own, asked=asked)


@pytest.fixture(scope="session", autouse=True)
def boxes():
    needs_boxes()


class Store:
    def __init__(self, path):
        self.path = path
        self.recipe("part/bookworm", BASE)
        self.recipe("toy/1", toy())
        self.recipe("toy2/1", toy(own='["deadfish"]', asked="deadfish").replace('"toy"', '"toy2"')
                    .replace('"ty"', '"ty2"').replace(".toy", ".toy2").replace('["brainfuck"]', '["deadfish"]'))
        self.index = path.parent / "index"
        self.index.write_text(INDEX)

    def recipe(self, identity, text):
        file = self.path / "recipes" / (identity + ".toml")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def run(self, *words, command="pkg", **more):
        return belljar(command, "--runtimes-dir", self.path, "--piston-repo", self.index, *words, **more)

    def good(self, *words, **more):
        done = self.run(*words, **more)
        assert done.returncode == 0, done.stderr
        return done

    def ids(self):
        return [one["id"] for one in json.loads(self.good("list", "--json").stdout)["runtimes"] if not one["part"]]


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "packages"
    path.mkdir(mode=0o755)
    return Store(path)


def test_install_says_how_large_it_is_and_what_came_of_it(store):
    done = store.good("install", "toy", "ty2")
    assert re.match(r"belljar pkg: 3 to install with what they stand on; 0 B to download, at most .* on the disk\n",
                    done.stderr)
    assert sorted(line.split()[:2] for line in done.stdout.splitlines()) == [["toy/1", "0.1.0,"], ["toy2/1", "0.1.0,"]]
    assert store.ids() == ["toy/1", "toy2/1"]
    again = store.good("install", "toy")
    assert again.stdout.split() == ["toy/1", "0.1.0", "(was", "there)"] and again.stderr == ""


def test_installed_language_runs(store):
    store.good("install", "toy")
    done = belljar("run", "--runtimes-dir", store.path, "-l", "ty", "-", input=HELLO)
    assert (done.returncode, done.stdout) == (0, "He"), done.stderr


def test_a_file_tells_its_language_by_its_name_or_first_line(store, tmp_path):
    """Also that of a recipe which is not of this belljar."""
    store.good("install", "toy")
    for name, first in (("hello.toy", ""), ("hello", "#!/usr/bin/env toy\n"), ("hello.txt2", "#!/opt/bin/ty\n")):
        (tmp_path / name).write_text(first + HELLO)
        done = belljar("run", "--runtimes-dir", store.path, tmp_path / name)
        assert (done.returncode, done.stdout) == (0, "He"), done.stderr
    (tmp_path / "hello").write_text(HELLO)
    done = belljar("run", "--runtimes-dir", store.path, tmp_path / "hello")
    assert done.returncode != 0 and "no language is known for 'hello'" in done.stderr


def test_a_language_without_a_recipe_any_more_is_known_by_its_extension(store, tmp_path):
    """As those of images are."""
    store.good("install", "toy")
    (store.path / "recipes/toy/1.toml").unlink()
    (tmp_path / "hello.toy").write_text(HELLO)
    done = belljar("run", "--runtimes-dir", store.path, tmp_path / "hello.toy")
    assert (done.returncode, done.stdout) == (0, "He"), done.stderr


def test_version_may_be_asked_of_what_is_in_its_own_folder(store):
    """A program that says what it finds there."""
    text = toy(own='["brainfuck"]').replace('package = "brainfuck"', 'args = ["{home}/version"]')
    store.recipe("toy/1", text + '[files]\nversion = "' + VERSION + '"\n')
    store.good("install", "toy")
    [one] = [one for one in json.loads(store.good("list", "--json").stdout)["runtimes"] if not one["part"]]
    assert one["version"] == "1.2.3"


def other(store, name, install):
    """A language of its own on other ground."""
    store.recipe(f"{name}/1", toy().replace('"toy"', f'"{name}"').replace('"ty"', f'"{name}x"')
                 .replace(".toy", f".{name}") + install)


def test_what_stands_on_what_fails_fails_alone(store):
    store.recipe("part/broken", 'version = "1.0.0"\n[install]\nown = ["no-such-interpreter"]\n')
    other(store, "above", 'on = ["part/broken"]\n')
    done = store.run("install", "--events", "above", "toy", "toy2")
    assert done.returncode == 1 and store.ids() == ["toy/1", "toy2/1"]
    assert done.stderr.count("belljar pkg: part/broken: ") == 1 and "1 of 3 could not be installed" in done.stderr
    end = json.loads(done.stdout.splitlines()[-1])
    assert end["end"] == "error" and "no-such-interpreter" in end["message"]
    assert [one["id"] for one in end["installed"]] == ["toy/1", "toy2/1"]


def test_what_stands_on_itself_is_an_error(store):
    for name, below in (("one", "two"), ("two", "one")):
        store.recipe(f"part/{name}", f'version = "1.0.0"\n[install]\non = ["part/{below}"]\n')
    other(store, "above", 'on = ["part/one"]\n')
    done = store.run("install", "above", "toy")
    assert done.returncode == 1 and "stands on itself" in done.stderr and store.ids() == ["toy/1"]


def test_of_what_stands_on_each_other_one_is_begun(store):
    """Several, each with its own lock, would wait for those of the others for ever."""
    store.good("install", "toy")  # its base, too
    names = [f"ring{n}" for n in range(4)]
    for name, below in zip(names, names[1:] + names[:1]):
        other(store, name, f'on = ["{below}/1"]\n')
    with open(store.path / "locks/ring1@1", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen([BELLJAR, "pkg", "--runtimes-dir", store.path, "--piston-repo", "", "install", *names], env=environment(),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        inode = os.fstat(lock.fileno()).st_ino
        wait_until(lambda: re.search(rf"-> FLOCK .*:{inode} ", pathlib.Path("/proc/locks").read_text()))
        begun = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    try:
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert len(begun) == 1 and process.returncode == 1 and "stands on itself" in said and store.ids() == ["toy/1"]


def test_a_second_signal_ends_what_waits_for_a_lock(store):
    store.good("install", "toy2")  # the base
    with open(store.path / "locks/toy@1", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen([BELLJAR, "pkg", "--runtimes-dir", store.path, "--piston-repo", "", "install", "toy"], env=environment(),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        inode = os.fstat(lock.fileno()).st_ino
        wait_until(lambda: re.search(rf"-> FLOCK .*:{inode} ", pathlib.Path("/proc/locks").read_text()))
        try:
            # A signal that was not heard yet counts as one with the next.
            assert wait_until(lambda: process.send_signal(signal.SIGTERM) or process.poll() is not None)
        finally:
            process.kill()
    assert process.wait() == 1 and store.ids() == ["toy2/1"]


def test_dry_run_changes_nothing(store):
    done = store.good("install", "-n", "toy")
    assert "2 to install" in done.stdout and store.ids() == []


def test_a_bad_word_stops_all_before_anything_is_installed(store):
    done = store.run("install", "toy", "no-such-language")
    assert done.returncode == 1 and "there is no 'no-such-language'" in done.stderr and store.ids() == []


@pytest.mark.parametrize("words, said", [
    (["install"], "write: belljar pkg install NAME[=VERSION]..."),
    (["installl", "x"], "there is no 'belljar pkg installl'; did you mean 'install'?"),
    (["list", "--with", "x"], "'belljar pkg list' takes no --with"),
    (["add", "python"], "write 'belljar pkg add FILE.toml', 'belljar pkg add FILE.json' or 'belljar pkg add NAME --with NAME'"),
    ([], "write 'belljar pkg' and one of: install, remove,"),
])
def test_wrong_command_lines_say_what_to_write(store, words, said):
    done = store.run(*words)
    assert done.returncode == 2 and said in done.stderr


@pytest.mark.parametrize("words, said", [
    (["remove", "cobol"], "'cobol' is not installed; belljar pkg list says what is"),
    (["info", "dart"], "no recipe has 'dart'; Piston's package: belljar pkg install piston:dart"),
    (["search", "no-such"], "nothing is called 'no-such'; 'belljar pkg search' lists"),
    (["import", "/nowhere/x"], "open '/nowhere/x': No such file"),
    (["lint", "/nowhere/a/b.toml"], "open '/nowhere/a/b.toml': No such file"),
    (["spec", "/nowhere/x.pps"], "'/nowhere/x.pps': No such file"),
    (["install", "toy=9"], "no package 'toy' within 9"),
    (["install", "@nothing"], "there is no set '@nothing'; there is @core"),
])
def test_errors_name_the_thing_and_the_remedy(store, words, said):
    done = store.run(*words)
    assert done.returncode == 1 and (said in done.stderr or words[-1] == "toy=9"), done.stderr


def test_bad_index_of_piston_is_an_error_that_names_it(store):
    store.index.unlink()
    done = store.run("install", "no-such-language")
    assert done.returncode == 1
    assert "there is no 'no-such-language'" in done.stderr and "/index" in done.stderr


WORDS_OF_2021 = """awk bash brainfuck cow crystal dart dash deno dotnet dragon elixir emacs erlang gawk gcc go golfscript
    groovy haskell java jelly julia kotlin lisp lolcode lua mono nasm nim node ocaml octave osabie paradoc pascal perl php
    ponylang prolog pure python rockstar ruby rust scala swift typescript vlang yeethon zig""".split()


def test_every_word_of_2021_is_a_recipe_or_names_its_package(store):
    assert len(WORDS_OF_2021) == 50
    for word in WORDS_OF_2021:
        done = store.run("info", word)
        assert done.returncode == 0 or f"'{word}'; Piston's package: belljar pkg install piston:{word}" in done.stderr


def test_list_is_honest_about_what_is_shared(store):
    store.good("install", "toy", "toy2")
    answer = json.loads(store.good("list", "--json").stdout)
    by_id = {one["id"]: one for one in answer["runtimes"]}
    base = by_id["part/bookworm"]
    assert base["part"] and base["own_bytes"] == 0
    assert by_id["toy/1"]["shared_bytes"] == base["shared_bytes"]
    assert answer["layer_bytes"] == base["shared_bytes"] + by_id["toy/1"]["own_bytes"] + by_id["toy2/1"]["own_bytes"]
    assert "2 installed, 1 part below" in store.good("list").stdout


def test_remove_takes_the_parts_that_nothing_needs(store):
    store.good("install", "toy", "toy2")
    store.good("remove", "toy")
    assert store.ids() == ["toy2/1"] and (store.path / "runtimes" / "part@bookworm").exists()
    store.good("remove", "ty2")
    assert store.ids() == [] and list((store.path / "runtimes").iterdir()) == []
    assert list((store.path / "layers").iterdir()) == []


def test_gc_removes_downloads_that_nobody_is_at(store):
    store.good("install", "toy")
    archives, cache = store.path / "apt" / "bookworm" / "archives", store.path / "cache"
    archives.mkdir(parents=True)
    lock = store.path / "apt" / "bookworm" / "lock"
    lock.touch()
    for file in (archives / "a.deb", cache / "sha256-new", cache / "sha256-old"):
        file.write_bytes(b"x" * 10000)
    os.utime(cache / "sha256-old", (0, 0))
    fetcher = os.open(cache, os.O_RDONLY)
    fcntl.flock(fetcher, fcntl.LOCK_SH)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        store.good("gc")
    assert (archives / "a.deb").exists() and sorted(p.name for p in cache.iterdir()) == ["sha256-new"]
    os.close(fetcher)
    assert store.good("gc").stdout == "24 KiB are free again\n" and not (archives / "a.deb").exists()
    assert list(cache.iterdir()) == []
    assert store.ids() == ["toy/1"]


def test_sync_installs_what_lies_there(store):
    """Recipes, and specs; what is there stays, unless its spec is newer."""
    (store.path / "mine.json").write_text('{"language": "mine", "version": "1.2.3", "pkg": "toy"}')
    (store.path / "recipes/yours.json").write_text('{"language": "yours", "version": "4.5.6", "pkg": "image/mine"}')
    (store.path / "recipes/broken.json").write_text("{")
    done = store.run("sync")
    assert done.returncode == 1 and "broken.json" in done.stderr
    assert store.ids() == ["image/mine", "image/yours", "toy/1", "toy2/1"]
    (store.path / "recipes/broken.json").unlink()
    assert store.good("sync").stdout == ""
    spec = store.path / "mine.json"
    spec.write_text(spec.read_text().replace("1.2.3", "1.2.4"))
    os.utime(spec, (2**31, 2**31))
    assert "mine 1.2.4" in store.good("sync").stdout


def test_own_recipe_is_offered_where_the_host_has_its_tools(store):
    store.recipe("shout/1", """
language = "shout"
name = "A language of the host's shell"
version = "1.0.0"
tools = ["sh"]
extensions = [".shout"]
file = "main.shout"
run = ["{tool}", "-c", "tr a-z A-Z", "sh", "{main}"]
[ask]
args = ["-c", "echo 1.2.3"]
""")
    store.good("gc")  # makes the store's folders
    done = belljar("runtimes", "--runtimes-dir", store.path)
    assert re.search(r"^shout +1\.2\.3", done.stdout, re.M), done.stderr
    server = Server("--runtimes-dir", str(store.path))
    try:
        rows = server.request("GET", "/api/v2/runtimes")[1]
        assert [row["version"] for row in rows if row["language"] == "shout"] == ["1.2.3"]
    finally:
        server.stop()


def test_server_installs_what_lies_there_when_it_starts(store):
    (store.path / "mine.json").write_text('{"language": "mine", "version": "1.2.3", "pkg": "toy"}')
    server = Server("--runtimes-dir", str(store.path))
    try:
        assert wait_until(lambda: store.ids() == ["image/mine", "toy/1", "toy2/1"], seconds=60)
    finally:
        server.stop()


def test_what_stands_on_an_older_part_is_outdated(store):
    store.good("install", "toy")
    store.recipe("part/bookworm", BASE.replace('readme = "nothing"', 'readme = "something else"'))
    store.good("install", "--again", "part/bookworm")
    [news] = json.loads(store.good("outdated", "--json").stdout)
    assert (news["id"], news["below"], news["package"]) == ("toy/1", "part/bookworm", None)
    assert "part/bookworm, below it" in store.good("outdated").stdout
    assert store.good("upgrade").stdout.startswith("toy/1 ")
    assert json.loads(store.good("outdated", "--json").stdout) == []


def test_remove_asks_which_of_several(store):
    store.recipe("toy/0", toy(version="0.0.9", own='["brainfuck", "deadfish"]'))
    store.good("install", "toy/0", "toy/1")
    done = store.run("remove", "toy")
    assert done.returncode == 1 and "'toy' is toy/0, toy/1: name one of them, or all with 'toy=*'" in done.stderr
    store.good("remove", "toy/0")
    assert store.ids() == ["toy/1"]


def test_changed_recipe_is_outdated_unless_it_is_pinned(store):
    store.good("install", "toy")
    assert "nothing that is installed is out of date" in store.good("outdated").stdout
    store.good("pin", "toy")
    store.recipe("toy/1", toy().replace("A toy", "The toy"))
    assert json.loads(store.good("outdated", "--json").stdout) == [
        {"id": "toy/1", "package": None, "below": None, "installed": "0.1.0", "available": "0.1.0", "security": False, "pinned": True}]
    assert "what is newer is pinned" in store.good("upgrade").stdout
    store.good("unpin", "toy")
    store.good("upgrade")
    assert "nothing that is installed is out of date" in store.good("outdated").stdout
    assert "toy/1: The toy" in store.good("info", "toy").stdout


def test_upgrade_of_a_part_makes_anew_what_stands_on_it(store):
    store.good("install", "toy")
    before = (store.path / "runtimes" / "toy@1" / "manifest.toml").read_text()
    store.recipe("part/bookworm", BASE.replace('"nothing"', '"something"'))
    done = store.good("upgrade")
    assert [line.split()[0] for line in done.stdout.splitlines()[:2]] == ["part/bookworm", "toy/1"]
    after = (store.path / "runtimes" / "toy@1" / "manifest.toml").read_text()
    layers = [re.search(r"layers = \[(.*?)\]", text, re.S)[1] for text in (before, after)]
    assert layers[0] != layers[1]
    assert belljar("run", "--runtimes-dir", store.path, "-l", "toy", "-", input=HELLO).stdout == "He"


def test_pin_survives_an_installation(store):
    store.good("install", "toy")
    store.good("pin", "toy")
    store.good("install", "--again", "toy")
    assert "pinned" in store.good("list").stdout


def test_export_is_imported_where_nothing_is(store, tmp_path):
    store.good("install", "toy")
    file = tmp_path / "toys.belljar"
    store.good("export", file, "toy")
    (tmp_path / "other").mkdir()
    other = Store(tmp_path / "other" / "packages")
    done = other.good("import", file)
    assert done.stdout.split() == ["toy/1", "0.1.0"] and other.ids() == ["toy/1"]
    file.write_bytes(file.read_bytes()[:-100])
    broken = other.run("import", file)
    assert broken.returncode == 1 and f"import of '{file}'" in broken.stderr


def test_verify_finds_a_changed_file(store):
    store.good("install", "toy")
    assert "2 layers read, 0 of them not what was installed" in store.good("verify").stdout
    program = next(store.path.glob("layers/*/usr/bin/brainfuck"))
    program.chmod(0o755)
    with program.open("ab") as file:
        file.write(b"x")
    done = store.run("verify", "toy")
    assert done.returncode == 1 and "toy/1: layer" in done.stderr and "install --again NAME" in done.stderr


def test_add_takes_a_recipe_and_installs_it(store, tmp_path):
    file = tmp_path / "three.toml"
    file.write_text(toy(version="3.0.0").replace('"toy"', '"toy3"').replace('"ty"', '"ty3"'))
    done = store.good("add", file)
    assert f"{store.path}/recipes/toy3/three.toml" in done.stdout and store.ids() == ["toy3/three"]


def test_lint_names_file_and_key(store, tmp_path):
    file = tmp_path / "toy" / "bad.toml"
    file.parent.mkdir()
    file.write_text(toy() + "colour = 1\n")
    done = store.run("lint", file)
    assert done.returncode == 1 and "toy/bad.toml:" in done.stderr and "colour" in done.stderr


def test_events_are_json_lines_with_an_end(store):
    lines = [json.loads(line) for line in store.good("--events", "install", "toy").stdout.splitlines()]
    assert {line["phase"] for line in lines[:-1]} >= {"check", "done"}
    assert all({"phase", "what", "done", "total"} <= line.keys() for line in lines[:-1])
    end = lines[-1]
    assert end["end"] == "ok" and [(one["id"], one["version"], one["made"]) for one in end["installed"]] == [
        ("toy/1", "0.1.0", True)]
    failed = store.run("install", "--events", "no-such-language")
    end = json.loads(failed.stdout.splitlines()[-1])
    assert failed.returncode == 1 and (end["end"], end["kind"]) == ("error", "not_found")
    assert "there is no 'no-such-language'" in end["message"]
    end = json.loads(store.run("--events", "nonsense").stdout)
    assert (end["end"], end["kind"]) == ("error", "invalid")


def on_terminal(store, answer, *words):
    """What is on the terminal when the question was answered."""
    master, slave = pty.openpty()
    process = subprocess.Popen([BELLJAR, "pkg", "--runtimes-dir", store.path, *words], stdin=slave, stdout=slave,
                               stderr=slave, env=environment(TERM="xterm"), close_fds=True)
    os.close(slave)
    seen = b""
    while select.select([master], [], [], 60)[0]:
        try:
            part = os.read(master, 4096)
        except OSError:
            break
        if not part:
            break
        seen += part
        if b"[Y/n] " in part:
            os.write(master, answer)
    os.close(master)
    return process.wait(60), seen.decode()


def test_on_a_terminal_it_asks_and_draws(store):
    status, seen = on_terminal(store, b"n\n", "install", "toy")
    assert status == 1 and "Go on? [Y/n]" in seen and "nothing was installed" in seen and store.ids() == []
    status, seen = on_terminal(store, b"\n", "install", "toy")
    assert status == 0 and "\r\x1b[K" in seen and store.ids() == ["toy/1"]
    status, seen = on_terminal(store, b"", "install", "--yes", "toy2")
    assert status == 0 and "[Y/n]" not in seen


def test_ppman_takes_versions_as_words(store):
    done = store.run("install", "toy", "0.1.0", "toy2=0.1.0", command="ppman")
    assert done.returncode == 0 and done.stdout.count("✓ Installation succeeded") == 2, done.stderr
    listed = store.run("list", command="ppman", env={"FORCE_COLOR": "1"}).stdout
    assert "\x1b[32m•\x1b[39m toy 0.1.0" in listed and "\x1b[31m•\x1b[39m python 3.9.4" in listed
    done = store.run("uninstall", "toy", "0.1.0", command="ppman")
    assert done.returncode == 0 and "✓ Uninstallation succeeded" in done.stdout and store.ids() == ["toy2/1"]
    done = store.run("uninstall", "toy", command="ppman")
    assert done.returncode == 1 and "❌ Uninstallation failed: 'toy' is not installed" in done.stdout


def available(store, *words, repo=None):
    done = belljar("pkg", "--events", "--runtimes-dir", store.path, "--piston-repo", repo or store.index, "available", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_available_lists_recipes_the_index_and_what_is_installed(store):
    store.good("install", "toy")
    rows = available(store)["packages"]
    assert {"language": "toy", "language_version": "0.1.0", "installed": True, "id": "toy/1", "package": "toys"} in rows
    assert [row["installed"] for row in rows if row["language"] == "toy2"] == [False]
    assert [row["language_version"] for row in rows if row["language"] == "python" and "entry" in row] == ["3.9.4"]
    assert re.search(r"^toys +0\.1\.0 +installed$", store.good("available").stdout, re.M)


def test_available_goes_without_an_index_that_cannot_be_had(store):
    for repo in ("http://127.0.0.1:1/index", store.path / "nowhere"):
        told = available(store, repo=repo)
        assert "Piston's index" in told["index_error"] and any(row["language"] == "toy" for row in told["packages"])


def test_available_says_what_a_word_would_install(store):
    assert [row["word"] for row in available(store, "toys")["chosen"]] == ["toy/1", "toy2/1"]
    assert [row["word"] for row in available(store, "python=3.9.4")["chosen"]] == ["piston:python=3.9.4"]
    assert available(store, "nothing-like-it")["chosen_error"]["kind"] == "not_found"
    assert available(store, "python=3.9.4", repo="http://127.0.0.1:1/index")["chosen_error"]["kind"] == "io"
    store.good("install", "toy")
    told = available(store, "ty")
    assert [one["id"] for one in told["installed"]] == ["toy/1"] and told["chosen"][0]["installed"] is True


def test_spec_makes_it_what_the_file_says(store, tmp_path):
    file = tmp_path / "toys.pps"
    store.good("install", "toy2")
    file.write_text("# toys\ntoy *\n")
    plan = store.good("spec", "--dry-run", file).stdout
    assert "install toy 0.1.0" in plan and "remove  toy2 0.1.0" in plan and store.ids() == ["toy2/1"]
    store.good("spec", file)
    assert store.ids() == ["toy/1"]
    assert "nothing to do" in store.good("spec", file).stdout


def test_run_names_the_command_that_installs_a_language():
    done = belljar("run", "-l", "rockstar", "-", input="say 1")
    assert done.returncode == 125
    assert done.stderr == "belljar run: this machine has no 'rockstar'; to install it: belljar pkg install rockstar\n"


def test_run_knows_the_operators_own_recipes(store):
    store.good("install", "toy")
    done = belljar("run", "--runtimes-dir", store.path, "-l", "toy2", "-", input="")
    assert done.stderr == "belljar run: this machine has no 'toy2'; to install it: belljar pkg install toy2\n"


def test_docs_name_every_action():
    text = pathlib.Path(__file__).parents[2].joinpath("docs/packages.md").read_text()
    usage = belljar("pkg").stderr.split("one of: ")[1].strip()
    for action in usage.split(", "):
        assert f"pkg {action}" in text, action
