# threat: E1
# defence: a /proc of the box's own with masks over what is the host's; no /sys
# tries: print every file below /proc and /sys that it can read
# must: nothing that names the host, its processes, or where the box lies in it
# hides: hostname boot_id machine_id mac cgroup kernel_pointer operator
# request: {"limits": {"output_bytes": 4194304}}
# off: proc-mask
import os
BIG = 20000
masked = ("buddyinfo", "cgroups", "cmdline", "config.gz", "diskstats", "interrupts", "kallsyms", "locks", "key-users", "keys", "modules",
          "schedstat", "partitions", "softirqs", "vmstat", "zoneinfo", "timer_list", "sched_debug", "kcore", "kmsg", "slabinfo",
          "pagetypeinfo", "kpagecount", "kpageflags", "kpagecgroup", "vmallocinfo", "sys/kernel/random/boot_id")
for top in ("/proc", "/sys"):
    for folder, folders, names in os.walk(top):
        folders[:] = [one for one in folders if one not in ("task", "map_files") and not os.path.islink(folder + "/" + one)]
        for name in sorted(names):
            path = folder + "/" + name
            if name in ("kmsg", "mem", "pagemap", "trace_pipe", "clear_refs"):
                continue
            try:
                fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
                data = os.read(fd, BIG)
                os.close(fd)
            except OSError:
                continue
            if path[6:] in masked and data.strip():
                print("LEAK:", path, "is not empty")
            print(f"== {path}\n{data.decode(errors='replace')}")
print("held")
