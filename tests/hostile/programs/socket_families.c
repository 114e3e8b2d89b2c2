/*
 * threat: D6
 * defence: the filter lets UNIX, INET and INET6 streams and datagrams through alone
 * tries: open all 46 address families, of each type
 * must: refused but for the plain ones
 * shows: most families are modules that the kernel loads on demand, and old code
 * off: filter-arguments
 * control: bare
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#define FAMILIES 64
int main(void)
{
    for (int family = 0; family < FAMILIES; family++) {
        for (int type = 0; type <= SOCK_PACKET; type++) {
            int plain = family == AF_UNIX || ((family == AF_INET || family == AF_INET6) &&
                                              (type == SOCK_STREAM || type == SOCK_DGRAM));
            int fd = socket(family, type, 0);
            if (!plain && (fd >= 0 || errno != EPERM)) {
                printf("LEAK: family %d type %d: %d, errno %d\n", family, type, fd,
                       fd < 0 ? errno : 0);
            }
            int pair[2];
            if (family != AF_UNIX && (socketpair(family, type, 0, pair) == 0 || errno != EPERM)) {
                printf("LEAK: a pair of family %d type %d\n", family, type);
            }
            if (fd >= 0) {
                close(fd);
            }
        }
    }
    puts("held");
    return 0;
}
