# SPDX-License-Identifier: Apache-2.0
"""belljar db: a store without a server, from a dump of Judge0 to an export and back."""
import base64
import json
import os
import pathlib
import sqlite3

import pytest

from support.cli import belljar

# Made by pg_dump 15 of a table with the columns of Judge0 1.13.1.
DUMP = r"""--
-- PostgreSQL database dump
--

SET statement_timeout = 0;

COPY public.submissions (id, source_code, language_id, stdin, expected_output, stdout, status_id, created_at, finished_at, "time", memory, stderr, token, number_of_runs, cpu_time_limit, cpu_extra_time, wall_time_limit, memory_limit, stack_limit, max_processes_and_or_threads, enable_per_process_and_thread_time_limit, enable_per_process_and_thread_memory_limit, max_file_size, compile_output, exit_code, exit_signal, message, wall_time, compiler_options, command_line_arguments, redirect_stderr_to_stdout, callback_url, additional_files, enable_network) FROM stdin;
1	cHJpbnQoIkjDqWxsb1x0XG4iKQ==\n	71	\n	\N	SMOpbGxvCQo=\n	3	2024-05-06 07:08:09.123456	2024-05-06 07:08:10.5	0.016	9084	\N	11111111-2222-4333-8444-555555555555	1	5.0	1.0	10.0	128000	64000	60	f	f	1024	\N	0	\N	\N	0.05	\N	\N	f	\N	\N	f
2	eA==\n	71	\N	\N	\N	1	2024-05-07 00:00:00	\N	\N	\N	\N	aaaaaaaa-2222-4333-8444-555555555555	1	5.0	1.0	10.0	128000	64000	60	f	f	1024	\N	\N	\N	\N	\N	-O2\t\\n x	\N	f	\N	\N	f
3	\N	89	\N	\N	\N	13	2024-05-08 00:00:00	2024-05-08 00:00:01	\N	\N	\N	bbbbbbbb-2222-4333-8444-555555555555	1	5.0	1.0	10.0	128000	64000	60	t	f	1024	\N	\N	\N	No such file or directory @ rb_sysopen - /box/script.py	\N	\N	\N	t	\N	\\x504b0304	f
\.


--
-- PostgreSQL database dump complete
--
"""
DONE = "11111111-2222-4333-8444-555555555555"
WAITED = "aaaaaaaa-2222-4333-8444-555555555555"
FAILED = "bbbbbbbb-2222-4333-8444-555555555555"


def db(action, data, *words):
    return belljar("db", action, "--data", str(data), *words)


@pytest.fixture
def dump(tmp_path):
    path = tmp_path / "judge0.sql"
    path.write_text(DUMP)
    return path


@pytest.fixture
def data(tmp_path, dump):
    done = db("import", tmp_path / "data", str(dump))
    assert done.returncode == 0, done.stderr
    assert "3 executions imported, 0 were there already, 0 left out" in done.stdout
    return tmp_path / "data"


def exported(data):
    done = db("export", data)
    assert done.returncode == 0, done.stderr
    first, *lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert first == {"format": "belljar-executions", "version": 1}
    return {line["id"]: line for line in lines}


def part(execution, name):
    return base64.b64decode(execution["parts"][name]) if name in execution["parts"] else None


def test_import_reads_what_judge0_kept(data):
    all_ = exported(data)
    done = all_[DONE]
    assert done["status"] == 3 and done["language"] == 71 and done["state"] == 3
    assert part(done, "source") == 'print("H\u00e9llo\\t\\n")'.encode()
    assert part(done, "stdin") == b"" and part(done, "expected") is None
    assert part(done, "stdout") == "H\u00e9llo\t\n".encode()
    assert done["created_ns"] == 1714979289123456000 and done["finished_ns"] == 1714979290500000000
    assert done["result"] == {"time": 0.016, "wall_time": 0.05, "memory": 9084, "exit_code": 0,
                              "exit_signal": None, "message": None}
    assert done["request"]["cpu_time_limit"] == 5.0 and done["request"]["memory_limit"] == 128000
    failed = all_[FAILED]
    assert part(failed, "files") == b"PK\x03\x04" and failed["request"]["enable_per_process_and_thread_time_limit"] is True
    assert failed["result"]["message"] == "No such file or directory @ rb_sysopen - /box/script.py"


def test_import_tells_unfinished_ones_as_internal_errors(data):
    waited = exported(data)[WAITED]
    assert (waited["state"], waited["status"]) == (3, 13)
    assert "had not finished" in waited["result"]["message"]
    assert waited["request"]["compiler_options"] == "-O2\t\\n x"


def test_import_leaves_unfinished_ones_queued_when_asked(tmp_path, dump):
    done = db("import", tmp_path / "data", "--run-unfinished", str(dump))
    assert done.returncode == 0 and "they run at the next start" in done.stderr
    waited = exported(tmp_path / "data")[WAITED]
    assert (waited["state"], waited["status"]) == (1, 1)


def test_import_twice_changes_nothing(data, dump):
    before = exported(data)
    done = db("import", data, str(dump))
    assert "0 executions imported, 3 were there already" in done.stdout
    assert exported(data) == before


def test_export_and_import_keep_everything(data, tmp_path):
    done = db("export", data, str(tmp_path / "all.jsonl"))
    assert done.returncode == 0, done.stderr
    assert os.stat(tmp_path / "all.jsonl").st_mode & 0o777 == 0o600
    done = db("import", tmp_path / "other", str(tmp_path / "all.jsonl"))
    assert done.returncode == 0, done.stderr
    assert exported(tmp_path / "other") == exported(data)


NATIVE = {"id": "01HF4ZQ0000000000000000000", "dialect": "native", "language": 0, "batch": False, "state": 4, "status": 0, "attempts": 1,
          "callback": 0, "created_ns": 1700000000000000000, "started_ns": 1700000000100000000,
          "finished_ns": 1700000000200000000, "expires_ns": 4700000000000000000, "caller": "key", "label": None,
          "idempotency": "again", "request": {}, "result": None,
          "parts": {"body": base64.b64encode(b'{"tests":[]}').decode(), "answer": base64.b64encode(b"{}").decode()}}


def lines_file(path, *executions):
    first = {"format": "belljar-executions", "version": 1}
    path.write_text("".join(json.dumps(line) + "\n" for line in (first, *executions)))
    return str(path)


def test_import_keeps_what_belongs_to_the_native_dialect(tmp_path):
    done = db("import", tmp_path / "data", lines_file(tmp_path / "in", NATIVE))
    assert done.returncode == 0, done.stderr
    assert exported(tmp_path / "data") == {NATIVE["id"]: NATIVE}
    other = lines_file(tmp_path / "other", {**NATIVE, "id": "01HF4ZQ0000000000000000001"})
    done = db("import", tmp_path / "data", other)  # the key stands for the first one
    assert "0 executions imported, 1 were there already" in done.stdout


def test_import_of_an_older_export_leaves_out_what_it_does_not_have(tmp_path):
    older = {key: value for key, value in NATIVE.items() if key not in ("expires_ns", "idempotency")}
    done = db("import", tmp_path / "data", lines_file(tmp_path / "in", {**older, "parts": {}}))
    assert done.returncode == 0, done.stderr
    assert exported(tmp_path / "data") == {NATIVE["id"]: {**NATIVE, "expires_ns": 0, "idempotency": None, "parts": {}}}


def test_export_brings_a_store_of_version_1_to_the_present_one(tmp_path):
    state = tmp_path / "data" / "state"
    state.mkdir(parents=True)
    script = pathlib.Path(__file__).parents[1] / "unit" / "store" / "schema_v1.sql"
    store = sqlite3.connect(state / "store.db")
    store.executescript(script.read_text())
    store.close()
    assert db("check", tmp_path / "data").returncode == 0
    assert db("backup", tmp_path / "data", str(tmp_path / "copy")).returncode == 0
    with sqlite3.connect(tmp_path / "copy") as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (1,)  # a copy is a copy
    all_of_them = exported(tmp_path / "data")
    assert [line["label"] for line in all_of_them.values()] == ["exam", None]
    assert db("purge", tmp_path / "data", "--all").returncode == 0


def test_import_refuses_other_files(tmp_path):
    for text, why in (("hello\n", "pg_dump --table=submissions"), ("PGDMP\x01\n", "pg_restore -f plain.sql"),
                      ("", "is empty"), ('{"format":"belljar-executions","version":99}\n', "version 99")):
        (tmp_path / "file").write_text(text)
        done = db("import", tmp_path / "data", str(tmp_path / "file"))
        assert done.returncode == 1 and why in done.stderr


def test_import_names_the_line_of_a_bad_row(tmp_path):
    (tmp_path / "judge0.sql").write_text(DUMP.replace("2024-05-07 00:00:00", "yesterday"))
    done = db("import", tmp_path / "data", str(tmp_path / "judge0.sql"))
    assert done.returncode == 0 and "2 executions imported, 0 were there already, 1 left out" in done.stdout
    assert "line 9 is left out: created_at" in done.stderr


def test_backup_is_one_sound_file(data, tmp_path):
    done = db("backup", data, str(tmp_path / "copy.db"))
    assert done.returncode == 0, done.stderr
    assert os.stat(tmp_path / "copy.db").st_mode & 0o777 == 0o600
    assert os.stat(tmp_path / "copy.db").st_uid == os.geteuid()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("copy")) == ["copy.db"]
    with sqlite3.connect(f"file:{tmp_path}/copy.db?mode=ro&immutable=1", uri=True) as copy:
        assert copy.execute("SELECT count(*) FROM execution").fetchone() == (3,)
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_backup_of_another_users_store_belongs_to_who_made_it(data, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("not root: there is no other user to be")
    for path in (data / "state", *(data / "state").iterdir()):
        os.chown(path, 12345, 12345)
    os.chmod(tmp_path, 0o700)
    done = db("backup", data, str(tmp_path / "copy.db"))
    assert done.returncode == 0, done.stderr
    assert os.stat(tmp_path / "copy.db").st_uid == 0
    assert {path.stat().st_uid for path in (data / "state").iterdir()} == {12345}


def test_backup_overwrites_nothing(data, tmp_path):
    (tmp_path / "copy.db").write_text("mine")
    done = db("backup", data, str(tmp_path / "copy.db"))
    assert done.returncode == 1 and "is there already" in done.stderr
    assert (tmp_path / "copy.db").read_text() == "mine"


def test_check_finds_damage_and_leaves_it(data):
    assert db("check", data).returncode == 0
    path = data / "state/store.db"
    damaged = bytearray(path.read_bytes())
    for page in range(2, len(damaged) // 4096):
        damaged[page * 4096:page * 4096 + 64] = b"\xa5" * 64
    path.write_bytes(damaged)
    done = db("check", data)
    assert done.returncode == 1 and "damaged" in done.stderr
    assert path.read_bytes() == damaged


def test_purge_erases_for_good(data):
    secret = b"rb_sysopen"
    files = lambda: b"".join(path.read_bytes() for path in (data / "state").iterdir())
    assert secret in files()
    done = db("purge", data, "--before", "2024-05-09")
    assert done.returncode == 0 and "3 executions erased" in done.stdout, done.stderr
    assert secret not in files()
    assert exported(data) == {}


def test_purge_takes_only_what_was_named(data):
    done = db("purge", data, "--before", "2024-05-07")
    assert "1 execution erased" in done.stdout
    assert sorted(exported(data)) == [WAITED, FAILED]
    assert "0 executions erased" in db("purge", data, "--label", "none").stdout
    assert "2 executions erased" in db("purge", data, "--key", "import").stdout


def test_purge_knows_keys_by_their_names(tmp_path):
    """An execution's caller is "key:NAME", or an address."""
    callers = ("key:ci", "10.0.0.1", "key:other")
    rows = [{**NATIVE, "id": f"01HF4ZQ000000000000000000{i}", "caller": caller} for i, caller in enumerate(callers)]
    assert db("import", tmp_path / "data", lines_file(tmp_path / "in", *rows)).returncode == 0
    for name in ("ci", "10.0.0.1"):
        assert "1 execution erased" in db("purge", tmp_path / "data", "--key", name).stdout
    assert [row["caller"] for row in exported(tmp_path / "data").values()] == ["key:other"]


def test_purge_leaves_what_is_not_finished(tmp_path, dump):
    db("import", tmp_path / "data", "--run-unfinished", str(dump))
    assert "2 executions erased" in db("purge", tmp_path / "data", "--all").stdout
    assert list(exported(tmp_path / "data")) == [WAITED]


def test_vacuum_says_what_it_gained(data):
    done = db("vacuum", data)
    assert done.returncode == 0 and "KiB" in done.stdout


@pytest.mark.parametrize("words, why", [
    ((), "what is to be done?"),
    (("swim",), "what is to be done?"),
    (("backup",), "usage: belljar db backup FILE"),
    (("check", "x"), "usage: belljar db check"),
    (("purge", "--before", "soon"), "is no day"),
])
def test_wrong_words_are_explained(words, why):
    done = belljar("db", *words)
    assert done.returncode == 2 and why in done.stderr


def test_missing_directories_are_named(tmp_path):
    assert "--data DIR" in belljar("db", "check").stderr
    done = db("check", tmp_path)
    assert done.returncode == 1 and "no server has used it yet" in done.stderr
    assert "say what" in db("purge", tmp_path).stderr


def test_a_link_in_the_state_directory_is_not_followed(tmp_path, data):
    if os.geteuid() != 0:
        pytest.skip("not root: there is no other user to be")
    state = data / "state"
    os.chown(state, 12345, 12345)
    victim = tmp_path / "victim.db"
    victim.write_bytes((state / "store.db").read_bytes())
    os.chmod(victim, 0o600)
    for path in state.iterdir():
        path.unlink()
    (state / "store.db").symlink_to(victim)
    before = victim.read_bytes()
    assert db("purge", data, "--all").returncode == 1
    assert victim.read_bytes() == before
