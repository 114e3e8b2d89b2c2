# SPDX-License-Identifier: Apache-2.0
"""Where a program with a network may go, both ways: each address is refused to it, and reached by the host that it runs on.

docs/network.md has the rules.

proves: E3
"""
import pytest

from support.worlds import OWN, WORLD4, WORLD6

PUBLIC4 = ["8.8.8.8", "8.8.4.4", "1.1.1.1", "45.45.0.9", "20.0.0.1"]
PUBLIC6 = ["2001:4860:4860::8888", "2606:4700::1111", "2a00:77::1", "64:ff9b::808:808", "2002:808:808::1"]
PUBLIC = PUBLIC4 + PUBLIC6
SPECIAL = [address for address in WORLD4 + WORLD6 if address not in PUBLIC]
# Whatever a list says: the host by each of its addresses, and its wire.
OWN_ADDRESSES = list(OWN.values())
REFUSED = {"EHOSTUNREACH", "EACCES"}  # "administratively prohibited", of IPv4 and IPv6


def targets(addresses, kind="tcp", **more):
    return [{"to": address, "kind": kind, **more} for address in addresses]


def expect(server, addresses, reached, kind="tcp"):
    found = dict(zip(addresses, server.reach(targets(addresses, kind))))
    wrong = {address: told for address, told in found.items()
             if (told.startswith(kind)) != reached or not reached and told not in REFUSED}
    assert wrong == {}


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_the_host_itself_reaches_all_of_it(worlds, kind):
    """The control: what is refused below is there."""
    everything = PUBLIC + SPECIAL
    found = dict(zip(everything, worlds.reach(targets(everything, kind))))
    assert {address: told for address, told in found.items() if not told.startswith(kind)} == {}


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_public_addresses_are_reached(public, kind):
    expect(public, PUBLIC, True, kind)


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_no_other_address_is(public, kind):
    """Private, link-local, carrier, metadata, reserved ones, and what stands for them (NAT64, 6to4)."""
    expect(public, SPECIAL, False, kind)


@pytest.fixture(scope="module")
def host_listener(worlds):
    """Something that listens on every address of the inside host."""
    import subprocess
    code = ("import socketserver, sys\n"
            "class H(socketserver.BaseRequestHandler):\n"
            "    def handle(self): self.request.sendall(b'tcp host\\n')\n"
            "class S(socketserver.ThreadingTCPServer):\n"
            "    address_family = 10; daemon_threads = True\n"
            "s = S(('::', 8000), H); print('ready', flush=True); s.serve_forever()")
    one = subprocess.Popen(["nsenter", "-t", str(worlds.inside.pid), "-n", "/usr/bin/python3", "-c", code], stdout=subprocess.PIPE)
    assert one.stdout.readline() == b"ready\n"
    yield one
    one.kill()
    one.wait()


def test_the_host_is_not_reached_by_any_of_its_addresses(worlds, public, host_listener):
    assert [told for told in worlds.reach(targets(OWN_ADDRESSES)) if told != "tcp host"] == []
    expect(public, OWN_ADDRESSES, False)


def test_nor_where_a_list_has_its_network(started, worlds, host_listener):
    server = started("--network-allow", "20.0.0.0/24,10.99.0.0/24,2a00:77::/64")
    expect(server, ["20.0.0.1", "10.99.0.1", "2a00:77::1"], True)
    expect(server, OWN_ADDRESSES, False)


def test_loopback_is_the_boxs_own(public, host_listener):
    """The host listens on 127.0.0.1 and ::1, too."""
    assert public.reach(targets(["127.0.0.1", "127.1.2.3", "::1", "0.0.0.0"])) == ["ECONNREFUSED"] * 4


def test_the_gateway_and_the_name_server_of_a_box_have_no_ports(public, host_listener):
    """libslirp would let 192.0.2.1 be the host's loopback."""
    own = ["192.0.2.1", "192.0.2.3", "fd62:656c:6c6a:6172::1", "fd62:656c:6c6a:6172::3"]
    expect(public, own, False)
    expect(public, own, False, "udp")
    assert public.reach(targets(["192.0.2.3"], port=53)) == ["EHOSTUNREACH"]


@pytest.mark.parametrize("address", ["224.0.0.1", "239.255.255.250", "255.255.255.255", "20.0.0.255"])
def test_nothing_is_said_to_many(public, address):
    told = public.run("import socket, sys\n"
                      "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                      "s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)\n"
                      "s.setsockopt(socket.IPPROTO_IP, 11, 1)\n"
                      "s.settimeout(1)\n"
                      f"s.sendto(b'hello', ('{address}', 8000))\n"
                      "try: print(s.recvfrom(100))\n"
                      "except OSError as e: print('nobody')\n")
    assert told["run"]["stdout"] == "nobody\n"


def test_without_asking_there_is_no_network(public, worlds):
    assert set(public.reach(targets(["8.8.8.8", "2001:4860:4860::8888", "192.0.2.1"]), network=False)) == {"ENETUNREACH"}
    assert public.reach(targets(["example.org"]), network=False) == ["EAI -2"]


def test_a_list_is_all_there_is(listed):
    expect(listed, ["10.20.30.40", "fd00:1::1", "45.45.0.9"], True)
    expect(listed, [one for one in PUBLIC + SPECIAL if one not in ("10.20.30.40", "fd00:1::1", "45.45.0.9")], False)


def test_a_listed_network_does_not_mean_what_is_within_it_by_chance(started):
    """All of IPv4 and IPv6 is no word about private networks."""
    server = started("--network-allow", "0.0.0.0/0,::/0")
    expect(server, PUBLIC, True)
    expect(server, SPECIAL, False)


def test_each_kind_of_private_network_can_be_listed(started):
    networks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.77.0/24", "100.64.0.0/10", "fd00::/8", "198.18.0.1"]
    server = started("--network-allow", ",".join(networks))
    expect(server, ["10.20.30.40", "172.16.5.5", "192.168.77.1", "100.64.1.1", "fd00:1::1", "198.18.0.1"], True)
    expect(server, ["8.8.8.8", "169.254.169.254", "fc00:5::5", "203.0.113.5"], False)


def test_what_is_denied_is_refused_though_it_is_public_or_listed(started):
    server = started("--network-allow", "*,10.0.0.0/8", "--network-deny", "1.1.1.0/24,10.20.0.0/16,2001:4860::/32,64:ff9b::/96")
    expect(server, ["8.8.8.8", "2606:4700::1111", "10.99.0.1"], True)
    expect(server, ["1.1.1.1", "10.20.30.40", "2001:4860:4860::8888", "64:ff9b::808:808"], False)


@pytest.mark.parametrize("entry,kind", [
    ("127.0.0.1", "a loopback"), ("127.0.0.0/8", "a loopback"), ("169.254.169.254", "a link-local"), ("::1", "a loopback"),
    ("fe80::/64", "a link-local"), ("224.0.0.0/24", "a multicast"), ("64:ff9b::7f00:1", "a loopback")])
def test_a_list_with_the_host_itself_in_it_does_not_start(worlds, entry, kind):
    with pytest.raises(RuntimeError, match=f"network.allow: '{entry}' is {kind} address, which no program may reach"):
        worlds.server("--network-allow", entry)


@pytest.mark.parametrize("flags,said", [
    (["--network-allow", "10.1"], "network.allow: '10.1' is neither an address"),
    (["--network-allow", "exa$mple.org"], "network.allow"),
    (["--network-allow", "*.*.org"], r"network.allow: '\*.\*.org' is neither"),
    (["--network-deny", "example.org"], "network.deny: 'example.org' is neither an address"),
])
def test_a_mistyped_entry_does_not_start(worlds, flags, said):
    with pytest.raises(RuntimeError, match=said):
        worlds.server(*flags)


def test_a_stranger_may_answer_a_datagram_only_where_it_could_be_asked(worlds, public):
    """What comes from a private address is not let in either."""
    asked = [{"to": "8.8.8.8", "kind": "udp", "text": f"from {other}"} for other in ("1.1.1.1", "10.20.30.40", "169.254.169.254")]
    assert [told.split(" ")[-1] for told in worlds.reach(asked)] == ["1.1.1.1", "10.20.30.40", "169.254.169.254"]
    told = public.reach(asked)
    assert told[0].endswith("from 1.1.1.1") and told[1:] == ["TIMEOUT", "TIMEOUT"]


def test_packets_with_options_or_in_pieces_go_nowhere(worlds, public):
    """A source route could name another way; of a piece nobody knows what it belongs to."""
    program = """
import json, socket, sys
found = []
for options in (b"", b"\\x01\\x01\\x01\\x01"):
    s = socket.socket()
    s.settimeout(2)
    if options:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, options)
    try:
        s.connect(("8.8.8.8", 8000))
        found.append("reached")
    except OSError as e:
        found.append("not")
for size in (1400, 4000):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(2)
    s.sendto(bytes(size), ("8.8.8.8", 8000))
    try:
        s.recv(65536)
        found.append("reached")
    except OSError:
        found.append("not")
print(json.dumps(found))"""
    assert public.run(program)["run"]["stdout"] == '["reached", "not", "reached", "not"]\n'
