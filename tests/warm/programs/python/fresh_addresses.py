for line in open("/proc/self/maps"):
    if line.rstrip().endswith(("[heap]", "[stack]", "libc.so.6")):
        print(line.split("-")[0])
print(id(object()))
