/*
 * threat: C6
 * defence: the server's ends of pipes are the server's own descriptions
 * tries: make its ends non-blocking, asynchronous, small, and owned by others
 * must: the server is not touched: every byte of stdin arrives, and the answer comes
 * stdin_size: 300000
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>
static char bytes[65536];
int main(void)
{
    int on = 1;
    for (int fd = 0; fd < 3; fd++) {
        fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC | O_DIRECT);
        fcntl(fd, F_SETOWN, 1);
        fcntl(fd, F_SETSIG, 9);
        ioctl(fd, FIOASYNC, &on);
        if (fcntl(fd, F_SETPIPE_SZ, 4096) >= 0 || errno != EPERM) {
            printf("LEAK: the size of pipe %d was set\n", fd);
        }
    }
    long total = 0;
    struct pollfd wait = {.fd = 0, .events = POLLIN};
    for (ssize_t n = 1; n != 0;) {
        poll(&wait, 1, -1);
        n = read(0, bytes, sizeof(bytes));
        total += n > 0 ? n : 0;
    }
    printf("%s: %ld bytes\n", total == 300000 ? "held" : "LEAK", total);
    return 0;
}
