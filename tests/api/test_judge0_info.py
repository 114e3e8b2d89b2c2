# SPDX-License-Identifier: Apache-2.0
"""Judge0's API, sections 8 and 9 of its contract: languages, statuses, and what tells of the server."""
import datetime
import re

import pytest

from support.judge0 import C, EXECUTABLE, MULTI, PLAIN, PYTHON, finished, submit
from support.raw import ask


def get(server, path):
    answer = ask(server, "GET", path)
    assert answer.status == 200, answer
    return answer.json()


# --- 8 ----------------------------------------------------------------------------------------------------------------


def test_active_languages(judge0):
    """GET /languages: active only, `[{"id":45,"name":"Assembly (NASM 2.14.02)"},...]` sorted by name. (Here: those that can run,
    with their true versions.)"""
    languages = get(judge0, "/languages")
    assert all(list(one) == ["id", "name"] for one in languages)
    ids = {one["id"]: one["name"] for one in languages}
    assert len(ids) == len(languages)
    assert {PLAIN, EXECUTABLE, MULTI, PYTHON, C} <= set(ids)
    assert all(43 <= id <= 113 for id in ids)
    assert ids[PLAIN] == "Plain Text" and ids[EXECUTABLE] == "Executable" and ids[MULTI] == "Multi-file program"
    assert re.match(r"^Python \(3\.\d+\.\d+\)$", ids[PYTHON])
    assert re.match(r"^C \(GCC \d+\.\d+\.\d+\)$", ids[C])
    names = [one["name"].casefold() for one in languages]
    letters = [re.sub(r"[^a-z0-9]", "", name) for name in names]
    assert names == sorted(names) or letters == sorted(letters)


def test_all_languages(judge0):
    """GET /languages/all: + archived, `{"id","name","is_archived"}`. 47 active (43-89), 42 archived (1-42)"""
    languages = get(judge0, "/languages/all")
    assert all(list(one) == ["id", "name", "is_archived"] for one in languages)
    archived = {one["id"]: one["name"] for one in languages if one["is_archived"]}
    assert set(range(1, 43)) <= set(archived)
    assert archived[4] == "C (gcc 7.2.0)"
    active = {one["id"] for one in get(judge0, "/languages")}
    assert active <= {one["id"] for one in languages if not one["is_archived"]}


def test_one_language(judge0):
    """GET /languages/:id (archived too): `{"id","name","is_archived","source_file","compile_cmd","run_cmd"}`, null where absent
    (89: all three null)."""
    keys = ["id", "name", "is_archived", "source_file", "compile_cmd", "run_cmd"]
    one = get(judge0, "/languages/71")
    assert list(one) == keys
    assert (one["id"], one["is_archived"], one["source_file"], one["compile_cmd"]) == (71, False, "script.py", None)
    assert "script.py" in one["run_cmd"]
    c = get(judge0, "/languages/50")
    assert (c["source_file"], c["is_archived"]) == ("main.c", False)
    assert c["compile_cmd"] and c["run_cmd"]
    old = get(judge0, "/languages/4")
    assert list(old) == keys
    assert (old["name"], old["is_archived"], old["source_file"]) == ("C (gcc 7.2.0)", True, "main.c")
    multi = get(judge0, "/languages/89")
    assert [multi[key] for key in keys[3:]] == [None, None, None]


def test_newer_ids_of_the_hosted_service(judge0):
    """These ids are hard-coded in very many apps (102, 105, 109, 100, 91, 108 most)."""
    for id in (92, 100, 109):
        token = submit(judge0, "print('new')", language=id)
        shown = finished(judge0, token)
        assert (shown["stdout"], shown["language"]["id"]) == ("new\n", id)


def test_the_other_flavour_has_its_own_ids(start_with):
    """Extra ids 1-33 collide with CE's archived ids: a server is one flavour or the other."""
    languages = {one["id"]: one for one in get(start_with("", "--judge0-flavour", "extra"), "/languages/all")}
    assert MULTI in languages and 43 not in languages
    assert not languages[1]["is_archived"]
    assert languages[16]["is_archived"] and languages[19]["is_archived"]


STATUSES = ["In Queue", "Processing", "Accepted", "Wrong Answer", "Time Limit Exceeded", "Compilation Error",
            "Runtime Error (SIGSEGV)", "Runtime Error (SIGXFSZ)", "Runtime Error (SIGFPE)", "Runtime Error (SIGABRT)",
            "Runtime Error (NZEC)", "Runtime Error (Other)", "Internal Error", "Exec Format Error"]


def test_statuses(judge0):
    """GET /statuses: `[{"id","description"}]`: 1 In Queue, 2 Processing, ... **The SDK crashes on any other id.**"""
    assert get(judge0, "/statuses") == [{"id": n + 1, "description": text} for n, text in enumerate(STATUSES)]


# --- 9 ----------------------------------------------------------------------------------------------------------------


def test_about(judge0):
    """/about `{"version","homepage","source_code","maintainer"}`; /about version must stay "1.13.1" or "1.14.0" (SDK table)"""
    about = get(judge0, "/about")
    assert list(about) == ["version", "homepage", "source_code", "maintainer"]
    assert about["version"] == "1.13.1"


@pytest.mark.parametrize("path, text", [("/version", "1.13.1"), ("/license", None), ("/isolate", None)])
def test_plain_texts(judge0, path, text):
    """/version plain `1.13.1`; /license plain GPL text; /isolate plain output (here: belljar's own licence, and what runs
    programs)"""
    answer = ask(judge0, "GET", path)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.body.decode() == text if text else len(answer.body) > 10


def test_version_can_be_chosen(start_with):
    server = start_with("JUDGE0_VERSION=1.14.0\n")
    assert ask(server, "GET", "/version").body == b"1.14.0"
    assert get(server, "/about")["version"] == "1.14.0"
    assert get(server, "/workers")[0]["queue"] == "1.14.0"


CONFIG = {
    "maintenance_mode": False, "enable_wait_result": True, "enable_compiler_options": True,
    "allowed_languages_for_compile_options": [], "enable_command_line_arguments": True, "enable_submission_delete": False,
    "enable_callbacks": True, "callbacks_max_tries": 3, "callbacks_timeout": 5.0, "enable_additional_files": True,
    "max_queue_size": 10000, "cpu_time_limit": 5.0, "max_cpu_time_limit": 15.0, "cpu_extra_time": 1.0, "max_cpu_extra_time": 5.0,
    "wall_time_limit": 10.0, "max_wall_time_limit": 20.0, "memory_limit": 128000, "max_memory_limit": 512000,
    "stack_limit": 64000, "max_stack_limit": 128000, "max_processes_and_or_threads": 60,
    "max_max_processes_and_or_threads": 120, "enable_per_process_and_thread_time_limit": False,
    "allow_enable_per_process_and_thread_time_limit": True, "enable_per_process_and_thread_memory_limit": False,
    "allow_enable_per_process_and_thread_memory_limit": True, "max_file_size": 1024, "max_max_file_size": 4096,
    "number_of_runs": 1, "max_number_of_runs": 20, "redirect_stderr_to_stdout": False, "max_extract_size": 10240,
    "enable_batched_submissions": True, "max_submission_batch_size": 20, "submission_cache_duration": 1.0,
    "use_docs_as_homepage": False, "allow_enable_network": False, "enable_network": False,
}


def test_config_info_has_39_keys_in_order(judge0):
    """/config_info: flat object, in this order: ... Here decimals are JSON numbers with a decimal (5.0, 1.0)."""
    answer = ask(judge0, "GET", "/config_info")
    shown = answer.json()
    assert len(shown) == 39
    assert list(shown) == list(CONFIG)
    assert {**shown, "callbacks_timeout": 5.0, "submission_cache_duration": 1.0} == CONFIG
    for name in ("cpu_time_limit", "max_cpu_time_limit", "cpu_extra_time", "max_cpu_extra_time", "wall_time_limit",
                 "max_wall_time_limit"):
        assert f'"{name}":{CONFIG[name]}'.encode() in answer.body, name


def test_config_info_tells_what_is_configured(start_with):
    shown = get(start_with("MAX_CPU_TIME_LIMIT=7\nMAX_QUEUE_SIZE=5\nALLOWED_LANGUAGES_FOR_COMPILER_OPTIONS='C C++'\n"
                           "ENABLE_CALLBACKS=false\nMAX_EXTRACT_SIZE=100\n"), "/config_info")
    assert (shown["max_cpu_time_limit"], shown["max_queue_size"], shown["enable_callbacks"], shown["max_extract_size"],
            shown["allowed_languages_for_compile_options"]) == (7.0, 5, False, 100, ["C", "C++"])


def test_system_info(judge0):
    """/system_info: every `lscpu` line as "label": "value" (strings), plus "Mem" and "Swap" = total column of `free -h`."""
    shown = get(judge0, "/system_info")
    assert all(isinstance(value, str) for value in shown.values())
    assert {"Architecture", "CPU(s)", "Mem", "Swap"} <= set(shown)
    assert int(shown["CPU(s)"]) > 0


def test_statistics(judge0):
    """/statistics: `{"created_at","cached_until" (+10 min; offset form "+00:00"),"submissions":{"total","today","last_30_days":
    {"YYYY-MM-DD":n,...30 keys, yesterday first}},"languages":[...],"statuses":[...],"database":{"size_pretty","size_in_bytes"}}`;
    both lists by count descending; note `name`, not description."""
    for _ in range(2):
        finished(judge0, submit(judge0))
    shown = get(judge0, "/statistics?invalidate_cache=true")
    assert list(shown) == ["created_at", "cached_until", "submissions", "languages", "statuses", "database"]
    created, until = (datetime.datetime.fromisoformat(shown[name]) for name in ("created_at", "cached_until"))
    assert until - created == datetime.timedelta(minutes=10)
    assert shown["created_at"].endswith("+00:00")
    counts = shown["submissions"]
    assert list(counts) == ["total", "today", "last_30_days"]
    assert counts["total"] >= 2 and counts["today"] <= counts["total"]
    days = list(counts["last_30_days"])
    assert days == [str(created.date() - datetime.timedelta(days=n)) for n in range(1, 31)]
    assert list(shown["languages"][0]) == ["language", "count"] and list(shown["languages"][0]["language"]) == ["id", "name"]
    assert list(shown["statuses"][0]) == ["status", "count"] and list(shown["statuses"][0]["status"]) == ["id", "name"]
    for name in ("languages", "statuses"):
        numbers = [one["count"] for one in shown[name]]
        assert numbers == sorted(numbers, reverse=True)
    assert list(shown["database"]) == ["size_pretty", "size_in_bytes"]
    assert re.match(r"^\d+ (bytes|kB|MB|GB|TB)$", shown["database"]["size_pretty"])
    assert type(shown["database"]["size_in_bytes"]) is int


def test_statistics_are_cached(judge0):
    """"cached_until" (+10 min)"""
    first = get(judge0, "/statistics?invalidate_cache=true")
    finished(judge0, submit(judge0))
    assert get(judge0, "/statistics") == first
    again = get(judge0, "/statistics?invalidate_cache=true")
    assert again["submissions"]["total"] > first["submissions"]["total"]


def test_workers(judge0, start_with):
    """/workers: `[{"queue":"1.13.1","size":0,"available":16,"idle":16,"working":0,"paused":0,"failed":0}]`"""
    finished(judge0, submit(judge0))
    (queue,) = get(judge0, "/workers")
    assert list(queue) == ["queue", "size", "available", "idle", "working", "paused", "failed"]
    assert queue["queue"] == "1.13.1"
    assert queue["available"] > 0 and queue["idle"] + queue["working"] == queue["available"]
    paused = start_with("COUNT=3\n", "--paused")
    for _ in range(2):
        submit(paused)
    (queue,) = get(paused, "/workers")
    assert (queue["size"], queue["available"], queue["working"]) == (2, 3, 0)


def test_stats(start_with):
    """(the issue) `/stats` (`queue_size`, running, idle slots)"""
    paused = start_with("COUNT=3\n", "--paused")
    before = get(paused, "/stats")["queue_size"]
    submit(paused)
    shown = get(paused, "/stats")
    assert shown["queue_size"] == before + 1
