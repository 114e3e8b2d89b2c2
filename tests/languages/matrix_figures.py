# SPDX-License-Identifier: Apache-2.0
"""How long the hello of a row takes: the bare commands, a server that makes nothing ahead, and one as it comes; in turns."""
import json
import statistics
import time

from matrix_bare import Bare
from matrix_checks import need
from serving import Connection
from support.native import EXECUTIONS

ROUNDS, LEAST_ROUNDS, SECONDS = 7, 3, 5
# What is torn down behind an answer, and made ahead for the next, is not part of it; of a start so many times.
PAUSE_MS, PAUSE_TIMES = 20, 2


class Asked:
    """A hello asked of a server, with nothing but defaults."""

    def __init__(self, server, row, version):
        self.connection = Connection(server.port)
        self.says = row.tests.get("says", "Hello, World!\n")
        self.body = json.dumps({"language": row.recipe["language"], "version": version, "wait": True,
                                "files": [{"path": row.recipe["file"], "content": row.tests["hello"]}]}).encode()

    def milliseconds(self):
        begin = time.perf_counter()
        status, data = self.connection.post(EXECUTIONS, self.body)
        took = (time.perf_counter() - begin) * 1000
        answer = json.loads(data)
        need(status == 200 and answer["run"] and answer["run"]["stdout"] == self.says,
             f"{status}: {answer.get('verdict')} ({answer.get('reason', answer)})")
        return took

    def close(self):
        self.connection.socket.close()


def figures(row, warm_server, cold_server):
    """{"bare", "cold", "warm": median milliseconds}"""
    version = row.manifest["version"]
    times = {"bare": [], "cold": [], "warm": []}
    with Bare(row) as bare:
        asked = {"bare": bare, "cold": Asked(cold_server, row, version), "warm": Asked(warm_server, row, version)}
        for one in asked.values():  # the first is slower for each
            one.milliseconds()
        end = time.monotonic() + SECONDS
        while len(times["warm"]) < LEAST_ROUNDS or len(times["warm"]) < ROUNDS and time.monotonic() < end:
            for name, one in asked.items():
                times[name].append(one.milliseconds())
                time.sleep((PAUSE_MS + PAUSE_TIMES * min(times["cold"], default=0)) / 1000 if name != "warm" else PAUSE_MS / 1000)
        for name in ("cold", "warm"):
            asked[name].close()
    return {name: round(statistics.median(found), 2) for name, found in times.items()}
