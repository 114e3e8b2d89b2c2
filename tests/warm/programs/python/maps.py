import collections

shape = collections.Counter()
for line in open("/proc/self/maps"):
    parts = line.split(None, 5)
    if len(parts) == 6:
        shape[parts[1], parts[5].strip()] += 1
for key, count in sorted(shape.items()):
    print(key, count)
