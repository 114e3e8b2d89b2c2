import os

print("twice in a pipe", end=" ")
if os.fork() == 0:
    print("child")
    raise SystemExit(3)
print(os.waitstatus_to_exitcode(os.wait()[1]))
