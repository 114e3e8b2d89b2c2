# threat: A4
# defence: files are collected by the program's own id, without following links
# tries: have links to secrets, devices and /proc brought back as its artifacts
# must: only the regular file comes back
# shows: any other artifact
# request: {"artifacts": ["out*", "d"]}
# expect: {"verdict": "ok", "has": "held", "artifacts": [[{"path": "out", "content": "mine", "encoding": "utf8", "size": 4}]], "artifacts_truncated": false}
# off: collect-links
import os, socket
for n, target in enumerate(("/etc/passwd", "/etc/shadow", "/proc/self/environ", "/proc/1/environ", "/proc/self/mem", "/dev/zero", "/dev/urandom",
                            "/proc/self/root/etc/passwd", "out", "../etc/passwd", "/box/out/.", "/dev/stdin", "/dev/fd/0", "out-3")):
    os.symlink(target, "out-%d" % n)
os.mkdir("d")
os.symlink("/etc", "d/etc")
os.symlink("/proc/self/root", "d/root")
os.symlink(".", "d/again")
os.symlink("/", "out-dir")
os.mkfifo("out-fifo")
socket.socket(socket.AF_UNIX).bind("out-socket")
open("out", "w").write("mine")
print("held")
