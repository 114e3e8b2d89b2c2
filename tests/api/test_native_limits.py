# SPDX-License-Identifier: Apache-2.0
"""belljar's own API: each quota holds, and is told."""
import pytest

from support.native import create, run


def limited(server, source, language="python", **limits):
    return run(server, source, language, limits=limits)


def test_wall_time(native):
    x = limited(native, "import time\ntime.sleep(9)", wall_ms=300)
    assert (x["verdict"], x["run"]["signal"], x["run"]["exit_code"]) == ("wall_time_limit", "SIGKILL", None)
    assert 300 <= x["run"]["wall_ms"] < 3000 and "300 ms" in x["reason"]


def test_cpu_time(native):
    x = limited(native, "while True: pass", cpu_ms=200)
    assert x["verdict"] == "time_limit" and x["run"]["cpu_ms"] >= 200


def test_cpu_time_counts_all_processes(native):
    x = limited(native, "for i in 1 2; do (while :; do :; done) & done; wait", "bash", cpu_ms=300)
    assert x["verdict"] == "time_limit"


def test_cpus(native):
    """Half a CPU: 200 ms of work take 400 ms."""
    source = "import time\nwhile time.process_time() < 0.2: pass"
    x = limited(native, source, cpus=0.25)
    assert x["verdict"] == "ok" and x["run"]["wall_ms"] > x["run"]["cpu_ms"] * 1.8


def test_memory(native):
    x = limited(native, "x = bytearray(10**8)\nfor i in range(0, 10**8, 4096): x[i] = 1", memory_bytes=32 << 20)
    assert x["verdict"] == "memory_limit" and "32 MiB" in x["reason"]


def test_stack(native):
    source = "int f(int n){volatile char a[1024];a[0]=n;return n?f(n-1)+a[0]:0;}int main(void){return f(1000)!=f(1000);}"
    assert limited(native, source, "c", stack_bytes=256 << 10)["run"]["signal"] == "SIGSEGV"
    assert limited(native, source, "c", stack_bytes=8 << 20)["verdict"] == "ok"


def test_disk_bytes(native):
    source = "import os\nf = open('x', 'wb')\ntry:\n    while True: f.write(b'x' * 65536); f.flush()\nexcept OSError as e:\n    print(e.errno, os.stat('x').st_size)"
    x = limited(native, source, disk_bytes=2 << 20)
    code, size = x["run"]["stdout"].split()
    assert code == "28" and int(size) <= 2 << 20


def test_files(native):
    source = "import os\nn = 0\ntry:\n    while n < 5000: open(f'f{n}', 'w').close(); n += 1\nexcept OSError as e:\n    print(e.errno, n)"
    code, count = limited(native, source, files=100)["run"]["stdout"].split()
    assert code == "28" and 50 <= int(count) <= 120  # the directories of the box have some of their own


def test_file_bytes(native):
    source = "import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\ntry:\n    f = open('x', 'wb'); f.write(b'x' * 100000); f.flush()\nexcept OSError as e:\n    print(e.errno)"
    assert limited(native, source, file_bytes=50000)["run"]["stdout"] == "27\n"


def test_open_files(native):
    source = "fs = []\ntry:\n    while True: fs.append(open('/dev/null'))\nexcept OSError as e:\n    print(e.errno, len(fs) < 20)"
    assert limited(native, source, open_files=20)["run"]["stdout"] == "24 True\n"


def test_processes(native):
    x = limited(native, "import os, time\nfor i in range(50):\n    if os.fork() == 0:\n        time.sleep(5)", processes=5)
    assert x["verdict"] == "process_limit" and "limit of 5 processes" in x["reason"]


def test_a_program_may_live_with_its_process_limit(native):
    source = ("import os, time\nkids = []\ntry:\n    while len(kids) < 50:\n        pid = os.fork()\n        if pid == 0:\n"
              "            time.sleep(5)\n        kids.append(pid)\nexcept BlockingIOError:\n    print(len(kids) < 5)\n"
              "for pid in kids: os.kill(pid, 9)")
    x = limited(native, source, processes=5)
    assert (x["verdict"], x["run"]["stdout"]) == ("ok", "True\n")


def test_output_stops_the_program(native):
    x = limited(native, "while True: print('x' * 99)", output_bytes=1000)
    assert (x["verdict"], len(x["run"]["stdout"]), x["run"]["stdout_truncated"]) == ("output_limit", 1000, True)
    assert x["run"]["stderr_truncated"] is False


def test_output_is_cut_and_the_program_goes_on(native):
    source = "import sys\nprint('x' * 5000)\nprint('end', file=sys.stderr)"
    x = run(native, source, limits={"output_bytes": 1000}, on_output_limit="truncate")
    assert (x["verdict"], len(x["run"]["stdout"]), x["run"]["stdout_truncated"]) == ("ok", 1000, True)
    assert (x["run"]["stderr"], x["run"]["stderr_truncated"]) == ("end\n", False)


def test_a_character_is_not_cut(native):
    x = run(native, "print('ä' * 600)", limits={"output_bytes": 999}, on_output_limit="truncate")
    assert (x["run"]["encoding"], x["run"]["stdout"]) == ("utf8", "ä" * 499)


def test_compilers_have_limits_of_their_own(native):
    source = "#include \"/dev/zero\"\n"
    x = run(native, source, "c", compile={"wall_ms": 1500, "cpu_ms": 300})
    assert (x["verdict"], x["run"]) == ("compile_error", None)
    assert x["compile"]["verdict"] in ("time_limit", "wall_time_limit", "memory_limit")


def test_there_is_no_network(native):
    source = "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 80), 2)\nexcept OSError as e:\n    print(e.errno)"
    assert run(native, source)["run"]["stdout"] in ("101\n", "1\n")


def test_the_most_that_may_be_asked_for_is_given(native):
    source = """
import os, threading
box, done = os.statvfs("/box"), threading.Event()
threads = [threading.Thread(target=done.wait) for _ in range(400)]
for one in threads:
    one.start()
print(box.f_blocks * box.f_frsize, box.f_files >= 50000, len(threads))
done.set()
"""
    x = limited(native, source, disk_bytes=512 << 20, files=50000, processes=512, memory_bytes=1 << 30)
    assert x["run"]["stdout"] == f"{512 << 20} True 400\n", x


@pytest.mark.parametrize("name", ["wall_ms", "cpu_ms", "memory_bytes", "stack_bytes", "disk_bytes", "files", "file_bytes",
                                  "open_files", "processes", "output_bytes"])
def test_nothing_is_unlimited(native, name):
    for value in (0, -1, 10**18, "1", None, 1.5):
        answer = create(native, {"language": "python", "source": "", "limits": {name: value}})
        assert answer.status == 422
        assert [error["path"] for error in answer.json()["errors"]] == [f"limits.{name}"]
