# SPDX-License-Identifier: Apache-2.0
"""A language that is not installed is refused with how it can be had, by recipes of the operator's own too."""
import os
import pathlib
import shutil
import tempfile

import pytest

from support.faults import wait_for
from support.server import Server

RECIPE = """language = '{name}'
version = '1.2.3'
tools = ['no-tool-of-this-host']
extensions = ['.x']
file = 'main.x'
run = ['{{tool}}', '{{main}}', '{{args}}']
judge0 = [{judge0}]
[ask]
args = ['--version']
[install]
debian = ['dash']
"""
LISTED = "GET /api/v1/languages lists those that are"
NOBODYS = 90  # an id of Judge0's that no recipe of ours runs


@pytest.fixture(scope="module")
def store():
    top = pathlib.Path(tempfile.mkdtemp(prefix="belljar-remedies-test-"))
    os.chmod(top, 0o755)
    yield top
    shutil.rmtree(top)


@pytest.fixture(scope="module")
def server(store):
    one = Server("--runtimes-dir", str(store), "--piston-repo", "", "--log-level", "info")
    yield one
    code, log = one.stop()
    assert code == 0, log


def own_recipe(store, name, judge0=""):
    folder = store / "recipes" / name
    folder.mkdir(parents=True)
    (folder / "1.toml").write_text(RECIPE.format(name=name, judge0=judge0))


def native(server, language, version=None):
    body = {"language": language, "source": "", **({"version": version} if version else {})}
    status, answer = server.request("POST", "/api/v1/executions", body)
    assert status == 422, answer
    return {one["path"]: one["message"] for one in answer["errors"]}


@pytest.mark.parametrize("language, version, remedy", [
    ("brainfuck-of-nobody", None, ""),
    ("squint", None, " (to install it: belljar pkg install squint)"),
    ("dart", None, " (no recipe has 'dart'; Piston's package: belljar pkg install piston:dart; an image: belljar image pull "
                   "docker.io/library/dart --as dart)"),
    ("p" * 200, None, ""),
])
def test_native_error_has_the_remedy(server, language, version, remedy):
    assert native(server, language, version) == {"language": f'no language "{language[:100]}" is installed{remedy}; {LISTED}'}


def test_native_error_knows_the_version_that_is_not_there(server):
    here = [version["version"] for one in server.request("GET", "/api/v1/languages")[1]["languages"] if one["name"] == "python"
            for version in one["versions"]]
    if not here or any(one.startswith("3.9.") for one in here):
        pytest.skip("python 3.9 is to be missing here, and another to be there")
    assert native(server, "python", "3.9") == {
        "version": f'no version of python within "3.9" is installed; there is {here[0]} (to install it: belljar pkg install python=3.9)'}
    assert native(server, "python", "1.0")["version"].endswith(f"there is {here[0]}")


def test_all_dialects_know_the_operators_own_recipes(server, store):
    own_recipe(store, "mine", str(NOBODYS))
    wait_for(lambda: "(" in native(server, "mine")["language"], "the recipe to be known")
    assert native(server, "mine") == {"language": f'no language "mine" is installed (to install it: belljar pkg install mine); {LISTED}'}
    status, answer = server.request("POST", "/submissions", {"source_code": "x", "language_id": NOBODYS})
    assert status == 422 and answer["language_id"][0].endswith("install it with 'belljar pkg install mine/1'"), answer
    assert server.execute("mine", "") == (400, {"message": "mine-* runtime is unknown"})
    (told,) = [line for line in server.log_path.read_text().splitlines() if "language=mine" in line]
    assert "belljar pkg install mine" in told
