# SPDX-License-Identifier: Apache-2.0
"""belljar's own API: files brought back."""
import pytest

from support.native import create, encode, errors, run


def files_of(x):
    return {one["path"]: (one["content"], one["encoding"], one["size"]) for one in x["artifacts"]}


def test_files_come_back_as_text_or_base64(native):
    source = ("import os\nos.mkdir('out')\nopen('out/a.csv','w').write('ä,1')\nopen('out/b.csv','w').write('')\n"
              "open('out/c.txt','w').write('no')\nopen('plot.png','wb').write(b'\\x89PNG\\xff')")
    x = run(native, source, artifacts=["plot.png", "out/*.csv", "missing"])
    assert files_of(x) == {"out/a.csv": ("ä,1", "utf8", 4), "out/b.csv": ("", "utf8", 0),
                           "plot.png": (encode(b"\x89PNG\xff"), "base64", 5)}
    assert x["artifacts_truncated"] is False


def test_a_failed_program_leaves_its_files_too(native):
    x = run(native, "open('log','w').write('why')\nexit(1)", artifacts=["log"])
    assert x["verdict"] == "nonzero_exit" and files_of(x) == {"log": ("why", "utf8", 3)}


def test_links_do_not_lead_out(native):
    x = run(native, "import os\nos.symlink('/etc/passwd','p')\nos.symlink('/etc','d')", artifacts=["p", "d/passwd", "d/*"])
    assert x["artifacts"] == []


def test_what_is_too_large_is_left_out_and_told(start):
    server = start("--native-max-artifact-bytes", "1000")
    x = run(server, "open('a','w').write('x'*600)\nopen('b','w').write('y'*600)", artifacts=["a", "b"])
    assert x["artifacts_truncated"] is True and sum(one["size"] for one in x["artifacts"]) <= 1000


def test_tests_have_their_own(native):
    x = run(native, "open('o','w').write(input())", artifacts=["o"], tests=[{"stdin": "1\n"}, {"stdin": "2\n"}])
    assert [[one["content"] for one in test["artifacts"]] for test in x["tests"]] == [["1"], ["2"]]


def test_patterns_stay_below(native):
    wrong = ["../x", "", "a/", "/tmp/x"]
    found = errors(create(native, {"language": "python", "source": "", "artifacts": wrong}))
    assert set(found) == {f"artifacts[{i}]" for i in range(len(wrong))}
    assert "below the working directory" in found["artifacts[3]"]


@pytest.mark.parametrize("written", ["./d/o", "d//o", "d/./o", "x/../d/o"])
def test_patterns_may_be_written_as_paths_are(native, written):
    x = run(native, "import os\nos.mkdir('d')\nopen('d/o','w').write('1')", artifacts=[written])
    assert x["verdict"] == "ok" and files_of(x) == {"d/o": ("1", "utf8", 1)}
