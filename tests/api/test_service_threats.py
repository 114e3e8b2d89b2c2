# SPDX-License-Identifier: Apache-2.0
"""Attacks on the service itself, across the dialects: what no single program in a box can try.

More of the same rows is in test_keys.py, test_http.py, test_slow_clients.py, test_bad_input.py, test_cors.py, test_stream.py,
test_judge0_callbacks.py, test_compile_cache.py and tests/serve; each says which it proves.
"""
import base64
import io
import json
import re
import zipfile

import pytest

from support import native
from support.cli import belljar
from support.judge0 import PYTHON
from support.raw import ask
from support.server import ROOT, descendants
from support.websocket import Refused, WebSocket

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>"
SOCKETS = ["/api/v1/stream", "/api/v2/connect", "/api/v2/piston/connect"]


# --- calls without permission --------------------------------------------------------------------------------------

# Of no use to a stranger: what the server is, and whether it lives.
PUBLIC = {("get", "/"), ("get", "/health"), ("get", "/ready"), ("get", "/openapi.json"), ("get", "/docs")}


@pytest.fixture
def keyed(start, tmp_path):
    """A server where somebody has a key; strangers ask."""
    data = tmp_path / "data"
    assert belljar("key", "add", "somebody", "--data", str(data)).returncode == 0
    return start("--data", str(data), "--log-level", "info")


def test_no_route_serves_a_stranger(keyed):
    """
    proves: F1
    """
    paths = ask(keyed, "GET", "/openapi.json").json()["paths"]
    routes = [(method, path) for path, item in paths.items() for method in item if method in ("get", "post", "put", "delete", "patch")]
    assert len(routes) > 30
    for method, path in routes:
        if (method, path) in PUBLIC or path.startswith("/docs"):
            continue
        body = {} if method in ("post", "put", "patch") else None
        for headers in ({}, {"Authorization": "Bearer bj_" + "0" * 40}, {"X-Api-Key": "'; --"}):
            answer = ask(keyed, method.upper(), re.sub(r"\{[^}]*\}", "x", path), body, headers)
            assert answer.status == 401, (method, path, headers, answer)


@pytest.mark.parametrize("path", SOCKETS)
def test_no_socket_serves_a_stranger(keyed, path):
    with pytest.raises(Refused) as refused:
        WebSocket(keyed, path)
    assert refused.value.answer.status == 401


def test_only_this_host_is_served_unless_more_is_asked_for():
    """
    proves: F1
    """
    row = re.search(r'X\(ADDRESSES, \w+, "server.listen", "([^"]*)"', ROOT.joinpath("src/config/options.def").read_text())
    assert row
    for address in row.group(1).split(","):
        assert address.strip().startswith(("127.0.0.1:", "[::1]:")), row.group(1)


# --- ids that can be guessed ---------------------------------------------------------------------------------------


def number(text):
    return sum(ALPHABET.index(c) * 32**i for i, c in enumerate(reversed(text)))


def test_ids_are_not_to_be_guessed_from_others(server):
    """
    proves: F2
    """
    batch = [{"language": "bash", "source": "true"}] * 50
    answers = [ask(server, "POST", "/api/v1/executions/batch", batch) for _ in range(2)]
    ids = [one["id"] for answer in answers for one in answer.json()]
    assert len(set(ids)) == 100, answers[0]
    # 48 bits of time, then 80 of chance: none is near another, and all of them are used.
    numbers = sorted(number(one[10:]) for one in ids)
    assert min(b - a for a, b in zip(numbers, numbers[1:])) > 1 << 32
    assert len({one[10] for one in ids}) > 16 and len({one[-1] for one in ids}) > 16


def test_tokens_are_random_uuids(server):
    """
    proves: F2
    """
    one = {"source_code": "1", "language_id": PYTHON}
    answers = [ask(server, "POST", "/submissions/batch", {"submissions": [one] * 20}).json() for _ in range(3)]
    tokens = [row["token"] for answer in answers for row in answer]
    assert len(set(tokens)) == 60
    for token in tokens:
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", token)
    assert len({token[:8] for token in tokens}) == 60


# --- requests that are too much ------------------------------------------------------------------------------------


def server_memory(server):
    """Resident bytes of the largest of its processes."""
    sizes = []
    for pid in descendants(server.pid):
        try:
            status = open(f"/proc/{pid}/status").read()
        except OSError:
            continue
        sizes += [int(found) * 1024 for found in re.findall(r"VmHWM:\s+(\d+) kB", status)]  # none of what has just ended
    return max(sizes)


def test_a_zip_bomb_swells_in_its_box_alone(start):
    """
    proves: F3
    """
    server = start("--log-level", "info")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("run", "cat * | wc -c")
        for n in range(8):
            archive.writestr(f"bomb{n}", bytes(64 << 20))
    assert len(packed.getvalue()) < 1 << 20
    before = server_memory(server)
    body = {"language_id": 89, "additional_files": base64.b64encode(packed.getvalue()).decode()}
    answer = ask(server, "POST", "/submissions?wait=true", body)
    assert answer.status == 201, answer
    assert int(answer.json()["stdout"]) <= 10 << 20, answer  # judge0.max_extract_size; the rest was not unpacked
    assert server_memory(server) < before + (32 << 20)
    assert native.run(server, "echo next", "bash")["run"]["stdout"] == "next\n"


@pytest.mark.parametrize("text", ['{"language": "bash", "language": "python", "source": "print(1)"}',
                                  '{"language": "bash", "source": "echo 1", "wait": true, "wait": false}'])
def test_a_key_that_stands_twice_is_no_way_around_a_check(server, text):
    """
    proves: F3
    """
    answer = ask(server, "POST", "/api/v1/executions", text, {"Content-Type": "application/json"})
    assert answer.status == 400, answer


# --- output that runs as a page ------------------------------------------------------------------------------------


def test_no_answer_is_a_page_that_runs_what_a_job_says(server):
    """
    proves: F5
    """
    request = {"language": "bash", "files": [{"path": "<b>.sh", "content": "cat; exec 1>&2; cat <<'E'\n" + MARKUP + "\nE\n"}],
               "stdin": MARKUP, "label": MARKUP, "args": [MARKUP], "artifacts": [MARKUP], "wait": True}
    done = native.create(server, request).json()
    assert MARKUP in done["run"]["stdout"] and MARKUP in done["run"]["stderr"]
    judge0 = ask(server, "POST", "/submissions?wait=true", {"source_code": f"print('{MARKUP}')", "language_id": PYTHON}).json()
    piston = {"language": "python", "version": "*", "files": [{"content": f"print('{MARKUP}')"}]}
    shown = [native.show(server, done["id"]), ask(server, "GET", "/api/v1/executions"), ask(server, "GET", f"/api/v1/executions/{done['id']}/events"),
             ask(server, "GET", f"/submissions/{judge0['token']}?fields=*"), ask(server, "GET", "/submissions"),
             ask(server, "POST", "/api/v2/execute", piston), ask(server, "GET", f"/{MARKUP.replace(' ', '%20')}"),
             ask(server, "GET", f"/api/v1/executions/{MARKUP.replace(' ', '%20')}"), ask(server, "GET", "/api/v1/executions?label=%3Cscript%3E")]
    assert sum(b"script>alert(1)" in answer.body for answer in shown) >= 4
    for answer in shown:
        kind = answer.headers["Content-Type"].partition(";")[0]
        assert not answer.body or kind in ("application/json", "application/problem+json", "text/event-stream", "text/plain"), answer
        assert answer.headers["X-Content-Type-Options"] == "nosniff", answer
    for page in ("/", "/docs"):
        assert b"alert(1)" not in ask(server, "GET", page).body


# --- foreign pages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1.evil.example", "https://localhost.evil.example"])
@pytest.mark.parametrize("path", SOCKETS)
def test_a_foreign_page_opens_no_socket(server, path, origin):
    """
    proves: F6
    """
    with pytest.raises(Refused) as refused:
        WebSocket(server, path, headers={"Origin": origin})
    assert refused.value.answer.status == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:2358", "127.0.0.1.evil.example", "localhost.evil.example"])
def test_a_name_that_was_rebound_is_not_served(server, host):
    """
    proves: F6
    """
    assert ask(server, "GET", "/languages", headers={"Host": host}).status == 403
    assert native.create(server, {"language": "bash", "source": "true"}, {"Host": host}).status == 403


# --- logs that lie -------------------------------------------------------------------------------------------------


def test_no_request_writes_a_line_of_its_own_into_the_log(start):
    """
    proves: F7
    """
    server = start("--log-level", "debug")
    forged = "x\nlevel=error event=forged\r\n\x1b[2J\x1b]0;forged\x07\u2028\u202eevent=forged"
    program = f"import sys; sys.stderr.write({forged!r}); print({forged!r})"
    native.create(server, {"language": "python", "files": [{"path": "a\nevent=forged", "content": program}], "label": forged, "wait": True})
    native.create(server, {"language": forged, "source": "x"})
    native.create(server, {"language": "python", "source": program, "label": forged, "env": {"X": forged}, "args": [forged], "wait": True})
    for path in ("/%0aevent=forged%0d%0a%1b%5b2J", "/languages/%0a%0devent=forged", "/submissions/x%1b%5b2J?fields=%0aevent=forged"):
        ask(server, "GET", path)
    for name in ("User-Agent", "X-Request-Id", "X-Forwarded-For", "Idempotency-Key", "X-Auth-Token"):
        ask(server, "GET", "/languages", headers={name: "x\tevent=forged \x1b[2J \x9b2J"})
    code, log = server.stop()
    assert code == 0
    for line in log.splitlines():
        assert re.match(r"time=\S+ level=(debug|info|warn|warning|error) process=", line), line
        # What was sent may be shown, in quotes.
        assert not re.search(r" event=forged", re.sub(r'"(?:[^"\\]|\\.)*"', '""', line)), line
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e]", log.replace("\t", ""))


# --- downloads -----------------------------------------------------------------------------------------------------


def test_nothing_is_downloaded_for_a_caller(start):
    """
    proves: F8
    """
    # tests/packages has those that can be had and are not what their index says.
    server = start("--piston-repo", "http://127.0.0.1:9/index")
    before = ask(server, "GET", "/api/v2/runtimes").json()
    one = before[0]
    answer = ask(server, "POST", "/api/v2/packages", {"language": one["language"], "version": one["version"]})
    assert answer.status >= 400, answer
    answer = ask(server, "POST", "/api/v2/packages", {"language": "none-such", "version": "1.0.0"})
    assert answer.status >= 400, answer
    assert ask(server, "GET", "/api/v2/runtimes").json() == before


# --- what a result tells of others ---------------------------------------------------------------------------------


def test_randomness_and_layout_do_not_repeat(server):
    """
    proves: E11
    """
    source = "import ctypes, json, os, random, uuid\nlibc = ctypes.cast(ctypes.CDLL(None).puts, ctypes.c_void_p).value\n" \
             "print(json.dumps([hash('a'), random.random(), str(uuid.uuid4()), os.urandom(8).hex(), id(object()), libc, open('/proc/self/auxv', 'rb').read().hex()]))"
    rows = [json.loads(native.run(server, source)["run"]["stdout"]) for _ in range(12)]
    for values in zip(*rows):
        assert len(set(values)) == len(rows), values
