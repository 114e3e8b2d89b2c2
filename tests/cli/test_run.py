# SPDX-License-Identifier: Apache-2.0
"""`belljar run` and `belljar runtimes`, end to end: real programs in real boxes."""
import hashlib
import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import time

import pytest

from support.cli import BELLJAR, belljar, environment, needs_boxes
from support.fake_piston import FakePiston, stage
from support.server import Server, cannot, cgroup_leaves, descendants

PATIENCE = 30


@pytest.fixture(scope="session", autouse=True)
def boxes():
    needs_boxes()


@pytest.fixture
def program(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path
    return write


def start(*words, **more):
    return subprocess.Popen([BELLJAR, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=environment(), **more)


def read_until(stream, wanted):
    text, end = b"", time.monotonic() + PATIENCE
    while wanted not in text:
        assert time.monotonic() < end, text
        if select.select([stream], [], [], 1)[0]:
            text += os.read(stream.fileno() if hasattr(stream, "fileno") else stream, 4096)
    return text


# --- what passes through ---------------------------------------------------------------------------------------------

def test_both_streams_and_the_exit_status_pass(program):
    done = belljar("run", program("a.py", "import sys\nprint('out')\nprint('err', file=sys.stderr)\nsys.exit(7)"))
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\n", "err\n")


def test_words_behind_the_file_are_the_programs(program):
    path = program("a.py", "import sys\nprint(sys.argv[1:])")
    done = belljar("run", "--time", "10s", path, "--json", "-l", "x", "--", "two words", "")
    assert done.stdout == "['--json', '-l', 'x', '--', 'two words', '']\n"


def test_stdin_from_a_pipe_a_file_and_nothing(program):
    path = program("a.py", "import sys\nprint(repr(sys.stdin.read()))")
    assert belljar("run", path, input="a\nb").stdout == "'a\\nb'\n"
    assert belljar("run", path, input="").stdout == "''\n"
    with open(path) as file:
        assert belljar("run", path, input=file).stdout == repr(path.read_text()) + "\n"
    with open("/dev/null") as nothing:
        assert belljar("run", path, input=nothing).stdout == "''\n"


def test_closed_stdin_is_an_eof(program):
    path = program("a.py", "import sys\nprint(repr(sys.stdin.read()))")
    done = subprocess.run(["sh", "-c", f"exec {BELLJAR} run {path} <&-"], env=environment(), capture_output=True, text=True)
    assert done.stdout == "''\n"


def test_closed_stdout_is_nobodys_file(program):
    path = program("a.py", "import sys\nprint('x' * 100)\nprint(sys.stdin.read(), file=sys.stderr)")
    done = subprocess.run(["sh", "-c", f"exec {BELLJAR} run {path} >&- <&-"], env=environment(), capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"\n")


def test_large_stdin_arrives_whole(program):
    path = program("a.py", "import hashlib, sys\nprint(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())")
    data = os.urandom(8 << 20)
    done = belljar("run", "--time", "30s", path, input=data, text=False)
    assert done.stdout.decode().strip() == hashlib.sha256(data).hexdigest()


def test_input_that_nobody_reads_does_not_pile_up(program):
    path = program("a.py", "import time\ntime.sleep(1.5)\nprint('done')")
    script = f"yes | ( {BELLJAR} run {path} & P=$!; sleep 1; grep VmRSS /proc/$P/status; wait $P )"
    done = subprocess.run(["bash", "-c", script], env=environment(), capture_output=True, text=True)
    assert "done" in done.stdout
    assert int(re.search(r"VmRSS:\s+(\d+) kB", done.stdout).group(1)) < 64 * 1024


def test_input_and_output_flow_while_it_runs(program):
    path = program("a.py", "for line in iter(input, 'end'):\n    print('got', line, flush=True)")
    process = start("run", "--time", "30s", path, stdin=subprocess.PIPE)
    for word in (b"one", b"two"):
        process.stdin.write(word + b"\n")
        process.stdin.flush()
        assert read_until(process.stdout, b"got " + word + b"\n")
    process.communicate(b"end\n")
    assert process.returncode == 0


def test_a_terminal_gives_lines_and_eof(program):
    path = program("a.py", "import sys\nfor line in sys.stdin:\n    print('got', line.strip(), flush=True)\nprint('eof')")
    master, slave = pty.openpty()
    process = subprocess.Popen([BELLJAR, "run", "--time", "30s", str(path)], stdin=slave, stdout=slave, stderr=slave,
                               env=environment(), close_fds=True)
    os.close(slave)
    os.write(master, b"hello\n")
    read_until(master, b"got hello")
    os.write(master, b"\x04")
    read_until(master, b"eof")
    assert process.wait(PATIENCE) == 0
    os.close(master)


def test_output_is_not_changed(program):
    path = program("a.py", "import sys\nsys.stdout.buffer.write(bytes(range(256)))")
    assert belljar("run", path, text=False).stdout == bytes(range(256))


def test_slow_reader_slows_the_program_and_loses_nothing(program):
    path = program("a.py", "for i in range(300000): print(i)")
    process = start("run", "--output", "64M", "--time", "60s", path, stdin=subprocess.DEVNULL)
    time.sleep(0.5)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, b"")
    assert out.decode().split() == [str(i) for i in range(300000)]


def test_reader_that_leaves_ends_the_program(program):
    path = program("a.py", "while True: print('y' * 100)")
    process = start("run", "--output", "1G", "--time", "60s", "--cpu-time", "60s", path, stdin=subprocess.DEVNULL)
    read_until(process.stdout, b"y\n")
    process.stdout.close()
    assert process.wait(PATIENCE) == 128 + signal.SIGPIPE
    assert process.stderr.read() == b""


# --- what ends it ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("flags, source, status, line", [
    (["--time", "300ms"], "import time\ntime.sleep(30)", 124,
     "belljar run: the program: wall_time_limit: .*300 ms.* \\(--time raises it\\)"),
    (["--cpu-time", "300ms", "--time", "20s"], "while True: pass", 124,
     "belljar run: the program: time_limit: .*300 ms.* \\(--cpu-time raises it\\)"),
    (["--memory", "64M", "--time", "20s"], "x = bytearray(10**9)\nprint(len(x))", 137,
     "belljar run: the program: memory_limit: .*64 MiB.* \\(--memory raises it\\)"),
    (["--output", "1000", "--time", "20s"], "print('x' * 2000)", 153,
     "belljar run: the program: output_limit: .*1000 bytes on stdout.* \\(--output raises it\\)"),
    ([], "import os\nos.kill(os.getpid(), 11)", 139, "belljar run: the program was ended by signal 11 \\(SIGSEGV\\)"),
])
def test_a_limit_is_named_and_has_its_status(program, flags, source, status, line):
    done = belljar("run", *flags, program("a.py", source))
    if status == 137 and done.returncode != 137:
        cannot("this host has no memory limit by cgroup")
    assert done.returncode == status
    assert re.fullmatch(line + "\n", done.stderr)


def test_time_raises_the_cpu_time_too(program):
    path = program("a.py", "import time\nend = time.process_time() + 0.6\nwhile time.process_time() < end: pass\nprint('done')")
    assert belljar("run", "--cpu-time", "200ms", "--time", "20s", path).returncode == 124
    assert belljar("run", "--time", "20s", path, env={"BELLJAR_LIMITS_RUN_CPU_MS": "200"}).stdout == "done\n"


def facts_of(pid):
    """The processes below, and the number of the instance as their cgroups tell it (None: there are none)."""
    found = descendants(pid)
    text = "".join(pathlib.Path(f"/proc/{one}/cgroup").read_text() for one in found)
    number = re.search(r"/belljar-(\d+)/", text)
    return found, number and number.group(1)


@pytest.mark.parametrize("signo", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_and_leaves_nothing(program, signo):
    path = program("a.py", "import time\nprint('up', flush=True)\ntime.sleep(60)")
    process = start("run", "--time", "60s", path, stdin=subprocess.DEVNULL)
    read_until(process.stdout, b"up\n")
    processes, instance = facts_of(process.pid)
    assert len(processes) >= 4  # belljar, boxd, init, python3
    process.send_signal(signo)
    assert process.wait(PATIENCE) == 128 + signo
    assert process.stderr.read() == b"belljar run: cancelled\n"
    assert not [pid for pid in processes if os.path.exists(f"/proc/{pid}")]
    if instance:
        assert cgroup_leaves(instance) == set()


def test_a_program_that_does_not_compile(program):
    done = belljar("run", "--compile-time", "30s", program("a.c", "int main(void) { return x; }"))
    assert done.returncode == 126
    assert "error: " in done.stderr and done.stdout == ""
    assert done.stderr.endswith("belljar run: the program did not compile\n")


def test_messages_of_the_compiler_go_to_stderr(program):
    path = program("a.c", "#include <stdio.h>\n#warning look here\nint main(void) { puts(\"ran\"); return 0; }")
    done = belljar("run", "--compile-time", "30s", path)
    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert "look here" in done.stderr


def test_a_version_that_is_not_there(program):
    done = belljar("run", "-l", "python=0.1.x", program("a.py", ""))
    assert done.returncode == 125
    assert done.stderr == "belljar run: this machine has no 'python' of version 0.1.x; 'belljar runtimes' lists what it has\n"


# --- files, language, environment ------------------------------------------------------------------------------------

def test_several_files_keep_their_place_below_the_main_one(program, tmp_path):
    main = program("src/main.py", "from lib import util\nimport other\nprint(util.NAME, other.NAME)")
    program("src/lib/util.py", "NAME = 'util'")
    program("src/lib/__init__.py", "")
    other = program("elsewhere/other.py", "NAME = 'other'")
    done = belljar("run", "-f", "src/lib/util.py", "--file=src/lib/__init__.py", "-f", other, "src/main.py", cwd=tmp_path)
    assert done.stdout == "util other\n", done.stderr


def test_only_sources_are_handed_to_the_compiler(program, tmp_path):
    main = program("main.c", '#include <stdio.h>\n#include "n.h"\nint twice(int);\nint main(void) { char s[9]; '
                   'FILE *f = fopen("data.txt", "r"); printf("%d %s", twice(N), fgets(s, 9, f)); }')
    program("twice.c", "int twice(int n) { return 2 * n; }")
    program("n.h", "#define N 21\n")
    program("data.txt", "data\n")
    done = belljar("run", "--compile-time", "30s", "-f", "twice.c", "-f", "n.h", "-f", "data.txt", main, cwd=tmp_path)
    assert done.stdout == "42 data\n", done.stderr


def test_source_from_stdin(program):
    assert belljar("run", "-l", "python", "-", "x", input="import sys\nprint(sys.argv[1:])").stdout == "['x']\n"
    done = belljar("run", "--language=c", "--compile-time", "30s", "-", input="#include <stdio.h>\nint main(void){puts(\"c\");}")
    assert done.stdout == "c\n", done.stderr


def test_language_flag_is_over_the_name(program):
    path = program("script.txt", "echo from bash")
    assert belljar("run", "-l", "bash", path).stdout == "from bash\n"


def test_env_reaches_the_program(program):
    path = program("a.py", "import os\nprint(os.environ['A'], os.environ['B'])")
    assert belljar("run", "-e", "A=1=2", "--env", "B=", path).stdout == "1=2 \n"


def test_our_own_environment_does_not_reach_the_program(program):
    path = program("a.py", "import os\nprint('SECRET' in os.environ)")
    assert belljar("run", path, env={"SECRET": "x"}).stdout == "False\n"


# --- JSON ------------------------------------------------------------------------------------------------------------

def test_json_holds_all_facts(program):
    path = program("a.py", "import sys\nprint('out')\nprint('err', file=sys.stderr)\nsys.exit(3)")
    done = belljar("run", "--json", path)
    assert (done.returncode, done.stderr) == (3, "")
    result = json.loads(done.stdout)
    run = result["run"]
    assert (result["verdict"], result["language"]) == ("nonzero_exit", "python")
    assert re.fullmatch(r"3\.\d+\.\d+", result["version"])
    assert "compile" not in result
    assert (run["exit_code"], run["signal"], run["stdout"], run["stderr"]) == (3, None, "out\n", "err\n")
    assert sorted(run["output"]) == sorted("out\nerr\n")
    assert run["encoding"] == "utf8" and not run["stdout_truncated"]
    assert 0 < run["cpu_ms"] and 0 < run["wall_ms"] < 60000
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", result["finished_at"])


def test_json_has_base64_for_other_bytes(program):
    run = json.loads(belljar("run", "--json", program("a.py", "import os\nos.write(1, b'\\xff\\x00')")).stdout)["run"]
    assert (run["encoding"], run["stdout"]) == ("base64", "/wA=")


def test_json_of_a_limit_and_of_a_failed_compile(program):
    done = belljar("run", "--json", "--time", "300ms", program("a.py", "import time\ntime.sleep(30)"))
    result = json.loads(done.stdout)
    assert (done.returncode, result["verdict"], result["run"]["signal"]) == (124, "wall_time_limit", "SIGKILL")
    done = belljar("run", "--json", "--compile-time", "30s", program("a.c", "x"))
    result = json.loads(done.stdout)
    assert (done.returncode, result["verdict"]) == (126, "compile_error")
    assert "error" in result["compile"]["stderr"] and "run" not in result


# --- runtimes --------------------------------------------------------------------------------------------------------

def test_runtimes_lists_what_can_be_run():
    table = belljar("runtimes").stdout.splitlines()
    assert table[0].split() == ["LANGUAGE", "VERSION", "ALSO", "CALLED"]
    everything = json.loads(belljar("runtimes", "--json").stdout)
    assert [line.split()[0] for line in table[1:]] == [one["language"] for one in everything]
    bash = next(one for one in everything if one["language"] == "bash")
    assert re.fullmatch(r"\d+\.\d+\.\d+", bash["version"])
    assert isinstance(bash["aliases"], list)
    assert not any(line.endswith(" ") for line in table)


# --- on a server -----------------------------------------------------------------------------------------------------

@pytest.fixture
def fake():
    server = FakePiston()
    yield server
    server.stop()


def remote(fake, *words, **more):
    return belljar("run", "--url", fake.url + "/", *words, **more)


def answer(fake, **more):
    fake.on("POST", "/api/v2/execute", {"language": "python", "version": "3.12.0", **more})


def test_url_sends_all_that_was_said(fake, program):
    answer(fake, run=stage(stdout="out\n", stderr="err\n", code=4))
    path, more = program("a.py", "x"), program("lib/b.dat", "y")
    done = remote(fake, "-l", "python=3.x", "-f", more, "--time", "2s", "--memory", "64M", "--compile-cpu-time", "1s",
                  path, "1", input="in")
    assert (done.returncode, done.stdout, done.stderr) == (4, "out\n", "err\n")
    body = fake.bodies("POST", "/api/v2/execute")[0]
    assert body == {"language": "python", "version": "3.x", "args": ["1"], "stdin": "in",
                    "files": [{"name": "a.py", "content": "x", "encoding": "utf8"},
                              {"name": "lib/b.dat", "content": "y", "encoding": "utf8"}],
                    "run_timeout": 2000, "run_memory_limit": 64 << 20, "compile_cpu_time": 1000}


@pytest.mark.parametrize("facts, status, line", [
    ({"code": 0}, 0, ""),
    ({"code": None, "signal": "SIGSEGV", "status": "SG"}, 139, "belljar run: the program was ended by signal 11 (SIGSEGV)\n"),
    ({"code": None, "signal": "SIGKILL", "status": "TO", "message": "Time limit exceeded (wall clock)"}, 124,
     "belljar run: the program: wall_time_limit: Time limit exceeded (wall clock) (--time raises it)\n"),
    ({"code": None, "signal": "SIGKILL", "status": "TO", "message": "Time limit exceeded"}, 124,
     "belljar run: the program: time_limit: Time limit exceeded (--cpu-time raises it)\n"),
    ({"code": None, "signal": "SIGKILL", "status": "OL", "message": "stdout length exceeded"}, 153,
     "belljar run: the program: output_limit: stdout length exceeded (--output raises it)\n"),
    ({"code": None, "status": "XX", "message": "no box"}, 125, "belljar run: no box\n"),
])
def test_url_gives_the_same_statuses(fake, program, facts, status, line):
    answer(fake, run=stage(**facts))
    done = remote(fake, program("a.py", "x"))
    assert (done.returncode, done.stderr) == (status, line)


def test_url_with_a_failed_compile(fake, program):
    failed = stage(stderr="no\n", code=1, status="RE")
    answer(fake, compile=failed, run=failed)
    done = remote(fake, program("a.c", "x"))
    assert (done.returncode, done.stdout) == (126, "")
    assert done.stderr == "no\nbelljar run: the program did not compile\n"
    result = json.loads(remote(fake, "--json", program("a.c", "x")).stdout)
    assert result["verdict"] == "compile_error" and result["compile"]["exit_code"] == 1 and "run" not in result


@pytest.mark.parametrize("words, error", [
    (["--env", "A=1"], "--env cannot be sent to a Piston; leave it out, or name a belljar"),
    (["--processes", "3"], "--processes cannot be sent to a Piston; leave it out, or name a belljar"),
    (["--cpus", "1"], "--cpus cannot be sent to a Piston; leave it out, or name a belljar"),
])
def test_url_refuses_what_it_cannot_send(fake, program, words, error):
    done = remote(fake, *words, program("a.py", "x"))
    assert (done.returncode, done.stderr) == (125, f"belljar run: {error}\n")
    assert [path for _, path, _, _ in fake.requests] == ["/api/v1/executions"]


def test_url_says_what_the_server_says(fake, program):
    fake.on("POST", "/api/v2/execute", (400, {"message": "python-9 runtime is unknown"}))
    done = remote(fake, "-l", "python=9", program("a.py", "x"))
    assert (done.returncode, done.stderr) == (125, "belljar run: python-9 runtime is unknown\n")
    fake.on("GET", "/api/v2/runtimes", [{"language": "go", "version": "1.16.2", "aliases": ["golang"]}])
    assert belljar("runtimes", "--url", fake.url).stdout == "LANGUAGE  VERSION  ALSO CALLED\ngo        1.16.2   golang\n"


def test_url_of_a_real_server(program):
    server = Server()
    try:
        url = f"http://127.0.0.1:{server.port}"
        path = program("a.py", "import sys\nprint(sys.stdin.read(), sys.argv[1])\nsys.exit(5)")
        done = belljar("run", "--url", url, path, "arg", input="in")
        assert (done.returncode, done.stdout, done.stderr) == (5, "in arg\n", "")
        done = belljar("piston", "-u", url, "run", "python", path, "arg", "-i", input="1")
        assert done.stdout == "== Run ==\nSTDOUT\n1\n     arg\n    \nExit Code: 5\n"
        here = json.loads(belljar("runtimes", "--json").stdout)
        assert json.loads(belljar("runtimes", "--json", "--url", url).stdout) == here
    finally:
        server.stop()


FORKS = """
import os, signal
made = 0
for _ in range(200):
    try:
        child = os.fork()
    except OSError:
        break
    if child == 0:
        signal.pause()
    made += 1
print(made)
"""


@pytest.mark.parametrize("uid", [None, 4242])
def test_processes_are_limited_without_cgroups(tmp_path, uid):
    """By RLIMIT_NPROC, which counts within the box's user namespace: with ids of its own, and with one that its user has, too."""
    tmp_path.chmod(0o755)
    who = []
    if uid is not None:
        if os.geteuid() != 0:
            cannot("only root can become another user")
        who = ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups"]
        if subprocess.run([*who, BELLJAR, "version"], capture_output=True).returncode != 0:
            cannot(f"another user cannot start {BELLJAR}")
    # Should nothing hold it, the 200 do no harm.
    done = subprocess.run([*who, BELLJAR, "run", "--cgroup", "none", "--require", "none", "--processes", "32", "-l", "python", "-"], input=FORKS, capture_output=True, text=True,
                          env={**environment(), "HOME": str(tmp_path)}, timeout=PATIENCE)
    assert done.stdout == "31\n", done
