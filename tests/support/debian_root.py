# SPDX-License-Identifier: Apache-2.0
"""A small Debian tree for tests: the root of a virtual machine, or of a container.

mmdebstrap only unpacks packages: nothing is mounted and no package's script runs.  What the scripts would have written is written here.
"""
import os
import struct
import subprocess

SUITE = os.environ.get("SUITE", "bookworm")
USER = 1000
PACKAGES = """
    base-files dash bash coreutils findutils diffutils grep sed tar gzip hostname libc-bin util-linux mount procps iproute2 uidmap
    python3 python3-pytest perl-base gcc libc6-dev
    libmicrohttpd12 libjansson4 libseccomp2 libcurl4 zlib1g libssl3 libsqlite3-0 libarchive13 libwslay1 libpcre2-8-0 libcmocka0 libslirp0
    busybox-static
""".split()
# A root without package scripts has no merged /usr of its own accord.
MERGE_USR = 'for d in bin sbin lib lib64; do mkdir -p "$1/usr/$d"; ln -s "usr/$d" "$1/$d"; done'
PASSWD = f"""root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/:/usr/sbin/nologin
tester:x:{USER}:{USER}:tester:/tmp:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
"""
GRANTS = "root:300000:65536\ntester:100000:65536\n"
FILES = {
    "etc/passwd": PASSWD,
    "etc/group": f"root:x:0:\ndaemon:x:1:\ntty:x:5:\ntester:x:{USER}:\nnogroup:x:65534:\n",
    "etc/subuid": GRANTS,
    "etc/subgid": GRANTS,
    "etc/hosts": "127.0.0.1 localhost belljar-vm\n::1 localhost\n",
    "etc/hostname": "belljar-vm\n",
}
LINKS = {"usr/bin/sh": "dash", "usr/bin/cc": "gcc", "usr/bin/awk": "busybox"}
# CAP_SETUID and CAP_SETGID as file capabilities (revision 2, effective): in a container a setuid newuidmap may not write the map of an
# ordinary user, because its root lacks CAP_SYS_ADMIN; with these it stays that user, to whom the namespace belongs.
FILE_CAPABILITIES = {"usr/bin/newuidmap": 7, "usr/bin/newgidmap": 6}
# All of what a tree depends on: for the name of a cached one.
FACTS = [SUITE, *PACKAGES, MERGE_USR, *FILES.values(), *LINKS, str(FILE_CAPABILITIES)]


def tool(command, log):
    """Runs it with its output in `log`; RuntimeError when it fails."""
    with open(log, "ab") as out:
        if subprocess.run(command, stdout=out, stderr=out).returncode != 0:
            raise RuntimeError(f"{command[0]} failed: see {log}")


def make_root(folder, arch, log, *more):
    """The tree, in a folder that does not exist yet, with more packages."""
    packages = ",".join([*PACKAGES, *more])
    tool(["mmdebstrap", "--variant=extract", f"--architectures={arch}", f"--setup-hook={MERGE_USR}", f"--include={packages}", SUITE,
          str(folder), *filter(None, [os.environ.get("MIRROR")])], log)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    for name, target in LINKS.items():
        if not (folder / name).exists():
            (folder / name).symlink_to(target)
    for name, capability in FILE_CAPABILITIES.items():
        (folder / name).chmod(0o755)
        os.setxattr(folder / name, "security.capability", struct.pack("<5I", 0x02000001, 1 << capability, 0, 0, 0))
    for name in ("belljar", "tmp", "run", "proc", "sys", "dev"):
        (folder / name).mkdir(exist_ok=True)
