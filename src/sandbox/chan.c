/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/chan.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "boxproto/boxproto.h"

/* No message that is received here is larger: DATA only goes the other way. */
#define MESSAGE_MAX 512

struct chan_packet {
    struct list link;
    int fds[FD_PASS_MAX];
    size_t fd_count;
    size_t len;
    char data[];
};

static void packet_free(struct chan_packet *p)
{
    for (size_t i = 0; i < p->fd_count; i++) {
        fd_close(p->fds[i]);
    }
    free(p);
}

void chan_init(struct chan *c)
{
    *c = (struct chan){.sock = -1};
    list_init(&c->queue);
}

void chan_close(struct chan *c)
{
    loop_io_remove(&c->io);
    fd_closep(&c->sock);
    LIST_FOR_EACH (node, &c->queue) {
        list_remove(node);
        packet_free(LIST_ITEM(node, struct chan_packet, link));
    }
    c->queued = 0;
}

static void chan_end(struct chan *c, const struct err *why)
{
    chan_close(c);
    c->ops->end(c->ctx, why);
}

static void chan_flush(struct chan *c)
{
    struct err e;
    while (c->queued > 0) {
        struct chan_packet *p = LIST_ITEM(c->queue.next, struct chan_packet, link);
        int r = fd_send(c->sock, p->data, p->len, p->fds, p->fd_count, &e);
        if (r == -ERR_BUSY) {
            return;
        }
        /* Another failure means that the peer is gone: reading will say so. */
        list_remove(&p->link);
        packet_free(p);
        c->queued--;
    }
    loop_io_modify(&c->io, EPOLLIN, &e);
}

/*
 * A unix socket whose peer closed it with bytes unread says ECONNRESET once, before the packets
 * that the peer had sent: the second try gets those.
 */
static int chan_recv(struct chan *c, void *msg, size_t *ret_len, int *fds, size_t *fd_count,
                     struct err *e)
{
    *fd_count = FD_PASS_MAX;
    int r = fd_recv(c->sock, msg, MESSAGE_MAX, ret_len, fds, fd_count, MSG_DONTWAIT, e);
    if (r != -ERR_GONE) {
        return r;
    }
    *fd_count = FD_PASS_MAX;
    return fd_recv(c->sock, msg, MESSAGE_MAX, ret_len, fds, fd_count, MSG_DONTWAIT, e);
}

static void chan_take(struct chan *c, const void *msg, size_t len, int *fds, size_t fd_count)
{
    if (len > 0 && box_msg_check(msg, len, c->ops->types)) {
        c->ops->packet(c->ctx, msg, fds, fd_count); /* may free c */
    } else {
        struct err e;
        err_set(&e, len > 0 ? ERR_INVALID : ERR_GONE,
                len > 0 ? "a malformed message" : "the other side is gone");
        chan_end(c, &e);
    }
    for (size_t i = 0; i < fd_count; i++) {
        fd_close(fds[i]);
    }
}

static void chan_on_io(void *ctx, unsigned events)
{
    struct chan *c = ctx;

    if (events & EPOLLOUT) {
        chan_flush(c);
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) {
        return;
    }
    union {
        struct box_head head;
        uint64_t align;
        char bytes[MESSAGE_MAX];
    } msg;
    int fds[FD_PASS_MAX];
    size_t fd_count, len;
    struct err e;
    int r = chan_recv(c, &msg, &len, fds, &fd_count, &e);
    if (r == 0) {
        chan_take(c, &msg, len, fds, fd_count);
    } else if (r != -ERR_BUSY) {
        chan_end(c, &e);
    }
}

int chan_open(struct chan *c, struct loop *loop, int sock, size_t queue_max,
              const struct chan_ops *ops, void *ctx, struct err *e)
{
    c->loop = loop;
    c->sock = sock;
    c->queue_max = queue_max;
    c->ops = ops;
    c->ctx = ctx;
    int r = loop_io_add(loop, &c->io, sock, EPOLLIN, chan_on_io, c, e);
    if (r < 0) {
        chan_close(c);
    }
    return r;
}

static int packet_dup_fds(struct chan_packet *p, const int *fds, size_t fd_count, struct err *e)
{
    while (p->fd_count < fd_count) {
        int fd = fcntl(fds[p->fd_count], F_DUPFD_CLOEXEC, 0);
        if (fd < 0) {
            return err_sys(e, "keeping a descriptor for a packet that waits");
        }
        p->fds[p->fd_count++] = fd;
    }
    return 0;
}

static int chan_enqueue(struct chan *c, const void *data, size_t len, const int *fds,
                        size_t fd_count, struct err *e)
{
    if (c->queued >= c->queue_max) {
        return err_set(e, ERR_BUSY, "%zu messages wait already", c->queued);
    }
    struct chan_packet *p = xcalloc(1, sizeof(*p) + len);
    p->len = len;
    memcpy(p->data, data, len);
    int r = packet_dup_fds(p, fds, fd_count, e);
    if (r == 0 && c->queued == 0) {
        r = loop_io_modify(&c->io, EPOLLIN | EPOLLOUT, e);
    }
    if (r < 0) {
        packet_free(p);
        return r;
    }
    list_append(&c->queue, &p->link);
    c->queued++;
    return 0;
}

int chan_send(struct chan *c, const void *data, size_t len, const int *fds, size_t fd_count,
              struct err *e)
{
    if (c->sock < 0) {
        return err_set(e, ERR_GONE, "the connection is closed");
    }
    if (c->queued == 0) {
        int r = fd_send(c->sock, data, len, fds, fd_count, e);
        if (r != -ERR_BUSY) {
            return r;
        }
    }
    return chan_enqueue(c, data, len, fds, fd_count, e);
}
