# tries: print single bytes without end
# must: it is stopped at the cap
# expect: {"status": "OL", "stdout_bytes": 65536}
# request: {"run_timeout": 3000}
import os
while True:
    os.write(1, b"x")
