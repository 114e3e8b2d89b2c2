import os
print sorted(os.environ.items()), os.getcwd(), open("/proc/self/cmdline").read()
