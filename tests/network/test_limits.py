# SPDX-License-Identifier: Apache-2.0
"""Bandwidth and connections of one program."""
import json

MIB = 1 << 20

MOVE = """
import socket, sys, time
way, size = sys.argv[1], int(sys.argv[2])
start, moved = time.monotonic(), 0
with socket.create_connection(("8.8.8.8", 8001 if way == "down" else 8002)) as c:
    while moved < size:
        moved += len(c.recv(65536)) if way == "down" else c.send(bytes(65536))
    if way == "up":
        c.shutdown(socket.SHUT_WR)
        c.recv(1)
print(time.monotonic() - start)
"""
MANY = """
import json, socket, sys
held, told = [], []
for i in range(int(sys.argv[1])):
    try:
        c = socket.create_connection(("8.8.8.8", 8000), timeout=3)
        c.recv(10)
        held.append(c)
    except OSError as e:
        told.append(e.errno)
print(json.dumps([len(held), len(told)]))
held[0].close()
import time
end = time.monotonic() + 20
while time.monotonic() < end:
    try:
        with socket.create_connection(("8.8.8.8", 8000), timeout=1) as c:
            print(c.recv(3).decode())
            break
    except OSError:
        pass
"""


def seconds(server, way, size):
    told = server.run(MOVE, args=[way, str(size)], limits={"wall_ms": 60000})
    return float(told["run"]["stdout"])


def test_a_program_moves_no_more_than_its_bandwidth(started):
    """A burst of 64 KiB and what waits in sockets aside (libslirp holds 128 KiB, the kernel some more)."""
    server = started("--network-bandwidth", "1M")
    assert seconds(server, "down", 4 * MIB) > 2.5
    assert seconds(server, "up", 4 * MIB) > 2.5


def test_the_bandwidth_is_each_programs_own(started):
    """Two at one time: each moves as much as one alone could at the least."""
    server = started("--network-bandwidth", "1M")
    body = {"language": "python", "source": MOVE, "args": ["down", str(2 * MIB)], "network": True, "limits": {"wall_ms": 60000}}
    ids = [server.ask("POST", "/api/v1/executions", body).json()["id"] for _ in range(2)]
    from support.raw import wait_until
    shown = {}

    def over():
        shown.update({one: server.ask("GET", f"/api/v1/executions/{one}").json() for one in ids})
        return all(one["status"] == "finished" for one in shown.values())

    assert wait_until(over, 40)
    assert all(float(one["run"]["stdout"]) > 1 for one in shown.values())


def test_what_waits_is_sent_when_its_turn_comes(started):
    """Nothing is lost on the way: all of it comes through a narrow one."""
    server = started("--network-bandwidth", "256K")
    assert seconds(server, "down", MIB) > 2
    assert server.reach([{"to": "8.8.8.8"}, {"to": "example.org"}]) == ["tcp ::ffff:20.0.0.2 8000"] * 2


def test_a_program_has_no_more_connections_than_it_may(started):
    few, rest = started("--network-connections", "4").run(MANY, args=["60"], limits={"wall_ms": 100000})["run"]["stdout"].split("\n")[:2]
    held, refused = json.loads(few)
    assert 4 <= held <= 4 + 16 and held + refused == 60  # with those for questions, as long as none is asked
    assert rest == "tcp"  # one was closed: another can be opened


def test_the_usual_number_of_connections_is_enough_for_as_many(public):
    held, refused = json.loads(public.run(MANY, args=["60"], limits={"wall_ms": 60000})["run"]["stdout"].split("\n")[0])
    assert (held, refused) == (60, 0)
