# SPDX-License-Identifier: Apache-2.0
"""belljar in a Docker container that is not privileged: which options it needs, and what holds there.

Docker before 28 gives a container no cgroup to divide, so `--require none` is asked for: memory, processes and CPU of a box are then
limited as far as rlimits go, and everything else holds.
"""
import json

import pytest

from support.debian_root import USER
from support.docker import PROC, SECCOMP, Docker
from support.server import BUILD

BELLJAR = "/build/belljar"
BOX_PROGRAMS = ["/build/src/boxd/belljar-boxd", "/build/src/init/belljar-init", "/build/src/unzip/belljar-unzip"]
LIMITS = "writable-cgroups=true"
IDS = "/etc/subuid"
AS_USER = ("--user", str(USER))
# What a container does not give must be asked for.
NO_LIMITS = ("--env", "BELLJAR_SANDBOX_REQUIRE=none")


@pytest.fixture(scope="module")
def docker():
    with Docker(BUILD / "docker") as one:
        yield one


@pytest.fixture(scope="module")
def nothing(tmp_path_factory):
    path = tmp_path_factory.mktemp("empty") / "file"
    path.touch()
    return {"/etc/subuid": path, "/etc/subgid": path}


def doctor(docker, *options, binds=()):
    result = docker.run(BELLJAR, "doctor", "--json", options=options, binds=binds)
    assert result.stdout, result.stderr
    answer = json.loads(result.stdout)
    answer["rows"] = {row["feature"]: row["state"] for row in answer["features"]}
    return answer


def named(answer):
    """The options that doctor names, by the word that tells them apart."""
    words = {"seccomp=": "seccomp", "systempaths=": "systempaths", LIMITS: "cgroups", IDS: "ids"}
    options = answer["container"]["options"]
    return {key for word, key in words.items() for option in options if word in option}


# --- which options ----------------------------------------------------------------------------------


def test_doctor_names_all_options_of_a_container_that_has_none(docker):
    answer = doctor(docker)
    assert answer["container"]["engine"] == "Docker"
    assert named(answer) == {"seccomp", "systempaths", "cgroups"}
    assert len(answer["container"]["options"]) == 3


def test_doctor_names_no_option_that_is_given(docker):
    answer = doctor(docker, *SECCOMP, *PROC)
    assert named(answer) == {"cgroups"}
    assert answer["rows"]["/proc"] == answer["rows"]["two ids in a box"] == answer["rows"]["no nested namespaces"] == "ok"


def test_without_the_seccomp_profile_no_box_can_be_made(docker):
    answer = doctor(docker, *PROC)
    assert named(answer) == {"seccomp", "cgroups"}
    assert answer["rows"]["privileges"] == "missing" and not answer["ok"]


def test_without_an_unmasked_proc_boxes_have_none(docker):
    answer = doctor(docker, *SECCOMP)
    assert named(answer) == {"systempaths", "cgroups"}
    assert answer["rows"]["/proc"] == "weaker"
    # What a box' own /proc would be masked with (two empty files of belljar's) may lie there.
    script = "echo 'ls /proc/self/ /proc/mounts /proc/[0-9]*' >/tmp/x.sh; BELLJAR_SANDBOX_REQUIRE=none /build/belljar run /tmp/x.sh"
    assert docker.run("sh", "-c", script, options=SECCOMP).stdout == ""
    assert "status" in docker.run("sh", "-c", script, options=(*SECCOMP, *PROC)).stdout


def test_without_a_range_of_ids_boxes_share_one(docker, nothing):
    answer = doctor(docker, *SECCOMP, *PROC, binds=nothing)
    assert named(answer) == {"cgroups", "ids"}
    assert answer["rows"]["two ids in a box"] == answer["rows"]["own ids for each box"] == "weaker"


@pytest.mark.parametrize("more", [(), AS_USER, ("--security-opt", "no-new-privileges")], ids=["root", "user", "no-new-privileges"])
def test_ids_come_from_the_image(docker, more):
    assert doctor(docker, *SECCOMP, *PROC, *more)["rows"]["own ids for each box"] == "ok"


def test_no_capability_is_needed_where_boxes_share_one_id(docker, nothing):
    answer = doctor(docker, *SECCOMP, *PROC, "--cap-drop", "ALL", *AS_USER, binds=nothing)
    assert answer["rows"]["privileges"] == answer["rows"]["/proc"] == "ok"


# --- the rung ----------------------------------------------------------------------------------------


def test_what_a_container_does_not_give_must_be_asked_for(docker):
    options = (*SECCOMP, *PROC)
    serve = [BELLJAR, "serve", "--listen", "127.0.0.1:0"]
    refused = docker.run(*serve, options=options)
    assert refused.returncode == 1
    assert "sandbox.require = limits" in refused.stderr and "memory limit" in refused.stderr
    asked = docker.run("timeout", "--preserve-status", "5", *serve, "--require", "none", options=options)
    assert asked.returncode == 0 and "ready on http://127.0.0.1:" in asked.stdout, asked


# --- what holds there --------------------------------------------------------------------------------

USERS = pytest.mark.parametrize("options, ids", [((), True), (AS_USER, True), (AS_USER, False)], ids=["root", "user", "user with one id"])


@USERS
@pytest.mark.parametrize("name", ["test_jobs", "test_sessions"])
def test_boxes_work(docker, nothing, name, options, ids):
    result = docker.run(f"/build/tests/box/{name}", *BOX_PROGRAMS, options=(*SECCOMP, *PROC, *options), binds={} if ids else nothing)
    assert result.returncode == 0 and "PASSED" in result.stdout + result.stderr, result


@USERS
def test_what_is_promised_holds(docker, nothing, options, ids):
    result = docker.run(BELLJAR, "prove", "--json", options=(*SECCOMP, *PROC, *NO_LIMITS, *options), binds={} if ids else nothing,
                        timeout=1200)
    assert result.stdout, result.stderr
    rows = json.loads(result.stdout)["rows"]
    held = [row["name"] for row in rows if row["result"] == "held"]
    print(len(held), "held;", [(row["name"], row["result"], row["detail"]) for row in rows if row["result"] != "held"])
    assert result.returncode == 0 and len(held) > 100
