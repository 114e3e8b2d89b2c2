import os
import signal

got = []
for number in signal.SIGCONT, signal.SIGUSR1, signal.SIGALRM:
    signal.signal(number, lambda number, frame: got.append(number))
print(got)
os.kill(os.getpid(), signal.SIGUSR1)
os.kill(os.getpid(), signal.SIGCONT)
signal.setitimer(signal.ITIMER_REAL, 0.001)
while len(got) < 3:
    signal.pause()
print(got)
