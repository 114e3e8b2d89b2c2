/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxd/box.h"
#include "boxd/boxd.h"

/* Processes that were killed are gone within this, or boxd leaves without them. */
#define STOP_MAX_NS (5 * NS_PER_S)

/* How many requests are heard before a loss is told, whatever they are. */
#define HEARD_MAX 256

/* What the server may ask, and in which states of the box; anything else ends the connection. */
static const struct request_rule {
    enum box_msg type;
    unsigned states;
    size_t descriptors;
    int (*run)(struct box *box, const void *message, int *fd, struct err *e);
} rules[] = {
    {BOX_MSG_CREATE, BOX_FREE, 1, box_create},
    {BOX_MSG_START, BOX_PENDING | BOX_OVER, 0, box_start},
    {BOX_MSG_KILL, BOX_PENDING | BOX_OVER, 0, box_kill},
    {BOX_MSG_DESTROY, BOX_PENDING | BOX_OVER, 0, box_destroy},
    {BOX_MSG_USAGE, BOX_PENDING | BOX_OVER, 0, box_usage},
};

union request {
    struct box_head head;
    struct box_create create;
    struct box_start start;
    struct box_kill kill;
    struct box_destroy destroy;
    struct box_usage usage;
};

/* --- the end of the connection -------------------------------------------------------------- */

static void on_stop_late(void *ctx)
{
    struct boxd *b = ctx;
    LOG_ERROR(&b->log, "boxes did not end");
    b->failed = true;
    loop_stop(b->loop);
}

void boxd_box_freed(struct boxd *b)
{
    if (!b->stopping) {
        return;
    }
    for (uint32_t i = 0; i < b->config.boxes; i++) {
        if (b->boxes[i].state != BOX_FREE) {
            return;
        }
    }
    loop_stop(b->loop);
}

static void stop_now(void *ctx)
{
    struct boxd *b = ctx;
    struct err ignored;
    loop_io_remove(&b->server_io);
    loop_timer_set(b->loop, &b->stop_timer, clock_mono_ns(&clock_system) + STOP_MAX_NS,
                   on_stop_late, b);
    for (uint32_t i = 0; i < b->config.boxes; i++) {
        if ((b->boxes[i].state & (BOX_PENDING | BOX_OVER)) != 0) {
            box_destroy(&b->boxes[i], NULL, NULL, &ignored);
        }
    }
    boxd_box_freed(b);
}

void boxd_stop(struct boxd *b, bool failed)
{
    b->failed = b->failed || failed;
    if (!b->stopping) {
        b->stopping = true;
        loop_defer(b->loop, &b->stop_defer, stop_now, b);
    }
}

/* --- messages --------------------------------------------------------------------------------- */

void server_tell(struct boxd *b, const void *message, size_t len)
{
    if (b->stopping) {
        return;
    }
    struct err e;
    int r = fd_send(b->server, message, len, NULL, 0, &e);
    if (r < 0) {
        /* BUSY too: its buffer holds more than a server that reads would let pile up.  That it is
           gone is its ordinary end: a program was stopped, and nobody waits for its box. */
        bool gone = r == -ERR_GONE;
        log_event(&b->log, gone ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR, "server does not hear",
                  (const struct log_field[]){log_s("error", e.text), {0}});
        boxd_stop(b, !gone);
    }
}

static int request_run(struct boxd *b, const union request *m, size_t len, int *fd, size_t fd_count,
                       struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        const struct request_rule *rule = &rules[i];
        if (!box_msg_check(m, len, UINT32_C(1) << rule->type)) {
            continue;
        }
        const char *name = box_msg_name(rule->type);
        if (m->head.box >= b->config.boxes) {
            return err_set(e, ERR_INVALID, "%s for box %" PRIu32 " of %" PRIu32, name, m->head.box,
                           b->config.boxes);
        }
        struct box *box = &b->boxes[m->head.box];
        if ((rule->states & box->state) == 0) {
            return err_set(e, ERR_INVALID, "%s for box %" PRIu32 " in state %#x", name, box->id,
                           (unsigned)box->state);
        }
        if (fd_count != rule->descriptors) {
            return err_set(e, ERR_INVALID, "%s with %zu descriptors", name, fd_count);
        }
        return rule->run(box, m, fd, e);
    }
    return err_set(e, ERR_INVALID, "%zu bytes that are no request", len);
}

/* One packet; false when there is none, or none will come. */
static bool request_read(struct boxd *b)
{
    union request m;
    AUTO(fd_closep) int fd = -1;
    size_t len, fd_count = 1;
    struct err e;
    int r = fd_recv(b->server, &m, sizeof(m), &len, &fd, &fd_count, MSG_DONTWAIT, &e);
    if (r == -ERR_BUSY) {
        return false;
    }
    bool ended = r == -ERR_GONE || (r == 0 && len == 0);
    if (r == 0 && !ended) {
        r = request_run(b, &m, len, &fd, fd_count, &e);
    }
    if (r < 0 && !ended) {
        LOG_ERROR(&b->log, "connection ended by a bad request", log_s("error", e.text));
    }
    if (r < 0 || ended) {
        loop_io_remove(&b->server_io);
        boxd_stop(b, !ended);
        return false;
    }
    return true;
}

static void on_server(void *ctx, unsigned events)
{
    (void)events;
    request_read(ctx);
}

void requests_hear(struct boxd *b)
{
    for (int i = 0; i < HEARD_MAX && !b->stopping && request_read(b); i++) {
    }
}

int requests_begin(struct boxd *b, struct err *e)
{
    struct box_boxd_hello hello = {
        .head = {.type = BOX_MSG_BOXD_HELLO},
        .version = BOX_PROTO_VERSION,
        .features = b->features,
        .cgroup = b->config.cgroup,
        .landlock_abi = b->landlock_abi,
        .boxes = b->config.boxes,
    };
    struct utsname name;
    uname(&name);
    _Static_assert(sizeof(hello.kernel) <= sizeof(name.release), "strnlen stays inside");
    memcpy(hello.kernel, name.release, strnlen(name.release, sizeof(hello.kernel) - 1));
    int r = fd_send(b->server, &hello, sizeof(hello), NULL, 0, e);
    return r < 0 ? err_wrap(e, "HELLO")
                 : loop_io_add(b->loop, &b->server_io, b->server, EPOLLIN, on_server, b, e);
}
