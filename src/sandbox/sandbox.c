/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection to boxd: numbers of boxes, and who gets which message.
 */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "sandbox/sandbox_impl.h"

#define HELLO_WAIT_MS 10000
#define BOXES_MAX     65536

/* --- numbers --------------------------------------------------------------------------- */

static void numbers_init(struct sandbox *s, uint32_t count)
{
    s->boxes = xcalloc(count, sizeof(struct box *));
    s->taken = xcalloc(count, sizeof(bool));
    s->free_list = xcalloc(count, sizeof(uint32_t));
    for (uint32_t i = 0; i < count; i++) {
        s->free_list[i] = count - 1 - i;
    }
    s->free_count = count;
}

int sandbox_number_take(struct sandbox *s, struct box *b, uint32_t *ret_number, struct err *e)
{
    if (s->lost) {
        return err_set(e, ERR_GONE, "the connection to boxd is gone");
    }
    if (s->free_count == 0) {
        return err_set(e, ERR_BUSY, "all %u boxes are in use", s->hello.boxes);
    }
    uint32_t number = s->free_list[--s->free_count];
    s->taken[number] = true;
    s->boxes[number] = b;
    *ret_number = number;
    return 0;
}

void sandbox_number_give(struct sandbox *s, uint32_t number)
{
    s->boxes[number] = NULL;
    s->taken[number] = false;
    s->free_list[s->free_count++] = number;
}

/* --- what boxd says -------------------------------------------------------------------- */

static void sandbox_lose_boxes(struct sandbox *s, const char *why)
{
    struct err e;
    err_set(&e, ERR_GONE, "the connection to boxd ended: %s", why);
    for (uint32_t i = 0; i < s->hello.boxes; i++) {
        if (s->boxes[i]) {
            box_lose(s->boxes[i], &e);
        }
    }
}

static void sandbox_on_end(void *ctx, const struct err *why)
{
    struct sandbox *s = ctx;
    s->lost = true;
    LOG_ERROR(s->log, "boxd lost", log_s("error", why->text));
    sandbox_lose_boxes(s, why->text);
    walk_end(s);
    /* A listener may free s. */
    struct sandbox_listener listeners[SANDBOX_LISTENERS];
    for (size_t i = 0; i < ARRAY_LEN(listeners); i++) {
        listeners[i] = s->listeners[i];
    }
    for (size_t i = 0; i < ARRAY_LEN(listeners); i++) {
        if (listeners[i].lost) {
            listeners[i].lost(listeners[i].ctx);
        }
    }
}

static void sandbox_on_destroyed(struct sandbox *s, uint32_t number)
{
    bool was_full = sandbox_full(s);
    sandbox_number_give(s, number);
    for (size_t i = 0; was_full && i < SANDBOX_LISTENERS; i++) {
        if (s->listeners[i].room) {
            s->listeners[i].room(s->listeners[i].ctx);
        }
    }
}

static void sandbox_break(struct sandbox *s, const struct box_head *head)
{
    struct err e;
    err_set(&e, ERR_INVALID, "boxd sent %s for box %u, which it cannot be about",
            box_msg_name(head->type), head->box);
    chan_close(&s->boxd);
    sandbox_on_end(s, &e);
}

static void sandbox_on_packet(void *ctx, const void *msg, int *fds, size_t fd_count)
{
    struct sandbox *s = ctx;
    const struct box_head *head = msg;
    (void)fds; /* boxd sends none */
    (void)fd_count;

    if (head->box >= s->hello.boxes || !s->taken[head->box]) {
        sandbox_break(s, head);
        return;
    }
    struct box *b = s->boxes[head->box];
    bool unasked = (head->type == BOX_MSG_DESTROYED && b) ||
                   (head->type == BOX_MSG_USED && s->walk.asked == 0);
    if (unasked) {
        sandbox_break(s, head);
    } else if (head->type == BOX_MSG_DESTROYED) {
        sandbox_on_destroyed(s, head->box);
    } else if (head->type == BOX_MSG_USED) {
        walk_answered(s, msg);
    } else if (b && head->type == BOX_MSG_ENDED) {
        box_on_ended(b, msg);
    } else if (b && head->type == BOX_MSG_FAILED) {
        box_on_failed(b, &((const struct box_failed *)msg)->err);
    } /* else it was freed in the meantime */
}

static const struct chan_ops boxd_ops = {
    .types =
        1U << BOX_MSG_ENDED | 1U << BOX_MSG_FAILED | 1U << BOX_MSG_DESTROYED | 1U << BOX_MSG_USED,
    .packet = sandbox_on_packet,
    .end = sandbox_on_end,
};

/* --- the life of the connection -------------------------------------------------------- */

static int hello_wait(int sock, struct err *e)
{
    struct pollfd p = {.fd = sock, .events = POLLIN};
    int n;
    do {
        n = poll(&p, 1, HELLO_WAIT_MS);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return err_sys(e, "waiting for boxd");
    }
    if (n == 0) {
        return err_set(e, ERR_BUSY, "boxd said nothing within %d s", HELLO_WAIT_MS / 1000);
    }
    return 0;
}

static int hello_read(int sock, struct box_boxd_hello *ret, struct err *e)
{
    int r = hello_wait(sock, e);
    if (r < 0) {
        return r;
    }
    struct box_boxd_hello hello;
    size_t len, fd_count = 0;
    r = fd_recv(sock, &hello, sizeof(hello), &len, NULL, &fd_count, MSG_DONTWAIT, e);
    if (r < 0) {
        return r;
    }
    if (len == 0) {
        return err_set(e, ERR_GONE, "boxd ended before it was ready; its log says why");
    }
    if (!box_msg_check(&hello, len, 1U << BOX_MSG_BOXD_HELLO)) {
        return err_set(e, ERR_INVALID, "boxd's first message is no HELLO");
    }
    if (hello.version != BOX_PROTO_VERSION) {
        return err_set(e, ERR_UNSUPPORTED,
                       "boxd speaks version %u, this server %d: install both from one build",
                       hello.version, BOX_PROTO_VERSION);
    }
    if (hello.boxes == 0 || hello.boxes > BOXES_MAX) {
        return err_set(e, ERR_INVALID, "boxd offers %u boxes", hello.boxes);
    }
    *ret = hello;
    return 0;
}

int sandbox_new(struct loop *loop, int boxd_sock, const struct log *log, struct sandbox **ret,
                struct err *e)
{
    AUTO(fd_closep) int sock = boxd_sock;
    struct box_boxd_hello hello = {0};
    int r = hello_read(sock, &hello, e);
    if (r < 0) {
        return err_wrap(e, "connecting to boxd");
    }
    /* A program that closes its stdin must end that stream, not this process. */
    signal(SIGPIPE, SIG_IGN);

    struct sandbox *s = xcalloc(1, sizeof(*s));
    s->loop = loop;
    s->log = log;
    s->hello = hello;
    s->settle_ns = SETTLE_NS;
    s->scratch = xmalloc(SCRATCH_BYTES);
    numbers_init(s, hello.boxes);
    chan_init(&s->boxd);
    /* CREATE, START, USAGE, KILL and DESTROY: no more can wait, so none is ever refused. */
    r = chan_open(&s->boxd, loop, TAKE(&sock, -1), 5 * (size_t)hello.boxes, &boxd_ops, s, e);
    if (r < 0) {
        sandbox_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

void sandbox_free(struct sandbox *s)
{
    if (!s) {
        return;
    }
    s->lost = true;
    sandbox_lose_boxes(s, "it was given up");
    for (uint32_t i = 0; i < s->hello.boxes; i++) {
        if (s->boxes[i]) {
            box_detach(s->boxes[i]);
        }
    }
    loop_defer_cancel(&s->walk.tell);
    chan_close(&s->boxd);
    free(s->boxes);
    free(s->taken);
    free(s->free_list);
    free(s->scratch);
    free(s);
}

void sandbox_on_lost(struct sandbox *s, sandbox_lost_fn *lost, sandbox_room_fn *room, void *ctx)
{
    for (size_t i = 0; i < SANDBOX_LISTENERS; i++) {
        if (!s->listeners[i].lost && !s->listeners[i].room) {
            s->listeners[i] = (struct sandbox_listener){lost, room, ctx};
            return;
        }
    }
    LOG_ERROR(s->log, "too many listeners for the loss of boxd", log_i("limit", SANDBOX_LISTENERS));
}

void sandbox_forget(struct sandbox *s, void *ctx)
{
    walk_forget(s, ctx);
    for (size_t i = 0; i < SANDBOX_LISTENERS; i++) {
        if (s->listeners[i].ctx == ctx) {
            s->listeners[i] = (struct sandbox_listener){0};
        }
    }
}

int sandbox_send(struct sandbox *s, const void *msg, size_t len, const int *fds, size_t fd_count,
                 struct err *e)
{
    int r = chan_send(&s->boxd, msg, len, fds, fd_count, e);
    if (r == -ERR_GONE) {
        s->lost = true; /* no new boxes; the loop tells the listeners */
    }
    return r;
}

const struct box_boxd_hello *sandbox_hello(const struct sandbox *s)
{
    return &s->hello;
}

bool sandbox_full(const struct sandbox *s)
{
    return s->lost || s->free_count == 0;
}

bool sandbox_is_lost(const struct sandbox *s)
{
    return s->lost;
}

unsigned sandbox_live(const struct sandbox *s)
{
    return s->hello.boxes - s->free_count;
}
