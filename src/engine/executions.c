/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of executions, and how it ends.
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
    if (e->write_failed && executions_pending(e)) {
        *err = e->why;
        return -(int)e->why.kind;
    }
    if (!engine_has_place(e->engine, e->unplaced + count)) {
        return err_set(err, ERR_BUSY, "the queue is full");
    }
    return 0;
}

/* Those that have no place yet are the last that came. */
unsigned executions_waiting_of(const struct executions *e, const char *caller)
{
    unsigned count = engine_waiting_of(e->engine, caller);
    size_t left = e->unplaced;
    for (struct list *node = e->all.prev; left > 0 && node != &e->all; node = node->prev) {
        const struct active *a = LIST_ITEM(node, struct active, link);
        left -= a->unplaced;
        count += a->unplaced && strcmp(a->caller, caller) == 0;
    }
    return count;
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
    LIST_FOR_EACH (node, &e->all) {
        active_stop(LIST_ITEM(node, struct active, link));
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
    e->waiting_max = config->waiting_bytes;
    e->metrics = config->metrics;
    e->webhooks = webhooks_new(loop, client, log);
    list_init(&e->all);
    list_init(&e->parked);
    list_init(&e->unsaved);
    list_init(&e->suspects);
    list_init(&e->every_delivery);
    list_init(&e->untold);
    list_init(&e->reads);
    list_init(&e->early);
    list_init(&e->watches);
    list_init(&e->early_watches);
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
    watches_done(e); /* they read too */
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
    table_done(&e->by_key);
    table_done(&e->key_reads);
    free(e);
}

void executions_add_dialect(struct executions *e, const struct execution_dialect *dialect)
{
    if (e->dialect_count < DIALECTS_MAX) {
        e->dialects[e->dialect_count++] = dialect;
    }
}
