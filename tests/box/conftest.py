# SPDX-License-Identifier: Apache-2.0
"""Fixtures of those tests that speak to belljar-boxd themselves."""
import pytest

from support import boxd as support

KINDS = {"none": {}, "cgroups": {"cgroups": True}, "user": {"user_ids": 100}, "one_id": {"user_ids": 0}}


@pytest.fixture
def boxd():
    """A boxd without cgroups."""
    with support.started() as one:
        yield one


@pytest.fixture(params=KINDS)
def either(request):
    """A boxd of each kind: as root without cgroups and with them, and as an ordinary user."""
    with support.started(**KINDS[request.param]) as one:
        yield one


@pytest.fixture
def limited():
    """A boxd with cgroups."""
    with support.started(cgroups=True) as one:
        yield one


@pytest.fixture
def faked():
    """A boxd whose inits are fake."""
    with support.started(fake_init=True) as one:
        yield one
