/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "store/store_impl.h"

static bool has_work(const struct store *s)
{
    return !list_empty(&s->reads) && s->done_bytes <= DONE_BYTES_MAX;
}

/* NULL: the store is being closed. */
static struct store_call *take(struct store *s)
{
    struct store_call *c = NULL;
    pthread_mutex_lock(&s->mutex);
    while (!has_work(s) && !s->closing) {
        pthread_cond_wait(&s->reader_wake, &s->mutex);
    }
    if (!s->closing) {
        c = LIST_ITEM(s->reads.next, struct store_call, link);
        list_remove(&c->link);
        c->queued = false;
    }
    pthread_mutex_unlock(&s->mutex);
    return c;
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

void store_read_done(struct store *s, struct store_call *c)
{
    size_t bytes = bytes_of(c);
    pthread_mutex_lock(&s->mutex);
    bool first = list_empty(&s->done);
    s->done_bytes += bytes;
    list_append(&s->done, &c->link);
    pthread_mutex_unlock(&s->mutex);
    if (first) { /* else the loop has been told and not looked yet */
        store_wake_loop(s);
    }
}

void *store_reader_main(void *reader)
{
    struct store_reader *r = reader;
    struct store_call *c;
    while ((c = take(r->store)) != NULL) {
        (void)store_call_run(c, r->conn);
        store_read_done(r->store, c);
    }
    return NULL;
}
