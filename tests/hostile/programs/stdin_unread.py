# threat: C6
# defence: non-blocking writes
# tries: exit while a megabyte of stdin waits
# must: the answer comes as usual
# expect: {"verdict": "ok", "stdout": "done\n"}
# stdin_size: 1000000
print('done')
