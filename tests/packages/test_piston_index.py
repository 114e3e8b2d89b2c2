# SPDX-License-Identifier: Apache-2.0
"""Packages of Piston's: made here as its own tools make them, from an index of files or HTTP to a program that runs."""
import contextlib
import io
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tarfile

import pytest

from support.cli import belljar, environment
from support.piston_index import COMPILED, PYTHON, REAL, info
from support.raw import wait_until
from support.server import BUILD, Server


@contextlib.contextmanager
def closing(server):
    try:
        yield server
    finally:
        server.stop()


# --- what works

def test_a_python_of_debians_packages_runs_as_two_versions(packages, index, debs, tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    for deb in debs:
        subprocess.run(["dpkg-deb", "-x", deb, tree], check=True)
    for version in ("3.9.4", "3.12.0"):
        index.add_tree("python", version, tree, REAL, aliases=["py", "python3"])
    done = packages.install("piston:python=3.9.4", "python", "3.12.0", repo=index.file)
    assert done.returncode == 0, done.stderr
    program = "import json, os, sys\nprint(json.dumps([os.__file__.rsplit('/', 1)[0], sys.argv[1:], sys.stdin.read()]))\n"
    with closing(Server("--runtimes-dir", packages.store)) as server:
        for version in ("3.9.4", "3.12.0"):
            _, answer = server.request("POST", "/api/v2/execute", {"language": "py", "version": version, "args": ["a", "b c"], "stdin": "in",
                                                                   "files": [{"name": "any name", "content": program}]})
            assert (answer["language"], answer["version"]) == ("python", version)
            assert json.loads(answer["run"]["stdout"]) == [f"/piston/packages/python/{version}/usr/lib/python3.11", ["a", "b c"], "in\n"], answer
            assert "compile" not in answer


def test_versions_that_no_recipe_has_come_from_the_index(packages, index):
    for version in ("3.5.10", "3.10.0"):
        index.add("python", version, PYTHON, aliases=["py", "python3"])
    index.add("node", "15.10.0", {**PYTHON, "run": "echo node $1\n"}, provides=[{"language": "javascript", "aliases": ["node-javascript", "node-js"]}])
    done = packages.install("python=3.5.10", "python", "3.10.0", "piston:node=15.10.0", repo=index.file)
    assert done.returncode == 0, done.stderr
    listed = packages.list()
    for identity, version in (("python/piston-3.5.10", "3.5.10"), ("python/piston-3.10.0", "3.10.0"), ("javascript/piston-node-15.10.0", "15.10.0")):
        assert any(line.split()[:2] == [identity, version] and line.split()[-1] == "piston" for line in listed.splitlines()), listed
    assert packages.is_clean()
    done = packages.install("python=3.5.10", repo=index.file)
    assert done.returncode == 0 and "was there" in done.stdout


def test_what_was_installed_runs(packages, index):
    index.add("python", "3.9.5", PYTHON)
    assert packages.install("python=3.9.5", repo=index.file).returncode == 0
    done = packages.run("python=3.9.5", "echo $PYTHON_OF $# \"$2\" ${PATH%%:*}\npython3.x --version\n", "a", "b c")
    assert done.stdout == "/piston/packages/python/3.9.5 2 b c /piston/packages/python/3.9.5/bin\nPython 3.9.5\n", done.stderr


def test_what_was_installed_can_be_removed_and_installed_again(packages, index):
    index.add("python", "3.11.0", PYTHON)
    for _ in range(2):
        assert packages.install("python", "3.11.0", repo=index.file).returncode == 0
        assert "python@piston-3.11.0" in packages.runtimes()
        done = belljar("pkg", "remove", "--runtimes-dir", packages.store, "python=3.11.0")
        assert done.returncode == 0, done.stderr
        assert "python@piston-3.11.0" not in packages.runtimes()
        assert not list(packages.store.glob("layers/*/piston/packages/python/3.11.0"))


def test_a_range_takes_the_highest(packages, index):
    for version in ("1.2.0", "1.10.0", "2.0.0"):
        index.add("toyrange", version, {**PYTHON, "run": "echo ran\n"})
    assert packages.install("toyrange=1.x", repo=index.file).returncode == 0
    assert "toyrange@piston-1.10.0" in packages.runtimes()
    assert not {"toyrange@piston-1.2.0", "toyrange@piston-2.0.0"} & set(packages.runtimes())


def test_all_files_reach_compile_and_main_and_arguments_reach_run(packages, index, tmp_path):
    index.add("toycc", "1.0.0", COMPILED, provides=[{"language": "toyc"}, {"language": "toyd", "aliases": ["td"]}])
    done = packages.install("toycc", repo=index.file)
    assert done.returncode == 0 and {"toyc@piston-toycc-1.0.0", "toyd@piston-toycc-1.0.0"} <= set(packages.runtimes()), done.stderr
    body = {"language": "td", "version": "*", "args": ["x", "y z"],
            "files": [{"name": "first", "content": "one\n"}, {"name": "lib.h", "content": "two\n"}, {"content": "three\n"}]}
    with closing(Server("--runtimes-dir", packages.store)) as server:
        _, answer = server.request("POST", "/api/v2/execute", body)
    assert answer["compile"]["code"] == 0, answer
    assert answer["run"]["stdout"].splitlines()[0] == "toyd: 3 files: first: x y z"
    assert sorted(answer["run"]["stdout"].splitlines()[1:]) == ["one", "three", "two"]


def test_limit_overrides_and_aliases_of_a_package_hold(packages, index):
    index.add("toylimit", "1.0.0", {**PYTHON, "run": "ulimit -n\n"}, aliases=["c#limit", "visual limit"], limit_overrides={"max_open_files": 77, "run_timeout": -1})
    assert packages.install("toylimit", repo=index.file).returncode == 0
    assert packages.run("c#limit", "").stdout == "77\n"


def test_a_root_entry_that_only_its_owner_may_read_is_readable_in_a_box(packages, index):
    index.add("toyroot", "1.0.0", {**PYTHON, "run": "echo readable\n"}, mode=0o700)
    assert packages.install("toyroot", repo=index.file).returncode == 0
    assert packages.run("toyroot", "").stdout == "readable\n"


def test_an_environment_may_end_as_it_likes_and_have_several_lines(packages, index):
    index.add("toyenv", "1.0.0", {"environment": "export TWO=$'a\\nb'\nfalse\n", "run": 'echo "$TWO"\n'})
    done = packages.install("toyenv", repo=index.file)
    assert done.returncode == 0, done.stderr
    assert packages.run("toyenv", "").stdout == "a\nb\n"


def test_an_index_over_http_serves_as_well(packages, web):
    web.add("toyweb", "1.0.0", {**PYTHON, "run": "echo web\n"})
    assert packages.install("toyweb", repo=f"{web.base}/index").returncode == 0
    assert packages.run("toyweb", "").stdout == "web\n"


def test_pistons_own_name_of_the_option_serves_too(packages, index):
    index.add("toyname", "1.0.0", {**PYTHON, "run": "echo name\n"})
    done = belljar("pkg", "install", "--runtimes-dir", packages.store, "toyname", env={"PISTON_REPO_URL": f"file://{index.file}"}, timeout=600)
    assert done.returncode == 0, done.stderr


# --- what does not

def fails(packages, repo, word, *says):
    before = packages.runtimes()
    done = packages.install(word, repo=repo)
    assert done.returncode == 1, done.stdout
    for text in says:
        assert text in done.stderr, done.stderr
    assert packages.runtimes() == before and packages.is_clean()


def test_an_index_that_cannot_be_reached_is_an_error(packages):
    fails(packages, "http://127.0.0.1:1/index", "python=3.9.3", "no version of 'python' is within '3.9.3'", "127.0.0.1:1")


def test_an_index_that_is_not_there_is_an_error(packages, web):
    web.answers["/index"] = 404
    fails(packages, f"{web.base}/index", "toynone", "there is no 'toynone'", "404")


def test_an_index_without_the_package_leaves_the_recipes_words(packages, index):
    index.write()
    fails(packages, index.file, "python=3.9.3", "no version of 'python' is within '3.9.3'; there is 3.11")


def test_no_index_is_asked_for_what_recipes_have(packages):
    done = packages.install("part/piston", repo="http://127.0.0.1:1/index")
    assert done.returncode == 0, done.stderr


def test_a_line_with_an_invalid_version_is_told_and_costs_nothing_else(packages, index):
    index.lines.append("python-3.10.0,alpha.7," + "0" * 64 + ",https://example.org/x")
    index.add("toyline", "1.0.0", {**PYTHON, "run": "echo line\n"})
    done = packages.install("toyline", repo=index.file)
    assert done.returncode == 0 and "line 2: python-3.10.0: 'alpha.7' is no version" in done.stderr


def test_a_wrong_checksum_tells_both(packages, index):
    index.add("toysum", "1.0.0", PYTHON, digest="1" * 64)
    fails(packages, index.file, "toysum", f"want: {'1' * 64} got: ")


def test_a_package_that_is_not_there_is_an_error(packages, web):
    web.add("toygone", "1.0.0", PYTHON)
    web.answers["/toygone-1.0.0.pkg.tar.gz"] = 404
    fails(packages, f"{web.base}/index", "toygone", "toygone-1.0.0", "404")


def test_an_archive_that_was_cut_is_refused(packages, index):
    index.add("toycut", "1.0.0", {**PYTHON, "noise": os.urandom(60000).hex()})
    archive = (index.folder / "toycut-1.0.0.pkg.tar.gz").read_bytes()
    index.lines = [""]
    index.add("toycut", "1.0.0", archive=archive[:len(archive) // 2])
    fails(packages, index.file, "toycut", "toycut-1.0.0")


def hostile(name, kind):
    """A package with one entry more than it should have."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path, text in {"pkg-info.json": info(name, "1.0.0"), "run": "echo ran\n", "environment": ""}.items():
            member = tarfile.TarInfo(f"./{path}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
        extra = tarfile.TarInfo({"traversal": "../../../../../../escaped", "absolute": "/escaped"}.get(kind, "./extra"))
        if kind in ("traversal", "absolute"):
            extra.size = 3
            tar.addfile(extra, io.BytesIO(b"out"))
        elif kind == "device":
            extra.type, extra.devmajor, extra.devminor = tarfile.BLKTYPE, 8, 0
            tar.addfile(extra)
        elif kind == "hard link out":
            extra.type, extra.linkname = tarfile.LNKTYPE, "../../../../etc/passwd"
            tar.addfile(extra)
        elif kind == "through a link":
            extra.type, extra.linkname = tarfile.SYMTYPE, "/tmp"
            tar.addfile(extra)
            inside = tarfile.TarInfo("./extra/escaped")
            inside.size = 3
            tar.addfile(inside, io.BytesIO(b"out"))
        elif kind == "fifo":
            extra.type = tarfile.FIFOTYPE
            tar.addfile(extra)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["traversal", "device", "hard link out", "through a link", "fifo"])
def test_a_hostile_archive_is_refused(packages, index, kind):
    name = "toybad" + kind.replace(" ", "")
    index.add(name, "1.0.0", archive=hostile(name, kind))
    fails(packages, index.file, name, f"pkg: {name}-1.0.0: ", "leads out" if kind in ("traversal", "hard link out") else "extra")
    assert not pathlib.Path("/escaped").exists() and not pathlib.Path("/tmp/escaped").exists()
    assert not list(packages.store.glob("**/escaped"))


def test_an_absolute_path_is_one_of_the_package(packages, index):
    index.add("toyabsolute", "1.0.0", archive=hostile("toyabsolute", "absolute"))
    packages.install("toyabsolute", repo=index.file)
    assert not pathlib.Path("/escaped").exists()
    assert all("piston/packages/toyabsolute" in str(path) for path in packages.store.glob("layers/**/escaped"))


def test_a_link_that_leads_out_leads_nowhere_in_a_box(packages, index):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path, text in {"pkg-info.json": info("toylink", "1.0.0"), "run": "cat /piston/packages/toylink/1.0.0/out\n", "environment": ""}.items():
            member = tarfile.TarInfo(f"./{path}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
        link = tarfile.TarInfo("./out")
        link.type, link.linkname = tarfile.SYMTYPE, "../../../../../../../../../../etc/shadow"
        tar.addfile(link)
    index.add("toylink", "1.0.0", archive=buffer.getvalue())
    if packages.install("toylink", repo=index.file).returncode == 0:
        done = packages.run("toylink", "")
        assert done.returncode != 0 and "root:" not in done.stdout


def test_an_info_that_is_a_link_out_is_not_read(packages, index):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path in ("pkg-info.json", "run"):
            link = tarfile.TarInfo(f"./{path}")
            link.type, link.linkname = tarfile.SYMTYPE, str(index.folder / "info")
            tar.addfile(link)
    (index.folder / "info").write_text(info("toyinfo", "1.0.0"))
    index.add("toyinfo", "1.0.0", archive=buffer.getvalue())
    fails(packages, index.file, "toyinfo", "pkg-info.json")


@pytest.mark.parametrize("environment", ["while :; do x=$x$x.; done\n", "yes | tr -d '\\n' | head -c 1000000; exit\n", "kill -9 $$\n", "export A=$'\\xff'\n"])
def test_an_environment_that_does_not_end_well_is_an_error(packages, index, environment):
    index.add("toyhang", "1.0.0", {"environment": environment, "run": "echo ran\n"})
    fails(packages, index.file, "toyhang", "toyhang-1.0.0", "environment")


@pytest.mark.parametrize("files, says", [({"run": "echo\n"}, None), ({"environment": ""}, "run in the package")])
def test_what_a_package_must_have_is_run_alone(packages, index, files, says):
    name = f"toyless{len(says or '')}"
    index.add(name, "1.0.0", files)
    if says:
        fails(packages, index.file, name, says)
    else:
        assert packages.install(name, repo=index.file).returncode == 0


@pytest.mark.parametrize("text, says", [("{", "pkg-info.json"), (info("../x", "1.0.0"), "is no language"), (info("UPPER", "1.0.0"), "language"),
                                        (json.dumps({"language": "x"}), "version")])
def test_an_info_that_is_wrong_is_an_error(packages, index, text, says):
    index.add("toywrong", "1.0.0", {**PYTHON, "pkg-info.json": text})
    fails(packages, index.file, "toywrong", "toywrong-1.0.0", says)


# --- what happens meanwhile

def test_killed_at_any_moment_it_can_be_installed_again(packages, index):
    index.add("toykill", "1.0.0", {**PYTHON, "noise": os.urandom(2 << 20).hex()}, provides=[{"language": f"toykill{i}"} for i in range(5)])
    for delay in (0.05, 0.15, 0.3, 0.5, 0.8):  # the moment is what is tried
        process = packages.start("toykill", repo=index.file)
        try:
            process.communicate(timeout=delay)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
    done = packages.install("toykill", repo=index.file)
    assert done.returncode == 0, done.stderr
    assert {f"toykill{i}@piston-toykill-1.0.0" for i in range(5)} <= set(packages.runtimes()) and packages.is_clean()


def test_a_language_that_is_missing_of_several_is_put_again(packages, index):
    index.add("toyhalf", "1.0.0", {**PYTHON, "run": "echo\n"}, provides=[{"language": "toyhalf1"}, {"language": "toyhalf2"}])
    assert packages.install("toyhalf", repo=index.file).returncode == 0
    shutil.rmtree(packages.store / "runtimes/toyhalf2@piston-toyhalf-1.0.0")
    done = packages.install("toyhalf", repo=index.file)
    assert done.returncode == 0 and "was there" not in done.stdout
    assert "toyhalf2@piston-toyhalf-1.0.0" in packages.runtimes()


def test_two_at_once_make_one(packages, index):
    index.add("toytwo", "1.0.0", {**PYTHON, "noise": os.urandom(1 << 20).hex()})
    both = [packages.start("toytwo", repo=index.file) for _ in range(2)]
    said = [process.communicate(timeout=300)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("was there" in text for text in said) == 1


FULL = """
set -e
mount -t tmpfs -o size=3m none "$1/stage"
exec "$2" pkg install --runtimes-dir "$1" --piston-repo "$3" toyfull
"""


def test_a_full_disk_is_an_error(packages, index):
    index.add("toyfull", "1.0.0", {**PYTHON, "noise": "x" * (8 << 20)})
    before = packages.runtimes()
    done = subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c", FULL, "sh", packages.store, BUILD / "belljar", index.file],
                          capture_output=True, text=True, timeout=300, check=False, env=environment())
    assert done.returncode == 1 and "no room is left" in done.stderr, done.stderr
    assert packages.runtimes() == before and packages.is_clean()


def test_a_bomb_fills_no_disk(packages, index):
    """What is unpacked may be 16 GB, which no disk of a test has; a smaller one has to end in an error of the disk's."""
    index.add("toyfull", "1.0.0", {**PYTHON, "noise": "\0" * (64 << 20)})
    assert (index.folder / "toyfull-1.0.0.pkg.tar.gz").stat().st_size < 200000
    done = subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c", FULL, "sh", packages.store, BUILD / "belljar", index.file],
                          capture_output=True, text=True, timeout=300, check=False, env=environment())
    assert done.returncode == 1 and "no room is left" in done.stderr, done.stderr
    assert packages.is_clean()


def test_a_server_that_runs_learns_of_it_and_outlives_what_fails(packages, index):
    index.add("toylive", "1.0.0", {**PYTHON, "run": "echo live\n"})
    index.add("toydead", "1.0.0", archive=b"no archive")
    with closing(Server("--runtimes-dir", packages.store)) as server:
        assert packages.install("toydead", repo=index.file).returncode == 1
        assert packages.install("toylive", repo=index.file).returncode == 0
        wait_until(lambda: "run" in server.execute("toylive", "")[1])
        assert server.execute("toylive", "")[1]["run"]["stdout"] == "live\n" and server.process.poll() is None
