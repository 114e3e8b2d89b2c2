/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers.  What is in memory is at least as new as what the store says: it is looked at first, and
 * again when the store has answered.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "engine/executions_impl.h"
#include "store/store.h"

/* --- what is in memory ------------------------------------------------------------------- */

/* Borrowed; NULL: the store has to say. */
static struct execution *memory_find(struct executions *e, const char *id, unsigned parts)
{
    const struct active *a = active_find(e, id);
    if (a && a->accepted && a->x && (a->whole || (parts & PARTS_ASKED) == 0)) {
        return a->x;
    }
    return a && a->accepted ? NULL : cache_get(&e->cache, id, executions_now(e, 0));
}

struct execution *memory_ref(struct executions *e, const char *id, unsigned parts)
{
    struct execution *x = memory_find(e, id, parts);
    return x ? execution_ref(x) : NULL;
}

/* --- one read ---------------------------------------------------------------------------- */

struct executions_read *read_new(struct executions *e, enum read_kind kind, const char *const *ids,
                                 size_t count, unsigned parts, void *ctx)
{
    struct executions_read *r = xcalloc(1, sizeof(*r));
    r->all = e;
    r->kind = kind;
    r->parts = parts;
    r->ctx = ctx;
    r->count = count;
    r->ids = xcalloc(count + 1, sizeof(r->ids[0]));
    r->found = xcalloc(count + 1, sizeof(struct execution *));
    for (size_t i = 0; i < count; i++) {
        snprintf(r->ids[i], sizeof(r->ids[i]), "%s", ids[i]);
    }
    list_init(&r->await);
    list_init(&r->behind);
    list_append(&e->reads, &r->link);
    return r;
}

void read_free(struct executions_read *r)
{
    loop_defer_cancel(&r->answer);
    store_cancel(r->asked);
    list_remove(&r->link);
    list_remove(&r->await);
    for (size_t i = 0; i < r->count; i++) {
        execution_unref(r->found[i]);
    }
    key_end(r);
    free(r->found);
    free(r->ids);
    free(r->caller);
    free(r->key);
    free(r->name);
    free(r->dialect);
    free(r->label);
    free(r);
}

void read_answer(void *ctx)
{
    struct executions_read *r = ctx;
    const struct err *why = r->why.kind ? &r->why : NULL;
    list_remove(&r->link); /* it cannot be forgotten from inside */
    if (r->listed) {
        r->listed(r->ctx, why ? NULL : r->found, why ? 0 : r->count, why);
    } else if (r->got) {
        r->got(r->ctx, why ? NULL : r->found[0], why);
    } else if (r->done) {
        r->done(r->ctx, why);
    }
    read_free(r);
}

void read_answer_later(struct executions_read *r)
{
    loop_defer(r->all->loop, &r->answer, read_answer, r);
}

void read_fail(struct executions_read *r, const struct err *why)
{
    r->why = *why;
    read_answer_later(r);
}

void executions_forget(struct executions_read *r)
{
    if (!r) {
        return;
    }
    if (r->done) {
        r->done = NULL;
    } else if (!r->listed && !r->got) {
        return; /* one that was forgotten already, and is done all the same */
    } else {
        read_free(r);
    }
}

/* --- get, await -------------------------------------------------------------------------- */

void read_await(struct executions_read *r, struct active *a)
{
    list_remove(&r->await);
    list_append(a ? &a->awaits : &r->all->early, &r->await);
}

/* It is not over, and who reads wants to wait for that. */
static bool read_has_to_wait(struct executions_read *r)
{
    struct active *a = active_find(r->all, r->ids[0]);
    if (r->kind != READ_AWAIT || (a && a->x && execution_is_over(a->x))) {
        return false;
    }
    if (!a && (!r->found[0] || execution_is_over(r->found[0]) || !r->all->recovering)) {
        return false;
    }
    execution_unref(TAKE(&r->found[0], NULL));
    read_await(r, a);
    return true;
}

void read_on_got(void *ctx, struct execution *x, const struct err *why)
{
    struct executions_read *r = ctx;
    struct executions *e = r->all;
    r->asked = NULL;
    if (why) {
        r->why = *why;
        read_answer(r);
        return;
    }
    r->found[0] = x;
    store_reads(e);
    if (read_has_to_wait(r)) {
        return;
    }
    struct execution *fresh = memory_ref(e, r->ids[0], r->parts);
    if (fresh) {
        execution_unref(x);
        r->found[0] = fresh;
    }
    read_answer(r);
}

void read_begin(struct executions_read *r)
{
    struct executions *e = r->all;
    if (active_find(e, r->ids[0]) && read_has_to_wait(r)) {
        return;
    }
    r->found[0] = memory_ref(e, r->ids[0], r->parts);
    if (r->found[0]) {
        read_answer_later(r);
    } else {
        r->asked = store_get(e->store, r->ids[0], r->parts, read_on_got, r);
    }
}

struct executions_read *executions_get(struct executions *e, const char *id, unsigned parts,
                                       executions_got_fn *fn, void *ctx)
{
    struct executions_read *r = read_new(e, READ_GET, &id, 1, parts, ctx);
    r->got = fn;
    read_begin(r);
    return r;
}

struct executions_read *executions_await(struct executions *e, const char *id, unsigned parts,
                                         executions_got_fn *fn, void *ctx)
{
    struct executions_read *r = read_new(e, READ_AWAIT, &id, 1, parts, ctx);
    r->got = fn;
    if (e->draining) {
        err_set(&r->why, ERR_BUSY, "the server is stopping");
        read_answer_later(r);
    } else {
        read_begin(r);
    }
    return r;
}

/* --- several ----------------------------------------------------------------------------- */

/* Which are not in memory; the count of them. */
static size_t read_missing(const struct executions_read *r, const char **ret_ids)
{
    size_t missing = 0;
    for (size_t i = 0; i < r->count; i++) {
        if (!r->found[i]) {
            ret_ids[missing++] = r->ids[i];
        }
    }
    return missing;
}

static void on_listed(void *ctx, struct execution *const *all, size_t count, uint64_t total,
                      const struct err *why)
{
    struct executions_read *r = ctx;
    (void)total;
    r->asked = NULL;
    if (why) {
        r->why = *why;
        read_answer(r);
        return;
    }
    size_t at = 0;
    for (size_t i = 0; i < r->count && at < count; i++) {
        if (r->found[i]) {
            continue;
        }
        struct execution *x = all[at++];
        r->found[i] = memory_ref(r->all, r->ids[i], r->parts);
        if (!r->found[i] && x) {
            r->found[i] = execution_ref(x);
        }
    }
    read_answer(r);
}

struct executions_read *executions_get_many(struct executions *e, const char *const *ids,
                                            size_t count, unsigned parts, executions_listed_fn *fn,
                                            void *ctx)
{
    struct executions_read *r = read_new(e, READ_GET, ids, count, parts, ctx);
    r->listed = fn;
    for (size_t i = 0; i < count; i++) {
        r->found[i] = memory_ref(e, ids[i], parts);
    }
    AUTO(mem_freep) const char **missing = xcalloc(count + 1, sizeof(*missing));
    size_t missing_count = read_missing(r, missing);
    if (missing_count > 0) {
        r->asked = store_get_many(e->store, missing, missing_count, parts, on_listed, r);
    } else {
        read_answer_later(r);
    }
    return r;
}

/* --- what becomes of it ------------------------------------------------------------------- */

/* Takes the next of them that waits for one of these moments. */
static struct executions_read *awaits_take(struct active *a, unsigned kinds)
{
    LIST_FOR_EACH (node, &a->awaits) {
        struct executions_read *r = LIST_ITEM(node, struct executions_read, await);
        if (kinds >> r->kind & 1) {
            list_remove(node);
            return r;
        }
    }
    return NULL;
}

void reads_accepted(struct active *a)
{
    struct executions_read *r;
    while ((r = awaits_take(a, 1U << READ_KEY))) {
        read_begin(r);
    }
}

void reads_over(struct active *a)
{
    struct executions_read *r;
    while ((r = awaits_take(a, 1U << READ_AWAIT))) {
        r->found[0] = a->x ? execution_ref(a->x) : NULL;
        read_answer_later(r);
    }
}

void reads_saved(struct active *a)
{
    struct executions_read *r;
    while ((r = awaits_take(a, 1U << READ_CANCEL))) {
        if (a->x->state != EXECUTION_CANCELLED) {
            err_set(&r->why, ERR_BUSY, "it was over before it could be cancelled");
        }
        read_answer_later(r);
    }
    while ((r = awaits_take(a, 1U << READ_DELETE))) {
        delete_begin(r);
    }
}

void reads_gone(struct active *a)
{
    struct executions_read *r;
    reads_over(a);
    while ((r = awaits_take(a, 1U << READ_CANCEL))) {
        cancel_look(r);
    }
}

void reads_refuse(struct active *a, const struct err *why)
{
    struct executions_read *r;
    while ((r = awaits_take(a, ~0U))) {
        read_fail(r, why);
    }
}

void reads_let_go(struct active *a)
{
    struct err stopping;
    err_set(&stopping, ERR_BUSY, "the server is stopping");
    reads_refuse(a, &stopping);
}

void reads_look_again(struct executions *e)
{
    LIST_FOR_EACH (node, &e->early) {
        struct executions_read *r = LIST_ITEM(node, struct executions_read, await);
        list_remove(node);
        if (r->kind == READ_CANCEL) {
            cancel_begin(r);
        } else {
            read_begin(r);
        }
    }
    watches_look_again(e);
}

void reads_done(struct executions *e)
{
    LIST_FOR_EACH (node, &e->reads) {
        read_free(LIST_ITEM(node, struct executions_read, link));
    }
}
