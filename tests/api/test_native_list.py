# SPDX-License-Identifier: Apache-2.0
"""belljar's own API: executions listed."""
import pytest

from support.native import EXECUTIONS, delete, errors, finished, run, submit
from support.raw import ask


def listed(server, query=""):
    answer = ask(server, "GET", f"{EXECUTIONS}?{query}")
    assert answer.status == 200, answer
    return answer.json()


@pytest.fixture(scope="module")
def seven(native):
    return [run(native, f"exit({i % 2})", label=f"parity {i % 2}")["id"] for i in range(7)]


def test_the_newest_comes_first(native, seven):
    found = [x["id"] for x in listed(native)["executions"]]
    assert found[:7] == seven[::-1]


def test_entries_are_short(native, seven):
    x = listed(native, "limit=1")["executions"][0]
    assert set(x) == {"id", "status", "verdict", "reason", "language", "version", "runtime", "queued_at", "started_at",
                      "finished_at", "label"}
    assert (x["id"], x["verdict"], x["status"]) == (seven[-1], "ok", "finished")


def test_a_cursor_goes_on(native, seven):
    found, query = [], "label=parity%200&limit=2"
    pages = 0
    while True:
        page = listed(native, query)
        found += [x["id"] for x in page["executions"]]
        pages += 1
        if page["next_cursor"] is None:
            break
        submit(native, label="parity 0")  # what comes later is not in later pages
        query = f"label=parity%200&limit=2&cursor={page['next_cursor']}"
    assert found == seven[::2][::-1] and pages == 2


def test_a_label_is_found(native, seven):
    assert [x["id"] for x in listed(native, "label=parity%201")["executions"]] == seven[1::2][::-1]
    assert listed(native, "label=none%20such") == {"executions": [], "next_cursor": None}


def test_a_status_is_found(start):
    server = start("--slots", "1")
    blocker = submit(server, "input()\nimport time\ntime.sleep(50)", stdin="\n")
    from support.native import running
    running(server, blocker)
    waiting = submit(server)
    cancelled = submit(server)
    delete(server, cancelled)
    for status, ids in (("queued", [waiting]), ("running", [blocker]), ("cancelled", [cancelled]), ("finished", []),
                        ("queued,running", [waiting, blocker])):
        assert [x["id"] for x in listed(server, f"status={status}")["executions"]] == ids
    delete(server, blocker)
    finished(server, waiting)
    assert [x["id"] for x in listed(server, "status=finished")["executions"]] == [waiting]


@pytest.mark.parametrize("query, path", [("status=done", "status"), ("limit=0", "limit"), ("limit=1001", "limit"),
                                         ("limit=x", "limit"), ("cursor=5", "cursor"), ("cursor=c", "cursor"),
                                         ("labels=x", "labels"), ("label=x&offset=2", "offset"), ("ids=a&limit=3", "limit")])
def test_bad_filters_are_named(native, query, path):
    assert list(errors(ask(native, "GET", f"{EXECUTIONS}?{query}"))) == [path]
