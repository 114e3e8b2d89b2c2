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

/* What finished then or before is to be purged now; 0: nothing. */
static uint64_t purge_before(const struct store *s)
{
    uint64_t now = clock_wall_ns(&clock_system);
    if (s->upkeep.emptying) {
        return UINT64_MAX;
    }
    return s->max_age_ns > 0 && now > s->max_age_ns ? now - s->max_age_ns : 0;
}

void store_upkeep_plan(struct store *s)
{
    struct store_upkeep *u = &s->upkeep;
    const struct store_driver_ops *ops = s->conn->ops;
    struct err ignored = {0}; /* what cannot be read now is looked at after the next commit */
    (void)ops->size(s->conn, &u->size, &ignored);
    u->emptying = is_too_large(s);
    u->oldest_ns = 0;
    if (u->emptying || s->max_age_ns > 0) {
        (void)ops->oldest(s->conn, &u->oldest_ns, &ignored);
    }
    u->at_ns = UPKEEP_NEVER;
    if (u->oldest_ns != 0 && s->max_age_ns > 0) {
        u->at_ns = u->oldest_ns + s->max_age_ns;
    }
    if ((u->oldest_ns != 0 && u->emptying) || is_loose(s)) {
        u->at_ns = 0;
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

static int purge_pieces(struct store *s, uint64_t before_ns, unsigned *ret_count, struct err *e)
{
    const struct store_driver_ops *ops = s->conn->ops;
    unsigned count = 0, all = 0;
    int r;
    do {
        r = ops->purge(s->conn, before_ns, PURGE_PIECE, &count, e);
        if (r == 0) {
            all += count;
            r = ops->size(s->conn, &s->upkeep.size, e);
        }
    } while (r == 0 && count == PURGE_PIECE && all < PURGE_MAX && !somebody_waits(s) &&
             (!s->upkeep.emptying || is_too_large(s)));
    *ret_count = all;
    return r;
}

static int purge(struct store *s, uint64_t before_ns, struct err *e)
{
    const struct store_driver_ops *ops = s->conn->ops;
    unsigned count = 0;
    int r = ops->begin(s->conn, e);
    if (r == 0) {
        r = purge_pieces(s, before_ns, &count, e);
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

void store_upkeep_step(struct store *s)
{
    struct err e;
    uint64_t before_ns = purge_before(s);
    bool purges = s->upkeep.oldest_ns != 0 && s->upkeep.oldest_ns <= before_ns;
    int r = purges ? purge(s, before_ns, &e) : is_loose(s) ? shrink(s, &e) : 0;
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
