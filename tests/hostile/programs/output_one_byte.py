# threat: C5
# defence: cap of each stream
# tries: print single bytes without end
# must: it is stopped at the cap
# expect: {"verdict": "output_limit", "stdout_bytes": 65536}
# request: {"limits": {"output_bytes": 65536}}
# shows: it comes to its end, and the verdict is ok
# off: output
import os
for n in range(1 << 17):
    os.write(1, b"x")
