/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the init of a box says.  It sits in the box with foreign code, so nothing of it is taken for
 * granted: whatever it may not say now ends its box.
 */
#include "base/err.h"
#include "sandbox/sandbox_impl.h"

/* Signals and sizes that an init may leave unread before new ones are dropped. */
#define CONTROL_QUEUE_MAX 256

static void control_break(struct box *b, const struct err *why)
{
    struct err e = *why;
    err_wrap(&e, "the init of a box");
    box_set_failure(b, &e);
    chan_close(&b->control);
    box_stdio_give_up(b);
    box_product_give_up(b);
    box_kill(b, BOX_KILL_CANCEL);
    if (!b->ended) {
        box_settle_later(b);
    }
    box_progress(b);
}

static void control_on_failed(struct box *b, const struct err *why)
{
    box_set_told_failure(b, why);
    box_product_give_up(b);
    if (!b->ended) {
        box_settle_later(b); /* boxd has the numbers, and says them when init ends */
    }
    box_progress(b);
}

static int control_on_started(struct box *b, int *fds, size_t fd_count, struct err *e)
{
    if (b->stdio == BOX_STDIO_PTY) {
        if (fd_count != 1) {
            return err_set(e, ERR_INVALID, "STARTED without a terminal");
        }
        return box_stdio_open_pty(b, &fds[0], e);
    }
    return 0;
}

static int control_take(struct box *b, const struct box_head *head, int *fds, size_t fd_count,
                        struct err *e)
{
    switch (head->type) {
    case BOX_MSG_HELLO:
        return box_stdio_open(b, fds, fd_count, e);
    case BOX_MSG_STARTED:
        return control_on_started(b, fds, fd_count, e);
    case BOX_MSG_PRODUCT:
        if (fd_count != 1) {
            return err_set(e, ERR_INVALID, "PRODUCT without a pipe");
        }
        return box_product_open(b, &fds[0], e);
    case BOX_MSG_COLLECTED:
        box_product_confirm(b, ((const struct box_collected *)head)->missed != 0);
        return 0;
    default:
        return err_set(e, ERR_BUG, "%s is not for the server", box_msg_name(head->type));
    }
}

static void control_tell(struct box *b, uint32_t type)
{
    b->built |= type == BOX_MSG_HELLO;
    if (type == BOX_MSG_STARTED && b->events.started) {
        b->events.started(b->events.ctx);
    } else if (type == BOX_MSG_HELLO && b->events.built) {
        b->events.built(b->events.ctx);
    }
}

static void control_on_packet(void *ctx, const void *msg, int *fds, size_t fd_count)
{
    struct box *b = ctx;
    const struct box_head *head = msg;

    if (b->told) {
        return; /* nobody listens: the socket is closed with the box, to let no init run before */
    }
    if (head->type == BOX_MSG_FAILED) {
        control_on_failed(b, &((const struct box_failed *)msg)->err);
        return;
    }
    struct err e;
    box_busy_begin(b); /* stdin_room may be called while stdin is opened */
    int r = control_take(b, head, fds, fd_count, &e);
    if (r == 0 && !b->freed) {
        control_tell(b, head->type);
    }
    if (!box_busy_end(b)) {
        return;
    }
    if (r < 0) {
        control_break(b, &e);
    } else {
        box_progress(b);
    }
}

static void control_on_end(void *ctx, const struct err *why)
{
    struct box *b = ctx;
    if (b->told) {
        return;
    }
    if (why->kind != ERR_GONE) {
        control_break(b, why);
        return;
    }
    /* Init has ended: boxd says why. */
    box_stdio_give_up(b);
    if (b->product.state == STREAM_WAITING) {
        box_product_give_up(b);
    }
    box_progress(b);
}

static const struct chan_ops control_ops = {
    .types = 1U << BOX_MSG_HELLO | 1U << BOX_MSG_STARTED | 1U << BOX_MSG_PRODUCT |
             1U << BOX_MSG_COLLECTED | 1U << BOX_MSG_FAILED,
    .packet = control_on_packet,
    .end = control_on_end,
};

int box_control_open(struct box *b, int sock, struct err *e)
{
    return chan_open(&b->control, b->sandbox->loop, sock, CONTROL_QUEUE_MAX, &control_ops, b, e);
}
