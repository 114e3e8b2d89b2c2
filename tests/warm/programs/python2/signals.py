import signal
for n in range(1, 32):
    print n, signal.getsignal(n)
