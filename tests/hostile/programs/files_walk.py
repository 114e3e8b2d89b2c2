# threat: A1
# defence: a root of its own with listed read-only layers, an own uid, Landlock
# tries: walk / and write to every directory and file that it finds
# must: only /box, /tmp, /dev/shm, the devices and its own entries of /proc let it
# shows: a path outside of these that could be opened for writing
# control: bare
import os, stat
MINE = ("/box", "/tmp", "/dev/shm", "/proc")
DEVICES = {"/dev/" + name for name in ("null", "zero", "full", "random", "urandom", "tty", "pts/ptmx", "pts")}
count, found = 0, []
for folder, names, files in os.walk("/"):
    names[:] = [name for name in names if os.path.join(folder, name) not in MINE]
    if folder.startswith("/sys/"):
        names[:] = []
    # Every directory; of the tens of thousands of files below /usr each twentieth.
    paths = [folder] + [os.path.join(folder, name) for name in files]
    for path in paths if not folder.startswith("/usr/") else paths[:1] + paths[1::20]:
        count += 1
        kind = os.lstat(path).st_mode
        if not stat.S_ISLNK(kind) and path not in DEVICES and os.access(path, os.W_OK):
            found.append(path)
    if len(found) > 20:
        break
print("\n".join("LEAK: can write " + path for path in found))
print("held:", count, "paths")
