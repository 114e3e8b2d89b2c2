/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "store/store_impl.h"

#define READS_AT_ONCE 16
/* Beyond it, the loop gets what is there, and another reader may do the rest. */
#define BYTES_AT_ONCE ((size_t)256 << 10)

/* One that takes its time alone, or several that are short. */
void store_reads_take(struct store *s, struct list *ret)
{
    bool more = true;
    for (int i = 0; i < READS_AT_ONCE && more && !list_empty(&s->reads); i++) {
        struct store_call *c = LIST_ITEM(s->reads.next, struct store_call, link);
        if (i > 0 && !c->type->is_short) {
            return;
        }
        list_remove(&c->link);
        c->queued = false;
        list_append(ret, &c->link);
        more = c->type->is_short;
    }
}

static bool has_work(const struct store *s)
{
    return !list_empty(&s->reads) && s->done_bytes <= DONE_BYTES_MAX;
}

/* False: the store is being closed. */
static bool take(struct store *s, struct list *ret)
{
    pthread_mutex_lock(&s->mutex);
    while (!has_work(s) && !s->closing) {
        pthread_cond_wait(&s->reader_wake, &s->mutex);
    }
    bool more = !s->closing;
    if (more) {
        store_reads_take(s, ret);
        if (has_work(s)) {
            pthread_cond_signal(&s->reader_wake);
        }
    }
    pthread_mutex_unlock(&s->mutex);
    return more;
}

static size_t bytes_of(const struct store_call *c)
{
    size_t bytes = c->x != NULL ? execution_bytes(c->x) : 0;
    for (size_t i = 0; i < c->found.count; i++) {
        const struct execution *x = c->found.all[i];
        bytes += x != NULL ? execution_bytes(x) : 0;
    }
    return bytes;
}

void store_reads_run(struct store_conn *conn, struct list *reads, struct list *ret_done)
{
    size_t bytes = 0;
    bool several = reads->next != reads->prev && conn->ops->hold != NULL;
    if (several) {
        conn->ops->hold(conn);
    }
    while (!list_empty(reads) && bytes <= BYTES_AT_ONCE) {
        struct store_call *c = LIST_ITEM(reads->next, struct store_call, link);
        list_remove(&c->link);
        (void)store_call_run(c, conn);
        bytes += bytes_of(c);
        list_append(ret_done, &c->link);
    }
    if (several) {
        conn->ops->let_go(conn);
    }
}

static size_t bytes_of_all(const struct list *calls)
{
    size_t bytes = 0;
    LIST_FOR_EACH (link, calls) {
        bytes += bytes_of(LIST_ITEM(link, struct store_call, link));
    }
    return bytes;
}

void store_reads_done(struct store *s, struct list *done, struct list *rest)
{
    size_t bytes = bytes_of_all(done);
    pthread_mutex_lock(&s->mutex);
    LIST_FOR_EACH (link, rest) {
        LIST_ITEM(link, struct store_call, link)->queued = true;
    }
    bool first = list_empty(&s->done);
    s->done_bytes += bytes;
    store_calls_move(done, &s->done);
    store_calls_move(&s->reads, rest); /* they were before those that came since */
    store_calls_move(rest, &s->reads);
    pthread_mutex_unlock(&s->mutex);
    if (first) { /* else the loop has been told and not looked yet */
        store_wake_loop(s);
    }
}

void *store_reader_main(void *reader)
{
    struct store_reader *r = reader;
    struct list reads, done;
    list_init(&reads);
    list_init(&done);
    while (take(r->store, &reads)) {
        store_reads_run(r->conn, &reads, &done);
        store_reads_done(r->store, &done, &reads);
    }
    return NULL;
}
