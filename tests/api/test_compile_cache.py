# SPDX-License-Identifier: Apache-2.0
"""What was compiled before is not compiled again."""
import contextlib
import itertools
import json
import os
import pathlib
import re

import pytest

from support.native import EXECUTIONS, create, finished, run
from support.raw import ask, wait_until
from support.server import descendants
from support.websocket import WebSocket

numbers = itertools.count()


def fresh(body="puts(\"hi\");"):
    """A program that nobody has compiled yet."""
    return f"#include <stdio.h>\n/* {next(numbers)} */\nint main(void) {{ {body} return 0; }}\n"


def counted(server, outcome):
    text = ask(server, "GET", "/metrics").body.decode()
    found = re.search(rf'^belljar_compile_cache_total{{outcome="{outcome}"}} (\d+)', text, re.M)
    return int(found[1]) if found else 0


def stages(server):
    """Compile stages that were really done."""
    found = re.search(r'^belljar_stage_seconds_count{stage="compile"} (\d+)', ask(server, "GET", "/metrics").body.decode(), re.M)
    return int(found[1]) if found else 0


def test_the_second_is_not_compiled(native):
    source = fresh()
    first = run(native, source, "c")
    before = stages(native)
    second = run(native, source, "c")
    assert (first["compile"]["cached"], second["compile"]["cached"]) == (False, True)
    assert stages(native) == before
    assert second["run"]["stdout"] == "hi\n" and second["verdict"] == "ok"
    assert {k: v for k, v in second["compile"].items() if k != "cached"} == {k: v for k, v in first["compile"].items() if k != "cached"}


def test_inputs_and_arguments_do_not_count(native):
    source = fresh('char b[9]; printf("%s %s", fgets(b, 9, stdin), "x");')
    run(native, source, "c", stdin="1")
    x = run(native, source, "c", stdin="2", args=["a"], limits={"wall_ms": 5000})
    assert x["compile"]["cached"] and x["run"]["stdout"] == "2 x"


@pytest.mark.parametrize("more", [{"compile": {"args": ["-O1"]}}, {"compile": {"cpu_ms": 9000}}, {"env": {"X": "1"}}])
def test_another_command_or_limit_is_compiled(native, more):
    source = fresh()
    run(native, source, "c")
    assert not run(native, source, "c", **more)["compile"]["cached"]
    assert run(native, source, "c", **more)["compile"]["cached"]


def test_what_does_not_compile_says_so_again(native):
    source = fresh("return x;")
    first, second = run(native, source, "c"), run(native, source, "c")
    assert second["verdict"] == "compile_error" and second["compile"]["cached"] and second["run"] is None
    assert first["compile"]["stderr"] == second["compile"]["stderr"] and "undeclared" in second["compile"]["stderr"]
    assert second["reason"] == first["reason"]


def test_what_a_limit_ended_is_tried_again(native):
    source = f"/* {next(numbers)} */\n#include \"/dev/zero\"\nint main(void) {{ return 0; }}"
    for _ in range(2):
        x = run(native, source, "c", compile={"wall_ms": 300})
        assert x["verdict"] == "compile_error" and not x["compile"]["cached"]


def test_a_program_that_changes_itself_changes_it_for_nobody(native):
    body = ('FILE *f; remove("a.out"); f = fopen("a.out", "w"); if (f) { fputs("#!/bin/sh\\necho changed\\n", f); fclose(f); }'
            ' f = fopen("left", "r"); puts(f ? "left" : "clean"); f = fopen("left", "w"); if (f) fclose(f);')
    source = fresh(body)
    outputs = [run(native, source, "c") for _ in range(3)]
    assert [x["run"]["stdout"] for x in outputs] == ["clean\n"] * 3 and outputs[2]["compile"]["cached"]


def test_a_batch_of_the_same_compiles_once(native):
    source, before, missed = fresh("int n; if (scanf(\"%d\", &n) == 1) printf(\"%d\", n);"), stages(native), counted(native, "miss")
    batch = [{"language": "c", "source": source, "stdin": str(i)} for i in range(20)]
    done = [finished(native, one["id"]) for one in ask(native, "POST", EXECUTIONS + "/batch", batch).json()]
    assert [x["run"]["stdout"] for x in done] == [str(i) for i in range(20)]
    assert stages(native) == before + 1 and counted(native, "miss") == missed + 1
    assert [x["compile"]["cached"] for x in done].count(False) == 1


def test_all_dialects_take_from_it(native):
    source = fresh()
    assert not run(native, source, "c")["compile"]["cached"]
    before = counted(native, "hit")
    answer = ask(native, "POST", "/api/v2/execute", {"language": "c", "version": "*", "files": [{"name": "main.c", "content": source}]}).json()
    again = ask(native, "POST", "/api/v2/execute", {"language": "c", "version": "*", "files": [{"name": "main.c", "content": source}]}).json()
    assert answer["run"]["stdout"] == again["run"]["stdout"] == "hi\n"
    assert again["compile"] == answer["compile"] and counted(native, "hit") == before + 1


def test_a_stream_is_told_what_the_compiler_said(native):
    source, told = fresh("return x;"), []
    for again in (False, True):
        before = counted(native, "hit")
        with WebSocket(native, "/api/v1/stream") as socket:
            socket.send_json({"type": "start", "language": "c", "source": source})
            told.append([json.loads(text) for _, text in socket.messages()])
        assert counted(native, "hit") == before + again
        if not again:
            run(native, source, "c")  # one that gathers what is said
    said = ["".join(m["data"] for m in messages if m["type"] == "output") for messages in told]
    assert "undeclared" in said[0] and said[0] == said[1]


def test_callers_do_not_share(start):
    """Nobody learns that another has sent the same source; the next test is the control.

    proves: E12
    """
    server = start("--log-level", "info", "--trusted-proxy", "127.0.0.1")
    source = fresh()
    by = [{"X-Forwarded-For": f"192.0.2.{i}"} for i in (1, 2)]
    made = [create(server, {"language": "c", "source": source, "wait": True}, headers).json()["compile"]["cached"]
            for headers in (by[0], by[1], by[0], by[1])]
    assert made == [False, False, True, True]


def test_a_shared_cache_is_shared(start):
    server = start("--log-level", "info", "--trusted-proxy", "127.0.0.1", "--cache-scope", "shared")
    source = fresh()
    made = [create(server, {"language": "c", "source": source, "wait": True}, {"X-Forwarded-For": f"192.0.2.{i}"}).json()["compile"]["cached"]
            for i in (1, 2)]
    assert made == [False, True]


def test_without_a_cache_each_is_compiled(start):
    server = start("--log-level", "info", "--cache-bytes", "0")
    source = fresh()
    assert [run(server, source, "c")["compile"]["cached"] for _ in range(2)] == [False, False]
    assert stages(server) == 2


def test_one_that_is_too_large_is_not_kept(start):
    server = start("--log-level", "info", "--cache-bytes", "40K")
    source = fresh()
    assert [run(server, source, "c")["compile"]["cached"] for _ in range(2)] == [False, False]


def test_a_product_that_is_kept_is_one_descriptor_and_no_other_is_left(start):
    server = start("--log-level", "info", "--cache-age-s", "2")
    for source in [fresh(), fresh(), fresh("return x;")]:
        for _ in range(2):
            run(server, source, "c")

    def held():
        links = []
        for one in descendants(server.pid):  # spare boxes come and go meanwhile
            with contextlib.suppress(OSError):
                for fd in pathlib.Path(f"/proc/{one}/fd").iterdir():
                    with contextlib.suppress(OSError):
                        links.append(os.readlink(fd))
        return [link for link in links if link.startswith("/memfd:belljar-product")]

    assert wait_until(lambda: len(held()) == 2)  # what did not compile has none
    assert wait_until(lambda: held() == [])


def test_an_old_one_is_forgotten(start):
    server = start("--log-level", "info", "--cache-age-s", "1")
    run(server, fresh(), "c")
    gone = r"^belljar_compile_cache_bytes 0$"
    assert wait_until(lambda: re.search(gone, ask(server, "GET", "/metrics").body.decode(), re.M))
