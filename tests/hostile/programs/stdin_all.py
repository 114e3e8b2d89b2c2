# threat: C6
# defence: non-blocking writes
# tries: read a megabyte to its end
# must: every byte arrives
# expect: {"verdict": "ok", "stdout": "1000000\n"}
# stdin_size: 1000000
import sys
print(len(sys.stdin.buffer.read()))
