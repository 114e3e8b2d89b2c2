/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Its place in the engine's queue, and what the engine says of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine/executions_impl.h"
#include "model/result.h"
#include "queue/queue.h"
#include "runtimes/runtimes.h"
#include "store/store.h"

/* Of what waits with all its parts; the rest is read again when its turn comes. */
#define HELD_MAX (UINT64_C(64) << 20)
/* Results that cannot be written: beyond, no more programs are run for their sake. */
#define UNSAVED_MAX (UINT64_C(64) << 20)

/* --- what the engine says ---------------------------------------------------------------- */

static void on_load(void *ctx)
{
    struct active *a = ctx;
    struct executions *e = a->all;
    a->state = ACTIVE_LOADING;
    if (e->draining) {
        active_let_go(a);
    } else if (e->write_failed && e->unsaved_bytes > UNSAVED_MAX) {
        active_park(a);
    } else {
        active_load(a);
    }
}

static void on_finished(void *ctx, struct result *result)
{
    struct active *a = ctx;
    a->job = NULL;
    a->state = ACTIVE_OVER;
    a->result = xmalloc(sizeof(*a->result));
    *a->result = *result;
    result_init(result);
    if (a->accepted) {
        active_over(a);
    }
}

static void on_stage(void *ctx, enum engine_stage stage)
{
    struct active *a = ctx;
    a->stage = stage;
    watches_progress(a);
}

static void on_stage_done(void *ctx, enum engine_stage stage, const struct stage_result *result)
{
    (void)stage, (void)result;
    watches_progress(ctx);
}

static void on_more(void *ctx)
{
    watches_progress(ctx);
}

struct engine_observer active_observer(struct active *a)
{
    return (struct engine_observer){.load = on_load,
                                    .stage = on_stage,
                                    .more = on_more,
                                    .stage_done = on_stage_done,
                                    .finished = on_finished,
                                    .ctx = a};
}

/* --- its place in the queue -------------------------------------------------------------- */

/* A copy with what an answer about one that waits is made of. */
static struct execution *execution_without_parts(const struct execution *x)
{
    struct execution *small = execution_new();
    unsigned refs = small->refs;
    *small = *x;
    small->refs = refs;
    memset(small->parts, 0, sizeof(small->parts));
    small->caller = xstrdup(x->caller);
    small->label = xstrdup(x->label);
    small->idempotency = xstrdup(x->idempotency);
    small->request = xstrdup(x->request);
    small->result = xstrdup(x->result);
    return small;
}

static void active_hold(struct active *a)
{
    if (!a->whole || a->held > 0) {
        return;
    }
    uint64_t bytes = execution_bytes(a->x);
    if (a->all->held_bytes + bytes > HELD_MAX) {
        active_set_x(a, a->group ? execution_without_parts(a->x) : NULL, false);
        return;
    }
    a->held = bytes;
    a->all->held_bytes += bytes;
}

void active_enqueue(struct active *a, bool forced)
{
    struct executions *e = a->all;
    struct engine_observer observer = active_observer(a);
    struct queue_item item = {.batch = a->batch};
    struct err err;
    snprintf(item.id, sizeof(item.id), "%s", a->id);
    snprintf(item.caller, sizeof(item.caller), "%s", a->caller);
    list_remove(&a->place);
    active_set_unplaced(a, false);
    if (a->cancelled && !e->draining) {
        active_load(a);
        return;
    }
    int r = e->draining ? -ERR_BUSY : 0;
    if (r == 0 && !forced) {
        r = engine_submit_ticket(e->engine, &item, false, &observer, &a->job, &err);
        forced = r < 0; /* others have taken its place since; it was accepted all the same */
        r = 0;
    }
    if (r == 0 && forced) {
        r = engine_submit_ticket(e->engine, &item, true, &observer, &a->job, &err);
    }
    if (r < 0) {
        active_let_go(a);
        return;
    }
    a->state = ACTIVE_WAITING;
    active_hold(a);
}

void active_park(struct active *a)
{
    struct executions *e = a->all;
    active_cancel_run(a);
    a->state = ACTIVE_PARKED;
    active_hold(a);
    list_append(&e->parked, &a->place);
    executions_retry_later(e);
}

/* Waits until the one that has its last try is over. */
void active_suspect(struct active *a)
{
    active_cancel_run(a);
    a->state = ACTIVE_PARKED;
    active_hold(a);
    list_append(&a->all->suspects, &a->place);
}

void active_cancel_run(struct active *a)
{
    if (a->job) {
        engine_job_cancel(TAKE(&a->job, NULL), true);
    }
    runtimes_cancel(TAKE(&a->finding, NULL));
    store_cancel(TAKE(&a->load, NULL));
    store_cancel(TAKE(&a->begin, NULL));
}
