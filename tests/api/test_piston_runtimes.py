# SPDX-License-Identifier: Apache-2.0
"""Piston's API, section 2 of its contract: runtimes, and those of the host as packages (more: tests/packages/test_piston_api.py)."""
import re

import pytest

from support.raw import ask


def test_runtimes_have_pistons_keys(server):
    """Array of `{language, version, aliases, runtime?}`; `aliases` always an array"""
    answer = ask(server, "GET", "/api/v2/runtimes")
    assert answer.status == 200
    runtimes = answer.json()
    assert runtimes
    for one in runtimes:
        assert list(one)[:3] == ["language", "version", "aliases"]
        assert set(one) <= {"language", "version", "aliases", "runtime"}
        assert isinstance(one["aliases"], list)
        assert re.fullmatch(r"\d+\.\d+\.\d+.*", one["version"])


def test_runtimes_are_sorted_by_language(server):
    names = [one["language"] for one in ask(server, "GET", "/api/v2/runtimes").json()]
    assert names == sorted(names)


def test_pistons_names_find_the_hosts_tools(server):
    """bash and python are on every host that runs these tests"""
    names = {name for one in ask(server, "GET", "/api/v2/runtimes").json() for name in [one["language"], *one["aliases"]]}
    assert {"bash", "sh", "python", "py", "python3"} <= names


@pytest.mark.parametrize("path", ["/api/v2/runtimes/", "/api/v2/piston/runtimes", "/API/v2/RUNTIMES"])
def test_aliases_of_the_path_give_the_same_list(server, path):
    assert ask(server, "GET", path).body == ask(server, "GET", "/api/v2/runtimes").body


def test_packages_list_what_is_there(server):
    """`GET /packages` -> `[{language, language_version, installed}]`"""
    runtimes = ask(server, "GET", "/api/v2/runtimes").json()
    packages = ask(server, "GET", "/api/v2/packages").json()
    assert packages
    for one in packages:
        assert list(one) == ["language", "language_version", "installed"]
    there = {(one["language"], one["language_version"]) for one in packages if one["installed"]}
    assert {(one.get("runtime", one["language"]), one["version"]) for one in runtimes} <= there


def test_packages_list_what_can_be_installed(server):
    packages = {one["language"]: one["installed"] for one in ask(server, "GET", "/api/v2/packages").json()}
    assert {"befunge93", "rockstar", "mono", "gcc", "node"} <= set(packages)


def test_package_that_is_there_is_already_installed(server):
    """500 `{"message"}`: `Already installed`"""
    answer = ask(server, "POST", "/api/v2/packages", {"language": "bash", "version": "*"})
    assert (answer.status, answer.json()) == (500, {"message": "Already installed"})


def test_package_that_nobody_has_cannot_be_installed(server):
    """404 `Requested package <language>-<version> does not exist`"""
    answer = ask(server, "POST", "/api/v2/packages", {"language": "befunge93", "version": "77.2.0"})
    assert (answer.status, answer.json()) == (404, {"message": "Requested package befunge93-77.2.0 does not exist"})


@pytest.mark.parametrize("body,name", [({}, "undefined-undefined"), ({"language": "bash"}, "bash-undefined"),
                                       ({"language": "nothing", "version": "1.x"}, "nothing-1.x")])
def test_unknown_package_cannot_be_uninstalled(server, body, name):
    """404 `Requested package <language>-<version> does not exist` (missing keys print `undefined`)"""
    answer = ask(server, "DELETE", "/api/v2/packages", body)
    assert (answer.status, answer.json()) == (404, {"message": f"Requested package {name} does not exist"})


def test_package_of_the_host_is_not_uninstalled(server):
    answer = ask(server, "DELETE", "/api/v2/packages", {"language": "bash", "version": "*"})
    assert answer.status == 501
    assert "belongs to the host" in answer.json()["message"]
    assert ask(server, "GET", "/api/v2/packages").json()
