/*
 * threat: B3
 * defence: what is left in a box dies before its output is read to the end
 * tries: exit while children hold its stdout and stderr open for an hour
 * must: the answer comes at once, with all that was printed
 * request: {"limits": {"wall_ms": 30000}}
 * expect: {"verdict": "ok", "stdout": "parent\n"}
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
/* A pipe that nobody has open but a message that nobody will read. */
static void keep_in_flight(int fd)
{
    int pair[2];
    char byte = 0;
    struct iovec iov = {&byte, 1};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(3 * sizeof(int))];
    } control = {.head = {CMSG_LEN(3 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0) {
        return;
    }
    /* The sockets go with it, so that only they hold each other. */
    int *fds = (int *)CMSG_DATA(&control.head);
    fds[0] = fd;
    fds[1] = pair[0];
    fds[2] = pair[1];
    if (sendmsg(pair[0], &message, 0) < 0) {
        puts("not sent");
    }
}
int main(void)
{
    puts("parent");
    fflush(stdout);
    if (fork() == 0) {
        setsid();
        sleep(3600);
    }
    if (fork() == 0) {
        dup2(1, 9);
        close(1);
        sleep(3600);
    }
    keep_in_flight(1);
    keep_in_flight(2);
    fcntl(1, F_SETFL, O_NONBLOCK);
    return 0;
}
