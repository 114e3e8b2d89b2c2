# threat: E1
# defence: a pid namespace of the box's own; /proc hides what is of another id
# tries: list, guess and enter every process of /proc, by signals too
# must: its own processes alone; init is there and cannot be seen
# off: proc-hide
import os
ours = {os.getpid(), os.getppid()} | {int(name) for name in os.listdir("/proc/self/task")}
seen = [int(name) for name in os.listdir("/proc") if name.isdigit()]
for pid in range(1, 5000):
    if pid in ours - {1}:
        continue
    if pid in seen:
        print("LEAK: /proc lists", pid)
    for name in ("status", "cmdline", "stat", "environ", "cgroup", "mountinfo", "ns/pid", "comm", "limits"):
        path = f"/proc/{pid}/{name}"
        if os.path.lexists(path):
            print("LEAK:", path, "is there")
    if pid != 1:
        try:
            os.kill(pid, 0)
            print("LEAK: process", pid)
        except ProcessLookupError:
            pass
        except PermissionError:
            print("LEAK: process", pid, "of another id")
print("held")
