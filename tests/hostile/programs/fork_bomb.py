# threat: B1
# defence: limit of processes
# tries: fork without end, each child in a session of its own
# must: the process limit holds and the wall limit ends it
# expect: {"verdict": "wall_time_limit"}
# request: {"limits": {"wall_ms": 1000}}
import os
while True:
    try:
        if os.fork() == 0:
            os.setsid()
    except OSError:
        pass
