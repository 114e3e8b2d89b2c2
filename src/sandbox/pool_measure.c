/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What spares hold, and which of them go when that is too much.
 *
 * How much an interpreter will hold nobody knows before it waits for its file, and it does not tell
 * when it does.  So there is one spare of an unknown kind at a time, which is looked at until two
 * looks agree.  All are looked at once more when they have rested.
 */
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "sandbox/pool_impl.h"

/* In a plain one there are belljar-init and its process that waits for START. */
#define PLAIN_BYTES (UINT64_C(1) << 20)

/* Until one was measured; such as are for a small pool are small. */
#define WARM_BYTES (UINT64_C(12) << 20)
#define WARM_PART  4

/* Where it cannot be, until a job has shown what there was in one at most: the JVM has as much. */
#define WARM_UNMEASURED_BYTES (UINT64_C(64) << 20)

/* Between two looks at what is not known. */
#define LOOK_NS (50 * NS_PER_MS)

/* From the last that was made to the look at all; it is not put off for longer than that. */
#define REST_NS    NS_PER_S
#define OVERDUE_NS (10 * NS_PER_S)

/* --- what is known ------------------------------------------------------------------------- */

/* Whether boxd can tell at all. */
static bool pool_can_measure(const struct pool *p)
{
    return p->sandbox && sandbox_hello(p->sandbox)->features & BOX_FEATURE_MEMORY;
}

bool kind_is_known(const struct pool_kind *k)
{
    return k->measured || !k->wait || !pool_can_measure(k->pool);
}

static uint64_t warm_guess(const struct pool *p)
{
    uint64_t part = p->config.memory_bytes / WARM_PART;
    if (!pool_can_measure(p)) {
        return WARM_UNMEASURED_BYTES;
    }
    return part < WARM_BYTES ? part : WARM_BYTES;
}

uint64_t kind_bytes(const struct pool_kind *k)
{
    if (k->bytes > 0) {
        return k->bytes;
    }
    return k->wait ? warm_guess(k->pool) : PLAIN_BYTES;
}

bool kind_is_too_large(const struct pool_kind *k)
{
    return kind_is_known(k) && kind_bytes(k) > k->pool->config.memory_bytes;
}

uint64_t pool_memory(const struct pool *p)
{
    uint64_t sum = 0;
    LIST_FOR_EACH (node, &p->kinds) {
        const struct pool_kind *k = LIST_ITEM(node, struct pool_kind, link);
        sum += k->count * kind_bytes(k);
    }
    return sum;
}

bool pool_is_learning(const struct pool *p)
{
    LIST_FOR_EACH (node, &p->kinds) {
        const struct pool_kind *k = LIST_ITEM(node, struct pool_kind, link);
        if (k->count > 0 && !kind_is_known(k)) {
            return true;
        }
    }
    return false;
}

/* The least of what jobs ended with is nearest to what there was before them. */
void kind_held_at_most(struct pool_kind *k, uint64_t bytes)
{
    if (!pool_can_measure(k->pool) && k->wait && bytes > 0 && bytes < kind_bytes(k)) {
        k->bytes = bytes;
    }
}

/* --- a look -------------------------------------------------------------------------------- */

static bool is_at_rest(const struct spare *s, uint64_t when)
{
    return s->built && s->ready_ns <= when;
}

/* Of those that were at rest when they were looked at; 0: there is none, or nobody knows. */
static uint64_t largest_of(const struct pool_kind *k)
{
    uint64_t largest = 0;
    LIST_FOR_EACH (node, &k->spares) {
        const struct spare *s = LIST_ITEM(node, struct spare, link);
        uint64_t bytes = box_measured(s->box).memory_bytes;
        if (is_at_rest(s, k->pool->looked_ns) && bytes > largest) {
            largest = bytes;
        }
    }
    return largest;
}

/* It grows no more, or has had its time, or is too much already. */
static bool is_settled(const struct pool_kind *k, uint64_t seen, uint64_t now)
{
    bool same = k->seen > 0 && seen <= k->seen + k->seen / 8;
    if (seen > k->pool->config.memory_bytes) {
        return true;
    }
    const struct spare *oldest = LIST_ITEM(k->spares.next, struct spare, link);
    return same || (is_at_rest(oldest, now) && now - oldest->ready_ns >= REST_NS);
}

static void kind_learn(struct pool_kind *k, uint64_t now)
{
    uint64_t seen = k->count > 0 ? largest_of(k) : 0;
    if (k->count > 0 && !kind_is_known(k)) {
        k->measured = is_settled(k, seen, now);
        k->seen = seen;
    }
    if (seen > 0) {
        k->bytes = seen;
    }
    if (k->count > 0 && kind_is_too_large(k)) {
        AUTO(mem_freep)
        char *why = xasprintf("one holds %" PRIu64 " MiB, and pool.memory is %" PRIu64 " MiB",
                              k->bytes >> 20, k->pool->config.memory_bytes >> 20);
        kind_failed(k, why);
    }
}

/* The spares of those who were asked for longest ago go; such as are kept always, after others. */
static void pool_fit(struct pool *p)
{
    for (int kept = 0; kept <= 1; kept++) {
        for (struct list *node = p->kinds.prev; node != &p->kinds; node = node->prev) {
            struct pool_kind *k = LIST_ITEM(node, struct pool_kind, link);
            while (pool_memory(p) > p->config.memory_bytes && k->kept == kept && k->count > 0) {
                spare_free(LIST_ITEM(k->spares.next, struct spare, link));
                k->wanted -= k->wanted > 0;
            }
        }
    }
}

static void pool_on_measured(void *ctx)
{
    struct pool *p = ctx;
    uint64_t now = loop_now_ns(p->loop);
    p->measuring = false;
    LIST_FOR_EACH (node, &p->kinds) {
        kind_learn(LIST_ITEM(node, struct pool_kind, link), now);
    }
    pool_fit(p);
    pool_tend_later(p);
}

/* --- when ---------------------------------------------------------------------------------- */

static void kind_next_look(const struct pool_kind *k, uint64_t *due)
{
    LIST_FOR_EACH (node, &k->spares) {
        const struct spare *s = LIST_ITEM(node, struct spare, link);
        uint64_t after = k->pool->looked_ns + LOOK_NS;
        if (!kind_is_known(k) && s->built) {
            earlier(due, s->ready_ns > after ? s->ready_ns : after);
        }
    }
}

/* At all of them, what is known and what is not. */
static uint64_t next_look_at_all(const struct pool *p)
{
    uint64_t due = UINT64_MAX;
    if (p->unseen_ns > 0) {
        earlier(&due, p->made_ns + REST_NS);
        earlier(&due, p->unseen_ns + OVERDUE_NS);
    }
    return due;
}

void pool_measure(struct pool *p, uint64_t now, uint64_t *at)
{
    if (p->count == 0 || p->measuring || !pool_can_measure(p)) {
        return;
    }
    uint64_t all = next_look_at_all(p), due = all;
    LIST_FOR_EACH (node, &p->kinds) {
        kind_next_look(LIST_ITEM(node, struct pool_kind, link), &due);
    }
    if (due > now) {
        earlier(at, due);
        return;
    }
    p->measuring = true;
    p->looked_ns = now;
    p->unseen_ns = all <= now ? 0 : p->unseen_ns;
    sandbox_measure(p->sandbox, pool_on_measured, p);
}
