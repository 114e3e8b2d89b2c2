/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of the engine: what it is made of, which jobs it takes, how it ends.
 */
#include "engine/engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "engine/engine_impl.h"
#include "sandbox/sandbox.h"

#define UNZIP_MAX ((size_t)64 << 20)

/* --- drain ------------------------------------------------------------------------------- */

static void engine_on_drained(void *ctx)
{
    struct engine *e = ctx;
    if (e->drained) {
        e->drained(e->drained_ctx); /* may free the engine */
    }
}

static void engine_check_drained(struct engine *e)
{
    if (e->draining && list_empty(&e->jobs)) {
        loop_defer(e->loop, &e->drain, engine_on_drained, e);
    }
}

void engine_drain(struct engine *e, void (*drained)(void *ctx), void *ctx)
{
    e->draining = true;
    e->drained = drained;
    e->drained_ctx = ctx;
    pool_stop(e->pool);
    engine_check_drained(e);
}

void engine_stop(struct engine *e)
{
    LIST_FOR_EACH (node, &e->jobs) {
        runner_cancel(LIST_ITEM(node, struct engine_job, all), false);
    }
}

void engine_on_freed(struct engine *e)
{
    engine_check_drained(e);
}

/* --- life -------------------------------------------------------------------------------- */

static void engine_on_room(void *ctx)
{
    engine_pump(ctx);
}

/* Without it the server is of use all the same: who needs it is told. */
static void engine_read_unzip(struct engine *e)
{
    struct err err;
    if (e->config.unzip && fd_read_path(e->config.unzip, UNZIP_MAX, &e->unzip, &err) < 0) {
        LOG_ERROR(e->log, "jobs with an archive cannot be run", log_s("error", err.text));
    }
}

struct engine *engine_new(struct loop *loop, struct sandbox *sandbox,
                          const struct engine_config *config, const struct log *log)
{
    struct engine *e = xcalloc(1, sizeof(*e));
    e->loop = loop;
    e->config = *config;
    e->log = log;
    const struct queue_events events = {engine_pump, e};
    e->queue = queue_memory_new(loop, config->queue_max, &events);
    list_init(&e->between);
    list_init(&e->parked);
    e->products = product_cache_new(loop, &config->products);
    list_init(&e->looks);
    list_init(&e->ready_asked);
    list_init(&e->ready_told);
    list_init(&e->jobs);
    engine_read_unzip(e);
    struct pool_config pool = config->pool;
    pool.depth = pool.free_boxes = config->slots;
    e->pool = pool_new(loop, &pool, log);
    engine_set_sandbox(e, sandbox);
    return e;
}

void engine_free(struct engine *e)
{
    if (!e) {
        return;
    }
    LIST_FOR_EACH (node, &e->jobs) {
        runner_free(LIST_ITEM(node, struct engine_job, all));
    }
    looks_free(e);
    ready_free(e);
    pool_free(e->pool);
    if (e->sandbox) {
        sandbox_forget(e->sandbox, e);
    }
    loop_defer_cancel(&e->pump);
    loop_defer_cancel(&e->drain);
    queue_free(e->queue);
    product_cache_free(e->products);
    table_done(&e->by_id);
    buf_done(&e->unzip);
    free(e);
}

void engine_set_sandbox(struct engine *e, struct sandbox *sandbox)
{
    if (e->sandbox) {
        sandbox_forget(e->sandbox, e);
    }
    e->sandbox = sandbox;
    pool_set_sandbox(e->pool, sandbox);
    if (sandbox) {
        sandbox_on_lost(sandbox, NULL, engine_on_room, e);
        engine_pump_later(e);
    }
    looks_begin_again(e);
}

struct engine_stats engine_stats(const struct engine *e)
{
    struct product_cache_stats products = product_cache_stats(e->products);
    return (struct engine_stats){
        .slots = e->config.slots,
        .running = e->running,
        .queued = (unsigned)queue_waiting(e->queue),
        .boxes = e->sandbox ? sandbox_live(e->sandbox) : 0,
        .sessions = e->sessions,
        .sessions_max = engine_sessions_max(e),
        .spares = pool_stats(e->pool),
        .finished = e->finished,
        .products = products.count,
        .product_bytes = products.bytes,
        .paused = e->config.paused,
        .draining = e->draining,
    };
}

/* --- jobs -------------------------------------------------------------------------------- */

static int engine_check_open(const struct engine *e, struct err *err)
{
    return e->draining ? err_set(err, ERR_BUSY, "the server is stopping and takes no more jobs")
                       : 0;
}

/* One job alone is always taken: its size is the dialect's to limit. */
static int engine_check_bytes(const struct engine *e, const struct job *job, struct err *err)
{
    if (e->held_bytes > 0 && e->held_bytes + job_bytes(job) > e->config.queue_bytes) {
        return err_set(err, ERR_BUSY, "the jobs that wait hold %" PRIu64 " bytes already",
                       e->held_bytes);
    }
    return 0;
}

static int engine_put(struct engine *e, const struct queue_item *item, bool forced,
                      const struct engine_observer *observer, struct engine_job **ret,
                      struct err *err)
{
    struct queue_item held = *item;
    held.running_max = engine_running_max(e, item->caller);
    int r = queue_put(e->queue, &held, forced, false, err);
    if (r < 0) {
        return r;
    }
    struct engine_job *j = runner_new(e, item->id, observer);
    list_append(&e->jobs, &j->all);
    table_add(&e->by_id, &j->by_id, j->id);
    *ret = j;
    return 0;
}

static struct queue_item item_of(struct job *job)
{
    if (job->id[0] == '\0') {
        ulid_make(clock_wall_ns(&clock_system) / NS_PER_MS, job->id);
    }
    struct queue_item item = {.batch = job->priority == JOB_BATCH,
                              .session = job->stdin_open && plan_only_runs(job)};
    memcpy(item.id, job->id, sizeof(job->id));
    snprintf(item.caller, sizeof(item.caller), "%s", job->caller ? job->caller : "");
    return item;
}

int engine_submit(struct engine *e, struct job *job, const struct engine_observer *observer,
                  struct engine_job **ret, struct err *err)
{
    struct queue_item item = item_of(job);
    struct engine_job *j = NULL;
    int r = engine_check_open(e, err);
    if (r == 0) {
        r = engine_check_bytes(e, job, err);
    }
    if (r == 0 && job->stdin_open) {
        r = engine_check_sessions(e, item.caller, err);
    }
    if (r == 0) {
        r = plan_check(e, job, err);
    }
    if (r == 0) {
        r = engine_put(e, &item, false, observer, &j, err);
    }
    if (r < 0) {
        job_free(job);
        return r;
    }
    runner_hold(j, job);
    *ret = j;
    return 0;
}

int engine_submit_ticket(struct engine *e, const struct queue_item *item, bool forced,
                         const struct engine_observer *observer, struct engine_job **ret,
                         struct err *err)
{
    int r = engine_check_open(e, err);
    return r < 0 ? r : engine_put(e, item, forced, observer, ret, err);
}
