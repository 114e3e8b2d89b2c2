import signal

for number in sorted(signal.valid_signals()):
    print(number, signal.getsignal(number))
print(signal.pthread_sigmask(signal.SIG_BLOCK, []), signal.sigpending(), signal.getitimer(signal.ITIMER_REAL))
print([line for line in open("/proc/self/status") if line.startswith(("Sig", "Shd")) and "SigQ" not in line])
