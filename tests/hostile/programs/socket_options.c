/*
 * threat: D6
 * defence: the filter refuses options of sockets that load code or join groups
 * tries: upper layer protocols of TCP, multicast groups, packet filters of its own
 * must: EPERM, before the kernel looks for a module
 * shows: TLS over TCP alone was the way in of 11 known exploits
 * off: filter-arguments
 * control: bare
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#ifndef TCP_ULP
#define TCP_ULP 31
#endif
static void ask(const char *what, int fd, int level, int option, const void *value, socklen_t len)
{
    if (setsockopt(fd, level, option, value, len) == 0 || errno != EPERM) {
        printf("LEAK: %s: errno %d\n", what, errno);
    }
}
int main(void)
{
    int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
    int udp6 = socket(AF_INET6, SOCK_DGRAM, 0), pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, 0xffff)};
    struct sock_fprog program = {.len = 1, .filter = code};
    struct ip_mreq group = {.imr_multiaddr.s_addr = inet_addr("224.0.0.251"),
                            .imr_interface.s_addr = htonl(INADDR_LOOPBACK)};
    struct ipv6_mreq group6 = {.ipv6mr_multiaddr = {{{0xff, 2, [15] = 0xfb}}},
                               .ipv6mr_interface = 1};
    static const char *const layers[] = {"tls", "mptcp", "smc", "espintcp"};
    for (unsigned i = 0; i < sizeof(layers) / sizeof(layers[0]); i++) {
        ask(layers[i], tcp, IPPROTO_TCP, TCP_ULP, layers[i], 3);
    }
    ask("a group", udp, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group));
    ask("a group of IPv6", udp6, IPPROTO_IPV6, IPV6_JOIN_GROUP, &group6, sizeof(group6));
    int fd = -1;
    ask("a filter", udp, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
    ask("a filter of UNIX", pair[0], SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
    ask("a filter by descriptor", udp, SOL_SOCKET, SO_ATTACH_BPF, &fd, sizeof(fd));
    ask("a filter of ports", udp, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program));
    puts("held");
    return 0;
}
