# SPDX-License-Identifier: Apache-2.0
"""The world outside: run in a network namespace of its own by support/worlds.py, it answers on every address there.

TCP and UDP port 8000 say who asked for what; TCP 8001 sends for ever, 8002 swallows; UDP 53 is a name server with the zone of
the first argument ({"name": ["address", ...]}), which writes each question to stdout.
"""
import json
import select
import socket
import socketserver
import struct
import sys
import threading

ECHO, SOURCE, SINK, DNS = 8000, 8001, 8002, 53
A, CNAME, AAAA = 1, 5, 28


def name_of(data, at):
    labels = []
    while data[at]:
        labels.append(data[at + 1:at + 1 + data[at]].decode())
        at += 1 + data[at]
    return ".".join(labels), at + 1


def wire(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def record(owner, entry):
    """`entry` is an address, or a name for a CNAME."""
    for family, kind in ((socket.AF_INET, A), (socket.AF_INET6, AAAA)):
        try:
            data = socket.inet_pton(family, entry)
            break
        except OSError:
            data, kind = wire(entry), CNAME
    return kind, wire(owner) + struct.pack(">HHIH", kind, 1, 60, len(data)) + data


def answers(zone, name, kind):
    """All records on the way from a name to its addresses of a kind; None when there is no such name."""
    if name not in zone:
        return None
    found = []
    for entry in zone[name]:
        its, data = record(name, entry)
        if its in (kind, CNAME):
            found.append(data)
        if its == CNAME:
            found += answers(zone, entry, kind) or []
    return found


def dns_answer(zone, query):
    name, at = name_of(query, 12)
    kind = struct.unpack_from(">H", query, at)[0]
    print(json.dumps({"name": name, "type": kind, "id": query[:2].hex()}), flush=True)
    found = answers(zone, name.lower(), kind)
    head = query[:2] + struct.pack(">HHHHH", 0x8180 | (3 if found is None else 0), 1, len(found or []), 0, 0)
    return head + query[12:at + 4] + b"".join(found or [])


def dns_serve(zone):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("20.0.0.1", DNS))
    while True:
        query, client = server.recvfrom(2048)
        server.sendto(dns_answer(zone, query), client)


def udp_serve(family, address):
    """Answers from the address that was asked, or from the one that "from ADDRESS" names."""
    server = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    level, option, kind = ((socket.IPPROTO_IP, 8, 8) if family == socket.AF_INET else  # IP_PKTINFO
                           (socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, socket.IPV6_PKTINFO))
    server.setsockopt(level, option, 1)
    server.bind((address, ECHO))
    while True:
        data, extra, _, client = server.recvmsg(4096, 256)
        if data.startswith(b"from "):
            other = socket.inet_pton(family, data[5:].decode())
            extra = [(level, kind, struct.pack("=I4s4s", 0, other, other) if family == socket.AF_INET else other + bytes(4))]
        information = [(level, kind, value) for _, its, value in extra if its == kind]
        server.sendmsg([b"udp " + data], information, 0, client)


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(f"tcp {self.client_address[0]} {self.server.server_address[1]}\n".encode())
        self.request.recv(1)


class Source(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            while True:
                self.request.sendall(bytes(65536))
        except OSError:
            pass


class Sink(socketserver.BaseRequestHandler):
    def handle(self):
        while self.request.recv(65536):
            pass


class Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512
    address_family = socket.AF_INET6  # and IPv4, as mapped addresses

    def handle_error(self, request, client_address):
        pass


def main():
    for port, handler in ((ECHO, Echo), (SOURCE, Source), (SINK, Sink)):
        threading.Thread(target=Tcp(("::", port), handler).serve_forever, daemon=True).start()
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        threading.Thread(target=udp_serve, args=(family, address), daemon=True).start()
    threading.Thread(target=dns_serve, args=(json.loads(sys.argv[1]),), daemon=True).start()
    print("ready", flush=True)
    select.select([sys.stdin], [], [])  # until whoever started us goes


if __name__ == "__main__":
    main()
