/* SPDX-License-Identifier: Apache-2.0 */
#include "init/channel.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "boxproto/boxproto.h"

_Noreturn void channel_end(void)
{
    _exit(1);
}

int channel_wait(int sock, int extra_fd)
{
    return channel_wait_ms(sock, extra_fd, -1);
}

int channel_wait_ms(int sock, int extra_fd, int timeout_ms)
{
    bool both = sock == CHANNEL_BOTH;
    /* With no events asked for, poll still tells of a hang-up. */
    struct pollfd fds[] = {
        {.fd = BOX_FD_WATCH, .events = both || sock == BOX_FD_WATCH ? POLLIN : 0},
        {.fd = BOX_FD_CONTROL, .events = both || sock == BOX_FD_CONTROL ? POLLIN : 0},
        {.fd = extra_fd, .events = POLLIN},
    };
    for (;;) {
        int n = poll(fds, ARRAY_LEN(fds), timeout_ms);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n == 0) {
            return -1;
        }
        short gone = POLLHUP | POLLERR | POLLNVAL;
        if (n < 0 || ((fds[0].revents | fds[1].revents) & gone)) {
            channel_end();
        }
        if (fds[2].revents) {
            return extra_fd;
        }
        return fds[0].revents ? BOX_FD_WATCH : BOX_FD_CONTROL;
    }
}

size_t channel_recv(int sock, uint32_t types_mask, void *packet, size_t cap, int *fds,
                    size_t *ret_fd_count)
{
    struct err e;
    size_t len = 0, fd_count = ret_fd_count ? FD_PASS_MAX : 0;
    channel_wait(sock, -1);
    int r = fd_recv(sock, packet, cap, &len, fds, &fd_count, 0, &e);
    if (r < 0 || !box_msg_check(packet, len, types_mask)) {
        channel_end();
    }
    if (ret_fd_count) {
        *ret_fd_count = fd_count;
    }
    return len;
}

int channel_send(int sock, uint32_t type, const int *fds, size_t fd_count, struct err *e)
{
    struct box_head head = {.type = type};
    int r = fd_send(sock, &head, sizeof(head), fds, fd_count, e);
    return r < 0 ? err_wrap(e, "box init: sending %s", box_msg_name(type)) : 0;
}

void channel_send_failed(int sock, const struct err *why)
{
    struct box_failed failed = {.head.type = BOX_MSG_FAILED, .err = *why};
    struct err ignored; /* a peer that cannot hear it is gone, and the next wait sees that */
    fd_send(sock, &failed, sizeof(failed), NULL, 0, &ignored);
}
