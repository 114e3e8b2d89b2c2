# SPDX-License-Identifier: Apache-2.0
"""What docs/privacy.md says: nothing of a program in a log, nothing sent anywhere, acts of administrators written down.

proves: F7
"""
import ctypes
import json
import os
import pathlib
import re
import signal
import stat
import subprocess
import threading

import pytest

from support import judge0, native
from support.raw import wait_until
from support.server import BUILD, Server, cannot, clean_environment, descendants
from support.websocket import WebSocket

BELLJAR = str(BUILD / "belljar")
ROOT = os.geteuid() == 0
CLONE_NEWNET = 0x40000000
POLL = {"x86_64": ("7", "271"), "aarch64": ("73",)}.get(os.uname().machine, ())


def key_add(data, name, *flags):
    return subprocess.run([BELLJAR, "key", "add", name, "--data", str(data), *flags], check=True, capture_output=True, text=True,
                          env=clean_environment()).stdout.strip()


# --- logs -----------------------------------------------------------------------------------------------


class Canaries:
    """Words that are looked for later; each says where it was put."""

    def __init__(self):
        self.words = {}

    def __call__(self, place):
        word = "canary" + place.replace(" ", "") + "4b1d"
        self.words[place] = word
        return word

    def leaked(self, text):
        return sorted(place for place, word in self.words.items() if word in text)


SHOUT = "import sys; print(input()[::-1] + '{out}'); print('{err}', file=sys.stderr) # {source}"


def program(put, dialect):
    return SHOUT.format(out=put(f"{dialect} output"), err=put(f"{dialect} errors"), source=put(f"{dialect} source"))


def through_native(server, put, headers):
    body = {"language": "python", "stdin": put("native input"), "wait": True,
            "args": [put("native argument")], "env": {"V": put("native variable")}, "label": put("native label"),
            "files": [{"path": "main.py", "content": program(put, "native")},
                      {"path": put("native file name"), "content": put("native file")}],
            "callback": {"url": "http://127.0.0.1:9/" + put("native callback path"), "secret": "whsec_" + native.encode(put("secret"))}}
    native.create(server, body, headers)
    native.create(server, {"language": "python", "source": "print(" + put("native broken source"), "wait": True}, headers)
    native.create(server, {"language": "c", "source": "int main( " + put("native uncompilable source"), "wait": True}, headers)
    native.create(server, {"language": put("native language"), "source": "x", put("native unknown key"): 1}, headers)
    native.create(server, {"language": "python", "source": "1", "tests": [{"stdin": put("test input"), "expected_output": put("test output")}],
                           "wait": True}, headers)


def through_piston(server, put, headers):
    server.request("POST", "/api/v2/execute", {
        "language": "python", "version": "*", "stdin": put("piston input"), "args": [put("piston argument")],
        "files": [{"name": put("piston file name"), "content": program(put, "piston")}]}, headers)
    server.request("POST", "/api/v2/execute", b'{"language": "' + put("piston broken JSON").encode(), headers)


def through_judge0(server, put, headers):
    judge0.create(server, {"source_code": program(put, "judge0"), "language_id": judge0.PYTHON, "stdin": put("judge0 input"),
                           "expected_output": put("judge0 expected"), "command_line_arguments": put("judge0 argument"),
                           "callback_url": "http://127.0.0.1:9/" + put("judge0 callback path")}, headers, wait="true")
    judge0.create(server, {"source_code": put("judge0 refused source"), "language_id": 4242}, headers)


def through_sockets(server, put, headers):
    for first, then in (
            ({"type": "start", "language": "python", "source": program(put, "socket")},
             {"type": "stdin", "data": put("socket input") + "\n"}),
            ({"type": "start", "language": "python", "source": "input()"}, {"type": put("socket type")})):
        with WebSocket(server, "/api/v1/stream", headers) as socket:
            socket.send_json(first)
            socket.send_json(then)
            for _ in socket.messages(timeout=20):
                pass
    with WebSocket(server, "/api/v2/connect", headers) as socket:
        socket.send_json({"type": "init", "language": "python", "version": "*", "files": [{"content": program(put, "connect")}]})
        socket.send_json({"type": "data", "stream": "stdin", "data": put("connect input") + "\n"})
        for _ in socket.messages(timeout=20):
            pass


def with_wrong_secrets(server, put):
    for name, value in (("Authorization", "Bearer " + put("wrong bearer")), ("X-Api-Key", put("wrong key")),
                        ("X-Auth-Token", put("wrong token")), ("X-Auth-User", put("wrong user")), ("Cookie", put("cookie")),
                        ("Authorization", "Basic " + put("wrong basic"))):
        server.request("GET", "/api/v1/executions", headers={name: value})
    server.request("GET", "/submissions?X-Auth-Token=" + put("token in the query"))
    server.request("GET", "/api/v1/languages?key=" + put("key in the query"))


@pytest.mark.parametrize("form", ["logfmt", "json"])
def test_no_log_has_anything_of_a_program_or_a_secret(tmp_path, form):
    put = Canaries()
    data = tmp_path / "data"
    secret = key_add(data, "canary-owner", "--scope", "admin")
    put.words["key"] = secret
    server = Server("--data", str(data), "--log-level", "debug", "--log-format", form, "--callbacks-allow", "127.0.0.1",
                    "--judge0-authn-token", put("authn token"), "--judge0-authz-token", put("authz token"),
                    "--callbacks-secret", put("callback secret"))
    headers = {"X-Api-Key": secret, "Content-Type": "application/json"}
    through_native(server, put, headers)
    through_piston(server, put, headers)
    through_judge0(server, put, headers)
    through_judge0(server, put, {"X-Auth-Token": put("authn token"), "X-Auth-User": put("authz token")})
    through_sockets(server, put, headers)
    with_wrong_secrets(server, put)
    assert wait_until(lambda: "a callback " in server.log_path.read_text())
    status, log = server.stop()
    assert status == 0 and len(re.findall("job finished.*ok", log)) >= 4 and len(re.findall("job finished", log)) >= 10
    audit = (data / "audit.log").read_text()
    assert len(put.words) > 40
    assert put.leaked(log + audit) == []


def test_the_search_finds_what_is_there():
    put = Canaries()
    word = put("a place")
    assert put.leaked(f"level=info event=request body={word}") == ["a place"]


# --- the audit log ----------------------------------------------------------------------------------------


def acts(data):
    lines = [json.loads(line) for line in (data / "audit.log").read_text().splitlines()]
    return [(line["event"], line.get("who"), line["what"]) for line in lines]


def test_keys_and_starts_are_written_down(tmp_path):
    data = tmp_path / "data"
    key_add(data, "ci")
    subprocess.run([BELLJAR, "key", "revoke", "ci", "--data", str(data)], check=True, capture_output=True, env=clean_environment())
    subprocess.run([BELLJAR, "key", "list", "--data", str(data)], check=True, capture_output=True, env=clean_environment())
    Server("--data", str(data), "--paused", env={"BELLJAR_JUDGE0_MAINTENANCE_MODE": "true"}).stop()
    found = acts(data)
    assert [act for act, _, _ in found] == ["adds a key", "revokes a key", "starts the server",
                                            "starts it with judge0.maintenance_mode", "starts it with engine.paused"]
    assert [what for _, _, what in found[:2]] == ["ci", "ci"]
    first = json.loads((data / "audit.log").read_text().splitlines()[0])
    assert first["uid"] == os.geteuid() and first["time"]


def test_the_secret_of_a_key_is_not_written_down(tmp_path):
    secret = key_add(tmp_path / "data", "ci")
    assert len(secret) > 20
    assert secret not in (tmp_path / "data/audit.log").read_text()


def test_what_an_administrator_deletes_is_written_down(tmp_path):
    data = tmp_path / "data"
    boss, student = ({"X-Api-Key": key_add(data, "boss", "--scope", "admin")}, {"X-Api-Key": key_add(data, "student")})
    server = Server("--data", str(data), "--judge0-enable-submission-delete")
    mine, theirs, later = (native.submit(server, headers=student) for _ in range(3))
    for one in (mine, theirs, later):
        assert wait_until(lambda one=one: native.show(server, one, headers=student).json()["status"] == "finished")
    assert native.delete(server, mine, headers=student).status == 204
    assert native.delete(server, theirs, headers=student | boss).status == 204
    assert native.delete(server, later, headers={"X-Api-Key": "wrong"}).status == 401
    token = judge0.submit(server, headers={**student, "Content-Type": "application/json"})
    assert wait_until(lambda: judge0.show(server, token, headers=student).json()["status"]["id"] == 3)
    status, _ = server.request("DELETE", f"/submissions/{token}", headers=boss)
    assert status == 200
    server.stop()
    assert acts(data)[3:] == [("deletes an execution", "key:boss", theirs), ("deletes an execution", "key:boss", token)]


def test_package_acts_are_written_down(tmp_path):
    data = tmp_path / "data"
    boss, student = ({"X-Api-Key": key_add(data, "boss", "--scope", "admin")}, {"X-Api-Key": key_add(data, "student")})
    server = Server("--data", str(data))
    package = {"language": "python", "version": "3.1\n\"}"}
    assert server.request("POST", "/api/v2/packages", package, student)[0] == 403
    server.request("POST", "/api/v2/packages", package, boss)
    server.request("DELETE", "/api/v2/packages", package, boss)
    server.stop()
    assert acts(data)[3:] == [("installs a package", "key:boss", "python-3.1\n\"}"), ("removes a package", "key:boss", "python-3.1\n\"}")]
    lines = [json.loads(line) for line in (data / "audit.log").read_text().splitlines()]
    assert [line["process"] for line in lines[2:]] == ["parent", "server", "server"], "whose word it is"


def test_no_act_is_lost_while_the_parent_is_behind(tmp_path):
    """More of them than wait between the two processes; the server then waits, too."""
    data = tmp_path / "data"
    boss = {"X-Api-Key": key_add(data, "boss", "--scope", "admin")}
    server = Server("--data", str(data))
    inner = [pid for pid in descendants(server.pid) if pathlib.Path(f"/proc/{pid}/comm").read_text() == "belljar\n" and pid != server.pid]
    assert len(inner) == 1
    versions = [f"3.{n} \"" for n in range(500)]  # which are none, so the parent is asked nothing besides

    def ask():
        for version in versions:
            server.request("DELETE", "/api/v2/packages", {"language": "python", "version": version}, boss)

    def waits():
        return pathlib.Path(f"/proc/{inner[0]}/syscall").read_text().split()[0] in POLL

    asking = threading.Thread(target=ask)
    os.kill(server.pid, signal.SIGSTOP)
    try:
        asking.start()
        assert wait_until(lambda: not asking.is_alive() or waits(), 30)
        assert waits()
    finally:
        os.kill(server.pid, signal.SIGCONT)
    asking.join()
    server.stop()
    assert [what for act, _, what in acts(data) if act == "removes a package"] == [f"python-{version}" for version in versions]


def test_commands_on_the_store_are_written_down(tmp_path):
    data = tmp_path / "data"
    server = Server("--data", str(data))
    native.finished(server, native.submit(server))
    server.stop()
    for words in (["backup", str(tmp_path / "copy")], ["check"], ["export", str(tmp_path / "lines")], ["purge", "--label", "x"],
                  ["purge", "--all"]):
        subprocess.run([BELLJAR, "db", *words, "--data", str(data)], check=True, capture_output=True, env=clean_environment())
    assert [(act, what) for act, _, what in acts(data)[1:]] == [
        ("backs up the store", str(tmp_path / "copy")), ("exports the store", str(tmp_path / "lines")),
        ("erases executions", "label x"), ("erases executions", "all")]


def test_the_audit_log_is_for_its_owner_alone_and_grows_only(tmp_path):
    data = tmp_path / "data"
    key_add(data, "one")
    before = (data / "audit.log").read_text()
    server = Server("--data", str(data))
    facts = (data / "audit.log").stat()
    assert (stat.S_IMODE(facts.st_mode), facts.st_uid) == (0o600, os.geteuid())
    open_there = {os.readlink(f"/proc/{pid}/fd/{fd}") for pid in descendants(server.pid) if pid != server.pid
                  for fd in os.listdir(f"/proc/{pid}/fd")}
    assert str(data / "audit.log") not in open_there
    server.stop()
    assert (data / "audit.log").read_text().startswith(before)


# --- nothing is sent anywhere -----------------------------------------------------------------------------


class World:
    """A network namespace with a way out that counts what would leave."""

    def __init__(self):
        script = ("ip link set lo up; ip link add out type veth peer name far; echo 1 >/proc/sys/net/ipv6/conf/out/disable_ipv6; "
                  "echo 1 >/proc/sys/net/ipv6/conf/far/disable_ipv6; ip link set out up; ip link set far up; "
                  "ip addr add 198.18.0.1/24 dev out; ip route add default via 198.18.0.2; "
                  "ip neigh add 198.18.0.2 lladdr 02:00:00:00:00:02 dev out; echo up; exec sleep 1000")
        self.process = subprocess.Popen(["unshare", "-n", "sh", "-ec", script], stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "up\n":
            cannot("a network namespace with an interface of its own cannot be made here")
        self.name = f"/proc/{self.process.pid}/ns/net"

    def inside(self, function):
        """Called by a thread in there."""
        libc, result = ctypes.CDLL(None, use_errno=True), []

        def work():
            with open(self.name) as namespace:
                if libc.setns(namespace.fileno(), CLONE_NEWNET) < 0:
                    raise OSError(ctypes.get_errno(), "setns")
            result.append(function())
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return result[0]

    def sent(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/net/dev").read_text()
        return int(re.search(r"^ *out:\s*(.*)$", text, re.M).group(1).split()[9])

    def wrap(self):
        return ["nsenter", f"--net={self.name}"]

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def world():
    if not ROOT:
        cannot("only root can make a network namespace to look at")
    one = World()
    yield one
    one.end()


def use_all(server):
    put = Canaries()
    headers = {"Content-Type": "application/json"}
    for through in (through_native, through_piston, through_judge0):
        through(server, put, headers)
    return [server.request("GET", path)[0] for path in ("/health", "/ready", "/api/v1/languages", "/languages", "/system_info",
                                                        "/api/v2/runtimes", "/api/v2/packages", "/stats")]


def test_nothing_is_sent_by_itself(world, tmp_path):
    server = Server("--data", str(tmp_path / "data"), wrap=world.wrap())
    assert world.inside(lambda: use_all(server))[:2] == [200, 200]
    assert server.stop()[0] == 0
    assert world.sent() == 0


def test_a_callback_that_was_asked_for_is_sent(world):
    """The counter counts."""
    server = Server("--callbacks-allow", "198.18.0.0/15", wrap=world.wrap())
    body = {"language": "bash", "source": "true", "callback": {"url": "http://198.18.0.9/"}}
    world.inside(lambda: native.create(server, body))
    assert wait_until(lambda: world.sent() > 0)
    server.process.kill()
    server.stop()
