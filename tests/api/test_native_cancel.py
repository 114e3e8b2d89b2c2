# SPDX-License-Identifier: Apache-2.0
"""belljar's own API: executions cancelled and deleted."""
import concurrent.futures

from support.native import NO_ID, create, delete, errors, finished, run, running, show, submit
from support.raw import ask, wait_until
from support.server import at_rest, settle

ENDLESS = "print('begun', flush=True)\nimport time\ntime.sleep(100)"


def test_one_that_waits_is_cancelled_at_once(start):
    server = start("--paused")
    one = submit(server, label="w")
    answer = delete(server, one)
    assert answer.status == 200
    x = answer.json()
    assert (x["status"], x["verdict"], x["run"], x["compile"], x["label"]) == ("cancelled", "cancelled", None, None, "w")
    assert x["language"] == "python" and x["finished_at"] and x["reason"]
    assert show(server, one).json() == x
    assert ask(server, "GET", "/api/v1/stats").json()["queue_size"] == 0


def test_one_that_runs_is_cancelled_with_what_it_had_printed(native):
    one = submit(native, ENDLESS, limits={"wall_ms": 60000})
    running(native, one)
    assert wait_until(lambda: [box["id"] for box in ask(native, "GET", "/api/v1/admin/boxes").json()["boxes"]] == [one])
    import time
    time.sleep(0.5)
    x = delete(native, one).json()
    assert (x["status"], x["verdict"]) == ("cancelled", "cancelled")
    assert x["run"]["stdout"] == "begun\n"


def test_who_waits_for_it_is_told(native):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiter = pool.submit(create, native, {"language": "python", "source": ENDLESS, "label": "told", "wait": True})
        one = None

        def begun():
            nonlocal one
            all_of_them = ask(native, "GET", "/api/v1/executions?label=told&status=running").json()["executions"]
            one = all_of_them[0]["id"] if all_of_them else None
            return one
        assert wait_until(begun)
        delete(native, one)
        answer = waiter.result(20)
    assert (answer.status, answer.json()["verdict"]) == (200, "cancelled")


def test_one_that_is_over_is_deleted(native):
    one = run(native, "print(1)")["id"]
    answer = delete(native, one)
    assert (answer.status, answer.body) == (204, b"")
    errors(show(native, one), 404)
    errors(delete(native, one), 404)


def test_one_that_was_cancelled_is_deleted(start):
    server = start("--paused")
    one = submit(server)
    assert [delete(server, one).status for _ in range(3)] == [200, 204, 404]


def test_what_is_not_there_cannot_be_deleted(native):
    errors(delete(native, NO_ID), 404)


def test_nothing_is_left_of_what_was_cancelled(start):
    server = start()
    run(server, "print(1)")
    before = at_rest(server)
    ids = [submit(server, ENDLESS) for _ in range(8)]
    running(server, ids[0])
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert {answer.status for answer in pool.map(lambda one: delete(server, one), ids)} == {200}
    assert {finished(server, one)["status"] for one in ids} == {"cancelled"}
    assert settle(server, before) == {}
