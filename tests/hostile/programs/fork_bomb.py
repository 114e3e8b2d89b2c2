# tries: fork without end, each child in a session of its own
# must: the process limit holds and the wall limit ends it
# expect: {"status": "TO", "message": "Time limit exceeded (wall clock)"}
# request: {"run_timeout": 1000}
import os
while True:
    try:
        if os.fork() == 0:
            os.setsid()
    except OSError:
        pass
