# SPDX-License-Identifier: Apache-2.0
"""Names: who answers for them, which may be asked for, and which addresses they open."""
import json

import pytest


def test_names_have_addresses(public, worlds):
    worlds.asked()
    assert public.reach([{"to": "example.org"}, {"to": "other.net"}]) == ["tcp ::ffff:20.0.0.2 8000"] * 2
    assert {"example.org", "other.net"} <= worlds.asked()


def test_a_name_that_nobody_has_is_told_as_that(public):
    assert public.reach([{"to": "nowhere.test"}]) == ["EAI -2"]


def test_a_listed_name_opens_its_addresses_once_it_was_asked_for(listed):
    """8.8.8.8 is example.org's; the number alone is not listed."""
    assert listed.reach([{"to": "8.8.8.8"}]) == ["EHOSTUNREACH"]
    assert listed.reach([{"to": "example.org"}, {"to": "8.8.8.8"}]) == ["tcp ::ffff:20.0.0.2 8000"] * 2


def test_what_one_box_asked_for_is_closed_to_the_next(listed):
    assert listed.reach([{"to": "example.org"}]) == ["tcp ::ffff:20.0.0.2 8000"]
    assert listed.reach([{"to": "8.8.8.8"}]) == ["EHOSTUNREACH"]


def test_a_star_stands_for_all_names_below(listed):
    reached = "tcp ::ffff:20.0.0.2 8000"
    assert listed.reach([{"to": "www.example.org"}, {"to": "deep.www.example.org"}, {"to": "WWW.Example.ORG"}]) == [reached] * 3


def test_a_name_that_is_the_alias_of_another_opens_what_that_one_has(listed):
    """www.example.org is alias.elsewhere.net, which itself is not listed."""
    assert listed.reach([{"to": "alias.elsewhere.net"}, {"to": "1.1.1.1"}, {"to": "www.example.org"}, {"to": "1.1.1.1"}]) == [
        "EAI -3", "EHOSTUNREACH", "tcp ::ffff:20.0.0.2 8000", "tcp ::ffff:20.0.0.2 8000"]


@pytest.mark.parametrize("name", ["other.net", "secret.other.net", "example.org.other.net", "badexample.org", "org",
                                  "a.very.long.name.that.carries.what.the.program.knows.other.net"])
def test_other_names_are_not_asked_for_at_all(worlds, listed, name):
    """A question is a way out, too: none leaves that is not listed."""
    worlds.asked()
    assert listed.reach([{"to": name}]) == ["EAI -3"]
    listed.reach([{"to": "example.org"}])
    assert worlds.asked() == {"example.org"}


def test_another_name_server_is_not_reached_where_there_is_a_list(worlds, listed):
    worlds.asked()
    assert listed.reach([{"to": "20.0.0.1", "port": 53, "kind": "udp"}, {"to": "8.8.8.8", "port": 53, "kind": "udp"}]) == [
        "EHOSTUNREACH", "EHOSTUNREACH"]
    assert worlds.asked() == set()


@pytest.mark.parametrize("flags", [[], ["--network-allow", "*.example.org"]], ids=["public", "listed"])
def test_a_name_opens_no_private_address_and_not_the_host(started, flags):
    """rebind.example.org has 10.20.30.40, the metadata service, loopback and the host itself for addresses."""
    server = started(*flags)
    found = json.loads(server.run("""
import json, socket
found = {}
for family, _, _, _, address in socket.getaddrinfo("rebind.example.org", 8000, type=socket.SOCK_STREAM):
    try:
        with socket.create_connection(address, timeout=3) as c:
            found[address[0]] = c.recv(100).decode()
    except OSError as e:
        found[address[0]] = "refused"
print(json.dumps(found))""")["run"]["stdout"])
    assert found == {one: "refused" for one in ("10.20.30.40", "169.254.169.254", "127.0.0.1", "20.0.0.2")}


def test_a_name_with_a_private_address_needs_the_network_listed_too(started):
    server = started("--network-allow", "rebind.example.org,10.20.0.0/16")
    assert server.reach([{"to": "rebind.example.org"}]) == ["tcp ::ffff:20.0.0.2 8000"]


# A client of its own: questions as they should not be.
ASK = """
import json, socket, struct, sys
def ask(data, wait=1):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(wait)
    s.sendto(data, ("192.0.2.3", 53))
    try:
        return s.recv(4096).hex()
    except OSError as e:
        return None
def question(name, id=0x1234, flags=0x0100, kind=1):
    return struct.pack(">HHHHHH", id, flags, 1, 0, 0, 0) + b"".join(bytes([len(l)]) + l for l in name) + b"\\0" + struct.pack(">HH", kind, 1)
"""


def test_broken_questions_are_not_passed_on(worlds, listed):
    worlds.asked()
    found = json.loads(listed.run(ASK + """
good = question([b"example", b"org"])
bad = [b"", b"x", good[:20], good[:-1], question([b"example", b"org"], flags=0x8180), question([b"example", b"org"], flags=0x2800),
       good[:4] + b"\\0\\2" + good[6:], good[:12] + b"\\xc0\\x0c" + good[-4:], question([b"other.net", b"example", b"org"]),
       question([b"a\\0b", b"org"]), bytes(600)]
print(json.dumps([ask(one, 0.2) for one in bad] + [ask(good)]))""")["run"]["stdout"])
    assert found[-1] is not None and found[-1][:4] == "1234"
    # A label with a dot or a zero in it is a name of its own: below example.org it is asked for, below org it is not.
    assert [one[6:8] if one else None for one in found[:8]] == [None] * 8
    assert found[9][7] == "5" and found[10] is None
    assert not any("." not in name and name != "" for name in worlds.asked())


def test_the_answer_has_the_number_that_was_asked_and_the_outside_sees_another(worlds, public):
    """So nobody outside can answer in the name server's place."""
    worlds.asked()
    numbers = json.loads(public.run(ASK + """
print(json.dumps([ask(question([b"example", b"org"], id=0x4242))[:4] for _ in range(4)]))""")["run"]["stdout"])
    assert numbers == ["4242"] * 4
    assert len(worlds.asked("id") - {"4242"}) >= 3


def test_more_questions_at_one_time_than_there_are_places(public):
    """The oldest give way, and the next one is answered."""
    told = public.run(ASK + """
socks = []
for i in range(60):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.sendto(question([b"example", b"org"], id=i), ("192.0.2.3", 53))
    socks.append(s)
print(ask(question([b"example", b"org"]))[:4])""")
    assert told["run"]["stdout"] == "1234\n"


def test_a_name_server_that_is_not_there_is_passed_over(worlds, started):
    """Nobody listens at 8.8.4.4, port 53."""
    server = started(resolvers="8.8.4.4,20.0.0.1")
    assert server.reach([{"to": "example.org"}, {"to": "other.net"}]) == ["tcp ::ffff:20.0.0.2 8000"] * 2


def test_without_a_name_server_a_question_is_answered_with_a_failure(started):
    for nobody in ("8.8.4.4", "127.0.0.99"):
        told = started(resolvers=nobody).run(ASK + "print(ask(question([b'example', b'org'])))")["run"]["stdout"]
        assert told[:4] == "1234" and told[6:8] == "82", (nobody, told)


def test_a_large_answer_is_told_as_cut(public):
    """It would not fit into one packet."""
    answer = public.run(ASK + "print(ask(question([b'many', b'example', b'org'])))")["run"]["stdout"]
    assert answer[4:8] == "8380"[:4] and int(answer[12:16], 16) == 0, answer


def test_a_box_without_a_network_has_the_old_files(public):
    told = public.run("print(open('/etc/resolv.conf').read() + open('/etc/nsswitch.conf').read())", network=False)
    assert "nameserver" not in told["run"]["stdout"] and "hosts: files\n" in told["run"]["stdout"]
