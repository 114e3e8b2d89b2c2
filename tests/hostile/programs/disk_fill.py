# threat: A7
# defence: size of the tmpfs
# tries: fill every writable place
# must: ENOSPC at the disk limit
# request: {"limits": {"wall_ms": 3000}}
# off: disk-size
import errno, os
total = 0
for place in ("/box", "/tmp", "/dev/shm", "/var/tmp"):
    for n in range(10):
        try:
            with open(f"{place}/fill{n}", "wb") as f:
                while total < 192 << 20:
                    total += f.write(b"\1" * (1 << 20))
        except OSError as e:
            if e.errno not in (errno.ENOSPC, errno.EFBIG):
                print("LEAK: wrong error", e)
print("LEAK: wrote 192 MiB" if total >= 192 << 20 else f"held at {total}")
