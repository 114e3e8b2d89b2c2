# SPDX-License-Identifier: Apache-2.0
"""/openapi.json: a valid OpenAPI 3.1 document, with every route, that says what the server really answers."""
import copy
import json
import re
import urllib.parse

import pytest

from support.raw import ask
from support.server import ROOT, cannot

try:
    import jsonschema
except ImportError:
    jsonschema = None

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
ROUTE = re.compile(r'\{HTTP_([A-Z]+),\s*"(/[^"]*)"')

# What of https://spec.openapis.org/oas/3.1/schema/2022-10-07 this document uses; anything else in it is an error.
CLOSED = {"additionalProperties": False}
TEXT = {"type": "string", "minLength": 1}
META = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["openapi", "info", "paths"],
    "properties": {
        "openapi": {"type": "string", "pattern": r"^3\.1\.\d+(-.+)?$"},
        "info": {
            "type": "object", "required": ["title", "version"], **CLOSED,
            "properties": {
                "title": TEXT, "version": TEXT, "description": TEXT,
                "license": {"type": "object", "required": ["name"], "properties": {"name": TEXT, "identifier": TEXT}, **CLOSED},
            },
        },
        "servers": {"type": "array", "items": {"type": "object", "required": ["url"], "properties": {"url": TEXT}, **CLOSED}},
        "tags": {"type": "array", "items": {"type": "object", "required": ["name"], **CLOSED,
                                            "properties": {"name": TEXT, "description": TEXT}}},
        "paths": {"type": "object", "patternProperties": {"^/": {"$ref": "#/$defs/item"}}, **CLOSED},
        "components": {
            "type": "object", **CLOSED,
            "properties": {
                "schemas": {"type": "object", "propertyNames": {"pattern": r"^[a-zA-Z0-9._-]+$"}},
                "securitySchemes": {"type": "object", "additionalProperties": {"$ref": "#/$defs/scheme"}},
            },
        },
    },
    **CLOSED,
    "$defs": {
        "item": {"type": "object", "properties": {one: {"$ref": "#/$defs/operation"} for one in METHODS}, **CLOSED},
        "operation": {
            "type": "object", "required": ["operationId", "tags", "summary", "responses", "security"], **CLOSED,
            "properties": {
                "operationId": {"type": "string", "pattern": "^[a-z0-9_]+$"}, "tags": {"type": "array", "items": TEXT},
                "summary": TEXT, "description": TEXT,
                "parameters": {"type": "array", "items": {"$ref": "#/$defs/parameter"}},
                "requestBody": {"type": "object", "required": ["content"], **CLOSED,
                                "properties": {"required": {"type": "boolean"}, "content": {"$ref": "#/$defs/content"}}},
                "responses": {"type": "object", "minProperties": 1, "patternProperties": {"^[1-5][0-9][0-9]$": {
                    "type": "object", "required": ["description"], **CLOSED,
                    "properties": {"description": TEXT, "content": {"$ref": "#/$defs/content"}}}}, **CLOSED},
                "security": {"type": "array", "items": {"type": "object", "additionalProperties": {
                    "type": "array", "items": {"enum": ["run", "read", "admin"]}}}},
            },
        },
        "parameter": {
            "type": "object", "required": ["name", "in", "schema"], **CLOSED,
            "properties": {"name": TEXT, "in": {"enum": ["query", "header", "path"]}, "description": TEXT,
                           "required": {"type": "boolean"}, "schema": {"type": "object"}},
            "if": {"properties": {"in": {"const": "path"}}}, "then": {"required": ["required"], "properties": {"required": {"const": True}}},
        },
        "content": {"type": "object", "minProperties": 1, "additionalProperties": {
            "type": "object", "required": ["schema"], "properties": {"schema": {"type": "object"}}, **CLOSED}},
        "scheme": {"type": "object", "required": ["type"], "oneOf": [
            {"properties": {"type": {"const": "http"}}, "required": ["scheme"]},
            {"properties": {"type": {"const": "apiKey"}, "in": {"enum": ["query", "header", "cookie"]}}, "required": ["in", "name"]}]},
    },
}


@pytest.fixture(scope="module")
def document(server):
    if jsonschema is None:
        cannot("python3-jsonschema is not installed")
    answer = ask(server, "GET", "/openapi.json")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    return answer.json()


def operations(document):
    return {(method.upper(), path): operation for path, item in document["paths"].items() for method, operation in item.items()}


def closed(value):
    """Every object that lists its keys has no others: what an answer holds and no schema names is an error."""
    if isinstance(value, list):
        return [closed(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {key: closed(one) for key, one in value.items()}
    if isinstance(value.get("properties"), dict) and "type" in value:
        found.setdefault("additionalProperties", False)
    return found


def check(document, schema, value):
    whole = {**closed(schema), "components": {"schemas": closed(document["components"]["schemas"])}}
    validator = jsonschema.Draft202012Validator(whole)
    errors = sorted(validator.iter_errors(value), key=str)
    assert not errors, "\n".join(f"{list(one.absolute_path)}: {one.message}" for one in errors[:5]) + f"\nin {json.dumps(value)[:1000]}"


# --- the document ------------------------------------------------------------------------------


def test_document_is_openapi_3_1(document):
    errors = [f"{list(one.absolute_path)}: {one.message}" for one in jsonschema.Draft202012Validator(META).iter_errors(document)]
    assert errors == []


def test_each_schema_is_json_schema(document):
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema), name


def references(value):
    if isinstance(value, dict):
        return [one for key, child in value.items() for one in ([child] if key == "$ref" else references(child))]
    return [one for child in value for one in references(child)] if isinstance(value, list) else []


def test_each_example_fits_its_schema(document):
    for name, schema in document["components"]["schemas"].items():
        for one in schema.get("examples", []):
            check(document, {"$ref": "#/components/schemas/" + name}, one)


def test_each_reference_leads_somewhere_and_each_schema_is_used(document):
    known = {"#/components/schemas/" + name for name in document["components"]["schemas"]}
    found = set(references(document))
    assert found - known == set()
    # Messages of WebSockets are no bodies, so OpenAPI has no place that refers to them.
    assert {one for one in known - found if not one.endswith("NativeStreamStart")} == set()


def test_each_operation_has_a_name_of_its_own(document):
    names = [one["operationId"] for one in operations(document).values()]
    assert sorted(set(names)) == sorted(names)


def test_each_name_in_a_path_is_a_parameter(document):
    for (_, path), operation in operations(document).items():
        told = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert told == set(re.findall(r"\{(\w+)\}", path)), path


def test_each_security_scheme_is_there(document):
    for operation in operations(document).values():
        for one in operation["security"]:
            assert set(one) <= set(document["components"]["securitySchemes"])


def test_no_two_tags_are_the_same_and_each_is_used(document):
    tags = [one["name"] for one in document["tags"]]
    assert len(set(tags)) == len(tags)
    assert {tag for one in operations(document).values() for tag in one["tags"]} == set(tags)


# --- the routes --------------------------------------------------------------------------------


def routes():
    """From the tables in C, so that a dialect that is not in the document is missed too."""
    return {(method, path) for file in (ROOT / "src/api").rglob("*.c") for method, path in ROUTE.findall(file.read_text())}


def test_every_route_is_in_it(document):
    assert len(routes()) > 40
    assert set(operations(document)) == routes()


def test_every_route_is_described(document):
    """An operation without an answer below 400 is a route without an entry in src/api/openapi."""
    undescribed = [key for key, one in operations(document).items() if not any(status < "400" for status in one["responses"])]
    assert undescribed == []


def test_every_description_is_of_a_route(document):
    described = {tuple(key.split(" ")) for file in (ROOT / "src/api/openapi").glob("*.json")
                 for key in json.loads(file.read_text())["operations"]}
    assert described - set(operations(document)) == set()


def test_every_operation_with_a_body_says_so(document):
    for (method, path), operation in operations(document).items():
        no_body = path.startswith("/api/v1/packages/") or path in ("/authenticate", "/authorize")
        assert ("requestBody" in operation) == (method == "POST" and not no_body or (method, path) in WITH_BODY), (method, path)


WITH_BODY = {("DELETE", "/api/v2/packages"), ("DELETE", "/api/v2/piston/packages"), ("DELETE", "/api/v1/admin/packages")}


# --- real answers ------------------------------------------------------------------------------

BASH = {"language": "bash", "version": "*", "files": [{"content": "echo hi; echo no >&2; exit 3"}]}
SUBMISSION = {"language_id": 46, "source_code": "cat; exit 3", "stdin": "hi"}
UNKNOWN = "00000000-0000-4000-8000-000000000000"

# method, path of the table, values of its names and query, body, status; more headers
PISTON = [
    ("GET", "/api/v2/runtimes", {}, None, 200),
    ("POST", "/api/v2/execute", {}, BASH, 200),
    ("POST", "/api/v2/execute", {}, {**BASH, "language": "c", "files": [{"content": "int main(void) { return 3; }"}]}, 200),
    ("POST", "/api/v2/execute", {}, {**BASH, "language": "c", "files": [{"content": "no"}]}, 200),
    ("POST", "/api/v2/execute", {}, {**BASH, "files": [{"content": "kill -9 $$"}]}, 200),
    ("POST", "/api/v2/execute", {}, {**BASH, "run_timeout": 100, "files": [{"content": "sleep 9"}]}, 200),
    ("POST", "/api/v2/execute", {}, {}, 400),
    ("POST", "/api/v2/execute", {}, {**BASH, "language": "none"}, 400),
    ("POST", "/api/v2/execute", {}, "no JSON", 415),
    ("GET", "/api/v2/packages", {}, None, 200),
    ("POST", "/api/v2/packages", {}, {"language": "none", "version": "*"}, 404),
    ("POST", "/api/v2/packages", {}, {"language": "bash", "version": "*"}, 500),
    ("DELETE", "/api/v2/packages", {}, {"language": "none", "version": "*"}, 404),
    ("DELETE", "/api/v2/packages", {}, {"language": "bash", "version": "*"}, 501),
    ("GET", "/api/v2/piston/runtimes", {}, None, 200),
    ("POST", "/api/v2/piston/execute", {}, BASH, 200),
    ("GET", "/api/v2/piston/packages", {}, None, 200),
    ("POST", "/api/v2/piston/packages", {}, {}, 404),
    ("DELETE", "/api/v2/piston/packages", {}, {}, 404),
    ("GET", "/api/v1/runtimes", {}, None, 200),
    ("POST", "/api/v1/execute", {}, BASH, 200),
    ("POST", "/api/v1/execute", {}, {"version": 3}, 400),
    ("POST", "/api/v1/execute", {}, {**BASH, "language": "none"}, 400),
    ("GET", "/api/v1/packages", {}, None, 200),
    ("POST", "/api/v1/packages/{language}/{version}", {"language": "none", "version": "1"}, None, 404),
    ("DELETE", "/api/v1/packages/{language}/{version}", {"language": "none", "version": "1"}, None, 404),
    ("POST", "/api/v1/piston/execute", {}, {"language": "bash", "source": "echo hi"}, 200),
    ("POST", "/api/v1/piston/execute", {}, {"language": "bash"}, 400),
    ("GET", "/api/v1/piston/versions", {}, None, 200),
]
JUDGE0 = [
    ("POST", "/submissions", {}, SUBMISSION, 201),
    ("POST", "/submissions", {"wait": "true"}, SUBMISSION, 201),
    ("POST", "/submissions", {"wait": "true", "fields": "*"}, SUBMISSION, 201),
    ("POST", "/submissions", {"wait": "true", "base64_encoded": "true", "fields": "*"}, {**SUBMISSION, "source_code": "ZWNobyA="}, 201),
    ("POST", "/submissions", {"wait": "true"}, {**SUBMISSION, "language_id": 50, "source_code": "no"}, 201),
    ("POST", "/submissions", {}, {"cpu_time_limit": -1, "stack_limit": "x"}, 422),
    ("POST", "/submissions", {"fields": "none"}, SUBMISSION, 400),
    ("GET", "/submissions", {}, None, 403),
    ("GET", "/submissions/{token}", {"token": "TOKEN"}, None, 200),
    ("GET", "/submissions/{token}", {"token": "TOKEN", "fields": "*"}, None, 200),
    ("GET", "/submissions/{token}", {"token": UNKNOWN}, None, 404),
    ("DELETE", "/submissions/{token}", {"token": "TOKEN"}, None, 403),
    ("POST", "/submissions/batch", {}, {"submissions": [SUBMISSION, {}]}, 201),
    ("POST", "/submissions/batch", {}, {"submissions": [{}]}, 422),
    ("POST", "/submissions/batch", {}, {"submissions": []}, 400),
    ("GET", "/submissions/batch", {"tokens": f"TOKEN,{UNKNOWN}", "fields": "*"}, None, 200),
    ("GET", "/submissions/batch", {}, None, 400),
    ("GET", "/languages", {}, None, 200),
    ("GET", "/languages/all", {}, None, 200),
    ("GET", "/languages/{id}", {"id": "46"}, None, 200),
    ("GET", "/languages/{id}", {"id": "89"}, None, 200),
    ("GET", "/languages/{id}", {"id": "4711"}, None, 404),
    ("GET", "/statuses", {}, None, 200),
    ("GET", "/about", {}, None, 200),
    ("GET", "/version", {}, None, 200),
    ("GET", "/license", {}, None, 200),
    ("GET", "/isolate", {}, None, 200),
    ("GET", "/system_info", {}, None, 200),
    ("GET", "/config_info", {}, None, 200),
    ("GET", "/statistics", {"invalidate_cache": "true"}, None, 200),
    ("GET", "/workers", {}, None, 200),
    ("POST", "/authenticate", {}, None, 200),
    ("POST", "/authorize", {}, None, 403),
]
RUN = {"language": "bash", "source": "echo hi; exit 3", "wait": True}
TESTS = [{"name": "one", "stdin": "1", "expected_output": "1"}, {"stdin": "2", "expected_output": "3"}]
NATIVE = [
    ("POST", "/api/v1/executions", {}, RUN, 200),
    ("POST", "/api/v1/executions", {}, {**RUN, "source": "printf '\\xff'; kill -9 $$"}, 200),
    ("POST", "/api/v1/executions", {}, {**RUN, "language": "c", "source": "int main(void) { return 0; }"}, 200),
    ("POST", "/api/v1/executions", {}, {**RUN, "language": "c", "source": "no"}, 200),
    ("POST", "/api/v1/executions", {}, {**RUN, "source": "cat", "tests": TESTS}, 200),
    ("POST", "/api/v1/executions", {}, {**RUN, "source": "echo x > a; mkdir d; echo y > d/b", "artifacts": ["a", "d/*"]}, 200),
    ("POST", "/api/v1/executions", {}, {**RUN, "source": "sleep 9", "limits": {"wall_ms": 100}}, 200),
    ("POST", "/api/v1/executions", {}, {**RUN, "wait": False, "label": "mine"}, 202),
    ("POST", "/api/v1/executions", {}, {"limits": {"wall_mss": 1}, "language": 5}, 422),
    ("POST", "/api/v1/executions", {}, "no JSON", 415),
    ("GET", "/api/v1/executions", {}, None, 200),
    ("GET", "/api/v1/executions", {"limit": "1", "status": "finished,cancelled", "label": "mine"}, None, 200),
    ("GET", "/api/v1/executions", {"ids": "EXECUTION,none"}, None, 200),
    ("GET", "/api/v1/executions", {"limit": "0", "status": "none", "cursor": "none"}, None, 422),
    ("POST", "/api/v1/executions/batch", {}, [{"language": "bash", "source": "echo"}, {}], 202),
    ("POST", "/api/v1/executions/batch", {}, [{}], 422),
    ("POST", "/api/v1/executions/batch", {}, [], 422),
    ("GET", "/api/v1/executions/{id}", {"id": "EXECUTION"}, None, 200),
    ("GET", "/api/v1/executions/{id}", {"id": "none"}, None, 404),
    ("DELETE", "/api/v1/executions/{id}", {"id": "none"}, None, 404),
    ("GET", "/api/v1/languages", {}, None, 200),
    ("GET", "/api/v1/languages/{name}", {"name": "python"}, None, 200),
    ("GET", "/api/v1/languages/{name}", {"name": "c"}, None, 200),
    ("GET", "/api/v1/languages/{name}", {"name": "none"}, None, 404),
    ("GET", "/api/v1/stats", {}, None, 200),
    ("GET", "/api/v1/admin/boxes", {}, None, 200),
]
COMMON = [
    ("GET", "/", {}, None, 200),
    ("GET", "/health", {}, None, 200),
    ("GET", "/ready", {}, None, 200),
    ("GET", "/stats", {}, None, 200),
    ("GET", "/metrics", {}, None, 200),
    ("GET", "/openapi.json", {}, None, 200),
    ("GET", "/docs", {}, None, 200),
]


def fill(path, values):
    """/things/{id} and {"id": 1, "all": 2} are /things/1?all=2"""
    rest = {name: value for name, value in values.items() if "{" + name + "}" not in path}
    for name, value in values.items():
        path = path.replace("{" + name + "}", urllib.parse.quote(value, safe=""))
    return path + ("?" + urllib.parse.urlencode(rest) if rest else "")


def check_answer(document, operation, answer, status):
    assert answer.status == status, answer
    told = operation["responses"].get(str(status))
    assert told, f"{status} is not in {sorted(operation['responses'])}"
    if "content" not in told:
        return
    sent = answer.headers["Content-Type"].partition(";")[0]
    schemas = {media.partition(";")[0]: content["schema"] for media, content in told["content"].items()}
    assert sent in schemas, answer
    check(document, schemas[sent], answer.json() if "json" in sent else answer.body.decode())


def name_of(call):
    return f"{call[0]} {call[1]} {call[4]}"


@pytest.fixture(scope="module")
def known(server):
    """What a call may name: words in capitals, and what stands for them."""
    return {"TOKEN": ask(server, "POST", "/submissions?wait=true", SUBMISSION).json()["token"],
            "EXECUTION": ask(server, "POST", "/api/v1/executions", RUN).json()["id"]}


def named(values, known):
    for word, value in known.items():
        values = {name: one.replace(word, value) for name, one in values.items()}
    return values


CALLS = NATIVE + PISTON + JUDGE0 + COMMON


@pytest.mark.parametrize("call", CALLS, ids=name_of)
def test_answer_is_as_told(server, document, known, call):
    method, path, values, body, status = call
    answer = ask(server, method, fill(path, named(values, known)), body)
    check_answer(document, operations(document)[method, path], answer, status)


def bodies():
    """Those of calls that were accepted; of a batch one may be wrong all the same."""
    return [call for call in CALLS if call[3] is not None and call[4] < 300 and not call[1].endswith("/batch")]


@pytest.mark.parametrize("call", bodies(), ids=name_of)
def test_what_is_accepted_fits_the_schema_of_the_body(document, call):
    (content,) = operations(document)[call[:2]]["requestBody"]["content"].values()
    check(document, content["schema"], call[3])


@pytest.mark.parametrize("body", [{**RUN, "more": 1}, {**RUN, "limits": {"wall_ms": 0}}, {**RUN, "tty": True},
                                  {**RUN, "limits": {"memory_bytes": 1 << 60}}, {**RUN, "files": []}, {"source": ""},
                                  {**RUN, "isolation": "none"}, {**RUN, "callback": {}}, {**RUN, "env": {"A": 1}}])
def test_what_native_refuses_does_not_fit_the_schema(server, document, body):
    assert ask(server, "POST", "/api/v1/executions", body).status == 422
    with pytest.raises(AssertionError):
        check(document, {"$ref": "#/components/schemas/NativeExecutionRequest"}, body)


def test_cancelled_and_deleted_executions_are_as_told(server, document):
    slow = ask(server, "POST", "/api/v1/executions", {"language": "bash", "source": "sleep 9"}).json()["id"]
    operation = operations(document)["DELETE", "/api/v1/executions/{id}"]
    for status in (200, 204, 404):
        check_answer(document, operation, ask(server, "DELETE", f"/api/v1/executions/{slow}"), status)


def test_lists_and_deletions_of_submissions_are_as_told(document, start):
    server = start("--judge0-authz-token", "secret", "--judge0-enable-submission-delete")
    token = ask(server, "POST", "/submissions?wait=true", SUBMISSION).json()["token"]
    for method, path, values, status in [("GET", "/submissions", {"fields": "*", "per_page": "1"}, 200),
                                         ("GET", "/submissions", {"page": "0"}, 400),
                                         ("DELETE", "/submissions/{token}", {"token": token}, 200),
                                         ("DELETE", "/submissions/{token}", {"token": token}, 404)]:
        answer = ask(server, method, fill(path, values), headers={"X-Auth-User": "secret"})
        check_answer(document, operations(document)[method, path], answer, status)


def test_refused_callers_are_answered_as_told(document, start):
    """Whoever has no key gets 401, in the words of each dialect."""
    server = start("--judge0-authn-token", "secret")
    for method, path in [("GET", "/api/v2/runtimes"), ("GET", "/languages"), ("GET", "/stats"), ("GET", "/metrics")]:
        check_answer(document, operations(document)[method, path], ask(server, method, path), 401)


def test_what_needs_no_key_says_so(document, start):
    server = start("--judge0-authn-token", "secret")
    for (method, path), operation in operations(document).items():
        if operation["security"] == []:
            assert ask(server, method, path).status == 200, path


def test_every_operation_is_called(document):
    """But for streams, whose answers are no bodies."""
    called = {call[:2] for call in CALLS}
    streams = {key for key, one in operations(document).items()
               if "101" in one["responses"] or "text/event-stream" in one["responses"].get("200", {}).get("content", {})}
    assert set(operations(document)) - called - streams == set()


# --- the test itself ---------------------------------------------------------------------------


def test_an_unknown_key_in_an_answer_is_found(document):
    schema = {"$ref": "#/components/schemas/Root"}
    check(document, schema, {"message": "belljar", "version": "1"})
    with pytest.raises(AssertionError, match="more"):
        check(document, schema, {"message": "belljar", "version": "1", "more": 1})


def test_a_missing_summary_in_the_document_is_found(document):
    bad = copy.deepcopy(document)
    del bad["paths"]["/"]["get"]["summary"]
    assert list(jsonschema.Draft202012Validator(META).iter_errors(bad))
