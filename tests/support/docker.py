# SPDX-License-Identifier: Apache-2.0
"""A Docker daemon of the tests' own, and containers in it that are not privileged.

dockerd stands in a mount, pid and network namespace of its own: it changes no network of this machine, and everything of it ends with
it.  Its containers have no network but loopback.
"""
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from support.debian_root import FACTS, make_root
from support.server import BUILD, ROOT, cannot

PACKAGES = ["docker.io", "containerd", "runc", "libdevmapper1.02.1"]
IMAGE = "belljar-tests"
CGROUP = "belljar-docker-tests"
PROFILE = ROOT / "dist" / "docker-seccomp.json"
# What a container of belljar is given; the words of docs/containers.md.
SECCOMP = ("--security-opt", f"seccomp={PROFILE}")
PROC = ("--security-opt", "systempaths=unconfined")
PATIENCE_S = 60


def environment():
    """Ours, with what `tools/deps docker` has unpacked."""
    folders = [pathlib.Path(build, "tools", package, "usr") for build in (BUILD, ROOT / "build") for package in PACKAGES]
    paths = [str(folder / kind) for folder in folders for kind in ("bin", "sbin")]
    libraries = [str(folder / "lib" / f"{os.uname().machine}-linux-gnu") for folder in folders]
    return {**os.environ, "PATH": os.pathsep.join([os.environ["PATH"], "/usr/sbin", *paths]), "LD_LIBRARY_PATH": os.pathsep.join(libraries)}


def image_tar(cache):
    """The Debian tree as a tar file, cached under a name that says what went into it."""
    path = cache / f"{hashlib.sha256(chr(0).join(FACTS).encode()).hexdigest()[:16]}.tar"
    if path.exists():
        return path
    arch = subprocess.run(["dpkg", "--print-architecture"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    with tempfile.TemporaryDirectory(dir=cache, prefix="make.") as name:
        root, done = pathlib.Path(name, "root"), pathlib.Path(name, "done")
        make_root(root, arch, cache / "make.log")
        subprocess.run(["tar", "-C", root, "--xattrs", "--xattrs-include=security.capability", "-cf", done, "."], check=True)
        done.rename(path)
    return path


class Docker:
    """Use as a context."""

    def __init__(self, cache):
        self.environment = environment()
        for name in ("dockerd", "mmdebstrap"):
            if not shutil.which(name, path=self.environment["PATH"]):
                cannot(f"{name} is not here: tools/deps docker installs or unpacks it")
        if os.geteuid() != 0:
            cannot("a Docker daemon needs root")
        self.cache = cache
        cache.mkdir(parents=True, exist_ok=True)
        self.folder = tempfile.mkdtemp(prefix="docker.", dir=cache)
        self.daemon = None
        self.environment["DOCKER_HOST"] = f"unix://{self.folder}/socket"

    def __enter__(self):
        with open(self.cache / "dockerd.log", "wb") as log:
            # --kill-child: whatever it started ends with it.
            self.daemon = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "private", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
                 "dockerd", "--data-root", f"{self.folder}/data", "--exec-root", f"{self.folder}/exec", "--pidfile", f"{self.folder}/pid",
                 "--host", self.environment["DOCKER_HOST"], "--bridge", "none", "--iptables=false", "--ip6tables=false",
                 "--ip-forward=false", "--ip-masq=false"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)
        try:
            self._await()
            with open(image_tar(self.cache), "rb") as image:
                subprocess.run(["docker", "import", "-", IMAGE], check=True, stdin=image, stdout=subprocess.DEVNULL, env=self.environment)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _await(self):
        end = time.monotonic() + PATIENCE_S
        while subprocess.run(["docker", "version"], env=self.environment, capture_output=True).returncode != 0:
            if self.daemon.poll() is not None or time.monotonic() > end:
                cannot("dockerd does not start here:\n" + (self.cache / "dockerd.log").read_text()[-2000:])
            time.sleep(0.2)

    def __exit__(self, *_):
        self.daemon.kill() # and with it, the first process of its PID namespace
        self.daemon.wait(PATIENCE_S)
        # Its mounts went with its namespace; what they hid is its own data only.
        assert self.folder not in pathlib.Path("/proc/self/mountinfo").read_text()
        shutil.rmtree(self.folder)
        for parent, names, _ in os.walk("/sys/fs/cgroup"):
            if CGROUP in names:
                os.rmdir(os.path.join(parent, CGROUP))
            names[:] = [name for name in names if parent == "/sys/fs/cgroup"]

    def run(self, *command, options=(), binds=(), timeout=600):
        """The command in a new container, which has the build at /build and the tree at /belljar, both read-only."""
        mounts = {"/build": BUILD, "/belljar": ROOT, **dict(binds)}
        words = [word for at, path in mounts.items() for word in ("--volume", f"{path}:{at}:ro")]
        return subprocess.run(
            ["docker", "run", "--rm", "--network", "none", "--cgroup-parent", f"/{CGROUP}", *words, *options, IMAGE, *command],
            env=self.environment, capture_output=True, text=True, timeout=timeout)
