# SPDX-License-Identifier: Apache-2.0
"""GET /metrics: what Prometheus reads, and that each row of metrics.def is fed."""
import os
import re
import subprocess
import threading
import time

import pytest

from support.faults import SmallDisk
from support.judge0 import Receiver, archive
from support.raw import ask, dial, wait_until
from support.server import ROOT, Server, cannot, descendants
from support.tools import tool
from support.websocket import WebSocket

DEF = ROOT / "src/metrics/metrics.def"
SAMPLE = re.compile(r'^([a-z_]+)(?:\{(.*)\})? (\S+)$')


def samples(server):
    """(name, frozenset of (label, value)) -> number"""
    answer = ask(server, "GET", "/metrics")
    assert answer.status == 200
    found = {}
    for line in answer.body.decode().splitlines():
        if not line.startswith("#"):
            name, labels, number = SAMPLE.match(line).groups()
            found[name, frozenset(re.findall(r'([a-z]+)="([^"]*)"', labels or ""))] = float(number)
    return found


def total(found, name, **labels):
    """The sum of all series of `name` that have these labels."""
    return sum(number for (one, those), number in found.items() if one == name and labels.items() <= set(those))


def server_pid(server):
    return next(pid for pid in descendants(server.pid)
                if pid != server.pid and open(f"/proc/{pid}/comm").read().strip() == "belljar")


def test_answer_is_the_text_format(server):
    answer = ask(server, "GET", "/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    for line in answer.body.decode().splitlines():
        assert line.startswith(("# HELP belljar_", "# TYPE belljar_")) or SAMPLE.match(line), line


def test_promtool_finds_nothing(server):
    assert server.execute("bash", "echo x")[0] == 200
    text = ask(server, "GET", "/metrics").body
    checked = subprocess.run([tool("promtool"), "check", "metrics"], input=text, capture_output=True)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_build_info_names_the_version(server):
    version = ask(server, "GET", "/").json()["version"]
    assert total(samples(server), "belljar_build_info", version=version) == 1


def test_start_time_is_that_of_the_server(start):
    before = time.time()
    server = start()
    assert before - 1 < total(samples(server), "belljar_start_time_seconds") < time.time() + 1


def test_memory_and_descriptors_are_those_of_the_process(start):
    server = start()
    found = samples(server)
    pid = server_pid(server)
    resident = int(open(f"/proc/{pid}/statm").read().split()[1]) * os.sysconf("SC_PAGESIZE")
    assert resident / 2 < total(found, "belljar_memory_bytes") < resident * 2
    # The connection of the question is closed by now.
    assert abs(total(found, "belljar_open_fds") - len(os.listdir(f"/proc/{pid}/fd"))) <= 2


def test_slots_and_boxes_are_those_of_health(server):
    health = ask(server, "GET", "/health").json()
    found = samples(server)
    assert total(found, "belljar_slots") == health["engine"]["slots"]
    assert total(found, "belljar_boxes_max") == health["sandbox"]["boxes_max"]


def test_head_has_no_body(server):
    answer = ask(server, "HEAD", "/metrics")
    assert (answer.status, answer.body) == (200, b"")


# --- each row is fed ---------------------------------------------------------------------------

TESTED = {"language": "bash", "source": "cat", "wait": True, "tests": [{"stdin": "1", "expected_output": "1"}]}


def run_all_dialects(server, receiver):
    compiled = {"language": "c", "version": "*", "files": [{"content": "int main(void) { return 0; }"}]}
    assert ask(server, "POST", "/api/v2/execute", compiled).status == 200
    unpacked = {"language_id": 46, "source_code": "true", "additional_files": archive({"a": b"x"}), "callback_url": receiver.url}
    assert ask(server, "POST", "/submissions?wait=true", unpacked).status == 201
    assert ask(server, "POST", "/api/v1/executions", TESTED).status == 200
    assert receiver.wait(1)


def refuse_one(server):
    assert ask(server, "POST", "/api/v2/execute", {"language": "bash", "version": "*", "files": [{"content": "#" * 1001}]}).status == 400


def fail_one_write(server, disk):
    disk.fill(server)
    assert ask(server, "POST", "/submissions", {"language_id": 46, "source_code": "true", "stdin": "x" * 200_000}).status == 503
    disk.clear()


def look_while_busy(server):
    """Samples of two moments: a slot is taken and a job waits; a session and an event stream are open."""
    slow = {"language": "bash", "version": "*", "files": [{"content": "sleep 2"}]}
    running = [threading.Thread(target=ask, args=(server, "POST", "/api/v2/execute", slow)) for _ in range(2)]
    for one in running:
        one.start()
    assert wait_until(lambda: total(samples(server), "belljar_queue_jobs") == 1)
    first = samples(server)
    waiting = ask(server, "POST", "/api/v1/executions", {"language": "bash", "source": "sleep 2"}).json()["id"]
    with WebSocket(server, "/api/v1/stream") as socket, dial(server) as events:
        socket.send_json({"type": "start", "language": "bash", "source": "cat"})
        socket.send_json({"type": "stdin", "data": "x"})
        while socket.receive_json()["type"] != "output":
            pass
        events.sendall(f"GET /api/v1/executions/{waiting}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert events.recv(1)
        second = samples(server)
    for one in running:
        one.join()
    return largest(first, second)


def largest(*all_samples):
    return {key: max(one.get(key, 0) for one in all_samples) for key in set().union(*all_samples)}


@pytest.fixture(scope="module")
def fed(tmp_path_factory):
    """What a server shows that has seen all that there is to count: each sample's largest value.  A waiting python is too
    large for its spare boxes."""
    if os.geteuid() != 0:
        cannot("a file system of a test's own needs root")
    folder = tmp_path_factory.mktemp("metrics")
    disk = SmallDisk(folder, "8m")
    receiver = Receiver()
    server = Server("--data", str(folder / "data"), "--slots", "1", "--callbacks-allow", "127.0.0.1",
                    "--validation-max-source-length", "1000", "--pool-keep", "bash,python", "--pool-memory", "2M", wrap=disk.wrap)
    run_all_dialects(server, receiver)
    refuse_one(server)
    busy = look_while_busy(server)
    fail_one_write(server, disk)
    found = largest(busy, samples(server))
    assert server.stop()[0] == 0
    receiver.close()
    return found


def table():
    """(type, name, labels) of each row"""
    return re.findall(r'^X\(\w+, (\w+), "(\w+)", "([\w ]*)"', DEF.read_text(), re.MULTILINE)


@pytest.mark.parametrize("kind, name, labels", table(), ids=lambda value: value)
def test_each_row_is_fed(fed, kind, name, labels):
    ends = {"HISTOGRAM": ["_bucket", "_sum", "_count"]}.get(kind, [""])
    for end in ends:
        found = {key: number for key, number in fed.items() if key[0] == name + end}
        assert found and max(found.values()) > 0
        for _, those in found:
            assert {label for label, _ in those} - {"le"} == set(labels.split())


@pytest.mark.parametrize("name, labels", [
    ("belljar_jobs_total", {"language": "c", "dialect": "piston", "verdict": "ok"}),
    ("belljar_jobs_total", {"language": "bash", "dialect": "judge0", "verdict": "ok"}),
    ("belljar_jobs_total", {"language": "bash", "dialect": "native", "verdict": "ok"}),
    ("belljar_stage_seconds_count", {"stage": "unpack"}),
    ("belljar_stage_seconds_count", {"stage": "compile"}),
    ("belljar_stage_seconds_count", {"stage": "run"}),
    ("belljar_http_requests_total", {"method": "POST", "route": "/api/v2/execute", "status": "400"}),
    ("belljar_http_streams", {"kind": "websocket"}),
    ("belljar_http_streams", {"kind": "event_stream"}),
    ("belljar_stream_bytes_total", {"direction": "in"}),
    ("belljar_stream_bytes_total", {"direction": "out"}),
    ("belljar_store_errors_total", {"operation": "insert"}),
    ("belljar_callbacks_total", {"outcome": "delivered"}),
    ("belljar_refused_total", {"reason": "sieve"}),
])
def test_what_was_done_is_counted_under_its_labels(fed, name, labels):
    assert total(fed, name, **labels) >= 1


def test_labels_take_no_words_of_clients(server):
    for method, path in [("GET", "/nowhere/at/all"), ("XYZ", "/health"), ("GET", "/api/v1/executions/secret-id")]:
        ask(server, method, path)
    text = ask(server, "GET", "/metrics").body.decode()
    assert "nowhere" not in text and "XYZ" not in text and "secret-id" not in text


def test_series_do_not_grow_with_traffic(server):
    def count():
        return len([key for key in samples(server) if key[0].startswith("belljar_http")])
    before = count()
    for number in range(50):
        ask(server, "GET", f"/api/v1/executions/{number}")
        ask(server, "GET", f"/unknown/{number}")
    assert count() <= before + 30  # a route and its histogram, at most twice


# --- /stats ------------------------------------------------------------------------------------


def test_stats_has_no_percentiles_before_the_first_job(start):
    answer = ask(start(), "GET", "/stats").json()
    assert all(value is None for one in answer["percentiles"].values() for value in one.values())


def test_stats_has_percentiles_of_what_ran(start):
    server = start()
    assert server.execute("bash", "sleep 0.3")[0] == 200
    told = ask(server, "GET", "/stats").json()["percentiles"]
    assert 250 < told["run_ms"]["p50"] <= told["run_ms"]["p90"] <= told["run_ms"]["p99"]
    assert told["total_ms"]["p50"] > 250
    assert told["box_start_ms"]["p50"] > 0 and told["queue_ms"]["p50"] > 0


def test_stats_is_the_same_in_the_native_dialect(server):
    assert ask(server, "GET", "/stats").json().keys() == ask(server, "GET", "/api/v1/stats").json().keys()


def test_stats_writes_numbers_in_their_short_form(start):
    server = start()
    assert server.execute("bash", "true")[0] == 200
    assert re.search(rb"\d{10}", ask(server, "GET", "/stats").body) is None


# --- docs/operations.md ------------------------------------------------------------------------

OPERATIONS = ROOT / "docs/operations.md"


def blocks(start):
    """The YAML blocks that start so."""
    return [text for text in re.findall(r"```yaml\n(.*?)```", OPERATIONS.read_text(), re.DOTALL) if text.startswith(start)]


def test_docs_list_each_metric_as_the_table_has_it():
    rows = re.findall(r'^X\(\w+, (\w+), "(\w+)", "([\w ]*)", "[^"]*", "((?:[^"\\]|\\.)*)"\)', DEF.read_text(), re.MULTILINE)
    told = [f"| `{name}` | {kind.lower()} | {', '.join(f'`{label}`' for label in labels.split())} | " + text.replace('\\"', '"') + " |"
            for kind, name, labels, text in rows]
    assert len(told) == len(table())
    assert [line for line in OPERATIONS.read_text().splitlines() if line.startswith("| `belljar_")] == told


@pytest.mark.parametrize("check, start", [("config", "scrape_configs:"), ("rules", "groups:")])
def test_prometheus_takes_the_examples(tmp_path, check, start):
    (text,) = blocks(start)
    file = tmp_path / "example.yml"
    file.write_text(text.replace("/etc/prometheus/belljar.key", str(file)))
    done = subprocess.run([tool("promtool"), "check", check, str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_speak_of_metrics_that_there_are():
    (text,) = blocks("groups:")
    known = {name + end for kind, name, _ in table() for end in ("", *(["_bucket", "_sum", "_count"] if kind == "HISTOGRAM" else []))}
    assert set(re.findall(r"\bbelljar_\w+", text)) <= known
