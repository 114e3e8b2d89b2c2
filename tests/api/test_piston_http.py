# SPDX-License-Identifier: Apache-2.0
"""Piston's API, section 1 of its contract: paths, types, bodies."""
import json

import pytest

from support.raw import ask

BODY = {"language": "nothing", "version": "*", "files": []}
UNKNOWN = {"message": "nothing-* runtime is unknown"}
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("path", [
    "/api/v2/execute", "/api/v2/execute/", "/API/V2/Execute", "/api/v2/piston/execute", "/api/v2/piston/execute/"])
def test_paths_match_in_any_case_with_or_without_a_slash(server, path):
    """paths match case-insensitively and with or without a trailing slash"""
    answer = ask(server, "POST", path, BODY)
    assert (answer.status, answer.json()) == (400, UNKNOWN)


@pytest.mark.parametrize("method,path", [
    ("GET", "/api/v2/execute"), ("PUT", "/api/v2/execute"), ("GET", "/api/v2/connect"), ("GET", "/api/v2/nowhere"),
    ("POST", "/api/v2/nowhere"), ("DELETE", "/api/v2/runtimes"), ("GET", "/api/v2")])
def test_unknown_routes_and_methods_are_404(server, method, path):
    """Unknown route -> 404 `{"message":"Not Found"}` (also GET /execute, PUT /execute, GET /connect without upgrade)"""
    answer = ask(server, method, path, "{}" if method != "GET" else None, JSON)
    assert (answer.status, answer.json()) == (404, {"message": "Not Found"})
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("kind", [None, "", "application/x-www-form-urlencoded", "Application/JSON", "multipart/form-data"])
@pytest.mark.parametrize("method,path", [
    ("POST", "/api/v2/execute"), ("POST", "/api/v2/nowhere"), ("PUT", "/api/v2/execute"), ("DELETE", "/api/v2/packages")])
def test_other_types_are_415_before_routing(server, method, path, kind):
    """Any method but GET/HEAD/OPTIONS under /api/v2 whose Content-Type does not start with (case-sensitive)
    `application/json` -> 415 - before routing, so an unknown POST path is 415, not 404"""
    answer = ask(server, method, path, "{}", {} if kind is None else {"Content-Type": kind})
    assert (answer.status, answer.json()) == (415, {"message": "requests must be of type application/json"})


def test_type_with_parameters_is_fine(server):
    """`application/json; charset=utf-8` fine"""
    answer = ask(server, "POST", "/api/v2/execute", json.dumps(BODY), {"Content-Type": "application/json; charset=utf-8"})
    assert answer.json() == UNKNOWN


def test_jsonx_is_not_parsed(server):
    """`application/jsonx` passes the check but is not parsed -> `language is required as a string`"""
    answer = ask(server, "POST", "/api/v2/execute", json.dumps(BODY), {"Content-Type": "application/jsonx"})
    assert (answer.status, answer.json()) == (400, {"message": "language is required as a string"})


def test_plain_text_is_accepted_where_no_page_sent_it(server):
    """On purpose: `text/plain` JSON bodies accepted - without an Origin"""
    answer = ask(server, "POST", "/api/v2/execute", json.dumps(BODY), {"Content-Type": "text/plain"})
    assert answer.json() == UNKNOWN
    answer = ask(server, "POST", "/api/v2/execute", json.dumps(BODY),
                 {"Content-Type": "text/plain", "Origin": "http://localhost:5173"})
    assert answer.status == 415


@pytest.mark.parametrize("body", ["", "[]", "[1,2]"])
def test_array_or_empty_body_counts_as_no_keys(server, body):
    """`[]` or an empty body count as `{}`"""
    answer = ask(server, "POST", "/api/v2/execute", body, JSON)
    assert (answer.status, answer.json()) == (400, {"message": "language is required as a string"})


@pytest.mark.parametrize("body", ["{", "5", '"x"', "null", "{'a':1}", '{"a":1,}', "{} {}", '{"a":NaN}', "\ufeff{}"])
def test_bad_json_is_400_with_a_message(server, body):
    """bad JSON or a JSON primitive -> 400; on purpose with `message` instead of `stack`"""
    answer = ask(server, "POST", "/api/v2/execute", body.encode(), JSON)
    assert answer.status == 400
    assert answer.json()["message"].startswith("bad JSON: ")


def test_body_limit_is_configurable(start):
    """limit 100 kB in Piston; on purpose configurable, and the refusal has a `message`"""
    one = start("--server-body-max", "2048")
    padded = dict(BODY, padding="x" * 1800)
    assert ask(one, "POST", "/api/v2/execute", padded).json() == UNKNOWN
    padded["padding"] = "x" * 2048
    answer = ask(one, "POST", "/api/v2/execute", padded)
    assert answer.status == 400
    assert answer.json() == {"message": "the request body is larger than 2048 bytes (server.body_max)"}


def test_bodies_far_above_pistons_limit_are_accepted(server):
    answer = ask(server, "POST", "/api/v2/execute", dict(BODY, padding="x" * 10_000_000))
    assert answer.json() == UNKNOWN


def test_unknown_keys_are_ignored(server):
    """unknown keys ignored, e.g. piston-bot's `log`"""
    assert ask(server, "POST", "/api/v2/execute", dict(BODY, log=0, anything={"a": [1]})).json() == UNKNOWN
