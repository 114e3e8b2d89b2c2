# SPDX-License-Identifier: Apache-2.0
"""Judge0's API, section 1 of its contract: the HTTP layer."""
import re
import urllib.parse

import pytest

from support.judge0 import NO_TOKEN, PYTHON, create, finished, show, submit
from support.raw import ask

GOOD = {"source_code": "print(1)", "language_id": PYTHON}
FORM = urllib.parse.urlencode(GOOD)
MULTIPART = "".join(f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in GOOD.items()) + "--b--\r\n"
ROUTES = ["/languages", "/languages/all", "/languages/71", "/statuses", "/system_info", "/config_info", "/statistics",
          "/workers", "/about", "/version", "/isolate", "/license", "/submissions/batch?tokens=" + NO_TOKEN]


def test_query_wins_over_body(judge0):
    """Parameters = body merged with query; **query wins over body**"""
    answer = create(judge0, dict(GOOD, language_id=150000), language_id=PYTHON)
    assert answer.status == 201
    answer = create(judge0, GOOD, language_id=150000)
    assert answer.json() == {"language_id": ["language with id 150000 doesn't exist"]}
    answer = create(judge0, dict(GOOD, fields="bad"), fields="")
    assert answer.status == 201


@pytest.mark.parametrize("kind, body", [
    ("application/json", None), ("application/json; charset=utf-8", None), ("text/x-json", None),
    ("application/jsonrequest", None), ("application/x-www-form-urlencoded", FORM),
    ("multipart/form-data; boundary=b", MULTIPART)])
def test_bodies_of_every_kind_are_read(judge0, kind, body):
    """Bodies: JSON (`application/json`, also with charset; also `text/x-json`, `application/jsonrequest`), urlencoded form,
    multipart - all accepted on every POST"""
    answer = create(judge0, GOOD if body is None else body, {"Content-Type": kind}, wait="true")
    assert answer.status == 201, answer
    assert answer.json()["stdout"] == "1\n"


@pytest.mark.parametrize("headers", [{"Content-Type": "text/plain"}, {}])
def test_a_body_of_no_known_kind_is_ignored(judge0, headers):
    """`text/plain` or missing content type: body ignored -> validation errors, not 400/415"""
    answer = create(judge0, '{"source_code":"print(1)","language_id":71}', headers)
    assert answer.status == 422
    assert answer.json()["source_code"] == ["can't be blank"]


def test_a_root_array_is_no_batch(judge0):
    """JSON root array is not `submissions`."""
    answer = ask(judge0, "POST", "/submissions/batch", [GOOD])
    assert (answer.status, answer.json()) == (400, {"error": "there should be at least one submission in a batch"})


def test_parameters_of_the_body_are_compared_as_text(judge0):
    """`wait`, `fields`, `base64_encoded`, auth tokens may also come in the JSON body, but comparisons are with strings: body
    `"wait": true` (boolean) does nothing, `"wait": "true"` works"""
    assert list(create(judge0, dict(GOOD, wait=True)).json()) == ["token"]
    answer = create(judge0, dict(GOOD, wait="true", fields="stdout"))
    assert answer.json() == {"stdout": "1\n"}
    answer = create(judge0, dict(GOOD, wait="true", fields="stdout", base64_encoded="true", source_code="cHJpbnQoMik="))
    assert answer.json() == {"stdout": "Mgo="}


@pytest.mark.parametrize("route", ROUTES)
def test_suffix_and_slash_are_accepted(judge0, route):
    """A `.json` suffix and a trailing slash are accepted on every route."""
    base, _, query = route.partition("?")
    assert ask(judge0, "GET", route).status == 200
    for other in (base + ".json", base + "/"):
        assert ask(judge0, "GET", other + ("?" + query if query else "")).status == 200, other


def test_suffix_and_slash_are_accepted_where_submissions_are(judge0):
    """A `.json` suffix and a trailing slash are accepted on every route."""
    for route in ("/submissions.json", "/submissions/"):
        answer = ask(judge0, "POST", route, GOOD)
        assert answer.status == 201
        token = answer.json()["token"]
        finished(judge0, token)
        assert ask(judge0, "GET", f"/submissions/{token}.json").json()["token"] == token
        assert ask(judge0, "GET", f"/submissions/{token}/").json()["token"] == token


@pytest.mark.parametrize("route", ["/languages", "/about", "/version"])
def test_head_is_get_without_body(judge0, route):
    """HEAD works like GET."""
    answer = ask(judge0, "HEAD", route)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Type"] == ask(judge0, "GET", route).headers["Content-Type"]


def test_created_has_no_location(judge0):
    """No Location header on 201."""
    answer = create(judge0, GOOD)
    assert answer.status == 201
    assert answer.headers["Location"] is None


def test_unknown_keys_are_ignored(judge0):
    """Unknown keys ignored silently."""
    assert create(judge0, dict(GOOD, foo=1, id=5, token="x", status_id=3, stdout="x"), bar=2).status == 201


def test_answers_are_json_as_rails_writes_it(judge0):
    """JSON replies: `application/json; charset=utf-8`; `<`, `>`, `&`, U+2028/9 are escaped as \\u003c etc."""
    token = submit(judge0, "print('<b>&\\u2028\\u2029é')")
    finished(judge0, token)
    answer = show(judge0, token, fields="stdout")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.body == '{"stdout":"\\u003cb\\u003e\\u0026\\u2028\\u2029é\\n"}'.encode()


def test_answers_can_be_revalidated(judge0):
    """weak ETag, `Cache-Control: max-age=0, private, must-revalidate`, `If-None-Match` -> 304"""
    answer = ask(judge0, "GET", "/languages")
    assert re.match(r'^W/"[^"]+"$', answer.headers["ETag"])
    assert answer.headers["Cache-Control"] == "max-age=0, private, must-revalidate"
    again = ask(judge0, "GET", "/languages", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    other = ask(judge0, "GET", "/statuses", headers={"If-None-Match": answer.headers["ETag"]})
    assert other.status == 200


def test_answers_carry_rails_headers(judge0):
    """`X-Request-Id`, `X-Runtime`, and Rails' security headers (`X-Frame-Options: SAMEORIGIN`, `X-Content-Type-Options:
    nosniff`, ...)."""
    headers = ask(judge0, "GET", "/about").headers
    assert headers["X-Request-Id"]
    assert float(headers["X-Runtime"]) >= 0
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_empty_answers_are_html(judge0):
    """Empty replies (`head`): 200/401/403 with `Content-Type: text/html` and an empty body."""
    answer = ask(judge0, "POST", "/authenticate")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Type"].startswith("text/html")
    answer = ask(judge0, "POST", "/authorize")
    assert (answer.status, answer.body) == (403, b"")
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("accept", ["application/json", "*/*", None])
@pytest.mark.parametrize("path", [f"/submissions/{NO_TOKEN}", "/submissions/x", "/languages/150000", "/languages/x"])
def test_what_is_not_there_is_404(judge0, path, accept):
    """Framework errors (... unknown token/language ...): `{"status":404,"error":"Not Found"}`. Here also without an Accept
    header that asks for JSON."""
    answer = ask(judge0, "GET", path, headers={"Accept": accept} if accept else {})
    assert answer.status == 404
    assert answer.body == b'{"status":404,"error":"Not Found"}'
    assert answer.headers["Content-Type"].lower() == "application/json; charset=utf-8"


@pytest.mark.parametrize("method, path", [
    ("PUT", "/submissions"), ("PATCH", f"/submissions/{NO_TOKEN}"), ("DELETE", "/submissions"), ("POST", "/languages"),
    ("POST", f"/submissions/{NO_TOKEN}"), ("DELETE", "/languages/71"), ("GET", "/authenticate"), ("PUT", "/submissions/batch"),
    ("POST", "/about"), ("GET", "/nothing/there")])
def test_a_wrong_method_is_404(judge0, method, path):
    """Wrong method = 404, never 405."""
    assert ask(judge0, method, path, headers={"Accept": "application/json"}).status == 404


@pytest.mark.parametrize("body", [
    b'{"source_code":', b"nonsense", b'{"source_code":"\xff","language_id":71}', b'{"source_code":"\\ud800","language_id":71}'])
@pytest.mark.parametrize("path", ["/submissions", "/submissions/batch"])
def test_a_broken_body_is_400(judge0, path, body):
    """malformed JSON, invalid UTF-8, lone surrogate ... -> `{"status":400,"error":"Bad Request"}`"""
    answer = ask(judge0, "POST", path, body, {"Content-Type": "application/json", "Accept": "application/json"})
    assert (answer.status, answer.body) == (400, b'{"status":400,"error":"Bad Request"}')


def test_root_needs_nothing_and_is_empty(judge0):
    """GET / | none at all | 200, empty"""
    answer = ask(judge0, "GET", "/")
    assert (answer.status, answer.body) == (200, b"")


def test_filters_come_in_their_order(start_with):
    """IP check (403) -> authn (401) -> authz for protected calls (403) -> maintenance (503) -> wait allowed (400) -> batch
    enabled (400) -> queue size (503) -> fields valid (400) -> action. Unknown routes answer 404 before all of these."""
    conf = ("AUTHN_TOKEN=a\nAUTHZ_TOKEN=z\nMAINTENANCE_MODE=true\nENABLE_WAIT_RESULT=false\nENABLE_BATCHED_SUBMISSIONS=false\n"
            "MAX_QUEUE_SIZE=1\n")
    closed = start_with(conf)
    passed = {"X-Auth-Token": "a"}
    bad = {"wait": "true", "fields": "bad"}
    assert create(closed, {}, **bad).status == 401
    assert create(closed, {}, passed, **bad).status == 503
    assert ask(closed, "DELETE", f"/submissions/{NO_TOKEN}?fields=bad").status == 401
    assert ask(closed, "DELETE", f"/submissions/{NO_TOKEN}?fields=bad", headers=passed).status == 403
    assert ask(closed, "DELETE", f"/submissions/{NO_TOKEN}?fields=bad", headers={**passed, "X-Auth-User": "z"}).status == 503
    assert ask(closed, "PUT", "/submissions").status == 404

    full = start_with(conf.replace("MAINTENANCE_MODE=true", ""), "--paused")
    assert create(full, {}, passed, **bad).json() == {"error": "wait not allowed"}
    assert ask(full, "POST", "/submissions/batch", {}, passed).json() == {"error": "batched submissions are not allowed"}
    while create(full, GOOD, passed).status == 201:
        pass
    assert create(full, {}, passed, fields="bad").json() == {"error": "queue is full"}

    inside = start_with(conf + "DISALLOW_IP=127.0.0.1\n")
    assert create(inside, {}, **bad).status == 403
