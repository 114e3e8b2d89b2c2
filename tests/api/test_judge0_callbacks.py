# SPDX-License-Identifier: Apache-2.0
"""Judge0's API, section 11 of its contract: callbacks.

proves: E4
"""
import base64
import hashlib
import hmac
import json
import socket

import pytest

from support.judge0 import C, DEFAULT_FIELDS, Receiver, encode, finished, run, submit
from support.raw import wait_until


@pytest.fixture
def receive():
    """receive(statuses...) listens on loopback."""
    all_receivers = []

    def one(*statuses, **more):
        all_receivers.append(Receiver(*statuses, **more))
        return all_receivers[-1]

    yield one
    for receiver in all_receivers:
        receiver.close()


def test_a_callback_tells_the_result(judge0, receive):
    """After the job reached a final state: **PUT** callback_url, `Content-Type: application/json`, body = default field set,
    **base64 always on** (issue #480)"""
    hook = receive()
    token = submit(judge0, "print('x')", callback_url=hook.url + "?a=b")
    ((method, path, headers, body),) = hook.wait()
    shown = json.loads(body)
    assert (method, path, headers["Content-Type"]) == ("PUT", "/hook?a=b", "application/json")
    assert list(shown) == DEFAULT_FIELDS
    assert shown["token"] == token
    assert shown["status"] == {"id": 3, "description": "Accepted"}
    assert shown["stdout"] == encode("x\n")
    assert isinstance(shown["time"], str) and isinstance(shown["memory"], int)


def test_callbacks_come_in_the_wrapped_form_too(start_with, receive):
    """e.g. `{"stdout":"eAo=\\n",...}` (with compat.base64_wrap)"""
    hook = receive()
    submit(start_with("", "--compat-base64-wrap"), "print('x')", callback_url=hook.url)
    hook.wait()
    assert hook.bodies()[0]["stdout"] == "eAo=\n"


@pytest.mark.parametrize("attributes, status", [
    ({"source": "int main(", "language": C}, 6), ({"source": "exit(3)"}, 11),
    ({"source": "print(1)", "expected_output": "2"}, 4)])
def test_every_end_is_told(judge0, receive, attributes, status):
    """After the job reached a final state (also 6 and 13)"""
    hook = receive()
    submit(judge0, callback_url=hook.url, **attributes)
    hook.wait()
    assert hook.bodies()[0]["status"]["id"] == status


def test_it_is_told_once(judge0, receive):
    hook = receive()
    for _ in range(5):
        run(judge0, "print(1)", callback_url=hook.url)
    assert len(hook.wait(5)) == 5
    run(judge0, "print(1)")
    tokens = [body["token"] for body in hook.bodies()]
    assert len(tokens) == len(set(tokens)) == 5


@pytest.mark.parametrize("status", [500, 503, 429])
def test_failures_are_tried_again(judge0, receive, status):
    """15.6, belljar's decision: callbacks retry on 5xx and 429 with back-off and jitter. The same webhook-id each time."""
    hook = receive(status, 200)
    submit(judge0, callback_url=hook.url)
    requests = hook.wait(2)
    assert len(requests) == 2
    assert requests[0][3] == requests[1][3]
    assert requests[0][2]["webhook-id"] == requests[1][2]["webhook-id"]


@pytest.mark.parametrize("status", [204, 400, 404])
def test_other_answers_are_not(judge0, receive, status):
    """**any HTTP status counts as delivered** (but those above)"""
    hook = receive(status)
    run(judge0, "print(1)", callback_url=hook.url)
    hook.wait()
    follower = receive()
    run(judge0, "print(1)", callback_url=follower.url)
    follower.wait()
    assert len(hook.requests) == 1


def test_there_is_an_end_to_trying(start_with, receive):
    """CALLBACKS_MAX_TRIES (3) tries"""
    hook = receive(500)
    server = start_with("CALLBACKS_MAX_TRIES=2\n")
    token = submit(server, callback_url=hook.url)
    assert len(hook.wait(2)) == 2
    assert wait_until(lambda: token in server.log_path.read_text()), "it is said that it was given up"
    assert len(hook.requests) == 2
    assert finished(server, token)["status_id"] == 3


def test_bad_urls_are_harmless(judge0):
    """Bad URLs are harmless. | callback_url | string | null | no URL validation"""
    for url in ("", "nonsense", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:1/", "javascript:alert(1)"):
        assert run(judge0, "print(1)", callback_url=url)["status"]["id"] == 3


def test_private_addresses_are_refused_unless_allowed(start, receive):
    """Sent from the worker (SSRF surface). (the issue) callback URLs to private, link-local and metadata addresses are refused
    unless allowed"""
    hook = receive()
    server = start()
    token = submit(server, callback_url=hook.url)
    assert wait_until(lambda: token in server.log_path.read_text()), "the refusal is logged"
    assert hook.requests == []
    assert finished(server, token)["status_id"] == 3


def test_redirects_to_private_addresses_are_refused(start, receive):
    """SSRF ... after DNS resolution and on redirects"""
    inner = receive()
    other = inner.url.replace("127.0.0.1", "127.0.0.2")
    outer = receive(307, headers={"Location": other})
    server = start("--callbacks-allow", "127.0.0.1")
    token = submit(server, callback_url=outer.url)
    outer.wait()
    assert wait_until(lambda: token in server.log_path.read_text())
    assert inner.requests == []


def test_callbacks_can_be_signed(start, receive):
    """15: No signing, no custom headers. belljar's decision: can be signed (HMAC-SHA256 header)"""
    hook = receive()
    server = start("--callbacks-allow", "127.0.0.1", "--callbacks-secret", "a secret of ours, long enough")
    submit(server, callback_url=hook.url)
    ((_, _, headers, body),) = hook.wait()
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(b"a secret of ours, long enough", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == "v1," + expected


def test_a_server_that_hangs_holds_up_nobody(judge0, receive):
    """each CALLBACKS_TIMEOUT (5 s) ... Failures are swallowed"""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        shown = run(judge0, "print(1)", callback_url=url)
        assert shown["status"]["id"] == 3
        hook = receive()
        submit(judge0, callback_url=hook.url)
        assert len(hook.wait()) == 1
