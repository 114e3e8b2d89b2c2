# SPDX-License-Identifier: Apache-2.0
"""`belljar prepare`: what it makes and keeps, what it leaves alone, and what becomes of it when it is stopped."""
import os
import re
import shutil
import signal
import subprocess

import pytest

from support.cli import BELLJAR, belljar, environment, needs_boxes
from support.raw import wait_until
from support.server import Server, cannot

PATIENCE = 120
PROGRAM = """#include <bits/stdc++.h>
using namespace std;
int main()
{
    map<string, vector<int>> m = {{"a", {3, 1, 2}}};
    sort(m["a"].begin(), m["a"].end());
    for (int x : m["a"]) {
        cout << x << endl;
    }
}
"""


@pytest.fixture(scope="module", autouse=True)
def boxes():
    needs_boxes()
    if not shutil.which("g++"):
        cannot("there is no g++")


@pytest.fixture(scope="module", name="made")
def made_once(tmp_path_factory):
    """A directory with what is prepared for C++."""
    folder = tmp_path_factory.mktemp("prepared", numbered=False) / "dir"
    done = belljar("prepare", "--prepare-dir", folder, "c++-O0")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(name="folder")
def empty(tmp_path):
    return tmp_path / "dir"


def start(*words):
    return subprocess.Popen([BELLJAR, "prepare", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, env=environment())


def keys(folder):
    return sorted(name for name in os.listdir(folder) if not name.startswith("."))


def halves(folder):
    return [name for name in os.listdir(folder) if name.startswith((".new-", ".old-"))] if folder.exists() else []


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# --- what is made ----------------------------------------------------------------------------------------------------

def test_what_is_made_is_root_owned_and_for_all_to_read(made):
    assert len(keys(made)) == 2  # with what it is built on
    for path in [made, *(one for key in keys(made) for one in (made / key).rglob("*"))]:
        status = path.stat()
        assert status.st_uid == os.geteuid()
        assert status.st_mode & 0o7777 == (0o755 if path.is_dir() else 0o644), path
    for key in keys(made):
        assert files(made / key) == ["bits/stdc++.h.gch/1", "iostream.gch/1"]
    assert halves(made) == []


def test_list_tells_what_is_there_and_what_it_takes(made, folder):
    there = belljar("prepare", "--list", "--prepare-dir", made, "c++-O0")
    lines = there.stdout.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == keys(made)
    used = sum(int(subprocess.run(["du", "-s", "-B1", made / key], capture_output=True, text=True, check=True).stdout.split()[0])
               for key in keys(made))
    assert lines[-1] == f"{used / 2**20:.0f} MiB in {made}"
    missing = belljar("prepare", "--list", "--prepare-dir", folder, "c++")
    assert missing.stdout.split()[1] == "missing" and missing.stdout.endswith(f"0 B in {folder}\n")


def test_what_is_there_is_not_made_again(made):
    before = {key: (made / key).stat().st_ino for key in keys(made)}
    done = belljar("prepare", "--prepare-dir", made, "c++-O0")
    assert (done.returncode, done.stdout) == (0, f"nothing is missing in {made}\n")
    assert {key: (made / key).stat().st_ino for key in keys(made)} == before


def test_name_that_nobody_needs_is_refused(folder):
    done = belljar("prepare", "--prepare-dir", folder, "nonsense")
    assert done.returncode == 1 and "'nonsense'" in done.stderr


# --- what is left alone ----------------------------------------------------------------------------------------------

def test_only_what_it_could_have_made_is_removed(made):
    stale = ["gone-0123456789abcdef", ".new-gone-0123456789abcdef", ".old-c++-0123456789abcdef"]
    own = ["home", "photos-2024", "gone-0123456789abcdeg", ".new-things", "x-0123456789ABCDEF"]
    for name in stale + own:
        (made / name / "below").mkdir(parents=True)
        (made / name / "below" / "file").write_text("text")
    (made / ".failed-gone-0123456789abcdef").write_text("why")
    before = keys(made)
    try:
        assert belljar("prepare", "--prepare-dir", made, "c++").returncode == 0
        there = os.listdir(made)
        assert not set(there) & {*stale, ".failed-gone-0123456789abcdef"}
        assert all((made / name / "below" / "file").read_text() == "text" for name in own)
        assert set(keys(made)) == set(before) - set(stale)
    finally:
        for name in own:
            (made / name / "below" / "file").unlink()
            (made / name / "below").rmdir()
            (made / name).rmdir()


def test_directory_that_others_can_write_to_is_refused(folder, tmp_path):
    folder.mkdir()
    folder.chmod(0o777)
    done = belljar("prepare", "--prepare-dir", folder, "c++")
    assert done.returncode == 1 and "somebody else can write to it" in done.stderr
    program = tmp_path / "a.cpp"
    program.write_text(PROGRAM)
    ran = belljar("run", "--prepare-dir", folder, program)
    assert ran.stdout == "1\n2\n3\n" and "somebody else can write to it" in ran.stderr


@pytest.mark.parametrize("path, why", [("file", "Not a directory"), ("file/below", "Not a directory"),
                                       ("nonsuch/below", "No such file or directory")])
def test_what_can_be_no_directory_is_refused_with_a_remedy(tmp_path, path, why):
    (tmp_path / "file").touch()
    done = belljar("prepare", "--prepare-dir", tmp_path / path, "c++")
    assert done.returncode == 1 and done.stderr.rstrip().endswith(why)
    assert f"'{tmp_path / path}'" in done.stderr and "name another directory with --prepare-dir" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_full_disk_leaves_nothing_behind(folder):
    """Nor a note that it cannot be made: with room it can."""
    folder.mkdir()
    script = 'mount -t tmpfs -o size=20m,mode=755 none "$2" && "$1" prepare --prepare-dir "$2" c++; echo "$?"; ls -A "$2"'
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", BELLJAR, folder], env=environment(),
                          capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert "No space left on device" in done.stderr
    assert done.stdout.splitlines() == ["1", ".lock"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give it to another user")
def test_directory_of_another_user_is_refused(folder):
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    done = belljar("prepare", "--prepare-dir", folder, "c++")
    assert done.returncode == 1 and "belongs to user 12345" in done.stderr


# --- stopped, and two at once ----------------------------------------------------------------------------------------

def stopped_at(folder, moment, signo):
    """Ends it as soon as moment(stderr line) is true; True: it was still at work."""
    process = start("--prepare-dir", folder, "c++")
    process.stderr.readline()  # "c++ for /usr/bin/g++ ...": a box is being made
    assert wait_until(lambda: process.poll() is not None or moment(), PATIENCE)
    process.send_signal(signo)
    process.communicate()
    return process.returncode != 0


@pytest.mark.parametrize("signo", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["in the box", "unpacking"])
def test_stopped_one_leaves_nothing_half_made_in_use(folder, moment, signo):
    there = {"in the box": lambda: True, "unpacking": lambda: bool(halves(folder))}[moment]
    was_stopped = stopped_at(folder, there, signo)
    whole = ["bits/stdc++.h.gch/1", "iostream.gch/1"]
    assert keys(folder) == [] if was_stopped else files(folder / keys(folder)[0]) == whole
    again = belljar("prepare", "--prepare-dir", folder, "c++")
    assert again.returncode == 0, again.stderr
    assert halves(folder) == [] and files(folder / keys(folder)[0]) == whole


def test_two_at_once_make_it_once(folder):
    both = [start("--prepare-dir", folder, "c++") for _ in range(2)]
    said = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(text == f"nothing is missing in {folder}\n" for text in said) == [False, True]
    assert len(keys(folder)) == 1


# --- in a server -----------------------------------------------------------------------------------------------------

def compiled(server, source, *args, files_beside=()):
    answer = server.request("POST", "/api/v1/executions", {
        "language": "c++", "files": [{"path": "main.cpp", "content": source}, *files_beside], "wait": True,
        "compile": {"args": list(args)}})
    assert answer[0] in (200, 201), answer
    return answer[1]


@pytest.fixture(scope="module", name="servers")
def both_ways(made, tmp_path_factory):
    """With and without."""
    none = tmp_path_factory.mktemp("none") / "dir"
    with_it, without = Server("--prepare-dir", str(made)), Server("--prepare-dir", str(none))
    yield with_it, without
    assert with_it.stop()[0] == 0 and without.stop()[0] == 0


@pytest.mark.parametrize("level", ["", "-O0"])
@pytest.mark.parametrize("header", ["bits/stdc++.h", "iostream"])
def test_header_comes_from_what_is_prepared(servers, level, header):
    source = f"#include <{header}>\nint main() {{ std::cout << 1 << std::endl; }}\n"
    said = [compiled(server, source, *level.split(), "-H")["compile"]["stderr"] for server in servers]
    assert f"! /opt/belljar/c++{level}-" in said[0] and f"/{header}.gch/1" in said[0]
    assert "/opt/belljar" not in said[1]


@pytest.mark.parametrize("args", [["-std=c++20"], ["-std=gnu++11"], ["-g"], ["-O3"], ["-fno-exceptions"], ["-march=native"],
                                  ["-D_GLIBCXX_DEBUG"], ["-Wall", "-Wextra", "-Winvalid-pch"], ["-fsanitize=undefined"]])
def test_other_options_mean_what_they_say(servers, args):
    said = [compiled(server, PROGRAM.replace("map<", "int unused = 0; map<"), *args) for server in servers]
    assert said[0]["run"]["stdout"] == said[1]["run"]["stdout"] == "1\n2\n3\n"
    lines = [[line for line in one["compile"]["stderr"].splitlines() if "-Winvalid-pch" not in line and ".gch/1" not in line]
             for one in said]
    assert lines[0] == lines[1]


WRONG = {
    "type": PROGRAM.replace("map<string", "map<strin"),
    "template": PROGRAM.replace("sort(m[\"a\"].begin(), m[\"a\"].end())", "sort(m.begin(), m.end())"),
    "syntax": PROGRAM.replace("endl;", "endl"),
    "no header": PROGRAM.replace("bits/stdc++.h", "bits/nothing.h"),
    "ambiguous": PROGRAM.replace("int main", "int count; int f() { return count; }\nint main"),
    "undefined": PROGRAM.replace("cout << x", "extern int y; cout << x << y"),
    "iostream": PROGRAM.replace("bits/stdc++.h", "iostream"),
    "second": "#include <vector>\n" + PROGRAM.replace("endl;", "endl"),
    "static assertion": "#include <iostream>\nstatic_assert(sizeof(std::string) == 1, \"no\");\nint main() {}\n",
}


@pytest.mark.parametrize("name", WRONG)
def test_messages_are_the_same(servers, name):
    said = [compiled(server, WRONG[name])["compile"] for server in servers]
    assert said[0]["exit_code"] == said[1]["exit_code"] == 1
    # Names of temporary files differ from run to run.
    texts = [re.sub(r"/tmp/cc\w+", "/tmp/cc", one["stderr"]) for one in said]
    assert texts[0] == texts[1]


def test_own_header_comes_first(servers):
    own = [{"path": "iostream", "content": "#define OWN 7\n"}]
    for server in servers:
        answer = compiled(server, "#include <iostream>\nint main() { return OWN; }\n", "-I.", files_beside=own)
        assert answer["run"]["exit_code"] == 7, answer


def test_boxes_cannot_write_to_it(servers, made):
    before = files(made)
    key = keys(made)[0]
    answer = compiled(servers[0], "int main() {}\n", "-o", f"/opt/belljar/{key}/a.out")
    assert "Read-only file system" in answer["compile"]["stderr"]
    assert files(made) == before


def test_run_stage_does_not_see_it(servers):
    source = """#include <iostream>
#include <filesystem>
int main() { for (auto &one : std::filesystem::directory_iterator("/opt/belljar")) std::cout << one.path() << "\\n"; }
"""
    assert compiled(servers[0], source)["run"]["stdout"] == ""


def test_server_uses_what_is_made_while_it_runs(folder):
    server = Server("--prepare-dir", str(folder))
    try:
        source = "#include <iostream>\nint main() {}\n"
        assert "/opt/belljar" not in compiled(server, source, "-H")["compile"]["stderr"]
        assert belljar("prepare", "--prepare-dir", folder, "c++").returncode == 0
        numbers = iter(range(1000))  # else it would have been compiled before
        says = lambda: compiled(server, f"{source}// {next(numbers)}\n", "-H")["compile"]["stderr"]
        assert wait_until(lambda: "! /opt/belljar/c++-" in says(), PATIENCE)  # it notices a moment after
    finally:
        assert server.stop()[0] == 0


def test_server_prepares_by_itself_and_stops_at_once(folder):
    server = Server("--prepare-dir", str(folder), "--prepare-delay", "0", env={"BELLJAR_PREPARE_AUTO": "true"})
    assert wait_until(lambda: folder.exists() and keys(folder), PATIENCE)
    status, log = server.stop()
    assert status == 0 and "event=prepared" in log and "cannot be prepared" not in log
    assert halves(folder) == []


def test_server_without_prepare_auto_prepares_nothing(folder):
    server = Server("--prepare-dir", str(folder), "--prepare-delay", "0", "--prepare-auto=false")
    assert server.execute("python", "print(1)")[0] == 200
    assert server.stop()[0] == 0
    assert keys(folder) == [] and not (folder / ".lock").exists()
