# SPDX-License-Identifier: Apache-2.0
"""docs/api.md is right: its tables are those of request.def, its answers those of a server."""
import json

import pytest

from support import api_docs
from support.server import Server

PAGE = api_docs.PAGE.read_text()


def test_tables_are_those_of_the_server():
    assert api_docs.with_tables(PAGE) == PAGE, "run make docs"


def test_examples_are_what_a_server_answers():
    server, known, wrong = Server(), {}, []
    try:
        for command, told in api_docs.examples(PAGE):
            real = api_docs.answer(server, command, known)
            wrong += [f"{command.splitlines()[0]}: {one}" for one in api_docs.differences(json.loads(told), real)]
    finally:
        server.stop()
    assert wrong == [], "run make docs"


@pytest.mark.parametrize("told, real, count", [({"id": "a"}, {"id": "b"}, 0), ({"status": "a"}, {"status": "b"}, 1),
                                               ({"a": 1}, {"b": 1}, 1), ([1], [1, 2], 1), ({"cpu_ms": 1.5}, {"cpu_ms": "x"}, 1)])
def test_differences_are_seen(told, real, count):
    assert len(api_docs.differences(told, real)) == count
