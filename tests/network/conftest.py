# SPDX-License-Identifier: Apache-2.0
"""Two worlds for all tests here, and servers in the inner one."""
import os

import pytest

from support.server import cannot
from support.worlds import Worlds


@pytest.fixture(scope="session")
def worlds():
    if os.geteuid() != 0:
        cannot("only root can make network namespaces with a wire between them")
    if not os.path.exists("/dev/net/tun"):
        cannot("this host has no /dev/net/tun (modprobe tun)")
    one = Worlds()
    yield one
    one.close()


@pytest.fixture(scope="session")
def started(worlds):
    """started(flags...) is a server with them; the same for the same."""
    servers = {}

    def start_one(*flags, **more):
        which = (flags, *sorted(more.items()))
        if which not in servers:
            servers[which] = worlds.server("--native-max-wall-ms", "120000", *flags, **more)
        return servers[which]

    yield start_one
    ends = [one.stop() for one in servers.values()]
    assert [code for code, _ in ends if code != 0] == [], "\n".join(log for _, log in ends)


@pytest.fixture
def public(started):
    """Everything that is public may be reached."""
    return started()


@pytest.fixture
def listed(started):
    """Only what is listed: two names, a private network, a public one, and what is in vain."""
    return started("--network-allow", "example.org,*.example.org,10.20.0.0/16,fd00:1::/64,45.45.0.0/24")
