/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which job runs next: CPU slots, sessions, room for boxes, the queue.
 *
 * An item is taken when there is a slot for it.  Its lease is longer than its stages can take, and
 * is begun anew with each of them; should it end all the same while the job runs here, the item is
 * taken again, and nothing else happens.
 *
 * Batches never take the last slots: whoever is waited for finds one though batches are many.
 *
 * A session gives its slot back when its run stage begins: somebody may look at it for hours.  One
 * without any other stage needs none, and waits for none.  What it holds is a box, and two boxes
 * for each slot are no session's.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "engine/engine_impl.h"
#include "sandbox/sandbox.h"

bool engine_has_room(const struct engine *e)
{
    return e->sandbox && !sandbox_full(e->sandbox);
}

static unsigned engine_spares(const struct engine *e)
{
    struct pool_stats spares = pool_stats(e->pool);
    return spares.plain + spares.warm;
}

/* A box ahead of need must not be the one that a waiting job, or a session, could start in. */
bool engine_has_spare(const struct engine *e)
{
    const struct sandbox *s = e->sandbox;
    unsigned max = engine_sessions_max(e);
    unsigned kept = e->config.slots + (max > e->sessions ? max - e->sessions : 0);
    return engine_has_room(e) &&
           sandbox_hello(s)->boxes - sandbox_live(s) + engine_spares(e) > kept;
}

/* --- sessions ---------------------------------------------------------------------------- */

/* While there is no boxd what is configured is what there may be. */
unsigned engine_sessions_max(const struct engine *e)
{
    if (!e->sandbox) {
        return e->config.sessions;
    }
    unsigned boxes = sandbox_hello(e->sandbox)->boxes;
    unsigned jobs = 2 * e->config.slots; /* while one is taken down the next is there already */
    unsigned kept = jobs < boxes / 2 ? jobs : boxes / 2;
    return e->config.sessions < boxes - kept ? e->config.sessions : boxes - kept;
}

static unsigned sessions_of(const struct engine *e, const char *caller)
{
    unsigned count = 0;
    LIST_FOR_EACH (node, &e->jobs) {
        const struct engine_job *j = LIST_ITEM(node, struct engine_job, all);
        count += j->is_interactive && strcmp(j->job->caller ? j->job->caller : "", caller) == 0;
    }
    return count;
}

/* One that waits for its caller's others keeps a place that others could have: few may. */
static int check_share_of_sessions(const struct engine *e, const char *caller, struct err *err)
{
    unsigned running_max = engine_running_max(e, caller);
    if (running_max > 0 && sessions_of(e, caller) / 2 >= running_max) {
        return err_set(err, ERR_BUSY,
                       "%u of your interactive programs are there already, and %u may run",
                       2 * running_max, running_max);
    }
    return 0;
}

int engine_check_sessions(const struct engine *e, const char *caller, struct err *err)
{
    unsigned max = engine_sessions_max(e);
    if (e->config.sessions == 0) {
        return err_set(err, ERR_UNSUPPORTED,
                       "this server runs no interactive programs (engine.sessions is 0)");
    }
    if (e->sessions_accepted >= max) {
        return err_set(err, ERR_BUSY, "%u interactive programs run already, the limit", max);
    }
    return check_share_of_sessions(e, caller, err);
}

static bool session_take(struct engine_job *j)
{
    struct engine *e = j->engine;
    if (e->sessions >= engine_sessions_max(e)) {
        return false;
    }
    e->sessions++;
    j->has_session = true;
    return true;
}

static void session_give(struct engine_job *j)
{
    struct engine *e = j->engine;
    if (j->has_session) {
        j->has_session = false;
        e->sessions--;
        engine_pump_later(e);
    }
}

/* --- the queue ---------------------------------------------------------------------------- */

unsigned engine_running_max(const struct engine *e, const char *caller)
{
    const struct engine_config *c = &e->config;
    return c->running_max ? c->running_max(c->callers_ctx, caller) : 0;
}

struct engine_job *engine_job_find(const struct engine *e, const char *id)
{
    struct table_node *node = table_find(&e->by_id, id);
    return node ? TABLE_ITEM(node, struct engine_job, by_id) : NULL;
}

static unsigned batches_max(const struct engine *e)
{
    unsigned slots = e->config.slots, asked = e->config.batch_slots;
    if (asked > 0) {
        return asked < slots ? asked : slots;
    }
    return slots < 2 ? slots : slots - (slots < 8 ? 1 : slots / 4);
}

static bool batch_may_begin(const struct engine *e)
{
    return e->batches < batches_max(e);
}

static void slot_take(struct engine_job *j, bool batch)
{
    j->has_slot = true;
    j->is_batch = batch;
    j->engine->running++;
    j->engine->batches += batch;
}

static void engine_begin(struct engine *e, const struct queue_item *item)
{
    struct engine_job *j = engine_job_find(e, item->id);
    if (!j) {
        queue_ack(e->queue, item->id);
        return;
    }
    queue_extend(e->queue, item->id, plan_lease_ns(j));
    if (j->state == JOB_QUEUED) {
        if (!item->session) {
            slot_take(j, item->batch);
        }
        runner_begin(j);
    }
}

static bool engine_has_slot(const struct engine *e)
{
    return !e->config.paused && engine_has_room(e) && e->running < e->config.slots;
}

static bool engine_has_session(const struct engine *e)
{
    return !e->config.paused && engine_has_room(e) && e->sessions < engine_sessions_max(e);
}

/* A spare that is in the way of a job goes; when it has gone, all this is looked at again. */
static void engine_make_room(struct engine *e)
{
    bool may_begin = e->running < e->config.slots || e->sessions < engine_sessions_max(e);
    bool asked = queue_waiting(e->queue) > 0;
    bool waits = !list_empty(&e->between) || (may_begin && !e->config.paused && asked);
    if (waits && e->sandbox && sandbox_full(e->sandbox)) {
        pool_give_way(e->pool);
    }
}

static bool take_next(struct engine *e, struct queue_item *ret)
{
    return batch_may_begin(e) ? queue_take(e->queue, LEASE_NS, ret)
                              : queue_take_waited_for(e->queue, LEASE_NS, ret);
}

/* The jobs between two stages first: they hold a slot already, or did. */
void engine_pump(void *ctx)
{
    struct engine *e = ctx;
    struct queue_item item;

    while (!list_empty(&e->parked) && e->sessions < engine_sessions_max(e)) {
        struct engine_job *j = LIST_ITEM(e->parked.next, struct engine_job, link);
        list_remove(&j->link);
        runner_continue(j);
    }
    while (engine_has_room(e) && !list_empty(&e->between)) {
        struct engine_job *j = LIST_ITEM(e->between.next, struct engine_job, link);
        list_remove(&j->link);
        runner_continue(j);
    }
    while (engine_has_session(e) && queue_take_session(e->queue, LEASE_NS, &item)) {
        engine_begin(e, &item);
    }
    while (engine_has_slot(e) && take_next(e, &item)) {
        engine_begin(e, &item);
    }
    engine_make_room(e);
    pool_running(e->pool, e->running - e->batches); /* which give way to the making of spares */
}

void engine_pump_later(struct engine *e)
{
    loop_defer(e->loop, &e->pump, engine_pump, e);
}

void engine_job_wait(struct engine_job *j)
{
    j->state = JOB_BETWEEN;
    list_append(&j->engine->between, &j->link);
}

static void engine_job_give_slot(struct engine_job *j)
{
    struct engine *e = j->engine;
    list_remove(&j->link);
    if (j->has_slot) {
        j->has_slot = false;
        e->running--;
        e->batches -= j->is_batch;
        engine_pump_later(e);
    }
}

void engine_job_rest(struct engine_job *j)
{
    engine_job_give_slot(j);
    j->state = JOB_SHARING;
    queue_extend(j->engine->queue, j->id, plan_lease_ns(j));
}

void engine_job_wake(struct engine_job *j)
{
    j->state = JOB_QUEUED;
    queue_give_back(j->engine->queue, j->id);
}

bool engine_job_become_session(struct engine_job *j)
{
    bool has_room = j->has_session || session_take(j);
    engine_job_give_slot(j);
    if (!has_room) {
        j->state = JOB_PARKED;
        list_append(&j->engine->parked, &j->link);
    }
    return has_room;
}

void engine_job_leave(struct engine_job *j)
{
    struct engine *e = j->engine;
    engine_job_give_slot(j);
    session_give(j);
    e->sessions_accepted -= TAKE(&j->is_interactive, false);
    table_remove(&e->by_id, &j->by_id);
    if (!queue_cancel(e->queue, j->id)) {
        queue_ack(e->queue, j->id);
    }
}

void engine_job_requeue(struct engine_job *j)
{
    engine_job_give_slot(j);
    session_give(j);
    j->state = JOB_QUEUED;
    queue_give_back(j->engine->queue, j->id);
}

bool engine_has_place(const struct engine *e, size_t count)
{
    size_t waiting = queue_waiting(e->queue);
    return !e->draining && waiting <= e->config.queue_max && count <= e->config.queue_max - waiting;
}

bool engine_begins_at_once(const struct engine *e, const char *caller, bool batch)
{
    struct queue_item item = {.batch = batch, .running_max = engine_running_max(e, caller)};
    snprintf(item.caller, sizeof(item.caller), "%s", caller);
    return !e->draining && engine_has_slot(e) && (!batch || batch_may_begin(e)) &&
           list_empty(&e->between) && queue_is_next(e->queue, &item);
}

unsigned engine_waiting_of(const struct engine *e, const char *caller)
{
    return (unsigned)queue_waiting_of(e->queue, caller);
}
