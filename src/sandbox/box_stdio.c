/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The standard streams of a box: pipe ends, or one terminal.
 *
 * They come from inside the box, so they are never trusted to be what they should: each is made
 * non-blocking before it is touched.
 *
 * Init holds the write ends of the output pipes for as long as it lives, so that their end wakes
 * nobody before boxd has the numbers of a program that has ended.  When boxd has spoken every other
 * writer is dead, and a pipe that is empty is at its end.  It is closed with the box.
 */
#include "sandbox/sandbox_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"

void box_stdio_init(struct box *b)
{
    b->in.fd = -1;
    for (size_t i = 0; i < ARRAY_LEN(b->out); i++) {
        b->out[i] = (struct box_out){.box = b, .fd = -1, .stream = i ? BOX_STDERR : BOX_STDOUT};
    }
}

/* --- output ---------------------------------------------------------------------------- */

static void out_end(struct box_out *o)
{
    loop_io_remove(&o->io);
    fd_closep(&o->fd);
    o->state = STREAM_DONE;
}

static void out_pause(struct box_out *o)
{
    o->paused = true;
    loop_io_remove(&o->io);
}

static void out_on_io(void *ctx, unsigned events)
{
    struct box_out *o = ctx;
    struct box *b = o->box;

    if (o->state == STREAM_DONE) {
        loop_io_remove(&o->io);
        return;
    }
    if (!b->started) { /* what a program prints before its files are there waits in the pipe */
        out_pause(o);
        return;
    }
    if ((events & EPOLLIN) == 0) { /* hung up, and nothing is left to read */
        out_end(o);
        box_progress(b);
        return;
    }
    char *data = b->sandbox->scratch;
    ssize_t n = read(o->fd, data, SCRATCH_BYTES);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    bool more = true;
    if (n > 0) {
        box_busy_begin(b);
        more = b->events.output(b->events.ctx, o->stream, data, (size_t)n);
        if (!box_busy_end(b)) {
            return;
        }
    }
    /* All writers of a pipe were gone when this was read, and it was all: no read for the EOF. */
    bool last = (events & EPOLLHUP) && (size_t)n < SCRATCH_BYTES && b->stdio == BOX_STDIO_PIPE;
    if (n <= 0 || last) {
        out_end(o);
    } else if (!more && o->state == STREAM_OPEN) {
        out_pause(o);
    }
    box_progress(b);
}

static int out_open(struct box_out *o, int *fd, struct err *e)
{
    if (o->state != STREAM_WAITING) {
        return err_set(e, ERR_INVALID, "sent an output stream twice");
    }
    if (fcntl(*fd, F_SETFL, O_NONBLOCK) < 0) {
        return err_sys(e, "an output stream");
    }
    int r = loop_io_add(o->box->sandbox->loop, &o->io, *fd, EPOLLIN, out_on_io, o, e);
    if (r == 0) {
        o->fd = TAKE(fd, -1);
        o->state = STREAM_OPEN;
    }
    return r;
}

void box_resume(struct box *b, enum box_stream stream)
{
    struct box_out *o = &b->out[stream == BOX_STDERR];
    if (!o->paused || o->state != STREAM_OPEN) {
        return;
    }
    o->paused = false;
    b->stalls = 0;
    struct err e;
    if (loop_io_add(b->sandbox->loop, &o->io, o->fd, EPOLLIN, out_on_io, o, &e) < 0) {
        box_set_failure(b, &e);
        out_end(o);
        box_kill(b, BOX_KILL_CANCEL);
    }
}

/* --- input ----------------------------------------------------------------------------- */

static void in_close(struct box_in *in)
{
    loop_io_remove(&in->io);
    fd_closep(&in->fd);
    buf_done(&in->queue);
    in->offset = 0;
    in->state = STREAM_DONE;
}

static void in_drained(struct box_in *in)
{
    loop_io_remove(&in->io);
    buf_done(&in->queue);
    in->offset = 0;
    if (in->end && !in->is_pty) {
        in_close(in);
    }
}

/* How much of it went; less than `len`: the pipe is full; -1: nobody reads it any more. */
static ssize_t in_write(int fd, const char *data, size_t len)
{
    ssize_t n;
    do {
        n = write(fd, data, len);
    } while (n < 0 && errno == EINTR);
    return n < 0 && errno == EAGAIN ? 0 : n;
}

static void in_on_io(void *ctx, unsigned events);

static void in_flush(struct box *b)
{
    struct box_in *in = &b->in;
    size_t left = in->queue.len - in->offset;
    ssize_t n = left > 0 ? in_write(in->fd, in->queue.data + in->offset, left) : 0;
    struct err e;
    if (n < 0) {
        in_close(in);
    } else if ((size_t)n == left) {
        in_drained(in);
    } else {
        in->offset += (size_t)n;
        if (!in->io.loop &&
            loop_io_add(b->sandbox->loop, &in->io, in->fd, EPOLLOUT, in_on_io, b, &e) < 0) {
            in_close(in); /* not a pipe or terminal */
        }
    }
}

/* From the loop only: tells that there is room. */
static void in_flush_and_tell(struct box *b)
{
    in_flush(b);
    if (b->in.waiting && box_stdin_pending(b) == 0) {
        b->in.waiting = false;
        if (b->events.stdin_room) {
            b->events.stdin_room(b->events.ctx);
        }
    }
}

static void in_on_io(void *ctx, unsigned events)
{
    struct box *b = ctx;
    (void)events;

    box_busy_begin(b);
    in_flush_and_tell(b);
    box_busy_end(b);
}

static int in_open(struct box *b, int *fd, struct err *e)
{
    struct box_in *in = &b->in;
    if (in->state != STREAM_WAITING) {
        return 0; /* the program is over already: the caller closes it */
    }
    in->state = STREAM_OPEN;
    if (in->end && !in->is_pty && box_stdin_pending(b) == 0) {
        in_close(in);
        return 0;
    }
    if (fcntl(*fd, F_SETFL, O_NONBLOCK) < 0) {
        return err_sys(e, "the input stream");
    }
    in->fd = TAKE(fd, -1);
    if (box_stdin_pending(b) > 0) {
        in_flush_and_tell(b);
    }
    return 0;
}

void box_stdin(struct box *b, const void *data, size_t len)
{
    struct box_in *in = &b->in;
    if (in->state == STREAM_DONE || in->end || len == 0) {
        return;
    }
    size_t done = 0;
    if (in->state == STREAM_OPEN && box_stdin_pending(b) == 0) {
        ssize_t n = in_write(in->fd, data, len);
        if (n < 0) {
            in_close(in);
            return;
        }
        done = (size_t)n;
    }
    if (done == len) {
        return;
    }
    if (in->offset > in->queue.len / 2) {
        buf_consume(&in->queue, in->offset);
        in->offset = 0;
    }
    buf_add(&in->queue, (const char *)data + done, len - done);
    in->waiting = true;
    if (in->state == STREAM_OPEN && !in->io.loop) {
        in_flush(b);
    }
}

void box_stdin_end(struct box *b)
{
    struct box_in *in = &b->in;
    if (in->state == STREAM_DONE || in->end) {
        return;
    }
    if (in->is_pty) {
        char eof = BOX_PTY_EOF;
        box_stdin(b, &eof, 1);
        return;
    }
    in->end = true;
    if (in->state == STREAM_OPEN && box_stdin_pending(b) == 0) {
        in_close(in);
    }
}

size_t box_stdin_pending(const struct box *b)
{
    return b->in.queue.len - b->in.offset;
}

/* --- all of them ----------------------------------------------------------------------- */

/* A box that was made ahead may have offered its pipes already: they are not what is wanted. */
void box_stdio_prepare(struct box *b, const struct box_program *p)
{
    b->in.is_pty = p->stdio == BOX_STDIO_PTY;
    if (p->stdio == BOX_STDIO_PIPE) {
        return;
    }
    box_stdio_close(b);
    if (p->stdio == BOX_STDIO_PTY) {
        b->in.state = b->out[0].state = STREAM_WAITING; /* for the terminal */
    }
}

void box_stdio_start(struct box *b)
{
    box_resume(b, BOX_STDOUT);
    box_resume(b, BOX_STDERR);
}

int box_stdio_open(struct box *b, int *fds, size_t fd_count, struct err *e)
{
    if (b->stdio != BOX_STDIO_PIPE) {
        return 0;
    }
    if (fd_count != 2 && fd_count != 3) {
        return err_set(e, ERR_INVALID, "HELLO with %zu descriptors", fd_count);
    }
    int r = out_open(&b->out[0], &fds[1], e);
    if (r == 0 && fd_count == 3) {
        r = out_open(&b->out[1], &fds[2], e);
    } else if (r == 0) {
        b->out[1].state = STREAM_DONE;
    }
    return r < 0 ? r : in_open(b, &fds[0], e);
}

int box_stdio_open_pty(struct box *b, int *master, struct err *e)
{
    /* A number of its own for input: the loop hears the two directions apart. */
    AUTO(fd_closep) int input = fcntl(*master, F_DUPFD_CLOEXEC, 0);
    if (input < 0) {
        return err_sys(e, "a terminal");
    }
    int r = out_open(&b->out[0], master, e);
    return r < 0 ? r : in_open(b, &input, e);
}

void box_stdio_give_up(struct box *b)
{
    if (b->in.state == STREAM_WAITING) {
        in_close(&b->in);
    }
    for (size_t i = 0; i < ARRAY_LEN(b->out); i++) {
        if (b->out[i].state == STREAM_WAITING) {
            b->out[i].state = STREAM_DONE;
        }
    }
}

static bool out_is_drained(const struct box_out *o)
{
    int unread = 0;
    return o->state == STREAM_OPEN && ioctl(o->fd, FIONREAD, &unread) == 0 && unread == 0;
}

void box_stdio_drain(struct box *b)
{
    for (size_t i = 0; b->stdio == BOX_STDIO_PIPE && i < ARRAY_LEN(b->out); i++) {
        if (out_is_drained(&b->out[i])) {
            b->out[i].state = STREAM_DONE;
        }
    }
}

void box_stdio_finish(struct box *b)
{
    in_close(&b->in);
    b->out[0].state = b->out[1].state = STREAM_DONE;
}

bool box_stdio_done(const struct box *b)
{
    return b->out[0].state == STREAM_DONE && b->out[1].state == STREAM_DONE;
}

bool box_stdio_paused(const struct box *b)
{
    return (b->out[0].paused && b->out[0].state == STREAM_OPEN) ||
           (b->out[1].paused && b->out[1].state == STREAM_OPEN);
}

void box_stdio_close_in(struct box *b)
{
    in_close(&b->in);
}

void box_stdio_close(struct box *b)
{
    in_close(&b->in);
    for (size_t i = 0; i < ARRAY_LEN(b->out); i++) {
        out_end(&b->out[i]);
    }
}
