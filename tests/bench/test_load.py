# SPDX-License-Identifier: Apache-2.0
"""The client in C: what it counts, and that a wrong answer is never a figure."""
import http.server
import json
import threading

import pytest

from load import Load, Subject


@pytest.fixture(name="load", scope="module")
def load_built(tmp_path_factory):
    return Load(str(tmp_path_factory.mktemp("load")))


@pytest.fixture(name="answers")
def server_of_answers():
    """A server that answers {"said": what came}; (port, list of what came)."""
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        came = []

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.came.append(json.loads(body))
            answer = json.dumps({"said": json.loads(body)}).encode()
            self.send_response(200 if self.path == "/good" else 500)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1], Handler.came
    server.shutdown()
    thread.join()
    server.server_close()


def command(name, *words, **more):
    return Subject(name, commands=[list(words)], pause_ms=0, **more)


def test_each_has_its_turns(load):
    times = load.turns([command("often", "/bin/true"), command("seldom", "/bin/true", every=3)], 6, 2)
    assert {name: len(runs) for name, runs in times.items()} == {"often": 12, "seldom": 4}
    assert all(run > 0 for runs in times.values() for run in runs)


def test_commands_run_one_after_the_other_in_their_folder(load, tmp_path):
    subject = Subject("two", commands=[["/usr/bin/touch", "a"], ["/usr/bin/ls"]], folder=str(tmp_path), expect="a", pause_ms=0)
    assert len(load.turns([subject], 2)["two"]) == 2


@pytest.mark.parametrize("words, expect, why", [(["/bin/false"], "", "ended with status"), (["/bin/echo", "no"], "yes", "instead of 'yes'"),
                                                (["/nonexistent"], "", "/nonexistent")])
def test_a_run_that_failed_ends_it_all(load, words, expect, why):
    with pytest.raises(SystemExit, match=why):
        load.turns([command("bad", *words, expect=expect)], 1)


def test_a_file_is_a_new_one_each_time(load, tmp_path):
    subject = Subject("fresh", commands=[["/bin/sh", "-c", "cat source >>all; cat source"]], folder=str(tmp_path), expect="int a; // ",
                      fresh=str(tmp_path / "source"), source="int a; // @@@@@@@@\n", pause_ms=0)
    load.turns([subject], 5, warmup=1)
    lines = (tmp_path / "all").read_text().splitlines()
    assert len(lines) == len(set(lines)) == 6
    assert all(len(line) == 18 and "@" not in line for line in lines)


def test_many_at_once_have_numbers_of_their_own(load, tmp_path):
    subject = command("many", "/bin/sh", "-c", "echo >>{w}; sleep 0.01; echo done", folder=str(tmp_path), expect="done")
    times, wall, cpu = load.rush(subject, 3, 0.2)
    written = {file.name: len(file.read_text()) for file in tmp_path.iterdir()}
    assert set(written) == {"0", "1", "2"} and sum(written.values()) == len(times)
    assert wall > 0 and cpu > 0


def test_requests_and_their_answers(load, answers):
    port, came = answers
    subject = Subject("good", port=port, path="/good", body={"a": "x@@@@@@@@"}, expect='"said"', pause_ms=0)
    assert len(load.turns([subject], 4, warmup=1)["good"]) == 4
    assert len(load.rush(subject, 2, 0.1)[0]) > 0
    texts = [one["a"] for one in came]
    assert len(texts) == len(set(texts)) and all(len(text) == 9 for text in texts)


@pytest.mark.parametrize("path, expect", [("/bad", '"said"'), ("/good", "unsaid")])
def test_an_answer_that_is_not_as_expected_ends_it_all(load, answers, path, expect):
    with pytest.raises(SystemExit, match="instead of"):
        load.turns([Subject("bad", port=answers[0], path=path, body={}, expect=expect, pause_ms=0)], 1)
