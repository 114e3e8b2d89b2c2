/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callbacks under way.  What does not fit into memory stays due on disk, and is read when others
 * are through: so it is with what an earlier server did not deliver.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/executions_impl.h"
#include "engine/webhooks.h"
#include "metrics/metrics.h"
#include "store/store.h"

#define DELIVERIES_MAX 4096 /* a server that hangs must not keep others from theirs */
#define BYTES_MAX      (UINT64_C(64) << 20)
#define PAGE           100
#define LOADING_MAX    8 /* are read at one time, whatever their size */

struct delivery {
    struct executions *all;
    struct table_node by_id;
    struct list link; /* of executions.untold, or of none */
    struct list every;
    char id[EXECUTION_ID_MAX + 1];
    uint64_t bytes;
    bool loading;
    enum execution_callback outcome;
    struct webhook_call *call;
    struct store_call *asked; /* the execution, or what came of the delivery */
};

static struct delivery *delivery_new(struct executions *e, const char *id)
{
    struct delivery *d = xcalloc(1, sizeof(*d));
    d->all = e;
    snprintf(d->id, sizeof(d->id), "%.*s", EXECUTION_ID_MAX, id);
    list_init(&d->link);
    list_append(&e->every_delivery, &d->every);
    table_add(&e->deliveries, &d->by_id, d->id);
    return d;
}

static void delivery_set_loading(struct delivery *d, bool loading)
{
    d->all->due_loading += (size_t)loading - (size_t)d->loading;
    d->loading = loading;
}

static void delivery_free(struct delivery *d)
{
    struct executions *e = d->all;
    delivery_set_loading(d, false);
    if (d->call) {
        webhooks_cancel(d->call);
    }
    store_cancel(d->asked);
    e->delivery_bytes -= d->bytes;
    table_remove(&e->deliveries, &d->by_id);
    list_remove(&d->link);
    list_remove(&d->every);
    free(d);
}

static bool has_room(const struct executions *e)
{
    return e->deliveries.count < DELIVERIES_MAX && e->delivery_bytes < BYTES_MAX;
}

static void callbacks_more(struct executions *e)
{
    bool room = e->deliveries.count <= DELIVERIES_MAX / 2 && e->delivery_bytes < BYTES_MAX;
    bool busy = e->due_page || e->due_loading > 0;
    if ((e->due_left || e->due_again) && !busy && !e->draining && room) {
        callbacks_scan(e);
    }
}

/* It stays due on disk, and is found there again. */
static void delivery_put_off(struct delivery *d)
{
    d->all->due_again = true;
    delivery_free(d);
}

static void delivery_end(struct delivery *d)
{
    struct executions *e = d->all;
    delivery_free(d);
    callbacks_more(e);
}

/* --- delivered, or given up -------------------------------------------------------------- */

static void on_told(void *ctx, const struct err *why)
{
    struct delivery *d = ctx;
    struct executions *e = d->all;
    d->asked = NULL;
    if (why && why->kind != ERR_NOT_FOUND) { /* a restart now would send it again */
        list_append(&e->untold, &d->link);
        store_failed(e, why);
        return;
    }
    delivery_end(d);
    store_works(e);
}

static void delivery_tell(struct delivery *d)
{
    d->asked = store_set_callback(d->all->store, d->id, d->outcome, on_told, d);
}

static void on_delivered(void *ctx, bool delivered)
{
    struct delivery *d = ctx;
    d->call = NULL;
    d->all->delivery_bytes -= d->bytes;
    d->bytes = 0;
    d->outcome = delivered ? CALLBACK_DELIVERED : CALLBACK_FAILED;
    metrics_add(d->all->metrics, METRIC_CALLBACKS,
                METRIC_LABELS(delivered ? "delivered" : "failed"), 1);
    delivery_tell(d);
}

void callbacks_retry(struct executions *e)
{
    callbacks_more(e);
    LIST_FOR_EACH (node, &e->untold) {
        list_remove(node);
        delivery_tell(LIST_ITEM(node, struct delivery, link));
    }
}

static void delivery_send(struct delivery *d, struct webhook *hook)
{
    d->bytes = hook->body_len;
    d->all->delivery_bytes += d->bytes;
    d->call = webhooks_send(d->all->webhooks, hook, on_delivered, d);
}

void callbacks_send(struct executions *e, struct webhook *hook)
{
    if (table_find(&e->deliveries, hook->id)) {
        webhook_done(hook); /* found on disk meanwhile */
    } else if (has_room(e)) {
        delivery_send(delivery_new(e, hook->id), hook);
    } else {
        webhook_done(hook);
        e->due_again = true;
    }
}

/* --- those on disk ----------------------------------------------------------------------- */

static void delivery_make(struct delivery *d, const struct execution *x)
{
    const struct execution_dialect *dialect = executions_dialect(d->all, x->dialect);
    struct webhook hook = {0};
    if (!dialect || !dialect->callback || !dialect->callback(dialect->ctx, x, &hook)) {
        d->outcome = CALLBACK_FAILED; /* callbacks have been switched off since */
        delivery_tell(d);
        return;
    }
    snprintf(hook.id, sizeof(hook.id), "%s", d->id);
    delivery_send(d, &hook);
}

static void on_loaded(void *ctx, struct execution *x, const struct err *why)
{
    struct delivery *d = ctx;
    struct executions *e = d->all;
    AUTO(execution_unrefp) struct execution *mine = x;
    d->asked = NULL;
    delivery_set_loading(d, false);
    if (why) {
        LOG_WARN(e->log, "a callback that is due cannot be read", log_s("id", d->id),
                 log_s("error", why->text));
        delivery_put_off(d);
        executions_retry_later(e);
        return;
    }
    /* Listed while the last word on it was on its way to the disk? */
    if (!mine || mine->callback != CALLBACK_DUE) {
        delivery_free(d);
    } else if (!has_room(e)) {
        delivery_put_off(d);
    } else {
        delivery_make(d, mine);
    }
    callbacks_more(e);
}

static void due_load(struct executions *e, const char *id)
{
    if (table_find(&e->deliveries, id) || active_find(e, id)) {
        return;
    }
    struct delivery *d = delivery_new(e, id);
    delivery_set_loading(d, true);
    d->asked = store_get(e->store, d->id, PARTS_ALL, on_loaded, d);
}

static void on_due(void *ctx, struct execution *const *all, size_t count, uint64_t total,
                   const struct err *why)
{
    struct executions *e = ctx;
    (void)total;
    e->due_page = NULL;
    if (why) {
        LOG_WARN(e->log, "callbacks that are due cannot be read", log_s("error", why->text));
        executions_retry_later(e);
        return;
    }
    size_t i = 0;
    for (; i < count && e->due_loading < LOADING_MAX; i++) {
        e->due_after = all[i]->seq;
        due_load(e, all[i]->id);
    }
    e->due_left = i < count || count == PAGE;
    callbacks_more(e);
}

void callbacks_scan(struct executions *e)
{
    e->due_left = true;
    e->due_after = e->due_again ? 0 : e->due_after;
    e->due_again = false;
    e->due_page = store_callbacks_due(e->store, e->due_after, PAGE, on_due, e);
}

void callbacks_done(struct executions *e)
{
    store_cancel(TAKE(&e->due_page, NULL));
    LIST_FOR_EACH (node, &e->every_delivery) {
        delivery_free(LIST_ITEM(node, struct delivery, every));
    }
    table_done(&e->deliveries);
}
