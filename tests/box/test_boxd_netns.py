# SPDX-License-Identifier: Apache-2.0
"""A box may get the network namespace of one that is gone, but nothing that was in it.

With one box at a time there is one namespace at a time, so the next box has the last one's if that was given on.
Which one it is tells a cookie that the kernel never uses twice.
"""
import pytest

from support import boxd as support

PYTHON = ["/usr/bin/python3", "-I", "-S", "-c"]

COOKIE = """
import socket as s
a, b = s.socketpair()
print(int.from_bytes(a.getsockopt(s.SOL_SOCKET, 71, 8), "little"), flush=True)
"""

# All of these files that is about one namespace: the others count for all of the host.
LOOK = """
names = ("anycast6 arp dev dev_mcast icmp icmp6 if_inet6 igmp igmp6 ip6_flowlabel ipv6_route mcfilter mcfilter6 netstat raw"
         " raw6 route rt6_stats snmp snmp6 tcp tcp6 udp udp6 udplite unix").split()
for name in names:
    try:
        text = open("/proc/self/net/" + name).read()
    except FileNotFoundError:
        text = "absent"
    print(name, repr(text))
print(open("/proc/self/net/sockstat").readline())
"""

# What stays, if only as a number that was counted.
TOUCH = {
    "udp": """
u = s.socket(s.AF_INET, s.SOCK_DGRAM)
u.sendto(b"x", ("127.0.0.1", 9))
""",
    "udp6": """
u = s.socket(s.AF_INET6, s.SOCK_DGRAM)
u.sendto(b"x", ("::1", 9))
""",
    "udp that nobody can get": """
u = s.socket(s.AF_INET, s.SOCK_DGRAM)
try:
    u.sendto(b"x", ("192.0.2.1", 9))
    raise SystemExit("it was sent")
except OSError:
    pass
""",
    "udp6 that is connected": """
u = s.socket(s.AF_INET6, s.SOCK_DGRAM)
u.connect(("::1", 9))
""",
    "tcp that is refused": """
print(s.socket().connect_ex(("127.0.0.1", 9)))
""",
    "tcp that waits for its end": """
listener = s.create_server(("127.0.0.1", 0))
one = s.create_connection(listener.getsockname())
two, _ = listener.accept()
one.close()
two.close()
""",
    "tcp with bytes that nobody read": """
listener = s.create_server(("::1", 0), family=s.AF_INET6)
one = s.create_connection(listener.getsockname()[:2])
one.sendall(bytes(100000))
""",
    "a flow label": """
import struct
u = s.socket(s.AF_INET6, s.SOCK_DGRAM)
u.setsockopt(s.IPPROTO_IPV6, 32, s.inet_pton(s.AF_INET6, "::1") + s.htonl(0x12345).to_bytes(4, "little")
             + struct.pack("BBHHHI", 0, 255, 1, 60, 60, 0))
""",
}

# What goes with the processes.
LEAVE = {
    "nothing": "",
    "pairs": "pairs = [s.socketpair() for _ in range(20)]",
    "abstract names": """
def bound(kind, name):
    one = s.socket(s.AF_UNIX, kind)
    one.bind(name)
    return one
some = [bound(s.SOCK_STREAM, "\\0there"), bound(s.SOCK_DGRAM, "\\0here"), bound(s.SOCK_STREAM, "")]
some[0].listen()
""",
    "ports that are bound": """
u = s.socket(s.AF_INET, s.SOCK_DGRAM)
u.bind(("127.0.0.1", 5353))
listener = s.create_server(("", 8080))
""",
    "options": """
u = s.socket(s.AF_INET, s.SOCK_DGRAM)
for option in (3, 11, 32, 33):
    try:
        u.setsockopt(s.IPPROTO_IP, option, 1)
    except OSError:
        pass
t = s.socket()
t.setsockopt(s.IPPROTO_TCP, 23, 5)
t.listen()
""",
    "udp that is connected": """
u = s.socket(s.AF_INET, s.SOCK_DGRAM)
u.connect(("127.0.0.1", 9))
""",
    "children": """
import os
for _ in range(5):
    if os.fork() == 0:
        pairs = s.socketpair()
        s.create_server(("127.0.0.1", 0))
        import signal
        signal.pause()
""",
    "sockets in flight": """
a, b = s.socketpair()
listener = s.create_server(("127.0.0.1", 0))
s.send_fds(a, [b"x"], [listener.fileno()])
listener.close()
""",
    "sockets in flight within themselves": """
for _ in range(20):
    a, b = s.socketpair()
    u = s.socket(s.AF_INET, s.SOCK_DGRAM)
    s.send_fds(a, [b"x"], [b.fileno(), a.fileno(), u.fileno()])
""",
    "groups that it may not join": """
u = s.socket(s.AF_INET, s.SOCK_DGRAM)
try:
    u.setsockopt(s.IPPROTO_IP, s.IP_ADD_MEMBERSHIP, s.inet_aton("239.1.2.3") + s.inet_aton("127.0.0.1"))
    raise SystemExit("it could join")
except PermissionError:
    pass
""",
}


@pytest.fixture(name="boxd", params={"root": {}, "user": {"user_ids": 100}})
def start_boxd(request):
    with support.started(boxes=1, **{"root": {}, "user": {"user_ids": 100}}[request.param]) as boxd:
        yield boxd


def run(boxd, code):
    """(cookie, the rest of what it wrote)"""
    ended, out, err = boxd.run([*PYTHON, COOKIE + code])
    assert ended["status"] == 0 and not err, (ended, err)
    cookie, _, rest = out.partition(b"\n")
    return int(cookie), rest


def look(boxd):
    ended, out, err = boxd.run([*PYTHON, LOOK])
    assert ended["status"] == 0 and not err, (ended, err)
    return out


def test_an_untouched_namespace_is_given_on(boxd):
    first, _ = run(boxd, "")
    assert [run(boxd, "")[0] for _ in range(3)] == [first] * 3


@pytest.mark.parametrize("what", TOUCH)
def test_a_touched_namespace_goes(boxd, what):
    new = look(boxd)
    first, _ = run(boxd, TOUCH[what])
    assert look(boxd) == new
    assert run(boxd, "")[0] != first


@pytest.mark.parametrize("what", LEAVE)
def test_nothing_stays_of_what_the_processes_had(boxd, what):
    new = look(boxd)
    run(boxd, LEAVE[what])
    assert look(boxd) == new


def test_a_namespace_is_given_on_after_one_that_went(boxd):
    run(boxd, TOUCH["udp"])
    first, _ = run(boxd, "")
    assert run(boxd, "")[0] == first


def test_an_abstract_name_is_free_again(boxd):
    first, _ = run(boxd, LEAVE["abstract names"])
    again, _ = run(boxd, LEAVE["abstract names"])
    assert again == first


def test_a_program_that_was_killed_leaves_nothing(boxd):
    new = look(boxd)
    ended, _, _ = boxd.run([*PYTHON, "import socket as s\n" + TOUCH["udp"] + "while True: pass"], wall_ms=300)
    assert ended["end"] == support.END_WALL
    assert look(boxd) == new
