import os
import sys

if len(sys.argv) == 1:
    os.execv(sys.executable, [sys.executable, sys.argv[0], "again"])
print(sys.argv, os.getcwd(), sorted(int(name) for name in os.listdir("/proc/self/fd"))[:3])
