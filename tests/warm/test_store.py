# SPDX-License-Identifier: Apache-2.0
"""Interpreters of the package store, started ahead: as those of the host (test_warm.py).

All that are in the store TEST_STORE and are started ahead, else a few that are quick to install.
"""
import os

import pytest

from support import native
from support.packages import installed, store_with
from support.server import Server
from support.warm import LIKE, PROGRAMS, compare, request

LEFT_OUT = {"typescript/7.0"}  # it has the types that our programs declare
FEW = ("bash/5.2", "lua/5.4", "python/3.11")


def identities():
    have = os.environ.get("TEST_STORE")
    if not have:
        return FEW
    return [name for name, one in installed(have).items()
            if "warm" in one["recipe"] and folder_of(one).is_dir() and name not in LEFT_OUT]


def folder_of(manifest):
    language = manifest["recipe"]["language"]
    return PROGRAMS / LIKE.get(language, language)


def cases():
    for name in identities():
        language = name.split("/")[0]
        for path in sorted((PROGRAMS / LIKE.get(language, language)).iterdir()):
            yield pytest.param(name, path, id=f"{name.replace('/', '-')}-{path.name}")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return store_with(tmp_path_factory.mktemp("packages"), *identities())


@pytest.fixture(scope="module")
def servers(store):
    """With spares, and without.  Nothing of the host is prepared."""
    roomy = {"BELLJAR_POOL_MEMORY": "1G", "BELLJAR_POOL_IDLE_MS": "60000"}
    flags = "--log-level", "info", "--runtimes-dir", store
    both = {"warm": Server(*flags, env=roomy), "cold": Server(*flags, "--pool", "0")}
    yield both
    for one in both.values():
        code, log = one.stop()
        assert code == 0, log


@pytest.mark.parametrize("identity, path", cases())
def test_warm_is_as_cold(servers, store, identity, path):
    manifest = installed(store)[identity]
    compare(servers, manifest["recipe"]["language"], path, version=manifest["version"])


@pytest.mark.parametrize("identity", identities())
def test_it_is_the_one_of_the_store(servers, store, identity):
    manifest = installed(store)[identity]
    program = next(path for path in sorted(folder_of(manifest).iterdir()) if path.is_file())
    body = {**request(manifest["recipe"]["language"], program), "version": manifest["version"], "wait": True}
    for server in servers.values():
        assert native.create(server, body).json()["runtime"] == manifest["source"] != "host"
