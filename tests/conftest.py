# SPDX-License-Identifier: Apache-2.0
"""What all API tests share: the folder of this file is on the path, so that `support` can be imported."""
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from support.server import BUILD  # pylint: disable=wrong-import-position

COVERAGE_FD = 900  # tests/coverage/dump.c


def pytest_configure():
    # Who was started in the background has SIGINT ignored, and so would have all that tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # A box's init has no other way to the counts of a build with b_coverage.
    if (BUILD / "coverage").is_dir():
        opened = os.open(BUILD / "coverage", os.O_RDONLY | os.O_DIRECTORY)
        os.dup2(opened, COVERAGE_FD, inheritable=True)
        os.close(opened)
