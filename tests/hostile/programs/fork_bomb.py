# threat: B1
# defence: limit of processes
# tries: fork as fast as it can, each child in a session of its own that goes on forking
# must: the process limit holds, and the wall limit ends it
# shows: three hundred living processes
# request: {"limits": {"wall_ms": 1000}}
# expect: {"verdict": "wall_time_limit", "lacks": "LEAK"}
# needs: process limit
# off: processes
# control: bare
import os, time
# A byte is the right to one process; without a limit there are no more than these.
take, give = os.pipe()
os.write(give, b"x" * 300)
os.set_blocking(take, False)
while True:
    try:
        os.read(take, 1)
    except BlockingIOError:
        print("LEAK: 300 processes", flush=True)
        break
    try:
        if os.fork() == 0:
            os.setsid()
    except OSError:
        os.write(give, b"x")
time.sleep(2)
