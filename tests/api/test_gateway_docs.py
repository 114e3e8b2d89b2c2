# SPDX-License-Identifier: Apache-2.0
"""docs/gateway.md: its commands work as they stand, and the answers that it shows have the shape of the real ones."""
import json
import re
import shutil
import subprocess

import pytest

from support.raw import ask
from support.server import ROOT, cannot
from support.websocket import WebSocket

TEXT = (ROOT / "docs/gateway.md").read_text()


def examples():
    """(command, answer as told)"""
    return [(command, json.loads(answer)) for command, answer in re.findall(r"```sh\n(.*?)```\n\n```json\n(.*?)```", TEXT, re.DOTALL)]


def shape(value):
    """Keys and types; of a list what all its items have in common with the first."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__ if isinstance(value, (str, bool)) or value is None else "number"


def run(server, command, ids):
    """As it stands, but for the port, and for the id that this server gave."""
    command = command.replace("127.0.0.1:3000", f"127.0.0.1:{server.port}")
    for told, real in ids.items():
        command = command.replace(told, real)
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def only_python(answer):
    return {"languages": [one for one in answer["languages"] if one["name"] == "python"]} if "languages" in answer else answer


@pytest.fixture(scope="module")
def pairs(server):
    if not shutil.which("curl"):
        cannot("curl is not installed")
    ids, found = {}, []
    for command, told in examples():
        real = run(server, command, ids)
        if "id" in told:
            ids[told["id"]] = real["id"]
        found.append((command, told, only_python(real)))
    return found


def test_there_are_examples():
    assert len(examples()) == 5


@pytest.mark.parametrize("number", range(len(examples())))
def test_answer_has_the_shape_that_is_told(pairs, number):
    command, told, real = pairs[number]
    assert shape(real) == shape(told), command


def test_wrong_request_is_answered_word_for_word(pairs):
    assert pairs[-1][1] == pairs[-1][2]


def test_socket_talks_as_told(server):
    """Each message of the page in its order, the ends of long ones left out."""
    lines = re.search(r"```text\n(.*?)```", TEXT, re.DOTALL).group(1).splitlines()
    with WebSocket(server, "/api/v1/stream") as socket:
        for line in lines:
            told = json.loads(line[2:].replace(", ...}", "}"))
            if line.startswith(">"):
                socket.send_json(told)
                continue
            real = socket.receive_json()
            assert {key: real[key] for key in told} == {**told, **{key: real[key] for key in ("id", "version") if key in told}}


def test_paths_that_the_page_names_are_routes(server):
    document = ask(server, "GET", "/openapi.json").json()
    named = {(method.replace("WS", "GET").lower(), path.partition("?")[0])
             for method, path in re.findall(r"`(GET|POST|DELETE|WS) (/[^ `]*)`", TEXT)}
    assert len(named) > 10
    assert [one for one in named if one[0] not in document["paths"].get(one[1], {})] == []
