# SPDX-License-Identifier: Apache-2.0
"""belljar's own API: what can be run, and how much there is to do."""
from support.native import create, errors, run, running, submit, delete
from support.raw import ask


def test_languages_tell_what_a_client_needs(native):
    languages = ask(native, "GET", "/api/v1/languages").json()["languages"]
    names = [one["name"] for one in languages]
    assert names == sorted(names) and len(names) == len(set(names)) and {"python", "bash", "c"} <= set(names)
    for one in languages:
        assert list(one) == ["name", "aliases", "versions", "compiled", "file", "example", "limits"]
        assert one["versions"][0]["version"] and one["versions"][0]["runtime"] == "host"
        assert one["limits"]["run"]["wall_ms"] > 0 and (one["limits"]["compile"] is None) == (not one["compiled"])


def test_a_language_has_names(native):
    one = ask(native, "GET", "/api/v1/languages/python").json()
    assert one["name"] == "python" and "py" in one["aliases"]
    assert ask(native, "GET", "/api/v1/languages/py").json() == one
    errors(ask(native, "GET", "/api/v1/languages/pythn"), 404)


def test_examples_run(native):
    for name in ("python", "bash", "c"):
        one = ask(native, "GET", f"/api/v1/languages/{name}").json()
        assert run(native, one["example"], name)["run"]["stdout"] == "Hello, World!\n"


def test_limits_are_those_that_hold(start):
    server = start("--native-wall-ms", "700", "--native-max-wall-ms", "800")
    limits = ask(server, "GET", "/api/v1/languages/bash").json()["limits"]["run"]
    assert limits["wall_ms"] == 700
    assert run(server, "sleep 5", "bash")["reason"].startswith("stopped after 700 ms")
    assert create(server, {"language": "bash", "source": "", "limits": {"wall_ms": 801}}).status == 422


def test_stats_count(start):
    server = start("--paused")
    submit(server)
    stats = ask(server, "GET", "/api/v1/stats").json()
    assert (stats["queue_size"], stats["running"], stats["paused"]) == (1, 0, True)
    assert {"slots", "sessions", "finished", "percentiles"} <= set(stats)


def test_boxes_are_those_in_use(native):
    one = submit(native, "import time\nx = bytearray(20 << 20)\ntime.sleep(30)", limits={"wall_ms": 40000})
    running(native, one)
    boxes = [box for box in ask(native, "GET", "/api/v1/admin/boxes").json()["boxes"] if box["dialect"] == "native"]
    delete(native, one)
    assert [(box["language"], box["session"], box["caller"]) for box in boxes] == [("python", False, "127.0.0.1")]
    assert boxes[0]["started_at"].endswith("Z")
