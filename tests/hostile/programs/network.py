# threat: E3
# defence: a network namespace with lo only
# tries: reach anything: the internet, metadata, the engine itself, DNS, raw sockets
# must: own loopback only
# off: filter-arguments
import errno, os, socket
for family, address in ((socket.AF_INET, ("192.0.2.1", 53)), (socket.AF_INET, ("169.254.169.254", 80)), (socket.AF_INET, ("10.0.0.1", 80)),
                        (socket.AF_INET, ("127.0.0.1", 2358)), (socket.AF_INET, ("127.0.0.1", 2000)), (socket.AF_INET6, ("::1", 2000)),
                        (socket.AF_INET6, ("2001:db8::1", 53))):
    try:
        s = socket.socket(family, socket.SOCK_STREAM)
        s.settimeout(1)
        s.connect(address)
        print("LEAK: connected to", address)
    except OSError:
        pass
try:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.sendto(b"x", ("192.0.2.1", 53))
    print("LEAK: sent a datagram")
except OSError:
    pass
for name, args in (("raw", (socket.AF_INET, socket.SOCK_RAW, 1)), ("packet", (17, socket.SOCK_RAW, 3)), ("vsock", (40, socket.SOCK_STREAM)),
                   ("alg", (38, socket.SOCK_SEQPACKET)), ("netlink audit", (16, socket.SOCK_RAW, 9)), ("netlink route", (16, socket.SOCK_RAW, 0)), ("xdp", (44, socket.SOCK_RAW)), ("bluetooth", (31, socket.SOCK_RAW))):
    try:
        socket.socket(*args)
        print("LEAK: a socket of", name)
    except OSError:
        pass
if len(os.listdir("/sys/class/net")) > 1 if os.path.isdir("/sys/class/net") else False:
    print("LEAK: interfaces")
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
client.sendall(b"loopback works")
print(listener.accept()[0].recv(100).decode(), "held")
