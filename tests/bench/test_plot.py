# SPDX-License-Identifier: Apache-2.0
"""The bars of make bench."""
import xml.etree.ElementTree as ElementTree

import plot

SVG = "{http://www.w3.org/2000/svg}"


def drawn(title, groups):
    root = ElementTree.fromstring(plot.bars(title, groups))
    bars = [float(bar.get("width")) for bar in root.findall(SVG + "rect")[1:]]  # the first is the paper
    return root, bars, [text.text for text in root.findall(SVG + "text")]


def test_a_bar_for_each_subject_with_its_words():
    _, bars, words = drawn("One <job> & more", {"bash": {"bare": 1.0, "belljar": 2.0}, "c": {"bare": 4.0}})
    assert len(bars) == 3
    assert words[0] == "One <job> & more"
    assert {"bash", "c", "bare", "belljar", "1", "2", "4"} <= set(words)


def test_lengths_are_in_proportion():
    _, bars, words = drawn("t", {"a": {"x": 1.0, "y": 2.0, "z": 4.0}})
    assert abs(bars[2] / bars[0] - 4) < 0.01 and abs(bars[2] / bars[1] - 2) < 0.01
    assert "logarithm" not in words[0]


def test_figures_far_apart_are_drawn_by_the_logarithm_and_it_says_so():
    _, bars, words = drawn("t", {"a": {"x": 1.0, "y": 10.0, "z": 100.0}})
    assert bars[0] > 0 and abs((bars[1] - bars[0]) - (bars[2] - bars[1])) < 0.2
    assert "logarithm" in words[0]


def test_everything_lies_on_the_paper():
    root, bars, _ = drawn("t", {str(n): {f"who{n}": 10.0 ** n} for n in range(12)})
    _, _, width, height = map(float, root.get("viewBox").split())
    assert all(plot.LABEL + bar < width for bar in bars)
    assert all(float(bar.get("y")) + float(bar.get("height")) <= height for bar in root.findall(SVG + "rect")[1:])


def test_a_subject_has_one_colour():
    root, _, _ = drawn("t", {"a": {"bare": 1.0, "who": 2.0}, "b": {"bare": 2.0, "who": 3.0}})
    fills = [bar.get("fill") for bar in root.findall(SVG + "rect")[1:]]
    assert fills[0] == fills[2] and fills[1] == fills[3] and fills[0] != fills[1]
