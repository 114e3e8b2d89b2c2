# SPDX-License-Identifier: Apache-2.0
"""belljar's own API: one compilation, several inputs."""
from support.native import create, encode, errors, run

DOUBLE = "#include <stdio.h>\nint main(void){long n;if(scanf(\"%ld\",&n)!=1)return 9;if(n==13)for(;;);printf(\"%ld\\n\",n*2);}"


def test_each_test_has_a_run_and_a_verdict(native):
    x = run(native, DOUBLE, "c", tests=[
        {"stdin": "1", "expected_output": "2\n"}, {"name": "wrong", "stdin": "2", "expected_output": "5"},
        {"name": "empty"}, {"name": "slow", "stdin": "13", "limits": {"cpu_ms": 100}}, {"stdin": "4", "expected_output": "8"}])
    assert [(one["name"], one["verdict"]) for one in x["tests"]] == [
        ("1", "ok"), ("wrong", "wrong_answer"), ("empty", "nonzero_exit"), ("slow", "time_limit"), ("5", "ok")]
    assert (x["verdict"], x["run"], x["compile"]["verdict"]) == ("wrong_answer", None, "ok")
    assert x["tests"][2]["exit_code"] == 9 and x["tests"][4]["stdout"] == "8\n" and x["reason"] == x["tests"][1]["reason"]


def test_all_that_pass_are_ok(native):
    x = run(native, "print(int(input()) + 1)", tests=[{"stdin": str(i), "expected_output": str(i + 1)} for i in range(10)])
    assert x["verdict"] == "ok" and [one["stdout"] for one in x["tests"]] == [f"{i + 1}\n" for i in range(10)]


def test_the_first_failure_may_end_it(native):
    tests = [{"stdin": "1", "expected_output": "1"}, {"stdin": "2", "expected_output": "1"}, {"stdin": "3"}]
    x = run(native, "print(input())", tests=tests, stop_on_first_failure=True)
    assert [one["verdict"] for one in x["tests"]] == ["ok", "wrong_answer"]
    assert x["verdict"] == "wrong_answer"


def test_a_program_that_does_not_compile_runs_no_test(native):
    x = run(native, "int main(", "c", tests=[{}, {}])
    assert (x["verdict"], x["tests"]) == ("compile_error", [])


def test_tests_see_nothing_of_each_other(native):
    source = "import os\nprint(os.path.exists('x'))\nopen('x', 'w').close()"
    assert [one["stdout"] for one in run(native, source, tests=[{}, {}])["tests"]] == ["False\n"] * 2


def test_inputs_may_be_binary(native):
    x = run(native, "import sys\nprint(sys.stdin.buffer.read())", stdin_encoding="base64", tests=[{"stdin": encode(b"\xff")}])
    assert x["tests"][0]["stdout"] == "b'\\xff'\n"


def test_limits_of_tests_are_checked(native):
    answer = create(native, {"language": "python", "source": "", "stdin": "x",
                             "tests": [{"stdn": ""}, {"limits": {"wall_ms": 0}}, 5]})
    assert set(errors(answer)) == {"tests[0].stdn", "tests[1].limits.wall_ms", "tests[2]", "stdin"}


def test_there_are_not_too_many(native):
    assert "tests" in errors(create(native, {"language": "python", "source": "", "tests": [{}] * 101}))
