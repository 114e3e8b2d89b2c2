# SPDX-License-Identifier: Apache-2.0
"""Two network namespaces joined by a wire: `inside`, where a belljar serves, and `outside`, which has every kind of address.

Root's; nothing of the host's own network is touched, and all of it is gone with the two processes that hold the namespaces.
"""
import contextlib
import ctypes
import json
import os
import pathlib
import queue
import subprocess
import tempfile
import threading

from support.raw import wait_until
from support.server import Server

HERE = pathlib.Path(__file__).resolve().parent
CLONE_NEWNET = 0x40000000
PROBE = HERE / "reach_probe.py"

OWN = {"public": "20.0.0.2", "private": "10.99.0.2", "v6": "2a00:77::2"}  # addresses of the inside host
# Of the outside world; the wire has 20.0.0.1, 10.99.0.1 and 2a00:77::1 there.
WORLD4 = ["8.8.8.8", "8.8.4.4", "1.1.1.1", "45.45.0.9", "10.20.30.40", "172.16.5.5", "192.168.77.1", "169.254.169.254",
          "169.254.3.4", "100.64.1.1", "168.63.129.16", "192.0.0.8", "198.18.0.1", "198.51.100.7", "203.0.113.5", "192.88.99.1",
          "240.1.2.3"]
WORLD6 = ["2001:4860:4860::8888", "2606:4700::1111", "fd00:1::1", "fc00:5::5", "fec0::77", "2001:db8::7", "64:ff9b::808:808",
          "64:ff9b::a14:1e28", "2002:808:808::1", "2002:a14:1e28::1", "64:ff9b:1::a14:1e28", "100::9", "2001:2::7",
          "64:ff9b::1400:2", "2002:1400:2::1"]  # the last two stand for OWN["public"]
ZONE = {
    "example.org": ["8.8.8.8", "2001:4860:4860::8888"],
    "www.example.org": ["alias.elsewhere.net"],
    "alias.elsewhere.net": ["1.1.1.1"],
    "deep.www.example.org": ["8.8.4.4"],
    "rebind.example.org": ["10.20.30.40", "169.254.169.254", "127.0.0.1", "20.0.0.2"],
    "other.net": ["45.45.0.9"],
    "many.example.org": [f"45.45.1.{last}" for last in range(1, 121)],
}


def ip(namespace, *words):
    subprocess.run(["nsenter", "-t", str(namespace.pid), "-n", "ip", *words], check=True, capture_output=True)


@contextlib.contextmanager
def within(pid):
    """This thread is in that namespace; sockets made meanwhile stay there."""
    libc = ctypes.CDLL(None, use_errno=True)
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    other = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        if libc.setns(other, CLONE_NEWNET) < 0:
            raise OSError(ctypes.get_errno(), "setns")
        yield
    finally:
        libc.setns(own, CLONE_NEWNET)
        os.close(own)
        os.close(other)


class Worlds:
    def __init__(self):
        self.stack = contextlib.ExitStack()
        self.questions = queue.Queue()
        try:
            self.inside, self.outside = self.namespace(), self.namespace()
            self.wire()
            self.serve()
        except BaseException:
            self.close()
            raise

    def close(self):
        self.stack.close()

    def ended(self, process):
        process.kill()
        process.wait()

    def namespace(self):
        process = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
        self.stack.callback(self.ended, process)
        ours = os.stat("/proc/self/ns/net").st_ino
        assert wait_until(lambda: os.stat(f"/proc/{process.pid}/ns/net").st_ino != ours)
        return process

    def wire(self):
        ip(self.inside, "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", str(self.outside.pid))
        for world, last in ((self.inside, 2), (self.outside, 1)):
            ip(world, "link", "set", "lo", "up")
            ip(world, "link", "set", "wire", "up")
            for address in (f"20.0.0.{last}/24", f"10.99.0.{last}/24"):
                ip(world, "addr", "add", address, "dev", "wire")
            ip(world, "addr", "add", f"2a00:77::{last}/64", "dev", "wire", "nodad")
            ip(world, "addr", "add", f"fe80::{last}/64", "dev", "wire", "nodad")
        ip(self.inside, "route", "add", "default", "via", "20.0.0.1", "src", OWN["public"])
        ip(self.inside, "route", "add", "default", "via", "2a00:77::1", "src", OWN["v6"])
        for address in WORLD4:
            ip(self.outside, "addr", "add", address, "dev", "lo")
        for address in WORLD6:
            ip(self.outside, "addr", "add", address, "dev", "lo", "nodad")

    def serve(self):
        server = subprocess.Popen(["nsenter", "-t", str(self.outside.pid), "-n", "/usr/bin/python3", str(HERE / "outside.py"),
                                   json.dumps(ZONE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.stack.callback(self.ended, server)
        assert server.stdout.readline() == "ready\n"
        threading.Thread(target=self.listen, args=(server.stdout,), daemon=True).start()

    def listen(self, lines):
        for line in lines:
            self.questions.put(json.loads(line))

    def asked(self, what="name"):
        """What the name server was asked since the last call: names, "type"s, "id"s."""
        names = set()
        with contextlib.suppress(queue.Empty):
            while True:
                names.add(self.questions.get_nowait()[what])
        return names

    def server(self, *flags, wrap=(), resolvers="20.0.0.1", **more):
        return InsideServer(self, "--network-disable=false", "--network-resolvers", resolvers, *flags,
                            wrap=("nsenter", "-t", str(self.inside.pid), "-n", *wrap), **more)


    def reach(self, targets):
        """The control: what the inside host itself reaches, by target."""
        done = subprocess.run(["nsenter", "-t", str(self.inside.pid), "-n", "/usr/bin/python3", str(PROBE)],
                              input=json.dumps(targets), capture_output=True, text=True, check=True)
        return json.loads(done.stdout)


class InsideServer(Server):
    """One of the inside: requests to it are made there."""

    def __init__(self, worlds, *flags, **more):
        self.worlds = worlds
        super().__init__(*flags, **more)

    def ask(self, *words, **more):
        from support import raw
        with within(self.worlds.inside.pid):
            return raw.ask(self, *words, **more)

    def run(self, source, language="python", network=True, **more):
        """The finished execution of belljar's own API."""
        body = {"language": language, "source": source, "wait": True, "network": network, **more}
        answer = self.ask("POST", "/api/v1/executions", body, timeout=120)
        assert answer.status == 200, answer
        return answer.json()

    def reach(self, targets, network=True, **more):
        """What a program in a box reaches, by target."""
        done = self.run(PROBE.read_text(), stdin=json.dumps(targets), network=network, limits={"wall_ms": 60000}, **more)
        assert done["run"]["exit_code"] == 0, done
        return json.loads(done["run"]["stdout"])
