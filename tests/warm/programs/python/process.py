import os

print(os.getppid(), os.getpgrp(), os.getpgid(0) == os.getpid(), os.getsid(0), os.getresuid(), os.getresgid(), os.getgroups())
old = os.umask(0)
print(oct(old), os.nice(0), os.sched_getscheduler(0), len(os.sched_getaffinity(0)), os.cpu_count())
for name in "oom_score_adj", "timerslack_ns", "personality", "attr/current", "coredump_filter", "cgroup", "loginuid":
    try:
        print(name, open("/proc/self/" + name).read())
    except OSError as problem:
        print(name, problem)
