# SPDX-License-Identifier: Apache-2.0
"""What Judge0's clients submitted outlives the server: kept on disk, read back, and run after a restart."""
import concurrent.futures
import os
import stat

from support.judge0 import ALL_FIELDS, NO_TOKEN, Receiver, archive, encode, finished, run, show, submit
from support.raw import ask


def test_finished_submissions_are_read_back(start, tmp_path):
    """`synchronous=FULL`: a token is answered only after the submission is on disk"""
    data = str(tmp_path / "data")
    first = start("--data", data)
    before = [run(first, f"print('{n}' * 1000)", stdin=f"in {n}", expected_output="x", base64_encoded=None,
                  additional_files=archive({"f": str(n)})) for n in range(8)]
    first.stop()
    second = start("--data", data)
    for one in before:
        assert show(second, one["token"], fields="*").json() == one
    assert list(show(second, before[0]["token"], fields="*").json()) == ALL_FIELDS


def test_many_readers_at_once_after_a_restart(start, tmp_path):
    data = str(tmp_path / "data")
    first = start("--data", data)
    before = {one["token"]: one for one in (run(first, f"print('{n}' * 2000)") for n in range(12))}
    first.stop()
    second = start("--data", data)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        asked = [token for _ in range(20) for token in before]
        answers = list(pool.map(lambda token: show(second, token, fields="*"), asked))
    for token, answer in zip(asked, answers):
        assert answer.json() == before[token]
    tokens = ",".join(before)
    assert ask(second, "GET", f"/submissions/batch?fields=*&tokens={tokens}").json() == {"submissions": list(before.values())}


def test_what_was_queued_runs_after_a_restart(start, tmp_path):
    """At start, what was accepted and not finished is queued again"""
    data = str(tmp_path / "data")
    first = start("--data", data, "--paused")
    tokens = [submit(first, f"print(input(), {n}, open('f').read())", stdin=f"in {n}", expected_output=f"in {n} {n} zip",
                     additional_files=archive({"f": "zip"})) for n in range(10)]
    first.stop()
    second = start("--data", data)
    for n, token in enumerate(tokens):
        shown = finished(second, token)
        assert (shown["status"]["id"], shown["stdout"]) == (3, f"in {n} {n} zip\n")


def test_callbacks_that_are_due_are_sent_after_a_restart(start, tmp_path):
    data = str(tmp_path / "data")
    hook = Receiver()
    first = start("--data", data, "--paused", "--callbacks-allow", "127.0.0.1")
    token = submit(first, "print('later')", callback_url=hook.url)
    first.stop()
    start("--data", data, "--callbacks-allow", "127.0.0.1")
    hook.wait()
    hook.close()
    assert [(body["token"], body["stdout"]) for body in hook.bodies()] == [(token, encode("later\n"))]


def test_deleted_ones_stay_deleted(start, tmp_path):
    data = str(tmp_path / "data")
    conf = tmp_path / "judge0.conf"
    conf.write_text("AUTHZ_TOKEN=z\nENABLE_SUBMISSION_DELETE=true\n")
    first = start("--data", data, "--judge0-conf", str(conf))
    kept, gone = run(first, "print(1)")["token"], run(first, "print(2)")["token"]
    assert ask(first, "DELETE", f"/submissions/{gone}", headers={"X-Auth-User": "z"}).status == 200
    first.stop()
    second = start("--data", data)
    assert show(second, gone).status == 404
    assert show(second, kept).status == 200


def test_data_files_are_private(start, tmp_path):
    """data files are 0600"""
    data = tmp_path / "data"
    server = start("--data", str(data))
    run(server, "print(1)")
    found = [os.path.join(folder, name) for folder, _, names in os.walk(data) for name in names]
    stores = [name for name in found if open(name, "rb").read(15) == b"SQLite format 3" or name.endswith(("-wal", "-shm"))]
    assert stores
    for name in stores:
        assert stat.S_IMODE(os.stat(name).st_mode) == 0o600, name


def test_nothing_is_kept_where_nothing_is_to_be(start, tmp_path):
    """`store.keep = none` keeps finished jobs in memory only"""
    data = str(tmp_path / "data")
    first = start("--data", data, "--store-keep", "none")
    token = run(first, "print(1)")["token"]
    assert show(first, token).status == 200
    first.stop()
    second = start("--data", data, "--store-keep", "none")
    assert show(second, token).status == 404
    assert show(second, NO_TOKEN).status == 404
