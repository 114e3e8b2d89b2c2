# SPDX-License-Identifier: Apache-2.0
"""A package store as the servers of the matrix see it: the layers of the real one, and manifests of our choice.

Beside each runtime stands a probe, which runs in the very layers of that runtime and says what a program sees there.
The layers are a mount, so that this needs a mount namespace of its own.
"""
import os
import pathlib
import shutil
import subprocess
import tempfile

PROBE_VERSION = "1.0.0"
PROBE = r'''
shopt -s nullglob
echo "uid=$UID $EUID"
echo "home=$HOME"
while read -r key value; do
    case $key in
        Gid:|CapEff:|CapPrm:|NoNewPrivs:|Seccomp:) echo "${key%:}=$value" ;;
    esac
done </proc/self/status
for place in / /bin /dev /etc /lib /opt /proc /root /run /sbin /sys /usr /usr/bin /usr/lib /var /var/lib /var/tmp; do  # /var/tmp may be a link to /tmp
    if [ -d "$place" ] && [ ! -L "$place" ] && (: >"$place/probe") 2>/dev/null; then echo "written=$place"; fi
done
for place in /tmp /box; do
    if (: >"$place/probe") 2>/dev/null; then echo "own=$place"; fi
done
while read -r name _; do
    case $name in *:) echo "interface=$name" ;; esac
done </proc/net/dev
for address in 127.0.0.1/"$1" 192.0.2.1/80; do
    if (: <>/dev/tcp/"$address") 2>/dev/null; then echo "connected=$address"; fi
done
for process in /proc/[0-9]*; do echo "process=${process#/proc/}"; done
'''
MANIFEST = """id = "{id}"
version = "{version}"
tool = "/bin/bash"
source = "debian"
layers = {layers}
own_layers = 1
parts = []
installed = 1
pinned = false
hidden = false
recipe = '''
language = "{language}"
name = "probe"
version = "{version}"
tools = ["/bin/bash"]
extensions = [".sh"]
file = "probe.sh"
run = ["{{tool}}", "{{main}}", "{{args}}"]
env = {env}
[ask]
args = ["--version"]
[install]
debian = ["bash"]
[tests]
hello = "echo 'Hello, World!'"
'''
"""


def own_namespace():
    """Goes on in a mount namespace of its own (and comes back to the start of the program once)."""
    if os.environ.pop("MATRIX_APART", None) is None:
        os.environ["MATRIX_APART"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", *original_command()])


def original_command():
    with open("/proc/self/cmdline", "rb") as file:
        return [word.decode() for word in file.read().split(b"\0")[:-1]]


class View:
    def __init__(self, store):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="belljar-matrix-"))
        self.folder.chmod(0o755)
        self.layers = self.folder / "layers"
        self.runtimes = self.folder / "runtimes"
        self.layers.mkdir(mode=0o755)
        self.runtimes.mkdir(mode=0o755)
        subprocess.run(["mount", "--bind", str(store / "layers"), str(self.layers)], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", str(self.layers)], check=True)

    def put(self, name, text):
        """In one rename, as the store does it."""
        made = self.folder / f".{name}"
        made.mkdir()
        (made / "manifest.toml").write_text(text)
        old = self.runtimes / name
        if old.exists():
            shutil.rmtree(old)
        made.rename(old)

    def show(self, row):
        """The row's runtime and its probe."""
        manifest = row.manifest
        env = [word.replace("{home}", row.home) for word in row.recipe.get("env", []) if "{prepared}" not in word and "{base}" not in word]
        self.put(row.flat, row.manifest_path.read_text())
        self.put(f"probe@{row.id.replace('/', '-')}", MANIFEST.format(
            id=f"probe/{row.id.replace('/', '-')}", version=PROBE_VERSION, layers=manifest["layers"],
            language=probe_language(row), env=str(env)))

    def close(self):
        """The store's own layers are never below what is deleted."""
        subprocess.run(["umount", str(self.layers)], check=True)
        self.layers.rmdir()
        shutil.rmtree(self.folder)


def probe_language(row):
    return "probe-" + row.id.replace("/", "-")
