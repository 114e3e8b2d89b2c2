/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The execution that a client's own key stands for.
 *
 * Who asks for the same key waits until the one before has been answered, and has perhaps
 * submitted: two requests with one key never both find nothing.  What is only on its way to the
 * disk is told when it is there.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "engine/executions_impl.h"
#include "store/store.h"

/* A caller's name may have any character. */
char *key_name(const char *caller, const char *key)
{
    caller = caller ? caller : "";
    return xasprintf("%zu:%s%s", strlen(caller), caller, key);
}

static bool key_in_memory(struct executions_read *r)
{
    struct table_node *node = table_find(&r->all->by_key, r->name);
    if (!node) {
        return false;
    }
    struct active *a = TABLE_ITEM(node, struct active, by_key);
    snprintf(r->ids[0], sizeof(r->ids[0]), "%s", a->id);
    if (a->accepted) {
        read_begin(r);
    } else {
        read_await(r, a);
    }
    return true;
}

static void on_key_got(void *ctx, struct execution *x, const struct err *why)
{
    struct executions_read *r = ctx;
    if (!why && !x && key_in_memory(r)) { /* submitted by who did not ask for it */
        r->asked = NULL;
        return;
    }
    if (x) {
        snprintf(r->ids[0], sizeof(r->ids[0]), "%s", x->id);
    }
    read_on_got(r, x, why);
}

void key_begin(struct executions_read *r)
{
    if (!key_in_memory(r)) {
        r->asked = store_get_key(r->all->store, r->caller, r->key, r->parts, on_key_got, r);
    }
}

void key_end(struct executions_read *r)
{
    if (!r->by_name.key) {
        return;
    }
    table_remove(&r->all->key_reads, &r->by_name);
    if (list_empty(&r->behind)) {
        return;
    }
    struct executions_read *next = LIST_ITEM(r->behind.next, struct executions_read, await);
    list_remove(&next->await);
    LIST_FOR_EACH (node, &r->behind) {
        list_remove(node);
        list_append(&next->behind, node);
    }
    table_add(&r->all->key_reads, &next->by_name, next->name);
    key_begin(next);
}

struct executions_read *executions_get_key(struct executions *e, const char *caller,
                                           const char *key, unsigned parts, executions_got_fn *fn,
                                           void *ctx)
{
    static const char *const none = "";
    struct executions_read *r = read_new(e, READ_KEY, &none, 1, parts, ctx);
    r->got = fn;
    r->caller = xstrdup(caller);
    r->key = xstrdup(key);
    r->name = key_name(caller, key);
    struct table_node *before = table_find(&e->key_reads, r->name);
    if (before) {
        list_append(&TABLE_ITEM(before, struct executions_read, by_name)->behind, &r->await);
    } else {
        table_add(&e->key_reads, &r->by_name, r->name);
        key_begin(r);
    }
    return r;
}
