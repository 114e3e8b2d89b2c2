/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From its turn to the job that runs: read again, runtime found, beginning written, job made.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine/executions_impl.h"
#include "model/job.h"
#include "model/result.h"
#include "model/runtime.h"
#include "queue/queue.h"
#include "runtimes/runtimes.h"
#include "store/store.h"

/* Larger ones are written before they run: what is copied and kept twice is small then. */
#define AT_ONCE_MAX (UINT64_C(1) << 20)
#define TRIES_MAX   5

/* --- the job ----------------------------------------------------------------------------- */

static int job_make(struct active *a, struct job **ret, struct err *err)
{
    const struct execution *x = a->x;
    AUTO(job_freep) struct job *job = NULL;
    int r = a->dialect->job(a->dialect->ctx, x, a->runtime, &job, err);
    if (r < 0) {
        return r;
    }
    snprintf(job->id, sizeof(job->id), "%s", x->id); /* by which it is known to all who look */
    if (!job->dialect[0]) {
        snprintf(job->dialect, sizeof(job->dialect), "%s", x->dialect);
    }
    if (!job->caller) {
        job->caller = xstrdup(a->caller);
    }
    job->priority = a->batch ? JOB_BATCH : JOB_INTERACTIVE;
    *ret = TAKE(&job, NULL);
    return 0;
}

static void execution_begins(const struct active *a)
{
    struct execution *x = a->x;
    x->state = EXECUTION_RUNNING;
    x->attempts++;
    x->started_ns = executions_now(a->all, x->created_ns);
}

/* Its runtime, when it is known without asking. */
static struct runtime *runtime_known(const struct active *a)
{
    const char *language = NULL, *range = NULL;
    struct runtime *runtime = NULL;
    struct err ignored; /* tried again, and told, when its turn comes */
    if (a->dialect->runtime(a->dialect->ctx, a->x, &language, &range, &runtime, &ignored) < 0) {
        return NULL;
    }
    bool known = false;
    return runtime ? runtime : runtimes_peek(a->all->runtimes, language, range, &known);
}

bool active_begin_at_once(struct active *a)
{
    struct executions *e = a->all;
    if (e->write_failed || !engine_begins_at_once(e->engine, a->caller, a->batch) ||
        execution_bytes(a->x) > AT_ONCE_MAX) {
        return false;
    }
    a->runtime = runtime_known(a);
    struct job *job = NULL;
    struct err ignored; /* likewise */
    if (!a->runtime || job_make(a, &job, &ignored) < 0) {
        return false;
    }
    struct engine_observer observer = active_observer(a);
    if (engine_submit(e->engine, job, &observer, &a->job, &ignored) < 0) {
        return false;
    }
    a->state = ACTIVE_RUNNING;
    a->begun = true;
    execution_begins(a);
    return true;
}

static void active_run(struct active *a)
{
    struct job *job = NULL;
    struct err why;
    if (job_make(a, &job, &why) < 0) {
        active_fail(a, why.text);
        return;
    }
    a->state = ACTIVE_RUNNING;
    engine_job_load(a->job, job);
}

/* Deleted, or finished while it was listed; a->x is the last that is known. */
static void active_is_gone(struct active *a)
{
    active_cancel_run(a);
    group_tell(a);
    reads_gone(a);
    watches_gone(a);
    active_free(a);
}

static void on_begun(void *ctx, const struct err *why)
{
    struct active *a = ctx;
    bool waits = a->careful && a->state == ACTIVE_LOADING;
    a->begin = NULL;
    if (why && waits && is_refusal(why)) {
        active_is_gone(a);
        return;
    }
    if (why && waits) {
        a->begun = false;
        a->x->attempts--;
        a->x->state = EXECUTION_QUEUED;
        active_park(a);
    }
    if (why) { /* beside a run: its result is written all the same, or waits to be */
        store_failed(a->all, why);
        return;
    }
    store_works(a->all);
    if (waits) {
        active_run(a);
    }
}

/* What an earlier server left may be what ended it: that it begins is on disk before it does. */
static void active_begin(struct active *a)
{
    const struct execution *x = a->x;
    execution_begins(a);
    a->begun = true;
    a->begin = store_begin(a->all->store, a->id, x->attempts, x->started_ns, on_begun, a);
    if (!a->careful) {
        active_run(a);
    }
}

/* --- on the way there -------------------------------------------------------------------- */

static void on_found(void *ctx, struct runtime *found)
{
    struct active *a = ctx;
    a->finding = NULL;
    a->runtime = runtime_known(a);
    if (!a->runtime && found) {
        a->runtime = runtime_ref(found);
    }
    if (a->runtime) {
        active_begin(a);
    } else {
        active_fail(a, "its language, in this version, is not installed here any more");
    }
}

static void active_find_runtime(struct active *a)
{
    const char *language = NULL, *range = NULL;
    struct err why;
    runtime_unref(TAKE(&a->runtime, NULL));
    int r = a->dialect->runtime(a->dialect->ctx, a->x, &language, &range, &a->runtime, &why);
    if (r < 0) {
        active_fail(a, why.text);
        return;
    }
    bool known = false;
    if (!a->runtime) {
        a->runtime = runtimes_peek(a->all->runtimes, language, range, &known);
    }
    if (a->runtime) {
        active_begin(a);
    } else {
        a->finding = runtimes_find(a->all->runtimes, language, range, on_found, a);
    }
}

static bool has_ended_the_server(const struct active *a)
{
    return a->careful && a->x->state == EXECUTION_RUNNING && a->x->attempts >= ATTEMPTS_MAX;
}

static bool has_one_try_left(const struct active *a)
{
    return a->careful && a->x->state == EXECUTION_RUNNING && a->x->attempts == ATTEMPTS_MAX - 1;
}

/* Of several that ran when the server was ended, the one that ends it is found by trying each of
 * them alone. */
static bool active_takes_last_try(struct active *a)
{
    struct executions *e = a->all;
    if (!has_one_try_left(a)) {
        return true;
    }
    e->last_try = e->last_try ? e->last_try : a;
    return e->last_try == a;
}

void active_end_last_try(struct active *a)
{
    struct executions *e = a->all;
    if (e->last_try != a) {
        return;
    }
    e->last_try = NULL;
    if (!list_empty(&e->suspects) && !e->draining) {
        active_enqueue(LIST_ITEM(e->suspects.next, struct active, place), true);
    }
}

static void active_go(struct active *a)
{
    if (a->cancelled) {
        active_over_unrun(a);
    } else if (has_ended_the_server(a)) {
        char why[128];
        snprintf(why, sizeof(why),
                 "this program was running when the server was ended %u times; it is not run again",
                 a->x->attempts);
        a->all->given_up++;
        active_fail(a, why);
    } else if (active_takes_last_try(a)) {
        active_find_runtime(a);
    } else {
        active_suspect(a);
    }
}

/* It is to blame when others could be read since its last try. */
static void active_unreadable(struct active *a, const struct err *why)
{
    LOG_WARN(a->all->log, "an execution cannot be read from the store", log_s("id", a->id),
             log_s("error", why->text));
    a->tries += a->tried_at != a->all->reads_done;
    a->tried_at = a->all->reads_done;
    if (a->tries < TRIES_MAX) {
        active_park(a);
        return;
    }
    char text[ERR_TEXT_MAX + 64];
    snprintf(text, sizeof(text), "this submission could not be read again: %s", why->text);
    active_fail(a, text);
}

static void on_loaded(void *ctx, struct execution *x, const struct err *why)
{
    struct active *a = ctx;
    a->load = NULL;
    if (why) {
        active_unreadable(a, why);
        return;
    }
    store_reads(a->all);
    if (x) {
        active_set_x(a, x, true);
    }
    if (x && !execution_is_over(x)) {
        active_go(a);
    } else {
        active_is_gone(a);
    }
}

void active_load(struct active *a)
{
    a->state = ACTIVE_LOADING;
    if (a->whole) {
        active_set_x(a, execution_ref(a->x), true);
        active_go(a);
    } else {
        a->load = store_get(a->all->store, a->id, PARTS_ASKED, on_loaded, a);
    }
}
