# SPDX-License-Identifier: Apache-2.0
"""A store in which what Piston's packages stand on is installed, and an index of such packages.

Needs root.  What they stand on is a small part of Debian (a mirror is needed), or, where TEST_STORE names a directory of
packages, what that has.
"""
import http.server
import os
import pathlib
import shutil
import subprocess
import threading

import pytest

from support.cli import belljar, environment
from support.piston_index import REAL_DEBS, Index
from support.server import BUILD, cannot

# In place of the real one, which takes a compiler and half a gigabyte.
PART = 'name = "What packages of the tests expect"\nversion = "12.0.0"\n[install]\ndebian = ["rename"]\n'


class Packages:
    def __init__(self, store):
        self.store = store

    def start(self, *words, repo):
        return subprocess.Popen([BUILD / "belljar", "pkg", "install", "--runtimes-dir", self.store, "--piston-repo", str(repo), *words],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment())

    def install(self, *words, repo, **more):
        return belljar("pkg", "install", "--runtimes-dir", self.store, "--piston-repo", repo, *words, timeout=600, **more)

    def run(self, language, source, *args, **more):
        return belljar("run", "--runtimes-dir", self.store, "-l", language, "-", *args, input=source, **more)

    def list(self):
        return belljar("pkg", "list", "--runtimes-dir", self.store).stdout

    def runtimes(self):
        return sorted(entry.name for entry in (self.store / "runtimes").iterdir())

    def is_clean(self):
        return not any((self.store / "stage").iterdir())


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    if os.geteuid() != 0:
        cannot("packages are installed by root")
    store = tmp_path_factory.mktemp("packages")
    store.chmod(0o755)
    have = os.environ.get("TEST_STORE")
    if have:
        shutil.rmtree(store)
        subprocess.run(["cp", "-a", have, store], check=True)
    (store / "recipes/part").mkdir(parents=True, exist_ok=True)
    (store / "recipes/part/piston.toml").write_text(PART)
    done = belljar("pkg", "install", "--runtimes-dir", store, "part/piston", timeout=600)
    if done.returncode != 0:
        cannot(f"there is no part to stand on: {done.stderr}")
    return Packages(store)


@pytest.fixture
def index(tmp_path):
    return Index(tmp_path)


@pytest.fixture(scope="session")
def debs(tmp_path_factory):
    """Debian's packages of Python: got by apt, or of the directory TEST_DEBS."""
    folder = pathlib.Path(os.environ.get("TEST_DEBS") or tmp_path_factory.mktemp("debs"))
    if not list(folder.glob("python3.11-minimal_*.deb")):
        folder.chmod(0o777)  # apt downloads as a user of its own
        if subprocess.run(["apt-get", "download", "-qq", *REAL_DEBS], cwd=folder, check=False, timeout=300).returncode != 0:
            cannot("apt-get download does not work here")
    return [next(folder.glob(f"{name}_*.deb")) for name in REAL_DEBS]


@pytest.fixture
def web(index):
    """The index over HTTP; `answers` has other statuses than 200 for some paths, `held` (asked, may go on) of those that wait."""
    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=index.folder)

        def do_GET(self):
            if self.path in index.held:
                index.held[self.path][0].set()
                assert index.held[self.path][1].wait(60)
            if self.path in index.answers:
                self.send_error(index.answers[self.path])
            else:
                super().do_GET()

        def log_message(self, *_):
            pass

    index.answers, index.held = {}, {}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    index.base = f"http://127.0.0.1:{server.server_port}"
    yield index
    server.shutdown()
    thread.join()
    server.server_close()
