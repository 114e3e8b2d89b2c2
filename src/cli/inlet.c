/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/inlet.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/err.h"
#include "engine/engine.h"

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
        loop_io_remove(&i->io);
        engine_job_stdin_end(i->job);
        return;
    }
    engine_job_stdin(i->job, chunk, (size_t)n);
    if (engine_job_stdin_pending(i->job) > 0) {
        loop_io_remove(&i->io);
    } else {
        inlet_wait(i);
    }
}

void inlet_start(struct inlet *i, struct engine_job *job)
{
    i->job = job;
    inlet_wait(i);
}

void inlet_room(struct inlet *i)
{
    if (i->job) {
        inlet_wait(i);
    }
}

void inlet_stop(struct inlet *i)
{
    i->job = NULL;
    loop_io_remove(&i->io);
    loop_defer_cancel(&i->again);
}
