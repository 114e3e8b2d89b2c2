# threat: C4
# defence: wall limit
# tries: SIGSTOP itself
# must: the wall limit ends it
# expect: {"verdict": "wall_time_limit"}
# request: {"limits": {"wall_ms": 700}}
import os, signal
os.kill(os.getpid(), signal.SIGSTOP)
print('LEAK: went on')
