# SPDX-License-Identifier: Apache-2.0
"""Judge0's API, section 10 of its contract: who may ask, from where, and when nobody may."""
import pytest

from support.judge0 import NO_TOKEN, PYTHON, create
from support.raw import ask

GOOD = {"source_code": "print(1)", "language_id": PYTHON}
AUTHN = "AUTHN_TOKEN='one two'\n"
WANT_AUTHN = ["/submissions/" + NO_TOKEN, "/submissions/batch?tokens=x", "/languages", "/languages/all", "/languages/71", "/statuses",
              "/system_info", "/config_info", "/statistics", "/workers", "/about", "/version", "/isolate", "/license", "/submissions"]


def test_off_lets_everything_pass(judge0):
    """Off -> everything passes and /authenticate is 200."""
    assert ask(judge0, "POST", "/authenticate").status == 200
    assert create(judge0, GOOD).status == 201


@pytest.mark.parametrize("path", WANT_AUTHN)
def test_everything_wants_a_token(start_with, path):
    """Authn on when AUTHN_TOKEN non-empty ... Else 401 empty."""
    server = start_with(AUTHN)
    for headers in ({}, {"X-Auth-Token": "three"}, {"X-Auth-Token": "one two"}, {"X-Auth-Token": ""}, {"X-Auth-User": "one"}):
        answer = ask(server, "GET", path, headers=headers)
        assert (answer.status, answer.body) == (401, b"")
        assert answer.headers["Content-Type"].startswith("text/html")
    assert ask(server, "GET", path, headers={"X-Auth-Token": "two"}).status in (200, 403, 404)


def test_a_token_is_a_header_or_a_parameter(start_with):
    """header AUTHN_HEADER (default X-Auth-Token) **or** a parameter of the same name (query, form or JSON body) must equal one of
    the space-separated tokens."""
    server = start_with(AUTHN)
    assert ask(server, "POST", "/authenticate").status == 401
    assert ask(server, "POST", "/authenticate", headers={"X-Auth-Token": "one"}).status == 200
    assert ask(server, "POST", "/authenticate?X-Auth-Token=two").status == 200
    assert ask(server, "POST", "/authenticate", {"X-Auth-Token": "one"}).status == 200
    assert ask(server, "POST", "/authenticate", "X-Auth-Token=one", {"Content-Type": "application/x-www-form-urlencoded"}).status == 200
    assert create(server, GOOD).status == 401
    assert create(server, GOOD, {"X-Auth-Token": "one"}).status == 201


def test_the_header_has_the_name_that_is_configured(start_with):
    """header AUTHN_HEADER"""
    server = start_with(AUTHN + "AUTHN_HEADER=X-Judge0-Token\n")
    assert ask(server, "POST", "/authenticate", headers={"X-Auth-Token": "one"}).status == 401
    assert ask(server, "POST", "/authenticate", headers={"x-judge0-token": "one"}).status == 200


def test_other_dialects_want_the_token_too(start_with):
    """(belljar's own) a server with tokens does not run programs for those without, in any dialect"""
    server = start_with(AUTHN)
    body = {"language": "python", "version": "*", "files": [{"content": "print(1)"}]}
    assert ask(server, "POST", "/api/v2/execute", body).status == 401
    assert ask(server, "POST", "/api/v2/execute", body, {"X-Auth-Token": "one"}).status == 200


def test_protected_calls_are_closed_without_a_token(judge0, start_with):
    """**unset AUTHZ_TOKEN -> protected calls always 403** (and /authorize 403)."""
    for server, headers in ((judge0, {"X-Auth-User": ""}), (start_with(AUTHN), {"X-Auth-Token": "one", "X-Auth-User": "one"})):
        for method, path in (("POST", "/authorize"), ("GET", "/submissions"), ("DELETE", f"/submissions/{NO_TOKEN}")):
            answer = ask(server, method, path, headers=headers)
            assert (answer.status, answer.body) == (403, b"")


def test_authorize(start_with):
    """Authz: AUTHZ_HEADER (X-Auth-User), AUTHZ_TOKEN same rules. POST /authorize | authn+authz | 200, 401 or 403, empty"""
    server = start_with(AUTHN + "AUTHZ_TOKEN=boss\n")
    assert ask(server, "POST", "/authorize", headers={"X-Auth-User": "boss"}).status == 401
    assert ask(server, "POST", "/authorize", headers={"X-Auth-Token": "one"}).status == 403
    answer = ask(server, "POST", "/authorize", headers={"X-Auth-Token": "one", "X-Auth-User": "boss"})
    assert (answer.status, answer.body) == (200, b"")
    assert ask(server, "GET", "/submissions?X-Auth-User=boss", headers={"X-Auth-Token": "one"}).status == 200


def test_addresses(start_with):
    """ALLOW_IP / DISALLOW_IP (space separated, one cancels the other's equal entries): 403 empty."""
    for conf in ("DISALLOW_IP='10.0.0.1 127.0.0.1'\n", "ALLOW_IP=10.0.0.1\n"):
        answer = ask(start_with(conf), "GET", "/languages")
        assert (answer.status, answer.body) == (403, b"")
    for conf in ("ALLOW_IP='10.0.0.1 127.0.0.1'\n", "DISALLOW_IP=10.0.0.1\n", "ALLOW_IP=127.0.0.1\nDISALLOW_IP=127.0.0.1\n"):
        assert ask(start_with(conf), "GET", "/languages").status == 200


def test_addresses_that_are_only_told(start_with):
    """Client IP = Rails remote_ip: trusts X-Forwarded-For through private proxies. Here nobody's word is taken for an address:
    docs/judge0.md."""
    told = {"X-Forwarded-For": "203.0.113.5"}
    assert ask(start_with("ALLOW_IP=203.0.113.5\n"), "GET", "/about", headers=told).status == 403
    assert ask(start_with("DISALLOW_IP=127.0.0.1\n"), "GET", "/about", headers=told).status == 403


# --- CORS -------------------------------------------------------------------------------------------------------------

PAGE = {"Origin": "https://page.example"}


def cors(answer):
    return {name.lower(): value for name, value in answer.headers.items() if name.lower().startswith("access-control-")}


def test_pages_of_all_origins_may_ask(judge0):
    """CORS: only with an Origin header: `Access-Control-Allow-Origin: *`, `-Methods: GET, HEAD, POST, PUT, PATCH, DELETE,
    OPTIONS`, `-Expose-Headers:` (empty, which says nothing: left out here), `-Max-Age: 7200`; no credentials header. `Vary: Accept,
    Origin`."""
    answer = ask(judge0, "GET", "/languages", headers=PAGE)
    assert answer.status == 200
    assert cors(answer) == {
        "access-control-allow-origin": "*", "access-control-max-age": "7200",
        "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"}
    assert "Origin" in answer.headers["Vary"]
    assert cors(ask(judge0, "GET", "/languages")) == {}


def test_errors_have_cors_too(judge0, start_with):
    """Also on error replies."""
    assert cors(create(judge0, {}, PAGE))["access-control-allow-origin"] == "*"
    answer = ask(start_with(AUTHN), "GET", "/languages", headers=PAGE)
    assert answer.status == 401
    assert cors(answer)["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/submissions", "/languages", "/nothing/there"])
def test_preflights_are_answered_on_every_path(start_with, path):
    """preflight (OPTIONS + Origin + Access-Control-Request-Method) -> 200 empty on **any** path and before auth, echoing the asked
    `Access-Control-Allow-Headers`"""
    asked = {**PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type, x-auth-token"}
    answer = ask(start_with(AUTHN), "OPTIONS", path, headers=asked)
    assert (answer.status, answer.body) == (200, b"")
    assert cors(answer)["access-control-allow-headers"] == "content-type, x-auth-token"
    assert cors(answer)["access-control-allow-origin"] == "*"


def test_options_without_origin_is_404(judge0):
    """OPTIONS without Origin -> 404."""
    assert ask(judge0, "OPTIONS", "/submissions").status == 404


def test_origins_can_be_listed(start_with):
    """ALLOW_ORIGIN list: host names without scheme, then the origin is echoed instead of `*`; other origins get the normal answer
    without CORS headers."""
    server = start_with("ALLOW_ORIGIN='page.example other.example'\n")
    assert cors(ask(server, "GET", "/about", headers=PAGE))["access-control-allow-origin"] == "https://page.example"
    answer = ask(server, "GET", "/about", headers={"Origin": "https://evil.example"})
    assert (answer.status, cors(answer)) == (200, {})


def test_a_list_of_origins_admits_no_others(start):
    """Without a token and a judge0.conf: a list must not make the server more open than none."""
    server = start(env={"ALLOW_ORIGIN": "page.example"})
    assert cors(ask(server, "GET", "/about", headers=PAGE))["access-control-allow-origin"] == "https://page.example"
    assert ask(server, "GET", "/stats", headers=PAGE).status == 200
    for foreign in {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}:
        assert create(server, GOOD, headers=foreign).status == 403
        assert ask(server, "GET", "/stats", headers=foreign).status == 403
    assert create(server, GOOD).status == 201


def test_origins_can_be_shut_out(start_with):
    """DISALLOW_ORIGIN: everyone else echoed."""
    server = start_with("DISALLOW_ORIGIN=evil.example\n")
    assert cors(ask(server, "GET", "/about", headers=PAGE))["access-control-allow-origin"] == "https://page.example"
    assert cors(ask(server, "GET", "/about", headers={"Origin": "https://evil.example"})) == {}


def test_maintenance_blocks_what_changes(start_with):
    """MAINTENANCE_MODE=true: blocks POST /submissions and DELETE only."""
    server = start_with("MAINTENANCE_MODE=true\nAUTHZ_TOKEN=z\nENABLE_SUBMISSION_DELETE=true\n")
    assert create(server, GOOD).status == 503
    assert ask(server, "DELETE", f"/submissions/{NO_TOKEN}", headers={"X-Auth-User": "z"}).status == 503
    for path in ("/languages", "/about", "/config_info", f"/submissions/batch?tokens={NO_TOKEN}"):
        assert ask(server, "GET", path).status == 200
    assert ask(server, "GET", f"/submissions/{NO_TOKEN}").status == 404
