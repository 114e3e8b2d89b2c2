/*
 * threat: D6
 * defence: the filter lets TCP and UDP through alone
 * tries: open each protocol number of streams, datagrams and raw sockets; ping sockets
 * must: refused but for TCP and UDP
 * off: filter-arguments
 * control: bare
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
static int wanted(int type, int protocol)
{
    return protocol == 0 || (type == SOCK_STREAM && protocol == IPPROTO_TCP) ||
           (type == SOCK_DGRAM && protocol == IPPROTO_UDP);
}
int main(void)
{
    static const int families[] = {AF_INET, AF_INET6};
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET};
    for (int i = 0; i < 8; i++) {
        int type = types[i / 2];
        for (int protocol = 0; protocol < 300; protocol++) {
            int fd = socket(families[i % 2], type, protocol);
            int plain = type != SOCK_RAW && type != SOCK_SEQPACKET && wanted(type, protocol);
            if (!plain && (fd >= 0 || errno != EPERM)) {
                printf("LEAK: type %d protocol %d: %d, errno %d\n", type, protocol, fd,
                       fd < 0 ? errno : 0);
            }
            if (fd >= 0) {
                close(fd);
            }
        }
    }
    puts("held");
    return 0;
}
