#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Kills belljar's processes at random moments under load, again and again; nothing that was accepted may be lost.

    make soak            SOAK_FLAGS="--rounds 100 --seed 7"
"""
import argparse
import pathlib
import random
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from support import faults  # pylint: disable=wrong-import-position
from support.judge0 import Receiver  # pylint: disable=wrong-import-position

VICTIMS = [["server"], ["boxd"], ["server", "boxd"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=24)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    print(f"{options.rounds} rounds, seed {options.seed}", flush=True)
    hook = Receiver()
    with tempfile.TemporaryDirectory(prefix="belljar-soak-") as folder:
        server = faults.start("--data", folder + "/data")
        load = faults.Load(server, options.clients, hook.url)
        killer = faults.Killer(server, options.seed)
        began = time.monotonic()
        for number in range(options.rounds):
            victims = VICTIMS[number % len(VICTIMS)]
            load.more(20)
            killer.round(*victims)
            print(f"round {number + 1}: killed {' and '.join(victims)}; {load.count()} accepted", flush=True)
        load.more(20)
        load.stop()
        load.check()
        hook.wait(len(load.expected), faults.PATIENCE)
        told = [body["token"] for body in hook.bodies()]
        untold = set(load.expected) - set(told)
        code, log = server.stop()
    hook.close()
    faults.check_log(log)
    # A death between an answer and the note of it sends that callback again: no more than what was under way then.
    doubled = len(told) - len(set(told))
    print(f"{len(load.expected)} submissions in {time.monotonic() - began:.0f} s: all over, with their own answers; "
          f"{len(untold)} callbacks lost, {doubled} sent again after a death")
    return 1 if untold or code != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
