fields = open("/proc/self/stat").read().rsplit(")", 1)[1].split()
# By the numbers of proc(5), less three: no times, faults, sizes and addresses.
for at in (0, 1, 2, 3, 4, 5, 15, 16, 17, 18, 22, 28, 29, 30, 31, 35, 37, 38):
    print(at + 3, fields[at])
