# SPDX-License-Identifier: Apache-2.0
"""belljar's own API: whoever asked for it is told when an execution is over.

proves: E4
"""
import base64
import hashlib
import hmac
import json

import pytest

from support.judge0 import Receiver
from support.native import create, delete, errors, show, submit


@pytest.fixture
def receive():
    all_receivers = []

    def one(*statuses, **more):
        all_receivers.append(Receiver(*statuses, **more))
        return all_receivers[-1]

    yield one
    for receiver in all_receivers:
        receiver.close()


def signature(key, headers, body):
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def test_it_is_the_execution(native, receive):
    hook = receive()
    one = submit(native, "print(1)", callback={"url": hook.url + "?a=b"}, label="l")
    ((method, path, headers, body),) = hook.wait()
    assert (method, path, headers["Content-Type"]) == ("POST", "/hook?a=b", "application/json")
    assert headers["webhook-id"] and "webhook-signature" not in headers
    assert json.loads(body) == show(native, one).json()
    assert json.loads(body)["run"]["stdout"] == "1\n"


@pytest.mark.parametrize("secret, key", [("a long secret", b"a long secret"),
                                         ("whsec_" + base64.b64encode(b"k" * 24).decode(), b"k" * 24)])
def test_it_is_signed_with_its_own_secret(native, receive, secret, key):
    hook = receive()
    submit(native, callback={"url": hook.url, "secret": secret})
    ((_, _, headers, body),) = hook.wait()
    assert headers["webhook-signature"] == signature(key, headers, body)
    assert secret not in body.decode()


def test_without_one_it_is_signed_with_the_servers(start, receive):
    server = start("--callbacks-allow", "127.0.0.1", "--callbacks-secret", "the server's")
    hook = receive()
    submit(server, callback={"url": hook.url})
    ((_, _, headers, body),) = hook.wait()
    assert headers["webhook-signature"] == signature(b"the server's", headers, body)


def test_failures_are_tried_again(native, receive):
    hook = receive(500, 200)
    submit(native, callback={"url": hook.url})
    first, second = hook.wait(2)
    assert first[2]["webhook-id"] == second[2]["webhook-id"] and first[3] == second[3]


@pytest.mark.parametrize("source, language, verdict", [("exit(1)", "python", "nonzero_exit"), ("int main(", "c", "compile_error")])
def test_every_end_is_told(native, receive, source, language, verdict):
    hook = receive()
    submit(native, source, language, callback={"url": hook.url})
    assert json.loads(hook.wait()[0][3])["verdict"] == verdict


def test_a_cancelled_one_is_told(start, receive):
    server = start("--paused", "--callbacks-allow", "127.0.0.1")
    hook = receive()
    delete(server, submit(server, callback={"url": hook.url}))
    assert json.loads(hook.wait()[0][3])["status"] == "cancelled"


def test_private_addresses_are_not_asked(start, receive):
    server = start()
    hook = receive()
    for url in (hook.url, hook.url.replace("127.0.0.1", "localhost"), "http://[::1]/", "http://10.1.2.3/"):
        found = errors(create(server, {"language": "python", "source": "print(1)", "callback": {"url": url}}))
        assert list(found) == ["callback.url"] and "callbacks.allow" in found["callback.url"]
    assert hook.requests == []
