# threat: A1
# defence: a read-only root and /proc
# tries: write to /proc and to read-only places
# must: refused everywhere
import os
for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sysrq-trigger", "/proc/sys/vm/drop_caches",
             "/proc/1/oom_score_adj", "/proc/1/comm", "/proc/sys/user/max_user_namespaces", "/proc/sys/net/ipv4/ip_forward"):
    try:
        fd = os.open(path, os.O_WRONLY)
        os.write(fd, b"x")
        print("LEAK:", path)
    except OSError:
        pass
for path in ("/", "/usr", "/usr/bin", "/etc", "/dev", "/bin/", "/proc", "/var", "/run", "/opt", "/home", "/root", "/mnt"):
    try:
        fd = os.open(path + "/belljar-leak", os.O_WRONLY | os.O_CREAT)
        print("LEAK: wrote below", path)
        os.unlink(path + "/belljar-leak")
    except OSError:
        pass
print("held")
