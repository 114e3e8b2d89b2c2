# SPDX-License-Identifier: Apache-2.0
"""Pages of other origins: each dialect has its own list, and without one none may ask.

proves: F6
"""
import pytest

from support.cli import belljar
from support.raw import ask

PAGE = "https://page.example"
PATHS = {"judge0": "/languages", "piston": "/api/v2/runtimes", "native": "/api/v1/languages"}
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type, x-api-key"}


def from_page(server, path, origin=PAGE, method="GET", **more):
    return ask(server, method, path, headers={"Origin": origin, **more})


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_foreign_pages_may_not_ask(server, path):
    for origin in (PAGE, "null", "http://evil.localhost.example"):
        refused = from_page(server, path, origin)
        assert refused.status == 403 and "Access-Control-Allow-Origin" not in refused.headers
        assert from_page(server, path, origin, "OPTIONS", **PREFLIGHT).status == 403
        assert b"allow_origin" in refused.body
    rebound = ask(server, "GET", path, headers={"Host": "evil.example"})
    assert rebound.status == 403 and b"allowed_hosts" in rebound.body and b"allow_origin" not in rebound.body
    assert ask(server, "GET", path).status == 200


@pytest.fixture(scope="module")
def listed(tmp_path_factory):
    from support.server import Server
    config = tmp_path_factory.mktemp("cors") / "belljar.toml"
    config.write_text("".join(f'[{name}]\nallow_origin = ["{name}.example"]\n' for name in PATHS))
    one = Server("--config", str(config))
    yield one
    assert one.stop()[0] == 0


@pytest.mark.parametrize("name", PATHS)
def test_each_dialect_has_its_own_list(listed, name):
    origin = f"https://{name}.example"
    for other, path in PATHS.items():
        answer = from_page(listed, path, origin)
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == ((200, origin) if other == name else (403, None))
    answer = from_page(listed, PATHS[name], origin)
    assert "Origin" in answer.headers["Vary"] and "Access-Control-Allow-Credentials" not in answer.headers
    asked = from_page(listed, PATHS[name], origin, "OPTIONS", **PREFLIGHT)
    assert (asked.status, asked.body) == (200, b"")
    assert asked.headers["Access-Control-Allow-Headers"] == "content-type, x-api-key"
    assert asked.headers["Access-Control-Allow-Origin"] == origin


def test_pages_may_read_what_headers_tell(listed):
    for name, path in PATHS.items():
        exposed = from_page(listed, path, f"https://{name}.example").headers["Access-Control-Expose-Headers"] or ""
        wanted = {"native": {"Location", "Retry-After", "RateLimit-Remaining", "X-Request-Id"},
                  "piston": {"Retry-After", "RateLimit-Remaining", "X-Request-Id"}, "judge0": set()}[name]
        assert wanted <= set(exposed.split(", ")) and bool(wanted) == bool(exposed)


def test_any_page_where_it_is_said(start):
    server = start(env={"BELLJAR_PISTON_ALLOW_ORIGIN": "*"})
    answer = from_page(server, PATHS["piston"])
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert from_page(server, PATHS["native"]).status == 403


def test_with_keys_pages_still_need_to_be_listed(start, tmp_path):
    data = tmp_path / "data"
    secret = belljar("key", "add", "one", "--data", str(data)).stdout.strip()
    server = start("--data", str(data), env={"BELLJAR_NATIVE_ALLOW_ORIGIN": "page.example"})
    key = {"X-Api-Key": secret}
    assert from_page(server, PATHS["native"], **key).status == 200
    assert from_page(server, PATHS["native"]).status == 401
    assert from_page(server, PATHS["piston"], **key).status == 403
    assert from_page(server, PATHS["judge0"], **key).status == 403
    # A key is no page's that was rebound: the server may have any name then, and its own pages may ask.
    assert ask(server, "GET", PATHS["piston"], headers={"Host": "judge.example", **key}).status == 200
    own = {"Host": "judge.example", "Origin": "https://judge.example", **key}
    assert ask(server, "GET", PATHS["piston"], headers=own).status == 200
    assert ask(server, "GET", PATHS["piston"], headers={**own, "Origin": "https://evil.example"}).status == 403
    # preflights carry no key
    asked = from_page(server, PATHS["native"], method="OPTIONS", **PREFLIGHT)
    assert (asked.status, asked.headers["Access-Control-Allow-Origin"]) == (200, PAGE)
