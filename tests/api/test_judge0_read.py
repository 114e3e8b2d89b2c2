# SPDX-License-Identifier: Apache-2.0
"""Judge0's API, sections 4 and 7 of its contract: read, and base64."""
import re

import pytest

from support.judge0 import (ALL_FIELDS, C, DEFAULT_FIELDS, NO_TOKEN, PYTHON, archive, create, decode, encode, finished, run, show,
                            submit)

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
DECIMAL = re.compile(r"^(0|[1-9]\d*)\.(\d|\d*[1-9])$")


@pytest.fixture(scope="module")
def token(judge0):
    """Of a finished submission that has something in every text."""
    one = submit(judge0, "import sys; print(input()); print('e', file=sys.stderr); sys.exit(3)", stdin="in", expected_output="x",
                 command_line_arguments="a b")
    finished(judge0, one)
    return one


@pytest.mark.parametrize("query", [{}, {"fields": ""}, {"fields": ","}])
def test_the_default_set_has_its_order(judge0, token, query):
    """`fields` absent/empty/"," -> default set. Default set, in wire order: `stdout, time, memory, stderr, token,
    compile_output, message, status`."""
    answer = show(judge0, token, **query)
    assert answer.status == 200
    assert list(answer.json()) == DEFAULT_FIELDS


@pytest.mark.parametrize("fields", ["*", "stdout,*", "*,*"])
def test_all_fields_have_their_order(judge0, token, fields):
    """`*` anywhere -> all. All (1.13.1), in wire order: source_code, language_id, ..."""
    assert list(show(judge0, token, fields=fields).json()) == ALL_FIELDS


def test_order_is_not_that_of_the_question(judge0, token):
    """Attribute **order is fixed** (the table's), not the order asked for"""
    shown = show(judge0, token, fields="status,token,stdout,source_code,stdout").json()
    assert list(shown) == ["source_code", "stdout", "token", "status"]


@pytest.mark.parametrize("fields, unknown", [("id", "id"), ("stdout, time", " time"), ("STDOUT", "STDOUT")])
def test_unknown_fields_are_refused(judge0, token, fields, unknown):
    """(`id` is not a field -> "invalid fields: [id]".)"""
    answer = show(judge0, token, fields=fields)
    assert (answer.status, answer.json()) == (400, {"error": f"invalid fields: [{unknown}]"})


def test_types_of_a_finished_one(judge0, token):
    """`status` = `{"id":3,"description":"Accepted"}`; `language` = `{"id":71,"name":"Python (3.8.1)"}`; `status_id`, `language_id`
    ints. **Decimals are strings**: time, wall_time, cpu_time_limit, ...: shortest form with at least one decimal. memory, limits,
    exit_code: numbers. Times `2026-11-22T05:16:04.399Z` (UTC, always 3 decimals)."""
    shown = show(judge0, token, fields="*").json()
    assert shown["status"] == {"id": 11, "description": "Runtime Error (NZEC)"}
    assert shown["status_id"] == 11
    assert shown["language_id"] == 71
    assert list(shown["language"]) == ["id", "name"]
    assert re.match(r"^Python \(\d+\.\d+\.\d+\)$", shown["language"]["name"])
    for name in ("time", "wall_time", "cpu_time_limit", "cpu_extra_time", "wall_time_limit"):
        assert isinstance(shown[name], str) and DECIMAL.match(shown[name]), (name, shown[name])
    for name in ("memory", "memory_limit", "stack_limit", "max_file_size", "exit_code", "number_of_runs"):
        assert type(shown[name]) is int, name
    assert TIME.match(shown["created_at"]) and TIME.match(shown["finished_at"])
    assert shown["created_at"] <= shown["finished_at"]
    assert (shown["stdout"], shown["stderr"], shown["stdin"], shown["exit_code"], shown["exit_signal"]) == (
        "in\n", "e\n", "in", 3, None)
    assert shown["message"] == "Exited with error status 3"


@pytest.mark.parametrize("limit, text", [("0.016", "0.016"), ("0.020", "0.02"), ("5", "5.0"), ("0", "0.0"), ("2.50", "2.5")])
def test_decimals_are_short(judge0, limit, text):
    """"0.016", "0.02" (not 0.020), "5.0", "0.0", "2.5"."""
    assert show(judge0, submit(judge0, cpu_time_limit=limit), fields="cpu_time_limit").json() == {"cpu_time_limit": text}


def test_what_has_not_run_has_nothing(start_with):
    """Not run yet / running: stdout.. null, status 1 or 2. finished_at null until done."""
    server = start_with("", "--paused")
    shown = show(server, submit(server), fields="*").json()
    assert shown["status"] == {"id": 1, "description": "In Queue"}
    for name in ("stdout", "stderr", "compile_output", "message", "time", "wall_time", "memory", "exit_code", "exit_signal",
                 "finished_at"):
        assert shown[name] is None, name
    assert TIME.match(shown["created_at"])


def test_what_runs_is_processing(judge0):
    """status 1 or 2"""
    one = submit(judge0, "import time; time.sleep(1)")
    seen = set()
    while (status := show(judge0, one).json()["status"])["id"] < 3:
        seen.add((status["id"], status["description"]))
    assert (2, "Processing") in seen
    assert seen <= {(1, "In Queue"), (2, "Processing")}


def test_empty_outputs_are_null(judge0):
    """Empty stdout/stderr/compile_output -> null, never ""."""
    shown = run(judge0, "int main(void) { return 0; }", C)
    assert (shown["stdout"], shown["stderr"], shown["compile_output"], shown["message"]) == (None, None, None, None)


def test_stdin_stays_as_it_came(judge0):
    """stdin "" stays "" and null stays null."""
    assert show(judge0, submit(judge0, stdin=""), fields="stdin,expected_output").json() == {"stdin": "", "expected_output": None}


def test_unknown_tokens_are_404(judge0):
    """404 for unknown token"""
    assert show(judge0, NO_TOKEN).status == 404
    assert show(judge0, NO_TOKEN, fields="bad").status == 400


def test_finished_is_seen_at_once(judge0):
    """Server caches the record for SUBMISSION_CACHE_DURATION (1 s) ... No need to copy."""
    shown = run(judge0, "print(1)")
    assert show(judge0, shown["token"]).json()["status"]["id"] == 3


# --- base64 -----------------------------------------------------------------------------------------------------------


def test_texts_are_decoded_when_asked(judge0):
    """In (when on): source_code, stdin, expected_output are decoded. Not decoded: compiler_options, command_line_arguments,
    callback_url."""
    shown = run(judge0, encode("import sys; print(input(), sys.argv[1])"), base64_encoded="true", stdin=encode("in"),
                expected_output=encode("in YQ=="), command_line_arguments="YQ==")
    assert shown["status"]["id"] == 3
    assert shown["command_line_arguments"] == "YQ=="
    assert show(judge0, shown["token"], fields="source_code,stdin,expected_output").json() == {
        "source_code": "import sys; print(input(), sys.argv[1])", "stdin": "in", "expected_output": "in YQ=="}


@pytest.mark.parametrize("value", ["TRUE", "1", "yes", "false", ""])
def test_only_true_turns_base64_on(judge0, value):
    """**false**: only the exact string `"true"` turns it on"""
    answer = create(judge0, {"source_code": "print(1)", "language_id": PYTHON}, wait="true", base64_encoded=value)
    assert answer.json()["stdout"] == "1\n"


@pytest.mark.parametrize("text", ["cHJpbnQoMSk", "cHJp\nbnQo\r\nMSk=", "cHJpbnQ!oMSk=", " cHJpbnQoMSk=\n"])
def test_decoding_never_fails(judge0, text):
    """decoding never fails: foreign characters and newlines skipped, missing padding fine"""
    assert run(judge0, text, base64_encoded="true")["stdout"] == encode("1\n")


def test_garbage_decodes_to_something(judge0):
    """("print(1)" decodes to garbage and runs)"""
    assert run(judge0, "print(1)", base64_encoded="true")["status"]["id"] == 11


def test_texts_are_encoded_when_asked(judge0, token):
    """Out (when on): source_code, stdin, expected_output, stdout, stderr, compile_output **and message** are encoded ... null
    stays null."""
    plain = show(judge0, token, fields="*").json()
    shown = show(judge0, token, fields="*", base64_encoded="true").json()
    texts = ["source_code", "stdin", "expected_output", "stdout", "stderr", "compile_output", "message"]
    for name in texts:
        assert shown[name] == (None if plain[name] is None else encode(plain[name])), name
    assert shown["message"] == encode("Exited with error status 3")
    assert {name: shown[name] for name in shown if name not in texts} == {
        name: plain[name] for name in plain if name not in texts}


def test_files_are_always_base64(judge0):
    """additional_files always decoded; additional_files always encoded."""
    zipped = archive({"a.txt": "from a file"})
    for on in ("true", "false"):
        source = "print(open('a.txt').read())"
        shown = run(judge0, encode(source) if on == "true" else source, base64_encoded=on, additional_files=zipped)
        assert shown["additional_files"] == zipped
        assert shown["stdout"] == (encode("from a file\n") if on == "true" else "from a file\n")


def test_base64_is_on_one_line(judge0, start_with):
    """Encoded form: lines of 60 characters, each ended by "\\n". Here on one line (15.1), unless compat.base64_wrap is set."""
    shown = run(judge0, encode("print('x' * 100)"), base64_encoded="true")
    assert shown["stdout"] == encode("x" * 100 + "\n")
    wrapped = run(start_with("", "--compat-base64-wrap"), encode("print('x' * 100)"), base64_encoded="true")
    lines = wrapped["stdout"].split("\n")
    assert lines[-1] == "" and [len(line) for line in lines[:-1]] == [60, 60, 16]
    assert decode(wrapped["stdout"]) == b"x" * 100 + b"\n"
    assert wrapped["source_code"].endswith("\n")


def test_valid_utf8_is_shown_as_it_is(judge0):
    """Sensible replacement: return valid UTF-8 as is; error only for invalid UTF-8."""
    assert run(judge0, "print('\u00e9\u2603\U0001f600')")["stdout"] == "\u00e9\u2603\U0001f600\n"


def test_invalid_utf8_is_refused_without_base64(judge0):
    """400 `{"error":"some attributes for this submission cannot be converted to UTF-8, use base64_encoded=true query
    parameter"}`."""
    one = submit(judge0, "import os; os.write(1, bytes([0xc3, 10])); os.write(2, b'fine')")
    assert finished(judge0, one, base64_encoded="true")["stdout"] == encode(b"\xc3\n")
    answer = show(judge0, one)
    assert (answer.status, answer.json()) == (400, {
        "error": "some attributes for this submission cannot be converted to UTF-8, use base64_encoded=true query parameter"})
    assert show(judge0, one, fields="stderr,status_id").json() == {"status_id": 3, "stderr": "fine"}


def test_bytes_survive(judge0):
    source = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"
    every = bytes(range(256))
    shown = run(judge0, encode(source), base64_encoded="true", stdin=encode(every), expected_output=encode(every))
    assert decode(shown["stdout"]) == every
    assert shown["status"]["id"] == 3
