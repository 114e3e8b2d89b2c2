# tries: sleep beyond the wall limit
# must: it is stopped on time, and little CPU is told
# expect: {"status": "TO", "message": "Time limit exceeded (wall clock)", "cpu_below": 1000}
# request: {"run_timeout": 700}
import time
time.sleep(60)
