# SPDX-License-Identifier: Apache-2.0
"""belljar's own API: executions read."""
from support.native import EXECUTIONS, NO_ID, create, delete, encode, errors, finished, run, show, submit
from support.raw import ask


def test_one_is_read_as_it_was_answered(native):
    x = run(native, "print('ä')", label="ä\"")
    assert show(native, x["id"]).json() == x


def test_what_is_over_has_a_tag_and_is_not_sent_twice(native):
    x = run(native, "print(1)")
    first = show(native, x["id"])
    assert "Retry-After" not in first.headers and first.headers["Cache-Control"] == "private, no-cache"
    again = show(native, x["id"], headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


def test_what_is_not_over_says_when_to_ask_again(native):
    one = submit(native, "import time\ntime.sleep(10)")
    answer = show(native, one)
    assert answer.headers["Retry-After"] == "1" and answer.json()["verdict"] is None
    delete(native, one)


def test_what_is_not_there_is_a_problem(native):
    for one in (NO_ID, "x", "x" * 100, "%00", "..", "ä"):
        errors(ask(native, "GET", f"{EXECUTIONS}/{one.replace('ä', '%C3%A4')}"), 404)


def test_other_dialects_executions_are_not_seen(native):
    token = ask(native, "POST", "/submissions?wait=true", {"source_code": "print(1)", "language_id": 71}).json()["token"]
    errors(show(native, token), 404)
    assert ask(native, "GET", f"/submissions/{run(native, 'print(1)')['id']}").status == 404


def test_several_are_read_in_order(native):
    ids = [run(native, f"print({i})")["id"] for i in range(3)]
    asked = [ids[2], NO_ID, ids[0], "x" * 60, ids[2]]
    shown = ask(native, "GET", f"{EXECUTIONS}?ids={','.join(asked)}").json()["executions"]
    assert [x and x["run"]["stdout"] for x in shown] == ["2\n", None, "0\n", None, "2\n"]


def test_not_too_many_are_read(native):
    errors(ask(native, "GET", f"{EXECUTIONS}?ids={','.join([NO_ID] * 101)}"))
    errors(ask(native, "GET", f"{EXECUTIONS}?ids="))


def test_they_stay_when_the_server_stops(start, tmp_path):
    first = start("--data", str(tmp_path))
    x = run(first, "import sys\nsys.stdout.buffer.write(b'\\xff')", label="kept")
    waiting = submit(start("--data", str(tmp_path / "other"), "--paused"))
    assert waiting
    first.stop()
    second = start("--data", str(tmp_path))
    assert show(second, x["id"]).json() == x
    assert x["run"]["stdout"] == encode(b"\xff")


def test_what_waits_is_run_by_the_next_server(start, tmp_path):
    first = start("--data", str(tmp_path), "--paused")
    one = create(first, {"language": "python", "files": [{"path": "a.py", "content": "print(input())"}], "stdin": "x",
                         "limits": {"processes": 7}, "label": "later"}).json()["id"]
    first.stop()
    x = finished(start("--data", str(tmp_path)), one)
    assert (x["run"]["stdout"], x["label"], x["verdict"]) == ("x\n", "later", "ok")


def test_a_ttl_ends_it(start):
    server = start()
    one = submit(server, ttl_s=1)
    kept = submit(server)
    finished(server, kept)
    from support.raw import wait_until
    assert wait_until(lambda: show(server, one).status == 404, 90)
    assert show(server, kept).status == 200
