/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/inlet.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/err.h"

#define CHUNK (64 * 1024)

static void inlet_read(void *ctx);

static void inlet_on_io(void *ctx, unsigned events)
{
    (void)events; /* EPOLLHUP is an EOF, or there is something to read before it */
    inlet_read(ctx);
}

/* Hears of the next bytes, or reads on after the other events of this round. */
static void inlet_wait(struct inlet *i)
{
    struct err e;
    if (!i->direct && !i->io.loop &&
        loop_io_add(i->loop, &i->io, i->fd, EPOLLIN, inlet_on_io, i, &e) < 0) {
        i->direct = true; /* EPERM: a regular file, /dev/null; EBADF: read(2) will tell */
    }
    if (i->direct) {
        loop_defer(i->loop, &i->again, inlet_read, i);
    }
}

static void inlet_read(void *ctx)
{
    struct inlet *i = ctx;
    char chunk[CHUNK];
    ssize_t n = read(i->fd, chunk, sizeof(chunk));

    if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
        inlet_wait(i);
        return;
    }
    if (n <= 0) {
        inlet_stop(i);
        i->end(i->ctx);
        return;
    }
    bool more = i->take(i->ctx, chunk, (size_t)n);
    if (i->open && more) {
        inlet_wait(i);
    } else {
        loop_io_remove(&i->io);
    }
}

void inlet_start(struct inlet *i)
{
    i->open = true;
    inlet_wait(i);
}

void inlet_room(struct inlet *i)
{
    if (i->open) {
        inlet_wait(i);
    }
}

void inlet_stop(struct inlet *i)
{
    i->open = false;
    loop_io_remove(&i->io);
    loop_defer_cancel(&i->again);
}
