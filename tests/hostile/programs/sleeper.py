# threat: C4
# defence: wall limit
# tries: sleep beyond the wall limit
# must: it is stopped on time, and little CPU is told
# expect: {"verdict": "wall_time_limit", "lacks": "LEAK", "cpu_ms_below": 1000}
# request: {"limits": {"wall_ms": 700}}
# off: wall-time
import time
time.sleep(2)
print("LEAK: it lived for 2 s")
