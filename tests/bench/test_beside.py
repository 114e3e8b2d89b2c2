# SPDX-License-Identifier: Apache-2.0
"""make bench --beside, with figures that nobody measured."""
import json

import pytest

import beside

HERE = {"c": {"bare": {"rate": [900, 1000, 1100]}, "belljar": {"rate": [400, 500, 600]}},
        "bash": {"bare": {"rate": [100]}, "belljar": {"rate": [80]}}}


def test_each_machine_has_columns_of_its_own():
    there = {"c": {"bare": {"rate": [10]}, "belljar": {"rate": [4]}}}
    lines = beside.lines(HERE, [("v2", there)])
    assert "| program | here: bare | here: belljar | here: share | v2: bare | v2: belljar | v2: share |" in lines
    assert "| c | 1,000 | 500 | 0.50 | 10.00 | 4.00 | 0.40 |" in lines


def test_what_was_not_measured_there_is_left_empty():
    assert "| bash | 100 | 80.0 | 0.80 |  |  |  |" in beside.lines(HERE, [("v2", {})])


def test_the_file_is_one_that_json_wrote(tmp_path):
    file = tmp_path / "v2.json"
    file.write_text(json.dumps({"raw": {"load": HERE}}))
    assert beside.read(f"v2={file}") == ("v2", HERE)


@pytest.mark.parametrize("word, said", [("{}", "NAME=FILE"), ("={}", "NAME=FILE"), ("v2={}", "'load' was not measured")])
def test_what_cannot_be_read_is_refused(tmp_path, word, said):
    file = tmp_path / "v2.json"
    file.write_text(json.dumps({"raw": {"rest": {}}}))
    with pytest.raises(ValueError, match=said):
        beside.read(word.format(file))
