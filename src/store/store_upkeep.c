/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Retention, in small transactions between those of the users.  Nothing looks at regular times:
 * the next moment is known from the oldest execution that may go, and sizes change by commits only.
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "store/store_impl.h"

#define PURGE_PIECE 25  /* how many are deleted before it is looked whether somebody waits */
#define PURGE_MAX   500 /* ... in one transaction */
#define RETRY_NS    (60 * NS_PER_S)
#define LOOSE_BYTES (UINT64_C(1) << 20) /* so much free space is kept for what comes */

/* When the size limit was passed, until a tenth of it is free. */
static uint64_t room_mark(const struct store *s)
{
    return s->upkeep.emptying ? s->max_bytes - s->max_bytes / 10 : s->max_bytes;
}

static bool is_too_large(const struct store *s)
{
    return s->max_bytes > 0 && s->upkeep.size.used > room_mark(s);
}

/* The database has much free space, and the system could have it. */
static bool is_loose(const struct store *s)
{
    const struct store_size *size = &s->upkeep.size;
    uint64_t empty = size->bytes - size->used;
    return empty > LOOSE_BYTES && empty > size->bytes / 8 && size->bytes != s->upkeep.stuck_bytes;
}

/* What has this time or an earlier one is to go now; 0: nothing is. */
static uint64_t purge_before(const struct store *s, enum store_purge_kind kind)
{
    uint64_t now = clock_wall_ns(&clock_system);
    switch (kind) {
    case STORE_EXPIRED:
        return now;
    case STORE_AGED:
        return s->max_age_ns > 0 && now > s->max_age_ns ? now - s->max_age_ns : 0;
    case STORE_ANY:
        return s->upkeep.emptying ? UINT64_MAX : 0;
    case STORE_PURGE_KINDS:
        break;
    }
    return 0;
}

/* When the first of them may go. */
static uint64_t purge_at(const struct store *s, enum store_purge_kind kind)
{
    uint64_t first_ns = s->upkeep.first_ns[kind];
    if (first_ns == 0) {
        return UPKEEP_NEVER;
    }
    return kind == STORE_ANY ? 0 : kind == STORE_AGED ? first_ns + s->max_age_ns : first_ns;
}

void store_upkeep_plan(struct store *s)
{
    struct store_upkeep *u = &s->upkeep;
    const struct store_driver_ops *ops = s->conn->ops;
    struct err ignored = {0}; /* what cannot be read now is looked at after the next commit */
    (void)ops->size(s->conn, &u->size, &ignored);
    u->emptying = is_too_large(s);
    u->at_ns = is_loose(s) ? 0 : UPKEEP_NEVER;
    for (enum store_purge_kind kind = 0; kind < STORE_PURGE_KINDS; kind++) {
        u->first_ns[kind] = 0;
        if (purge_before(s, kind) > 0) {
            (void)ops->first(s->conn, kind, &u->first_ns[kind], &ignored);
        }
        uint64_t at_ns = purge_at(s, kind);
        u->at_ns = at_ns < u->at_ns ? at_ns : u->at_ns;
    }
}

static bool somebody_waits(struct store *s)
{
    pthread_mutex_lock(&s->mutex);
    bool waits =
        s->closing || !list_empty(&s->writes) || (s->reader_count == 0 && !list_empty(&s->reads));
    pthread_mutex_unlock(&s->mutex);
    return waits;
}

static int purge_pieces(struct store *s, enum store_purge_kind kind, unsigned *ret_count,
                        struct err *e)
{
    const struct store_driver_ops *ops = s->conn->ops;
    uint64_t before_ns = purge_before(s, kind);
    unsigned count = 0, all = 0;
    int r;
    do {
        r = ops->purge(s->conn, kind, before_ns, PURGE_PIECE, &count, e);
        if (r == 0) {
            all += count;
            r = ops->size(s->conn, &s->upkeep.size, e);
        }
    } while (r == 0 && count == PURGE_PIECE && all < PURGE_MAX && !somebody_waits(s) &&
             (kind != STORE_ANY || is_too_large(s)));
    *ret_count = all;
    return r;
}

static int purge(struct store *s, enum store_purge_kind kind, struct err *e)
{
    const struct store_driver_ops *ops = s->conn->ops;
    unsigned count = 0;
    int r = ops->begin(s->conn, e);
    if (r == 0) {
        r = purge_pieces(s, kind, &count, e);
    }
    if (r == 0) {
        r = ops->commit(s->conn, e);
    }
    if (r < 0) {
        ops->rollback(s->conn);
        return r;
    }
    pthread_mutex_lock(&s->mutex);
    store_stats_add(s, -(int64_t)count);
    pthread_mutex_unlock(&s->mutex);
    LOG_DEBUG(s->log, "executions purged", log_i("count", count));
    return 0;
}

static int shrink(struct store *s, struct err *e)
{
    uint64_t before = s->upkeep.size.bytes;
    int r = s->conn->ops->shrink(s->conn, e);
    if (r == 0) {
        r = s->conn->ops->size(s->conn, &s->upkeep.size, e);
    }
    if (r == 0 && s->upkeep.size.bytes >= before) {
        s->upkeep.stuck_bytes = before;
    }
    return r;
}

/* STORE_PURGE_KINDS: none. */
static enum store_purge_kind purge_due(const struct store *s)
{
    enum store_purge_kind kind = 0;
    while (kind < STORE_PURGE_KINDS &&
           (s->upkeep.first_ns[kind] == 0 || s->upkeep.first_ns[kind] > purge_before(s, kind))) {
        kind++;
    }
    return kind;
}

void store_upkeep_step(struct store *s)
{
    struct err e;
    enum store_purge_kind kind = purge_due(s);
    int r = kind != STORE_PURGE_KINDS ? purge(s, kind, &e) : is_loose(s) ? shrink(s, &e) : 0;
    if (r < 0) {
        LOG_WARN(s->log, "the store cannot be tidied", log_s("why", e.text));
        s->upkeep.at_ns = clock_wall_ns(&clock_system) + RETRY_NS;
        return;
    }
    store_upkeep_plan(s);
    pthread_mutex_lock(&s->mutex);
    s->stats.bytes = s->upkeep.size.bytes;
    pthread_mutex_unlock(&s->mutex);
    store_wake_loop(s);
}
