# SPDX-License-Identifier: Apache-2.0
"""Piston's WebSocket: its messages, their order, its close codes; and what Piston loses is not lost."""
import json
import time

import pytest

from support.server import at_rest, cgroup_leaves, settle
from support.websocket import BINARY, NO_CODE, TEXT, Closed, Refused, WebSocket, frame

PATHS = ["/api/v2/connect", "/api/v2/piston/connect"]


@pytest.fixture
def nothing_left(server):
    before = at_rest(server)
    yield
    assert settle(server, before) == {}


def init(source, language="bash", **more):
    return {"type": "init", "language": language, "version": "*", "files": [{"content": source}], **more}


def heard(socket):
    """(messages until the close, its code, its reason)"""
    found = []
    try:
        while True:
            found.append(socket.receive_json())
    except Closed as closed:
        return found, closed.code, closed.reason


def run(server, *messages, path=PATHS[0]):
    with WebSocket(server, path) as socket:
        for one in messages:
            socket.send_json(one)
        return heard(socket)


def joined(messages, stream):
    return "".join(one["data"] for one in messages if one["type"] == "data" and one["stream"] == stream)


def without_data(messages):
    return [one for one in messages if one["type"] != "data"]


def wait_for(socket, **what):
    """The messages up to one that has all of this."""
    found = []
    while not found or not what.items() <= found[-1].items():
        found.append(socket.receive_json())
    return found


def wait_for_output(socket, text):
    got = ""
    while text not in got:
        message = socket.receive_json()
        got += message["data"] if message["type"] == "data" else ""
    return got


# The way it goes


@pytest.mark.parametrize("path", PATHS)
def test_messages_come_in_order(server, nothing_left, path):
    messages, code, reason = run(server, init("echo out; echo err >&2; exit 3"), path=path)
    assert messages[0]["type"] == "runtime" and messages[0]["language"] == "bash" and messages[0]["version"]
    assert messages[1] == {"type": "stage", "stage": "run"}
    assert (joined(messages, "stdout"), joined(messages, "stderr")) == ("out\n", "err\n")
    assert messages[-1] == {"type": "exit", "stage": "run", "code": 3, "signal": None}
    assert len(without_data(messages)) == 3
    assert (code, reason) == (4999, "Job Completed")


def test_compiled_language_has_two_stages(server, nothing_left):
    source = '#include <stdio.h>\nint main(void) { puts("hi"); return 0; }\n'
    messages, code, _ = run(server, init(source, "c"))
    assert without_data(messages)[1:] == [
        {"type": "stage", "stage": "compile"}, {"type": "exit", "stage": "compile", "code": 0, "signal": None},
        {"type": "stage", "stage": "run"}, {"type": "exit", "stage": "run", "code": 0, "signal": None}]
    assert joined(messages, "stdout") == "hi\n" and code == 4999


def test_failed_compilation_is_the_end(server, nothing_left):
    messages, code, _ = run(server, init("int main(void) { return x; }\n", "c"))
    assert [one["type"] for one in without_data(messages)] == ["runtime", "stage", "exit"]
    assert messages[-1] == {"type": "exit", "stage": "compile", "code": 1, "signal": None}
    assert "error" in joined(messages, "stderr") and code == 4999


def test_timeout_is_a_kill(server, nothing_left):
    messages, code, _ = run(server, init("sleep 60", run_timeout=200))
    assert messages[-1] == {"type": "exit", "stage": "run", "code": None, "signal": "SIGKILL"} and code == 4999


def test_signal_that_ended_it_is_told(server, nothing_left):
    messages, _, _ = run(server, init("kill -SEGV $$"))
    assert messages[-1] == {"type": "exit", "stage": "run", "code": None, "signal": "SIGSEGV"}


def test_there_is_no_output_cap(server, nothing_left):
    messages, code, _ = run(server, init("head -c 300000 /dev/zero | tr '\\0' x"))
    assert joined(messages, "stdout") == "x" * 300000 and code == 4999
    assert messages[-1]["code"] == 0


def test_characters_are_whole_whatever_is_read_at_a_time(server, nothing_left):
    messages, _, _ = run(server, init(r"printf '\xe2'; sleep 0.1; printf '\x82\xac\xff'; sleep 0.1; printf '\xe2'"))
    assert joined(messages, "stdout") == "\u20ac\ufffd\ufffd"
    assert all(one["data"] for one in messages if one["type"] == "data")


def test_stdin_of_init_is_ignored(server, nothing_left):
    with WebSocket(server, PATHS[0]) as socket:
        socket.send_json(init("read line; echo got $line", stdin="from init\n"))
        socket.send_json({"type": "data", "stream": "stdin", "data": "from data\n"})
        messages, _, _ = heard(socket)
    assert joined(messages, "stdout") == "got from data\n"


# What Piston loses


def test_stdin_in_the_packet_of_the_upgrade_is_not_lost(server, nothing_left):
    early = (frame(TEXT, json.dumps(init("cat", run_timeout=1000))) +
             frame(TEXT, json.dumps({"type": "data", "stream": "stdin", "data": "one\n"})) +
             frame(TEXT, json.dumps({"type": "data", "stream": "stdin", "data": "two\n"})))
    with WebSocket(server, PATHS[0], early=early) as socket:
        messages, code, _ = heard(socket)
    assert joined(messages, "stdout") == "one\ntwo\n" and code == 4999


def test_stdin_before_the_run_stage_is_not_lost(server, nothing_left):
    source = "#include <stdio.h>\nint main(void) { char s[99]; return fgets(s, 99, stdin) && fputs(s, stdout) < 0; }\n"
    with WebSocket(server, PATHS[0]) as socket:
        socket.send_json(init(source, "c"))
        wait_for(socket, type="stage", stage="compile")
        socket.send_json({"type": "data", "stream": "stdin", "data": "early\n"})
        messages, _, _ = heard(socket)
    assert joined(messages, "stdout") == "early\n"


def test_much_early_stdin_is_not_lost(server, nothing_left):
    line = "x" * 99 + "\n"
    with WebSocket(server, PATHS[0]) as socket:
        socket.send_json(init("sleep 0.3; head -c 1000000 | wc -c"))
        for _ in range(100):
            socket.send_json({"type": "data", "stream": "stdin", "data": line * 100})
        messages, _, _ = heard(socket)
    assert joined(messages, "stdout").strip() == "1000000"


def test_signals_arrive(server, nothing_left):
    with WebSocket(server, PATHS[0]) as socket:
        socket.send_json(init("trap 'echo caught; exit 5' TERM; echo ready; while :; do sleep 0.05; done"))
        wait_for_output(socket, "ready")
        socket.send_json({"type": "signal", "signal": "SIGTERM"})
        messages, code, _ = heard(socket)
    assert joined(messages, "stdout") == "caught\n"
    assert messages[-1] == {"type": "exit", "stage": "run", "code": 5, "signal": None} and code == 4999


def test_signal_before_the_program_is_kept_for_it(server, nothing_left):
    messages, code, _ = run(server, init("sleep 60"), {"type": "signal", "signal": "SIGKILL"})
    assert messages[-1] == {"type": "exit", "stage": "run", "code": None, "signal": "SIGKILL"} and code == 4999


def test_conversation(server, nothing_left):
    with WebSocket(server, PATHS[0]) as socket:
        socket.send_json(init("while read x; do echo \"<$x>\"; [ $x = end ] && exit; done"))
        for word in ("a", "b", "end"):
            socket.send_json({"type": "data", "stream": "stdin", "data": word + "\n"})
            assert wait_for_output(socket, "\n") == f"<{word}>\n"
        assert heard(socket)[1] == 4999


def box_is_gone(server, seconds=5):
    end = time.monotonic() + seconds
    while cgroup_leaves(server.instance) and time.monotonic() < end:
        time.sleep(0.01)
    return not cgroup_leaves(server.instance)


@pytest.mark.parametrize("how", ["close", "reset", "end"])
def test_job_ends_when_its_client_leaves(server, nothing_left, how):
    with WebSocket(server, PATHS[0]) as socket:
        socket.send_json(init("echo there; sleep 60"))
        wait_for_output(socket, "there")
        if how == "close":
            socket.send_close(1000)
        elif how == "reset":
            socket.reset()
        else:
            socket.socket.close()
        assert box_is_gone(server, 2)


def test_client_that_leaves_while_its_job_waits_takes_it_along(start):
    server = start("--paused")
    before = at_rest(server)
    with WebSocket(server, PATHS[0]) as socket:
        socket.send_json(init("echo never"))
        wait_for(socket, type="runtime")
        assert server.request("GET", "/stats")[1]["queue_size"] == 1
    assert settle(server, before) == {}
    assert server.request("GET", "/stats")[1]["queue_size"] == 0


# Close codes


def test_second_init_ends_all(server, nothing_left):
    with WebSocket(server, PATHS[0]) as socket:
        socket.send_json(init("echo there; sleep 60"))
        wait_for_output(socket, "there")
        socket.send_json(init("echo other"))
        messages, code, reason = heard(socket)
        assert messages == [] and (code, reason) == (4000, "Already Initialized")
        assert box_is_gone(server, 2)


def test_two_inits_at_once_start_nothing_twice(server, nothing_left):
    early = frame(TEXT, json.dumps(init("sleep 60"))) * 2
    with WebSocket(server, PATHS[0], early=early) as socket:
        messages, code, _ = heard(socket)
    assert code == 4000 and len([one for one in messages if one["type"] == "runtime"]) <= 1


def test_init_must_come_within_a_second(server, nothing_left):
    start = time.monotonic()
    with WebSocket(server, PATHS[0]) as socket:
        assert heard(socket) == ([], 4001, "Initialization Timeout")
    assert 0.9 < time.monotonic() - start < 5


def test_accepted_init_has_no_timeout(server, nothing_left):
    messages, code, _ = run(server, init("sleep 1.3; echo done"))
    assert joined(messages, "stdout") == "done\n" and code == 4999


@pytest.mark.parametrize("message", [{"type": "data", "stream": "stdin", "data": "x"},
                                     {"type": "data", "stream": "stdout", "data": "x"},
                                     {"type": "signal", "signal": "SIGTERM"}, {"type": "signal", "signal": "SIGNONE"}])
def test_nothing_comes_before_init(server, nothing_left, message):
    assert run(server, message) == ([], 4003, "Not yet initialized")


@pytest.mark.parametrize("stream", ["stdout", "stderr", "", None, 5])
def test_only_stdin_is_written_to(server, nothing_left, stream):
    messages, code, reason = run(server, init("sleep 60"), {"type": "data", "stream": stream, "data": "x"})
    assert (code, reason) == (4004, "Can only write to stdin")


@pytest.mark.parametrize("name", ["SIGNONE", "TERM", "sigterm", "", None, 15, "SIGRTMIN+99"])
def test_unknown_signal(server, nothing_left, name):
    messages, code, reason = run(server, init("sleep 60"), {"type": "signal", "signal": name})
    assert (code, reason) == (4005, "Invalid signal")


@pytest.mark.parametrize("data", [5, None, ["x"], {}])
def test_data_that_is_no_text_is_an_error(server, nothing_left, data):
    messages, code, reason = run(server, init("sleep 60"), {"type": "data", "stream": "stdin", "data": data})
    assert messages[-1]["type"] == "error" and messages[-1]["message"] and (code, reason) == (4002, "Notified Error")


def errors_of_execute():
    good = {"language": "bash", "version": "*", "files": [{"content": ""}]}
    return [
        {}, {**good, "language": 5}, {**good, "version": None}, {**good, "version": ""}, {**good, "files": "x"},
        {**good, "files": [{"name": "a"}]}, {**good, "language": "nonsense"}, {**good, "version": "latest"},
        {**good, "files": []}, {**good, "files": [{"content": "", "encoding": "base64"}]},
        {**good, "run_timeout": "x"}, {**good, "run_timeout": 1e9}, {**good, "run_timeout": -5},
        {**good, "run_memory_limit": 1e15}, {**good, "compile_cpu_time": True}, {**good, "stdin": 5},
        {**good, "files": [{"content": "", "name": "../x"}]},
    ]


@pytest.mark.parametrize("body", errors_of_execute(), ids=str)
def test_errors_are_those_of_execute(server, nothing_left, body):
    status, answer = server.request("POST", "/api/v2/execute", body)
    assert status == 400
    messages, code, reason = run(server, {"type": "init", **body})
    assert messages == [{"type": "error", "message": answer["message"]}]
    assert (code, reason) == (4002, "Notified Error")


@pytest.mark.parametrize("text", ["", "{", "nonsense", '{"type": "init"', '{"a": ' * 300])
def test_bad_json_is_told_as_execute_tells_it(server, nothing_left, text):
    with WebSocket(server, PATHS[0]) as socket:
        socket.send_text(text)
        messages, code, _ = heard(socket)
    assert len(messages) == 1 and messages[0]["type"] == "error" and code == 4002
    if text:
        assert messages[0]["message"] == server.request("POST", "/api/v2/execute", text, {"Content-Type": "application/json"})[1]["message"]


def test_null_is_an_error(server, nothing_left):
    with WebSocket(server, PATHS[0]) as socket:
        socket.send_text("null")
        messages, code, _ = heard(socket)
    assert messages[0]["type"] == "error" and code == 4002


@pytest.mark.parametrize("text", ["5", '"x"', "[]", "{}", '{"type": "other"}', '{"type": 5}', '{"type": ["init"]}'])
def test_unknown_types_are_ignored(server, nothing_left, text):
    with WebSocket(server, PATHS[0]) as socket:
        socket.send_text(text)
        socket.send_json(init("echo still"))
        socket.send_text(text)
        messages, code, _ = heard(socket)
    assert joined(messages, "stdout") == "still\n" and code == 4999


def test_binary_messages_are_read_as_text(server, nothing_left):
    with WebSocket(server, PATHS[0]) as socket:
        socket.send_frame(BINARY, json.dumps(init("echo hi")))
        messages, code, _ = heard(socket)
    assert joined(messages, "stdout") == "hi\n" and code == 4999


# Paths


@pytest.mark.parametrize("path", [*PATHS, PATHS[0] + "/", PATHS[0].upper()])
def test_without_an_upgrade_there_is_nothing(server, path):
    assert server.request("GET", path) == (404, {"message": "Not Found"})


def test_path_is_matched_in_any_case_and_with_a_slash(server, nothing_left):
    messages, code, _ = run(server, init("echo hi"), path="/API/v2/Connect/")
    assert joined(messages, "stdout") == "hi\n" and code == 4999


@pytest.mark.parametrize("path", ["/api/v2/nothing", "/api/v2/connect/more", "/api/v2"])
def test_unknown_socket_is_opened_and_closed_without_a_code(server, nothing_left, path):
    with WebSocket(server, path) as socket:
        assert heard(socket) == ([], NO_CODE, "")


def test_there_is_no_subprotocol_and_no_compression(server, nothing_left):
    with WebSocket(server, PATHS[0], headers={"Sec-WebSocket-Extensions": "permessage-deflate"}, protocols=("chat",)) as socket:
        assert socket.protocol is None and "sec-websocket-extensions" not in socket.headers


def test_foreign_page_is_refused(server):
    with pytest.raises(Refused) as refused:
        WebSocket(server, PATHS[0], headers={"Origin": "http://evil.example"})
    assert refused.value.answer.status == 403
