# SPDX-License-Identifier: Apache-2.0
"""The interpreters of src/languages, run directly: those of the build, and those with sanitizers where that build is there."""
import os
import pathlib
import resource
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BELLJAR_BUILD", ROOT / "build"))
BUILDS = [build / "src/languages" for build in (BUILD, BUILD.with_name(BUILD.name + "-asan"))
          if (build / "src/languages/brainfuck").exists()]


class Ran:
    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr.decode(errors="replace")

    @property
    def text(self):
        return self.out.decode()


def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@pytest.fixture(params=BUILDS, ids=lambda path: path.parents[1].name)
def run(request, tmp_path):
    """run(language, program, stdin=b"") runs a program; no sanitizer may have found anything."""
    def run_program(language, program, stdin=b"", args=None, expect=None):
        path = tmp_path / "program"
        path.write_bytes(program if isinstance(program, bytes) else program.encode())
        stdin = stdin if isinstance(stdin, bytes) else stdin.encode()
        environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0:exitcode=99", UBSAN_OPTIONS="halt_on_error=1:exitcode=99")
        ran = Ran(subprocess.run([request.param / language, *(args if args is not None else [path])], input=stdin, check=False,
                                 capture_output=True, timeout=60, env=environment, preexec_fn=limit))
        assert ran.status >= 0, f"ended by signal {-ran.status}: {ran.err}"
        assert "Sanitizer" not in ran.err and "runtime error" not in ran.err, ran.err
        if expect is not None:
            assert ran.status == expect, ran.err
        return ran
    return run_program
