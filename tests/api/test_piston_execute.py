# SPDX-License-Identifier: Apache-2.0
"""Piston's API, section 3 of its contract: programs and what is told of them."""
import base64
import concurrent.futures
import json

import pytest

from support.raw import ask

STAGE = ["signal", "stdout", "stderr", "code", "output", "memory", "message", "status", "cpu_time", "wall_time"]


def execute(server, language, *files, path="/api/v2/execute", **more):
    files = [file if isinstance(file, dict) else {"content": file} for file in files]
    answer = ask(server, "POST", path, {"language": language, "version": "*", "files": files, **more})
    assert answer.status == 200, answer
    return answer.json()


def run(server, language, *files, **more):
    return execute(server, language, *files, **more)["run"]


def has(server, language):
    return any(language in [one["language"], *one["aliases"]] for one in ask(server, "GET", "/api/v2/runtimes").json())


@pytest.fixture
def c(server):
    if not has(server, "c"):
        pytest.skip("this host has no C compiler")
    return "c"


# The answer

def test_keys_are_all_there_in_order(server):
    """`{"compile"?: S, "run": S, "language": name-not-alias, "version": full}` in that key order; S = {signal, stdout,
    stderr, code, output, memory, message, status, cpu_time, wall_time} in that order, all always present"""
    answer = execute(server, "py", "print('hi')")
    assert list(answer) == ["run", "language", "version"]
    assert answer["language"] == "python"
    assert list(answer["run"]) == STAGE
    wanted = {"signal": None, "stdout": "hi\n", "stderr": "", "code": 0, "output": "hi\n", "message": None, "status": None}
    assert {key: answer["run"][key] for key in wanted} == wanted
    assert isinstance(answer["run"]["cpu_time"], int)
    assert isinstance(answer["run"]["wall_time"], int)


def test_version_is_the_one_of_the_list(server):
    versions = [one["version"] for one in ask(server, "GET", "/api/v2/runtimes").json() if one["language"] == "python"]
    assert execute(server, "python", "")["version"] in versions


def test_version_ranges_are_npms(server):
    """npm semver `satisfies(installed, range)`: `*`, `x`, `3`, `3.x`, `^5.1`, `>=3 <4`, `v5.2.0`, exact"""
    full = execute(server, "python", "")["version"]
    major, minor, _ = full.split(".")
    for wanted in ("*", "x", major, f"{major}.x", f"^{major}.{minor}", f">={major} <{int(major) + 1}", f"v{full}", full):
        answer = ask(server, "POST", "/api/v2/execute", {"language": "python", "version": wanted, "files": [{"content": ""}]})
        assert answer.status == 200, (wanted, answer)


def test_compiled_language_has_a_compile_stage(server, c):
    answer = execute(server, c, {"name": "main.c", "content": '#include <stdio.h>\nint main(void){puts("hi");}'})
    assert list(answer) == ["compile", "run", "language", "version"]
    assert list(answer["compile"]) == STAGE
    assert (answer["compile"]["code"], answer["run"]["stdout"]) == (0, "hi\n")


def test_failed_compile_is_copied_to_run(server, c):
    """Compile fails: run stage is skipped and `run` is a copy of `compile`, both keys present"""
    answer = execute(server, c, {"name": "main.c", "content": "int main(void) { return x; }"})
    assert answer["run"] == answer["compile"]
    assert answer["compile"]["status"] == "RE"
    assert "error" in answer["compile"]["stderr"]


# Endings

def test_exit_status_is_told(server):
    """`RE` exit != 0; `Exited with error status N`"""
    one = run(server, "bash", "echo x >&2; exit 3")
    assert (one["code"], one["signal"], one["status"], one["message"]) == (3, None, "RE", "Exited with error status 3")
    assert (one["stderr"], one["output"]) == ("x\n", "x\n")


@pytest.mark.parametrize("number,name", [(11, "SIGSEGV"), (6, "SIGABRT"), (15, "SIGTERM"), (9, "SIGKILL"), (34, "SIGRTMIN")])
def test_signals_are_true(server, number, name):
    """On purpose: true signals (`SG`, `code` null)"""
    one = run(server, "python", f"import os\nos.kill(os.getpid(), {number})")
    assert (one["code"], one["signal"], one["status"]) == (None, name, "SG")
    assert one["message"] == f"Caught fatal signal {number}"


def test_shell_status_tells_signals_as_a_shell_does(start):
    """a program that dies by signal normally shows as code 128+n, status RE, signal null"""
    one = run(start("--shell-status"), "python", "import os\nos.kill(os.getpid(), 11)")
    assert (one["code"], one["signal"], one["status"]) == (139, None, "RE")
    assert one["message"] == "Exited with error status 139"


def test_wall_time_limit(server):
    """TO: code null, signal forced to `SIGKILL`; `Time limit exceeded (wall clock)`"""
    one = run(server, "bash", "echo before; sleep 20", run_timeout=300)
    assert (one["code"], one["signal"], one["status"]) == (None, "SIGKILL", "TO")
    assert one["message"] == "Time limit exceeded (wall clock)"
    assert one["stdout"] == "before\n"


def test_cpu_time_limit(server):
    """`Time limit exceeded` (CPU)"""
    one = run(server, "python", "while True: pass", run_cpu_time=200)
    assert (one["code"], one["signal"], one["status"]) == (None, "SIGKILL", "TO")
    assert one["message"] == "Time limit exceeded"


def test_memory_limit(server):
    """the message that Piston has no word for"""
    if ask(server, "GET", "/health").json()["sandbox"]["cgroup"] == "none":
        pytest.skip("this host gives no memory limit")
    source = "x = []\nwhile True: x.append(bytearray(1_000_000))"
    one = run(server, "python", source, run_memory_limit=60_000_000)
    assert (one["code"], one["signal"], one["status"]) == (None, "SIGKILL", "SG")
    assert one["message"] == "Memory limit exceeded"


def test_compile_limits(server, c):
    answer = execute(server, c, {"name": "main.c", "content": '#include "/dev/zero"\nint main(void){}'}, compile_timeout=500)
    assert answer["compile"]["status"] in ("TO", "SG", "RE")
    assert answer["run"] == answer["compile"]


# Output

@pytest.mark.parametrize("stream,status,message", [(1, "OL", "stdout length exceeded"), (2, "EL", "stderr length exceeded")])
def test_output_cap_loses_nothing_printed_before(server, stream, status, message):
    """On purpose: nothing printed before an output cap is lost"""
    one = run(server, "python", f"import os\nos.write({stream}, b'x' * 65537)\nimport time; time.sleep(20)")
    assert (one["code"], one["signal"], one["status"], one["message"]) == (None, "SIGKILL", status, message)
    assert one["stdout" if stream == 1 else "stderr"] == "x" * 65536


def test_output_exactly_at_the_cap_is_ok(server):
    """Exactly 1024 is ok - here the default is 65,536"""
    one = run(server, "python", "import sys\nsys.stdout.write('x' * 65536)")
    assert (one["status"], len(one["stdout"])) == (None, 65536)


def test_output_max_size_is_configurable(start):
    one = run(start(env={"PISTON_OUTPUT_MAX_SIZE": "1024"}), "bash", "head -c 600 /dev/zero | tr '\\0' a; head -c 600 /dev/zero | tr '\\0' b")
    assert one["status"] == "OL"
    assert one["stdout"].startswith("a" * 600)
    assert len(one["stdout"]) == 1024


def test_output_is_both_streams_in_order(server):
    """`output` = both in arrival order"""
    one = run(server, "python", "import os,time\nfor i in range(4):\n    os.write(1 + i % 2, str(i).encode()); time.sleep(0.05)")
    assert (one["stdout"], one["stderr"], one["output"]) == ("02", "13", "0123")


def test_invalid_utf8_is_repaired_and_nul_kept(server):
    """invalid bytes -> U+FFFD; NUL kept"""
    one = run(server, "python", "import os\nos.write(1, b'a\\xff\\x00b\\xe2\\x82')")
    assert one["stdout"] == "a\ufffd\0b\ufffd"


def test_characters_survive_whatever_the_size_of_reads(server):
    one = run(server, "python", "import os,time\nfor b in '\u20ac\U0001f600'.encode():\n    os.write(1, bytes([b])); time.sleep(0.02)")
    assert one["stdout"] == "\u20ac\U0001f600"
    assert one["output"] == "\u20ac\U0001f600"


# stdin and args

SHOW_STDIN = "import sys\nprint(repr(sys.stdin.read()), end='')"


@pytest.mark.parametrize("sent,got", [({}, "'\\n'"), ({"stdin": ""}, "'\\n'"), ({"stdin": None}, "'\\n'"), ({"stdin": "a"}, "'a\\n'"),
                                      ({"stdin": "a\n"}, "'a\\n'"), ({"stdin": "a\n\n"}, "'a\\n\\n'"), ({"stdin": ["a", 1]}, "'a,1\\n'")])
def test_stdin_gets_a_line_end_unless_it_has_one(server, sent, got):
    """stdin: one `\\n` is appended unless it already ends in `\\n`, so empty stdin is "\\n", then EOF"""
    assert run(server, "python", SHOW_STDIN, **sent)["stdout"] == got


SHOW_ARGS = "import sys, json\nprint(json.dumps(sys.argv[1:]), end='')"


@pytest.mark.parametrize("sent,got", [
    ({}, []), ({"args": None}, []), ({"args": ""}, []), ({"args": []}, []), ({"args": ["a b", "", "$x", "*"]}, ["a b", "", "$x", "*"]),
    ({"args": "ab"}, ["a", "b"]), ({"args": [1, 1.5, True]}, ["1", "1.5", "true"]), ({"args": ["\u00e4\u20ac"]}, ["\u00e4\u20ac"])])
def test_args_reach_the_program(server, sent, got):
    """`args` string is split in characters; `""`/null -> none; numbers are stringified"""
    assert json.loads(run(server, "python", SHOW_ARGS, **sent)["stdout"]) == got


# Files

LIST = "find . -type f | sort; cat \"$1\" 2>/dev/null"


def test_names_default_to_the_index(server):
    """name default `file<i>.code` (index in the array); "" counts as absent"""
    files = ["find . -type f | LC_ALL=C sort", {"content": "x", "name": ""}, {"content": "x", "name": None}]
    listed = run(server, "bash", *files)["stdout"].split()
    assert {"./file1.code", "./file2.code"} <= set(listed)
    assert [name for name in listed if name.startswith("./file0")]


def test_names_may_have_folders(server):
    """Paths allowed: parent dirs are made; absolute `/etc/x` lands at `<submission>/etc/x`; `a/../b` is written as `b`;
    a name that merely starts with `..` is a fine name here"""
    files = ["cat d/e/f etc/x b ..foo", {"name": "d/e/f", "content": "1"}, {"name": "/etc/x", "content": "2"},
             {"name": "a/../b", "content": "3"}, {"name": "..foo", "content": "4"}]
    assert run(server, "bash", *files)["stdout"] == "1234"


def test_same_name_twice_the_last_wins(server):
    """Same name twice: last wins"""
    files = ["cat data", {"name": "data", "content": "first"}, {"name": "data", "content": "second"}]
    assert run(server, "bash", *files)["stdout"] == "second"


def test_encodings_of_files(server):
    """Encodings: `utf8` `base64` `hex` (Node Buffer rules, sloppy base64 ok); any other value is treated as utf8"""
    raw = bytes(range(256))
    files = ["sha256sum < a | cut -c 1-8; cat b c d",
             {"name": "a", "content": base64.b64encode(raw).decode(), "encoding": "base64"},
             {"name": "b", "content": " aG\nk_ ==x", "encoding": "base64"},
             {"name": "c", "content": "6869zz70", "encoding": "hex"},
             {"name": "d", "content": "68", "encoding": "latin1"}]
    import hashlib
    one = run(server, "bash", *files)
    assert one["stdout"].encode().startswith(hashlib.sha256(raw).hexdigest()[:8].encode() + b"\nhi")
    assert one["stdout"].endswith("hi68")


def test_main_file_is_the_first_code_file(server):
    """Main file = first code file"""
    files = [{"name": "data", "content": base64.b64encode(b"echo data").decode(), "encoding": "base64"},
             {"name": "one.sh", "content": "echo one"}, {"name": "two.sh", "content": "echo two"}]
    assert run(server, "bash", *files)["stdout"] == "one\n"


def test_files_belong_to_the_program(server):
    """Files mode 0644, owned by the box user"""
    one = run(server, "bash", 'stat -c %a "$0"; test -O "$0" && echo mine')
    assert one["stdout"] == "644\nmine\n"


def test_program_knows_its_language(server):
    """`PISTON_LANGUAGE=<language>`"""
    assert run(server, "sh", "echo $PISTON_LANGUAGE")["stdout"] == execute(server, "sh", "")["language"] + "\n"


def test_several_sources_are_compiled_together(server, c):
    """compile script argv = names of all code files"""
    files = [{"name": "main.c", "content": "int f(void); int main(void) { return f(); }"},
             {"name": "f.c", "content": '#include "f.h"\nint f(void) { return N; }'},
             {"name": "f.h", "content": "#define N 7\n"}]
    assert execute(server, c, *files)["run"]["code"] == 7


# What stays, what goes

def test_background_processes_end_with_the_program(server):
    """Background processes are killed when the wrapper exits; answer is not delayed by them"""
    one = run(server, "bash", "sleep 1000 & echo done", run_timeout=3000)
    assert (one["stdout"], one["code"]) == ("done\n", 0)
    assert one["wall_time"] < 2500


def test_runs_do_not_see_each_other(server):
    run(server, "bash", "echo secret > /tmp/x; echo secret > /box/x 2>/dev/null; echo secret > x")
    assert run(server, "bash", "cat /tmp/x /box/x x 2>/dev/null")["stdout"] == ""


def test_network_is_a_loopback_of_its_own(server):
    """own net namespace with only a working `lo` (connect -> ECONNREFUSED, not ENETUNREACH)"""
    source = ("import socket, errno\ns = socket.socket()\n"
              "print(errno.errorcode[s.connect_ex(('127.0.0.1', %d))])" % server.port)
    assert run(server, "python", source)["stdout"] == "ECONNREFUSED\n"


def test_many_clients_at_once(server):
    """at most max_concurrent_jobs; the rest wait FIFO"""
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda i: run(server, "bash", f"echo {i}")["stdout"], range(40)))
    assert answers == [f"{i}\n" for i in range(40)]


def test_gateway_paths_run_programs_too(server):
    """Serving `/api/v2/piston/*` as aliases makes every hard-coded client work by changing only the host"""
    assert run(server, "bash", "echo hi", path="/api/v2/piston/execute")["stdout"] == "hi\n"
