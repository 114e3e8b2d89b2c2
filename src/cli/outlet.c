/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/outlet.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"

/* A pipe that epoll calls writable takes this much without blocking (PIPE_BUF). */
#define CHUNK 4096

static void outlet_break(struct outlet *o)
{
    o->broken = true;
    loop_io_remove(&o->io);
    buf_clear(&o->pending);
    o->broke(o->ctx);
}

static void outlet_on_io(void *ctx, unsigned events)
{
    struct outlet *o = ctx;
    size_t len = o->pending.len < CHUNK ? o->pending.len : CHUNK;
    ssize_t n = write(o->fd, o->pending.data, len);
    (void)events;

    if (n < 0 && errno != EINTR && errno != EAGAIN) {
        outlet_break(o);
        return;
    }
    buf_consume(&o->pending, n > 0 ? (size_t)n : 0);
    if (o->pending.len == 0) {
        loop_io_remove(&o->io);
        o->drained(o->ctx);
    }
}

static bool write_direct(struct outlet *o, const char *data, size_t len)
{
    struct err e;
    if (fd_write_all(o->fd, data, len, &e) < 0) {
        outlet_break(o);
    }
    return true;
}

bool outlet_write(struct outlet *o, const char *data, size_t len)
{
    struct err e;
    if (o->broken || len == 0) {
        return true;
    }
    if (!o->direct && !o->io.loop &&
        loop_io_add(o->loop, &o->io, o->fd, EPOLLOUT, outlet_on_io, o, &e) < 0) {
        o->direct = true; /* EPERM: a regular file, /dev/null */
    }
    if (o->direct) {
        return write_direct(o, data, len);
    }
    buf_add(&o->pending, data, len);
    return o->pending.len < OUTLET_FULL;
}

bool outlet_empty(const struct outlet *o)
{
    return o->pending.len == 0;
}

void outlet_done(struct outlet *o)
{
    loop_io_remove(&o->io);
    buf_done(&o->pending);
}
