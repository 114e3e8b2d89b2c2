# tries: SIGSTOP itself
# must: the wall limit ends it
# expect: {"status": "TO", "message": "Time limit exceeded (wall clock)"}
# request: {"run_timeout": 700}
import os, signal
os.kill(os.getpid(), signal.SIGSTOP)
print('LEAK: went on')
