# threat: A1
# defence: every mount of a box is listed, with its flags
# tries: find a mount that is not a box's own, or one that is less restricted than it must be
# must: nosuid everywhere, nodev everywhere but in /dev, layers read-only, no path of the host
# off: nosuid nodev readonly overlay
# needs: own inodes for each box
# control: bare
import os
import re
KINDS = {"/": "overlay", "/usr": "overlay", "/dev": "tmpfs", "/dev/pts": "devpts", "/dev/shm": "tmpfs", "/box": "tmpfs", "/tmp": "tmpfs", "/proc": "proc"}
seen = set()
for line in open("/proc/self/mountinfo"):
    left, _, right = line.partition(" - ")
    root, place, flags = left.split()[3:6]
    kind, source = right.split()[:2]
    flags = set(flags.split(","))
    seen.add(place)
    layer = kind not in ("tmpfs", "devpts", "proc")
    masked = place.startswith("/proc/")
    # An ordinary user's boxes have the host's nodes, each bound; doctor says so.
    device = re.fullmatch("/dev/(null|zero|full|u?random|tty)", place)
    if place not in KINDS and not masked and not layer and not device:
        print("LEAK: a mount that nobody listed:", line)
    if "nosuid" not in flags:
        print("LEAK: without nosuid:", line)
    if "nodev" not in flags and place.split("/")[1] != "dev":
        print("LEAK: without nodev:", line)
    if (layer or place in ("/dev", "/proc/sys")) and "ro" not in flags:
        print("LEAK: writable:", line)
    # Copies of the box's own root: its /dev, and what masks files of /proc.
    copy = root == place == "/dev" or masked and root in ("/proc/file", "/proc/directory")
    own = root == "/" or kind == "overlay" and copy
    if not device and (source != "none" and not masked or layer and not own):
        print("LEAK: a name of the host:", line)
for place in KINDS:
    # A root of installed packages has its /usr within.
    whole = place == "/usr" and os.stat("/usr").st_dev == os.stat("/").st_dev
    if place not in seen and not whole:
        print("LEAK: not a mount of its own:", place)
print("held")
