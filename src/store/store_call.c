/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "metrics/metrics.h"
#include "store/store_impl.h"

struct store_call *store_call_new(struct store *s, const struct store_call_type *type, void *ctx)
{
    struct store_call *c = xcalloc(1, sizeof(*c));
    list_init(&c->link);
    c->store = s;
    c->type = type;
    c->ctx = ctx;
    c->asked_ns = loop_now_ns(s->loop);
    return c;
}

void store_call_free(struct store_call *c)
{
    execution_unref(c->x);
    free(c->ids);
    free(c->caller);
    free(c->label);
    free(c->key);
    store_found_done(&c->found);
    free(c->statistics.languages);
    free(c->statistics.statuses);
    free(c);
}

void store_calls_move(struct list *from, struct list *to)
{
    if (!list_empty(from)) {
        from->next->prev = to->prev;
        to->prev->next = from->next;
        from->prev->next = to;
        to->prev = from->prev;
        list_init(from);
    }
}

static void hand_over(void *ctx)
{
    struct store *s = ctx;
    pthread_mutex_lock(&s->mutex);
    bool write = !list_empty(&s->asked), read = !list_empty(&s->asked_reads);
    store_calls_move(&s->asked, &s->writes);
    store_calls_move(&s->asked_reads, &s->reads);
    if (write || (read && s->reader_count == 0)) {
        pthread_cond_signal(&s->writer_wake);
    }
    if (read) {
        pthread_cond_signal(&s->reader_wake); /* who finds more than its share wakes the next */
    }
    pthread_mutex_unlock(&s->mutex);
}

struct store_call *store_call_write(struct store_call *c)
{
    struct store *s = c->store;
    s->waiting++;
    c->is_write = true;
    list_append(&s->asked, &c->link);
    loop_defer(s->loop, &s->hand_over, hand_over, s);
    return c;
}

struct store_call *store_call_read(struct store_call *c)
{
    struct store *s = c->store;
    c->queued = true;
    list_append(&s->asked_reads, &c->link);
    loop_defer(s->loop, &s->hand_over, hand_over, s);
    return c;
}

int store_call_run(struct store_call *c, struct store_conn *conn)
{
    c->r = c->type->run(c, conn, &c->err);
    return c->r == -ERR_NOT_FOUND || c->r == -ERR_INVALID ? 0 : c->r;
}

/* What speaks of the request is no error of ours. */
static void measure(const struct store_call *c)
{
    const struct store *s = c->store;
    const char *const *labels = METRIC_LABELS(c->type->operation);
    metrics_observe_ns(s->metrics, METRIC_STORE_SECONDS, labels,
                       loop_now_ns(s->loop) - c->asked_ns);
    if (c->r < 0 && c->r != -ERR_NOT_FOUND && c->r != -ERR_INVALID) {
        metrics_add(s->metrics, METRIC_STORE_ERRORS, labels, 1);
    }
}

void store_call_deliver(struct store_call *c)
{
    if (c->store->metrics != NULL) {
        measure(c);
    }
    if (c->is_write) {
        c->store->waiting--;
    }
    if (!c->cancelled) {
        c->type->deliver(c, c->r < 0 ? &c->err : NULL);
    }
    store_call_free(c);
}

/* A read that nobody has begun need not be done. */
static bool read_withdraw(struct store_call *c)
{
    pthread_mutex_lock(&c->store->mutex);
    bool queued = c->queued;
    if (queued) {
        list_remove(&c->link);
    }
    pthread_mutex_unlock(&c->store->mutex);
    return queued;
}

void store_cancel(struct store_call *c)
{
    if (c == NULL || c->cancelled) {
        return;
    }
    c->cancelled = true;
    if (read_withdraw(c)) {
        store_call_free(c);
    }
}
