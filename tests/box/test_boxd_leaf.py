# SPDX-License-Identifier: Apache-2.0
"""A cgroup leaf that is given on from box to box (v1) tells nothing of the box before.

One more box is there all the time: the last one takes all leaves with it.
"""
import pytest

from support import boxd as support
from support.boxd import MIB, maxima

HOG = ["/usr/bin/perl", "-e", "$x = 'a' x (100 << 20); $x =~ tr/a/b/ for 1 .. 3;"]
KILLED = ["/usr/bin/perl", "-e", "$x = 'a' x (900 << 20);"]
FORKS = ["/usr/bin/perl", "-e", "for (1 .. 40) { defined(my $p = fork) or last; if (!$p) { sleep 60 } }"]
FILLED = ["/usr/bin/dd", "if=/dev/zero", "of=/box/file", "bs=1M", "count=40", "status=none"]
KEPT = ["/usr/bin/sleep", "1000"]


@pytest.fixture(name="boxd")
def start_boxd():
    with support.started(cgroups=True) as boxd:
        with boxd.create(3):
            yield boxd


def figures(boxd):
    ended, _, _ = boxd.run(["/t/do_nothing"])
    return ended


@pytest.mark.parametrize("argv", [HOG, KILLED, FORKS, FILLED, KEPT], ids=["hog", "killed", "forks", "filled", "kept"])
def test_the_next_box_counts_for_itself_alone(boxd, argv):
    boxd.run(argv, wall_ms=500 if argv is KEPT else 20000, limits=maxima(memory=256 * MIB, processes=20))
    for _ in range(3):
        ended = figures(boxd)
        assert (ended["end"], ended["status"], ended["oom_kills"], ended["process_limit_hits"]) == (support.END_EXIT, 0, 0, 0)
        assert ended["cpu_ns"] < 100_000_000
        assert ended["peak"] < 8 * MIB


def test_the_next_box_is_held_by_its_own_limits(boxd):
    for memory, expected in ((32, support.END_MEMORY), (512, support.END_EXIT), (32, support.END_MEMORY), (512, support.END_EXIT)):
        boxd.run(["/t/do_nothing"], limits=maxima(memory=memory * MIB, processes=memory))
        ended, _, _ = boxd.run(HOG, limits=maxima(memory=memory * MIB))
        assert ended["end"] == expected


def test_no_leaf_stays_behind_the_last_box(boxd):
    for _ in range(5):
        figures(boxd)
    boxd.destroy(3)
    assert not boxd.leaves()
