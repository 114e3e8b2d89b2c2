# threat: D1
# defence: /proc/sys is read-only and the user namespace is not the program's
# tries: raise the numbers of namespaces that the box may have, and read what they are
# must: none can be written; that of user namespaces is 0
# needs: no nested namespaces
# off: nested
import os
folder = "/proc/sys/user"
for name in sorted(os.listdir(folder)):
    path = folder + "/" + name
    try:
        with open(path, "w") as one:
            one.write("100")
        print("LEAK:", path, "can be written")
    except OSError:
        pass
if open(folder + "/max_user_namespaces").read().strip() != "0":
    print("LEAK: user namespaces are allowed")
for name in ("uid_map", "gid_map", "setgroups"):
    try:
        with open("/proc/self/" + name, "w") as one:
            one.write("0 0 1\n")
        print("LEAK:", name, "was written")
    except OSError:
        pass
print("held")
