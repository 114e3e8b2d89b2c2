# threat: A7
# defence: attributes count as memory of the box, and as inodes of its tmpfs
# tries: keep data in extended attributes and in long links, where no file size shows it
# must: no more of it than limits.memory_bytes
# request: {"limits": {"memory_bytes": 33554432, "files": 4096}}
# expect: {"verdict": ["ok", "memory_limit"], "lacks": "LEAK"}
# needs: memory limit
import os
held = 0
for n in range(4000):
    name = "/tmp/%d" % n
    try:
        os.symlink("x" * 4090, name + "l")
        held += 4090
        open(name, "w").close()
        for key in range(4):
            os.setxattr(name, "user.%d" % key, b"x" * 60000)
            held += 60000
    except OSError:
        pass
    if held > 64 << 20:
        print("LEAK: 64 MiB in attributes and links")
        break
print("held:", held)
