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
#define START_NS (2 * NS_PER_MS)

/* Spares that were not needed in this time are too many. */
#define PERIOD_NS (10 * NS_PER_S)

/* boxd could not make one. */
#define AGAIN_NS NS_PER_S

/* Kinds that were asked for in this time do not take each other's places. */
#define RECENT_NS (10 * NS_PER_S)

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

/* The JVM, say, in a pool of few MiB: one that is alone may show how large it is. */
static bool memory_suffices(const struct pool *p, const struct pool_kind *k)
{
    bool alone = p->count == 0 && !kind_is_known(k);
    return alone || pool_memory(p) + kind_bytes(k) <= p->config.memory_bytes;
}

static bool is_within(const struct pool *p, const struct pool_kind *k)
{
    unsigned boxes = sandbox_hello(p->sandbox)->boxes, others = p->config.free_boxes;
    unsigned max = boxes > others ? boxes - others : 0;
    return p->count < (p->config.boxes < max ? p->config.boxes : max) && memory_suffices(p, k);
}

/* Those that are being taken down have their places still. */
static bool has_place(const struct pool *p, const struct pool_kind *k)
{
    unsigned free = sandbox_hello(p->sandbox)->boxes - sandbox_live(p->sandbox);
    return free > p->config.free_boxes && is_within(p, k);
}

static bool is_recent(const struct pool_kind *k, uint64_t now)
{
    return k->kept || now - k->asked_ns < RECENT_NS;
}

/*
 * Whose spares make place: one that was not asked for lately, nor after the one that needs it.
 * Where there is none, the one that has most, if the other has nothing.
 */
static struct pool_kind *kind_in_the_way(struct pool *p, const struct pool_kind *wanting,
                                         uint64_t now)
{
    struct pool_kind *most = NULL;
    bool before = true; /* it was asked for before the one that needs it */
    for (struct list *node = p->kinds.prev; node != &p->kinds; node = node->prev) {
        struct pool_kind *k = LIST_ITEM(node, struct pool_kind, link);
        before &= k != wanting;
        if (before && k->count > 0 && !is_recent(k, now)) {
            return k;
        }
        if (k->count > (most ? most->count : 1)) {
            most = k;
        }
    }
    return wanting->count == 0 && is_recent(wanting, now) ? most : NULL;
}

static void place_make(struct pool_kind *k, uint64_t now)
{
    if (!is_recent(k, now)) {
        k->wanted = 0;
        k->asked_twice = false;
        kind_let_go(k);
        return;
    }
    spare_free(LIST_ITEM(k->spares.next, struct spare, link));
    k->wanted -= k->wanted > 1;
}

/* One that is kept has one also after it gave way. */
static bool is_too_few(const struct pool_kind *k)
{
    return k->count < (k->wanted > 0 ? k->wanted : k->kept) && !kind_is_too_large(k);
}

static bool may_be_made(struct pool *p, const struct pool_kind *k, uint64_t now, uint64_t *at)
{
    if (!is_too_few(k) || (!kind_is_known(k) && pool_is_learning(p))) {
        return false;
    }
    if (k->not_before_ns > now) {
        earlier(at, k->not_before_ns);
        return false;
    }
    return has_place(p, k) || (!is_within(p, k) && kind_in_the_way(p, k, now));
}

/*
 * What somebody waits for comes before what batches ask for, one of which there is nothing before
 * one of which there is too little, then the one that has waited longest: where they are asked for
 * in turn, the last one is the one least needed.
 */
static bool comes_before(const struct pool_kind *a, const struct pool_kind *b)
{
    if (a->spec.class != b->spec.class) {
        return a->spec.class == BOX_CLASS_INTERACTIVE;
    }
    if ((a->count == 0) != (b->count == 0)) {
        return a->count == 0;
    }
    return a->made_ns < b->made_ns;
}

static struct pool_kind *kind_in_need(struct pool *p, uint64_t now, uint64_t *at)
{
    struct pool_kind *first = NULL;
    LIST_FOR_EACH (node, &p->kinds) {
        struct pool_kind *k = LIST_ITEM(node, struct pool_kind, link);
        if (may_be_made(p, k, now, at) && (!first || comes_before(k, first))) {
            first = k;
        }
    }
    return first;
}

static bool kind_fill(struct pool_kind *k, uint64_t now)
{
    struct pool *p = k->pool;
    struct err e;
    k->made_ns = now;
    if (spare_make(k, &e) < 0) {
        k->not_before_ns = now + AGAIN_NS;
        LOG_DEBUG(p->log, "no spare box", log_s("error", e.text));
        return false;
    }
    p->made_ns = now;
    p->unseen_ns = p->unseen_ns ? p->unseen_ns : now;
    return true;
}

/* Beside one that runs a spare's making costs it 2 to 4 ms where there is no other idle core. */
static bool pool_may_fill(const struct pool *p, uint64_t now, uint64_t *at)
{
    if (p->running == 0 || p->running >= p->config.cores) {
        return p->running < p->config.cores;
    }
    bool last_core = p->running + 1 == p->config.cores;
    uint64_t end = p->taken_ns + (last_core && p->quiet_ns > START_NS ? p->quiet_ns : START_NS);
    if (now < end) {
        earlier(at, end);
        return false;
    }
    return true;
}

/* Each round makes a spare, or takes one away, or puts a kind off. */
static void pool_fill(struct pool *p, uint64_t now, uint64_t *at)
{
    struct pool_kind *k = kind_in_need(p, now, at);
    if (!k || !pool_may_fill(p, now, at)) {
        return;
    }
    uint64_t ready = UINT64_MAX;
    unsigned busy = pool_busy(p, now, &ready);
    for (; k && busy + p->running < p->config.cores; k = kind_in_need(p, now, at)) {
        if (has_place(p, k)) {
            busy += kind_fill(k, now);
        } else {
            place_make(kind_in_the_way(p, k, now), now);
        }
    }
    if (k) {
        earlier(at, ready);
    }
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
