# threat: D9
# defence: a cgroup namespace whose root is the box's leaf
# tries: read the cgroup paths of all that it can see
# must: "/" for each hierarchy: no name of the host's, no number of the box
# hides: cgroup hostname operator
# off: cgroupns
import os
for pid in [name for name in os.listdir("/proc") if name.isdigit()] + ["self", "thread-self"]:
    try:
        for line in open(f"/proc/{pid}/cgroup"):
            print(line.rstrip())
            if line.rstrip().split(":", 2)[2] != "/":
                print("LEAK: a cgroup path:", line.rstrip())
    except OSError:
        pass
for line in open("/proc/self/mountinfo"):
    if " - cgroup" in line:
        print("LEAK: a cgroup mount:", line.rstrip())
print("held")
