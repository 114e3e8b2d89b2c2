# threat: E1
# defence: a masked /proc of its own
# tries: read every file of /proc
# must: no other process, no host path, nothing that names the host
# control: bare
# off: proc-mask utsns cgroupns
import os, socket
pids = [p for p in os.listdir("/proc") if p.isdigit()]
if len(pids) > 3:
    print("LEAK: processes", pids)
for name in ("kcore", "kmsg", "sysrq-trigger", "kallsyms", "timer_list", "keys", "key-users", "cmdline", "modules",
             "partitions", "diskstats", "interrupts", "config.gz", "sys/kernel/random/boot_id", "1/environ", "1/mem",
             "1/maps", "1/root", "1/cwd", "1/exe", "1/fd"):
    path = "/proc/" + name
    try:
        data = os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(200)
        if data:
            print("LEAK:", path, data[:60])
    except OSError:
        pass
mounts = open("/proc/self/mountinfo").read()
for word in ("/home", "upperdir=/", "docker", "ext4", "belljar-"):
    if word in mounts:
        print("LEAK: mountinfo has", word)
for line in open("/proc/self/cgroup"):
    if "belljar" in line or "box-" in line:
        print("LEAK: cgroup", line)
if socket.gethostname() != "belljar":
    print("LEAK: host name", socket.gethostname())
print("held")
