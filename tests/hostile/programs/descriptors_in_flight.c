/*
 * threat: B7
 * defence: a limit of open files, which holds for what is in flight, too
 * tries: hide thousands of open files in messages, and in messages that hold those sockets
 * must: the kernel counts them against the box's own id
 * shows: ten thousand
 * off: rlimits
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#define BATCH 200
static int send_files(int to, int fd, int count)
{
    char byte = 0;
    struct iovec iov = {&byte, 1};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(BATCH * sizeof(int))];
    } control = {.head = {CMSG_LEN((size_t)count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = CMSG_SPACE((size_t)count * sizeof(int))};
    for (int i = 0; i < count; i++) {
        memcpy(CMSG_DATA(&control.head) + (size_t)i * sizeof(int), &fd, sizeof(int));
    }
    return (int)sendmsg(to, &message, MSG_DONTWAIT);
}
int main(void)
{
    /* What is outside any limit of the box's: as many as its hard limit lets it have. */
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    long flying = 0;
    for (int n = 0, pair[2]; n < 500 && flying < 10000; n++) {
        if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0) {
            break;
        }
        int fd = open("/dev/null", O_RDONLY);
        while (flying < 10000 && send_files(pair[0], fd, BATCH) > 0) {
            flying += BATCH;
        }
        close(fd);
        /* Now the pair itself goes into the next one, and is closed here. */
        int next[2];
        if (socketpair(AF_UNIX, SOCK_DGRAM, 0, next) < 0 || send_files(next[0], pair[1], 1) <= 0) {
            break;
        }
        close(pair[0]);
        close(pair[1]);
    }
    printf("%s: %ld in flight, %ld allowed\n", flying >= 10000 ? "LEAK" : "held", flying,
           (long)limit.rlim_max);
    return 0;
}
