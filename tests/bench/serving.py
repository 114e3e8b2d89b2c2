# SPDX-License-Identifier: Apache-2.0
"""A `belljar serve` to measure, and what the kernel knows of its processes."""
import contextlib
import functools
import os
import pathlib
import signal
import socket
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# What could begin to work by itself while figures are taken is done before, or not at all.
QUIET = {"prepare.auto": "false"}
NO_POOL = {**QUIET, "pool.boxes": "0"}
TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


class Connection:
    """One kept-alive connection; as thin as Python allows."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def post(self, path, body):
        return self.ask(b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                        b"Content-Length: %d\r\n\r\n" % (path.encode(), len(body)) + body)

    def get(self, path):
        return self.ask(b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % path.encode())

    def ask(self, request):
        self.socket.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, rest = data.partition(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n")
                      if line.lower().startswith(b"content-length:"))
        while len(rest) < length:
            rest += self._more()
        return int(head.split(b" ", 2)[1]), rest

    def _more(self):
        more = self.socket.recv(65536)
        if not more:
            raise ConnectionError("the server closed the connection")
        return more


@functools.cache
def options_of(build):
    """The options that this build knows: an older one is measured with what it has."""
    done = subprocess.run([str(ROOT / build / "belljar"), "docs", "options"], capture_output=True, text=True, check=True)
    return {line.split("`")[1] for line in done.stdout.splitlines() if line.startswith("| `")}


def environment_of(build, settings):
    """As variables: they are told without asking whether a flag takes a value."""
    known = options_of(build)
    return {"BELLJAR_" + key.replace(".", "_").upper(): value for key, value in settings.items() if key in known}


def serve(build, data, *flags, env=None):
    """(process, port) once it is ready."""
    log = open(pathlib.Path(data, "log"), "w")
    server = subprocess.Popen(
        [str(ROOT / build / "belljar"), "serve", "--listen", "127.0.0.1:0", "--log-level", "warn", *flags],
        stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, "BELLJAR_JUDGE0_CONF": "none", **(env or {})})
    for line in server.stdout:
        if "ready on" in line:
            return server, int(line.split("127.0.0.1:")[1].split()[0].strip("/,;)"))
    raise SystemExit("belljar did not start: " + pathlib.Path(data, "log").read_text())


def stop(server):
    server.send_signal(signal.SIGTERM)
    server.wait(30)
    server.stdout.close()


@contextlib.contextmanager
def serving(build, *flags, settings=QUIET, env=None):
    with tempfile.TemporaryDirectory() as data:
        server, port = serve(build, data, *flags, env={**environment_of(build, settings), **(env or {})})
        try:
            yield server, port
        finally:
            stop(server)


# --- its processes -----------------------------------------------------------------------

def children(pid):
    found = []
    with contextlib.suppress(OSError):
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def name_of(pid):
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def descendants(pid):
    found, todo = [], [pid]
    while todo:
        found.append(todo.pop())
        todo += children(found[-1])
    return found


class Tree:
    """The processes of one `belljar serve`, by what they are."""

    def __init__(self, pid):
        self.parent = pid
        below = children(pid)
        self.boxd = next(one for one in below if name_of(one) == "belljar-boxd")
        self.servers = [one for one in below if one != self.boxd]

    def boxes(self):
        """The first process of each box that there is."""
        return [one for one in children(self.boxd) if name_of(one) in ("init", "belljar-init")]

    def others(self):
        boxes = set(self.boxes())
        return [one for one in children(self.boxd) if one not in boxes]


def run_ns(pid):
    """CPU time of a process that lives, all threads."""
    total = 0
    with contextlib.suppress(OSError):
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total


def dead_ns(pid):
    """CPU time of its children that are dead, and of theirs."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[13]) + int(fields[14])) * TICK_NS


def cpu_of(tree):
    """Nanoseconds so far: of the server, of boxd, and of boxes that are gone (init, and programs)."""
    return {"server": sum(map(run_ns, [tree.parent, *tree.servers])),
            "boxd": sum(map(run_ns, [tree.boxd, *tree.others()])), "boxes": dead_ns(tree.boxd)}


def machine_ns():
    """What all CPUs together have worked."""
    fields = [int(word) for word in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    idle = fields[3] + fields[4]
    return (sum(fields[:8]) - idle) * TICK_NS


def memory_of(pid):
    """MiB: resident, proportional, unshared."""
    sizes = {}
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        key, value = line.split(":")
        sizes[key] = int(value.split()[0])
    return sizes["Rss"] / 1024, sizes["Pss"] / 1024, (sizes["Private_Clean"] + sizes["Private_Dirty"]) / 1024


def cgroup_bytes(pid):
    """What the kernel charges to the memory cgroup of a process; None where it has none."""
    for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for file in ("/sys/fs/cgroup/memory" + path + "/memory.usage_in_bytes", "/sys/fs/cgroup" + path + "/memory.current"):
            if controllers in ("memory", "") and os.path.exists(file):
                return int(pathlib.Path(file).read_text())
    return None
