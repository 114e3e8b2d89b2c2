# threat: C6
# defence: non-blocking writes
# tries: read one byte of a megabyte, then sleep
# must: the wall limit ends it
# expect: {"verdict": "wall_time_limit"}
# stdin_size: 1000000
# request: {"limits": {"wall_ms": 700}}
import os, time
os.read(0, 1)
time.sleep(60)
