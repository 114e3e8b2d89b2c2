# SPDX-License-Identifier: Apache-2.0
"""What systemd would do to a process of dist/belljar.service, done without systemd: `python3 unit.py DATA COMMAND...`.

Runs as root in a mount namespace of its own (unshare -m). Applied: the bounding set, no_new_privs, the umask, read-only and hidden
files, a /tmp of its own, and the filters on system calls, architectures and address families. Not applied: cgroup settings.
"""
import ctypes
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys

UNIT = pathlib.Path(__file__).resolve().parent.parent.parent / "dist/belljar.service.in"
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC = 1, 2, 4, 8, 32, 4096, 16384
KEPT = {"nosuid": MS_NOSUID, "nodev": MS_NODEV, "noexec": MS_NOEXEC, "noatime": 1024, "nodiratime": 2048, "relatime": 1 << 21}
ALLOW, EPERM = 0x7FFF0000, 0x00050001


def settings(text=None):
    """{option: [value of each line]}"""
    found = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", text or UNIT.read_text(), re.M):
        found.setdefault(name, []).append(value)
    return found


def words(unit, option):
    return " ".join(unit.get(option, [])).split()


def capabilities(unit):
    return [word.removeprefix("CAP_").lower() for word in words(unit, "CapabilityBoundingSet")]


def calls_of(group):
    """The system calls of a group such as @clock, as this systemd knows them."""
    lines = subprocess.run(["systemd-analyze", "syscall-filter", group], check=True, capture_output=True, text=True).stdout.splitlines()
    names = [line.strip() for line in lines[1:] if line.strip() and not line.strip().startswith("#")]
    return [call for name in names for call in (calls_of(name) if name.startswith("@") else [name])]


class Comparison(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("operator", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


class Filter:
    def __init__(self):
        self.library = ctypes.CDLL("libseccomp.so.2")
        self.library.seccomp_init.restype = ctypes.c_void_p
        self.library.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p]
        self.context = ctypes.c_void_p(self.library.seccomp_init(ALLOW))

    def refuse(self, call, *tests):
        number = self.library.seccomp_syscall_resolve_name(call.encode())
        tests = (Comparison * len(tests))(*tests)
        if number >= 0 and self.library.seccomp_rule_add_array(self.context, EPERM, number, len(tests), tests) < 0:
            raise OSError(f"no rule for {call}")

    def load(self):
        if self.library.seccomp_load(self.context) < 0:
            raise OSError("the filter cannot be loaded")


def filter_calls(unit):
    one = Filter()  # what is not native ends, which is seccomp_init's own choice
    for group in words(unit, "SystemCallFilter"):
        for call in calls_of(group.removeprefix("~")):
            one.refuse(call)
    one.load()


def filter_families(unit):
    allowed = sorted(getattr(socket, name) for name in words(unit, "RestrictAddressFamilies"))
    one = Filter()
    for family in set(range(64)) - set(allowed):
        one.refuse("socket", Comparison(0, 4, family, 0))  # 4: equal
    one.load()


def mount(source, target, kind, flags, options=None):
    libc = ctypes.CDLL(None, use_errno=True)
    encoded = [value.encode() if value else None for value in (source, str(target), kind)]
    if libc.mount(*encoded, flags, options.encode() if options else None) < 0:
        raise OSError(ctypes.get_errno(), f"mount {target}")


def mounts():
    """[(mount point, flags that a remount must keep)]"""
    lines = [line.split() for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
    return [(line[4].encode().decode("unicode_escape"), sum(KEPT[one] for one in line[5].split(",") if one in KEPT)) for line in lines]


def is_below(path, *folders):
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def make_read_only(writable):
    for folder in writable:
        mount(folder, folder, None, MS_BIND | MS_REC)
    for point, flags in mounts():
        if not is_below(point, "/dev", "/proc", "/sys", *writable):
            mount(None, point, None, MS_REMOUNT | MS_BIND | MS_RDONLY | flags)


def hide(path):
    if os.path.isdir(path):
        mount("none", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=000")
    elif os.path.exists(path):
        mount("/dev/null", path, None, MS_BIND)


def see(unit, data):
    """The files as the service sees them."""
    yes = {option for option, values in unit.items() if values[-1] in ("yes", "strict")}
    mount("tmp", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") if "PrivateTmp" in yes else None
    os.makedirs("/run/belljar", exist_ok=True)
    if "ProtectSystem" in yes:
        make_read_only([data, "/run/belljar", "/tmp"])
    for option, paths in (("ProtectHome", ("/home", "/root", "/run/user")), ("ProtectKernelModules", ("/usr/lib/modules", "/lib/modules")),
                          ("ProtectKernelLogs", ("/proc/kmsg", "/dev/kmsg"))):
        for path in paths if option in yes else ():
            hide(path)


def become(data, command):
    unit = settings()
    os.umask(int(unit["UMask"][-1], 8))
    see(unit, data)
    filter_calls(unit)
    filter_families(unit)
    bounding = "-all," + ",".join("+" + name for name in capabilities(unit))
    os.execv(shutil.which("setpriv"), ["setpriv", f"--bounding-set={bounding}", "--inh-caps=-all", "--no-new-privs", *command])


if __name__ == "__main__":
    become(sys.argv[1], sys.argv[2:])
