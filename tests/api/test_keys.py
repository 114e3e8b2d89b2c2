# SPDX-License-Identifier: Apache-2.0
"""Keys of callers: every dialect asks for them, and holds their scopes, rates, shares and ceilings.

proves: F1, F2, F4
"""
import os
import threading
from concurrent import futures

import pytest

from support.cli import belljar
from support.judge0 import PYTHON, create
from support.raw import ask, wait_until
from support.websocket import Refused, WebSocket

SUBMISSION = {"source_code": "print(1)", "language_id": PYTHON}
PROGRAM = {"language": "python", "version": "*", "files": [{"content": "print(1)"}]}
EXECUTION = {"language": "python", "source": "print(1)", "wait": True}
RUN = {"judge0": ("POST", "/submissions", SUBMISSION), "piston": ("POST", "/api/v2/execute", PROGRAM),
       "native": ("POST", "/api/v1/executions", EXECUTION)}
READ = {"judge0": ("GET", "/statistics", None), "native": ("GET", "/api/v1/executions", None), "stats": ("GET", "/stats", None),
        "metrics": ("GET", "/metrics", None)}
ADMIN = {"piston": ("POST", "/api/v2/packages", {"language": "x", "version": "1"}), "native": ("GET", "/api/v1/admin/boxes", None),
         "old piston": ("POST", "/api/v1/packages/x/1", {})}
PUBLIC = ["/", "/health", "/ready", "/openapi.json", "/docs"]


def key(data, action, *words):
    done = belljar("key", action, *words, "--data", str(data))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Keyed:
    """A server, its data directory, and a way to ask with a secret."""

    def __init__(self, start, data, *flags, env=None):
        self.data = data
        self.server = start("--data", str(data), "--log-level", "info", *flags, env=env)

    def add(self, name, *flags):
        secret = key(self.data, "add", name, *flags)
        assert wait_until(lambda: self.get("/languages", secret).status != 401)
        return secret

    def ask(self, what, secret=None, header="Authorization", headers=None):
        method, path, body = what
        given = {header: f"Bearer {secret}" if header == "Authorization" else secret} if secret else {}
        return ask(self.server, method, path, body, {**given, **(headers or {})})

    def get(self, path, secret=None, **more):
        return self.ask(("GET", path, None), secret, **more)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """One of each scope."""
    data = tmp_path_factory.mktemp("keys") / "data"
    return data, {scope: key(data, "add", scope, "--scope", scope) for scope in ("run", "read", "admin")}


@pytest.fixture(scope="module")
def keyed(keys, start_module):
    return Keyed(start_module, keys[0])


@pytest.fixture(scope="module")
def start_module():
    from support.server import Server
    started = []

    def start_one(*flags, env=None):
        started.append(Server(*flags, env=env))
        return started[-1]

    yield start_one
    assert [one.stop()[0] for one in started] == [0] * len(started)


@pytest.mark.parametrize("what", [*RUN.values(), *READ.values(), *ADMIN.values(), ("GET", "/languages", None), ("GET", "/api/v2/runtimes", None)])
def test_nobody_without_a_key(keyed, what):
    for secret in (None, "bj_wrong", ""):
        answer = keyed.ask(what, secret)
        assert answer.status == 401, answer
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("path", PUBLIC)
def test_what_is_public_needs_none(keyed, path):
    assert keyed.get(path).status == 200


def allowed(table, keyed, secret):
    return {name: keyed.ask(what, secret).status not in (401, 403) for name, what in table.items()}


def test_scopes_hold_in_every_dialect(keyed, keys):
    for scope, secret in keys[1].items():
        assert allowed(RUN, keyed, secret) == {name: scope in ("run", "admin") for name in RUN}, scope
        assert allowed(READ, keyed, secret) == {name: scope in ("read", "admin") for name in READ}, scope
        assert allowed(ADMIN, keyed, secret) == {name: scope == "admin" for name in ADMIN}, scope
        assert keyed.get("/languages", secret).status == 200
        assert keyed.get("/api/v2/runtimes", secret).status == 200


def test_refusals_have_each_dialects_form(keyed, keys):
    for secret, status in ((None, 401), (keys[1]["read"], 403)):
        judge0 = keyed.ask(RUN["judge0"], secret)
        assert (judge0.status, judge0.body) == (status, b"")
        piston = keyed.ask(RUN["piston"], secret)
        assert (piston.status, list(piston.json())) == (status, ["message"])
        native = keyed.ask(RUN["native"], secret)
        assert native.status == status and native.json()["status"] == status
        assert native.headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize("what", RUN.values(), ids=RUN)
def test_a_key_may_come_in_several_ways(keyed, keys, what):
    secret = keys[1]["run"]
    ways = {"Authorization": f"Bearer {secret}", "authorization": secret, "X-Api-Key": secret, "X-Auth-Token": secret}
    for header, value in ways.items():
        assert ask(keyed.server, *what, {header: value}).status in (200, 201, 202), header
    both = {"Authorization": "Bearer wrong", "X-Api-Key": secret}
    assert ask(keyed.server, *what, both).status in (200, 201, 202)


def test_judge0_takes_it_as_a_parameter(keyed, keys):
    secret = keys[1]["run"]
    assert ask(keyed.server, "POST", f"/submissions?X-Auth-Token={secret}", SUBMISSION).status == 201
    assert ask(keyed.server, "POST", "/submissions", {**SUBMISSION, "X-Auth-Token": secret}).status == 201
    assert ask(keyed.server, "POST", "/authenticate", {"X-Auth-Token": secret}).status == 200
    assert ask(keyed.server, "POST", "/authenticate", {"X-Auth-Token": "wrong"}).status == 401
    assert ask(keyed.server, "POST", f"/api/v2/execute?X-Auth-Token={secret}", PROGRAM).status == 401


def test_a_page_gives_it_as_a_subprotocol(keyed, keys):
    with pytest.raises(Refused) as refused:
        WebSocket(keyed.server, "/api/v1/stream")
    assert refused.value.answer.status == 401
    offer = {"Sec-WebSocket-Protocol": f"belljar, belljar.key.{keys[1]['run']}"}
    with WebSocket(keyed.server, "/api/v1/stream", headers=offer) as socket:
        socket.send_json({"type": "start", "language": "python", "source": "print(1)"})
        kinds = []
        while "finished" not in kinds:
            kinds.append(socket.receive_json()["type"])
        assert kinds[0] == "started"
    with pytest.raises(Refused) as refused:
        WebSocket(keyed.server, "/api/v1/stream", headers={"Sec-WebSocket-Protocol": f"belljar.key.{keys[1]['read']}"})
    assert refused.value.answer.status == 403


# --- coming and going ---------------------------------------------------------------------------------------------


def test_keys_come_and_go_without_a_restart(start, tmp_path):
    keyed = Keyed(start, tmp_path / "data")
    assert keyed.get("/languages").status == 200
    secret = keyed.add("one")
    assert wait_until(lambda: keyed.get("/languages").status == 401)
    assert keyed.get("/languages", secret).status == 200
    key(keyed.data, "revoke", "one")
    assert wait_until(lambda: keyed.get("/languages", secret).status == 401)
    assert keyed.get("/languages").status == 401  # all revoked stays closed
    assert keyed.get("/health").status == 200
    keyed.server.stop()
    again = Keyed(start, keyed.data)
    assert again.get("/languages").status == 401
    assert again.get("/languages", again.add("one")).status == 200


def test_a_damaged_file_opens_nothing(start, tmp_path):
    keyed = Keyed(start, tmp_path / "data")
    secret = keyed.add("one")
    (keyed.data / "state" / "keys.json").write_text("{")
    assert wait_until(lambda: "those of before stay" in keyed.server.log_path.read_text())
    assert keyed.get("/languages").status == 401
    assert keyed.get("/languages", secret).status == 200
    (keyed.data / "state" / "keys.json").unlink()
    assert keyed.get("/languages").status == 401


def test_secrets_are_nowhere_at_rest(start, tmp_path):
    keyed = Keyed(start, tmp_path / "data", "--log-level", "debug")
    secret = keyed.add("one")
    assert keyed.ask(RUN["native"], secret).status == 200
    log = keyed.server.stop()[1]
    assert secret not in log
    for path in keyed.data.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path
    assert (keyed.data / "state" / "keys.json").stat().st_mode & 0o777 == 0o600


# --- whose is what ------------------------------------------------------------------------------------------------


def test_each_sees_its_own(start, tmp_path):
    keyed = Keyed(start, tmp_path / "data", env={"ENABLE_SUBMISSION_DELETE": "true"})
    one, two, boss = keyed.add("one"), keyed.add("two"), keyed.add("boss", "--scope", "admin")
    mine = [keyed.ask(("POST", "/submissions?wait=true", SUBMISSION), one).json()["token"] for _ in range(2)]
    other = keyed.ask(("POST", "/submissions?wait=true", SUBMISSION), two).json()["token"]
    assert keyed.get(f"/submissions/{mine[0]}", one).status == 200
    assert keyed.get(f"/submissions/{other}", one).status == 404
    assert keyed.get(f"/submissions/{other}", boss).status == 200
    batch = keyed.get(f"/submissions/batch?tokens={mine[0]},{other}", one).json()["submissions"]
    assert batch[0]["token"] == mine[0] and batch[1] is None

    def listed(secret):
        answer = keyed.get("/submissions?fields=token", secret).json()
        assert answer["meta"]["total_count"] == len(answer["submissions"])
        return {row["token"] for row in answer["submissions"]}

    assert listed(one) == set(mine) and listed(two) == {other} and listed(boss) == {*mine, other}
    assert keyed.ask(("DELETE", f"/submissions/{other}", None), one).status == 404
    assert keyed.ask(("DELETE", f"/submissions/{mine[0]}", None), one).status == 200
    assert keyed.ask(("DELETE", f"/submissions/{other}", None), boss).status == 200
    raised = {"X-Auth-User": boss}
    assert keyed.get(f"/submissions?fields=token", one, headers=raised).json()["meta"]["total_count"] == 1
    for user in (two, "wrong", ""):
        assert keyed.get("/submissions", one, headers={"X-Auth-User": user}).status == 403


def test_native_executions_are_their_callers(start, tmp_path):
    keyed = Keyed(start, tmp_path / "data")
    one, two, boss = keyed.add("one"), keyed.add("two"), keyed.add("boss", "--scope", "admin")
    mine = keyed.ask(RUN["native"], one).json()["id"]
    for secret, status in ((one, 200), (two, 404), (boss, 200)):
        assert keyed.get(f"/api/v1/executions/{mine}", secret).status == status
        ids = [row["id"] for row in keyed.get("/api/v1/executions", secret).json()["executions"]]
        assert (mine in ids) == (status == 200)
    assert keyed.ask(("DELETE", f"/api/v1/executions/{mine}", None), two).status == 404
    assert keyed.ask(("DELETE", f"/api/v1/executions/{mine}", None), one).status in (200, 204)


def test_judge0s_tokens_work_beside_keys(start, tmp_path):
    keyed = Keyed(start, tmp_path / "data", env={"AUTHN_TOKEN": "legacy", "AUTHZ_TOKEN": "boss"})
    secret = keyed.add("one")
    assert keyed.get("/languages").status == 401
    assert keyed.get("/languages", "legacy", header="X-Auth-Token").status == 200
    assert keyed.get("/languages", secret).status == 200
    assert keyed.get("/submissions", "legacy", header="X-Auth-Token").status == 403
    assert keyed.get("/submissions", "legacy", header="X-Auth-Token", headers={"X-Auth-User": "boss"}).status == 200
    assert keyed.ask(RUN["piston"], "legacy", header="X-Auth-Token").status == 200


# --- rates --------------------------------------------------------------------------------------------------------


def test_a_rate_is_told_and_held(start, tmp_path):
    keyed = Keyed(start, tmp_path / "data")
    free, slow = keyed.add("free"), key(tmp_path / "data", "add", "slow", "--rate", "0.01", "--burst", "3")
    assert wait_until(lambda: (tmp_path / "data" / "state" / "keys.json").read_text().count("sha256") == 2)
    answers = [keyed.get(path, slow) for path in ("/languages", "/api/v2/runtimes", "/api/v1/languages", "/stats", "/about")]
    assert [one.status for one in answers] == [200, 200, 200, 429, 429]
    assert [one.headers["RateLimit-Remaining"] for one in answers] == ["2", "1", "0", "0", "0"]
    assert all(one.headers["RateLimit-Limit"] == "3" for one in answers)
    assert 190 <= int(answers[1].headers["RateLimit-Reset"]) <= 200
    assert 90 <= int(answers[3].headers["Retry-After"]) <= 100 and answers[0].headers["Retry-After"] is None
    assert "error" in answers[4].json() and "message" in answers[3].json()
    assert keyed.get("/api/v1/languages", slow).json()["status"] == 429
    assert all(keyed.get("/languages", free).headers["RateLimit-Limit"] is None for _ in range(10))
    assert keyed.get("/health", slow).status == 200


def test_addresses_have_a_rate_where_no_key_is_needed(start):
    server = start(env={"BELLJAR_CALLERS_RATE": "1", "BELLJAR_CALLERS_BURST": "3"})
    statuses = [ask(server, "GET", "/languages") for _ in range(6)]
    assert [one.status for one in statuses][:3] == [200] * 3 and 429 in [one.status for one in statuses][3:]
    assert all("RateLimit-Remaining" in one.headers for one in statuses)
    assert ask(server, "GET", "/health").status == 200


def test_wrong_keys_are_not_free(start, tmp_path):
    keyed = Keyed(start, tmp_path / "data", env={"BELLJAR_CALLERS_RATE": "1", "BELLJAR_CALLERS_BURST": "5"})
    secret = key(keyed.data, "add", "one")
    assert wait_until(lambda: keyed.get("/languages", secret).headers["RateLimit-Limit"] is None)
    statuses = [keyed.get("/languages", f"wrong{i}").status for i in range(12)]
    assert set(statuses) == {401, 429} and statuses[-1] == 429
    assert keyed.get("/languages", secret).status == 200  # who has a key is not shut out by others of its address


# --- shares and ceilings ------------------------------------------------------------------------------------------

SLEEP = "import time; time.sleep(1.5)"


def test_shares_of_slots_and_queue(start, tmp_path):
    keyed = Keyed(start, tmp_path / "data", "--slots", "2")
    narrow = keyed.add("narrow", "--running", "1", "--queued", "1")
    wide = keyed.add("wide")
    body = {**SUBMISSION, "source_code": SLEEP}
    tokens = [keyed.ask(("POST", "/submissions", body), narrow).json()["token"]]

    def stats():
        return keyed.get("/stats", wide).json()

    assert wait_until(lambda: stats()["running"] == 1)
    tokens.append(keyed.ask(("POST", "/submissions", body), narrow).json()["token"])
    assert wait_until(lambda: stats()["queue_size"] == 1)
    assert stats()["running"] == 1  # though there are two slots
    for what in RUN.values():
        full = keyed.ask(what, narrow)
        assert full.status == 429 and full.headers["Retry-After"] == "1", full
    assert keyed.ask(RUN["piston"], wide).status == 200  # the second slot is for others
    assert wait_until(lambda: all(keyed.get(f"/submissions/{one}", narrow).json()["status"]["id"] == 3 for one in tokens))


@pytest.mark.parametrize("what", [("POST", "/submissions", {**SUBMISSION, "source_code": SLEEP}),
                                  ("POST", "/api/v1/executions", {**EXECUTION, "source": SLEEP, "wait": False})])
def test_share_of_the_queue_holds_for_requests_that_come_at_once(start, tmp_path, what):
    keyed = Keyed(start, tmp_path / "data", "--slots", "1")
    narrow = keyed.add("narrow", "--running", "1", "--queued", "2")
    with futures.ThreadPoolExecutor(40) as pool:
        statuses = list(pool.map(lambda _: keyed.ask(what, narrow).status, range(40)))
    assert sum(status in (201, 202) for status in statuses) <= 3  # one runs


def test_ceilings_lower_what_may_be_asked_for(start, tmp_path):
    keyed = Keyed(start, tmp_path / "data")
    low = keyed.add("low", "--max-wall", "2s", "--max-cpu", "1s", "--max-memory", "64M", "--max-processes", "8")
    judge0 = keyed.ask(("POST", "/submissions", {**SUBMISSION, "cpu_time_limit": 1.5, "wall_time_limit": 2.5, "memory_limit": 65537,
                                                  "max_processes_and_or_threads": 9}), low)
    assert judge0.status == 422
    assert judge0.json() == {"cpu_time_limit": ["must be less than or equal to 1.0"], "wall_time_limit": ["must be less than or equal to 2.0"],
                             "memory_limit": ["must be less than or equal to 65536"],
                             "max_processes_and_or_threads": ["must be less than or equal to 8"]}
    done = keyed.ask(("POST", "/submissions?wait=true&fields=*", SUBMISSION), low).json()
    assert (float(done["wall_time_limit"]), done["memory_limit"], done["status"]["id"]) == (2.0, 65536, 3)
    piston = keyed.ask(("POST", "/api/v2/execute", {**PROGRAM, "run_timeout": 2001}), low)
    assert (piston.status, piston.json()["message"]) == (400, "run_timeout cannot exceed the configured limit of 2000")
    spins = keyed.ask(("POST", "/api/v2/execute", {**PROGRAM, "files": [{"content": "import time; time.sleep(9)"}]}), low).json()
    assert spins["run"]["signal"] == "SIGKILL" and spins["run"]["wall_time"] < 5000
    native = keyed.ask(("POST", "/api/v1/executions", {**EXECUTION, "limits": {"wall_ms": 2001}}), low)
    assert native.status == 422 and native.json()["errors"][0]["path"] == "limits.wall_ms"
    assert keyed.ask(RUN["native"], low).json()["verdict"] == "ok"


def test_refusals_are_counted(start, tmp_path):
    keyed = Keyed(start, tmp_path / "data")
    boss = keyed.add("boss", "--scope", "admin")
    keyed.get("/languages", "wrong")
    text = keyed.get("/metrics", boss).body.decode()
    assert 'belljar_refused_total{reason="key"}' in text


def test_many_wrong_keys_leave_nothing(keyed):
    def descriptors():
        return len(os.listdir(f"/proc/{keyed.server.pid}/fd"))
    before = descriptors()
    threads = [threading.Thread(target=lambda: [keyed.get("/languages", f"wrong{i}") for i in range(50)]) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert wait_until(lambda: descriptors() <= before)
