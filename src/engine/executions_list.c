/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists.  A page of the store is told as memory knows it: what is in another state by now than on
 * disk leaves the page, or comes to it, when states are asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/executions_impl.h"
#include "store/store.h"

static bool text_matches(const char *wanted, const char *text)
{
    return !wanted || (text && strcmp(wanted, text) == 0);
}

static bool state_matches(const struct store_filter *f, const struct execution *x)
{
    return f->states == 0 || f->states >> x->state & 1;
}

static bool matches(const struct store_filter *f, const struct execution *x)
{
    return state_matches(f, x) && text_matches(f->dialect, x->dialect) &&
           text_matches(f->caller, x->caller) && text_matches(f->label, x->label);
}

/* Takes x. */
static void list_add(struct executions_read *r, struct execution *x)
{
    if (r->count == r->room) {
        r->room = r->room > 0 ? r->room * 2 : 16;
        r->found = xreallocarray(r->found, r->room, sizeof(struct execution *));
    }
    r->found[r->count++] = x;
}

static bool list_has(const struct executions_read *r, const char *id)
{
    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->found[i]->id, id) == 0) {
            return true;
        }
    }
    return false;
}

static int newest_first(const void *a, const void *b)
{
    const struct execution *left = *(struct execution *const *)a;
    const struct execution *right = *(struct execution *const *)b;
    return (left->seq < right->seq) - (left->seq > right->seq);
}

/* Those with a seq > `after` that match since they were last written. */
static void list_add_changed(struct executions_read *r, uint64_t after, uint64_t before)
{
    LIST_FOR_EACH (node, &r->all->all) {
        const struct active *a = LIST_ITEM(node, struct active, link);
        bool told = a->accepted && a->x && (a->whole || (r->parts & PARTS_ASKED) == 0);
        if (told && a->x->seq > after && (before == 0 || a->x->seq < before) &&
            matches(&r->filter, a->x) && !list_has(r, a->id)) {
            list_add(r, execution_ref(a->x));
        }
    }
}

static void list_answer(struct executions_read *r, uint64_t after)
{
    if (r->filter.states != 0) {
        list_add_changed(r, after, r->filter.before);
        if (r->count > 0) {
            qsort((void *)r->found, r->count, sizeof(void *), newest_first);
        }
    }
    while (r->count > r->filter.limit) {
        execution_unref(r->found[--r->count]);
    }
    read_answer(r);
}

static void list_ask(struct executions_read *r, uint64_t before);

static void on_page(void *ctx, struct execution *const *all, size_t count, uint64_t total,
                    const struct err *why)
{
    struct executions_read *r = ctx;
    size_t asked = r->filter.limit - r->count;
    (void)total;
    r->asked = NULL;
    if (why) {
        r->why = *why;
        read_answer(r);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct execution *fresh = memory_ref(r->all, all[i]->id, r->parts);
        struct execution *x = fresh ? fresh : execution_ref(all[i]);
        if (state_matches(&r->filter, x)) {
            list_add(r, x);
        } else {
            execution_unref(x);
        }
    }
    bool full = count > 0 && count >= asked;
    if (full && r->count < r->filter.limit) {
        list_ask(r, all[count - 1]->seq);
    } else {
        list_answer(r, full ? all[count - 1]->seq : 0);
    }
}

static void list_ask(struct executions_read *r, uint64_t before)
{
    struct store_filter filter = r->filter;
    filter.before = before;
    filter.limit -= r->count;
    r->asked = store_list(r->all->store, &filter, r->parts, on_page, r);
}

struct executions_read *executions_list(struct executions *e, const struct store_filter *filter,
                                        unsigned parts, executions_listed_fn *fn, void *ctx)
{
    struct executions_read *r = read_new(e, READ_LIST, NULL, 0, parts, ctx);
    r->listed = fn;
    r->filter = *filter;
    r->filter.dialect = r->dialect = xstrdup(filter->dialect);
    r->filter.caller = r->caller = xstrdup(filter->caller);
    r->filter.label = r->label = xstrdup(filter->label);
    r->filter.offset = 0;
    r->filter.no_total = true;
    list_ask(r, r->filter.before);
    return r;
}
