/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an earlier server accepted and did not finish, in pages: each gets a place in the queue, and
 * is read when its turn comes.
 */
#include "base/cleanup.h"
#include "base/log.h"
#include "engine/executions_impl.h"
#include "store/store.h"

#define PAGE 500

static void recover_one(struct executions *e, const struct execution *x)
{
    const struct execution_dialect *dialect = executions_dialect(e, x->dialect);
    if (active_find(e, x->id)) {
        return; /* accepted by us */
    }
    if (!dialect) {
        LOG_ERROR(e->log, "an execution's dialect is not known; it stays as it is",
                  log_s("id", x->id), log_s("dialect", x->dialect));
        return;
    }
    /* Nobody waits for it any more. */
    struct active *a = active_new(e, x->id, x->caller, true);
    a->dialect = dialect;
    a->inserted = a->accepted = a->careful = true;
    e->recovered++;
    if (x->state == EXECUTION_RUNNING && x->attempts >= ATTEMPTS_MAX) {
        active_load(a); /* only to be told off: that needs no slot */
    } else {
        active_enqueue(a, true);
    }
}

static void recover_end(struct executions *e)
{
    e->recovering = false;
    if (e->recovered > 0) {
        LOG_INFO(e->log, "what an earlier server had accepted is queued again",
                 log_i("count", (int64_t)e->recovered));
    }
    reads_look_again(e);
}

static void on_page(void *ctx, struct execution *const *all, size_t count, uint64_t total,
                    const struct err *why)
{
    struct executions *e = ctx;
    (void)total;
    e->recover_page = NULL;
    if (why) {
        LOG_ERROR(e->log, "what was accepted earlier cannot be read; trying again",
                  log_s("error", why->text));
        executions_retry_later(e);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        e->recover_after = all[i]->seq;
        recover_one(e, all[i]);
    }
    if (count < PAGE) {
        recover_end(e);
    } else {
        recover_next(e);
    }
}

void recover_next(struct executions *e)
{
    e->recover_page = store_unfinished(e->store, e->recover_after, PAGE, on_page, e);
}

void recover_done(struct executions *e)
{
    store_cancel(TAKE(&e->recover_page, NULL));
    if (e->recovering) {
        e->recovering = false;
        reads_look_again(e);
    }
}

void executions_recover(struct executions *e, struct store *store)
{
    e->store = store;
    e->recovering = true;
    recover_next(e);
    callbacks_scan(e);
}
