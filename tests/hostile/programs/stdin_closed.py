# threat: C6
# defence: non-blocking writes
# tries: close stdin unread
# must: the answer comes as usual
# expect: {"verdict": "ok", "stdout": "done\n"}
# stdin_size: 1000000
import os
os.close(0)
print('done')
