/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a program can be run: a job that ran shows it, else a canary does, a program of this
 * host in a box of its own.  It takes no slot, so a busy server is as ready as an idle one.
 */
#include <stdlib.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "engine/engine_impl.h"
#include "sandbox/launch.h"
#include "sandbox/sandbox.h"

#define CANARY_WALL_NS (5 * NS_PER_S)
#define PATIENCE_NS    (10 * NS_PER_S)

struct engine_ready {
    struct engine *engine;
    struct list link;
    struct err why; /* kind 0: it can */
    engine_ready_fn *fn;
    void *ctx;
};

void ready_note(struct engine *e)
{
    e->canary.well_ns = clock_mono_ns(&clock_system);
}

/* --- telling ----------------------------------------------------------------------------- */

static void ready_tell(void *ctx)
{
    struct engine *e = ctx;
    while (!list_empty(&e->ready_told)) {
        struct engine_ready *r = LIST_ITEM(e->ready_told.next, struct engine_ready, link);
        /* The one before it was taken out of the list and then freed. */
        struct err why = r->why; /* NOLINT(clang-analyzer-unix.Malloc) */
        engine_ready_fn *fn = r->fn;
        void *fn_ctx = r->ctx;
        engine_ready_cancel(r);
        fn(fn_ctx, why.kind ? &why : NULL);
    }
}

static void ready_answer(struct engine_ready *r, const struct err *why)
{
    if (why) {
        r->why = *why;
    }
    list_remove(&r->link);
    list_append(&r->engine->ready_told, &r->link);
    loop_defer(r->engine->loop, &r->engine->ready, ready_tell, r->engine);
}

/* --- the canary -------------------------------------------------------------------------- */

static void canary_end(struct engine *e, const struct err *why)
{
    loop_timer_cancel(&e->canary.patience);
    box_free(e->canary.box);
    e->canary.box = NULL;
    LIST_FOR_EACH (node, &e->ready_asked) {
        ready_answer(LIST_ITEM(node, struct engine_ready, link), why);
    }
}

static void canary_on_ended(void *ctx, struct box_report *report)
{
    struct engine *e = ctx;
    int status = report->ended.wait_status;
    struct err why;
    if (report->failure.kind) {
        canary_end(e, &report->failure);
    } else if (report->ended.end != BOX_END_EXIT || !WIFEXITED(status) || WEXITSTATUS(status)) {
        err_set(&why, ERR_IO, "a small program that should show whether any can be run failed");
        canary_end(e, &why);
    } else {
        ready_note(e);
        canary_end(e, NULL);
    }
}

static bool canary_on_output(void *ctx, enum box_stream stream, const char *data, size_t len)
{
    (void)ctx, (void)stream, (void)data, (void)len;
    return true;
}

static void canary_on_late(void *ctx)
{
    struct err why;
    err_set(&why, ERR_BUSY, "the sandbox daemon did not run a program within %llu s",
            (unsigned long long)(PATIENCE_NS / NS_PER_S));
    canary_end(ctx, &why);
}

static int canary_make(struct engine *e, struct err *err)
{
    uint32_t layers[BOX_LAYERS_MAX];
    const struct box_spec spec = {
        .layers = layers,
        .layer_count = launch_host_layers(layers),
        .class = BOX_CLASS_INTERACTIVE,
        .maxima = {.memory_bytes = UINT64_C(64) << 20,
                   .disk_bytes = 1 << 20,
                   .disk_inodes = 64,
                   .processes = 8},
    };
    const struct box_events events = {
        .output = canary_on_output, .ended = canary_on_ended, .ctx = e};
    if (!e->sandbox) {
        return err_set(err, ERR_GONE, "the sandbox daemon is being started again");
    }
    return box_new(e->sandbox, &spec, &events, &e->canary.box, err);
}

static int canary_start(struct engine *e, struct err *err)
{
    char program[] = "/bin/true";
    char *const argv[] = {program, NULL}, *const env[] = {NULL};
    const struct box_program p = {
        .argv = argv,
        .env = env,
        .archive_fd = -1,
        .stdio_fds = {-1, -1, -1},
        .wall_ns = CANARY_WALL_NS,
        .open_files = 64,
        .processes = 8,
    };
    int r = canary_make(e, err);
    r = r < 0 ? r : box_start(e->canary.box, &p, err);
    if (r == 0) {
        box_stdin_end(e->canary.box);
        loop_timer_set(e->loop, &e->canary.patience, loop_now_ns(e->loop) + PATIENCE_NS,
                       canary_on_late, e);
    }
    return r;
}

/* --- asking ------------------------------------------------------------------------------ */

static bool is_fresh(const struct engine *e, uint64_t fresh_ns)
{
    uint64_t well = e->canary.well_ns;
    return well > 0 && e->sandbox && !sandbox_is_lost(e->sandbox) &&
           clock_mono_ns(&clock_system) - well < fresh_ns;
}

struct engine_ready *engine_ready(struct engine *e, uint64_t fresh_ns, engine_ready_fn *fn,
                                  void *ctx)
{
    struct engine_ready *r = xcalloc(1, sizeof(*r));
    *r = (struct engine_ready){.engine = e, .fn = fn, .ctx = ctx};
    list_append(&e->ready_asked, &r->link);
    struct err why;
    if (is_fresh(e, fresh_ns)) {
        ready_answer(r, NULL);
    } else if (!e->canary.box && canary_start(e, &why) < 0) {
        canary_end(e, &why);
    }
    return r;
}

void engine_ready_cancel(struct engine_ready *r)
{
    if (r) {
        list_remove(&r->link);
        free(r);
    }
}

static void asked_free(struct list *all)
{
    LIST_FOR_EACH (node, all) {
        engine_ready_cancel(LIST_ITEM(node, struct engine_ready, link));
    }
}

void ready_free(struct engine *e)
{
    loop_timer_cancel(&e->canary.patience);
    box_free(e->canary.box);
    asked_free(&e->ready_asked);
    asked_free(&e->ready_told);
    loop_defer_cancel(&e->ready);
}
