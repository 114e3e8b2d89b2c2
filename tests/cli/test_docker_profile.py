# SPDX-License-Identifier: Apache-2.0
"""dist/docker-seccomp.json is what tools/docker-seccomp makes of the table of the boxes' filter."""
import json
import subprocess

from support.server import ROOT


def test_the_profile_is_made_of_the_table():
    made = subprocess.run([ROOT / "tools/docker-seccomp"], check=True, capture_output=True, text=True).stdout
    assert (ROOT / "dist/docker-seccomp.json").read_text() == made, "tools/docker-seccomp >dist/docker-seccomp.json"


def test_the_profile_refuses_what_neither_boxes_nor_belljar_call():
    profile = json.loads((ROOT / "dist/docker-seccomp.json").read_text())
    allowed = {name for row in profile["syscalls"] if row["action"] == "SCMP_ACT_ALLOW" for name in row["names"]}
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    assert {"unshare", "mount", "clone3", "read"} <= allowed
    assert not allowed & {"bpf", "perf_event_open", "io_uring_setup", "userfaultfd", "ptrace", "kexec_load", "init_module", "add_key",
                          "open_by_handle_at", "syslog", "reboot"}
