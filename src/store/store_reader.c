/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "store/store_impl.h"

/* NULL: the store is being closed. */
static struct store_call *take(struct store *s)
{
    struct store_call *c = NULL;
    pthread_mutex_lock(&s->mutex);
    while (list_empty(&s->reads) && !s->closing) {
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

void store_read_done(struct store *s, struct store_call *c)
{
    pthread_mutex_lock(&s->mutex);
    bool first = list_empty(&s->done);
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
