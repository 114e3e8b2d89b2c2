# SPDX-License-Identifier: Apache-2.0
"""Judge0's API, section 6 of its contract: list and delete."""
import pytest

from support.judge0 import DEFAULT_FIELDS, NO_TOKEN, create, encode, finished, path, show, submit
from support.raw import ask

PASS = {"X-Auth-User": "z"}
CONF = "AUTHZ_TOKEN=z\nENABLE_SUBMISSION_DELETE=true\n"


def listed(server, **query):
    return ask(server, "GET", path("/submissions", **query), headers=PASS)


def delete(server, token, headers=PASS, **query):
    return ask(server, "DELETE", path(f"/submissions/{token}", **query), headers=headers)


@pytest.fixture(scope="module")
def full(start_with):
    """A server with 25 finished submissions, and their tokens from the oldest on."""
    server = start_with(CONF)
    tokens = [create(server, {"source_code": f"print({n})", "language_id": 71}, wait="true").json()["token"] for n in range(25)]
    return server, tokens


def test_the_list_is_newest_first(full):
    """-> `{"submissions":[...],"meta":{"current_page":1,"next_page":2,"prev_page":null,"total_pages":34,"total_count":68}}`,
    newest first."""
    server, tokens = full
    answer = listed(server)
    assert answer.status == 200
    assert list(answer.json()) == ["submissions", "meta"]
    assert [one["token"] for one in answer.json()["submissions"]] == tokens[:4:-1]
    assert answer.json()["meta"] == {"current_page": 1, "next_page": 2, "prev_page": None, "total_pages": 2, "total_count": 25}
    assert list(answer.json()["meta"]) == ["current_page", "next_page", "prev_page", "total_pages", "total_count"]
    assert list(answer.json()["submissions"][0]) == DEFAULT_FIELDS


def test_pages(full):
    """GET /submissions?page=1&per_page=20"""
    server, tokens = full
    shown = listed(server, page=3, per_page=10).json()
    assert [one["token"] for one in shown["submissions"]] == tokens[4::-1]
    assert shown["meta"] == {"current_page": 3, "next_page": None, "prev_page": 2, "total_pages": 3, "total_count": 25}
    assert len(listed(server, per_page=1000).json()["submissions"]) == 25


def test_a_page_past_the_end(full):
    """page past the end: empty list, next_page null, prev_page = page-1."""
    assert listed(full[0], page=7).json() == {
        "submissions": [],
        "meta": {"current_page": 7, "next_page": None, "prev_page": 6, "total_pages": 2, "total_count": 25}}


def test_an_empty_list_has_a_page(start_with):
    """total_pages >= 1"""
    assert listed(start_with("AUTHZ_TOKEN=z\n")).json() == {
        "submissions": [], "meta": {"current_page": 1, "next_page": None, "prev_page": None, "total_pages": 1, "total_count": 0}}


@pytest.mark.parametrize("page, told", [("0", 0), ("-3", -3), ("abc", 0), ("", 0)])
def test_invalid_pages(full, page, told):
    """400 `{"error":"invalid page: 0"}` (page <= 0, also "abc" and "")"""
    answer = listed(full[0], page=page)
    assert (answer.status, answer.json()) == (400, {"error": f"invalid page: {told}"})


@pytest.mark.parametrize("count, told", [("-2", -2), ("0", 0), ("abc", 0)])
def test_invalid_counts(full, count, told):
    """`{"error":"invalid per_page: -2"}`; per_page 0 or "abc" -> 500. Here (15.11) 400."""
    answer = listed(full[0], per_page=count)
    assert (answer.status, answer.json()) == (400, {"error": f"invalid per_page: {told}"})


def test_fields_and_base64_of_a_list(full):
    server, _ = full
    shown = listed(server, per_page=2, fields="stdout", base64_encoded="true").json()["submissions"]
    assert shown == [{"stdout": encode("24\n")}, {"stdout": encode("23\n")}]
    answer = listed(server, fields="bad")
    assert (answer.status, answer.json()) == (400, {"error": "invalid fields: [bad]"})


def test_the_list_is_protected(full, judge0):
    """GET /submissions | authn+**authz** | 200 / 400 / 403"""
    for answer in (ask(full[0], "GET", "/submissions"), ask(judge0, "GET", "/submissions", headers=PASS)):
        assert (answer.status, answer.body) == (403, b"")


def test_delete_shows_what_it_was(start_with):
    """DELETE /submissions/:token?fields -> 200 the deleted submission, base64 **forced on**."""
    server = start_with(CONF)
    token = submit(server, "print('gone')")
    finished(server, token)
    answer = delete(server, token, fields="stdout,token", base64_encoded="false")
    assert (answer.status, answer.json()) == (200, {"stdout": encode("gone\n"), "token": token})
    assert show(server, token).status == 404
    assert delete(server, token).status == 404


def test_delete_must_be_allowed(start_with):
    """400 `{"error":"delete not allowed"}` (ENABLE_SUBMISSION_DELETE not "true"; checked before existence)"""
    answer = delete(start_with("AUTHZ_TOKEN=z\n"), NO_TOKEN)
    assert (answer.status, answer.json()) == (400, {"error": "delete not allowed"})


def test_delete_is_protected(full):
    assert delete(full[0], full[1][0], headers={}).status == 403
    assert show(full[0], full[1][0]).status == 200


def test_delete_of_nothing(full):
    """404"""
    assert delete(full[0], NO_TOKEN).status == 404
    assert delete(full[0], NO_TOKEN, fields="bad").status == 400


def test_delete_of_what_is_not_finished(start_with):
    """400 `{"error":"submission cannot be deleted because its status is 1 (In Queue)"}`"""
    server = start_with(CONF, "--paused")
    answer = delete(server, submit(server))
    assert (answer.status, answer.json()) == (400, {
        "error": "submission cannot be deleted because its status is 1 (In Queue)"})


def test_delete_of_what_runs(start_with):
    """`... is 2 (Processing)`"""
    server = start_with(CONF)
    token = submit(server, "import time; time.sleep(2)")
    while show(server, token).json()["status"]["id"] == 1:
        pass
    answer = delete(server, token)
    assert (answer.status, answer.json()) == (400, {
        "error": "submission cannot be deleted because its status is 2 (Processing)"})


def test_delete_in_maintenance(start_with):
    """503 maintenance"""
    server = start_with(CONF + "MAINTENANCE_MODE=true\n")
    answer = delete(server, NO_TOKEN)
    assert (answer.status, answer.json()) == (503, {"error": "Judge0 is currently in maintenance."})
    assert listed(server).status == 200
