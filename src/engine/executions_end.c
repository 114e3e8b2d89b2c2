/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked of one from outside: that it is deleted, or cancelled.
 */
#include "base/cleanup.h"
#include "base/err.h"
#include "engine/executions_impl.h"
#include "store/store.h"

static void read_refuse(struct executions_read *r, enum err_kind kind, const char *why)
{
    struct err e;
    err_set(&e, kind, "%s", why);
    read_fail(r, &e);
}

/* False: it was not found, which is told. */
static bool was_found(struct executions_read *r, const struct execution *x, const struct err *why)
{
    if (why) {
        read_fail(r, why);
    } else if (!x) {
        read_refuse(r, ERR_NOT_FOUND, "there is no such execution");
    }
    return !why && x;
}

/* --- delete ------------------------------------------------------------------------------ */

static void on_deleted(void *ctx, const struct err *why)
{
    struct executions_read *r = ctx;
    r->asked = NULL;
    if (why) {
        r->why = *why;
    }
    read_answer(r);
}

void delete_begin(struct executions_read *r)
{
    cache_remove(&r->all->cache, r->ids[0]);
    r->asked = store_delete(r->all->store, r->ids[0], on_deleted, r);
}

static void delete_refuse(struct executions_read *r)
{
    read_refuse(r, ERR_BUSY, "it is not over yet");
}

static void on_looked(void *ctx, struct execution *x, const struct err *why)
{
    struct executions_read *r = ctx;
    AUTO(execution_unrefp) struct execution *mine = x;
    r->asked = NULL;
    if (!was_found(r, mine, why)) {
        return;
    }
    if (execution_is_over(mine)) {
        delete_begin(r);
    } else {
        delete_refuse(r);
    }
}

struct executions_read *executions_delete(struct executions *e, const char *id,
                                          executions_done_fn *fn, void *ctx)
{
    struct executions_read *r = read_new(e, READ_DELETE, &id, 1, 0, ctx);
    struct active *a = active_find(e, id);
    r->done = fn;
    if (a && a->state == ACTIVE_SAVING) {
        read_await(r, a); /* in an order that leaves nothing behind */
    } else if (a) {
        delete_refuse(r);
    } else if (cache_get(&e->cache, id, executions_now(e, 0))) {
        delete_begin(r);
    } else {
        r->asked = store_get(e->store, id, 0, on_looked, r);
    }
    return r;
}

/* --- cancel ------------------------------------------------------------------------------ */

static void cancel_refuse(struct executions_read *r)
{
    read_refuse(r, ERR_BUSY, "it is over already");
}

static void cancel_active(struct executions_read *r, struct active *a)
{
    if (a->state == ACTIVE_OVER || a->state == ACTIVE_SAVING) {
        cancel_refuse(r);
        return;
    }
    active_cancel(a);
    read_await(r, a);
}

static void on_cancel_looked(void *ctx, struct execution *x, const struct err *why)
{
    struct executions_read *r = ctx;
    AUTO(execution_unrefp) struct execution *mine = x;
    struct active *a = active_find(r->all, r->ids[0]);
    r->asked = NULL;
    if (a) {
        cancel_active(r, a);
    } else if (!was_found(r, mine, why)) {
        return;
    } else if (execution_is_over(mine)) {
        cancel_refuse(r);
    } else if (r->all->recovering) {
        read_await(r, NULL);
    } else {
        read_refuse(r, ERR_BUSY, "this server does not run it");
    }
}

void cancel_look(struct executions_read *r)
{
    r->asked = store_get(r->all->store, r->ids[0], 0, on_cancel_looked, r);
}

void cancel_begin(struct executions_read *r)
{
    struct active *a = active_find(r->all, r->ids[0]);
    if (a) {
        cancel_active(r, a);
    } else {
        cancel_look(r);
    }
}

struct executions_read *executions_cancel(struct executions *e, const char *id,
                                          executions_done_fn *fn, void *ctx)
{
    struct executions_read *r = read_new(e, READ_CANCEL, &id, 1, 0, ctx);
    r->done = fn;
    cancel_begin(r);
    return r;
}
