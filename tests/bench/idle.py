# SPDX-License-Identifier: Apache-2.0
"""The part of make bench about who waits: what each waiting request and each idle stream costs the server, of many at once.

The server is paused, so that nothing ends.  What counts is its resident memory; the kernel's part of a connection is not in it.
"""
import base64
import json
import os
import pathlib
import resource
import socket
import time

COUNT = 10000
FLAGS = ["--paused", "--server-connections-max", str(2 * COUNT), "--engine-queue-max", str(2 * COUNT)]
UPGRADE = f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\n"
KINDS = {"wait": "a request that waits for its result", "websocket": "a WebSocket that watches", "events": "an event stream"}


def listener(port):
    """The process that listens there."""
    wanted = f":{port:04X}"
    rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inodes = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(wanted) and row[3] == "0A"}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(fd) in inodes for fd in folder.joinpath("fd").iterdir()):
                return folder
        except OSError:
            continue
    raise SystemExit(f"nothing listens on port {port}")


def resident_kib(process):
    return next(int(line.split()[1]) for line in process.joinpath("status").read_text().splitlines() if line.startswith("VmRSS"))


def begin(port, head, body=""):
    sock = socket.create_connection(("127.0.0.1", port))
    sock.sendall(f"{head}Host: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    return sock


def body(wait):
    return json.dumps({"language": "bash", "source": "echo hello", "wait": wait})


def execution(port):
    with begin(port, "POST /api/v1/executions HTTP/1.1\r\n", body(False)) as sock:
        return json.loads(sock.recv(65536).split(b"\r\n\r\n", 1)[1])["id"]


def one(port, kind, watched):
    if kind == "wait":
        return begin(port, "POST /api/v1/executions HTTP/1.1\r\n", body(True))
    path, more = ("stream", UPGRADE) if kind == "websocket" else ("events", "")
    sock = begin(port, f"GET /api/v1/executions/{watched}/{path} HTTP/1.1\r\n{more}")
    answer = sock.recv(4096).split(b"\r\n")[0]
    if answer.split()[1] not in (b"101", b"200"):
        raise SystemExit(f"{kind}: {answer.decode()}")
    return sock


def measure(port, kind):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most < COUNT + 100:
        raise SystemExit(f"{COUNT} connections need as many descriptors: raise 'ulimit -Hn' ({most})")
    process, watched = listener(port), execution(port)
    before, threads = resident_kib(process), len(list(process.joinpath("task").iterdir()))
    sockets = [one(port, kind, watched) for _ in range(COUNT)]
    time.sleep(1)
    figures = {"kib": (resident_kib(process) - before) / COUNT, "threads": len(list(process.joinpath("task").iterdir())) - threads}
    for sock in sockets:
        sock.close()
    return figures


def table(figures):
    rows = [f"| {text} | {figures[kind]['kib']:.1f} KiB | {figures[kind]['threads']} | 20 KiB, 0 |" for kind, text in KINDS.items()]
    return [f"| of {COUNT:,} at once | memory of each | threads | target |", "| --- | --- | --- | --- |", *rows]
