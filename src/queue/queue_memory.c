/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue in memory.  Of each kind there is a ring of the callers that have something to give
 * out: the first one's first item is taken, and the caller goes to the end of the ring.  An item
 * that is taken stays known by its id, with a timer for its lease, so that it can come back to
 * where it was.  A caller that has as many taken as it may is in no ring until one of them is
 * done.  All steps take the same time, however much waits.
 */
#include "queue/queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/table.h"

enum { KIND_INTERACTIVE, KIND_BATCH, KIND_SESSION, KINDS };

struct memory_queue;

struct lane {            /* a caller's items of one kind */
    struct list turn;    /* in the kind's ring while something in it may be taken */
    struct list waiting; /* the next one first */
    size_t count;
};

struct caller { /* there while it has items, waiting or taken */
    struct table_node by_name;
    struct lane lanes[KINDS];
    size_t items;
    size_t taken;
    unsigned taken_max; /* as the last item that was put says; 0: any number */
    char name[QUEUE_CALLER_MAX + 1];
};

struct item {
    struct memory_queue *queue;
    struct table_node by_id;
    struct list link; /* of its lane while it waits */
    unsigned kind;
    struct caller *caller;
    bool taken;
    struct loop_timer lease; /* while it is taken */
    char id[QUEUE_ID_MAX + 1];
};

struct memory_queue {
    struct queue queue;
    struct loop *loop;
    size_t max, waiting;
    struct queue_events events;
    struct loop_defer ready;
    struct table items, callers;
    struct list rings[KINDS];
    unsigned turns; /* of interactive items since the last batch item, while batches wait */
};

static struct memory_queue *of(struct queue *q)
{
    return CONTAINER_OF(q, struct memory_queue, queue);
}

static size_t memory_waiting(const struct queue *q)
{
    const struct memory_queue *m = (const struct memory_queue *)q;
    return m->waiting;
}

static void memory_ready(void *ctx)
{
    const struct memory_queue *m = ctx;
    if (m->events.ready) {
        m->events.ready(m->events.ctx);
    }
}

static void memory_ready_later(struct memory_queue *m)
{
    loop_defer(m->loop, &m->ready, memory_ready, m);
}

/* --- callers ------------------------------------------------------------------------------ */

static struct caller *caller_find(const struct memory_queue *m, const char *name)
{
    struct table_node *node = table_find(&m->callers, name);
    return node ? TABLE_ITEM(node, struct caller, by_name) : NULL;
}

static struct caller *caller_get(struct memory_queue *m, const char *name)
{
    struct caller *c = caller_find(m, name);
    if (!c) {
        c = xcalloc(1, sizeof(*c));
        for (size_t i = 0; i < KINDS; i++) {
            list_init(&c->lanes[i].turn);
            list_init(&c->lanes[i].waiting);
        }
        memcpy(c->name, name, strlen(name) + 1);
        table_add(&m->callers, &c->by_name, c->name);
    }
    c->items++;
    return c;
}

static void caller_put(struct memory_queue *m, struct caller *c)
{
    if (--c->items == 0) {
        table_remove(&m->callers, &c->by_name);
        free(c);
    }
}

static bool caller_may_take(const struct caller *c)
{
    return c->taken_max == 0 || c->taken < c->taken_max;
}

/* Each lane is in its ring when it should be; one that comes in is the last, or `first`. */
static void caller_line_up(struct memory_queue *m, struct caller *c, bool first)
{
    for (size_t i = 0; i < KINDS; i++) {
        struct lane *lane = &c->lanes[i];
        bool wanted = lane->count > 0 && caller_may_take(c), there = !list_empty(&lane->turn);
        if (there && !wanted) {
            list_remove(&lane->turn);
        } else if (wanted && !there) {
            (first ? list_prepend : list_append)(&m->rings[i], &lane->turn);
            memory_ready_later(m);
        }
    }
}

/* --- items -------------------------------------------------------------------------------- */

static struct item *item_find(const struct memory_queue *m, const char *id)
{
    struct table_node *node = table_find(&m->items, id);
    return node ? TABLE_ITEM(node, struct item, by_id) : NULL;
}

static struct lane *item_lane(const struct item *item)
{
    return &item->caller->lanes[item->kind];
}

/* A caller that had nothing waiting has its turn after the others, or, when it was its turn
 * already, again. */
static void item_wait(struct item *item, bool first, bool turn_again)
{
    struct memory_queue *m = item->queue;
    struct lane *lane = item_lane(item);
    (first ? list_prepend : list_append)(&lane->waiting, &item->link);
    lane->count++;
    m->waiting++;
    caller_line_up(m, item->caller, turn_again);
    memory_ready_later(m);
}

static void item_wait_no_more(struct item *item)
{
    list_remove(&item->link);
    item_lane(item)->count--;
    item->queue->waiting--;
    caller_line_up(item->queue, item->caller, false);
}

static void item_return(struct item *item)
{
    loop_timer_cancel(&item->lease);
    item->taken = false;
    item->caller->taken--;
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
    struct memory_queue *m = item->queue;
    if (item->taken) {
        item->caller->taken--;
        caller_line_up(m, item->caller, false);
    } else {
        item_wait_no_more(item);
    }
    loop_timer_cancel(&item->lease);
    table_remove(&m->items, &item->by_id);
    caller_put(m, item->caller);
    free(item);
}

/* --- what is asked ------------------------------------------------------------------------- */

static int memory_put(struct queue *q, const struct queue_item *asked, bool force, bool first,
                      struct err *e)
{
    struct memory_queue *m = of(q);
    size_t waiting = memory_waiting(q);
    if (waiting >= m->max && !force && !asked->session) {
        return err_set(e, ERR_BUSY, "the queue is full: %zu jobs wait already; try again later",
                       waiting);
    }
    if (item_find(m, asked->id)) {
        return err_set(e, ERR_BUG, "job '%s' is in the queue already", asked->id);
    }
    struct item *item = xcalloc(1, sizeof(*item));
    item->queue = m;
    list_init(&item->link);
    memcpy(item->id, asked->id, sizeof(item->id));
    item->kind = asked->session ? KIND_SESSION : asked->batch ? KIND_BATCH : KIND_INTERACTIVE;
    item->caller = caller_get(m, asked->caller);
    item->caller->taken_max = asked->running_max;
    table_add(&m->items, &item->by_id, item->id);
    item_wait(item, first, false);
    return 0;
}

/* KINDS: there is nothing that may be taken. */
static unsigned kind_of_next(struct memory_queue *m, enum queue_of of)
{
    if (of == QUEUE_SESSIONS) {
        return list_empty(&m->rings[KIND_SESSION]) ? KINDS : KIND_SESSION;
    }
    bool interactive = !list_empty(&m->rings[KIND_INTERACTIVE]);
    bool batch = !list_empty(&m->rings[KIND_BATCH]);
    if (!batch) {
        m->turns = 0;
    }
    if (!batch || of == QUEUE_WAITED_FOR) { /* then as many batches run as may: none stands */
        return interactive ? KIND_INTERACTIVE : KINDS;
    }
    if (interactive && m->turns < QUEUE_BATCH_TURN) {
        m->turns++;
        return KIND_INTERACTIVE;
    }
    m->turns = 0;
    return KIND_BATCH;
}

static bool memory_take(struct queue *q, enum queue_of kinds, uint64_t lease_ns,
                        struct queue_item *ret)
{
    struct memory_queue *m = of(q);
    unsigned kind = kind_of_next(m, kinds);
    if (kind == KINDS) {
        return false;
    }
    struct lane *lane = LIST_ITEM(m->rings[kind].next, struct lane, turn);
    struct item *item = LIST_ITEM(lane->waiting.next, struct item, link);
    struct caller *c = item->caller;
    item->taken = true;
    c->taken++;
    item_wait_no_more(item);
    if (!list_empty(&lane->turn)) {
        list_remove(&lane->turn);
        list_append(&m->rings[kind], &lane->turn);
    }
    item_lease(item, lease_ns);
    *ret = (struct queue_item){
        .batch = kind == KIND_BATCH, .session = kind == KIND_SESSION, .running_max = c->taken_max};
    memcpy(ret->id, item->id, sizeof(ret->id));
    memcpy(ret->caller, c->name, sizeof(ret->caller));
    return true;
}

static bool memory_is_next(const struct queue *q, const struct queue_item *item)
{
    const struct memory_queue *m = (const struct memory_queue *)q;
    const struct caller *c = caller_find(m, item->caller);
    bool held = c && item->running_max > 0 && c->taken >= item->running_max;
    bool batch = !list_empty(&m->rings[KIND_BATCH]);
    bool passed = batch && (item->batch || m->turns >= QUEUE_BATCH_TURN);
    return !held && !passed && list_empty(&m->rings[KIND_INTERACTIVE]);
}

static size_t memory_waiting_of(const struct queue *q, const char *caller)
{
    const struct caller *c = caller_find((const struct memory_queue *)q, caller);
    size_t count = 0;
    for (size_t i = 0; c && i < KINDS; i++) {
        count += c->lanes[i].count;
    }
    return count;
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
    for (struct table_node *node = table_next(&m->items, NULL), *next; node; node = next) {
        next = table_next(&m->items, node);
        item_free(TABLE_ITEM(node, struct item, by_id));
    }
    table_done(&m->callers);
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
    .is_next = memory_is_next,
    .waiting = memory_waiting,
    .waiting_of = memory_waiting_of,
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
        list_init(&m->rings[i]);
    }
    return &m->queue;
}
