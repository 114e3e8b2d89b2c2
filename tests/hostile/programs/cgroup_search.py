# threat: D9
# defence: no cgroup file system and no sysfs in a box; /proc/sys is read-only
# tries: find release_agent, cgroup.procs, uevent_helper, core_pattern and binfmt_misc, and write to them
# must: none is there, or none can be opened for writing
# control: bare
import os
for folder in ("/sys", "/sys/fs/cgroup", "/proc/sys/fs/binfmt_misc", "/cgroup", "/dev/cgroup", "/sys/kernel/debug", "/sys/kernel/security"):
    if os.path.isdir(folder) and os.listdir(folder):
        print("LEAK:", folder, os.listdir(folder)[:5])
found = []
for folder, folders, names in os.walk("/"):
    if folder == "/proc":
        folders[:] = []
    if folder.startswith(("/usr", "/lib")):
        folders[:] = []
        continue
    found += [folder + "/" + one for one in names if one in ("release_agent", "cgroup.procs", "tasks", "notify_on_release", "devices.allow", "uevent_helper")]
    if len(found) > 10:
        break
print("LEAK: cgroup files" if found else "no cgroup files", found)
for name in ("kernel/core_pattern", "kernel/modprobe", "kernel/hotplug", "kernel/poweroff_cmd", "kernel/usermodehelper/bset",
             "kernel/ns_last_pid", "fs/binfmt_misc/register", "vm/panic_on_oom", "kernel/sysrq", "fs/suid_dumpable"):
    try:
        os.close(os.open("/proc/sys/" + name, os.O_WRONLY))
        print("LEAK:", name, "can be opened for writing")
    except OSError:
        pass
print("held")
