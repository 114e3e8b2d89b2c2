/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of executions, and that of each active one.
 */
#include "engine/executions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine/executions_impl.h"
#include "engine/webhooks.h"
#include "model/result.h"
#include "model/runtime.h"
#include "runtimes/runtimes.h"
#include "store/store.h"

#define PAUSE_MIN_NS (100 * NS_PER_MS)
#define PAUSE_MAX_NS (5 * NS_PER_S)

/* --- one active execution ---------------------------------------------------------------- */

struct active *active_find(const struct executions *e, const char *id)
{
    struct table_node *node = table_find(&e->active, id);
    return node ? TABLE_ITEM(node, struct active, by_id) : NULL;
}

struct active *active_new(struct executions *e, const char *id, const char *caller, bool batch)
{
    struct active *a = xcalloc(1, sizeof(*a));
    a->all = e;
    a->caller = xstrdup(caller ? caller : "");
    a->batch = batch;
    snprintf(a->id, sizeof(a->id), "%s", id);
    list_init(&a->place);
    list_init(&a->member);
    list_init(&a->awaits);
    list_append(&e->all, &a->link);
    table_add(&e->active, &a->by_id, a->id);
    return a;
}

void active_set_x(struct active *a, struct execution *x, bool whole)
{
    execution_unref(a->x);
    a->x = x;
    a->whole = whole;
    a->all->held_bytes -= a->held;
    a->held = 0;
}

void active_set_unplaced(struct active *a, bool unplaced)
{
    a->all->unplaced += (size_t)unplaced - (size_t)a->unplaced;
    a->unplaced = unplaced;
}

static void active_cancel_calls(struct active *a)
{
    store_cancel(TAKE(&a->insert, NULL));
    store_cancel(TAKE(&a->load, NULL));
    store_cancel(TAKE(&a->begin, NULL));
    store_cancel(TAKE(&a->finish, NULL));
}

void active_free(struct active *a)
{
    struct executions *e = a->all;
    group_leave(a);
    reads_let_go(a);
    active_cancel_run(a);
    active_cancel_calls(a);
    active_set_x(a, NULL, false);
    active_set_unplaced(a, false);
    e->unsaved_bytes -= a->unsaved;
    if (a->result) {
        result_done(a->result);
        free(a->result);
    }
    if (a->hook) {
        webhook_done(a->hook);
        free(a->hook);
    }
    table_remove(&e->active, &a->by_id);
    list_remove(&a->link);
    list_remove(&a->place);
    list_remove(&a->member);
    runtime_unref(a->runtime);
    free(a->caller);
    free(a);
    executions_check_drained(e);
}

void active_let_go(struct active *a)
{
    active_cancel_run(a);
    if (a->accepted) {
        group_tell(a);
    }
    active_free(a);
}

/* --- a store that fails, and works again ------------------------------------------------- */

static bool is_pending(const struct executions *e)
{
    return !list_empty(&e->unsaved) || !list_empty(&e->parked) || !list_empty(&e->untold) ||
           (e->recovering && !e->recover_page) ||
           ((e->due_left || e->due_again) && !e->due_page && e->deliveries.count == 0);
}

static void on_retry(void *ctx)
{
    struct executions *e = ctx;
    /* One write tells whether others would work; of what is parked the first, in turn. */
    if (!list_empty(&e->unsaved)) {
        struct active *a = LIST_ITEM(e->unsaved.next, struct active, place);
        list_remove(&a->place);
        active_save(a);
    } else if (!list_empty(&e->parked)) {
        active_enqueue(LIST_ITEM(e->parked.next, struct active, place), true);
    }
    callbacks_retry(e);
    if (e->recovering && !e->recover_page) {
        recover_next(e);
    }
    if (is_pending(e)) {
        executions_retry_later(e);
    }
}

/* Only armed while something waits for it: an idle server does not look. */
void executions_retry_later(struct executions *e)
{
    if (e->retry.loop) {
        return;
    }
    e->pause_ns = e->pause_ns ? e->pause_ns * 2 : PAUSE_MIN_NS;
    e->pause_ns = e->pause_ns > PAUSE_MAX_NS ? PAUSE_MAX_NS : e->pause_ns;
    loop_timer_set(e->loop, &e->retry, loop_now_ns(e->loop) + e->pause_ns, on_retry, e);
}

void store_failed(struct executions *e, const struct err *why)
{
    if (!e->write_failed) {
        LOG_ERROR(e->log, "the store cannot be written to; nothing is accepted until it can",
                  log_s("error", why->text));
    }
    e->write_failed = true;
    e->why = *why;
    if (is_pending(e)) {
        executions_retry_later(e);
    }
}

void store_works(struct executions *e)
{
    if (!e->write_failed) {
        return;
    }
    LOG_INFO(e->log, "the store can be written to again");
    e->write_failed = false;
    e->pause_ns = 0;
    loop_timer_cancel(&e->retry);
    LIST_FOR_EACH (node, &e->unsaved) {
        list_remove(node);
        active_save(LIST_ITEM(node, struct active, place));
    }
    callbacks_retry(e);
    LIST_FOR_EACH (node, &e->parked) {
        active_enqueue(LIST_ITEM(node, struct active, place), true);
    }
    if (is_pending(e)) {
        executions_retry_later(e);
    }
}

/* --- what others ask --------------------------------------------------------------------- */

const struct execution_dialect *executions_dialect(const struct executions *e, const char *name)
{
    for (size_t i = 0; i < e->dialect_count; i++) {
        if (strcmp(e->dialects[i]->name, name) == 0) {
            return e->dialects[i];
        }
    }
    return NULL;
}

/* The wall clock may go back; what comes later in an execution's life is never earlier. */
uint64_t executions_now(const struct executions *e, uint64_t not_before_ns)
{
    uint64_t now = clock_wall_ns(e->clock);
    return now > not_before_ns ? now : not_before_ns;
}

int executions_check_room(const struct executions *e, size_t count, struct err *err)
{
    if (e->draining) {
        return err_set(err, ERR_BUSY, "the server is stopping and takes no more submissions");
    }
    /* With nothing to try again, the next insert is what tells. */
    if (e->write_failed && is_pending(e)) {
        *err = e->why;
        return -(int)e->why.kind;
    }
    if (!engine_has_place(e->engine, e->unplaced + count)) {
        return err_set(err, ERR_BUSY, "the queue is full");
    }
    return 0;
}

/* --- drain ------------------------------------------------------------------------------- */

static void on_drained(void *ctx)
{
    struct executions *e = ctx;
    if (e->drained) {
        e->drained(e->drained_ctx);
    }
}

void executions_check_drained(struct executions *e)
{
    if (e->draining && list_empty(&e->all)) {
        loop_defer(e->loop, &e->drain_end, on_drained, e);
    }
}

static void on_drain(void *ctx)
{
    struct executions *e = ctx;
    LIST_FOR_EACH (node, &e->all) {
        struct active *a = LIST_ITEM(node, struct active, link);
        if (a->state == ACTIVE_LOADING) {
            active_stopped(a);
        } else if (a->state == ACTIVE_WAITING || a->state == ACTIVE_PARKED) {
            active_let_go(a);
        }
    }
    executions_check_drained(e);
}

void executions_drain(struct executions *e, void (*drained)(void *ctx), void *ctx)
{
    e->draining = true;
    e->drained = drained;
    e->drained_ctx = ctx;
    recover_done(e);
    loop_defer(e->loop, &e->drain, on_drain, e);
}

static void active_stop(struct active *a)
{
    switch (a->state) {
    case ACTIVE_LOADING:
    case ACTIVE_RUNNING:
    case ACTIVE_OVER:
        if (a->accepted) {
            active_stopped(a);
        } else {
            group_refuse(a);
        }
        return;
    case ACTIVE_SAVING:
        /* The last try; what is asked of the store is done, also when nobody hears of it. */
        if (!a->finish) {
            list_remove(&a->place);
            active_save(a);
        }
        active_free(a);
        return;
    case ACTIVE_INSERTING:
        group_refuse(a);
        return;
    case ACTIVE_WAITING:
    case ACTIVE_PARKED:
        active_let_go(a);
        return;
    }
}

void executions_stop(struct executions *e)
{
    e->draining = true;
    recover_done(e);
    while (!list_empty(&e->all)) { /* with one others may go */
        active_stop(LIST_ITEM(e->all.next, struct active, link));
    }
}

/* --- life -------------------------------------------------------------------------------- */

struct executions *executions_new(struct loop *loop, const struct executions_config *config,
                                  struct engine *engine, struct runtimes *runtimes,
                                  struct client *client, const struct log *log)
{
    struct executions *e = xcalloc(1, sizeof(*e));
    e->loop = loop;
    e->clock = config->clock ? config->clock : &clock_system;
    e->log = log;
    e->engine = engine;
    e->runtimes = runtimes;
    e->webhooks = webhooks_new(loop, client, log);
    list_init(&e->all);
    list_init(&e->parked);
    list_init(&e->unsaved);
    list_init(&e->every_delivery);
    list_init(&e->untold);
    list_init(&e->reads);
    list_init(&e->early);
    cache_init(&e->cache, config->cache_bytes, config->max_age_s * NS_PER_S);
    return e;
}

void executions_free(struct executions *e)
{
    if (!e) {
        return;
    }
    LIST_FOR_EACH (node, &e->all) {
        group_silence(LIST_ITEM(node, struct active, link));
    }
    reads_done(e);
    executions_stop(e);
    recover_done(e);
    callbacks_done(e);
    webhooks_free(e->webhooks);
    cache_done(&e->cache);
    loop_timer_cancel(&e->retry);
    loop_defer_cancel(&e->drain);
    loop_defer_cancel(&e->drain_end);
    table_done(&e->active);
    free(e);
}

void executions_add_dialect(struct executions *e, const struct execution_dialect *dialect)
{
    if (e->dialect_count < DIALECTS_MAX) {
        e->dialects[e->dialect_count++] = dialect;
    }
}
