# threat: E2
# defence: a program's environment is built, not inherited
# tries: read every environment, command line and auxiliary vector that it can reach
# must: only what a box gives: no setting of belljar's, nothing of who started it, nobody's secrets
# hides: hostname operator
import os
allowed = {"PATH", "HOME", "LANG", "USER", "LOGNAME", "PWD", "TERM", "SHLVL", "_", "TMPDIR", "OLDPWD", "SHELL", "LC_CTYPE", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE",
           "PISTON_LANGUAGE", "LIBC_FATAL_STDERR_"}
for pid in sorted(name for name in os.listdir("/proc") if name.isdigit()) + ["1"]:
    for name in ("environ", "cmdline", "auxv"):
        try:
            data = open(f"/proc/{pid}/{name}", "rb").read()
        except OSError:
            continue
        print(pid, name, data[:2000])
        if pid == "1":
            print("LEAK: init's", name)
        for word in (b"BELLJAR", b"PASS", b"TOKEN", b"SECRET", b"REDIS", b"POSTGRES", b"AUTH", b"SSH_", b"SUDO", b"NOTIFY_SOCKET", b"LISTEN_FDS"):
            if name == "environ" and word in data.upper():
                print("LEAK:", word, "in", name, "of", pid)
for name in os.environ:
    if name not in allowed:
        print("LEAK: variable", name)
print("held")
