/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was submitted together is a group: one answer for all, that they are on disk, or why not.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/executions_impl.h"
#include "model/result.h"
#include "store/store.h"

struct executions_wait {
    struct executions *all;
    struct executions_listener listener;
    struct list members; /* of active.member */
    size_t inserting;    /* how many inserts are under way */
    struct err why;      /* kind 0: nothing failed */
    bool left;           /* who submitted hears no more */
    bool telling;
    struct loop_defer refusal;
};

static void group_free(struct executions_wait *g)
{
    loop_defer_cancel(&g->refusal);
    free(g);
}

/* Also who has submitted it keeps what was asked until then. */
void group_leave(struct active *a)
{
    struct executions_wait *g = TAKE(&a->group, NULL);
    if (!g) {
        return;
    }
    a->all->waiting_bytes -= TAKE(&a->waiting, 0);
    list_remove(&a->member);
    if (list_empty(&g->members) && !g->telling) {
        group_free(g);
    }
}

static void group_leave_all(struct executions_wait *g)
{
    g->telling = true;
    LIST_FOR_EACH (node, &g->members) {
        group_leave(LIST_ITEM(node, struct active, member));
    }
    g->telling = false;
}

void group_silence(struct active *a)
{
    if (a->group) {
        a->group->left = true;
    }
}

void group_tell(struct active *a)
{
    struct executions_wait *g = a->group;
    if (!g) {
        return;
    }
    struct executions_listener listener = g->listener;
    bool left = g->left;
    group_leave(a);
    if (!left && listener.finished) {
        listener.finished(listener.ctx, a->x);
    }
}

/* --- refused ----------------------------------------------------------------------------- */

static void on_deleted(void *ctx, const struct err *e)
{
    const struct executions *all = ctx;
    if (e && e->kind != ERR_NOT_FOUND) {
        LOG_WARN(all->log, "what was refused stays in the store", log_s("error", e->text));
    }
}

static void group_tell_refusal(struct executions_wait *g)
{
    if (!g->left) {
        g->left = true;
        g->listener.accepted(g->listener.ctx, &g->why);
    }
}

/* Who was refused asks again: what is on disk, or on its way there, must not run later. */
static void active_forget(struct active *a, const struct err *why)
{
    if (a->inserted || a->insert) {
        store_delete(a->all->store, a->id, on_deleted, a->all);
    }
    reads_refuse(a, why);
    watches_refuse(a, why);
    active_free(a);
}

static void group_forget(struct executions_wait *g)
{
    g->telling = true;
    LIST_FOR_EACH (node, &g->members) {
        active_forget(LIST_ITEM(node, struct active, member), &g->why);
    }
    group_tell_refusal(g);
    group_free(g);
}

void group_refuse(struct active *a)
{
    struct executions_wait *g = a->group;
    err_set(&g->why, ERR_BUSY, "the server is stopping");
    group_tell_refusal(g);
    struct err why = g->why; /* the last of the group takes it along */
    active_forget(a, &why);
}

static void on_refusal(void *ctx)
{
    group_forget(ctx);
}

/* --- accepted ---------------------------------------------------------------------------- */

static void active_accepted(struct active *a)
{
    a->accepted = true;
    reads_accepted(a);
    if (a->state == ACTIVE_INSERTING) {
        active_enqueue(a, false);
    } else if (a->state == ACTIVE_OVER) {
        active_over(a);
    }
}

static void group_tell_acceptance(struct executions_wait *g)
{
    g->telling = true;
    if (!g->left) {
        g->listener.accepted(g->listener.ctx, NULL);
    }
    LIST_FOR_EACH (node, &g->members) {
        struct active *a = LIST_ITEM(node, struct active, member);
        if (g->left || !g->listener.finished) {
            group_leave(a);
        }
        active_accepted(a);
    }
    g->telling = false;
    if (g->left) {
        group_leave_all(g);
    }
    if (list_empty(&g->members)) {
        group_free(g);
    }
}

static void on_inserted(void *ctx, const struct err *why)
{
    struct active *a = ctx;
    struct executions_wait *g = a->group;
    a->insert = NULL;
    a->inserted = !why;
    g->inserting--;
    if (why) {
        g->why = *why;
        store_failed(a->all, why);
    } else {
        store_works(a->all);
    }
    if (g->inserting > 0) {
        return;
    }
    if (g->why.kind) {
        group_forget(g);
    } else {
        group_tell_acceptance(g);
    }
}

/* --- submitted --------------------------------------------------------------------------- */

/* One alone is always taken: its size is the dialect's to limit. */
static int group_check_bytes(const struct executions *e, struct execution *const *all, size_t count,
                             struct err *err)
{
    uint64_t bytes = e->waiting_bytes;
    for (size_t i = 0; i < count; i++) {
        bytes += execution_bytes(all[i]);
    }
    if (e->waiting_max > 0 && e->waiting_bytes > 0 && bytes > e->waiting_max) {
        return err_set(err, ERR_BUSY, "the submissions that wait hold %" PRIu64 " bytes already",
                       e->waiting_bytes);
    }
    return 0;
}

static int group_check(const struct executions *e, struct execution *const *all, size_t count,
                       struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!executions_dialect(e, all[i]->dialect)) {
            return err_set(err, ERR_BUG, "there is no dialect '%s'", all[i]->dialect);
        }
    }
    /* What begins at once needs no place; whether it does is seen one by one. */
    int r = executions_check_room(e, count, err);
    return r < 0 ? r : group_check_bytes(e, all, count, err);
}

/* Who asks for the same meanwhile finds it.  Of two the store refuses the second. */
static void active_set_key(struct active *a, const struct execution *x)
{
    if (!x->idempotency) {
        return;
    }
    a->key = key_name(x->caller, x->idempotency);
    if (!table_find(&a->all->by_key, a->key)) {
        table_add(&a->all->by_key, &a->by_key, a->key);
    }
}

static void member_submit(struct executions_wait *g, struct execution *x)
{
    struct executions *e = g->all;
    x->created_ns = x->created_ns ? x->created_ns : executions_now(e, 0);
    struct active *a = active_new(e, x->id, x->caller, x->batch);
    a->dialect = executions_dialect(e, x->dialect);
    a->group = g;
    active_set_key(a, x);
    a->waiting = execution_bytes(x);
    e->waiting_bytes += a->waiting;
    list_append(&g->members, &a->member);
    active_set_x(a, x, true);
    active_set_unplaced(a, !active_begin_at_once(a));
    a->insert = store_insert(e->store, x, on_inserted, a);
    g->inserting++;
}

struct executions_wait *executions_submit_many(struct executions *e, struct execution **all,
                                               size_t count,
                                               const struct executions_listener *listener)
{
    struct executions_wait *g = xcalloc(1, sizeof(*g));
    g->all = e;
    g->listener = *listener;
    list_init(&g->members);
    int r = group_check(e, all, count, &g->why);
    for (size_t i = 0; i < count; i++) {
        if (r == 0) {
            member_submit(g, all[i]);
        } else {
            execution_unref(all[i]);
        }
    }
    if (r < 0) {
        loop_defer(e->loop, &g->refusal, on_refusal, g);
    }
    return g;
}

struct executions_wait *executions_submit(struct executions *e, struct execution *x,
                                          const struct executions_listener *listener)
{
    return executions_submit_many(e, &x, 1, listener);
}

void executions_leave(struct executions_wait *g)
{
    g->left = true;
    if (g->telling || g->inserting > 0 || g->refusal.loop) {
        return;
    }
    group_leave_all(g);
    group_free(g);
}
