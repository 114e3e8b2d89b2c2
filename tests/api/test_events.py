# SPDX-License-Identifier: Apache-2.0
"""Watching an execution: Server-Sent Events that go on from every event, and a WebSocket that only tells."""
import json
import pathlib
import time

import pytest

from support.event_stream import EventStream, loads
from support.server import Server, at_rest, settle
from support.websocket import TEXT, Closed, Refused, WebSocket

BUSY = 'for i in 1 2 3; do echo "line $i"; echo "err $i" >&2; sleep 0.15; done; printf "\\xe2"; sleep 0.1; printf "\\x82\\xac"; exit 4'
C_WARNS = '#include <stdio.h>\nint main(void) { int x; printf("%c", 0x41); return 0; }\n'
TESTS = [{"name": "one", "stdin": "1\n", "expected_output": "1"}, {"stdin": "2\n", "expected_output": "3"}, {"stdin": "", "expected_output": ""}]


@pytest.fixture
def nothing_left(server):
    before = at_rest(server)
    yield
    assert settle(server, before) == {}


def submit(server, source, language="bash", wait=False, **more):
    status, answer = server.request("POST", "/api/v1/executions", {"language": language, "source": source, "wait": wait, **more})
    assert status == (200 if wait else 202), answer
    return answer["id"]


def finished(server, id):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        status, answer = server.request("GET", f"/api/v1/executions/{id}")
        if answer["status"] in ("finished", "cancelled"):
            return answer
        time.sleep(0.05)
    raise AssertionError(answer)


def watch(server, id, last=None):
    with EventStream(server, f"/api/v1/executions/{id}/events", {} if last is None else {"Last-Event-ID": last}) as stream:
        if stream.status == 204:
            return []
        assert stream.status == 200 and stream.headers["content-type"].startswith("text/event-stream")
        return list(stream.events())


def texts(events, name, stage="run", test=None):
    """What the events say of a stream, put together."""
    return "".join(one.json()["data"] for one in events if one.name == name and one.json()["stage"] == stage and one.json().get("test") == test)


def names(events):
    """Of the events without repetitions of one kind."""
    found = []
    for one in events:
        if one.name not in ("stdout", "stderr"):
            found.append(one.name)
    return found


def test_events_of_one_that_runs(server, nothing_left):
    id = submit(server, BUSY)
    events = watch(server, id)
    assert names(events) == ["stage", "finished"] and events[0].json() == {"stage": "run"}
    assert texts(events, "stdout") == "line 1\nline 2\nline 3\n\u20ac"
    assert texts(events, "stderr") == "err 1\nerr 2\nerr 3\n"
    assert len([one for one in events if one.name == "stdout"]) >= 3  # as they came
    assert events[-1].json() == finished(server, id)
    assert events[-1].json()["run"]["exit_code"] == 4


def test_events_of_one_that_is_over(server, nothing_left):
    id = submit(server, BUSY, wait=True)
    events = watch(server, id)
    assert names(events) == ["stage", "finished"]
    assert texts(events, "stdout") == "line 1\nline 2\nline 3\n\u20ac"
    assert texts(events, "stderr") == "err 1\nerr 2\nerr 3\n"


def test_compilation_is_a_stage_of_its_own(server, nothing_left):
    for wait in (False, True):
        id = submit(server, C_WARNS, "c", wait=wait, compile={"args": ["-Wall"]})
        events = watch(server, id)
        assert names(events) == ["stage", "stage", "finished"]
        assert [one.json()["stage"] for one in events if one.name == "stage"] == ["compile", "run"]
        assert "unused" in texts(events, "stderr", "compile") and texts(events, "stdout") == "A"


def test_what_was_printed_before_is_told_at_once(server, nothing_left):
    id = submit(server, "echo there; sleep 5", limits={"wall_ms": 8000})
    time.sleep(0.5)
    start = time.monotonic()
    with EventStream(server, f"/api/v1/executions/{id}/events") as stream:
        assert [stream.next().name, stream.next().name] == ["stage", "stdout"]
    with WebSocket(server, f"/api/v1/executions/{id}/stream") as socket:
        assert [socket.receive_json()["type"] for _ in range(3)] == ["started", "stage", "output"]
    assert time.monotonic() - start < 3
    assert server.request("DELETE", f"/api/v1/executions/{id}")[0] < 300


def test_failed_compilation(server, nothing_left):
    for wait in (False, True):
        events = watch(server, submit(server, "int main(void) { return x; }", "c", wait=wait))
        assert names(events) == ["stage", "finished"] and "error" in texts(events, "stderr", "compile")
        assert events[-1].json()["verdict"] == "compile_error"


@pytest.mark.parametrize("wait", [False, True])
def test_tests_are_told_one_by_one(server, nothing_left, wait):
    id = submit(server, "read x; echo $x; sleep 0.1", tests=TESTS, wait=wait)
    events = watch(server, id)
    assert names(events) == ["stage", "test"] * 3 + ["finished"]
    tests = [one.json() for one in events if one.name == "test"]
    assert [one["test"] for one in tests] == [0, 1, 2] and [one["name"] for one in tests] == ["one", "2", "3"]
    assert [one["verdict"] for one in tests] == ["ok", "wrong_answer", "ok"]
    assert all("stdout" not in one for one in tests)
    assert texts(events, "stdout", test=0) == "1\n" and texts(events, "stdout", test=1) == "2\n"


def test_bytes_that_are_no_text(server, nothing_left):
    for wait in (False, True):
        events = watch(server, submit(server, "printf 'a\\xffb'; printf '\\xe2' >&2", wait=wait))
        assert texts(events, "stdout") == "a\ufffdb" and texts(events, "stderr") == "\ufffd"


def resume_at_each(watch_from, events):
    for i, event in enumerate(events):
        rest = watch_from(event.id)
        for stage, test in {(one.json().get("stage"), one.json().get("test")) for one in events if one.name in ("stdout", "stderr")}:
            for stream in ("stdout", "stderr"):
                assert texts(events[:i + 1], stream, stage, test) + texts(rest, stream, stage, test) == texts(events, stream, stage, test)
        assert names(events[:i + 1]) + names(rest) == names(events), (event, rest)
        assert i == len(events) - 1 or rest[-1].data == events[-1].data


@pytest.mark.parametrize("kind", ["plain", "compiled", "tests", "bytes"])
def test_going_on_from_every_event(server, nothing_left, kind):
    id = {
        "plain": lambda: submit(server, BUSY),
        "compiled": lambda: submit(server, C_WARNS, "c", compile={"args": ["-Wall"]}),
        "tests": lambda: submit(server, "read x; echo $x; echo err >&2", tests=TESTS),
        "bytes": lambda: submit(server, "for i in 1 2 3; do printf '\\xff\\xe2'; sleep 0.1; done"),
    }[kind]()
    events = watch(server, id)
    resume_at_each(lambda last: watch(server, id, last), events)


def test_going_on_while_it_runs(server, nothing_left):
    id = submit(server, "for i in 1 2 3 4 5 6; do echo $i; sleep 0.1; done")
    got, last = [], ""
    for _ in range(100):
        with EventStream(server, f"/api/v1/executions/{id}/events", {"Last-Event-ID": last}) as stream:
            event = stream.next() if stream.status == 200 else None
        if event is None:
            break
        got.append(event)
        last = event.id
    assert texts(got, "stdout") == "1\n2\n3\n4\n5\n6\n" and got[-1].name == "finished"


def test_going_on_after_a_restart(tmp_path):
    data = str(tmp_path / "data")
    one = Server("--data", data)
    try:
        id = submit(one, BUSY, wait=True)
        events = watch(one, id)
    finally:
        one.stop()
    other = Server("--data", data)
    try:
        resume_at_each(lambda last: watch(other, id, last), events)
    finally:
        other.stop()


def test_the_end_is_the_end(server, nothing_left):
    id = submit(server, "true", wait=True)
    with EventStream(server, f"/api/v1/executions/{id}/events", {"Last-Event-ID": "end"}) as stream:
        assert stream.status == 204  # a browser asks no more then


@pytest.mark.parametrize("last", ["x", "1:2", "1:2:3:4", "-1:0:0", "1:end:x"])
def test_event_id_that_is_none(server, last):
    id = submit(server, "true", wait=True)
    with EventStream(server, f"/api/v1/executions/{id}/events", {"Last-Event-ID": last}) as stream:
        assert stream.status == 400 and "Last-Event-ID" in stream.body()["detail"]


@pytest.mark.parametrize("id", ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "x", "x" * 200])
def test_unknown_execution(server, id):
    with EventStream(server, f"/api/v1/executions/{id}/events") as stream:
        assert stream.status == 404
    with pytest.raises(Refused) as refused:
        WebSocket(server, f"/api/v1/executions/{id}/stream")
    assert refused.value.answer.status == 404


def test_execution_that_is_cancelled(server, nothing_left):
    id = submit(server, "echo there; sleep 60")
    with EventStream(server, f"/api/v1/executions/{id}/events") as stream:
        while stream.next().name != "stdout":
            pass
        assert server.request("DELETE", f"/api/v1/executions/{id}")[0] in (200, 202, 204)
        rest = list(stream.events())
    assert rest[-1].name == "finished" and rest[-1].json()["status"] == "cancelled"


def test_execution_that_waits_says_nothing_yet(start):
    server = start("--paused")
    before = at_rest(server)
    id = submit(server, "true")
    with EventStream(server, f"/api/v1/executions/{id}/events") as stream:
        assert stream.status == 200
        stream.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            stream.next()
    assert settle(server, before) == {}


def test_watchers_that_leave_change_nothing(server, nothing_left):
    id = submit(server, "for i in 1 2 3 4 5; do echo $i; sleep 0.1; done")
    for _ in range(5):
        with EventStream(server, f"/api/v1/executions/{id}/events") as stream:
            stream.next()
    assert finished(server, id)["run"]["stdout"] == "1\n2\n3\n4\n5\n"


def test_slow_watcher_does_not_slow_the_program(server, nothing_left):
    id = submit(server, "head -c 900000 /dev/zero | tr '\\0' x")
    with EventStream(server, f"/api/v1/executions/{id}/events", receive_buffer=4096) as stream:
        answer = finished(server, id)
        assert answer["verdict"] == "ok" and answer["run"]["wall_ms"] < 2000
        events = list(stream.events())
    assert len(texts(events, "stdout")) == 900000 and events[-1].json() == answer


# The WebSocket


def heard(socket):
    found = []
    try:
        while True:
            found.append(loads(socket.receive()[1]))
    except Closed as closed:
        return found, closed.code


def test_socket_tells_the_messages_of_a_stream(server, nothing_left):
    for wait in (False, True):
        id = submit(server, BUSY, wait=wait)
        with WebSocket(server, f"/api/v1/executions/{id}/stream") as socket:
            messages, code = heard(socket)
        kinds = [one["type"] for one in messages if one["type"] != "output"]
        assert kinds == ["started", "stage", "stage_finished", "finished"] and code == 1000
        assert messages[0]["id"] == id and messages[1] == {"type": "stage", "stage": "run"}
        assert "".join(one["data"] for one in messages if one["type"] == "output" and one["stream"] == "stdout") == "line 1\nline 2\nline 3\n\u20ac"
        done = [one for one in messages if one["type"] == "stage_finished"][0]
        assert done["exit_code"] == 4 and done["stage"] == "run" and "stdout" not in done
        answer = finished(server, id)
        assert messages[-1] == {"type": "finished", **answer}


def test_socket_takes_nothing(server, nothing_left):
    id = submit(server, "sleep 1; echo over")
    for text in ("{}", "x", ""):
        with WebSocket(server, f"/api/v1/executions/{id}/stream") as socket:
            socket.receive_json()
            socket.send_text(text)
            messages, code = heard(socket)
            assert messages[-1]["type"] == "error" and "for reading" in messages[-1]["message"] and code == 4400
    assert finished(server, id)["run"]["stdout"] == "over\n"


def test_socket_without_an_upgrade(server):
    id = submit(server, "true", wait=True)
    assert server.request("GET", f"/api/v1/executions/{id}/stream")[0] == 426


def test_server_that_stops_tells_watchers(start):
    server = start("--server-grace-ms", "300")
    id = submit(server, "echo there; sleep 60")
    with EventStream(server, f"/api/v1/executions/{id}/events") as stream, \
            WebSocket(server, f"/api/v1/executions/{id}/stream") as socket:
        while stream.next().name != "stdout":
            pass
        server.process.terminate()
        assert all(one.name != "finished" for one in stream.events())
        messages, code = heard(socket)
        assert messages[-1]["type"] == "error" and code == 1001
    assert server.stop()[0] == 0


def test_executions_of_another_dialect_are_not_there(server):
    status, answer = server.request("POST", "/submissions?wait=true", {"language_id": 46, "source_code": "echo hi"})
    assert status == 201
    with EventStream(server, f"/api/v1/executions/{answer['token']}/events") as stream:
        assert stream.status == 404
