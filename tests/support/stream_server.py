# SPDX-License-Identifier: Apache-2.0
"""http without the rest of belljar: tests/unit/http/stream_server.c, which says what it serves."""
import os
import resource
import socket
import subprocess

from support import raw
from support.server import BUILD

PROGRAM = BUILD / "tests/unit/http/stream_server"
HEAD_SECONDS = 2  # until a request must be there; also how often a slow reader is looked at


class StreamServer:
    def __init__(self, ping_ms=15000, connections=1000, proxy=None):
        command = [str(PROGRAM), str(ping_ms), str(connections)]
        self.process = subprocess.Popen(command + ([proxy] if proxy else []), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, preexec_fn=_many_files)
        self.port = int(self.process.stdout.readline())
        self.pid = self.process.pid
        self.at_rest = self.descriptors()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def counts(self):
        return raw.ask(self, "GET", "/counts").json()

    def idle(self, seconds=10):
        """Whether nothing is open any more (but for what it listens on)."""
        nothing = {"streams": 0, "waiting": 0}
        return raw.wait_until(lambda: self.descriptors() <= self.at_rest and self.counts() == nothing, seconds)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def memory(self):
        """Resident bytes; 0 with a sanitizer, which keeps what was freed."""
        if b"libasan" in PROGRAM.read_bytes():
            return 0
        for line in open(f"/proc/{self.pid}/status"):
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("no VmRSS")

    def stop(self):
        """Its exit status: not 0 when a stream or a request was never told of its end."""
        if self.process.poll() is None:
            self.process.stdin.close()
        code = self.process.wait(30)
        self.process.stdout.close()
        return code


def _many_files():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def vanish(connection):
    """Closes a socket so that the other side never hears of it, as when a machine loses its power (as root)."""
    connection.setsockopt(socket.IPPROTO_TCP, 19, 1)  # TCP_REPAIR
    connection.close()
