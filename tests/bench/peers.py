# SPDX-License-Identifier: Apache-2.0
"""Others that run programs in boxes, as far as they are installed.

Each gets what belljar's boxes have: namespaces of their own without a network, a read-only view of the host's tools, and,
where it can, limits of memory and processes by cgroup.  All else is as it comes.  Commands are looked for in PATH and in
the folders of --peers; Piston is a server that runs already (--piston PORT), go-judge is started.
"""
import contextlib
import io
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tarfile
import time

from load import ENVIRONMENT, Subject
from serving import Connection

MEMORY = 256 << 20
PROCESSES = 64
TOOLS = ["/usr", "/bin", "/lib", "/lib64", "/etc"]
SLOW_EVERY = 4  # who takes a quarter of a second takes part in each fourth round


def words_of(program):
    """What runs in the box, whose working directory holds the program."""
    return ["/w/" + program.run[0][2:] if program.run[0].startswith("./") else program.run[0], *program.run[1:]]


# --- commands: each a list of ways, the first that works is taken --------------------------

def bubblewrap(tool, folder, words):
    binds = [word for path in TOOLS for word in ("--ro-bind", path, path)]
    return [[[tool, "--unshare-all", "--die-with-parent", "--new-session", *binds, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
              "--ro-bind", folder, "/w", "--chdir", "/w", "--", *words]]]


def nsjail(tool, folder, words):
    binds = [word for path in TOOLS for word in ("-R", path)]
    plain = ["-Mo", "-Q", "--user", "99999", "--group", "99999", *binds, "-R", folder + ":/w", "-T", "/tmp", "--cwd", "/w",
             "--rlimit_as", "inf", "--rlimit_fsize", "64"]
    limits = ["--cgroup_mem_max", str(MEMORY), "--cgroup_pids_max", str(PROCESSES)]
    return [[[tool, *plain, *limits, "--", *words]], [[tool, *plain, *limits, "--use_cgroupv2", "--", *words]],
            [[tool, *plain, "--", *words]]]


def isolate(tool, folder, words):
    def way(*cg):
        limit = [f"--cg-mem={MEMORY >> 10}"] if cg else []
        box = [tool, *cg, "-b99{w}"]
        return [[*box, "--init"], [*box, "-s", *limit, f"-p{PROCESSES}", "--dir=/etc:noexec", f"--dir=/w={folder}", "-c", "/w", "--run", "--", *words],
                [*box, "--cleanup"]]
    return [way("--cg"), way()]


def bundle(folder, words):
    """A folder that runc and crun take: the tools bound into an empty root."""
    here = pathlib.Path(folder, "bundle")
    mounts = [{"destination": "/proc", "type": "proc", "source": "proc"},
              *({"destination": place, "type": "tmpfs", "source": "tmpfs", "options": ["nosuid"]} for place in ("/tmp", "/dev"))]
    for source, place in [*((path, path) for path in TOOLS), (folder, "/w")]:
        mounts.append({"destination": place, "type": "bind", "source": os.path.realpath(source), "options": ["rbind", "ro", "nosuid"]})
    for mount in mounts:
        here.joinpath("root" + mount["destination"]).mkdir(parents=True, exist_ok=True)
    kinds = ("pid", "network", "ipc", "uts", "mount")
    here.joinpath("config.json").write_text(json.dumps({
        "ociVersion": "1.0.2", "root": {"path": "root", "readonly": True}, "mounts": mounts,
        "process": {"user": {"uid": 65534, "gid": 65534}, "args": words, "env": ["PATH=/usr/bin:/bin"], "cwd": "/w", "noNewPrivileges": True},
        "linux": {"namespaces": [{"type": kind} for kind in kinds],
                  "resources": {"memory": {"limit": MEMORY}, "pids": {"limit": PROCESSES}}}}))
    return str(here)


def oci(tool, folder, words):
    here = bundle(folder, words)
    return [[[tool, "--root", folder + "/state", *more, "run", "--bundle", here, "bench-{w}"]] for more in ([], ["--cgroup-manager=disabled"])
            if not (more and os.path.basename(tool) == "runc")]


IMAGE = "belljar-bench"


def docker(tool, folder, words):
    binds = [word for path in TOOLS for word in ("-v", f"{os.path.realpath(path)}:{path}:ro")]
    return [[[tool, "run", "--rm", "--network", "none", "--memory", str(MEMORY), "--pids-limit", str(PROCESSES), "--read-only",
              "--tmpfs", "/tmp", *binds, "-v", folder + ":/w:ro", "-w", "/w", IMAGE, *words]]]


@contextlib.contextmanager
def docker_image(tool):
    """An empty image; what is bound into it is all that it has."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for path in [*TOOLS, "/w", "/tmp", "/proc"]:
            entry = tarfile.TarInfo(path[1:])
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
    done = subprocess.run([tool, "import", "-", IMAGE], input=file.getvalue(), capture_output=True)
    if done.returncode != 0:
        raise LookupError(done.stderr.decode(errors="replace").strip())
    try:
        yield
    finally:
        subprocess.run([tool, "rmi", IMAGE], capture_output=True)


@contextlib.contextmanager
def nsjail_groups(_tool):
    """It wants a parent for its cgroups that is there (cgroup v1)."""
    folders = [pathlib.Path("/sys/fs/cgroup", kind, "NSJAIL") for kind in ("memory", "pids") if os.path.isdir("/sys/fs/cgroup/" + kind)]
    made = []
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.mkdir()
            made.append(folder)
    try:
        yield
    finally:
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()


COMMANDS = {
    "isolate": (isolate, "isolate", None, 1), "nsjail": (nsjail, "nsjail", nsjail_groups, 1), "bubblewrap": (bubblewrap, "bwrap", None, 1),
    "crun": (oci, "crun", None, 1), "runc": (oci, "runc", None, SLOW_EVERY), "docker": (docker, "docker", docker_image, SLOW_EVERY),
}


def works(way, expect):
    """None, or why not."""
    said = ""
    for command in way:
        try:
            done = subprocess.run([word.replace("{w}", "0") for word in command], capture_output=True, text=True, errors="replace", timeout=30,
                                  env=ENVIRONMENT, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        said += done.stdout
        if done.returncode != 0:
            lines = (done.stderr or done.stdout).strip().splitlines()
            return lines[-1] if lines else f"status {done.returncode}"
    return None if expect in said else "it printed: " + said[:200]


class Command:
    def __init__(self, name, tool, ways, every):
        self.name, self.tool, self.ways, self.every = name, tool, ways, every
        self.compiles = False

    def subject(self, program, folder):
        """Of a program that is compiled, and stands in the folder.  LookupError says why not."""
        why = "no way"
        for way in self.ways(self.tool, folder, words_of(program)):
            why = works(way, program.expect)
            if why is None:
                return Subject(self.name, commands=way, expect=program.expect, every=self.every)
        raise LookupError(why)


# --- servers -----------------------------------------------------------------------------

class Piston:
    name = "Piston"
    compiles = True

    def __init__(self, port):
        self.port = port
        status, answer = Connection(port).get("/api/v2/runtimes")
        if status != 200:
            raise LookupError(f"{status} {answer!r}")
        self.versions = {row["language"]: row["version"] for row in json.loads(answer)}

    def subject(self, program, _folder):
        language = program.piston or program.language
        if language not in self.versions:
            raise LookupError(f"has no {language}")
        body = {"language": language, "version": self.versions[language], "files": [{"name": program.file, "content": program.source}]}
        return Subject(self.name, port=self.port, body=body, expect=program.expect or '"code":0')


class GoJudge:
    name = "go-judge"
    compiles = False  # its clients do it, in requests of their own

    def __init__(self, port):
        self.port = port

    def _file(self, path):
        """Keeps a file there; its id."""
        data = pathlib.Path(path).read_bytes()
        body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + data + b"\r\n--x--\r\n"
        status, answer = Connection(self.port).ask(
            b"POST /file HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        if status != 200:
            raise LookupError(f"{status} {answer!r}")
        return json.loads(answer)

    def subject(self, program, folder):
        names = [program.file] if not program.compile else ["a.out"]
        if program.language == "java":
            names = ["Main.class"]
        files = {name: {"fileId": self._file(pathlib.Path(folder, name))} for name in names}
        body = {"cmd": [{"args": program.run, "env": ["PATH=/usr/bin:/bin"], "files": [{"content": ""}, {"name": "stdout", "max": 65536}, {"name": "stderr", "max": 65536}],
                         "cpuLimit": 10 ** 10, "memoryLimit": 2 * MEMORY, "procLimit": PROCESSES, "copyIn": files}]}
        return Subject(self.name, port=self.port, path="/run", body=body, expect=program.expect or '"exitStatus":0')


MOUNTS = "mount:\n" + "".join(f"  - {{type: bind, source: {path}, target: {path}, readonly: true}}\n" for path in TOOLS) + \
    "".join(f"  - {{type: tmpfs, target: {path}, data: 'size=64m,nr_inodes=4k'}}\n" for path in ("/w", "/tmp")) + \
    "workDir: /w\nhostName: judge\ndomainName: judge\nuid: 1536\ngid: 1536\nproc: true\n"


@contextlib.contextmanager
def go_judge(tool, folder):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    pathlib.Path(folder, "mount.yaml").write_text(MOUNTS)
    server = subprocess.Popen([tool, "-http-addr", f"127.0.0.1:{port}", "-mount-conf", "mount.yaml", "-release", "-silent"], cwd=folder,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 10
        while True:
            try:
                Connection(port)
                break
            except OSError:
                if server.poll() is not None or time.monotonic() > end:
                    raise LookupError("does not start") from None
                time.sleep(0.05)
        yield GoJudge(port)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


@contextlib.contextmanager
def found(options, folder):
    """([peer], {peer: why it is not in the table})"""
    path = os.pathsep.join([*options.peers, ENVIRONMENT["PATH"]])
    peers, absent = [], {}
    with contextlib.ExitStack() as stack:
        if options.piston:
            peers.append(Piston(options.piston))
        else:
            absent["Piston"] = "no port given (--piston)"
        makers = {"go-judge": ("go-judge", lambda tool: stack.enter_context(go_judge(tool, folder)))}
        for name, (ways, program, around, every) in COMMANDS.items():
            def make(tool, name=name, ways=ways, around=around, every=every):
                if around:
                    stack.enter_context(around(tool))
                return Command(name, tool, ways, every)
            makers[name] = (program, make)
        for name, (program, make) in makers.items():
            tool = shutil.which(program, path=path)
            if not tool:
                absent[name] = "not installed"
                continue
            try:
                peers.append(make(tool))
            except LookupError as error:
                absent[name] = str(error)
        yield peers, absent
