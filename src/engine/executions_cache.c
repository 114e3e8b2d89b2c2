/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executions that have just finished: their clients ask for them now.  What is older is read from
 * the store, which costs the loop as little as keeping it here would, and forgets at once what
 * another process erases (belljar db purge).
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/executions_impl.h"

#define FRESH_NS (5 * NS_PER_S)

struct cached {
    struct table_node by_id; /* the key is the execution's */
    struct list link;        /* the youngest first */
    struct execution *x;
    uint64_t bytes, since_ns;
};

void cache_init(struct cache *c, uint64_t bytes_max, uint64_t age_max_ns)
{
    *c = (struct cache){.bytes_max = bytes_max, .age_max_ns = age_max_ns};
    list_init(&c->items);
}

static void cached_free(struct cache *c, struct cached *item)
{
    table_remove(&c->by_id, &item->by_id);
    list_remove(&item->link);
    c->bytes -= item->bytes;
    execution_unref(item->x);
    free(item);
}

void cache_done(struct cache *c)
{
    LIST_FOR_EACH (node, &c->items) {
        cached_free(c, LIST_ITEM(node, struct cached, link));
    }
    table_done(&c->by_id);
}

static struct cached *cached_find(const struct cache *c, const char *id)
{
    struct table_node *node = table_find(&c->by_id, id);
    return node ? TABLE_ITEM(node, struct cached, by_id) : NULL;
}

void cache_remove(struct cache *c, const char *id)
{
    struct cached *item = cached_find(c, id);
    if (item) {
        cached_free(c, item);
    }
}

/* Also when the clock was set back. */
static bool is_stale(const struct cached *item, uint64_t now_ns)
{
    return now_ns < item->since_ns || now_ns - item->since_ns > FRESH_NS;
}

static void cache_shrink(struct cache *c, uint64_t now_ns)
{
    while (!list_empty(&c->items)) {
        struct cached *oldest = LIST_ITEM(c->items.prev, struct cached, link);
        if (c->bytes <= c->bytes_max && !is_stale(oldest, now_ns)) {
            return;
        }
        cached_free(c, oldest);
    }
}

void cache_put(struct cache *c, struct execution *x, uint64_t now_ns)
{
    cache_remove(c, x->id);
    struct cached *item = xcalloc(1, sizeof(*item));
    item->x = execution_ref(x);
    item->since_ns = now_ns;
    item->bytes = execution_bytes(x) + sizeof(*item);
    c->bytes += item->bytes;
    table_add(&c->by_id, &item->by_id, x->id);
    list_prepend(&c->items, &item->link);
    cache_shrink(c, now_ns);
}

/* What the store has purged for its age must not live on here. */
static bool is_too_old(const struct cache *c, const struct execution *x, uint64_t now_ns)
{
    if (x->expires_ns > 0) {
        return now_ns > x->expires_ns;
    }
    return c->age_max_ns > 0 && now_ns > x->finished_ns && now_ns - x->finished_ns > c->age_max_ns;
}

struct execution *cache_get(struct cache *c, const char *id, uint64_t now_ns)
{
    struct cached *item = cached_find(c, id);
    if (item && (is_too_old(c, item->x, now_ns) || is_stale(item, now_ns))) {
        cached_free(c, item);
        item = NULL;
    }
    return item ? item->x : NULL;
}
