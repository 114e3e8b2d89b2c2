MOVING = ("Vm", "Rss", "SigQ", "voluntary", "nonvoluntary", "Hugetlb", "THP")
for line in open("/proc/self/status"):
    if not line.startswith(MOVING):
        print(line.rstrip())
