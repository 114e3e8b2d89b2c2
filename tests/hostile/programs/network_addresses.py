# threat: E3
# defence: a network namespace without routes
# tries: send to reserved, private, metadata, multicast and broadcast addresses by TCP and UDP, IPv4 and IPv6, and in disguise
# must: unreachable at once, each
import errno, socket
# Reserved for documentation and tests, or never routed: nobody is there even if a packet got out.
V4 = ("192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "240.0.0.1", "169.254.169.254", "10.255.255.1", "172.31.255.1", "192.168.255.1",
      "100.64.0.1", "255.255.255.255", "224.0.0.1", "172.17.0.1")
V6 = ("2001:db8::1", "100::1", "fd00::1", "fe80::1", "64:ff9b::c000:201", "2002:c000:201::1", "::ffff:192.0.2.1", "::ffff:169.254.169.254", "ff02::1", "fd00:ec2::254")
for family, addresses in ((socket.AF_INET, V4), (socket.AF_INET6, V6)):
    for address in addresses:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            one = socket.socket(family, kind)
            one.settimeout(1)
            if family == socket.AF_INET:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            try:
                if kind == socket.SOCK_STREAM:
                    one.connect((address, 80))
                else:
                    one.sendto(b"x", (address, 9))
                print("LEAK: sent to", address, kind)
            except OSError as e:
                if isinstance(e, TimeoutError):
                    print("LEAK: a packet to", address, "left")
            one.close()
try:
    print("LEAK: resolved", socket.getaddrinfo("example.org", 80))
except OSError:
    pass
print("held")
