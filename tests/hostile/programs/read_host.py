# threat: A1
# defence: a root that holds only what is listed
# tries: read host files: shadow, the host's passwd, logs, homes
# must: none is there
# control: bare
import os
for path in ("/etc/shadow", "/etc/gshadow", "/root", "/var/log", "/home", "/run/systemd",
             "/etc/ssh", "/etc/machine-id", "/boot", "/var/run/docker.sock", "/run/belljar", "/sys/class", "/sys/kernel"):
    try:
        if os.path.isdir(path):
            names = set(os.listdir(path)) - {".bashrc", ".profile"}  # as each Debian, and a package of one, begins
            if names:
                print("LEAK:", path, sorted(names)[:5])
        else:
            print("LEAK:", path, open(path, "rb").read(20))
    except OSError:
        pass
if "daemon:" in open("/etc/passwd").read():
    print("LEAK: the host's passwd")
print("held")
