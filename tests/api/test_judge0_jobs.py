# SPDX-License-Identifier: Apache-2.0
"""Judge0's API, section 12 of its contract: what a job does."""
import re
import subprocess
import time

import pytest

from support.judge0 import BASH, C, EXECUTABLE, MULTI, PLAIN, archive, encode, run
from support.raw import ask, wait_until
from support.server import cannot


def multi(server, files, **attributes):
    return run(server, None, MULTI, additional_files=archive(files), **attributes)


# --- its start --------------------------------------------------------------------------------------------------------


def warm_claims(server):
    text = ask(server, "GET", "/metrics").body.decode()
    found = re.search(r'^belljar_spare_boxes_claimed_total\{kind="warm"\} (\d+)', text, re.M)
    return int(found.group(1)) if found else 0


def test_an_interpreter_that_was_started_ahead_answers_the_same(start_with):
    """Its standard files are there before what is read from them."""
    server = start_with("", "--pool-idle-ms", "60000")
    numbers = iter(range(1000))
    source = "import os, sys\nprint(os.fstat(0).st_size, input()[::-1], os.environ['JUDGE0_VERSION'] > '')\nprint('e', file=sys.stderr)"

    def is_warm():
        before, number = warm_claims(server), next(numbers)
        shown = run(server, source, stdin=f"abc{number:03}\n")
        assert (shown["stdout"], shown["stderr"]) == ("7 " + f"abc{number:03}"[::-1] + " True\n", "e\n")
        return warm_claims(server) == before + 1
    assert wait_until(is_warm, 60), "none was started ahead"


# --- files ------------------------------------------------------------------------------------------------------------


def test_the_source_has_its_name(judge0):
    """1. `source_file` written to /box (not for 89); cwd /box (rw) holding source, build products, extracted files"""
    shown = run(judge0, "import os, sys; print(os.getcwd(), sys.argv[0], sorted(os.listdir()))")
    assert shown["stdout"] == "/box script.py ['script.py']\n"


def test_files_never_overwrite_the_source(judge0):
    """2. `unzip -n -qq` inside the sandbox (**never overwrites** the source file; paths kept)"""
    shown = run(judge0, "print('source', open('a/b.txt').read())",
                additional_files=archive({"script.py": "print('zip')", "a/b.txt": "kept"}))
    assert shown["stdout"] == "source kept\n"


def test_the_archive_itself_is_gone(judge0):
    """Errors ignored; zip deleted."""
    shown = run(judge0, "import os; print(sorted(os.listdir()))", additional_files=archive({"x": "y"}))
    assert shown["stdout"] == "['script.py', 'x']\n"


def test_a_broken_archive_leaves_nothing(judge0):
    """A broken zip just leaves nothing."""
    shown = run(judge0, "import os; print(os.listdir())", additional_files=encode("nonsense"))
    assert (shown["status"]["id"], shown["stdout"]) == (3, "['script.py']\n")


def test_what_an_archive_holds_is_bounded(start_with):
    """MAX_EXTRACT_SIZE KB **per file** (docs claim total). (the issue: total size and count bounded)"""
    source = "import os; print(sum(os.path.getsize(os.path.join(d, f)) for d, _, fs in os.walk('.') for f in fs))"
    server = start_with("MAX_EXTRACT_SIZE=100\n")
    shown = run(server, source, additional_files=archive({f"{n}.bin": b"\0" * 60000 for n in range(5)}))
    assert shown["status"]["id"] == 3
    assert int(shown["stdout"]) <= 100 * 1024 + len(source)
    source = "import os; print(len(os.listdir()))"
    server = start_with("", "--judge0-max-extract-files", "10")
    assert int(run(server, source, additional_files=archive({f"{n}": "" for n in range(50)}))["stdout"]) <= 11


def test_names_that_leave_the_box_do_not(judge0):
    """paths kept"""
    shown = run(judge0, "import os; print(os.path.exists('/tmp/out'), os.path.exists('/out'))",
                additional_files=archive({"../tmp/out": "x", "/tmp/out": "x", "../../out": "x"}))
    assert shown["stdout"] == "False False\n"


# --- compiling --------------------------------------------------------------------------------------------------------


def test_warnings_of_the_compiler_are_kept(judge0):
    """stdout+stderr merged into compile_output (kept also on success: warnings; null if empty)"""
    shown = run(judge0, '#warning careful\n#include <stdio.h>\nint main(void) { puts("x"); return 0; }', C)
    assert shown["status"]["id"] == 3
    assert "careful" in shown["compile_output"]
    assert shown["stdout"] == "x\n"


def test_what_does_not_compile_has_nothing_else(judge0):
    """Exit != 0 or killed -> status 6, everything else null (time, wall_time, memory, stdout, stderr, exit_code, exit_signal,
    message)"""
    shown = run(judge0, "int main(void) { return x; }", C)
    assert shown["status"] == {"id": 6, "description": "Compilation Error"}
    assert "main.c" in shown["compile_output"] and "x" in shown["compile_output"]
    for name in ("time", "wall_time", "memory", "stdout", "stderr", "exit_code", "exit_signal", "message"):
        assert shown[name] is None, name
    assert shown["finished_at"]


def test_a_compiler_has_a_time(start_with):
    """on timeout compile_output = `Compilation time limit exceeded.` (replaces the output)"""
    server = start_with("MAX_WALL_TIME_LIMIT=1\nWALL_TIME_LIMIT=1\n")
    shown = multi(server, {"compile": "echo begun; sleep 30", "run": "echo never"})
    assert (shown["status"]["id"], shown["compile_output"]) == (6, "Compilation time limit exceeded.")


def test_compiler_options_are_words(judge0):
    """`%s` replaced by compiler_options ... (the issue) `compiler_options`, `command_line_arguments` are split and passed as an
    argument vector, never through a shell"""
    source = '#include <stdio.h>\nint main(void) { puts(X); return 0; }'
    assert run(judge0, source, C, compiler_options="'-DX=\"a b\"' -O1")["stdout"] == "a b\n"
    shown = run(judge0, source, C, compiler_options="'-DX=\"y\"'; exit 0")
    assert shown["status"]["id"] == 6, "the compiler was asked for files of these names"


def test_arguments_are_words(judge0):
    """4. Run: script = run_cmd + " " + command_line_arguments (quotes work); never through a shell here"""
    source = "import sys; print(sys.argv[1:])"
    assert run(judge0, source, command_line_arguments="a 'b c' \"d e\" f\\ g")["stdout"] == "['a', 'b c', 'd e', 'f g']\n"
    shown = run(judge0, source, command_line_arguments="1; echo x | cat & $(id) `id`\necho second")
    assert "uid=" not in shown["stdout"] and shown["stdout"].count("\n") == 1
    assert "echo" in shown["stdout"]


# --- 43, 44, 89 -------------------------------------------------------------------------------------------------------


def test_plain_text_is_printed(judge0):
    """Id ... 43 plain text"""
    shown = run(judge0, "just\ntext", PLAIN, expected_output="just\ntext\n")
    assert (shown["stdout"], shown["status"]["id"]) == ("just\ntext", 3)


def test_executables_run(judge0, tmp_path):
    """44 executable"""
    (tmp_path / "x.c").write_text('#include <stdio.h>\nint main(int c, char **v) { printf("%s %d", c > 1 ? v[1] : "-", getchar()); }')
    if subprocess.run(["gcc", "-o", tmp_path / "x", tmp_path / "x.c"], check=False).returncode != 0:
        cannot("there is no gcc")
    shown = run(judge0, encode((tmp_path / "x").read_bytes()), EXECUTABLE, base64_encoded="true", stdin=encode("A"),
                command_line_arguments="arg")
    assert (shown["status"]["id"], shown["stdout"]) == (3, encode("arg 65"))


def test_what_is_not_executable_says_so(judge0):
    """XX -> 13 (14 if message looks like `execve(...): Exec format error`)"""
    shown = run(judge0, "\x7fELF nonsense", EXECUTABLE)
    assert shown["status"] == {"id": 14, "description": "Exec Format Error"}


@pytest.mark.parametrize("compile_name, run_name", [("compile", "run"), ("compile.sh", "run.sh"), ("compile", "run.sh")])
def test_several_files_have_scripts(judge0, compile_name, run_name):
    """3. Compile if ... (89) a file `compile` (master: `compile.sh` first) exists. 4. For 89 the archive's `run`. Recommendation:
    accept both script name pairs"""
    shown = multi(judge0, {compile_name: "gcc -o main src/main.c", run_name: "./main one",
                           "src/main.c": '#include <stdio.h>\nint main(int c, char **v) { puts(v[1]); return 0; }'}, stdin="x")
    assert (shown["status"]["id"], shown["stdout"]) == (3, "one\n")
    assert (shown["source_code"], shown["language"]["id"]) == (None, 89)


def test_several_files_need_no_compile_script(judge0):
    shown = multi(judge0, {"run": "cat; echo done", "compile.txt": "no"}, stdin="in ", expected_output="in done")
    assert (shown["stdout"], shown["status"]["id"]) == ("in done\n", 3)


def test_a_compile_script_can_fail(judge0):
    shown = multi(judge0, {"compile": "echo out; echo err >&2; exit 4", "run": "echo never"})
    assert (shown["status"]["id"], shown["compile_output"], shown["stdout"]) == (6, "out\nerr\n", None)


def test_a_missing_run_script(judge0):
    """5. Missing script for 89: stderr `/bin/bash: run: No such file or directory\\n`, exit 127, NZEC."""
    shown = multi(judge0, {"x": "y"})
    assert (shown["status"]["id"], shown["exit_code"]) == (11, 127)
    assert "run: No such file or directory" in shown["stderr"]


# --- environment ------------------------------------------------------------------------------------------------------


def test_programs_know_whose_they_are(judge0):
    """Environment inside: HOME=/tmp, PATH=..., JUDGE0_HOMEPAGE, JUDGE0_SOURCE_CODE, JUDGE0_MAINTAINER, JUDGE0_VERSION"""
    shown = run(judge0, "import os\nfor n in sorted(os.environ): print(n, os.environ[n])")
    variables = dict(line.split(" ", 1) for line in shown["stdout"].splitlines())
    assert variables["JUDGE0_VERSION"] == "1.13.1"
    assert {"JUDGE0_HOMEPAGE", "JUDGE0_SOURCE_CODE", "JUDGE0_MAINTAINER", "PATH", "HOME", "LANG"} <= set(variables)
    assert "UTF-8" in variables["LANG"].upper()


def test_there_is_no_network(judge0):
    """No network unless enable_network"""
    shown = run(judge0, "import socket; socket.create_connection(('192.0.2.1', 80), 2)")
    assert shown["status"]["id"] == 11
    assert "unreachable" in shown["stderr"]


def test_stderr_can_be_merged(judge0):
    """redirect_stderr_to_stdout"""
    source = "echo out; echo err >&2; echo more"
    shown = run(judge0, source, BASH, redirect_stderr_to_stdout=True)
    assert (shown["stdout"], shown["stderr"]) == ("out\nerr\nmore\n", None)
    shown = run(judge0, source, BASH)
    assert (shown["stdout"], shown["stderr"]) == ("out\nmore\n", "err\n")


# --- verdicts ---------------------------------------------------------------------------------------------------------

SIGNALS = [
    ("*(volatile int *)0 = 1;", 7, "Runtime Error (SIGSEGV)", 11),
    ("volatile int zero = 0; return 10 / zero;", 9, "Runtime Error (SIGFPE)", 8),
    ("int a = 10, b = 0; int c = a / b;", 9, "Runtime Error (SIGFPE)", 8),  # with -O2 nothing would happen
    ("abort();", 10, "Runtime Error (SIGABRT)", 6),
    ("raise(SIGTERM);", 12, "Runtime Error (Other)", 15),
    ("raise(SIGXFSZ);", 8, "Runtime Error (SIGXFSZ)", 25),
]


def c(body):
    return "#include <signal.h>\n#include <stdio.h>\n#include <stdlib.h>\nint main(void) { setbuf(stdout, 0); puts(\"begun\"); " + body + " }"


@pytest.mark.parametrize("body, status, description, signal", SIGNALS)
def test_signals_are_told_as_they_were(judge0, body, status, description, signal):
    """SG -> by signal 11->7, 25->8, 8->9, 6->10, else 12. 15.3: true signal verdicts 7-10 and 12. exit_code ... **0 (not null) when
    killed by TO or a signal**. exit_signal: null except SG. message: `Caught fatal signal N`"""
    shown = run(judge0, c(body), C)
    assert shown["status"] == {"id": status, "description": description}
    assert (shown["exit_signal"], shown["exit_code"], shown["message"]) == (signal, 0, f"Caught fatal signal {signal}")
    assert shown["stdout"] == "begun\n"


@pytest.mark.parametrize("body, status, description, signal", SIGNALS[:3])
def test_signals_can_be_told_as_a_shell_does(start_with, body, status, description, signal):
    """15.3 with `compat.shell_status` for the NZEC/139 form: real segfaults are status 11 with exit_code 139, message `Exited with
    error status 139`"""
    shown = run(start_with("", "--shell-status"), c(body), C)
    assert shown["status"]["id"] == 11
    assert (shown["exit_signal"], shown["exit_code"], shown["message"]) == (None, 128 + signal, f"Exited with error status {128 + signal}")


def test_an_exit_status_is_told(judge0):
    """RE -> 11; message: `Exited with error status N`"""
    shown = run(judge0, "print('before'); exit(42)", expected_output="other")
    assert shown["status"] == {"id": 11, "description": "Runtime Error (NZEC)"}
    assert (shown["exit_code"], shown["exit_signal"], shown["message"], shown["stdout"]) == (
        42, None, "Exited with error status 42", "before\n")


def test_success_has_no_message(judge0):
    shown = run(judge0, "print(1)")
    assert (shown["exit_code"], shown["exit_signal"], shown["message"]) == (0, None, None)
    assert 0 < float(shown["time"]) <= float(shown["wall_time"]) + 0.05
    assert shown["memory"] > 500


# --- limits -----------------------------------------------------------------------------------------------------------


def test_cpu_time_is_limited(judge0):
    """TO -> 5; kill when cpu > max(limit, extra); message: `Time limit exceeded`; exit_code 0"""
    shown = run(judge0, "while True: pass", cpu_time_limit=0.3, cpu_extra_time=0)
    assert shown["status"] == {"id": 5, "description": "Time Limit Exceeded"}
    assert (shown["message"], shown["exit_code"]) == ("Time limit exceeded", 0)
    assert float(shown["time"]) >= 0.3


def test_extra_time_is_no_sum(judge0):
    """**cpu_extra_time is compared as an absolute time, not added**: kill when cpu > max(limit, extra)"""
    shown = run(judge0, "while True: pass", cpu_time_limit=0.2, cpu_extra_time=0.6)
    assert shown["status"]["id"] == 5
    assert 0.5 < float(shown["time"]) < 0.8
    shown = run(judge0, "import time\nwhile time.process_time() < 0.4: pass", cpu_time_limit=0.2, cpu_extra_time=2)
    assert (shown["status"]["id"], shown["exit_code"]) == (5, 0)


def test_wall_time_is_limited(judge0):
    """message: `Time limit exceeded (wall clock)`"""
    shown = run(judge0, "import time; print('begun', flush=True); time.sleep(30)", wall_time_limit=1)
    assert shown["status"]["id"] == 5
    assert (shown["message"], shown["stdout"]) == ("Time limit exceeded (wall clock)", "begun\n")
    assert 1 <= float(shown["wall_time"]) < 3


def test_no_cpu_limit_at_all(judge0):
    """cpu_time_limit 0 = no CPU limit."""
    assert run(judge0, "sum(range(1000000)); print(1)", cpu_time_limit=0, cpu_extra_time=0)["status"]["id"] == 3


HUNGRY = "x = []\nwhile True: x.append(bytearray(1 << 20))"


def test_memory_is_limited(judge0):
    """15: an unset memory verdict stays status 12 with `message` saying `Memory limit exceeded`"""
    shown = run(judge0, HUNGRY, memory_limit=40000)
    assert shown["status"] == {"id": 12, "description": "Runtime Error (Other)"}
    assert (shown["message"], shown["exit_signal"]) == ("Memory limit exceeded", 9)


def test_memory_can_have_a_status_of_its_own(start_with):
    """no status id above 14 ... unless configured"""
    server = start_with("", "--judge0-memory-status", "15")
    assert run(server, HUNGRY, memory_limit=40000)["status"] == {"id": 15, "description": "Memory Limit Exceeded"}


RESOURCE = "import resource; print(resource.getrlimit(resource.{}))"


def test_memory_of_a_process_can_be_limited(judge0):
    """per-process flag -> RLIMIT_AS"""
    shown = run(judge0, RESOURCE.format("RLIMIT_AS"), enable_per_process_and_thread_memory_limit=True, memory_limit=100000)
    assert shown["stdout"] == f"({100000 * 1024}, {100000 * 1024})\n"


def test_stack_is_limited(judge0):
    """-k stack (RLIMIT_STACK ...)"""
    assert run(judge0, RESOURCE.format("RLIMIT_STACK"))["stdout"] == f"({64000 * 1024}, {64000 * 1024})\n"
    deep = "int f(int n) { volatile char x[1024]; x[0] = (char)n; return n ? f(n - 1) + x[0] : 0; } int main(void) { return f(3000) & 0; }"
    assert run(judge0, deep, C)["status"]["id"] == 3
    assert run(judge0, deep, C, stack_limit=1000)["status"]["id"] == 7


def test_processes_are_limited(judge0):
    """-p processes"""
    source = ("import os, time\nn = 0\ntry:\n    while n < 50:\n        if os.fork() == 0: time.sleep(1); os._exit(0)\n        n += 1\n"
              "except BlockingIOError: pass\nprint(n)")
    assert int(run(judge0, source, max_processes_and_or_threads=5)["stdout"]) <= 5
    assert int(run(judge0, source)["stdout"]) == 50


def test_file_size_limits_stdout_too(judge0):
    """-f file size (RLIMIT_FSIZE; **also caps stdout/stderr**). (the issue: so that signal 25, EFBIG and each language's own
    reaction are true)"""
    shown = run(judge0, c("for (int i = 0; i < 5000; i++) puts(\"xxxxxxxx\"); return 0;"), C, max_file_size=2)
    assert shown["status"] == {"id": 8, "description": "Runtime Error (SIGXFSZ)"}
    assert shown["exit_signal"] == 25
    assert len(shown["stdout"]) == 2048
    shown = run(judge0, "print('x' * 5000)", max_file_size=2)
    assert shown["status"]["id"] == 11
    assert "File too large" in shown["stderr"]
    shown = run(judge0, "for i in range(200000): print('x')", expected_output="x\n" * 200000)
    assert (shown["status"]["id"], len(shown["stdout"])) == (3, 400000)


def test_file_size_limits_files(judge0):
    shown = run(judge0, c('FILE *f = fopen("f", "w"); for (int i = 0; i < 5000; i++) fputs("xxxxxxxx", f); fclose(f); return 0;'), C,
                max_file_size=4)
    assert shown["status"]["id"] == 8


def test_nothing_may_be_written(judge0):
    """0 = nothing writable"""
    shown = run(judge0, c("return 0;"), C, max_file_size=0)
    assert (shown["status"]["id"], shown["stdout"]) == (8, None)
    assert run(judge0, "pass", max_file_size=0)["status"]["id"] == 3


# --- comparison -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("printed, expected, equal", [
    ("a\nb\n", "a\nb", True), ("a\nb", "a\nb\n\n\n", True), ("a \t\nb\r\n\v\f", "a\nb", True), ("a\0\nb\0", "a\nb", True),
    ("a\n\n\n", "a", True), (" a", "a", False), ("\na", "a", False), ("a\n\nb", "a\nb", False), ("a\nb", "a\n\nb", False),
    ("a b", "a  b", False), ("A", "a", False), ("a\u00a0", "a", False), ("a", "a\u2028", False), ("x", "", False), ("\n", "", True),
    ("\n", "\n", True), (" \n", "\n\n", True)])
def test_outputs_are_compared_by_line(judge0, printed, expected, equal):
    """Comparison: split both at "\\n", strip trailing ASCII whitespace and NUL of each line, drop trailing empty lines; then byte
    equality. Leading blanks, leading empty lines and inner empty lines count; no Unicode whitespace."""
    shown = run(judge0, encode(printed), PLAIN, base64_encoded="true", expected_output=encode(expected)) if printed.strip() else run(
        judge0, encode(f"import sys; sys.stdout.write({printed!r})"), base64_encoded="true", expected_output=encode(expected))
    assert shown["status"]["id"] == (3 if equal else 4)


@pytest.mark.parametrize("expected", ["", "\n", "x"])
def test_no_output_equals_nothing(judge0, expected):
    """**Empty stdout is null and never equals anything: expected "" or "\\n" against no output = Wrong Answer**"""
    shown = run(judge0, "pass", expected_output=expected)
    assert shown["status"] == {"id": 4, "description": "Wrong Answer"}
    assert shown["stdout"] is None


def test_without_expectation_all_is_accepted(judge0):
    """expected_output null -> 3"""
    assert run(judge0, "pass")["status"]["id"] == 3


# --- several runs -----------------------------------------------------------------------------------------------------


def test_several_runs_compile_once(judge0):
    """15: number_of_runs compiles once"""
    start = time.monotonic()
    shown = multi(judge0, {"compile": "sleep 1; date +%s%N > made", "run": "cat made; ls; echo x >> left"}, number_of_runs=5)
    assert shown["status"]["id"] == 3
    assert "left" not in shown["stdout"], "each run has a box of its own"
    assert time.monotonic() - start < 4.5


def test_several_runs_have_a_mean(judge0):
    """time = mean, memory = truncated mean; wall_time, stdout and the rest are the last run's."""
    shown = run(judge0, "import time\nwhile time.process_time() < 0.2: pass\nprint(1)", number_of_runs=3)
    assert (shown["stdout"], shown["number_of_runs"]) == ("1\n", 3)
    assert 0.18 < float(shown["time"]) < 0.5


def test_runs_stop_at_the_first_that_fails(judge0):
    """runs stop at the first non-Accepted one"""
    start = time.monotonic()
    shown = run(judge0, "import time; time.sleep(0.5); exit(1)", number_of_runs=20)
    assert shown["status"]["id"] == 11
    assert time.monotonic() - start < 5


def test_every_run_reads_its_stdin(judge0):
    shown = run(judge0, "print(input())", number_of_runs=4, stdin="again", expected_output="again")
    assert shown["status"]["id"] == 3
