/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/table.h"

/* More than one for each that comes: what many left behind goes while few come. */
#define FORGET_AT_ONCE 4

struct bucket {
    struct table_node node;
    struct list link; /* the longest unused first */
    double tokens, rate, size;
    uint64_t at_ns; /* when there were so many */
    char who[];
};

struct rates {
    struct table table;
    struct list order;
};

struct rates *rates_new(void)
{
    struct rates *all = xcalloc(1, sizeof(*all));
    list_init(&all->order);
    return all;
}

static void bucket_forget(struct rates *all, struct bucket *b)
{
    table_remove(&all->table, &b->node);
    list_remove(&b->link);
    free(b);
}

static struct bucket *oldest(struct rates *all)
{
    return list_empty(&all->order) ? NULL : LIST_ITEM(all->order.next, struct bucket, link);
}

void rates_free(struct rates *all)
{
    if (all == NULL) {
        return;
    }
    struct bucket *b;
    while ((b = oldest(all)) != NULL) {
        bucket_forget(all, b);
    }
    table_done(&all->table);
    free(all);
}

static void bucket_fill(struct bucket *b, uint64_t now_ns)
{
    double seconds = (double)(now_ns - b->at_ns) / (double)NS_PER_S;
    b->tokens = fmin(b->size, b->tokens + seconds * b->rate);
    b->at_ns = now_ns;
}

static void forget_full(struct rates *all, uint64_t now_ns)
{
    struct bucket *b;
    for (unsigned i = 0; i < FORGET_AT_ONCE && (b = oldest(all)) != NULL; i++) {
        bucket_fill(b, now_ns);
        if (b->tokens < b->size && all->table.count < RATES_MAX) {
            return;
        }
        bucket_forget(all, b);
    }
}

static struct bucket *bucket_of(struct rates *all, const char *who, double size, uint64_t now_ns)
{
    struct table_node *node = table_find(&all->table, who);
    if (node != NULL) {
        struct bucket *b = TABLE_ITEM(node, struct bucket, node);
        list_remove(&b->link);
        return b;
    }
    size_t len = strlen(who) + 1;
    struct bucket *b = xcalloc(1, sizeof(*b) + len);
    memcpy(b->who, who, len);
    b->tokens = b->size = size;
    b->at_ns = now_ns;
    table_add(&all->table, &b->node, b->who);
    return b;
}

static struct rate_left left_of(const struct bucket *b, bool taken)
{
    return (struct rate_left){
        .limit = (unsigned)b->size,
        .remaining = (unsigned)b->tokens,
        .reset_s = (uint64_t)ceil((b->size - b->tokens) / b->rate),
        .retry_s = taken ? 0 : (uint64_t)fmax(1, ceil((1 - b->tokens) / b->rate)),
    };
}

bool rates_take(struct rates *all, const char *who, double rate, unsigned burst, uint64_t now_ns,
                struct rate_left *ret)
{
    double size = burst > 0 ? burst : fmax(1, ceil(rate));
    forget_full(all, now_ns);
    struct bucket *b = bucket_of(all, who, size, now_ns);
    bucket_fill(b, now_ns);
    b->rate = rate; /* they may have been changed */
    b->size = size;
    b->tokens = fmin(b->tokens, size);
    list_append(&all->order, &b->link);
    bool taken = b->tokens >= 1;
    b->tokens -= taken ? 1 : 0;
    *ret = left_of(b, taken);
    return taken;
}

size_t rates_count(const struct rates *all)
{
    return all->table.count;
}
