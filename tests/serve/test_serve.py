# SPDX-License-Identifier: Apache-2.0
"""The parent of `belljar serve`: it starts, restarts and ends the two others, and leaves nothing behind.

proves: F9
"""
import http.client
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest

from support.server import BUILD, Server, cannot, clean_environment, descendants

BELLJAR = str(BUILD / "belljar")
PATIENCE = 20
ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="root only")


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    pytest.fail(f"waited {PATIENCE} s for {what}")


def status_of(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return dict(re.findall(r"^(\w+):[ \t]*(.*?)[ \t]*$", text, re.M))


def is_running(pid):
    try:
        return status_of(pid)["State"][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def child_of(parent, name):
    """The pid of the child with this command name, or None."""
    try:
        pids = pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        found = [int(pid) for pid in pids if status_of(pid)["Name"] == name and is_running(pid)]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return found[0] if found else None


def boxd_of(server):
    return wait_for(lambda: child_of(server.pid, "belljar-boxd"), "boxd")


def server_process_of(server):
    return wait_for(lambda: child_of(server.pid, "belljar"), "the server process")


def runtime_directory():
    if ROOT:
        return "/run/belljar"
    own = os.environ.get("XDG_RUNTIME_DIR")
    return f"{own}/belljar" if own else f"/tmp/belljar-{os.geteuid()}"


RUNTIME = runtime_directory()


def read(path):
    """Its text; "" when it is gone."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


class Traces:
    """What a belljar leaves on a host while it runs, and only then: others may run beside this test."""

    def __init__(self, pid):
        self.pid = pid
        self.paths = []
        for lock in pathlib.Path(RUNTIME).glob("instance-*"):
            text = read(lock)
            if text.startswith(f"pid {pid}\n"):
                self.lock = lock
                self.paths = [str(lock)] + [line.split(" ", 1)[1] for line in text.splitlines()[1:]]
        self.processes = descendants(pid)

    def are_left(self):
        """A number that was given back may be another's by now, and what carries it, too."""
        left = [path for path in self.paths if os.path.exists(path)]
        # Looked at last: whoever takes the number makes the file first, and then says what is its own.
        wait_for(lambda: read(self.lock) or not self.lock.exists(), "what the next holder has noted")
        heir = read(self.lock)
        if not heir.startswith(f"pid {self.pid}\n"):
            left = [path for path in left if path not in heir and path != str(self.lock) and os.path.exists(path)]
        return left + [pid for pid in self.processes if is_running(pid)]


def locks_of(pid):
    """Names of lock files that this process, now dead, has left."""
    locks = pathlib.Path(RUNTIME).glob("instance-*") if os.path.isdir(RUNTIME) else []
    return [lock.name for lock in locks if f"pid {pid}\n" in read(lock)]


def health(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/health")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def answers(server):
    try:
        return health(server.port) == 200
    except (OSError, http.client.HTTPException):
        return False


def runs_a_program(server):
    status, body = server.execute("bash", "echo $((6 * 7))")
    return status == 200 and body["run"]["stdout"] == "42\n"


def run(*words):
    """A belljar that ends by itself, and what it left in its temporary directory and among the locks."""
    with tempfile.TemporaryDirectory(prefix="bj-run-") as folder:
        process = subprocess.Popen([BELLJAR, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env={**clean_environment(), "TMPDIR": folder})
        out, err = process.communicate(timeout=60)
        left = os.listdir(folder) + locks_of(process.pid)
    assert left == []
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def wait_until_a_job_runs(server):
    wait_for(lambda: server.request("GET", "/health")[1]["engine"]["running"], "a running job")


def server_with_fixed_port():
    """A port that is the same after a restart; somebody else may take it before us."""
    for _ in range(5):
        address = free_address()
        try:
            server = Server("--listen", address)
        except RuntimeError as error:
            if "in use" not in str(error):
                raise
            continue
        server.port = int(address.rpartition(":")[2])
        return server
    pytest.fail("no port stays free")


@pytest.fixture
def server():
    one = server_with_fixed_port()
    traces = Traces(one.pid)
    assert len(traces.paths) >= 2
    yield one
    one.stop()
    assert traces.are_left() == []


# --- start and stop -----------------------------------------------------------------------------------


@pytest.mark.parametrize("signo", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_leaves_nothing_behind(signo):
    mounts = open("/proc/self/mountinfo").read()
    server = Server()
    traces = Traces(server.pid)
    assert traces.are_left() == traces.paths + traces.processes
    assert any(os.path.basename(path).startswith("belljar-") for path in traces.paths)
    assert open("/proc/self/mountinfo").read() == mounts
    server.process.send_signal(signo)
    assert server.process.wait(PATIENCE) == 0
    assert traces.are_left() == []
    server.stop()


def test_the_curl_of_the_first_lines_works_when_pasted(tmp_path):
    with open(tmp_path / "out", "w") as out, open(tmp_path / "err", "w") as err:
        process = subprocess.Popen([BELLJAR, "serve", "--listen", "127.0.0.1:0"], stdout=out, stderr=err,
                                   env=clean_environment())
    lines = wait_for(lambda: (text := (tmp_path / "out").read_text()).count("\n") >= 2 and text.splitlines(), "two lines")
    if not shutil.which("curl"):
        process.kill()
        cannot("curl is not installed")
    result = subprocess.run(shlex.split(lines[1]), capture_output=True, text=True, timeout=60)
    process.terminate()
    assert process.wait(PATIENCE) == 0
    assert re.fullmatch(r"belljar \S+ is ready on http://127\.0\.0\.1:\d+.*; try:", lines[0])
    assert json.loads(result.stdout)["run"]["code"] == 0
    assert (tmp_path / "out").read_text().splitlines() == lines


def test_running_jobs_finish_after_sigterm(server):
    answer = []
    job = threading.Thread(target=lambda: answer.append(server.execute("bash", "echo in; sleep 1; echo out")))
    job.start()
    wait_until_a_job_runs(server)
    server.process.send_signal(signal.SIGTERM)
    job.join()
    assert answer[0][0] == 200
    assert answer[0][1]["run"]["stdout"] == "in\nout\n"
    assert server.process.wait(PATIENCE) == 0


def test_a_second_sigint_ends_at_once():
    server = Server("--server-grace-ms", "600000", "--limits-run-wall-ms", "3000000")
    job = threading.Thread(target=lambda: _ignore(lambda: server.execute("bash", "sleep 3000", run_timeout=3000)))
    job.start()
    wait_until_a_job_runs(server)
    traces = Traces(server.pid)
    server.process.send_signal(signal.SIGINT)
    wait_for(lambda: "running jobs may finish" in server.log_path.read_text(), "draining")
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(PATIENCE) == 0
    job.join()
    server.stop()
    assert traces.are_left() == []


def _ignore(call):
    try:
        call()
    except (OSError, http.client.HTTPException):
        pass


def test_no_process_wakes_up_while_idle(server):
    assert answers(server)
    pids = descendants(server.pid)

    def switches():
        return [status_of(pid)["voluntary_ctxt_switches"] for pid in pids]

    # The last of the request's work ends by itself; then a second in which nothing may happen.
    previous = None
    while (now := switches()) != previous:
        previous = now
        time.sleep(0.2)
    time.sleep(1)
    assert switches() == now


# --- refused starts ---------------------------------------------------------------------------------


def test_a_second_server_on_one_data_directory_is_refused(tmp_path):
    data = str(tmp_path / "data")
    first = Server("--data", data)
    second = run("serve", "--listen", "127.0.0.1:0", "--data", data)
    assert second.returncode == 1
    assert f"process {first.pid}" in second.stderr and data in second.stderr
    assert answers(first)
    first.stop()
    assert stat_mode(data) == 0o700
    again = Server("--data", data)
    assert answers(again)
    again.stop()


def stat_mode(path):
    return os.stat(path).st_mode & 0o7777


def test_a_busy_port_ends_the_start():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        address = f"127.0.0.1:{holder.getsockname()[1]}"
        result = run("serve", "--listen", address)
    assert result.returncode == 1
    assert address in result.stderr
    assert "boxd" not in result.stderr
    assert result.stdout == ""


def test_a_busy_optional_port_is_said_and_skipped():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        address = f"127.0.0.1:{holder.getsockname()[1]}"
        server = Server("--listen-optional", address)
        assert answers(server)
        _, log = server.stop()
    assert address in log


def test_a_host_without_limits_is_refused_when_they_are_required():
    result = run("serve", "--listen", "127.0.0.1:0", "--require", "limits", "--cgroup", "none")
    assert result.returncode == 1
    assert "sandbox.require = limits" in result.stderr and "memory limit" in result.stderr
    assert re.search(r"^memory limit +missing", result.stderr, re.M)


def test_a_boxd_that_is_not_there_is_named():
    result = run("serve", "--listen", "127.0.0.1:0", "--sandbox-boxd", "/nonexistent/boxd")
    assert result.returncode == 1
    assert "/nonexistent/boxd" in result.stderr


def test_a_boxd_that_only_dies_ends_the_start():
    result = run("serve", "--listen", "127.0.0.1:0", "--sandbox-boxd", "/bin/false")
    assert result.returncode == 1
    assert "boxd" in result.stderr


def test_a_word_that_is_no_flag_is_refused():
    result = run("serve", "8080")
    assert result.returncode == 2
    assert "'8080'" in result.stderr


# --- deaths -----------------------------------------------------------------------------------------


def test_boxd_is_started_again_after_it_died(server):
    old_boxd, process = boxd_of(server), server_process_of(server)
    os.kill(old_boxd, signal.SIGKILL)
    wait_for(lambda: boxd_of(server) != old_boxd, "another boxd")
    assert wait_for(lambda: runs_a_program(server), "a program that runs")
    assert server_process_of(server) == process


def test_both_are_started_again_after_the_server_process_died(server):
    old_boxd, process = boxd_of(server), server_process_of(server)
    os.kill(process, signal.SIGKILL)
    wait_for(lambda: answers(server), "answers")
    assert boxd_of(server) != old_boxd
    assert server_process_of(server) != process
    assert runs_a_program(server)


def test_a_program_that_ran_when_boxd_died_is_answered_and_gone(server):
    answer = []
    job = threading.Thread(target=lambda: answer.append(server.execute("bash", "sleep 3000", run_timeout=3000)))
    job.start()
    wait_until_a_job_runs(server)
    inside = [pid for pid in descendants(boxd_of(server)) if pid != boxd_of(server)]
    os.kill(boxd_of(server), signal.SIGKILL)
    job.join(PATIENCE)
    assert answer, "the request was never answered"
    wait_for(lambda: not any(is_running(pid) for pid in inside), "the processes of the box to end")


@pytest.mark.parametrize("victim", [boxd_of, server_process_of])
def test_nothing_is_left_of_many_jobs_in_flight(server, victim):
    jobs = [threading.Thread(target=lambda: _ignore(lambda: server.execute("bash", "sleep 0.5"))) for _ in range(20)]
    for job in jobs:
        job.start()
    wait_until_a_job_runs(server)
    pid = victim(server)
    gone = [pid] + descendants(boxd_of(server))
    os.kill(pid, signal.SIGKILL)
    for job in jobs:
        job.join(PATIENCE)
        assert not job.is_alive()
    wait_for(lambda: answers(server) and runs_a_program(server), "a program that runs")
    wait_for(lambda: not any(is_running(one) for one in gone), "the old processes to end")
    assert cgroup_leaves_of(server) == []


def cgroup_leaves_of(server):
    """Boxes' cgroups that are still there when all jobs are done; they go a moment after their answers."""

    def leaves():
        return [os.path.join(folder, name) for place in Traces(server.pid).paths if "/cgroup/" in place
                for folder, names, _ in os.walk(place) for name in names if name.startswith("box-")]

    end = time.monotonic() + PATIENCE
    while (left := leaves()) and time.monotonic() < end:
        time.sleep(0.02)
    return left


def test_it_gives_up_when_boxd_dies_again_and_again():
    server = Server()
    traces = Traces(server.pid)
    last = None
    while server.process.poll() is None:
        boxd = child_of(server.pid, "belljar-boxd")
        if boxd and boxd != last:
            os.kill(boxd, signal.SIGKILL)
            last = boxd
        time.sleep(0.01)
    code, log = server.stop()
    assert code == 1
    assert "boxd has died 5 times in a row" in log
    assert traces.are_left() == []


def test_the_children_end_when_the_parent_is_killed_and_the_next_start_clears_up():
    for _ in range(20):
        server = Server()
        traces = Traces(server.pid)
        others = [pid for pid in descendants(server.pid) if pid != server.pid]
        assert len(others) >= 2
        server.process.kill()
        server.process.wait()
        wait_for(lambda: not any(is_running(pid) for pid in others), "the children to end")
        before = traces.are_left()
        server.stop()

        heir = Server()
        _, log = heir.stop()
        assert traces.are_left() == []
        # Any belljar that starts beside this test is an heir, too, and then there is nothing to see here.
        if f'event="removed what a killed instance left" path={traces.paths[-1]}' in log:
            assert before == traces.paths
            return
    pytest.fail("the next instance has never cleared up")


# --- several, and as whom -------------------------------------------------------------------------------


def test_two_instances_run_side_by_side():
    first, second = Server(), Server()
    traces = [Traces(first.pid), Traces(second.pid)]
    assert not set(traces[0].paths) & set(traces[1].paths)
    assert runs_a_program(first) and runs_a_program(second)
    if ROOT:
        assert status_of(server_process_of(first))["Uid"] != status_of(server_process_of(second))["Uid"]
    first.stop()
    assert traces[0].are_left() == []
    assert runs_a_program(second)
    second.stop()
    assert traces[1].are_left() == []


def test_the_server_process_has_nothing_to_lose(server):
    status = status_of(server_process_of(server))
    assert [status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")] == ["0" * 16] * 5
    assert status["NoNewPrivs"] == "1"
    if b"__asan_init" not in pathlib.Path(BELLJAR).read_bytes():  # the leak check makes a process and traces it
        assert status["Seccomp"] == "2"
    if ROOT:
        ids = set(status["Uid"].split())
        assert len(ids) == 1 and int(ids.pop()) >= 2000000000
        assert status["Gid"].split() == status["Uid"].split()
        assert status["Groups"] == ""


def test_the_server_process_has_none_of_the_parents_descriptors(server):
    pid = server_process_of(server)
    targets = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    assert [one for one in targets if "cgroup" in one or "instance-" in one or one.endswith("belljar.lock")] == []


@needs_root
def test_a_configured_user_owns_the_state_and_no_more(tmp_path):
    data = tmp_path / "data"
    server = Server("--data", str(data), "--user", "nobody")
    uid = int(status_of(server_process_of(server))["Uid"].split()[0])
    server.stop()
    assert uid == (data / "state").stat().st_uid != 0
    assert data.stat().st_uid == 0
    heir = Server("--data", str(data))  # another id this time
    assert answers(heir)
    heir.stop()
    assert (data / "state").stat().st_uid >= 2000000000


@needs_root
def test_root_may_listen_on_a_low_port_and_keeps_no_right_to():
    with socket.socket() as probe:
        for port in range(600, 1023):
            try:
                probe.bind(("127.0.0.1", port))
                break
            except OSError:
                continue
    server = Server("--listen", f"127.0.0.1:{port}")
    assert health(port) == 200
    assert status_of(server_process_of(server))["CapEff"] == "0" * 16
    server.stop()


def divisible_cgroup():
    """A cgroup v2 in which children with memory and pids may be made: the top for root, else the one above ours."""
    tops = [line.split()[4] for line in open("/proc/self/mountinfo") if " - cgroup2 " in line]
    own = [line[3:].strip() for line in open("/proc/self/cgroup") if line.startswith("0::")]
    if tops and own:
        folder = pathlib.Path(tops[0]) if ROOT else pathlib.Path(tops[0] + own[0]).parent
        control = folder / "cgroup.subtree_control"
        if control.exists() and os.access(control, os.W_OK) and {"memory", "pids"} <= set(control.read_text().split()):
            return folder
    pytest.skip("no cgroup v2 hierarchy with memory and pids that we may divide")


def test_a_delegated_cgroup_is_divided_and_given_back_as_it_was():
    group = divisible_cgroup() / "serve-test"
    group.mkdir()
    try:
        server = Server("--require", "limits", wrap=["sh", "-c", f'echo $$ >{group}/cgroup.procs; exec "$@"', "sh"])
        pids = descendants(server.pid)
        traces = Traces(server.pid)
        name = pathlib.Path(traces.paths[1]).name
        assert traces.paths[1] == str(group / name)
        assert runs_a_program(server)
        for pid in pids:
            assert pathlib.Path(f"/proc/{pid}/cgroup").read_text().strip().endswith(f"/serve-test/{name}/supervisor")
        server.stop()
        assert [path for path in group.iterdir() if path.is_dir()] == []
        assert (group / "cgroup.subtree_control").read_text().strip() == ""
    finally:
        group.rmdir()


def unit_capabilities():
    """What the systemd unit leaves to the processes of the service."""
    unit = (pathlib.Path(__file__).resolve().parent.parent.parent / "dist/belljar.service.in").read_text()
    words = " ".join(re.findall(r"^CapabilityBoundingSet=(.*)$", unit, re.M)).split()
    return [word.removeprefix("CAP_").lower() for word in words]


@needs_root
def test_the_capabilities_of_the_systemd_unit_are_enough():
    bounding = "-all," + ",".join(f"+{name}" for name in unit_capabilities())
    server = Server("--require", "full", wrap=["setpriv", f"--bounding-set={bounding}", "--no-new-privs"])
    assert runs_a_program(server)
    code, log = server.stop()
    assert code == 0
    assert "level=warn" not in log


@needs_root
def test_a_root_without_capabilities_works_in_a_user_namespace():
    if not userns_allowed():
        cannot("ordinary users may not make user namespaces on this host")
    server = Server(wrap=["setpriv", "--bounding-set=-all,+setfcap"])
    assert runs_a_program(server)
    _, log = server.stop()
    assert "root lacks capabilities" in log


def user_wrap(tmp_path):
    """Words that start a command as an ordinary user who exists nowhere else, with a runtime directory of his own."""
    uid = 61234
    if not ROOT:
        return [], str(tmp_path)
    home = pathlib.Path(tempfile.mkdtemp(prefix="bj-user-"))
    os.chown(home, uid, uid)
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "env", f"XDG_RUNTIME_DIR={home}",
            f"TMPDIR={home}", f"HOME={home}"], str(home)


def readable_build():
    """Whether others can reach the binaries: a clone below /root cannot be started by another user."""
    return subprocess.run(["setpriv", "--reuid=61234", "--regid=61234", "--clear-groups", "test", "-x", BELLJAR]).returncode == 0


def userns_allowed():
    words = ["setpriv", "--reuid=61234", "--regid=61234", "--clear-groups"] if ROOT else []
    return subprocess.run([*words, "unshare", "-U", "true"], capture_output=True).returncode == 0


@pytest.fixture
def user(tmp_path):
    if ROOT and not readable_build():
        cannot("an ordinary user cannot reach the build directory")
    if not userns_allowed():
        cannot("ordinary users may not make user namespaces on this host")
    words, home = user_wrap(tmp_path)
    yield words, home
    if ROOT:
        shutil.rmtree(home)


def test_an_ordinary_user_can_serve(user):
    words, home = user
    server = Server(wrap=words)
    assert runs_a_program(server)
    assert status_of(server_process_of(server))["CapEff"] == "0" * 16
    processes = descendants(server.pid)
    code, log = server.stop()
    assert code == 0
    assert "this host does not give everything" in log
    assert [pid for pid in processes if is_running(pid)] == []
    assert [name for name in os.listdir(home) if name.startswith("belljar")] == []


def test_an_ordinary_user_is_refused_full_isolation_without_cgroups(user):
    words, _ = user
    result = subprocess.run([*words, BELLJAR, "serve", "--listen", "127.0.0.1:0", "--require", "full", "--cgroup", "none"],
                            capture_output=True, text=True, timeout=60, env=clean_environment())
    assert result.returncode == 1
    assert "memory limit" in result.stderr


@needs_root
def test_an_ordinary_user_with_subordinate_ids_has_two_ids_a_box(user, tmp_path):
    if not shutil.which("newuidmap"):
        cannot("newuidmap is not installed (package uidmap)")
    words, home = user
    files = {"passwd": "tester:x:61234:61234::/:/bin/sh\n", "group": "tester:x:61234:\n",
             "subuid": "tester:300000:65536\n", "subgid": "tester:300000:65536\n"}
    mounts = []
    for name, line in files.items():
        copy = tmp_path / name
        old = pathlib.Path("/etc", name)
        copy.write_text((old.read_text() if old.exists() else "") + line)
        copy.chmod(0o644)
        mounts.append(f"mount --bind {copy} /etc/{name}")
    script = " && ".join(mounts) + ' && exec "$@"'
    result = subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh", *words,
                             BELLJAR, "doctor", "--json"], capture_output=True, text=True, timeout=60,
                            env=clean_environment())
    rows = {row["feature"]: row["state"] for row in json.loads(result.stdout)["features"]}
    assert rows["two ids in a box"] == rows["own ids for each box"] == "ok"


def test_a_host_without_user_namespaces_is_told_how_to_allow_them():
    if not userns_allowed():
        cannot("ordinary users may not make user namespaces on this host")
    script = 'echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all "$@"'
    result = subprocess.run(["unshare", "-U", "--map-root-user", "sh", "-c", script, "sh", BELLJAR, "serve", "--listen",
                             "127.0.0.1:0"], capture_output=True, text=True, timeout=60, env=clean_environment())
    assert result.returncode == 1
    assert "user.max_user_namespaces" in result.stderr.splitlines()[-1]
    assert re.search(r"^privileges +missing", result.stderr, re.M)


def test_the_hosts_root_in_a_user_namespace_takes_no_cgroup_of_others():
    """Its locks are in a directory of its own, so it has the numbers that others have too."""
    if not ROOT:
        cannot("needs root: others' cgroups are not ours")
    server = Server()
    nested = [subprocess.Popen(["unshare", "-U", "--map-root-user", BELLJAR, "doctor"], stdout=subprocess.DEVNULL, env=clean_environment())
              for _ in range(server.instance + 1)]
    for one in nested:
        one.wait(60)
    still_runs = runs_a_program(server)
    server.stop()
    assert still_runs


def test_with_few_open_files_and_no_way_to_more_there_are_fewer_boxes():
    if not userns_allowed():
        cannot("ordinary users may not make user namespaces on this host")
    server = Server(wrap=["prlimit", "--nofile=4096:4096", "unshare", "-U", "--map-root-user"])
    ran = runs_a_program(server)
    server.stop()
    assert ran


# --- service managers ---------------------------------------------------------------------------------


def test_a_service_manager_hears_ready_and_stopping(tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(PATIENCE)
        server = Server(env={"NOTIFY_SOCKET": path})
        assert manager.recv(100) == b"READY=1"
        server.stop()
        assert manager.recv(100) == b"STOPPING=1"


# --- doctor ------------------------------------------------------------------------------------------


def test_doctor_prints_each_feature_with_its_state():
    result = run("doctor")
    assert re.search(r"^kernel +ok +Linux \d", result.stdout, re.M)
    assert re.search(r"^system call filter +ok", result.stdout, re.M)
    assert result.returncode == (0 if "A server would start here." in result.stdout else 1)


def test_doctor_says_what_is_missing_and_how_to_get_it():
    result = run("doctor", "--json", "--cgroup", "none", "--require", "limits")
    answer = json.loads(result.stdout)
    rows = {row["feature"]: row for row in answer["features"]}
    assert result.returncode == 1 and answer["ok"] is False
    assert "memory limit" in answer["error"]
    assert rows["memory limit"]["state"] == "missing"
    assert rows["memory limit"]["meaning"] and rows["memory limit"]["remedy"]


def test_doctor_says_why_boxd_cannot_be_asked():
    result = run("doctor", "--sandbox-boxd", "/nonexistent/boxd")
    assert result.returncode == 1
    assert "/nonexistent/boxd" in result.stdout
    assert re.search(r"^kernel +ok", result.stdout, re.M)


# A network of its own, whose loopback is up: what listens on all addresses there is reached by nobody.
ALONE = """import fcntl, os, socket, struct, sys
request = struct.pack("16sH14x", b"lo", 0x41)
fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8914, request)
os.execvp(sys.argv[1], sys.argv[1:])"""


@needs_root
def test_an_open_server_that_others_reach_says_so(tmp_path):
    alone = ("unshare", "-n", "/usr/bin/python3", "-c", ALONE)
    for made, said in ((False, 1), (True, 0)):
        if made:
            words = [BELLJAR, "key", "add", "one", "--data", str(tmp_path)]
            subprocess.run(words, check=True, capture_output=True, env=clean_environment())
        server = Server("--listen", "0.0.0.0:0", "--data", str(tmp_path), wrap=alone)
        status, log = server.stop()
        assert status == 0 and log.count("as there is no key") == said
        assert "address=127.0.0.1" not in log
