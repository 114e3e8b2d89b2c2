# SPDX-License-Identifier: Apache-2.0
"""Judge0's API, section 5 of its contract: batches."""
import pytest

from support.judge0 import NO_TOKEN, PLAIN, PYTHON, TOKEN, encode, finished, path, submit
from support.raw import ask

GOOD = {"source_code": "print(1)", "language_id": PYTHON}
TOO_MANY = {"error": "number of submissions in a batch should be less than or equal to 20"}
NONE = {"error": "there should be at least one submission in a batch"}


def create_batch(server, submissions, headers=None, **query):
    return ask(server, "POST", path("/submissions/batch", **query), {"submissions": submissions}, headers)


def show_batch(server, tokens, headers=None, **query):
    return ask(server, "GET", path("/submissions/batch", tokens=tokens, **query), headers=headers)


def test_a_batch_gives_tokens_in_order(judge0):
    """201 array, one entry per input in order: `{"token":"..."}`"""
    answer = create_batch(judge0, [dict(GOOD, source_code=f"print({n})") for n in range(5)])
    assert answer.status == 201
    tokens = [one["token"] for one in answer.json()]
    assert all(list(one) == ["token"] and TOKEN.match(one["token"]) for one in answer.json())
    assert [finished(judge0, token)["stdout"] for token in tokens] == [f"{n}\n" for n in range(5)]


def test_bad_ones_do_not_stop_good_ones(judge0):
    """or the validation error object"""
    answer = create_batch(judge0, [GOOD, {"language_id": PYTHON}, GOOD, {"source_code": "x", "language_id": 4}])
    assert answer.status == 201
    first, second, third, fourth = answer.json()
    assert TOKEN.match(first["token"]) and TOKEN.match(third["token"])
    assert second == {"source_code": ["can't be blank"]}
    assert fourth == {"language_id": ["language with id 4 is archived and cannot be used anymore"]}


def test_all_bad_is_422(judge0):
    """All invalid -> 422 with the same array."""
    answer = create_batch(judge0, [{"language_id": PYTHON}] * 2)
    assert (answer.status, answer.json()) == (422, [{"source_code": ["can't be blank"]}] * 2)


def test_base64_is_for_all_and_wait_and_fields_for_none(judge0):
    """base64_encoded applies to all; wait and fields ignored (even invalid ones)"""
    answer = create_batch(judge0, [dict(GOOD, source_code=encode("print(7)"))], base64_encoded="true", wait="true", fields="bad")
    assert answer.status == 201
    assert list(answer.json()[0]) == ["token"]
    assert finished(judge0, answer.json()[0]["token"])["stdout"] == "7\n"


@pytest.mark.parametrize("body", [{}, {"submissions": []}, {"submissions": {}}, {"submissions": None}, []])
def test_a_batch_has_at_least_one(judge0, body):
    """400: `{"error":"there should be at least one submission in a batch"}` (missing, empty, object instead of array, root
    array)"""
    answer = ask(judge0, "POST", "/submissions/batch", body)
    assert (answer.status, answer.json()) == (400, NONE)


def test_a_batch_has_at_most_20(judge0, start_with):
    """400: `{"error":"number of submissions in a batch should be less than or equal to 20"}`"""
    answer = create_batch(judge0, [{}] * 21)
    assert (answer.status, answer.json()) == (400, TOO_MANY)
    assert create_batch(judge0, [{}] * 20).status == 422
    answer = create_batch(start_with("MAX_SUBMISSION_BATCH_SIZE=2\n"), [{}] * 3)
    assert answer.json() == {"error": "number of submissions in a batch should be less than or equal to 2"}


@pytest.mark.parametrize("submissions", [[1], ["x"], [None], "text", [[]]])
def test_what_is_no_batch_is_refused(judge0, submissions):
    """Array of non-objects or a string -> 500. (Here 400: nothing of the server's has failed.)"""
    assert create_batch(judge0, submissions).status == 400


def test_batches_can_be_forbidden(start_with):
    """`{"error":"batched submissions are not allowed"}`"""
    server = start_with("ENABLE_BATCHED_SUBMISSIONS=false\n")
    for answer in (create_batch(server, [GOOD]), show_batch(server, NO_TOKEN)):
        assert (answer.status, answer.json()) == (400, {"error": "batched submissions are not allowed"})


def test_order_and_duplicates_are_kept(judge0):
    """`{"submissions":[{...},null,...]}`: order and duplicates kept, **unknown token -> null**"""
    a, b = submit(judge0, "print('a')"), submit(judge0, "print('b')")
    finished(judge0, a)
    finished(judge0, b)
    answer = show_batch(judge0, f"{b},{NO_TOKEN},{a},{b},x", fields="stdout,token")
    assert answer.status == 200
    assert answer.json() == {"submissions": [
        {"stdout": "b\n", "token": b}, None, {"stdout": "a\n", "token": a}, {"stdout": "b\n", "token": b}, None]}


def test_tokens_are_not_trimmed(judge0):
    """tokens are not trimmed (", b" is unknown)"""
    token = submit(judge0)
    finished(judge0, token)
    shown = show_batch(judge0, f"{token}, {token}").json()["submissions"]
    assert shown[0]["token"] == token and shown[1] is None


def test_tokens_may_be_a_header(judge0):
    """tokens may come in a request header named `tokens` (header wins)"""
    token = submit(judge0)
    finished(judge0, token)
    shown = show_batch(judge0, NO_TOKEN, {"tokens": token}).json()["submissions"]
    assert [one["token"] for one in shown] == [token]


@pytest.mark.parametrize("tokens, error", [(",".join([NO_TOKEN] * 21), TOO_MANY), ("", NONE), (",,", NONE)])
def test_tokens_are_counted(judge0, tokens, error):
    """> 20 or none (also ",,") -> the same two 400 errors."""
    answer = show_batch(judge0, tokens)
    assert (answer.status, answer.json()) == (400, error)
    if not tokens:
        assert ask(judge0, "GET", "/submissions/batch").json() == NONE


def test_fields_and_base64_of_a_batch(judge0):
    """GET /submissions/batch?tokens=a,b&base64_encoded&fields"""
    token = submit(judge0)
    finished(judge0, token)
    assert show_batch(judge0, token, fields="stdout", base64_encoded="true").json() == {"submissions": [{"stdout": encode("1\n")}]}
    answer = show_batch(judge0, token, fields="bad")
    assert (answer.status, answer.json()) == (400, {"error": "invalid fields: [bad]"})


def test_text_that_cannot_be_shown_stops_the_batch(judge0):
    """UTF-8 trouble: 400 `{"error":"some attributes for one or more submissions cannot be converted to UTF-8, use
    base64_encoded=true query parameter"}` for the whole batch."""
    good, bad = submit(judge0), submit(judge0, "import os; os.write(1, bytes([255]))")
    finished(judge0, bad, base64_encoded="true")
    answer = show_batch(judge0, f"{good},{bad}")
    assert (answer.status, answer.json()) == (400, {
        "error": "some attributes for one or more submissions cannot be converted to UTF-8, use base64_encoded=true query "
                 "parameter"})
    assert show_batch(judge0, f"{good},{bad}", fields="status_id").status == 200


def test_batches_in_maintenance(start_with):
    """maintenance mode is **not** checked here (judge0.md says what belljar decided)"""
    server = start_with("MAINTENANCE_MODE=true\n")
    assert show_batch(server, NO_TOKEN).json() == {"submissions": [None]}
    assert create_batch(server, [GOOD]).status in (201, 503)


def test_a_batch_that_is_too_large_is_not_made(judge0):
    """One large submission, asked for many times, is not an answer without end."""
    token = submit(judge0, "x" * (4 << 20), PLAIN)
    answer = show_batch(judge0, ",".join([token] * 20), fields="source_code")
    assert answer.status == 400
    assert answer.json() == {"error": "this batch is larger than 64 MiB: ask for fewer tokens, or for fewer fields"}
    assert show_batch(judge0, ",".join([token] * 2), fields="source_code").status == 200
