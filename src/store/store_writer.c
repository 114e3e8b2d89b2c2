/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer's thread: all writes that wait become one transaction.  While that is committed the
 * next ones gather, so the more there is to do the less each costs, and one alone waits for nobody.
 */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "store/store_impl.h"

/* Until something is asked, or `at_ns`.  By the wall clock: should that be set, what is due by it
 * is noticed. */
static void wait_until(struct store *s, uint64_t at_ns)
{
    if (at_ns == UPKEEP_NEVER) {
        pthread_cond_wait(&s->writer_wake, &s->mutex);
    } else {
        struct timespec at = {.tv_sec = (time_t)(at_ns / NS_PER_S),
                              .tv_nsec = (long)(at_ns % NS_PER_S)};
        (void)pthread_cond_timedwait(&s->writer_wake, &s->mutex, &at);
    }
}

static bool is_due(const struct store *s)
{
    uint64_t at_ns = s->upkeep.at_ns;
    return at_ns != UPKEEP_NEVER && at_ns <= clock_wall_ns(&clock_system);
}

/* False when the store is being closed and nothing is left to be written. */
static bool take(struct store *s, struct list *ret_writes, struct list *ret_reads)
{
    pthread_mutex_lock(&s->mutex);
    while (!s->closing && list_empty(&s->writes) &&
           (s->reader_count > 0 || list_empty(&s->reads)) && !is_due(s)) {
        wait_until(s, s->upkeep.at_ns);
    }
    store_calls_move(&s->writes, ret_writes);
    if (!s->closing && s->reader_count == 0) {
        store_reads_take(s, ret_reads);
    }
    bool more = !s->closing || !list_empty(ret_writes);
    pthread_mutex_unlock(&s->mutex);
    return more;
}

static int transact(struct store *s, struct list *writes, struct err *e)
{
    const struct store_driver_ops *ops = s->conn->ops;
    int r = ops->begin(s->conn, e);
    LIST_FOR_EACH (link, writes) {
        struct store_call *c = LIST_ITEM(link, struct store_call, link);
        if (r == 0 && (r = store_call_run(c, s->conn)) < 0) {
            *e = c->err;
        }
    }
    if (r == 0) {
        r = ops->commit(s->conn, e);
    }
    if (r < 0) {
        ops->rollback(s->conn);
    }
    return r;
}

/* How many executions there are more; when it failed (`e`), all of it did. */
static int64_t conclude(struct list *writes, const struct err *e)
{
    int64_t more = 0;
    LIST_FOR_EACH (link, writes) {
        struct store_call *c = LIST_ITEM(link, struct store_call, link);
        if (e != NULL) {
            c->r = -(int)e->kind;
            c->err = *e;
        } else if (c->r == 0) {
            more += c->type->adds;
        }
    }
    return more;
}

static void publish(struct store *s, struct list *writes, int64_t more, const struct err *e)
{
    pthread_mutex_lock(&s->mutex);
    struct store_stats *stats = &s->stats;
    stats->writable = e == NULL;
    store_stats_add(s, more);
    stats->bytes = s->upkeep.size.bytes;
    snprintf(stats->why, sizeof(stats->why), "%s", e != NULL ? e->text : "");
    store_calls_move(writes, &s->done);
    pthread_mutex_unlock(&s->mutex);
    store_wake_loop(s);
}

static void write_all(struct store *s, struct list *writes)
{
    struct err e;
    const struct err *failure = transact(s, writes, &e) < 0 ? &e : NULL;
    int64_t more = conclude(writes, failure);
    if (failure == NULL) {
        store_upkeep_plan(s);
    }
    publish(s, writes, more, failure);
}

void *store_writer_main(void *store)
{
    struct store *s = store;
    struct list writes, reads, done;
    list_init(&writes);
    list_init(&reads);
    list_init(&done);
    while (take(s, &writes, &reads)) {
        if (!list_empty(&writes)) {
            write_all(s, &writes);
        }
        if (!list_empty(&reads)) {
            store_reads_run(s->conn, &reads, &done);
            store_reads_done(s, &done, &reads);
        }
        if (is_due(s)) {
            store_upkeep_step(s);
        }
    }
    return NULL;
}
