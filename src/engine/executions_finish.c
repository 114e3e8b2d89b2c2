/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what came of it to the disk.  Who waits is told before that; callbacks are sent after it, so
 * that no crash can contradict them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/executions_impl.h"
#include "engine/webhooks.h"
#include "model/result.h"
#include "store/store.h"

/* --- to disk ----------------------------------------------------------------------------- */

static void active_saved(struct active *a)
{
    struct executions *e = a->all;
    struct webhook *hook = TAKE(&a->hook, NULL);
    if (a->whole) {
        cache_put(&e->cache, a->x, executions_now(e, 0));
    }
    reads_saved(a);
    watches_gone(a); /* whose x was not whole */
    active_free(a);
    if (hook) {
        callbacks_send(e, hook);
        free(hook);
    }
}

static void active_save_refusal(struct active *a, const struct err *why);

static void on_saved(void *ctx, const struct err *why)
{
    struct active *a = ctx;
    struct executions *e = a->all;
    a->finish = NULL;
    if (why && why->kind == ERR_INVALID && !a->refused) {
        active_save_refusal(a, why);
    } else if (why && is_refusal(why)) { /* purged meanwhile: there is nothing to write to */
        a->whole = false;
        active_saved(a);
    } else if (why) {
        list_append(&e->unsaved, &a->place);
        store_failed(e, why);
    } else {
        active_saved(a);
        store_works(e);
    }
}

void active_save(struct active *a)
{
    a->finish = store_finish(a->all->store, a->x, on_saved, a);
}

/* --- what came of it --------------------------------------------------------------------- */

static void active_prepare_hook(struct active *a)
{
    struct execution *x = a->x;
    struct webhook hook = {0};
    x->callback = CALLBACK_NONE;
    if (!a->whole || !a->dialect->callback || !a->dialect->callback(a->dialect->ctx, x, &hook)) {
        return;
    }
    x->callback = CALLBACK_DUE;
    snprintf(hook.id, sizeof(hook.id), "%s", x->id);
    a->hook = xmalloc(sizeof(hook));
    *a->hook = hook;
}

/* It is larger than the store takes, and would be so each time. */
static void active_save_refusal(struct active *a, const struct err *why)
{
    a->refused = true;
    if (a->hook) {
        webhook_done(a->hook);
        free(TAKE(&a->hook, NULL));
    }
    LOG_ERROR(a->all->log, "what came of an execution cannot be kept", log_s("id", a->id),
              log_s("error", why->text));
    a->dialect->fail(a->dialect->ctx, a->x, why->text);
    active_prepare_hook(a);
    active_save(a);
}

static void active_finish_begin(struct active *a, enum execution_state state)
{
    struct execution *x = a->x;
    x->state = state;
    x->finished_ns =
        executions_now(a->all, x->started_ns > x->created_ns ? x->started_ns : x->created_ns);
}

static void active_finish_end(struct active *a)
{
    struct executions *e = a->all;
    a->state = ACTIVE_SAVING;
    active_prepare_hook(a);
    a->unsaved = execution_bytes(a->x);
    e->unsaved_bytes += a->unsaved;
    active_save(a);
    group_tell(a);
    reads_over(a);
    watches_over(a);
}

void active_over(struct active *a)
{
    bool cancelled = a->cancelled && a->result->verdict == VERDICT_CANCELLED;
    active_finish_begin(a, cancelled ? EXECUTION_CANCELLED : EXECUTION_FINISHED);
    a->result->runtime = a->runtime;
    a->dialect->conclude(a->dialect->ctx, a->x, a->result);
    result_done(a->result);
    free(TAKE(&a->result, NULL));
    active_finish_end(a);
}

void active_fail(struct active *a, const char *why)
{
    active_cancel_run(a);
    if (!a->x) {
        struct execution *x = execution_new();
        snprintf(x->id, sizeof(x->id), "%s", a->id);
        snprintf(x->dialect, sizeof(x->dialect), "%s", a->dialect->name);
        active_set_x(a, x, false);
    }
    active_finish_begin(a, EXECUTION_FINISHED);
    LOG_WARN(a->all->log, "an execution could not be run", log_s("id", a->id), log_s("why", why));
    a->dialect->fail(a->dialect->ctx, a->x, why);
    active_finish_end(a);
}

/* --- cancelled --------------------------------------------------------------------------- */

void active_over_unrun(struct active *a)
{
    a->result = xmalloc(sizeof(*a->result));
    result_init(a->result);
    a->result->verdict = VERDICT_CANCELLED;
    a->result->queued_ns = a->x->created_ns;
    active_over(a);
}

static void on_ending(void *ctx)
{
    active_load(ctx); /* what is not in memory has to be read, to be told */
}

void active_cancel(struct active *a)
{
    if (TAKE(&a->cancelled, true)) {
        return;
    }
    switch (a->state) {
    case ACTIVE_RUNNING:
        engine_job_cancel(a->job, false);
        return;
    case ACTIVE_WAITING:
    case ACTIVE_PARKED:
    case ACTIVE_LOADING:
        active_cancel_run(a);
        list_remove(&a->place);
        a->state = ACTIVE_LOADING;
        loop_defer(a->all->loop, &a->ending, on_ending, a);
        return;
    case ACTIVE_INSERTING: /* seen when it is accepted */
    case ACTIVE_OVER:
    case ACTIVE_SAVING:
        return;
    }
}

/* --- not to its end ---------------------------------------------------------------------- */

static void on_requeued(void *ctx, const struct err *why)
{
    const struct executions *e = ctx;
    if (why) {
        LOG_WARN(e->log, "what was stopped counts as begun", log_s("error", why->text));
    }
}

/* The stop is not its fault: the try does not count. */
void active_requeue(struct active *a)
{
    if (!a->begun) {
        return;
    }
    struct execution *x = a->x;
    a->begun = false;
    x->state = EXECUTION_QUEUED;
    x->attempts--;
    store_requeue(a->all->store, a->id, x->attempts, on_requeued, a->all);
}

void active_stopped(struct active *a)
{
    active_cancel_run(a);
    active_requeue(a);
    active_let_go(a);
}
