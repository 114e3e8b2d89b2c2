# SPDX-License-Identifier: Apache-2.0
"""Piston's API, section 3 of its contract: the checks, their order and their words."""
import pytest

from support.raw import ask

GOOD = {"language": "bash", "version": "*", "files": [{"content": "true"}]}


def refusal(server, body, status=400):
    answer = ask(server, "POST", "/api/v2/execute", body)
    assert answer.status == status, answer
    assert list(answer.json()) == ["message"]
    return answer.json()["message"]


def without(key, **more):
    return {name: value for name, value in {**GOOD, **more}.items() if name != key}


@pytest.mark.parametrize("value", [None, "", 5, [], {}, True])
def test_language_must_be_text(server, value):
    """1. `language is required as a string` (missing, empty or not a string)"""
    assert refusal(server, dict(GOOD, language=value)) == "language is required as a string"


@pytest.mark.parametrize("value", [None, "", 3.9, [], {}, True])
def test_version_must_be_text(server, value):
    """2. `version is required as a string` (same; "" fails)"""
    assert refusal(server, dict(GOOD, version=value)) == "version is required as a string"


@pytest.mark.parametrize("value", [None, "", "x", 5, {}, True, False])
def test_files_must_be_an_array(server, value):
    """3. `files is required as an array`"""
    assert refusal(server, dict(GOOD, files=value)) == "files is required as an array"


@pytest.mark.parametrize("bad", [{}, {"content": None}, {"content": 5}, {"content": []}, 5, "x", None])
def test_content_must_be_text(server, bad):
    """4. `files[i].content is required as a string` (first bad i; "" is allowed); `files:[null]` is 400 `{}` in
    Piston and has a message here"""
    files = [{"content": ""}, bad, bad]
    assert refusal(server, dict(GOOD, files=files)) == "files[1].content is required as a string"


def test_missing_keys_are_told_in_order(server):
    assert refusal(server, {}) == "language is required as a string"
    assert refusal(server, without("version", files=None)) == "version is required as a string"
    assert refusal(server, without("files")) == "files is required as an array"
    assert refusal(server, dict(GOOD, language="nothing", files=[{}])) == "files[0].content is required as a string"
    assert refusal(server, dict(GOOD, language="nothing", files=[])) == "nothing-* runtime is unknown"
    assert refusal(server, dict(GOOD, files=[], run_timeout="x")) == "files must include at least one utf8 encoded file"
    assert refusal(server, dict(GOOD, run_timeout="x", stdin=5)) == "If specified, run_timeout must be a number"


@pytest.mark.parametrize("language,version", [
    ("nothing", "*"), ("bash", "latest"), ("bash", "0.0.1"), ("BASH", "*"), ("bash", "1.2.3.4"), ("bash", ">=99"),
    ("b\u00e4sh", "\u2603"), ("bash ", "*")])
def test_unknown_runtime_is_told_as_sent(server, language, version):
    """5. `<language>-<version> runtime is unknown` (as sent; bad semver, `latest`, wrong case all land here)"""
    body = dict(GOOD, language=language, version=version)
    assert refusal(server, body) == f"{language}-{version} runtime is unknown"


@pytest.mark.parametrize("files", [
    [], [{"content": "", "encoding": "base64"}], [{"content": "", "encoding": "hex"}],
    [{"content": "", "encoding": "latin1"}], [{"content": "", "encoding": "UTF8"}], [{"content": "", "encoding": 1}]])
def test_one_file_must_be_utf8(server, files):
    """6. `files must include at least one utf8 encoded file` (also for `files: []`; a file counts if encoding is
    missing, empty or exactly `utf8`)"""
    assert refusal(server, dict(GOOD, files=files)) == "files must include at least one utf8 encoded file"


NAMES = ["compile_memory_limit", "run_memory_limit", "compile_timeout", "run_timeout", "compile_cpu_time", "run_cpu_time"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ["1", True, [], {}])
def test_limits_must_be_numbers(server, name, value):
    """7. of the truthy ones: `If specified, <name> must be a number`"""
    assert refusal(server, dict(GOOD, **{name: value})) == f"If specified, {name} must be a number"


@pytest.mark.parametrize("name,limit", zip(NAMES, [1073741824, 536870912, 10000, 3000, 10000, 3000]))
def test_limits_cannot_exceed_what_is_configured(server, name, limit):
    """`<name> cannot exceed the configured limit of <n>`"""
    message = f"{name} cannot exceed the configured limit of {limit}"
    assert refusal(server, dict(GOOD, **{name: limit + 1})) == message
    assert refusal(server, dict(GOOD, **{name: 1e300})) == message


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [-2, -0.5, -1e300])
def test_limits_must_be_non_negative(server, name, value):
    """`<name> must be non-negative`; -1 alone is what Piston's clients send, and is taken"""
    assert refusal(server, dict(GOOD, **{name: value})) == f"{name} must be non-negative"


def test_limits_are_told_in_order(server):
    """for memory_limit, timeout, cpu_time - compile then run each"""
    bad = {name: "x" for name in NAMES}
    for name in NAMES:
        assert refusal(server, dict(GOOD, **bad)) == f"If specified, {name} must be a number"
        del bad[name]


@pytest.mark.parametrize("value", [5, 1.5, {}, True, False])
def test_stdin_of_another_type_is_told(server, value):
    """8. `stdin` a number/object: 400 `{}` in Piston, with a message here"""
    assert refusal(server, dict(GOOD, stdin=value)) == "stdin must be a string"


@pytest.mark.parametrize("value,message", [
    (5, "args must be an array of strings"), ({}, "args must be an array of strings"),
    (True, "args must be an array of strings"), ([["a"]], "args[0] must be a string"),
    (["a", {}], "args[1] must be a string"), (["a\0b"], "args[0] must not hold a NUL character")])
def test_args_that_cannot_be_passed_are_told(server, value, message):
    """object or NUL byte -> 500 in Piston, 400 with a message here"""
    assert refusal(server, dict(GOOD, args=value)) == message


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/../x"])
def test_names_that_escape_are_refused(server, name):
    """Name that leaves the dir -> the message `File path "../x" tries to escape parent directory: ../x`"""
    message = refusal(server, dict(GOOD, files=[{"name": name, "content": ""}]))
    assert message.startswith(f'File path "{name}" tries to escape parent directory: ')


@pytest.mark.parametrize("name", [".", "a/", "a/..", "/", "a\0b", "x" * 256, "/".join("x" * 65), 5, {}, ["x"], True])
def test_names_that_are_none_are_refused_with_their_key(server, name):
    """`.`/`a/` -> 500, `name` not a string -> 500 in Piston; NUL in names"""
    assert refusal(server, dict(GOOD, files=[{"name": name, "content": ""}])).startswith("files[0].name")


def test_a_file_cannot_be_a_directory_too(server):
    files = [{"name": "a", "content": ""}, {"name": "a/b", "content": ""}]
    assert "'a' is a file and a directory" in refusal(server, dict(GOOD, files=files))


def test_configured_limits_bind_and_stock_values_are_clamped(start):
    """node-piston, pyston, piston_rs, Piston4J all send -1, 10000 and 3000 on every request: on purpose they work
    also where lower limits are configured; every other value above a limit is Piston's 400"""
    one = start(env={"PISTON_RUN_TIMEOUT": "1000", "PISTON_COMPILE_TIMEOUT": "2000", "PISTON_RUN_MEMORY_LIMIT": "100000000"})
    stock = {"compile_timeout": 10000, "run_timeout": 3000, "compile_memory_limit": -1, "run_memory_limit": -1}
    answer = ask(one, "POST", "/api/v2/execute", dict(GOOD, **stock))
    assert answer.status == 200, answer
    slow = dict(GOOD, files=[{"content": "sleep 20"}], **stock)
    run = ask(one, "POST", "/api/v2/execute", slow).json()["run"]
    assert run["status"] == "TO"
    assert run["wall_time"] < 3000
    assert refusal(one, dict(GOOD, run_timeout=2999)) == "run_timeout cannot exceed the configured limit of 1000"
    assert refusal(one, dict(GOOD, run_timeout=10000)) == "run_timeout cannot exceed the configured limit of 1000"
    assert refusal(one, dict(GOOD, compile_timeout=3000)) == "compile_timeout cannot exceed the configured limit of 2000"


@pytest.mark.parametrize("value", [0, None, False, "", -1])
def test_no_limit_means_the_configured_one(start, value):
    """0 (or false, "") -> no limit at all in Piston (issue #705); on purpose clamped to the configured maximum"""
    one = start(env={"PISTON_RUN_TIMEOUT": "500"})
    body = dict(GOOD, files=[{"content": "sleep 20"}], run_timeout=value)
    run = ask(one, "POST", "/api/v2/execute", body).json()["run"]
    assert (run["status"], run["message"]) == ("TO", "Time limit exceeded (wall clock)")


def test_memory_limit_is_in_kilobytes_for_both_stages(server):
    """`memory_limit` is KB for both stages and yields to compile_memory_limit/run_memory_limit (bytes)"""
    assert refusal(server, dict(GOOD, memory_limit=524289)) == "memory_limit cannot exceed the configured limit of 524288"
    assert refusal(server, dict(GOOD, memory_limit=-5)) == "memory_limit must be non-negative"
    assert refusal(server, dict(GOOD, memory_limit="x")) == "If specified, memory_limit must be a number"


def test_memory_limit_holds_and_yields_to_the_specific_ones(server):
    """likewise"""
    if ask(server, "GET", "/health").json()["sandbox"]["cgroup"] == "none":
        pytest.skip("this host gives no memory limit")
    body = {"language": "python", "version": "*", "files": [{"content": "x = bytearray(200_000_000); print(len(x))"}]}
    assert ask(server, "POST", "/api/v2/execute", body).json()["run"]["stdout"] == "200000000\n"
    assert ask(server, "POST", "/api/v2/execute", dict(body, memory_limit=65536)).json()["run"]["code"] != 0
    both = dict(body, memory_limit=65536, run_memory_limit=400_000_000)
    assert ask(server, "POST", "/api/v2/execute", both).json()["run"]["stdout"] == "200000000\n"


def test_limit_overrides_count_for_one_language(start):
    """Limit per runtime = env override for that language name || package's limit_overrides || global"""
    one = start(env={"PISTON_RUN_TIMEOUT": "1000", "PISTON_LIMIT_OVERRIDES": '{"bash":{"run_timeout":5000,"output_max_size":10}}'})
    assert refusal(one, dict(GOOD, run_timeout=5001)) == "run_timeout cannot exceed the configured limit of 5000"
    python = dict(GOOD, language="python", run_timeout=1001)
    assert refusal(one, python) == "run_timeout cannot exceed the configured limit of 1000"
    run = ask(one, "POST", "/api/v2/execute", dict(GOOD, files=[{"content": "echo 0123456789abcdef"}])).json()["run"]
    assert (run["status"], run["stdout"]) == ("OL", "0123456789")


@pytest.mark.parametrize("text,key", [('{"bash":{"run_time":1}}', "bash.run_time"), ("{", "piston.limit_overrides"),
                                      ('{"bash":5}', "bash")])
def test_bad_overrides_stop_the_start(start, text, key):
    """unknown key = invalid"""
    with pytest.raises(RuntimeError, match=key):
        start(env={"PISTON_LIMIT_OVERRIDES": text})
