# tries: print without end on stderr
# must: what was printed up to the cap is kept, then it is stopped
# expect: {"status": "EL", "message": "stderr length exceeded", "stderr_bytes": 65536}
import sys
while True:
    sys.stderr.write("y" * 1000 + "\n")
