#pragma once
/*
 * queue - which execution is next: bounded, waiting clients before batches, fair between callers.
 *
 * An item is taken, and must be acknowledged before its lease ends (extend moves the end), or it is
 * given out again.  Of each kind the callers take turns; of one caller the oldest is first.
 * While batches wait, one of them follows after every QUEUE_BATCH_TURN waiting clients, so that
 * none stands for ever.
 *
 * A driver is a struct queue_ops; this one is in memory (its content is rebuilt from the store at
 * start).  Loop thread only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct loop;
struct queue;

#define QUEUE_ID_MAX     36
#define QUEUE_CALLER_MAX 63
#define QUEUE_BATCH_TURN 8

struct queue_item {
    char id[QUEUE_ID_MAX + 1];
    char caller[QUEUE_CALLER_MAX + 1];
    bool batch;
    bool session; /* takes no slot, so it does not wait for one: queue_take_session gives it out */
    /* Of its caller's items that may be taken at one time, all kinds together; 0: any number.
     * What the last one that was put says counts for all of that caller. */
    unsigned running_max;
};

enum queue_of { QUEUE_ALL, QUEUE_WAITED_FOR /* no batches */, QUEUE_SESSIONS };

struct queue_events {
    /* There may be something to take after queue_take found nothing. */
    void (*ready)(void *ctx);
    void *ctx;
};

struct queue_ops {
    const char *name;
    /* ERR_BUSY when `max` items wait already, unless `force` (it was accepted before) or it is a
     * session, which waits for none of them. `first`: before all others of its caller. */
    int (*put)(struct queue *q, const struct queue_item *item, bool force, bool first,
               struct err *e);
    /* QUEUE_ALL: but the sessions. */
    bool (*take)(struct queue *q, enum queue_of of, uint64_t lease_ns, struct queue_item *ret);
    void (*extend)(struct queue *q, const char *id, uint64_t lease_ns);
    void (*ack)(struct queue *q, const char *id);       /* done with: it is gone */
    void (*give_back)(struct queue *q, const char *id); /* taken, not run: first of its caller's */
    bool (*cancel)(struct queue *q, const char *id);    /* true: it waited and is gone */
    /* Whether this one, put now, would be the one that is taken next. */
    bool (*is_next)(const struct queue *q, const struct queue_item *item);
    size_t (*waiting)(const struct queue *q);
    size_t (*waiting_of)(const struct queue *q, const char *caller);
    void (*free)(struct queue *q);
};

struct queue { /* first member of a driver's own struct */
    const struct queue_ops *ops;
};

struct queue *queue_memory_new(struct loop *loop, size_t max, const struct queue_events *events);

static inline int queue_put(struct queue *q, const struct queue_item *item, bool force, bool first,
                            struct err *e)
{
    return q->ops->put(q, item, force, first, e);
}

static inline bool queue_take(struct queue *q, uint64_t lease_ns, struct queue_item *ret)
{
    return q->ops->take(q, QUEUE_ALL, lease_ns, ret);
}

static inline bool queue_take_waited_for(struct queue *q, uint64_t lease_ns, struct queue_item *ret)
{
    return q->ops->take(q, QUEUE_WAITED_FOR, lease_ns, ret);
}

static inline bool queue_take_session(struct queue *q, uint64_t lease_ns, struct queue_item *ret)
{
    return q->ops->take(q, QUEUE_SESSIONS, lease_ns, ret);
}

static inline void queue_extend(struct queue *q, const char *id, uint64_t lease_ns)
{
    q->ops->extend(q, id, lease_ns);
}

static inline void queue_ack(struct queue *q, const char *id)
{
    q->ops->ack(q, id);
}

static inline void queue_give_back(struct queue *q, const char *id)
{
    q->ops->give_back(q, id);
}

static inline bool queue_cancel(struct queue *q, const char *id)
{
    return q->ops->cancel(q, id);
}

static inline bool queue_is_next(const struct queue *q, const struct queue_item *item)
{
    return q->ops->is_next(q, item);
}

static inline size_t queue_waiting(const struct queue *q)
{
    return q->ops->waiting(q);
}

static inline size_t queue_waiting_of(const struct queue *q, const char *caller)
{
    return q->ops->waiting_of(q, caller);
}

static inline void queue_free(struct queue *q)
{
    if (q) {
        q->ops->free(q);
    }
}
