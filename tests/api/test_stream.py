# SPDX-License-Identifier: Apache-2.0
"""WS /api/v1/stream: every message, each error, each state.

proves: F6
"""
import json
import re
import time

import pytest

from support.event_stream import loads
from support.raw import ask
from support.server import Server, at_rest, cgroup_leaves, settle
from support.websocket import BINARY, TEXT, Closed, Refused, WebSocket, frame

PATH = "/api/v1/stream"
ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


@pytest.fixture
def nothing_left(server):
    before = at_rest(server)
    yield
    assert settle(server, before) == {}


def start(source, language="bash", **more):
    return {"type": "start", "language": language, "source": source, **more}


def stdin(data):
    return {"type": "stdin", "data": data}


def heard(socket):
    """(messages until the close, its code); what is binary stays as it is."""
    found = []
    try:
        while True:
            kind, data = socket.receive()
            found.append(loads(data) if kind == TEXT else data)
    except Closed as closed:
        return found, closed.code


def run(server, *messages, early=False):
    frames = b"".join(frame(TEXT, json.dumps(one)) if not isinstance(one, bytes) else frame(BINARY, one) for one in messages)
    with WebSocket(server, PATH, early=frames if early else b"") as socket:
        if not early:
            socket.send_bytes(frames)
        return heard(socket)


def joined(messages, stream="stdout"):
    return "".join(one["data"] for one in messages if one["type"] == "output" and one["stream"] == stream)


def types(messages):
    return [one["type"] for one in messages if one["type"] != "output"]


def wait_for_output(socket, text):
    got = ""
    while text not in got:
        message = socket.receive_json()
        got += message["data"] if message["type"] == "output" else ""
    return got


# The way it goes


def test_messages_come_in_order(server, nothing_left):
    messages, code = run(server, start("echo out; echo err >&2; exit 3"))
    assert types(messages) == ["started", "stage", "stage_finished", "finished"]
    started, stage, done, finished = [one for one in messages if one["type"] != "output"]
    assert ULID.fullmatch(started["id"]) and started["language"] == "bash" and started["version"]
    assert stage == {"type": "stage", "stage": "run"}
    assert (joined(messages), joined(messages, "stderr")) == ("out\n", "err\n")
    assert done["stage"] == "run" and done["exit_code"] == 3 and done["signal"] is None and done["wall_ms"] > 0
    assert "stdout" not in done and "output" not in done
    assert finished["id"] == started["id"] and finished["status"] == "finished" and finished["verdict"] == "nonzero_exit"
    assert finished["run"]["exit_code"] == 3 and finished["compile"] is None and finished["language"] == "bash"
    assert finished["queued_at"] <= finished["started_at"] <= finished["finished_at"]
    assert code == 1000


def test_compiled_language_has_two_stages(server, nothing_left):
    messages, code = run(server, start('#include <stdio.h>\nint main(void) { return puts("hi") < 0; }\n', "c"))
    assert types(messages) == ["started", "stage", "stage_finished", "stage", "stage_finished", "finished"]
    assert [one["stage"] for one in messages if one["type"] == "stage"] == ["compile", "run"]
    assert joined(messages) == "hi\n" and messages[-1]["verdict"] == "ok" and code == 1000


def test_failed_compilation_is_the_end(server, nothing_left):
    messages, code = run(server, start("int main(void) { return x; }\n", "c"))
    assert types(messages) == ["started", "stage", "stage_finished", "finished"]
    assert "error" in joined(messages, "stderr")
    assert messages[-1]["verdict"] == "compile_error" and messages[-1]["run"] is None and code == 1000


def test_several_files_args_and_environment(server, nothing_left):
    files = [{"path": "main.sh", "content": "cat lib/a; echo $1 $WORD"}, {"path": "lib/a", "content": "Zm9v", "encoding": "base64"}]
    messages, _ = run(server, {"type": "start", "language": "bash", "files": files, "args": ["one"], "env": {"WORD": "two"}})
    assert joined(messages) == "fooone two\n"


def test_limits_hold(server, nothing_left):
    messages, code = run(server, start("echo first; sleep 60", limits={"wall_ms": 300}))
    assert messages[-1]["verdict"] == "wall_time_limit" and joined(messages) == "first\n" and code == 1000


def test_output_has_a_limit_only_when_one_is_asked_for(server, nothing_left):
    source = "head -c 3000000 /dev/zero | tr '\\0' x"
    messages, _ = run(server, start(source))
    assert len(joined(messages)) == 3000000 and messages[-1]["verdict"] == "ok"
    messages, _ = run(server, start(source, limits={"output_bytes": 1000}))
    assert len(joined(messages)) == 1000 and messages[-1]["verdict"] == "output_limit"


def test_characters_are_whole_whatever_is_read_at_a_time(server, nothing_left):
    source = r"printf '\xe2'; sleep 0.1; printf '\x82\xac\xff'; printf '\xc3' >&2; sleep 0.1; printf '\xe2'"
    messages, _ = run(server, start(source))
    assert joined(messages) == "\u20ac\ufffd\ufffd" and joined(messages, "stderr") == "\ufffd"
    assert all(one["data"] for one in messages if one["type"] == "output")


def test_all_bytes_survive_as_text(server, nothing_left):
    messages, _ = run(server, start("printf '\\0\\1\\33[1m\"\\\\\\177\\t\\n'"))
    assert joined(messages) == "\0\1\33[1m\"\\\177\t\n"


def test_binary_output_and_stdin(server, nothing_left):
    messages, code = run(server, start("cat; printf '\\xff' >&2", binary=True), b"\x00\xff\xfe", stdin("text\n"), {"type": "eof"})
    frames = [one for one in messages if isinstance(one, bytes)]
    assert b"".join(one[1:] for one in frames if one[0] == 1) == b"\x00\xff\xfetext\n"
    assert b"".join(one[1:] for one in frames if one[0] == 2) == b"\xff"
    assert {one[0] for one in frames} == {1, 2} and code == 1000
    assert types([one for one in messages if isinstance(one, dict)]) == ["started", "stage", "stage_finished", "finished"]


# In


def test_conversation_and_eof(server, nothing_left):
    with WebSocket(server, PATH) as socket:
        socket.send_json(start("while read x; do echo \"<$x>\"; done; echo over"))
        for word in ("a", "b", "\u20ac"):
            socket.send_json(stdin(word + "\n"))
            assert wait_for_output(socket, "\n") == f"<{word}>\n"
        socket.send_json({"type": "eof"})
        messages, code = heard(socket)
    assert joined(messages) == "over\n" and code == 1000


def test_all_of_it_in_the_packet_of_the_upgrade(server, nothing_left):
    messages, code = run(server, start("cat", stdin="zero\n"), stdin("one\n"), stdin("two\n"), {"type": "eof"}, early=True)
    assert joined(messages) == "zero\none\ntwo\n" and messages[-1]["verdict"] == "ok" and code == 1000


def test_stdin_during_compilation_is_kept(server, nothing_left):
    source = "#include <stdio.h>\nint main(void) { int c; while ((c = getchar()) != EOF) putchar(c); }\n"
    messages, _ = run(server, start(source, "c"), stdin("early\n"), {"type": "eof"}, early=True)
    assert joined(messages) == "early\n"


def test_signals_arrive(server, nothing_left):
    with WebSocket(server, PATH) as socket:
        socket.send_json(start("trap 'echo int' INT; trap 'echo usr; exit 0' USR1; echo ready; while :; do sleep 0.05; done"))
        wait_for_output(socket, "ready\n")
        socket.send_json({"type": "signal", "signal": "SIGINT"})
        wait_for_output(socket, "int\n")
        socket.send_json({"type": "signal", "signal": "SIGUSR1"})
        messages, code = heard(socket)
    assert joined(messages) == "usr\n" and messages[-1]["verdict"] == "ok" and code == 1000


def test_signal_before_the_program_is_kept_for_it(server, nothing_left):
    messages, _ = run(server, start("sleep 60"), {"type": "signal", "signal": "SIGKILL"}, early=True)
    assert messages[-1]["verdict"] == "signaled" and messages[-1]["run"]["signal"] == "SIGKILL"


def test_cancel_tells_how_it_ended(server, nothing_left):
    with WebSocket(server, PATH) as socket:
        socket.send_json(start("echo there; sleep 60"))
        wait_for_output(socket, "there\n")
        socket.send_json({"type": "cancel"})
        messages, code = heard(socket)
    assert messages[-1]["type"] == "finished" and messages[-1]["status"] == "cancelled"
    assert messages[-1]["verdict"] == "cancelled" and code == 1000


def test_it_is_cancelled_by_the_id_that_boxes_show(server, nothing_left):
    with WebSocket(server, PATH) as socket:
        socket.send_json(start("echo there; sleep 60"))
        wait_for_output(socket, "there\n")
        [box] = ask(server, "GET", "/api/v1/admin/boxes").json()["boxes"]
        assert ask(server, "DELETE", f"/api/v1/executions/{box['id']}").status == 204
        messages, code = heard(socket)
    assert messages[-1]["id"] == box["id"] and messages[-1]["status"] == "cancelled" and code == 1000


def test_cancel_at_once(server, nothing_left):
    messages, code = run(server, start("sleep 60"), {"type": "cancel"}, early=True)
    assert messages[-1]["type"] == "finished" and messages[-1]["status"] == "cancelled" and code == 1000


def test_resize_without_a_terminal_changes_nothing(server, nothing_left):
    messages, code = run(server, start("read x; echo $x"), {"type": "resize", "rows": 5, "columns": 7}, stdin("x\n"))
    assert joined(messages) == "x\n" and code == 1000


# Errors


def errors(server, *messages):
    """(the error message, close code); it is the last message."""
    found, code = run(server, *messages, early=True)
    assert found[-1]["type"] == "error" and found[-1]["message"] and found[-1]["status"] == code - 4000
    return found[-1], code


@pytest.mark.parametrize("message, word", [
    (stdin("x"), "stdin: comes before start"), ({"type": "eof"}, "eof: comes before start"),
    ({"type": "signal", "signal": "SIGINT"}, "signal: comes before start"),
    ({"type": "resize", "rows": 1, "columns": 1}, "resize: comes before start"),
    ({"type": "cancel"}, "cancel: comes before start"), (b"x", "before start"),
    ({"type": "other"}, "type: must be one of"), ({}, "type: must be one of"), ({"type": 5}, "type: must be one of"),
    ([], "must be an object"), (5, "must be an object"), (None, "must be an object"),
], ids=str)
def test_what_may_not_be_first(server, nothing_left, message, word):
    error, code = errors(server, message)
    assert word in error["message"] and code == 4400


@pytest.mark.parametrize("message, word", [
    ({"type": "stdin"}, "data must be a string"), ({"type": "stdin", "data": 5}, "data must be a string"),
    ({"type": "stdin", "data": "", "more": 1}, "stdin.more: unknown key"),
    ({"type": "eof", "data": ""}, "eof.data: unknown key"), ({"type": "cancel", "x": 1}, "cancel.x: unknown key"),
    ({"type": "signal"}, "name of a signal"), ({"type": "signal", "signal": "INT"}, "name of a signal"),
    ({"type": "signal", "signal": 9}, "name of a signal"), ({"type": "resize", "rows": 0, "columns": 5}, "rows and columns"),
    ({"type": "resize", "rows": 5}, "rows and columns"), ({"type": "resize", "rows": "5", "columns": 5}, "rows and columns"),
    ({"type": "resize", "rows": 10001, "columns": 5}, "rows and columns"),
    ({"type": "resize", "rows": 5.5, "columns": 5}, "rows and columns"), ({"type": "other"}, "type: must be one of"),
], ids=str)
def test_bad_messages_end_the_program(server, nothing_left, message, word):
    with WebSocket(server, PATH) as socket:
        socket.send_json(start("echo there; sleep 60"))
        wait_for_output(socket, "there")
        socket.send_json(message)
        found, code = heard(socket)
        assert word in found[-1]["message"] and found[-1]["type"] == "error" and code == 4400
        end = time.monotonic() + 2
        while cgroup_leaves(server.instance) and time.monotonic() < end:
            time.sleep(0.01)
        assert not cgroup_leaves(server.instance)


def test_a_start_that_does_not_come():
    one = Server("--server-header-timeout-s", "1")
    try:
        found, code = run(one)
        assert found[-1]["message"].startswith("start: it did not come") and (len(found), code) == (1, 4408)
        messages, code = run(one, start("sleep 1.5; echo later"))
        assert joined(messages) == "later\n" and code == 1000
    finally:
        one.stop()


def test_two_starts(server, nothing_left):
    error, code = errors(server, start("sleep 60"), start("sleep 60"))
    assert "there is one already" in error["message"] and code == 4409


def test_stdin_after_eof(server, nothing_left):
    with WebSocket(server, PATH) as socket:
        socket.send_json(start("echo there; sleep 60"))
        wait_for_output(socket, "there")
        socket.send_json({"type": "eof"})
        socket.send_json(stdin("x"))
        found, code = heard(socket)
    assert "ended with eof" in found[-1]["message"] and code == 4400


@pytest.mark.parametrize("text", ["", "{", "nonsense", '{"type": "start", "type": "start"}'])
def test_bad_json(server, nothing_left, text):
    with WebSocket(server, PATH) as socket:
        socket.send_text(text)
        found, code = heard(socket)
    assert "JSON" in found[-1]["message"] and code == 4400


def test_all_problems_are_told_at_once(server, nothing_left):
    error, code = errors(server, {"type": "start", "language": 5, "source": "x", "limits": {"wall_mss": 1, "cpu_ms": -1}, "tests": []})
    assert {one["path"] for one in error["errors"]} >= {"language", "limits.wall_mss", "limits.cpu_ms", "tests"}
    assert code == 4422 and "more problem" in error["message"]


def test_unknown_language(server, nothing_left):
    error, code = errors(server, start("x", "nonsense"))
    assert "nonsense" in json.dumps(error) and code == 4422


def test_too_large_messages_close(start_server_small):
    server = start_server_small
    with WebSocket(server, PATH) as socket:
        socket.send_json(start("x" * 20000))
        assert socket.close_code() == 1009
    with WebSocket(server, PATH) as socket:
        socket.send_json(start("echo there; sleep 60"))
        wait_for_output(socket, "there")
        socket.send_json(stdin("x" * (2 << 20)))
        assert socket.close_code() == 1009


@pytest.fixture
def start_server_small(start):
    return start("--server-body-max", "16384")


# Leaving, and stopping


@pytest.mark.parametrize("how", ["close", "reset", "end"])
@pytest.mark.parametrize("source", ["echo there; sleep 60", "echo there; yes", "echo there; cat"])
def test_job_ends_when_its_client_leaves(server, nothing_left, how, source):
    with WebSocket(server, PATH) as socket:
        socket.send_json(start(source))
        wait_for_output(socket, "there")
        if how == "close":
            socket.send_close(1000)
        elif how == "reset":
            socket.reset()
        else:
            socket.socket.close()
        end = time.monotonic() + 2
        while cgroup_leaves(server.instance) and time.monotonic() < end:
            time.sleep(0.01)
        assert not cgroup_leaves(server.instance)


@pytest.mark.parametrize("when", ["nothing", "start", "stage"])
def test_leaving_at_each_state(server, nothing_left, when):
    for _ in range(5):
        with WebSocket(server, PATH) as socket:
            if when != "nothing":
                socket.send_json(start("sleep 60"))
            while when == "stage" and socket.receive_json()["type"] != "stage":
                pass


def test_without_an_upgrade_it_is_426(server):
    status, problem = server.request("GET", PATH)
    assert status == 426 and "WebSocket" in problem["detail"]


def test_foreign_page_is_refused(server):
    with pytest.raises(Refused) as refused:
        WebSocket(server, PATH, headers={"Origin": "http://evil.example"})
    assert refused.value.answer.status == 403


def test_subprotocol_is_chosen_when_it_is_offered(server, nothing_left):
    with WebSocket(server, PATH, protocols=("belljar", "belljar.key.none")) as socket:
        assert socket.protocol == "belljar"


def test_server_that_stops_tells(start):
    server = start("--server-grace-ms", "300")
    with WebSocket(server, PATH) as socket, WebSocket(server, PATH) as idle:
        socket.send_json({"type": "start", "language": "bash", "source": "echo there; sleep 60"})
        wait_for_output(socket, "there")
        server.process.terminate()
        messages, code = heard(socket)
        assert messages[-1]["type"] == "finished" and messages[-1]["status"] == "cancelled" and code == 1001
        assert heard(idle) == ([], 1001)
    assert server.stop()[0] == 0
