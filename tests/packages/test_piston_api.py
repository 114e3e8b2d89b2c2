# SPDX-License-Identifier: Apache-2.0
"""Piston's package API, section 5 of its contract: packages that are installed, run and uninstalled over HTTP."""
import concurrent.futures
import hashlib
import http.client
import os
import pathlib
import subprocess
import threading
import urllib.parse

import pytest

from support.cli import belljar
from support.piston_index import COMPILED, REAL, Index, info
from support.raw import wait_until
from support.server import Server

# This package of Piston's list has a recipe, which would be installed from npm.
NO_NODE_15 = 'like = "javascript/node-22"\nversion = "15.14.0"\ninstall.on = ["part/bookworm"]\n'
# The packages of April 2021, whose names are words of clients, and what they provide where that is something else.
WORDS = """bash brainfuck cjam coffeescript cow crystal dart dash deno dotnet dragon elixir emacs erlang gawk gcc go golfscript groovy haskell java
    jelly julia kotlin lisp lolcode lua mono nasm nim node ocaml octave osabie paradoc pascal perl php ponylang prolog pure python rockstar ruby
    rust scala swift typescript vlang yeethon zig""".split()
PROVIDES = {
    "deno": [("typescript", "deno-ts", "deno"), ("javascript", "deno-js")],
    "dotnet": [("basic.net", "basic", "vb"), ("fsharp.net", "fsharp"), ("csharp.net", "csharp"), ("fsi", "fsharp-interactive")],
    "gawk": [("awk", "gawk")],
    "gcc": [("c", "gcc"), ("c++", "cpp", "g++"), ("d", "gdc"), ("fortran", "f90")],
    "mono": [("csharp", "mono", "c#", "cs"), ("basic", "vb", "mono-vb")],
    "nasm": [("nasm", "asm", "nasm32"), ("nasm64", "asm64")],
    "node": [("javascript", "node-javascript", "node-js", "js")],
}
ECHO = {"environment": "", "run": 'echo "$PISTON_LANGUAGE"; cat "$1"\n'}


class Api:
    """A server and what is asked of it about packages."""

    def __init__(self, store, repo, *flags, env=None):
        self.server = Server("--runtimes-dir", store, "--piston-repo", str(repo), *flags, env=env)

    def ask(self, method, language=None, version=None, path="/api/v2/packages", headers=None):
        body = {key: value for key, value in (("language", language), ("version", version)) if value is not None}
        return self.server.request(method, path, None if method == "GET" else body, headers, timeout=300)

    def rows(self, path="/api/v2/packages"):
        status, rows = self.ask("GET", path=path)
        assert status == 200
        return {(row["language"], row["language_version"]): row["installed"] for row in rows}

    def has(self, language, version):
        return self.rows().get((language, version))

    def run(self, language, source, version="*", **more):
        return self.server.request("POST", "/api/v2/execute", {"language": language, "version": version, "files": [{"content": source}], **more})

    def lives(self):
        return self.server.process.poll() is None and self.server.request("GET", "/health")[0] == 200


@pytest.fixture
def start_api(packages):
    started = []

    def start(repo, *flags, **more):
        started.append(Api(packages.store, repo, *flags, **more))
        return started[-1]

    yield start
    lived = [one.lives() for one in started]
    for one in started:
        one.server.stop()
    assert all(lived)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    one = Index(tmp_path_factory.mktemp("shelf"))
    one.write()
    return one


@pytest.fixture(scope="module")
def shared(packages, shelf):
    one = Api(packages.store, shelf.file)
    yield one
    one.server.stop()


@pytest.fixture
def api(shared):
    """One server for all who do not need one of their own; it outlives each of them."""
    yield shared
    assert shared.lives()


@pytest.fixture
def debian_python(shelf, debs, tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    for deb in debs:
        subprocess.run(["dpkg-deb", "-x", deb, tree], check=True)
    for version in ("3.9.4", "3.12.0"):
        shelf.add_tree("python", version, tree, REAL, aliases=["py", "python3"])


@pytest.fixture
def node_15(packages, shelf):
    recipe = packages.store / "recipes/javascript/node-15.toml"
    recipe.parent.mkdir(parents=True, exist_ok=True)
    recipe.write_text(NO_NODE_15)
    shelf.add("node", "15.10.0", ECHO, provides=[{"language": "javascript", "aliases": ["node-javascript", "node-js", "javascript", "js"]}])
    yield
    recipe.unlink()


# --- what works

def test_python_and_node_are_installed_run_and_uninstalled(api, debian_python, node_15):
    wanted = (("python", "3.12.0"), ("python", "3.9.4"), ("node", "15.10.0"))
    for name, version in wanted:
        assert api.ask("POST", name, version) == (200, {"language": name, "version": version})
    program = "import sys\nprint(sys.argv[1:], sys.stdin.read().strip())\n"
    for version in ("3.12.0", "3.9.4"):
        _, answer = api.run("py", program, version, args=["a", "b c"], stdin="in")
        assert (answer["version"], answer["run"]["stdout"]) == (version, "['a', 'b c'] in\n"), answer
    assert api.run("node", "1", "15.10.0")[1]["run"]["stdout"] == "javascript\n1"
    rows = api.rows()
    assert all(rows[one] for one in wanted)
    for name, version in wanted:
        assert api.ask("POST", name, version) == (500, {"message": "Already installed"})
        assert api.ask("DELETE", name, version) == (200, {"language": name, "version": version})
        assert api.ask("DELETE", name, version) == (500, {"message": f"{name}-{version} is not installed"})
    assert api.run("python", "", "3.9.4") == (400, {"message": "python-3.9.4 runtime is unknown"})
    rows = api.rows()
    assert not any(rows[one] for one in wanted)


def test_list_has_recipes_the_index_and_what_is_installed(api, shelf):
    shelf.add("toylist", "1.10.0", ECHO)
    shelf.add("toylist", "1.9.0", ECHO)
    assert api.ask("POST", "toylist", "1.9.0")[0] == 200
    status, rows = api.ask("GET")
    assert status == 200 and all(list(row) == ["language", "language_version", "installed"] for row in rows)
    mine = [(row["language_version"], row["installed"]) for row in rows if row["language"] == "toylist"]
    assert mine == [("1.9.0", True), ("1.10.0", False)]
    names = [row["language"] for row in rows]
    assert {"rockstar", "brainfuck", "gcc", "node", "mono"} <= set(names) and not any(name.startswith("part/") for name in names)
    assert len({(row["language"], row["language_version"]) for row in rows}) == len(rows)
    for path in ("/api/v1/packages", "/api/v2/piston/packages", "/API/v2/Packages/"):
        assert api.ask("GET", path=path) == (status, rows)


@pytest.fixture(scope="module")
def ranges(shelf):
    for one in ("1.2.0", "1.10.0", "2.0.0"):
        shelf.add("toyapirange", one, ECHO)


@pytest.mark.parametrize("version, taken", [("1.x", "1.10.0"), ("~1.2", "1.2.0"), ("<1.10.0 || 9", "1.2.0"), ("*", "2.0.0"), ("", "2.0.0"), ("^1 || 2.x", "2.0.0"),
                                            ("1.0.0 - 1.9", "1.2.0")])
@pytest.mark.usefixtures("ranges")
def test_a_range_takes_the_highest(api, version, taken):
    assert api.ask("POST", "toyapirange", version) == (200, {"language": "toyapirange", "version": taken})
    assert api.ask("DELETE", "toyapirange", version) == (200, {"language": "toyapirange", "version": taken})


def test_uninstalling_takes_the_highest_that_is_there(api, shelf):
    for one in ("1.2.0", "1.10.0", "2.0.0"):
        shelf.add("toyhighest", one, ECHO)
    for one in ("1.2.0", "1.10.0"):
        assert api.ask("POST", "toyhighest", one)[0] == 200
    assert api.ask("DELETE", "toyhighest", "*")[1] == {"language": "toyhighest", "version": "1.10.0"}
    assert api.ask("DELETE", "toyhighest", "*")[1] == {"language": "toyhighest", "version": "1.2.0"}
    assert api.ask("DELETE", "toyhighest", "*") == (500, {"message": "toyhighest-2.0.0 is not installed"})


def test_a_package_of_several_languages_is_installed_and_uninstalled_whole(api, shelf):
    shelf.add("toyapicc", "1.0.0", COMPILED, provides=[{"language": "toyapic"}, {"language": "toyapid", "aliases": ["tad"]}])
    assert api.ask("POST", "toyapicc", "*")[0] == 200
    for name, language in (("toyapic", "toyapic"), ("tad", "toyapid"), ("toyapicc", "toyapic")):
        assert api.run(name, "x")[1]["language"] == language
    assert api.ask("DELETE", "toyapicc", "*")[0] == 200
    assert api.run("tad", "x")[0] == 400 and api.run("toyapic", "x")[0] == 400


def test_a_package_whose_language_has_another_name_can_be_uninstalled(api, shelf):
    """Piston itself cannot: it compares names."""
    shelf.add("toyupper", "2.7.18", {**ECHO, "pkg-info.json": info("toyupper2", "2.7.18")})
    assert api.ask("POST", "toyupper", "2.7.18") == (200, {"language": "toyupper", "version": "2.7.18"})
    assert api.run("toyupper2", "ran")[1]["run"]["stdout"] == "toyupper2\nran"
    assert api.has("toyupper", "2.7.18") is True
    assert api.ask("POST", "toyupper", "2.7.18") == (500, {"message": "Already installed"})
    assert api.ask("DELETE", "toyupper", "2.7.18")[0] == 200
    assert api.has("toyupper", "2.7.18") is False


def test_the_paths_of_2021_have_both_names_in_them(api, shelf):
    shelf.add("toyold", "1.2.3", ECHO)
    path = "/api/v1/packages/toyold/"
    assert api.ask("POST", path=path + urllib.parse.quote("^1.2 || 9", safe="")) == (200, {"language": "toyold", "version": "1.2.3"})
    assert api.ask("POST", path=path + "1.2.3") == (500, {"message": "Already installed"})
    assert api.rows("/api/v1/packages")["toyold", "1.2.3"] is True
    assert api.ask("DELETE", path=path + "1.2.3") == (200, {"language": "toyold", "version": "1.2.3"})
    assert api.ask("DELETE", path=path + "1.2.3") == (500, {"message": "toyold-1.2.3 is not installed"})
    assert api.ask("POST", path=path + "9") == (404, {"message": "Requested package toyold-9 does not exist"})


def test_the_gateways_path_serves_too(api, shelf):
    shelf.add("toygateway", "1.0.0", ECHO)
    for method in ("POST", "DELETE"):
        assert api.ask(method, "toygateway", "*", path="/api/v2/piston/packages") == (200, {"language": "toygateway", "version": "1.0.0"})


@pytest.fixture(scope="module")
def words_of_2021(packages, shelf):
    """All of them in a version that no recipe has, by one command."""
    for word in WORDS:
        provides = [{"language": language, "aliases": aliases} for language, *aliases in PROVIDES.get(word, [])]
        shelf.add(word, "99.0.1", ECHO, **({"provides": provides} if provides else {}))
    done = packages.install(*[f"{word}=99.x" for word in WORDS], repo=shelf.file)
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("words_of_2021")
def test_all_words_of_2021_are_installed_and_run_by_them(api):
    assert len(set(WORDS)) == 51  # octave came a week later
    for word in WORDS:
        status, answer = api.run(word, "it runs", "99.x")
        assert status == 200 and answer["language"] == PROVIDES.get(word, [(word,)])[0][0], (word, answer)
        assert answer["run"]["stdout"].endswith("it runs"), (word, answer)
        assert api.ask("POST", word, "99.x") == (500, {"message": "Already installed"}), word


@pytest.mark.usefixtures("words_of_2021")
@pytest.mark.parametrize("word", ["dotnet", "gcc", "gawk", "node", "ponylang"])
def test_a_word_of_2021_is_removed_and_installed(api, word):
    assert api.ask("DELETE", word, "99.x") == (200, {"language": word, "version": "99.0.1"})
    assert api.run(word, "", "99.x")[0] == 400
    assert api.ask("POST", word, "99.x") == (200, {"language": word, "version": "99.0.1"})
    assert api.run(word, "again", "99.x")[1]["run"]["stdout"].endswith("again")


def test_a_job_that_runs_ends_well_when_its_package_is_uninstalled(api, shelf, tmp_path):
    shelf.add("toybusy", "1.0.0", {"environment": "", "run": 'while ! read line; do :; done; sleep 2; echo "still $line"; cat /piston/packages/toybusy/1.0.0/run | wc -l\n'})
    assert api.ask("POST", "toybusy", "*")[0] == 200
    with concurrent.futures.ThreadPoolExecutor() as pool:
        job = pool.submit(api.run, "toybusy", "", stdin="here")
        assert wait_until(lambda: api.server.request("GET", "/stats")[1]["running"] > 0)
        assert api.ask("DELETE", "toybusy", "*")[0] == 200
        assert job.result()[1]["run"]["stdout"] == "still here\n1\n"
    assert api.run("toybusy", "")[0] == 400


def test_two_who_install_the_same_get_one(api, shelf):
    shelf.add("toyapitwo", "1.0.0", {**ECHO, "noise": os.urandom(1 << 20).hex()})
    with concurrent.futures.ThreadPoolExecutor() as pool:
        both = [one.result() for one in [pool.submit(api.ask, "POST", "toyapitwo", "*") for _ in range(2)]]
    assert sorted(both, key=lambda one: one[0]) == [(200, {"language": "toyapitwo", "version": "1.0.0"}), (500, {"message": "Already installed"})]


def test_who_leaves_does_not_stop_it(web, start_api):
    web.add("toyleft", "1.0.0", ECHO)
    asked, go_on = web.held["/toyleft-1.0.0.pkg.tar.gz"] = threading.Event(), threading.Event()
    mine = start_api(f"{web.base}/index")
    client = http.client.HTTPConnection("127.0.0.1", mine.server.port)
    client.request("POST", "/api/v2/packages", '{"language": "toyleft", "version": "*"}', {"Content-Type": "application/json"})
    assert asked.wait(60)
    client.close()
    go_on.set()
    assert wait_until(lambda: mine.has("toyleft", "1.0.0"), seconds=60)
    assert wait_until(lambda: mine.run("toyleft", "ran")[0] == 200)


def test_only_who_administers_may_change_packages(packages, index, start_api, tmp_path):
    index.add("toykeys", "1.0.0", ECHO)
    data = tmp_path / "data"
    data.mkdir()
    keys = {}
    for scope in ("run", "admin"):
        done = belljar("key", "add", scope, "--scope", scope, "--data", data)
        assert done.returncode == 0, done.stderr
        keys[scope] = {"Authorization": done.stdout.strip()}
    api = start_api(index.file, "--data", str(data))
    assert api.ask("GET", headers=keys["run"])[0] == 200
    assert api.ask("GET")[0] == 401
    for method in ("POST", "DELETE"):
        assert api.ask(method, "toykeys", "*", headers=keys["run"])[0] == 403
        assert api.ask(method, "toykeys", "*", headers=keys["admin"])[0] == 200


# --- what does not

NO_NAMES = ["../x", "-rf", "--help", "@core", "@all", "a b", "a;b", "x=1", "x@1", "", "part/piston\n", "nö", "x" * 500, "--events=1"]


@pytest.mark.parametrize("name", NO_NAMES)
def test_what_is_no_name_does_not_exist(api, name):
    for method in ("POST", "DELETE"):
        assert api.ask(method, name, "*") == (404, {"message": f"Requested package {name}-* does not exist"})


@pytest.mark.parametrize("version", ["latest", "1.2.3.4", "--yes", "1; rm", "$(id)", "1\n2", "=/etc", "x" * 500])
def test_what_is_no_range_does_not_exist(api, shelf, version):
    shelf.add("toyversion", "1.0.0", ECHO)
    for method in ("POST", "DELETE"):
        assert api.ask(method, "toyversion", version) == (404, {"message": f"Requested package toyversion-{version} does not exist"})


def test_a_name_with_a_nul_is_none(api, shelf):
    shelf.add("toynul", "1.0.0", ECHO)
    for name, version in (("toynul\0", "*"), ("toynul", "*\0"), ("\0", "*")):
        status, answer = api.ask("POST", name, version)
        assert status == 404 and answer["message"].startswith("Requested package "), answer


def test_missing_keys_are_undefined(api):
    for method in ("POST", "DELETE"):
        assert api.ask(method) == (404, {"message": "Requested package undefined-undefined does not exist"})
        assert api.ask(method, "python") == (404, {"message": "Requested package python-undefined does not exist"})


def test_an_index_that_cannot_be_reached_is_an_error_and_no_end(start_api):
    api = start_api("http://127.0.0.1:1/index")
    status, answer = api.ask("POST", "toynowhere", "*")
    assert status == 500 and answer["message"].startswith("request to http://127.0.0.1:1/index failed, reason: "), answer
    assert api.ask("DELETE", "toynowhere", "*")[0] in (404, 500)
    assert ("rockstar", "1.0.0") in api.rows() or any(name == "rockstar" for name, _ in api.rows())
    _, log = api.server.ended or (0, api.server.log_path.read_text())
    assert "Piston's index is left out of the packages" in log


def test_an_index_that_is_not_there_is_an_error_and_no_end(start_api, web):
    web.answers["/index"] = 404
    api = start_api(f"{web.base}/index")
    status, answer = api.ask("POST", "toynowhere", "*")
    assert status == 500 and "404" in answer["message"]
    assert api.ask("GET")[0] == 200


def test_an_empty_index_has_nothing(api):
    assert api.ask("POST", "toynowhere", "1.0.0") == (404, {"message": "Requested package toynowhere-1.0.0 does not exist"})


@pytest.mark.parametrize("text", [b"\xff\xfe\0\0binary" * 100, b"<html>not found</html>\n", b",,,\n\n,", b"python-3.10.0,alpha.7," + b"0" * 64 + b",http://x/\n"],
                         ids=["binary", "a page", "commas", "no version"])
def test_a_bad_index_is_no_end(start_api, index, text):
    index.file.write_bytes(text)
    api = start_api(index.file)
    assert api.ask("POST", "toynowhere", "*")[0] == 404
    assert api.ask("GET")[0] == 200


def test_a_line_with_an_invalid_version_costs_nothing_else(api, shelf):
    shelf.lines.append("python-3.10.0,alpha.7," + "0" * 64 + ",https://example.org/x")
    shelf.add("toyafter", "1.0.0", ECHO)
    assert api.ask("POST", "toyafter", "*")[0] == 200
    assert api.has("toyafter", "1.0.0") is True


def test_a_wrong_checksum_tells_both_in_pistons_words(api, shelf):
    """
    proves: F8
    """
    shelf.add("toyapisum", "1.0.0", ECHO, digest="1" * 64)
    got = hashlib.sha256((shelf.folder / "toyapisum-1.0.0.pkg.tar.gz").read_bytes()).hexdigest()
    assert api.ask("POST", "toyapisum", "*") == (500, {"message": f"Checksum miss-match want: {'1' * 64} got: {got}"})
    assert api.has("toyapisum", "1.0.0") is False


def test_a_package_that_cannot_be_had_tells_its_url(start_api, web):
    web.add("toyapigone", "1.0.0", ECHO)
    web.answers["/toyapigone-1.0.0.pkg.tar.gz"] = 404
    api = start_api(f"{web.base}/index")
    status, answer = api.ask("POST", "toyapigone", "*")
    assert status == 500 and answer["message"].startswith(f"request to {web.base}/toyapigone-1.0.0.pkg.tar.gz failed, reason: "), answer


@pytest.mark.parametrize("kind, archive", [("text", b"no archive at all"), ("cut", b"\x1f\x8b\x08\0"), ("empty", b"")])
def test_a_package_that_tar_cannot_unpack_is_an_error_and_no_end(api, shelf, kind, archive):
    shelf.add(f"toydead{kind}", "1.0.0", archive=archive)
    status, answer = api.ask("POST", f"toydead{kind}", "*")
    assert status == 500 and f"toydead{kind}-1.0.0" in answer["message"], answer
    shelf.add(f"toyalive{kind}", "1.0.0", ECHO)
    assert api.ask("POST", f"toyalive{kind}", "*")[0] == 200 and api.run(f"toyalive{kind}", "x")[0] == 200


def test_an_unknown_runtime_is_answered_as_piston_does_and_the_log_names_the_command(api):
    assert api.run("befunge93", "@") == (400, {"message": "befunge93-* runtime is unknown"})
    assert api.run("dotnet", "", "5.x") == (400, {"message": "dotnet-5.x runtime is unknown"})
    log = api.server.log_path.read_text()
    assert 'install="belljar pkg install befunge93"' in log and "belljar pkg install piston:dotnet" in log


# --- clients

def piston(api, *words):
    return belljar("piston", "-u", f"http://127.0.0.1:{api.server.port}", *words, timeout=300)


def test_ppman_of_our_piston_client_installs_lists_and_uninstalls(api, shelf):
    shelf.add("toyclient", "1.0.0", ECHO)
    shelf.add("toyclient", "2.0.0", ECHO)
    assert piston(api, "ppman", "install", "toyclient", "1.0.0", "toyclient=2.x").stdout == "✓ Installation succeeded\n" * 2
    assert "• toyclient 1.0.0\n• toyclient 2.0.0\n" in piston(api, "ppman", "list").stdout
    assert "Already installed" in piston(api, "ppman", "install", "toyclient").stderr
    assert piston(api, "ppman", "uninstall", "toyclient=1.0.0", "toyclient").stdout == "✓ Uninstallation succeeded\n" * 2
    assert "does not exist" in piston(api, "ppman", "install", "toyclient=7").stderr


def test_spec_of_our_piston_client_installs_what_is_missing(api, shelf, tmp_path):
    for version in ("1.0.0", "1.5.0"):
        shelf.add("toyspec", version, ECHO)
    spec = tmp_path / "toy.pps"
    kept = "\n".join(f"{name} {version}" for (name, version), there in api.rows().items() if there)
    spec.write_text(f"#!/usr/bin/env -S piston ppman spec\n{kept}\ntoyspec 1.x\n")
    done = piston(api, "ppman", "spec", spec)
    assert done.stdout == "Actions\nInstall toyspec 1.5.0\nInstalled toyspec 1.5.0\n", done
    assert piston(api, "ppman", "spec", spec).stdout == "Actions\nNone\n"
    spec.write_text(f"{kept}\n")
    assert piston(api, "ppman", "spec", spec).stdout == "Actions\nUninstall toyspec 1.5.0\nUninstalled toyspec 1.5.0\n"


# What these need is on no machine by itself.
PISTON_CLI = os.environ.get("TEST_PISTON_CLI")  # Piston's folder `cli`, with its packages of npm
WORDS_STORE = os.environ.get("TEST_WORDS_STORE")  # a store in which recipes of the set @piston are installed

if PISTON_CLI:
    def test_pistons_own_client_installs_runs_and_uninstalls(api, shelf, tmp_path):
        shelf.add("toyreal", "1.2.3", ECHO)

        def real(*words):
            done = subprocess.run(["node", pathlib.Path(PISTON_CLI, "index.js"), "-u", f"http://127.0.0.1:{api.server.port}", *words],
                                  capture_output=True, text=True, timeout=300, check=False)
            return done.stdout + done.stderr

        assert "Installation succeeded" in real("ppman", "install", "toyreal=^1")
        assert "• toyreal 1.2.3" in real("ppman", "list")
        assert "Already installed" in real("ppman", "install", "toyreal")
        (tmp_path / "program").write_text("from the client")
        assert "from the client" in real("execute", "toyreal", str(tmp_path / "program"))
        assert "Uninstallation succeeded" in real("ppman", "uninstall", "toyreal")
        assert "toyreal-1.2.3 is not installed" in real("ppman", "uninstall", "toyreal")

if WORDS_STORE:
    @pytest.fixture(scope="module")
    def worded():
        one = Api(WORDS_STORE, "", env={f"PISTON_{stage}_{time}": "120000" for stage in ("RUN", "COMPILE") for time in ("TIMEOUT", "CPU_TIME")})
        yield one
        one.server.stop()

    @pytest.mark.parametrize("word", WORDS)
    def test_a_word_of_2021_runs(worded, word):
        name = {"gcc": "c", "node": "javascript", "mono": "csharp", "deno": "typescript", "gawk": "awk"}.get(word, word)
        status, language = worded.server.request("GET", f"/api/v1/languages/{name}")
        if status != 200 or not language["example"]:
            pytest.skip(f"'{name}' is not installed in TEST_WORDS_STORE")
        # A module of Nim cannot be called file0.code.nim, as one without a name is.
        files = [{"name": "main", "content": language["example"]}]
        status, answer = worded.run(word, "", files=files)
        assert (status, answer["language"]) == (200, name), answer
        assert answer["run"]["stdout"].lower().lstrip().startswith("hello"), answer["run"]
