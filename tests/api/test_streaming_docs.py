# SPDX-License-Identifier: Apache-2.0
"""docs/streaming.md: its examples do what it says."""
import importlib.util
import re
import subprocess
import sys

import pytest

from support.server import ROOT, cannot

TEXT = (ROOT / "docs/streaming.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```\n", TEXT, re.S)


def code(server, kind, word):
    """The one block of this kind that has the word, for this server."""
    found = [block for name, block in BLOCKS if name == kind and word in block]
    assert len(found) == 1, word
    return found[0].replace("127.0.0.1:3000", f"127.0.0.1:{server.port}")


def python(server, word):
    if importlib.util.find_spec("websockets") is None:
        cannot("there is no websockets module (apt-get install python3-websockets)")
    done = subprocess.run([sys.executable, "-c", code(server, "python", word)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_run_and_talk(server):
    assert python(server, "/api/v1/stream") == code(server, "text", "Who?")


def test_watch_on_a_websocket(server):
    assert python(server, "/executions/{id}/stream") == "started\nstage\none\n\ntwo\n\nstage_finished\nfinished\n"


def test_piston(server):
    lines = python(server, "/api/v2/connect").splitlines()
    assert '{"type":"data","stream":"stdout","data":"got this\\n"}' in lines
    assert lines[-2:] == ['{"type":"exit","stage":"run","code":0,"signal":null}', "4999 Job Completed"]


def test_watch_as_events(server):
    done = subprocess.run(["bash", "-c", code(server, "sh", "/events")], capture_output=True, text=True, timeout=60)
    events = re.findall(r"^event: (\w+)", done.stdout, re.M)
    assert events == ["stage", "stdout", "stdout", "stdout", "finished"], done


@pytest.mark.parametrize("path", ["/api/v1/stream", "/api/v1/executions/{id}/events", "/api/v1/executions/{id}/stream", "/api/v2/connect"])
def test_every_path_is_told(path):
    assert path in TEXT
