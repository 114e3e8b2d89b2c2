# SPDX-License-Identifier: Apache-2.0
"""belljar's own API: several executions in one request."""
from support.native import EXECUTIONS, errors, finished
from support.raw import ask


def batch(server, body, headers=None):
    return ask(server, "POST", EXECUTIONS + "/batch", body, headers)


def test_each_is_answered_in_order(native):
    answer = batch(native, [{"language": "python", "source": "print(1)", "label": "b"}, {"language": "nothing", "source": ""},
                            {"language": "bash", "source": "echo 2"}, 5, {"language": "python", "xsource": ""}])
    assert answer.status == 202
    one, two, three, four, five = answer.json()
    assert list(one) == ["id", "status"]
    assert (two["status"], two["title"], two["errors"][0]["path"]) == (422, "Unprocessable Content", "language")
    assert four["errors"] == [{"path": "", "message": "must be an object, and is a number"}]
    assert {error["path"] for error in five["errors"]} == {"xsource", "files"}
    assert finished(native, one["id"])["run"]["stdout"] == "1\n"
    assert finished(native, three["id"])["run"]["stdout"] == "2\n"


def test_a_batch_without_a_good_one_is_refused(native):
    answer = batch(native, [{"language": "python"}])
    assert answer.status == 422 and answer.json()[0]["errors"]


def test_who_waits_does_so_alone(native):
    answer = batch(native, [{"language": "python", "source": "", "wait": True}])
    assert answer.json()[0]["errors"][0]["path"] == "wait"


def test_batches_have_a_size(native):
    errors(batch(native, []))
    errors(batch(native, {}))
    errors(batch(native, [{}] * 101))
    errors(batch(native, [{}], {"Idempotency-Key": "x"}), 400)


def test_a_full_queue_takes_all_or_none(start):
    server = start("--paused", "--engine-queue-max", "3")
    good = {"language": "python", "source": "print(1)"}
    assert batch(server, [good] * 2).status == 202
    answer = batch(server, [good] * 2)
    assert answer.headers["Retry-After"]
    errors(answer, 503)
    assert len(ask(server, "GET", EXECUTIONS).json()["executions"]) == 2
