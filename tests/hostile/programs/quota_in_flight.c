/*
 * threat: B8
 * defence: host ids that no other box has
 * tries: use up the descriptors that a user may have in flight, while others do the same
 * must: each can still send one
 * together: 3
 * needs: own ids for each box
 * off: unique-ids
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
static int pair[2];
static int send_files(int count)
{
    char byte = 0;
    struct iovec iov = {&byte, 1};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(100 * sizeof(int))];
    } control = {.head = {CMSG_LEN((size_t)count * sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = CMSG_SPACE((size_t)count * sizeof(int))};
    memset(CMSG_DATA(&control.head), 0, (size_t)count * sizeof(int));
    return (int)sendmsg(pair[0], &message, MSG_DONTWAIT);
}
int main(void)
{
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || send_files(1) < 0) {
        puts("LEAK: not one descriptor can be sent");
    }
    for (int i = 0; i < 10; i++) {
        send_files(100);
    }
    puts("held");
    fflush(stdout);
    usleep(1500000);
    return 0;
}
