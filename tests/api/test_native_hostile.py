# SPDX-License-Identifier: Apache-2.0
"""What a client may send that means no good: the server tells it so, and goes on."""
import pytest

from support.native import EXECUTIONS, errors
from support.raw import ask


@pytest.mark.parametrize("body", [b"5", b'"x"', b"null", b"[]"])
def test_a_body_that_is_no_object_is_refused_also_with_a_key(native, body):
    before = ask(native, "GET", "/stats").json()
    headers = {"Content-Type": "application/json", "Idempotency-Key": "hostile"}
    assert errors(ask(native, "POST", EXECUTIONS, body, headers))[""]
    assert ask(native, "GET", "/stats").json()["finished"] >= before["finished"]  # the same server still
