/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One box: created, started, watched, freed.  CREATE, the START of init and the START of boxd are
 * all sent before anything is answered; what comes back may come in any order between the two
 * sockets and the pipes (see sandbox_impl.h for how the end is found).
 */
#include "sandbox/sandbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "sandbox/launch.h"
#include "sandbox/payload.h"
#include "sandbox/sandbox_impl.h"

/* So often in a row a listener may be found to take nothing: a program that is dead must not keep
 * its box for ever because nobody reads. */
#define STALLS_MAX 6

/* --- the end --------------------------------------------------------------------------- */

void box_busy_begin(struct box *b)
{
    b->busy++;
}

bool box_busy_end(struct box *b)
{
    b->busy--;
    if (!b->freed) {
        return true;
    }
    if (b->busy == 0) {
        free(b);
    }
    return false;
}

void box_set_failure(struct box *b, const struct err *why)
{
    if (!b->report.failure.kind) {
        b->report.failure = *why;
    }
}

/*
 * The text of an init comes from inside a box: it is shown, so it must be plain.  Only the loss of
 * boxd is ERR_GONE.
 */
void box_set_told_failure(struct box *b, const struct err *why)
{
    struct err e = *why;
    if (e.kind < ERR_INVALID || e.kind > ERR_BUG || e.kind == ERR_GONE) {
        e.kind = ERR_IO;
    }
    e.text[sizeof(e.text) - 1] = '\0';
    for (char *c = e.text; *c; c++) {
        if (*c < ' ' || *c > '~') {
            *c = '?';
        }
    }
    box_set_failure(b, &e);
}

/* Also of a program that was stopped; that there is none, or not all, is no failure. */
static void box_take_some(struct box *b)
{
    struct box_product_in *p = &b->product;
    b->report.product_missed = p->missed || !p->confirmed;
    if (p->eof) {
        b->report.product_fd = TAKE(&p->file_fd, -1);
        b->report.product_size = p->size;
    }
}

/* Moves the product into the report, or says why there is none. */
static void box_take_product(struct box *b)
{
    struct box_product_in *p = &b->product;
    if (p->wanted && p->some) {
        box_take_some(b);
        return;
    }
    if (!p->wanted || b->report.failure.kind || b->report.ended.end != BOX_END_EXIT) {
        return;
    }
    if (p->eof && p->confirmed) {
        b->report.product_fd = TAKE(&p->file_fd, -1);
        b->report.product_size = p->size;
        return;
    }
    /* boxd is there: init was ended while it collected, by one of these two. */
    struct err e;
    err_set(&e, ERR_LIMIT,
            "the files that the program made took too long to collect, or more memory than the box "
            "has");
    box_set_failure(b, &e);
}

static void box_tell(struct box *b)
{
    b->told = true;
    loop_timer_cancel(&b->settle);
    box_stdio_finish(b);
    box_take_product(b);
    struct box_report report = b->report;
    b->report.product_fd = -1;
    b->events.ended(b->events.ctx, &report);
}

static void box_on_settle(void *ctx);

void box_settle_later(struct box *b)
{
    if (!b->settle.loop) {
        struct loop *loop = b->sandbox->loop;
        loop_timer_set(loop, &b->settle, loop_now_ns(loop) + b->sandbox->settle_ns, box_on_settle,
                       b);
    }
}

static bool box_is_over(const struct box *b)
{
    if (b->report.ended.end == BOX_END_LOST) {
        /* Init's own word, which may still wait in the control socket, is the better reason. */
        return b->report.failure.kind || b->control.sock < 0;
    }
    return box_stdio_done(b) && box_product_done(b);
}

void box_progress(struct box *b)
{
    if (!b->ended || b->told) {
        return;
    }
    box_stdio_drain(b);
    if (box_is_over(b)) {
        box_tell(b);
    } else {
        box_settle_later(b);
    }
}

static void box_on_settle(void *ctx)
{
    struct box *b = ctx;

    if (b->ended && box_stdio_paused(b) && b->stalls++ < STALLS_MAX) {
        box_settle_later(b); /* it is the listener that takes its time */
        return;
    }
    box_stdio_give_up(b);
    box_stdio_close(b);
    box_product_give_up(b);
    chan_close(&b->control);
    b->ended = true;
    box_progress(b);
}

/* --- what is said about it ------------------------------------------------------------- */

void box_on_ended(struct box *b, const struct box_ended *ended)
{
    if (b->ended) {
        return;
    }
    b->ended = true;
    b->report.ended = *ended;
    b->report.may_have_run = ended->start_ns != 0;
    box_stdio_close_in(b);
    /* Of a gentle stop init brings the files; of another it is dead, and its socket tells. */
    bool stopped = ended->end != BOX_END_EXIT && !b->product.some;
    if (stopped || b->report.failure.kind) {
        box_product_give_up(b);
    }
    box_progress(b);
}

void box_on_failed(struct box *b, const struct err *why)
{
    if (b->ended) {
        return;
    }
    b->ended = true;
    box_set_told_failure(b, why);
    box_progress(b);
}

/* Also one whose end was known: what it printed last would be missing. */
void box_lose(struct box *b, const struct err *why)
{
    if (b->told) {
        return;
    }
    b->ended = true;
    b->report.ended.end = BOX_END_LOST;
    b->report.failure = *why;
    b->report.may_have_run = b->started;
    box_progress(b);
}

/* --- what is asked of it --------------------------------------------------------------- */

static int create_send(struct box *b, const struct box_spec *spec, int init_end, struct err *e)
{
    struct box_create m = {
        .head = {BOX_MSG_CREATE, b->number},
        .class = spec->class,
        .network = spec->network ? BOX_NETWORK_EGRESS : BOX_NETWORK_LOOPBACK,
        .maxima = spec->maxima,
    };
    if (spec->network) {
        m.layers[m.layer_count++] = LAYER_NETWORK;
    }
    memcpy(m.layers + m.layer_count, spec->layers, spec->layer_count * sizeof(m.layers[0]));
    m.layer_count += (uint32_t)spec->layer_count;
    return sandbox_send(b->sandbox, &m, sizeof(m), &init_end, 1, e);
}

static int box_create(struct box *b, const struct box_spec *spec, struct err *e)
{
    int pair[2];
    int r = fd_seqpacket_pair(pair, e);
    if (r < 0) {
        return r;
    }
    AUTO(fd_closep) int init_end = pair[1];
    r = box_control_open(b, pair[0], e);
    return r < 0 ? r : create_send(b, spec, init_end, e);
}

int box_new(struct sandbox *s, const struct box_spec *spec, const struct box_events *events,
            struct box **ret, struct err *e)
{
    if (spec->layer_count == 0 || spec->layer_count >= BOX_LAYERS_MAX) {
        return err_set(e, ERR_INVALID, "a box of %zu layers (1 to %d are possible)",
                       spec->layer_count, BOX_LAYERS_MAX - 1);
    }
    AUTO(mem_freep) struct box *b = xcalloc(1, sizeof(*b));
    int r = sandbox_number_take(s, b, &b->number, e);
    if (r < 0) {
        return r;
    }
    b->sandbox = s;
    b->events = *events;
    b->maxima = spec->maxima;
    b->report.product_fd = -1;
    b->report.ended.end = BOX_END_LOST;
    chan_init(&b->control);
    box_stdio_init(b);
    box_product_init(b);
    r = box_create(b, spec, e);
    if (r < 0) {
        chan_close(&b->control);
        sandbox_number_give(s, b->number);
        return err_wrap(e, "making a box");
    }
    *ret = TAKE(&b, NULL);
    return 0;
}

void box_claim(struct box *b, const struct box_events *events)
{
    b->events = *events;
}

bool box_is_built(const struct box *b)
{
    return b->built;
}

bool box_is_warm(const struct box *b)
{
    return b->warm;
}

static int box_check(const struct box *b, struct err *e)
{
    if (!b->sandbox || b->sandbox->lost) {
        return err_set(e, ERR_GONE, "the connection to boxd is gone");
    }
    return b->started ? err_set(e, ERR_BUG, "a box is started once") : 0;
}

int box_warm(struct box *b, const struct box_program *p, const char *wait, struct err *e)
{
    int r = box_check(b, e);
    if (r < 0) {
        return r;
    }
    if (b->warm || p->stdio == BOX_STDIO_PTY || !box_wait_name_ok(wait)) {
        return err_set(e, ERR_BUG, "a box cannot be made warm twice, with a terminal, or for '%s'",
                       wait);
    }
    b->warm = true;
    b->stdio = p->stdio;
    box_stdio_prepare(b, p);
    r = payload_send_warm(&b->control, p, wait, b->sandbox->scratch, e);
    return r < 0 && r != -ERR_GONE ? err_wrap(e, "warming up a program") : 0;
}

int box_start(struct box *b, const struct box_program *p, struct err *e)
{
    _Static_assert(PAYLOAD_FRAME_MAX <= SCRATCH_BYTES, "a frame is put together in scratch");
    struct sandbox *s = b->sandbox;
    int r = box_check(b, e);
    if (r == 0 && b->warm && p->stdio != b->stdio) {
        r = err_set(e, ERR_BUG, "a program that is warm has other streams");
    }
    if (r < 0) {
        return r;
    }
    b->started = true;
    if (!b->warm) {
        b->stdio = p->stdio;
        box_stdio_prepare(b, p);
    }
    box_stdio_start(b);
    box_product_prepare(b, p);
    r = (b->warm ? payload_send_warmed : payload_send)(&b->control, p, s->scratch, e);
    /* An init that is gone already is boxd's to explain. */
    if (r < 0 && r != -ERR_GONE) {
        return err_wrap(e, "starting a program");
    }
    struct box_start m = {
        .head = {BOX_MSG_START, b->number},
        .wall_ns = p->wall_ns,
        .cpu_ns = p->cpu_ns,
        .maxima = b->maxima,
        .flags = p->collect && p->collect_some ? BOX_STOP_GENTLY : 0,
    };
    r = sandbox_send(s, &m, sizeof(m), NULL, 0, e);
    return r == -ERR_GONE ? 0 : r;
}

void box_signal(struct box *b, int signo)
{
    struct box_signal m = {.head.type = BOX_MSG_SIGNAL, .signo = signo};
    struct err e;
    chan_send(&b->control, &m, sizeof(m), NULL, 0, &e);
}

void box_resize(struct box *b, uint16_t rows, uint16_t columns)
{
    struct box_resize m = {.head.type = BOX_MSG_RESIZE, .rows = rows, .columns = columns};
    struct err e;
    chan_send(&b->control, &m, sizeof(m), NULL, 0, &e);
}

void box_kill(struct box *b, enum box_kill_cause cause)
{
    if (!b->sandbox || b->ended || b->killed) {
        return;
    }
    b->killed = true;
    struct box_kill m = {.head = {BOX_MSG_KILL, b->number}, .cause = cause};
    struct err e;
    sandbox_send(b->sandbox, &m, sizeof(m), NULL, 0, &e);
}

void box_detach(struct box *b)
{
    loop_timer_cancel(&b->settle);
    box_stdio_close(b);
    box_product_give_up(b);
    chan_close(&b->control);
    b->ended = b->told = true;
    b->sandbox = NULL;
}

/* The number stays taken until DESTROYED, unless nobody is left to say it. */
static void box_destroy(struct box *b)
{
    struct sandbox *s = b->sandbox;
    if (s->lost) {
        sandbox_number_give(s, b->number);
        return;
    }
    s->boxes[b->number] = NULL;
    struct box_destroy m = {.head = {BOX_MSG_DESTROY, b->number}};
    struct err e;
    sandbox_send(s, &m, sizeof(m), NULL, 0, &e);
}

void box_free(struct box *b)
{
    if (!b || b->freed) {
        return;
    }
    if (b->sandbox) {
        box_destroy(b);
        box_detach(b);
    }
    fd_closep(&b->product.file_fd);
    b->freed = true;
    if (b->busy == 0) {
        free(b);
    }
}
