# SPDX-License-Identifier: Apache-2.0
"""dist/belljar.service, dist/apparmor: a server runs programs under them, and what they give is needed."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import pytest

from support import native, unit
from support.server import BUILD, ROOT, Server, cannot

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="root only")
PAGE = ROOT / "docs/hardening.md"
WRAP = ["unshare", "-m", "--propagation", "private", sys.executable, str(ROOT / "tests/support/unit.py")]


@pytest.fixture
def data():
    """Outside of /tmp, which the service has for itself; the build must be seen as well."""
    if shutil.which("systemd-analyze") is None:
        cannot("systemd-analyze is not installed (package systemd)")
    if str(BUILD.resolve()).startswith(("/tmp/", "/home/", "/root/")):
        cannot("the build directory is where the unit hides files")
    folder = tempfile.mkdtemp(prefix="belljar-unit-", dir="/var/lib")
    yield folder
    shutil.rmtree(folder)


def try_programs(server):
    assert native.run(server, "print(6 * 7)")["run"]["stdout"] == "42\n"
    assert native.run(server, "int main(void) { return 3; }", "c")["run"]["exit_code"] == 3
    source = "import os, tempfile; open('/box/x', 'w').write(tempfile.gettempdir()); print(os.stat('/box/x').st_size)"
    assert native.run(server, source)["verdict"] == "ok"


@needs_root
def test_a_server_runs_programs_under_the_unit(data):
    server = Server("--require", "full", "--data", data, wrap=[*WRAP, data])
    try_programs(server)
    code, log = server.stop()
    assert code == 0
    assert "level=warn" not in log and "level=error" not in log
    assert sorted(os.listdir(data)) == ["audit.log", "belljar.lock", "packages", "prepared", "state"]


@needs_root
@pytest.mark.parametrize("command, error", [
    (["touch", "/etc/x"], "Read-only file system"), (["touch", "/usr/x"], "Read-only file system"),
    (["touch", "/var/lib/x"], "Read-only file system"), (["ls", "-A", "/root"], None),
    (["cat", "/dev/kmsg"], None), ([sys.executable, "-c", "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"], "not permitted"),
    ([sys.executable, "-c", "import time; time.clock_settime(0, 1e9)"], "not permitted"),
])
def test_the_unit_takes_from_the_service_what_it_needs_not(data, command, error):
    """This also shows that the emulation of systemd does something."""
    result = subprocess.run([*WRAP, data, *command], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if error is None:
        assert result.stdout == ""
    else:
        assert result.returncode != 0 and error in result.stderr


# For ports below 1024 (test_serve.py); for the trees of packages, which are another user's while they are made.
LATER = {"net_bind_service", "fowner"}


def test_the_unit_has_each_capability_that_boxd_asks_for():
    asked = {name.lower() for name in re.findall(r"\{CAP_(\w+),", (ROOT / "src/boxd/main.c").read_text())}
    assert "fowner" in asked and asked - set(unit.capabilities(unit.settings())) == set()


@needs_root
@pytest.mark.parametrize("name", [name for name in unit.capabilities(unit.settings()) if name not in LATER])
def test_each_capability_of_the_unit_is_needed(name):
    """Without it a server that requires everything does not start."""
    left = [one for one in unit.capabilities(unit.settings()) if one != name]
    with pytest.raises(RuntimeError, match="did not start"):
        Server("--require", "full", wrap=["setpriv", "--bounding-set=-all," + ",".join("+" + one for one in left), "--no-new-privs"])


@needs_root
def test_a_server_on_a_high_port_needs_no_right_to_low_ones():
    left = [one for one in unit.capabilities(unit.settings()) if one != "net_bind_service"]
    server = Server("--require", "full", wrap=["setpriv", "--bounding-set=-all," + ",".join("+" + one for one in left), "--no-new-privs"])
    try_programs(server)
    assert server.stop()[0] == 0


def test_systemd_understands_the_unit(tmp_path):
    if shutil.which("systemd-analyze") is None:
        cannot("systemd-analyze is not installed (package systemd)")
    text = unit.UNIT.read_text().replace("@bindir@/belljar serve", f"{shutil.which('true')} serve")
    path = tmp_path / "belljar.service"
    path.write_text(text)
    result = subprocess.run(["systemd-analyze", "verify", "--man=no", str(path)], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_guide_has_each_option_of_the_unit():
    section = PAGE.read_text().split("## systemd")[1].split("\n## ")[0]
    rows = {name for names in re.findall(r"^\| (`\w.*?) \|", section, re.M) for name in re.findall(r"`(\w+)=?`", names)}
    plain = {"Description", "Documentation", "After", "WantedBy", "ExecStart", "Type", "NotifyAccess", "Restart", "RestartSec", "KillMode",
             "TimeoutStopSec", "StateDirectoryMode", "RuntimeDirectoryPreserve", "SystemCallErrorNumber"}
    assert set(unit.settings()) - plain - rows == set()


def test_apparmor_reads_the_profile(tmp_path):
    """`userns` came with AppArmor 4; an older parser reads the rest."""
    if shutil.which("apparmor_parser") is None:
        cannot("apparmor_parser is not installed (package apparmor)")
    version = int(re.search(r"version (\d+)", subprocess.run(["apparmor_parser", "--version"], capture_output=True, text=True).stdout).group(1))
    text = (ROOT / "dist/apparmor/belljar.in").read_text().replace("@bindir@", "/usr/bin").replace("@libexecdir@", "/usr/libexec/belljar")
    assert len(re.findall(r"^  userns,$", text, re.M)) == 2
    if version < 4:
        text = re.sub(r"^  userns,$", "", text, flags=re.M).replace("abi/4.0", "abi/3.0")
    path = pathlib.Path(tmp_path, "belljar")
    path.write_text(text)
    result = subprocess.run(["apparmor_parser", "--skip-kernel-load", "--skip-cache", str(path)], capture_output=True, text=True)
    assert result.returncode == 0 and "error" not in result.stderr  # it may miss a kernel with AppArmor
