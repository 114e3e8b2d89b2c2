# SPDX-License-Identifier: Apache-2.0
"""Many jobs leave nothing behind.  A million of them: make soak-jobs."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "soak"))

import growth  # pylint: disable=wrong-import-position


def test_thousands_of_jobs_and_nothing_grows():
    found, wrong = growth.check(3000, 8)
    assert not wrong
    assert not found


def test_growth_is_seen():
    before = {"cgroups": [], "memory": {7: 1 << 20}}
    assert not growth.grown(before, {"cgroups": [], "memory": {7: 1 << 20}})
    assert growth.grown(before, {"cgroups": ["box-1"], "memory": {7: 1 << 20}})
    assert growth.grown(before, {"cgroups": [], "memory": {7: 3 << 20}})
