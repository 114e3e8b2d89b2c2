# SPDX-License-Identifier: Apache-2.0
"""Run in a box, or on the host as the control: what of a list (JSON on stdin) can be reached.

[{"to": address or name, "port": 8000, "kind": "tcp" or "udp"}, ...]: prints a list of what each said, or the errno that kept it.
"""
import errno
import json
import socket
import sys


def tcp(one):
    with socket.create_connection((one["to"], one.get("port", 8000)), timeout=one.get("wait", 5)) as connection:
        return connection.recv(200).decode().split("\n")[0]


def udp(one):
    """Not connected, as a client of many servers: whoever answers is told."""
    family, kind, _, _, address = socket.getaddrinfo(one["to"], one.get("port", 8000), type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as connection:
        connection.settimeout(one.get("wait", 1))
        connection.setsockopt(*((socket.IPPROTO_IP, 11, 1) if family == socket.AF_INET else
                                (socket.IPPROTO_IPV6, 25, 1)))  # IP_RECVERR, IPV6_RECVERR: a refusal is heard of
        connection.sendto(one.get("text", "hello").encode(), address)
        data, sender = connection.recvfrom(65536)
        return f"{data.decode()[:60]} from {sender[0]}"


def look(one):
    try:
        return {"tcp": tcp, "udp": udp}[one.get("kind", "tcp")](one)
    except socket.gaierror as e:
        return f"EAI {e.errno}"
    except TimeoutError:
        return "TIMEOUT"
    except OSError as e:
        return errno.errorcode.get(e.errno, str(e))


print(json.dumps([look(one) for one in json.load(sys.stdin)]))
