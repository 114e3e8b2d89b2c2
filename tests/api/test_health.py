# SPDX-License-Identifier: Apache-2.0
from support.raw import ask


def test_root_names_the_program_for_clients_that_ask_piston(server):
    """`GET /` -> 200 `{"message":"Piston v3.1.1"}`; here the name is ours, the key Piston's"""
    answer = ask(server, "GET", "/")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.json()["message"].startswith("belljar ")


def test_health_tells_sandbox_and_engine(server):
    answer = ask(server, "GET", "/health")
    assert answer.status == 200
    health = answer.json()
    assert health["status"] == "ok"
    assert health["version"] == ask(server, "GET", "/").json()["version"]
    assert health["sandbox"]["cgroup"] in ("v1", "v2", "none")
    assert health["sandbox"]["boxes_max"] > 0
    assert isinstance(health["sandbox"]["weaker"], list)
    assert health["engine"]["slots"] > 0
    assert set(health["engine"]) == {"slots", "running", "queued", "boxes", "finished"}


def test_unknown_route_is_404(server):
    """Unknown route -> 404 `{"message":"Not Found"}`"""
    for path in ("/nowhere", "/api", "/api/v3/execute"):
        answer = ask(server, "GET", path)
        assert (answer.status, answer.json()) == (404, {"message": "Not Found"})
