# tries: print without end on stdout
# must: what was printed up to the cap is kept, then it is stopped
# expect: {"status": "OL", "message": "stdout length exceeded", "stdout_bytes": 65536}
import sys
while True:
    sys.stdout.write("y" * 1000 + "\n")
