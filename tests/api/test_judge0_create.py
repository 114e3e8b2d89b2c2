# SPDX-License-Identifier: Apache-2.0
"""Judge0's API, section 3 of its contract: create, its casts, and every row of its table of validations."""
import pytest

from support.judge0 import (ALL_FIELDS, C, DEFAULT_FIELDS, MULTI, PYTHON, TOKEN, archive, create, encode, errors, finished, run,
                            show, submit)
from support.raw import ask

GOOD = {"source_code": "print(1)", "language_id": PYTHON}
COMPILED = {"source_code": "int main(void) { return 0; }", "language_id": C}


@pytest.mark.parametrize("query", [{}, {"wait": "false"}, {"wait": "1"}, {"wait": "TRUE"}, {"fields": "stdout,time"}, {"fields": "*"}])
def test_without_wait_there_is_a_token_only(judge0, query):
    """Default (no wait): 201 `{"token":"<uuid v4>"}` only, whatever `fields` says"""
    answer = create(judge0, GOOD, **query)
    assert answer.status == 201
    assert list(answer.json()) == ["token"]
    assert TOKEN.match(answer.json()["token"])


def test_wrong_fields_are_refused_without_wait_too(judge0):
    """(but invalid `fields` is still 400); 400 `{"error":"invalid fields: [bad,  stderr]"}` (joined by ", ", unknown names
    verbatim, names are not trimmed)"""
    answer = create(judge0, GOOD, fields="stdout,bad, stderr")
    assert (answer.status, answer.json()) == (400, {"error": "invalid fields: [bad,  stderr]"})


# --- attributes -------------------------------------------------------------------------------------------------------

DEFAULTS = {
    "compiler_options": None, "command_line_arguments": None, "number_of_runs": 1, "stdin": None, "expected_output": None,
    "cpu_time_limit": "5.0", "cpu_extra_time": "1.0", "wall_time_limit": "10.0", "memory_limit": 128000, "stack_limit": 64000,
    "max_processes_and_or_threads": 60, "enable_per_process_and_thread_time_limit": False,
    "enable_per_process_and_thread_memory_limit": False, "max_file_size": 1024, "redirect_stderr_to_stdout": False,
    "enable_network": False, "callback_url": None, "additional_files": None,
}


def kept(server, **attributes):
    return show(server, submit(server, **attributes), fields="*").json()


def test_defaults_are_judge0s(judge0):
    """the table of request attributes, its column "default (env)" """
    shown = kept(judge0)
    assert {name: shown[name] for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize("empty", [None, ""])
def test_null_and_empty_are_the_default(judge0, empty):
    """null or "" -> default."""
    names = [name for name in DEFAULTS if name not in ("stdin", "expected_output", "compiler_options", "command_line_arguments",
                                                       "callback_url", "additional_files")]
    shown = kept(judge0, **{name: empty for name in names})
    assert {name: shown[name] for name in names} == {name: DEFAULTS[name] for name in names}


@pytest.mark.parametrize("name, sent, seen", [
    ("cpu_time_limit", "1.5", "1.5"), ("cpu_time_limit", 2, "2.0"), ("cpu_time_limit", 0.25, "0.25"), ("cpu_time_limit", 15, "15.0"),
    ("cpu_time_limit", 0, "0.0"), ("cpu_extra_time", 0, "0.0"), ("wall_time_limit", "1", "1.0"), ("memory_limit", "2048", 2048),
    ("memory_limit", 2048.9, 2048), ("memory_limit", 512000, 512000), ("number_of_runs", 1.9, 1), ("number_of_runs", "2", 2),
    ("stack_limit", 0, 0), ("max_file_size", 0, 0), ("max_file_size", 4096, 4096), ("max_processes_and_or_threads", 120, 120)])
def test_numbers_are_cast(judge0, name, sent, seen):
    """Numeric strings fine (`"71"`, `"1.5"`); Floats for integer fields are accepted, range-checked as floats and truncated
    (2048.9 -> 2048, 1.9 -> 1)."""
    assert kept(judge0, **{name: sent})[name] == seen


@pytest.mark.parametrize("value", ["abc", "2x", "0x1", True])
@pytest.mark.parametrize("name", ["number_of_runs", "cpu_time_limit", "cpu_extra_time", "wall_time_limit", "memory_limit",
                                  "stack_limit", "max_processes_and_or_threads", "max_file_size"])
def test_what_is_no_number_is_refused(judge0, name, value):
    """`"abc"`, `"2x"`, `"0x1"`, `true` -> "is not a number" """
    assert errors(judge0, {**GOOD, name: value}) == {name: ["is not a number"]}


@pytest.mark.parametrize("value, seen", [("71", 71), (71.9, 71)])
def test_language_ids_are_cast(judge0, value, seen):
    """(except language_id: ... `71.9` -> 71 ...)"""
    assert kept(judge0, language=value)["language_id"] == seen


@pytest.mark.parametrize("value, id", [("abc", "0"), (True, "1"), (150000, "150000")])
def test_language_ids_that_are_none(judge0, value, id):
    """(except language_id: `"abc"` -> id 0, `true` -> id 1 ...); unknown | `language with id 150000 doesn't exist`"""
    found = errors(judge0, dict(GOOD, language_id=value))["language_id"]
    assert found == ([f"language with id {id} doesn't exist"] if id != "1"
                     else ["language with id 1 is archived and cannot be used anymore"])


@pytest.mark.parametrize("value", [[71], {}, None, ""])
def test_language_ids_that_are_missing(judge0, value):
    """`[71]` -> missing; language_id missing | `["can't be blank","language with id  doesn't exist"]` (two spaces)"""
    assert errors(judge0, dict(GOOD, language_id=value)) == {
        "language_id": ["can't be blank", "language with id  doesn't exist"]}


@pytest.mark.parametrize("value, seen", [
    (False, False), (0, False), ("0", False), ("f", False), ("F", False), ("false", False), ("FALSE", False), ("off", False),
    ("OFF", False), ("", False), (None, False), (True, True), (1, True), ("1", True), ("true", True), ("no", True), ("maybe", True)])
def test_booleans_are_cast(judge0, value, seen):
    """Booleans: false for false, 0, "0", "f", "F", "false", "FALSE", "off", "OFF"; "" and null -> default; **everything else
    true** (`"no"` and `"maybe"` are true)."""
    assert kept(judge0, redirect_stderr_to_stdout=value)["redirect_stderr_to_stdout"] is seen


@pytest.mark.parametrize("value, seen", [(123, "123"), (True, "t"), ([1], None), ({"a": 1}, None), ("a b", "a b"), ("", "")])
def test_strings_are_cast(judge0, value, seen):
    """Strings: numbers become their text (123 -> "123"), true -> "t", arrays/objects -> missing."""
    assert kept(judge0, stdin=value)["stdin"] == seen


def test_base64_wants_strings(judge0):
    """With base64 on, a non-string source/stdin/expected_output -> 500. (Here 400: nothing of the server's has failed.)"""
    for name in ("source_code", "stdin", "expected_output"):
        assert create(judge0, {**GOOD, name: 5}, base64_encoded="true").status == 400


# --- validations ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, "", " \n\t", [], {}])
def test_source_must_not_be_blank(judge0, value):
    """source_code blank (missing, null, whitespace only, array) | `can't be blank`"""
    assert errors(judge0, dict(GOOD, source_code=value)) == {"source_code": ["can't be blank"]}
    assert errors(judge0, {"language_id": PYTHON}) == {"source_code": ["can't be blank"]}


def test_89_has_no_source(judge0):
    """source_code present with 89 ("" and null are fine) | `must be blank`"""
    zipped = archive({"run": "echo 1"})
    body = {"language_id": MULTI, "additional_files": zipped}
    assert errors(judge0, dict(body, source_code="x")) == {"source_code": ["must be blank"]}
    for source in ("", None):
        assert create(judge0, dict(body, source_code=source)).status == 201


@pytest.mark.parametrize("value", [None, "", "====", "!"])
def test_89_has_files(judge0, value):
    """additional_files missing/empty/decodes to nothing with 89 | `can't be blank`"""
    assert errors(judge0, {"language_id": MULTI, "additional_files": value}) == {"additional_files": ["can't be blank"]}


def test_archived_languages_are_refused(judge0):
    """archived | `language with id 4 is archived and cannot be used anymore`"""
    assert errors(judge0, dict(GOOD, language_id=4)) == {
        "language_id": ["language with id 4 is archived and cannot be used anymore"]}


def test_a_language_that_is_not_installed_names_its_package(judge0):
    """(belljar's own) an id whose runtime is not installed gets the validation error that names the package to install"""
    here = {one["id"] for one in ask(judge0, "GET", "/languages").json()}
    missing = [id for id in range(45, 89) if id not in here]
    if not missing:
        pytest.skip("every language is installed here")
    for id in missing:
        (text,) = errors(judge0, dict(GOOD, language_id=id))["language_id"]
        assert str(id) in text and "install" in text, text


@pytest.mark.parametrize("name, value, message", [
    ("number_of_runs", 0, "must be greater than 0"), ("number_of_runs", 0.5, None), ("number_of_runs", -1, "must be greater than 0"),
    ("number_of_runs", 21, "must be less than or equal to 20"), ("number_of_runs", 20.5, "must be less than or equal to 20"),
    ("cpu_time_limit", -1, "must be greater than or equal to 0"), ("cpu_time_limit", 15.1, "must be less than or equal to 15.0"),
    ("cpu_extra_time", -0.1, "must be greater than or equal to 0"), ("cpu_extra_time", 6, "must be less than or equal to 5.0"),
    ("wall_time_limit", 0.9, "must be greater than or equal to 1"), ("wall_time_limit", 21, "must be less than or equal to 20.0"),
    ("memory_limit", 2047, "must be greater than or equal to 2048"), ("memory_limit", 2047.9, "must be greater than or equal to 2048"),
    ("memory_limit", 512001, "must be less than or equal to 512000"), ("stack_limit", -1, "must be greater than or equal to 0"),
    ("stack_limit", 128001, "must be less than or equal to 128000"), ("max_processes_and_or_threads", 0, "must be greater than 0"),
    ("max_processes_and_or_threads", 121, "must be less than or equal to 120"),
    ("max_file_size", -1, "must be greater than or equal to 0"), ("max_file_size", 4097, "must be less than or equal to 4096")])
def test_numbers_have_bounds(judge0, name, value, message):
    """number bounds | `must be greater than 0`, `must be greater than or equal to 0` / `1` / `2048`, `must be less than or equal
    to X` - X prints as `15.0` for the three time limits and as an integer for the others"""
    body = {**GOOD, name: value}
    if message is None:  # range-checked as a float
        assert create(judge0, body).status == 201
    else:
        assert errors(judge0, body) == {name: [message]}


@pytest.mark.parametrize("name", ["compiler_options", "command_line_arguments"])
def test_options_and_arguments_have_a_length(judge0, name):
    """too long | `is too long (maximum is 512 characters)`"""
    assert errors(judge0, {**COMPILED, name: "x" * 513}) == {name: ["is too long (maximum is 512 characters)"]}
    assert create(judge0, {**COMPILED, name: "\u00e9" * 512}).status == 201


def test_compiler_options_are_for_compiled_languages(judge0):
    """compiler options on a language without compile_cmd (incl. 89) | `setting compiler options is only allowed for compiled
    languages`"""
    message = ["setting compiler options is only allowed for compiled languages"]
    assert errors(judge0, dict(GOOD, compiler_options="-O2")) == {"compiler_options": message}
    multi = {"language_id": MULTI, "additional_files": archive({"run": "true"}), "compiler_options": "-O2"}
    assert errors(judge0, multi) == {"compiler_options": message}
    assert create(judge0, dict(COMPILED, compiler_options="-O2")).status == 201
    assert create(judge0, dict(GOOD, compiler_options="")).status == 201


def test_network_is_not_allowed(judge0):
    """ALLOW_ENABLE_NETWORK=false | `enabling network is not allowed` (which is belljar's default)"""
    assert errors(judge0, dict(GOOD, enable_network=True)) == {"enable_network": ["enabling network is not allowed"]}
    assert create(judge0, dict(GOOD, enable_network=False)).status == 201


FORBIDDING = """ALLOW_ENABLE_PER_PROCESS_AND_THREAD_TIME_LIMIT=false
ALLOW_ENABLE_PER_PROCESS_AND_THREAD_MEMORY_LIMIT=false
ENABLE_COMPILER_OPTIONS=false
ENABLE_COMMAND_LINE_ARGUMENTS=false
ENABLE_CALLBACKS=false
ENABLE_ADDITIONAL_FILES=false
ALLOW_ENABLE_NETWORK=false
"""


@pytest.mark.parametrize("name, value, message", [
    ("enable_per_process_and_thread_time_limit", True, "this option cannot be enabled"),
    ("enable_per_process_and_thread_memory_limit", True, "this option cannot be enabled"),
    ("compiler_options", "-O2", "setting compiler options is not allowed"),
    ("command_line_arguments", "x", "setting command line arguments is not allowed"),
    ("callback_url", "http://127.0.0.1:1/", "setting callback is not allowed"),
    ("additional_files", archive({"a": "b"}), "setting additional files is not allowed"),
    ("enable_network", True, "enabling network is not allowed")])
def test_options_can_be_forbidden(start_with, name, value, message):
    """per-process options not allowed | `this option cannot be enabled`; ENABLE_...=false | `setting ... is not allowed`"""
    assert errors(start_with(FORBIDDING), {**COMPILED, name: value}) == {name: [message]}


def test_forbidden_options_may_be_blank(start_with):
    """Blank/false values of forbidden options pass."""
    blank = {"enable_per_process_and_thread_time_limit": False, "enable_per_process_and_thread_memory_limit": "",
             "compiler_options": "", "command_line_arguments": None, "callback_url": "", "additional_files": "",
             "enable_network": False}
    assert create(start_with(FORBIDDING), {**COMPILED, **blank}).status == 201


@pytest.mark.parametrize("allowed, message", [
    ("C++ Java", "setting compiler options is only allowed for C++ and Java"),
    ("C++ Java Rust", "setting compiler options is only allowed for C++, Java and Rust"),
    ("Java", "setting compiler options is only allowed for Java")])
def test_options_can_be_for_some_languages(start_with, allowed, message):
    """ALLOWED_LANGUAGES_FOR_COMPILER_OPTIONS="C C++ Java" and another one | `setting compiler options is only allowed for C, C++
    and Java` (one entry: `... for C`). Match = language name starts with entry + space"""
    server = start_with(f'ALLOWED_LANGUAGES_FOR_COMPILER_OPTIONS="{allowed}"\n')
    assert errors(server, dict(COMPILED, compiler_options="-O2")) == {"compiler_options": [message]}


def test_c_is_no_prefix_of_cpp(start_with):
    """Match = language name starts with entry + space"""
    server = start_with('ALLOWED_LANGUAGES_FOR_COMPILER_OPTIONS="C"\n')
    assert create(server, dict(COMPILED, compiler_options="-O2")).status == 201
    here = {one["id"]: one["name"] for one in ask(server, "GET", "/languages").json()}
    if 54 in here:
        assert errors(server, dict(COMPILED, language_id=54, compiler_options="-O2")) == {
            "compiler_options": ["setting compiler options is only allowed for C"]}


def test_every_failing_field_is_told_in_order(judge0, start_with):
    """Every failing field is reported ... keys in this order: source_code, additional_files, language_id (presence),
    number_of_runs, ... (a later message joins the key's first position)."""
    bad = {"number_of_runs": 0, "cpu_time_limit": -1, "cpu_extra_time": -1, "wall_time_limit": 0, "memory_limit": 0,
           "stack_limit": -1, "max_processes_and_or_threads": 0, "max_file_size": -1, "compiler_options": "x" * 513,
           "command_line_arguments": "x" * 513, "enable_network": True, "language_id": 150000}
    shuffled = dict(sorted(bad.items()))
    assert list(errors(judge0, shuffled)) == [
        "source_code", "number_of_runs", "cpu_time_limit", "cpu_extra_time", "wall_time_limit", "memory_limit", "stack_limit",
        "max_processes_and_or_threads", "max_file_size", "compiler_options", "command_line_arguments", "language_id",
        "enable_network"]
    forbidden = {**shuffled, "language_id": None, "enable_per_process_and_thread_time_limit": True, "callback_url": "x",
                 "enable_per_process_and_thread_memory_limit": True, "additional_files": archive({"a": "b"})}
    told = errors(start_with(FORBIDDING), forbidden)
    assert list(told) == [
        "source_code", "language_id", "number_of_runs", "cpu_time_limit", "cpu_extra_time", "wall_time_limit", "memory_limit",
        "stack_limit", "max_processes_and_or_threads", "enable_per_process_and_thread_time_limit",
        "enable_per_process_and_thread_memory_limit", "max_file_size", "compiler_options", "command_line_arguments",
        "callback_url", "additional_files", "enable_network"]
    assert told["compiler_options"] == ["is too long (maximum is 512 characters)", "setting compiler options is not allowed"]


def test_messages_print_configured_limits(start_with):
    """X prints as `15.0` for the three time limits (also when configured as 7 -> `7.0`) and as an integer for the others"""
    server = start_with("MAX_CPU_TIME_LIMIT=7\nMAX_MEMORY_LIMIT=200000\nMAX_NUMBER_OF_RUNS=3\n")
    assert errors(server, dict(GOOD, cpu_time_limit=8, memory_limit=200001, number_of_runs=4)) == {
        "number_of_runs": ["must be less than or equal to 3"], "cpu_time_limit": ["must be less than or equal to 7.0"],
        "memory_limit": ["must be less than or equal to 200000"]}


# --- other errors -----------------------------------------------------------------------------------------------------


def test_wait_can_be_forbidden(start_with):
    """400 `{"error":"wait not allowed"}`"""
    server = start_with("ENABLE_WAIT_RESULT=false\n")
    answer = create(server, GOOD, wait="true")
    assert (answer.status, answer.json()) == (400, {"error": "wait not allowed"})
    assert create(server, GOOD, wait="false").status == 201


def test_a_full_queue_is_503(start_with):
    """503 `{"error":"queue is full"}` when queued jobs + new ones > MAX_QUEUE_SIZE (checked before validation, also for wait)"""
    server = start_with("MAX_QUEUE_SIZE=3\n", "--paused")
    tokens = [submit(server) for _ in range(3)]
    for body, query in ((GOOD, {}), ({}, {}), (GOOD, {"wait": "true"})):
        answer = create(server, body, **query)
        assert (answer.status, answer.json()) == (503, {"error": "queue is full"})
        assert int(answer.headers["Retry-After"]) > 0
    assert show(server, tokens[0]).json()["status"] == {"id": 1, "description": "In Queue"}


def test_a_batch_must_fit_whole(start_with):
    """503 `{"error":"queue is full"}` when queued jobs + new ones > MAX_QUEUE_SIZE"""
    server = start_with("MAX_QUEUE_SIZE=2\n", "--paused")
    answer = ask(server, "POST", "/submissions/batch", {"submissions": [GOOD] * 3})
    assert (answer.status, answer.json()) == (503, {"error": "queue is full"})
    assert ask(server, "POST", "/submissions/batch", {"submissions": [GOOD] * 2}).status == 201


def test_maintenance_says_its_message(start_with):
    """503 `{"error":"Judge0 is currently in maintenance."}` (text = MAINTENANCE_MESSAGE)."""
    answer = create(start_with("MAINTENANCE_MODE=true\n"), GOOD)
    assert (answer.status, answer.json()) == (503, {"error": "Judge0 is currently in maintenance."})
    answer = create(start_with("MAINTENANCE_MODE=true\nMAINTENANCE_MESSAGE='Back at 5.'\n"), GOOD)
    assert (answer.status, answer.json()) == (503, {"error": "Back at 5."})


# --- wait=true --------------------------------------------------------------------------------------------------------


def test_wait_answers_with_the_result(judge0):
    """201 with the finished submission (default fields, or `fields`), base64 per the parameter."""
    answer = create(judge0, GOOD, wait="true")
    assert answer.status == 201
    shown = answer.json()
    assert list(shown) == DEFAULT_FIELDS
    assert (shown["stdout"], shown["status"]) == ("1\n", {"id": 3, "description": "Accepted"})
    assert create(judge0, GOOD, wait="true", fields="status_id,stdout").json() == {"stdout": "1\n", "status_id": 3}
    encoded = dict(GOOD, source_code=encode("print(2)"))
    assert create(judge0, encoded, wait="true", fields="stdout", base64_encoded="true").json() == {"stdout": encode("2\n")}
    assert list(create(judge0, GOOD, wait="true", fields="*").json()) == ALL_FIELDS


def test_wait_is_kept_as_any_other(judge0):
    shown = create(judge0, GOOD, wait="true", fields="*").json()
    assert show(judge0, shown["token"], fields="*").json() == shown


def test_wait_with_text_that_cannot_be_shown(judge0):
    """If text cannot be shown: 201 `{"error":"some attributes for this submission cannot be converted to UTF-8, use
    base64_encoded=true query parameter","token":"..."}`."""
    answer = create(judge0, dict(GOOD, source_code="import os; os.write(1, bytes([255]))"), wait="true")
    assert answer.status == 201
    shown = answer.json()
    assert list(shown) == ["error", "token"]
    assert shown["error"] == ("some attributes for this submission cannot be converted to UTF-8, use base64_encoded=true query "
                              "parameter")
    assert show(judge0, shown["token"], base64_encoded="true").json()["stdout"] == "/w=="


def test_wait_ends_after_its_time(start_with):
    """(belljar's own, max_wait_result_timeout) after it `wait=true` answers 201 with the present state and the token"""
    server = start_with("[worker]\nmax_wait_result_timeout = 1\n", "--paused")
    answer = create(server, GOOD, wait="true")
    assert answer.status == 201
    assert answer.json()["status"] == {"id": 1, "description": "In Queue"}
    assert TOKEN.match(answer.json()["token"])


def test_what_waits_does_not_hold_up_others(judge0):
    token = submit(judge0, "import time; time.sleep(1)")
    assert run(judge0, "print(1)")["stdout"] == "1\n"
    assert finished(judge0, token)["status_id"] == 3
