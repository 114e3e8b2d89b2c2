# threat: E3
# defence: a network namespace of the box's own
# tries: find and reach what listens on the host: belljar's own port, databases, the resolver
# must: nothing listens, and nothing is bound, but what the program binds
# off: netns
import os, socket
for name in ("tcp", "tcp6", "udp", "udp6", "raw", "icmp", "unix", "packet", "netlink"):
    try:
        lines = open("/proc/net/" + name).read().splitlines()[1:]
    except OSError:
        continue
    for line in lines[:5]:
        if name != "netlink":  # the kernel's own sockets: one a namespace
            print(f"LEAK: /proc/net/{name}:", line.strip())
for port in (22, 53, 80, 111, 443, 631, 2000, 2358, 2375, 3000, 3306, 5432, 5353, 6379, 8080, 9090, 11211, 27017):
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.53"), (socket.AF_INET, "0.0.0.0")):
        with socket.socket(family, socket.SOCK_STREAM) as one:
            one.settimeout(1)
            if one.connect_ex((address, port)) == 0:
                print("LEAK: connected to", address, port)
print("held")
