/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When spares are made, and when they are let go.
 *
 * They are made while a core is idle, and not in the moments in which a box gets its program: boxd
 * does one thing at a time, and whoever waits comes first.  Who is idle wakes nobody: the timer
 * runs only until there is nothing to make, to measure or to let go.
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "sandbox/pool_impl.h"

/* From a box that was taken to the next that is made, while its program still runs. */
#define QUIET_NS (2 * NS_PER_MS)

/* Spares that were not needed in this time are too many. */
#define PERIOD_NS (10 * NS_PER_S)

/* Until what a spare holds is counted. */
#define REST_NS NS_PER_S

/* boxd could not make one. */
#define AGAIN_NS NS_PER_S

/* Kinds that were asked for in this time do not take each other's places. */
#define RECENT_NS (10 * NS_PER_S)

static void earlier(uint64_t *at, uint64_t other)
{
    if (other < *at) {
        *at = other;
    }
}

/* --- letting go ---------------------------------------------------------------------------- */

static bool kind_is_idle(const struct pool_kind *k, uint64_t now)
{
    return now - k->asked_ns >= k->pool->config.idle_ns;
}

static void kind_shrink(struct pool_kind *k, uint64_t wanted)
{
    while (k->count > wanted) {
        spare_free(LIST_ITEM(k->spares.next, struct spare, link));
    }
}

/* Half of what lay there all the time. */
static void kind_review(struct pool_kind *k, uint64_t now)
{
    if (k->least > 1 && k->wanted > 1) {
        unsigned fewer = k->least / 2;
        k->wanted = k->wanted > fewer ? k->wanted - fewer : 1;
        kind_shrink(k, k->wanted);
    }
    k->since_ns = now;
    k->least = k->count;
}

static void kind_age(struct pool_kind *k, uint64_t now, uint64_t *at)
{
    if (kind_is_idle(k, now)) {
        if (!k->kept) {
            kind_free(k);
            return;
        }
        k->wanted = 1;
        kind_shrink(k, 1);
    } else {
        earlier(at, k->asked_ns + k->pool->config.idle_ns);
    }
    if (k->wanted > 1) {
        if (now - k->since_ns >= PERIOD_NS) {
            kind_review(k, now);
        }
        earlier(at, k->since_ns + PERIOD_NS);
    }
}

static void pool_age(struct pool *p, uint64_t now, uint64_t *at)
{
    LIST_FOR_EACH (node, &p->kinds) {
        kind_age(LIST_ITEM(node, struct pool_kind, link), now, at);
    }
}

/* --- making -------------------------------------------------------------------------------- */

/* How many are being built, or warmed up; *at is when the first of these is ready. */
static unsigned pool_busy(const struct pool *p, uint64_t now, uint64_t *at)
{
    unsigned busy = 0;
    LIST_FOR_EACH (kind_node, &p->kinds) {
        const struct pool_kind *k = LIST_ITEM(kind_node, struct pool_kind, link);
        LIST_FOR_EACH (node, &k->spares) {
            const struct spare *s = LIST_ITEM(node, struct spare, link);
            if (s->built && s->ready_ns > now) {
                earlier(at, s->ready_ns);
            }
            busy += !s->built || s->ready_ns > now;
        }
    }
    return busy;
}

/* Of those that are too few the one that was asked for last. */
static struct pool_kind *kind_in_need(struct pool *p, uint64_t now, uint64_t *at)
{
    LIST_FOR_EACH (node, &p->kinds) {
        struct pool_kind *k = LIST_ITEM(node, struct pool_kind, link);
        if (k->count >= k->wanted) {
            continue;
        }
        if (k->not_before_ns <= now) {
            return k;
        }
        earlier(at, k->not_before_ns);
    }
    return NULL;
}

static bool has_place(const struct pool *p, const struct pool_kind *k)
{
    unsigned boxes = sandbox_hello(p->sandbox)->boxes;
    return p->count < p->config.boxes && boxes - sandbox_live(p->sandbox) > p->config.free_boxes &&
           (p->count == 0 || pool_memory(p) + k->bytes <= p->config.memory_bytes);
}

/* The spares of one that was not asked for lately make place for it. */
static bool place_make(struct pool *p, struct pool_kind *wanting, uint64_t now)
{
    for (struct list *node = p->kinds.prev; node != &wanting->link; node = node->prev) {
        struct pool_kind *k = LIST_ITEM(node, struct pool_kind, link);
        if (k->count > 0 && !k->kept && now - k->asked_ns >= RECENT_NS) {
            k->wanted = 0;
            k->asked_twice = false;
            kind_let_go(k);
            return true;
        }
    }
    return false;
}

static bool kind_fill(struct pool_kind *k, uint64_t now)
{
    struct err e;
    if (spare_make(k, &e) < 0) {
        k->not_before_ns = now + AGAIN_NS;
        LOG_DEBUG(k->pool->log, "no spare box", log_s("error", e.text));
        return false;
    }
    k->pool->made_ns = now;
    return true;
}

static bool pool_may_fill(const struct pool *p, uint64_t now, uint64_t *at)
{
    if (p->running == 0 || now - p->taken_ns >= QUIET_NS) {
        return p->running < p->config.cores;
    }
    earlier(at, p->taken_ns + QUIET_NS);
    return false;
}

static void pool_fill(struct pool *p, uint64_t now, uint64_t *at)
{
    struct pool_kind *k = kind_in_need(p, now, at);
    if (!k || !pool_may_fill(p, now, at)) {
        return;
    }
    uint64_t ready = UINT64_MAX;
    unsigned busy = pool_busy(p, now, &ready);
    for (; k && busy + p->running < p->config.cores; busy++) {
        if (!has_place(p, k) && !(place_make(p, k, now) && has_place(p, k))) {
            return;
        }
        if (!kind_fill(k, now)) {
            break;
        }
        k = kind_in_need(p, now, at);
    }
    if (k) {
        earlier(at, ready);
    }
}

/* --- measuring ----------------------------------------------------------------------------- */

static void kind_measure(struct pool_kind *k)
{
    LIST_FOR_EACH (node, &k->spares) {
        const struct spare *s = LIST_ITEM(node, struct spare, link);
        uint64_t bytes = box_measured(s->box).memory_bytes;
        if (s->built) {
            k->bytes = bytes > 0 ? bytes : k->bytes; /* 0: this host cannot tell */
            k->measured = true;
        }
    }
}

/* What turns out to be larger than was thought: the spares of those asked for longest ago go. */
static void pool_on_measured(void *ctx)
{
    struct pool *p = ctx;
    p->measuring = false;
    LIST_FOR_EACH (node, &p->kinds) {
        kind_measure(LIST_ITEM(node, struct pool_kind, link));
    }
    while (pool_memory(p) > p->config.memory_bytes && pool_give_way(p)) {
    }
    pool_tend_later(p);
}

static bool pool_is_measured(const struct pool *p)
{
    LIST_FOR_EACH (node, &p->kinds) {
        const struct pool_kind *k = LIST_ITEM(node, struct pool_kind, link);
        if (k->count > 0 && !k->measured) {
            return false;
        }
    }
    return true;
}

static void pool_measure(struct pool *p, uint64_t now, uint64_t *at)
{
    if (p->count == 0 || p->measuring || pool_is_measured(p)) {
        return;
    }
    if (now - p->made_ns < REST_NS) {
        earlier(at, p->made_ns + REST_NS);
        return;
    }
    p->measuring = true;
    sandbox_measure(p->sandbox, pool_on_measured, p);
}

/* --- all of it ----------------------------------------------------------------------------- */

static void pool_tend(void *ctx)
{
    struct pool *p = ctx;
    uint64_t now = loop_now_ns(p->loop), at = UINT64_MAX;
    loop_timer_cancel(&p->timer);
    if (p->stopped || !p->sandbox || sandbox_is_lost(p->sandbox)) {
        return;
    }
    pool_age(p, now, &at);
    pool_fill(p, now, &at);
    pool_measure(p, now, &at);
    if (at != UINT64_MAX) {
        loop_timer_set(p->loop, &p->timer, at, pool_tend, p);
    }
}

void pool_tend_later(struct pool *p)
{
    loop_defer_late(p->loop, &p->defer, pool_tend, p); /* after the answer to whoever took one */
}
