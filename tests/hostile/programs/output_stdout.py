# threat: C5
# defence: cap of each stream
# tries: print without end on stdout
# must: what was printed up to the cap is kept, then it is stopped
# expect: {"verdict": "output_limit", "stdout_bytes": 65536}
# request: {"limits": {"output_bytes": 65536}}
# shows: it comes to its end, and the verdict is ok
# off: output
import sys
for n in range(256):
    sys.stdout.write("y" * 1000 + "\n")
