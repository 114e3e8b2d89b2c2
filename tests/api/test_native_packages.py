# SPDX-License-Identifier: Apache-2.0
"""Packages and images over belljar's own API: what is asked for is done by the parent, as its tables let it.

proves: F10
"""
import http.client
import json
import os
import pathlib
import shutil
import signal
import threading
import time

import pytest

from support import faults
from support.cli import belljar
from support.faults import wait_for
from support.images import Image, Layer, docker_save, shell
from support.registry import Registry
from support.server import Server, cannot
from support.store import BASE, Store

PACKAGES, IMAGES = "/api/v1/admin/packages", "/api/v1/images"
TAR = {"Content-Type": "application/x-tar"}
EVENTS = {"Accept": "text/event-stream"}


@pytest.fixture
def store():
    if os.geteuid() != 0:
        cannot("layers are made as root")
    one = Store()
    one.layer(1001, {"opt/mark": "from the layer"})
    one.shell("toy", "1.2.3", (1001, BASE))
    yield one
    shutil.rmtree(one.top)


@pytest.fixture
def server(store):
    one = Server("--runtimes-dir", store.top, "--piston-repo", "", "--log-level", "info")
    yield one
    code, log = one.stop()
    assert code == 0 and "level=error" not in log, log


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """An image that has a shell, as `docker save` writes it."""
    folder = tmp_path_factory.mktemp("archive")
    return pathlib.Path(docker_save(folder / "a.tar", Image(shell(), config={"Cmd": ["/usr/bin/sh"]}), tags=["shell:1.2"])).read_bytes()


def ids(answer):
    return [one["id"] for one in answer["runtimes"]]


def events(server, method, path, body=None, headers=None):
    """[(event, data)] of an answer that is a stream."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request(method, path, json.dumps(body) if isinstance(body, dict) else body, {**EVENTS, **(headers or {"Content-Type": "application/json"})})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")
    text = answer.read().decode()
    connection.close()
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


def send_image(server, archive, query="name=box&run=sh%20{main}%20{args}", headers=TAR):
    return server.request("POST", f"{IMAGES}?{query}", archive, headers)


# --- packages ------------------------------------------------------------------------------------


def test_what_is_installed_is_listed_and_removed(store, server):
    status, answer = server.request("GET", PACKAGES)
    assert (status, ids(answer)) == (200, ["toy/1"])
    assert answer["runtimes"][0]["version"] == "1.2.3"
    assert server.execute("toy", "cat /opt/mark")[1]["run"]["output"] == "from the layer"
    status, answer = server.request("DELETE", PACKAGES, {"packages": ["toy"]})
    assert (status, [one["id"] for one in answer["removed"]]) == (200, ["toy/1"])
    assert server.execute("toy", "true")[0] == 400  # at once
    assert ids(server.request("GET", PACKAGES)[1]) == []


def test_packages_to_remove_may_stand_in_the_query(server):
    assert server.request("DELETE", PACKAGES + "?packages=toy/1")[0] == 200
    status, answer = server.request("DELETE", PACKAGES + "?packages=toy/1")
    assert status == 404 and "'toy/1' is not installed" in answer["detail"]


def test_pins_are_set_and_taken_away(server):
    for action, done, pinned in (("pin", "pinned", True), ("unpin", "unpinned", False)):
        status, answer = server.request("POST", f"{PACKAGES}/{action}", {"packages": ["toy"]})
        assert status == 200 and [one["id"] for one in answer[done]] == ["toy/1"]
        assert server.request("GET", PACKAGES)[1]["runtimes"][0]["pinned"] is pinned


def test_what_could_be_installed_is_listed(server):
    status, answer = server.request("GET", PACKAGES + "/available")
    assert status == 200 and len(answer["packages"]) > 200


def test_what_nothing_goes_by_is_not_found(server):
    status, answer = server.request("POST", PACKAGES, {"packages": ["pythn"]})
    assert (status, answer["status"], answer["title"]) == (404, 404, "Not Found")
    assert "did you mean 'python'" in answer["detail"]


@pytest.mark.parametrize("body, path", [
    ({}, "packages"), ({"packages": "toy"}, "packages"), ({"packages": ["toy", 3]}, "packages"), ({"packages": ["a\0b"]}, "packages"),
    ({"packages": ["toy"], "again": 1}, "again"), ({"packages": ["toy"], "yes": True}, "yes"), ({"packages": []}, "packages"),
])
def test_what_is_wrong_with_a_body_is_said(server, body, path):
    status, answer = server.request("POST", PACKAGES, body)
    assert (status, [one["path"] for one in answer["errors"]]) == (422, [path])


@pytest.mark.parametrize("word", ["--again", "-y", "/etc/passwd", "../x", "a/../b", "x.toml/", "a;b", "a b", "", "x" * 65, "https://x.test/y"])
def test_words_that_are_none_are_refused_by_the_parent(server, word):
    status, answer = server.request("POST", PACKAGES, {"packages": [word]})
    assert status == 422 and "is not a package" in answer["detail"]
    assert server.request("GET", PACKAGES)[0] == 200


def test_too_many_words_are_refused(server):
    assert server.request("POST", PACKAGES, {"packages": ["toy"] * 65})[0] == 422
    assert server.request("POST", PACKAGES, {"packages": ["toy"] * 200})[0] == 422
    assert server.request("POST", PACKAGES, {"packages": ["toy"], "with": ["numpy-"]})[0] == 422
    assert server.request("POST", PACKAGES, {"packages": ["=" * 9000]})[0] in (422, 507)


def test_no_more_than_a_key_with_the_admin_scope_may(store):
    data = pathlib.Path(store.top) / "data"
    data.mkdir()
    server = Server("--data", str(data), "--runtimes-dir", store.top, "--piston-repo", "")
    try:
        keys = {scope: belljar("key", "add", scope, "--scope", scope, "--data", str(data)).stdout.split()[-1] for scope in ("run", "read", "admin")}
        wait_for(lambda: server.request("GET", PACKAGES)[0] == 401, "the keys")
        for scope, key in keys.items():
            expected = 200 if scope == "admin" else 403
            for method, path in (("GET", PACKAGES), ("GET", IMAGES), ("GET", PACKAGES + "/available")):
                assert server.request(method, path, headers={"Authorization": f"Bearer {key}"})[0] == expected, (scope, path)
        assert server.request("POST", IMAGES + "?name=x", b"x" * 100000, {**TAR, "X-Api-Key": keys["run"]})[0] == 403
        server.request("DELETE", PACKAGES, {"packages": ["toy"]}, {"X-Api-Key": keys["admin"]})
        lines = [json.loads(line) for line in (data / "audit.log").read_text().splitlines()]
        told = [line for line in lines if line["event"] == "removes packages"]
        assert [(line["who"], line["client"], line["what"]) for line in told] == [("key:admin", "127.0.0.1", "toy")]
    finally:
        server.stop()


@pytest.mark.parametrize("flags, status, told", [
    ((), 200, ("removes packages", "toy/1")),
    (("--packages-api=false",), 500, ("removes a package", "toy-1.2.3")),  # the parent refuses, and has nothing to tell
])
def test_a_change_in_pistons_words_is_written_down_once(store, flags, status, told):
    data = pathlib.Path(store.top) / "data"
    data.mkdir()
    server = Server("--data", str(data), "--runtimes-dir", store.top, "--piston-repo", "", *flags)
    try:
        assert server.request("DELETE", "/api/v2/packages", {"language": "toy", "version": "1.2.3"})[0] == status
    finally:
        server.stop()
    lines = [json.loads(line) for line in (data / "audit.log").read_text().splitlines()]
    assert [(line["event"], line["what"]) for line in lines if "remove" in line["event"]] == [told]


# --- events --------------------------------------------------------------------------------------


def test_events_tell_the_end(server):
    assert events(server, "DELETE", PACKAGES, {"packages": ["toy"]})[-1][0] == "done"
    told = events(server, "DELETE", PACKAGES, {"packages": ["toy"]})
    assert [(name, data["status"]) for name, data in told] == [("error", 404)]


def test_events_tell_the_progress_of_an_image(server, archive):
    told = events(server, "POST", f"{IMAGES}?name=box&run=sh%20{{main}}", archive, TAR)
    assert {name for name, _ in told[:-1]} == {"progress"} and "unpack" in [data["phase"] for _, data in told[:-1]]
    assert told[-1][0] == "done" and [one["id"] for one in told[-1][1]["installed"]] == ["image/box"]


# --- images --------------------------------------------------------------------------------------


def test_image_that_is_sent_is_a_language(store, server, archive):
    status, answer = send_image(server, archive, "name=box&language=boxed&aliases=bx,b2&extensions=.bx&run=sh%20{main}%20{args}")
    assert (status, answer["installed"]) == (200, [{"id": "image/box", "language": "boxed", "version": "1.2.0"}])
    for name in ("boxed", "bx"):
        assert server.execute(name, "echo $1", args=["hi"])[1]["run"]["output"] == "hi\n"
    status, answer = server.request("GET", IMAGES)
    assert (status, [one["id"] for one in answer["images"]]) == (200, ["image/box"])
    assert server.request("DELETE", IMAGES + "/box")[0] == 200
    assert server.execute("boxed", "true")[0] == 400
    assert server.request("DELETE", IMAGES + "/box")[0] == 404
    assert not [name for name in os.listdir(store.top) if "upload" in name]


def test_image_in_chunks_is_a_language(server, archive):
    chunks = (archive[at:at + 65536] for at in range(0, len(archive), 65536))
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("POST", IMAGES + "?name=box&run=sh%20{main}", chunks, TAR, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize("query, said", [
    ("", "name"), ("name=../x", "name of an image"), ("name=-x", "name of an image"), ("name=Box", "name of an image"),
    ("name=box&version=x", "version"), ("name=box&language=a/b", "language"), ("name=box&extensions=rb", "extension"), ("name=box&ref=/etc", "archive"),
])
def test_choices_that_are_none_are_refused(server, query, said):
    status, answer = send_image(server, b"x" * 1000, query)
    assert status == 422 and said in json.dumps(answer)


def test_imports_that_are_refused_leave_room_for_others(store, server, archive):
    queries = ["name=../x", "name=box&version=x", "name=box&ref=/etc"]
    for query in queries * 2:  # more than may be sent at one time
        status, answer = send_image(server, b"x" * 1000, query)
        assert status == 422, answer
    assert send_image(server, archive)[0] == 200
    parent = pathlib.Path(f"/proc/{server.pid}/fd")
    assert not [fd for fd in parent.iterdir() if "upload" in os.readlink(fd)]


def test_what_is_no_image_is_refused(server):
    for body in (b"", b"x" * 5000):
        status, answer = send_image(server, body)
        assert status == 422, answer
    assert server.request("GET", IMAGES)[1] == {"images": []}


def test_bodies_of_other_kinds_are_refused(server):
    for kind in ({"Content-Type": "text/plain"}, {}):
        assert send_image(server, b"x" * 1000, headers=kind)[0] == 415
    assert send_image(server, b"x" * 1000, headers={**TAR, "Content-Encoding": "gzip"})[0] == 415
    assert server.request("POST", IMAGES, {"name": "box"})[0] == 422
    assert server.request("POST", IMAGES, {"name": "box", "reference": "docker.io/library/ruby:3.3", "path": "/etc"})[0] == 422


@pytest.mark.parametrize("reference", ["evil.test/a", "127.0.0.1:5000/a", "docker://docker.io/a", "oci:/etc", "/etc/passwd", "-x"])
def test_references_elsewhere_are_refused(server, reference):
    status, answer = server.request("POST", IMAGES, {"name": "box", "reference": reference})
    assert status == 422 and ("packages.registries" in answer["detail"] or "an image of a registry" in answer["detail"])


def test_images_come_from_a_registry_that_is_listed(store, archive, tmp_path):
    registry = Registry(tmp_path)
    try:
        (tmp_path / "a.tar").write_bytes(archive)
        reference = registry.push(tmp_path / "a.tar", "team/box:2.1")
        server = Server("--runtimes-dir", store.top, env={**registry.with_password, "BELLJAR_PACKAGES_REGISTRIES": registry.name})
        try:
            status, answer = server.request("POST", IMAGES, {"name": "box", "reference": reference, "run": "sh {main} {args}"})
            assert status == 200, answer
            assert [one["id"] for one in answer["installed"]] == ["image/box"]
            assert server.execute("box", "echo from a registry")[1]["run"]["stdout"] == "from a registry\n"
            status, answer = server.request("POST", IMAGES, {"name": "other", "reference": f"{registry.name}/team/none:1"})
            assert status >= 400 and "manifest unknown" in answer["detail"], answer
        finally:
            code, log = server.stop()
        assert code == 0 and reference in log
    finally:
        registry.stop()


def test_image_larger_than_the_limit_is_refused(store, archive):
    server = Server("--runtimes-dir", store.top, env={"BELLJAR_PACKAGES_IMAGE_MAX_BYTES": str(len(archive) - 1)})
    try:
        status, answer = send_image(server, archive)
        assert (status, answer["status"]) == (413, 413)
        assert server.request("GET", IMAGES)[1] == {"images": []}
    finally:
        server.stop()


def test_changes_over_the_api_can_be_switched_off(store):
    server = Server("--runtimes-dir", store.top, env={"BELLJAR_PACKAGES_API": "false"})
    try:
        assert send_image(server, b"x" * 1000)[0] == 403
        status, answer = server.request("DELETE", PACKAGES, {"packages": ["toy"]})
        assert status == 403 and "packages.api" in answer["detail"]
        assert ids(server.request("GET", PACKAGES)[1]) == ["toy/1"]
    finally:
        server.stop()


def test_client_that_leaves_in_the_middle_leaves_nothing(store, server):
    parent = pathlib.Path(f"/proc/{server.pid}/fd")
    before = len(os.listdir(parent))
    for _ in range(8):  # more than may be sent at one time
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.putrequest("POST", IMAGES + "?name=box")
        connection.putheader("Content-Type", "application/x-tar")
        connection.putheader("Content-Length", "1000000")
        connection.endheaders(b"x" * 1000)
        time.sleep(0.05)
        connection.close()
        wait_for(lambda: len(os.listdir(parent)) == before, "the upload to be dropped")
    assert not [name for name in os.listdir(store.top) if "upload" in name]


# --- those that come and go ----------------------------------------------------------------------


def slow_image(server, archive):
    """An import that has begun; its client does not wait."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("POST", IMAGES + "?name=box&run=sh%20{main}", archive, {**TAR, **EVENTS})
    answer = connection.getresponse()
    assert answer.status == 200
    answer.readline()
    return connection


@pytest.fixture(scope="session")
def large_archive(tmp_path_factory):
    """One whose import lasts a while."""
    folder = tmp_path_factory.mktemp("large")
    layers = [Layer().add(f"opt/{n}", os.urandom(3 << 20)) for n in range(6)]
    return pathlib.Path(docker_save(folder / "a.tar", Image(shell(), *layers, config={"Cmd": ["/usr/bin/sh"]}), tags=["shell:1.2"])).read_bytes()


def test_client_that_leaves_does_not_end_an_import(server, large_archive):
    slow_image(server, large_archive).close()
    wait_for(lambda: server.execute("box", "echo hi")[1].get("run", {}).get("output") == "hi\n", "the image")


def test_import_outlives_the_server_process(store, large_archive):
    server = faults.start("--runtimes-dir", store.top, "--piston-repo", "")
    try:
        connection = slow_image(server, large_archive)
        faults.kill(server, "server")
        connection.close()
        faults.wait_until_it_answers(server)
        wait_for(lambda: server.execute("box", "echo hi")[1].get("run", {}).get("output") == "hi\n", "the image")
    finally:
        server.stop()


def test_packages_can_be_changed_after_boxd_did_not_end_in_time(store):
    server = faults.start("--runtimes-dir", store.top, "--piston-repo", "")
    try:
        os.kill(faults.child(server, "belljar-boxd"), signal.SIGSTOP)
        faults.kill(server, "server")
        faults.wait_until_it_answers(server)  # the parent has killed boxd
        assert server.request("POST", PACKAGES + "/pin", {"packages": ["toy"]})[0] == 200
    finally:
        server.stop()


def test_import_ends_with_the_parent(store, large_archive):
    server = Server("--runtimes-dir", store.top, "--piston-repo", "")
    slow_image(server, large_archive)
    begun = time.monotonic()
    code, _ = server.stop()
    assert code == 0 and time.monotonic() - begun < 9
    assert os.listdir(f"{store.top}/runtimes") == ["toy@1"]


def test_changes_wait_for_each_other_and_a_flood_is_told_so(server):
    answers = []

    def one():
        answers.append(server.request("POST", PACKAGES + "/pin", {"packages": ["toy"]})[0])
    threads = [threading.Thread(target=one) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {200, 503} and answers.count(200) >= 17
    assert server.request("POST", PACKAGES + "/unpin", {"packages": ["toy"]})[0] == 200
