# tries: ignore every signal and sleep
# must: the wall limit ends it
# expect: {"status": "TO", "message": "Time limit exceeded (wall clock)"}
# request: {"run_timeout": 700}
import signal, time
for n in range(1, 65):
    try:
        signal.signal(n, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
time.sleep(60)
