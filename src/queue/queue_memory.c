/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue in memory.  Of each kind there is a ring of the callers that have something waiting:
 * the first one's first item is taken, and the caller goes to the end of the ring.  An item that
 * is taken stays known by its id, with a timer for its lease, so that it can come back to where it
 * was.  All steps take the same time, however much waits.
 */
#include "queue/queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/table.h"

enum { KIND_INTERACTIVE, KIND_BATCH, KINDS };

struct memory_queue;

struct caller { /* of one kind; there while it has items, waiting or taken */
    struct table_node by_name;
    struct list turn;    /* in its kind's ring while items wait */
    struct list waiting; /* its items, the next one first */
    size_t items;
    char name[QUEUE_CALLER_MAX + 1];
};

struct kind {
    struct table callers;
    struct list ring;
    size_t waiting;
};

struct item {
    struct memory_queue *queue;
    struct table_node by_id;
    struct list link; /* of its caller's while it waits */
    struct kind *kind;
    struct caller *caller;
    bool taken;
    struct loop_timer lease; /* while it is taken */
    char id[QUEUE_ID_MAX + 1];
};

struct memory_queue {
    struct queue queue;
    struct loop *loop;
    size_t max;
    struct queue_events events;
    struct loop_defer ready;
    struct table items;
    struct kind kinds[KINDS];
    unsigned turns; /* of interactive items since the last batch item, while batches wait */
};

static struct memory_queue *of(struct queue *q)
{
    return CONTAINER_OF(q, struct memory_queue, queue);
}

static size_t memory_waiting(const struct queue *q)
{
    const struct memory_queue *m = (const struct memory_queue *)q;
    return m->kinds[KIND_INTERACTIVE].waiting + m->kinds[KIND_BATCH].waiting;
}

static void memory_ready(void *ctx)
{
    const struct memory_queue *m = ctx;
    if (m->events.ready) {
        m->events.ready(m->events.ctx);
    }
}

/* --- callers ------------------------------------------------------------------------------ */

static struct caller *caller_get(struct kind *kind, const char *name)
{
    struct table_node *node = table_find(&kind->callers, name);
    struct caller *c = node ? TABLE_ITEM(node, struct caller, by_name) : NULL;
    if (!c) {
        c = xcalloc(1, sizeof(*c));
        list_init(&c->turn);
        list_init(&c->waiting);
        memcpy(c->name, name, strlen(name) + 1);
        table_add(&kind->callers, &c->by_name, c->name);
    }
    c->items++;
    return c;
}

static void caller_put(struct kind *kind, struct caller *c)
{
    if (--c->items == 0) {
        table_remove(&kind->callers, &c->by_name);
        free(c);
    }
}

/* --- items -------------------------------------------------------------------------------- */

static struct item *item_find(const struct memory_queue *m, const char *id)
{
    struct table_node *node = table_find(&m->items, id);
    return node ? TABLE_ITEM(node, struct item, by_id) : NULL;
}

/* A caller that had nothing waiting has its turn after the others, or, when it was its turn
 * already, again. */
static void item_wait(struct item *item, bool first, bool turn_again)
{
    struct caller *c = item->caller;
    (first ? list_prepend : list_append)(&c->waiting, &item->link);
    if (list_empty(&c->turn)) {
        (turn_again ? list_prepend : list_append)(&item->kind->ring, &c->turn);
    }
    item->kind->waiting++;
    loop_defer(item->queue->loop, &item->queue->ready, memory_ready, item->queue);
}

static void item_wait_no_more(struct item *item)
{
    list_remove(&item->link);
    item->kind->waiting--;
    if (list_empty(&item->caller->waiting)) {
        list_remove(&item->caller->turn);
    }
}

static void item_return(struct item *item)
{
    loop_timer_cancel(&item->lease);
    item->taken = false;
    item_wait(item, true, true);
}

static void item_on_expired(void *ctx)
{
    item_return(ctx);
}

static void item_lease(struct item *item, uint64_t lease_ns)
{
    struct loop *loop = item->queue->loop;
    uint64_t now = loop_now_ns(loop);
    uint64_t end = lease_ns < UINT64_MAX - now ? now + lease_ns : UINT64_MAX;
    loop_timer_set(loop, &item->lease, end, item_on_expired, item);
}

static void item_free(struct item *item)
{
    if (!item->taken) {
        item_wait_no_more(item);
    }
    loop_timer_cancel(&item->lease);
    table_remove(&item->queue->items, &item->by_id);
    caller_put(item->kind, item->caller);
    free(item);
}

/* --- what is asked ------------------------------------------------------------------------- */

static int memory_put(struct queue *q, const struct queue_item *asked, bool force, bool first,
                      struct err *e)
{
    struct memory_queue *m = of(q);
    size_t waiting = memory_waiting(q);
    if (waiting >= m->max && !force) {
        return err_set(e, ERR_BUSY, "%zu jobs wait already, the limit", waiting);
    }
    if (item_find(m, asked->id)) {
        return err_set(e, ERR_BUG, "job '%s' is in the queue already", asked->id);
    }
    struct item *item = xcalloc(1, sizeof(*item));
    item->queue = m;
    list_init(&item->link);
    memcpy(item->id, asked->id, sizeof(item->id));
    item->kind = &m->kinds[asked->batch ? KIND_BATCH : KIND_INTERACTIVE];
    item->caller = caller_get(item->kind, asked->caller);
    table_add(&m->items, &item->by_id, item->id);
    item_wait(item, first, false);
    return 0;
}

/* NULL: nothing waits. */
static struct kind *kind_of_next(struct memory_queue *m)
{
    struct kind *interactive = &m->kinds[KIND_INTERACTIVE], *batch = &m->kinds[KIND_BATCH];
    if (batch->waiting == 0) {
        m->turns = 0;
        return interactive->waiting > 0 ? interactive : NULL;
    }
    if (interactive->waiting > 0 && m->turns < QUEUE_BATCH_TURN) {
        m->turns++;
        return interactive;
    }
    m->turns = 0;
    return batch;
}

static bool memory_take(struct queue *q, uint64_t lease_ns, struct queue_item *ret)
{
    struct memory_queue *m = of(q);
    struct kind *kind = kind_of_next(m);
    if (!kind) {
        return false;
    }
    struct caller *c = LIST_ITEM(kind->ring.next, struct caller, turn);
    struct item *item = LIST_ITEM(c->waiting.next, struct item, link);
    item_wait_no_more(item);
    if (!list_empty(&c->turn)) {
        list_remove(&c->turn);
        list_append(&kind->ring, &c->turn);
    }
    item->taken = true;
    item_lease(item, lease_ns);
    *ret = (struct queue_item){.batch = kind == &m->kinds[KIND_BATCH]};
    memcpy(ret->id, item->id, sizeof(ret->id));
    memcpy(ret->caller, c->name, sizeof(ret->caller));
    return true;
}

static void memory_extend(struct queue *q, const char *id, uint64_t lease_ns)
{
    struct item *item = item_find(of(q), id);
    if (item && item->taken) {
        item_lease(item, lease_ns);
    }
}

static void memory_ack(struct queue *q, const char *id)
{
    struct item *item = item_find(of(q), id);
    if (item) {
        item_free(item);
    }
}

static void memory_give_back(struct queue *q, const char *id)
{
    struct item *item = item_find(of(q), id);
    if (item && item->taken) {
        item_return(item);
    }
}

static bool memory_cancel(struct queue *q, const char *id)
{
    struct item *item = item_find(of(q), id);
    if (!item || item->taken) {
        return false;
    }
    item_free(item);
    return true;
}

/* --- life ---------------------------------------------------------------------------------- */

static void memory_free(struct queue *q)
{
    struct memory_queue *m = of(q);
    for (size_t i = 0; i < m->items.slot_count; i++) {
        for (struct table_node *node = m->items.slots[i], *next; node; node = next) {
            next = node->next;
            item_free(TABLE_ITEM(node, struct item, by_id));
        }
    }
    for (size_t i = 0; i < KINDS; i++) {
        table_done(&m->kinds[i].callers);
    }
    table_done(&m->items);
    loop_defer_cancel(&m->ready);
    free(m);
}

static const struct queue_ops memory_ops = {
    .name = "memory",
    .put = memory_put,
    .take = memory_take,
    .extend = memory_extend,
    .ack = memory_ack,
    .give_back = memory_give_back,
    .cancel = memory_cancel,
    .waiting = memory_waiting,
    .free = memory_free,
};

struct queue *queue_memory_new(struct loop *loop, size_t max, const struct queue_events *events)
{
    struct memory_queue *m = xcalloc(1, sizeof(*m));
    m->queue.ops = &memory_ops;
    m->loop = loop;
    m->max = max;
    m->events = *events;
    for (size_t i = 0; i < KINDS; i++) {
        list_init(&m->kinds[i].ring);
    }
    return &m->queue;
}
