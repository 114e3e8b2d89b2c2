/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of one active execution.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "engine/executions_impl.h"
#include "engine/webhooks.h"
#include "model/result.h"
#include "model/runtime.h"
#include "store/store.h"

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
    list_init(&a->watches);
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
    watches_let_go(a);
    loop_defer_cancel(&a->ending);
    active_cancel_run(a);
    active_cancel_calls(a);
    active_set_x(a, NULL, false);
    active_set_unplaced(a, false);
    active_end_last_try(a);
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
    table_remove(&e->by_key, &a->by_key);
    list_remove(&a->link);
    list_remove(&a->place);
    list_remove(&a->member);
    runtime_unref(a->runtime);
    free(a->caller);
    free(a->key);
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
