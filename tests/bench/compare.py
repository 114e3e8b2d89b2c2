#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make bench --compare OLD.json: what has become worse by more than a tenth.

Ratios are compared (belljar's figure to the bare one of the same run), so that files of different machines, and of noisy
ones, may be.  What only one of the two has measured is said, and is no failure: a run may be of some parts.
"""
import json
import pathlib
import sys

ALLOWED = 0.10


def worse_by(old, new, better):
    """By what part of the old figure; negative: it has become better."""
    if old == new:
        return 0.0
    if old <= 0 or new <= 0:
        raise ValueError(f"a ratio is {old if old <= 0 else new}")
    return new / old - 1 if better == "lower" else old / new - 1


def compare(old, new):
    """(lines, whether it passes): of two of the files that --json writes."""
    before, after = old.get("ratios", {}), new.get("ratios", {})
    both = [name for name in before if name in after]
    if not both:
        return ["compare: the two runs have no figure in common"], False
    lines, failed = [], 0
    for name in both:
        (was, better), (now, better_now) = before[name], after[name]
        if better != better_now or better not in ("lower", "higher"):
            raise ValueError(f"{name}: better is '{better}' in one file and '{better_now}' in the other")
        change = worse_by(was, now, better)
        if change > ALLOWED:
            failed += 1
            lines.append(f"compare: WORSE by {change:.0%}: {name}: {was:.3g} -> {now:.3g}")
    only = [name for name in before if name not in after]
    if only:
        lines.append(f"compare: not measured this time: {', '.join(only)}")
    lines.append(f"compare: {len(both)} ratios, {failed} worse by more than {ALLOWED:.0%}")
    return lines, failed == 0


def main(arguments):
    """compare.py OLD.json NEW.json: the same of two runs that are over."""
    if len(arguments) != 2:
        print("usage: compare.py OLD.json NEW.json", file=sys.stderr)
        return 2
    lines, passed = compare(*(json.loads(pathlib.Path(name).read_text()) for name in arguments))
    print("\n".join(lines))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
