# threat: A9
# defence: tmpfs of a single use
# tries: leave a file in every writable place for the next job
# must: the next job finds none
# again: 3
import os
for place in {os.path.realpath(name) for name in ("/box", "/tmp", "/var/tmp", "/dev/shm", "/run", "/dev/mqueue")}:
    path = place + "/belljar-was-here"
    if os.path.exists(path):
        print("LEAK:", path)
    try:
        open(path, "w").close()
    except OSError:
        pass
print("held")
