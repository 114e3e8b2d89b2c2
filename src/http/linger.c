/* SPDX-License-Identifier: Apache-2.0 */
#include "http/linger.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "http/server.h"

#define LINGER_NS    (2 * NS_PER_S)
#define LINGER_BYTES (4U << 20)
#define LINGERS_MAX  256

struct lingerer {
    struct http_server *server;
    struct list link;
    struct loop_io io;
    struct loop_timer timer;
    int fd;
    size_t left;
};

static void linger_end(void *ctx)
{
    struct lingerer *l = ctx;
    loop_io_remove(&l->io);
    loop_timer_cancel(&l->timer);
    list_remove(&l->link);
    l->server->linger_count--;
    fd_close(l->fd);
    free(l);
}

static void linger_on_ready(void *ctx, unsigned events)
{
    struct lingerer *l = ctx;
    static const int pieces = 16; /* then others get their turn */
    char dropped[16384];
    (void)events;

    for (int i = 0; i < pieces; i++) {
        ssize_t n = recv(l->fd, dropped, sizeof(dropped), MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (n <= 0 || (size_t)n >= l->left) {
            linger_end(l);
            return;
        }
        l->left -= (size_t)n;
    }
}

void linger_start(struct http_server *s, int fd)
{
    struct err e = {0};
    if (s->linger_count >= LINGERS_MAX) {
        fd_close(fd);
        return;
    }
    struct lingerer *l = xcalloc(1, sizeof(*l));
    *l = (struct lingerer){.server = s, .fd = fd, .left = LINGER_BYTES};
    list_append(&s->lingers, &l->link);
    s->linger_count++;
    shutdown(fd, SHUT_WR);
    if (loop_io_add(s->loop, &l->io, fd, EPOLLIN, linger_on_ready, l, &e) < 0) {
        linger_end(l);
        return;
    }
    loop_timer_set(s->loop, &l->timer, loop_now_ns(s->loop) + LINGER_NS, linger_end, l);
}

void linger_free_all(struct http_server *s)
{
    LIST_FOR_EACH (node, &s->lingers) {
        linger_end(LIST_ITEM(node, struct lingerer, link));
    }
}
