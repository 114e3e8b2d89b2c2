# threat: C4
# defence: wall limit
# tries: ignore every signal and sleep
# must: the wall limit ends it
# expect: {"verdict": "wall_time_limit", "lacks": "LEAK"}
# request: {"limits": {"wall_ms": 700}}
# off: wall-time
import signal, time
for n in range(1, 65):
    try:
        signal.signal(n, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
time.sleep(2)
print("LEAK: it lived for 2 s")
