# SPDX-License-Identifier: Apache-2.0
"""make bench --compare, with figures that nobody measured."""
import json

import pytest

import compare

OLD = {"ratios": {"hello/bash/belljar to bare": [2.0, "lower"], "load/bash/belljar per second to bare": [0.4, "higher"]}}


def changed(**ratios):
    return {"ratios": {**OLD["ratios"], **{{"slow": "hello/bash/belljar to bare", "rate": "load/bash/belljar per second to bare"}[key]: value
                                           for key, value in ratios.items()}}}


def test_the_same_passes():
    lines, passed = compare.compare(OLD, OLD)
    assert passed
    assert lines == ["compare: 2 ratios, 0 worse by more than 10%"]


@pytest.mark.parametrize("new, name", [(changed(slow=[2.21, "lower"]), "hello/bash"), (changed(rate=[0.36, "higher"]), "load/bash")])
def test_worse_by_more_than_a_tenth_fails_and_is_named(new, name):
    lines, passed = compare.compare(OLD, new)
    assert not passed
    assert [line for line in lines if "WORSE" in line and name in line] and len(lines) == 2


@pytest.mark.parametrize("new", [changed(slow=[2.19, "lower"]), changed(rate=[0.37, "higher"]), changed(slow=[0.1, "lower"], rate=[9.0, "higher"])])
def test_less_than_a_tenth_or_better_passes(new):
    assert compare.compare(OLD, new)[1]


def test_what_only_the_old_run_measured_is_said():
    lines, passed = compare.compare(OLD, {"ratios": {"hello/bash/belljar to bare": [2.0, "lower"]}})
    assert passed
    assert "compare: not measured this time: load/bash/belljar per second to bare" in lines


def test_nothing_in_common_fails():
    assert not compare.compare(OLD, {"ratios": {"another": [1.0, "lower"]}})[1]
    assert not compare.compare({}, OLD)[1]


def test_files_that_disagree_on_what_is_better_are_refused():
    with pytest.raises(ValueError, match="hello/bash"):
        compare.compare(OLD, changed(slow=[2.0, "higher"]))


def test_a_ratio_of_nothing_is_refused():
    with pytest.raises(ValueError, match="ratio is 0"):
        compare.compare(OLD, changed(slow=[0, "lower"]))


@pytest.mark.parametrize("slow, code", [(2.0, 0), (3.0, 1)])
def test_two_files_by_hand(tmp_path, capsys, slow, code):
    files = [tmp_path / "old.json", tmp_path / "new.json"]
    for file, figures in zip(files, (OLD, changed(slow=[slow, "lower"]))):
        file.write_text(json.dumps(figures))
    assert compare.main([str(file) for file in files]) == code
    assert ("WORSE by 50%" in capsys.readouterr().out) == bool(code)


def test_one_file_is_too_few(capsys):
    assert compare.main(["old.json"]) == 2
    assert "usage" in capsys.readouterr().err
