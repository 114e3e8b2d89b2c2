/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store that fails, and works again: what could not be written waits in memory, and is tried
 * again.
 */
#include "base/clock.h"
#include "base/log.h"
#include "engine/executions_impl.h"

#define PAUSE_MIN_NS (100 * NS_PER_MS)
#define PAUSE_MAX_NS (5 * NS_PER_S)

bool executions_pending(const struct executions *e)
{
    return !list_empty(&e->unsaved) || !list_empty(&e->parked) || !list_empty(&e->untold) ||
           (e->recovering && !e->recover_page) ||
           ((e->due_left || e->due_again) && !e->due_page && e->deliveries.count == 0);
}

static void on_retry(void *ctx)
{
    struct executions *e = ctx;
    /* One write tells whether others would work; of what is parked the first, in turn. */
    if (!list_empty(&e->unsaved)) {
        struct active *a = LIST_ITEM(e->unsaved.next, struct active, place);
        list_remove(&a->place);
        active_save(a);
    } else if (!list_empty(&e->parked)) {
        active_enqueue(LIST_ITEM(e->parked.next, struct active, place), true);
    }
    callbacks_retry(e);
    if (e->recovering && !e->recover_page) {
        recover_next(e);
    }
    if (executions_pending(e)) {
        executions_retry_later(e);
    }
}

/* Only armed while something waits for it: an idle server does not look. */
void executions_retry_later(struct executions *e)
{
    if (e->retry.loop) {
        return;
    }
    e->pause_ns = e->pause_ns ? e->pause_ns * 2 : PAUSE_MIN_NS;
    e->pause_ns = e->pause_ns > PAUSE_MAX_NS ? PAUSE_MAX_NS : e->pause_ns;
    loop_timer_set(e->loop, &e->retry, loop_now_ns(e->loop) + e->pause_ns, on_retry, e);
}

/* Of the request, and not of the store: others work. */
bool is_refusal(const struct err *why)
{
    return why->kind == ERR_INVALID || why->kind == ERR_NOT_FOUND;
}

void store_failed(struct executions *e, const struct err *why)
{
    if (is_refusal(why)) {
        return;
    }
    if (!e->write_failed) {
        LOG_ERROR(e->log, "the store cannot be written to; nothing is accepted until it can",
                  log_s("error", why->text));
    }
    e->write_failed = true;
    e->why = *why;
    if (executions_pending(e)) {
        executions_retry_later(e);
    }
}

static void parked_go(struct executions *e)
{
    LIST_FOR_EACH (node, &e->parked) {
        active_enqueue(LIST_ITEM(node, struct active, place), true);
    }
}

/* While it cannot be written to, there is no use in reading all of them. */
void store_reads(struct executions *e)
{
    e->reads_done++;
    if (!e->write_failed) {
        e->pause_ns = 0;
        parked_go(e);
    }
}

void store_works(struct executions *e)
{
    if (!e->write_failed) {
        return;
    }
    LOG_INFO(e->log, "the store can be written to again");
    e->write_failed = false;
    e->pause_ns = 0;
    loop_timer_cancel(&e->retry);
    LIST_FOR_EACH (node, &e->unsaved) {
        list_remove(node);
        active_save(LIST_ITEM(node, struct active, place));
    }
    callbacks_retry(e);
    parked_go(e);
    if (executions_pending(e)) {
        executions_retry_later(e);
    }
}
