# SPDX-License-Identifier: Apache-2.0
"""The belljar command for tests: found in the build tree, with nothing of our own settings in its environment."""
import os
import subprocess

from support.server import BUILD, cannot, clean_environment

BELLJAR = str(BUILD / "belljar")


def environment(**more):
    """Without colours, and without what the host or the user has configured."""
    kept = {name: value for name, value in clean_environment().items()
            if name not in ("PORT", "MAX_CONCURRENT", "DEFAULT_CPU_LIMIT", "DEFAULT_MEMORY_LIMIT", "RUNTIME_DIR",
                            "FORCE_COLOR")}
    if os.geteuid() != 0:
        kept["BELLJAR_SANDBOX_REQUIRE"] = "none"  # known: an ordinary user's boxes may lack cgroups
    return {**kept, "BELLJAR_CONFIG": "/dev/null", **more}


def belljar(*words, program=BELLJAR, input="", env=None, cwd=None, text=True, timeout=120):
    """Runs `belljar WORDS` to its end; input: what it reads, or an open file."""
    given = {"input": input} if isinstance(input, (str, bytes)) else {"stdin": input}
    if not text and input == "":
        given = {"input": b""}
    return subprocess.run([program, *map(str, words)], capture_output=True, text=text, cwd=cwd, timeout=timeout,
                          env=environment(**(env or {})), **given)


def needs_boxes():
    """Skips where belljar cannot start a box at all; MUST_WORK=1 makes that a failure."""
    done = belljar("run", "--time", "20s", "-l", "bash", "-", input="echo works")
    if done.returncode != 0 or done.stdout != "works\n":
        cannot(f"belljar cannot start a box here: {done.stderr.strip()}")
