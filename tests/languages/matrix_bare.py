# SPDX-License-Identifier: Apache-2.0
"""How long a runtime's hello takes without belljar: the same commands, in the same layers, by the same user, without a box.

As a program (matrix_bare.py JSON, in namespaces of its own): mounts the layers, goes in, and runs the commands once for each
line on stdin; answers with milliseconds, or with what went wrong.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from check_recipes import ENV, TOOL_DIRS

UID = 1000
DEVICES = {"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9}


class Bare:
    def __init__(self, row):
        manifest = row.manifest
        self.folder = tempfile.TemporaryDirectory(prefix="belljar-bare-")
        facts = {"root": self.folder.name, "layers": [str(row.store / "layers" / str(n)) for n in manifest["layers"]],
                 "commands": commands(row, manifest), "env": environment(row), "compile_env": compile_environment(row),
                 "file": row.recipe["file"], "source": row.tests["hello"], "says": row.tests.get("says", "Hello, World!\n")}
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--propagation", "private", sys.executable, __file__, json.dumps(facts)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def milliseconds(self):
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        said = json.loads(self.process.stdout.readline() or '"it ended"')
        if isinstance(said, str):
            raise RuntimeError(f"without a box: {said}")
        return said

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def prepared(row, manifest):
    """What the placeholders of what was made at the installation stand for; {}: there is nothing."""
    def there(name):
        return any((row.store / "layers" / str(n) / row.home[1:] / name).exists() for n in manifest["layers"])
    if "prepare" not in row.recipe or not there("prepared"):
        return {}
    return {"{prepared}": f"{row.home}/prepared", **({"{base}": f"{row.home}/prepared-base"} if there("prepared-base") else {})}


def expanded(words, values):
    found = []
    for word in words:
        for key, value in values.items():
            word = word.replace(key, value)
        if "{prepared}" not in word and "{base}" not in word:
            found.append(word)
    return found


def commands(row, manifest):
    """The compile and the run command, as far as there is one."""
    main = row.recipe["file"]
    stem = main.rpartition(".")[0] or main
    made = prepared(row, manifest)
    recipe = {**row.recipe, **(row.recipe.get("prepared", {}) if made else {})}
    values = {"{tool}": manifest.get("tool", ""), "{main}": main, "{stem}": stem, "{sources}": main, "{home}": row.home, **made}
    found = [expanded([word for word in recipe[kind] if word not in ("{args}", "{compile_args}")], values)
             for kind in ("compile", "run") if recipe.get(kind)]
    beside = os.path.dirname(manifest.get("tool", "/usr/bin/x"))
    for argv in found:
        if "/" not in argv[0]:
            argv[0] = program(row, manifest, argv[0], beside)
    return found


def program(row, manifest, name, beside):
    for directory in (beside, *TOOL_DIRS):
        for number in manifest["layers"]:
            if os.path.lexists(row.store / "layers" / str(number) / directory[1:] / name):
                return f"{directory}/{name}"
    return name


def environment(row):
    made = prepared(row, row.manifest)
    return {**ENV, **dict(word.split("=", 1) for word in expanded(row.recipe.get("env", []), {"{home}": row.home, **made}))}


def compile_environment(row):
    made = prepared(row, row.manifest)
    return {**environment(row), **dict(word.split("=", 1) for word in expanded(row.recipe.get("compile_env", []), {"{home}": row.home, **made}))}


# --- in the namespaces ------------------------------------------------------------------------


def mount(*words):
    subprocess.run(["mount", *words], check=True)


def enter(facts):
    """Goes into the layers, as who runs programs."""
    root = pathlib.Path(facts["root"])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", str(root))
    guest, inside = root / "guest", root / "inside"
    for place in ("box", "dev", "proc", "tmp", "etc"):
        guest.joinpath(place).mkdir(parents=True)
    guest.joinpath("etc/passwd").write_text("root:x:0:0:root:/:/bin/sh\nprogram:x:1000:1000:program:/tmp:/bin/sh\n")
    guest.joinpath("etc/group").write_text("root:x:0:\nprogram:x:1000:\n")
    inside.mkdir()
    mount("-t", "overlay", "-o", "userxattr,lowerdir=" + ":".join([str(guest), *facts["layers"]]), "overlay", str(inside))
    for place, mode in (("box", "755"), ("tmp", "1777"), ("dev", "755")):
        mount("-t", "tmpfs", "-o", f"mode={mode}", "tmpfs", str(inside / place))
    mount("-t", "proc", "proc", str(inside / "proc"))
    for name, minor in DEVICES.items():
        os.mknod(inside / "dev" / name, 0o020666, os.makedev(1, minor))
        os.chmod(inside / "dev" / name, 0o666)
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink(target, inside / "dev" / name)
    (inside / "dev/shm").mkdir(mode=0o777)
    os.chown(inside / "box", UID, UID)
    os.chroot(inside)
    os.chdir("/box")
    os.setgroups([])
    os.setresgid(UID, UID, UID)
    os.setresuid(UID, UID, UID)


def clear(directory):
    for entry in list(os.scandir(directory)):
        if entry.is_dir(follow_symlinks=False):
            clear(entry.path)
            os.rmdir(entry.path)
        else:
            os.unlink(entry.path)


def spawned(argv, env):
    """(status, stdout, stderr)"""
    null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    files = [null, *(os.open("/tmp", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600) for _ in range(2))]
    try:
        actions = [(os.POSIX_SPAWN_DUP2, file, number) for number, file in enumerate(files)]
        _, status = os.waitpid(os.posix_spawn(argv[0], argv, env, file_actions=actions), 0)
        return os.waitstatus_to_exitcode(status), *(os.pread(file, 1 << 16, 0) for file in files[1:])
    finally:
        for file in files:
            os.close(file)


def once(facts):
    """Milliseconds, or what went wrong."""
    clear("/box")
    clear("/tmp")
    with open(facts["file"], "w", encoding="utf-8") as file:
        file.write(facts["source"])
    begin = time.perf_counter()
    for number, argv in enumerate(facts["commands"]):
        env = facts["compile_env"] if number + 1 < len(facts["commands"]) else facts["env"]
        try:
            status, output, errors = spawned(argv, env)
        except OSError as e:
            return f"{argv[0]}: {e}"
        if status != 0:
            return f"{' '.join(argv)}: status {status}: {(output + errors)[-300:].decode(errors='replace')}"
    took = (time.perf_counter() - begin) * 1000
    return took if output.decode(errors="replace") == facts["says"] else f"it prints {output[-300:]!r}"


def main():
    facts = json.loads(sys.argv[1])
    enter(facts)
    for _ in sys.stdin:
        print(json.dumps(once(facts)), flush=True)


if __name__ == "__main__":
    main()
