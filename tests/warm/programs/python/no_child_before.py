import os

try:
    os.wait()
except ChildProcessError as problem:
    print(problem)
print(open("/proc/thread-self/children").read() if os.path.exists("/proc/thread-self/children") else "")
print(sorted(name for name in os.listdir("/proc") if name.isdigit() and name != str(os.getpid())))
