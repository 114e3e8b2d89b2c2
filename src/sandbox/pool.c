/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked of the pool.
 */
#include "sandbox/pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "sandbox/pool_impl.h"

/* Most programs, and most compilers, are done sooner, and then a core is idle. */
#define QUIET_NS      (20 * NS_PER_MS)
#define LONG_QUIET_NS (50 * NS_PER_MS)

struct pool *pool_new(struct loop *loop, const struct pool_config *config, const struct log *log)
{
    struct pool *p = xcalloc(1, sizeof(*p));
    p->loop = loop;
    p->config = *config;
    p->log = log;
    list_init(&p->kinds);
    return p;
}

static void pool_let_go(struct pool *p)
{
    LIST_FOR_EACH (node, &p->kinds) {
        kind_let_go(LIST_ITEM(node, struct pool_kind, link));
    }
}

void pool_free(struct pool *p)
{
    if (!p) {
        return;
    }
    pool_set_sandbox(p, NULL);
    pool_drop(p);
    loop_timer_cancel(&p->timer);
    loop_defer_cancel(&p->defer);
    free(p);
}

void pool_set_sandbox(struct pool *p, struct sandbox *sandbox)
{
    if (p->sandbox) {
        sandbox_forget(p->sandbox, p);
    }
    pool_let_go(p);
    p->measuring = false;
    p->sandbox = sandbox;
    pool_tend_later(p);
}

void pool_drop(struct pool *p)
{
    LIST_FOR_EACH (node, &p->kinds) {
        kind_free(LIST_ITEM(node, struct pool_kind, link));
    }
}

void pool_stop(struct pool *p)
{
    p->stopped = true;
    pool_let_go(p);
    loop_timer_cancel(&p->timer);
}

/* --- taking -------------------------------------------------------------------------------- */

static bool spare_take(struct pool_kind *k, struct pool_spare *ret)
{
    if (k->count == 0) {
        kind_missed(k);
        return false;
    }
    struct spare *s = LIST_ITEM(k->spares.next, struct spare, link);
    if (!s->built) {
        kind_missed(k); /* it came too late for most of its use */
    }
    *ret = (struct pool_spare){.box = s->box, .kind = k->id};
    memcpy(ret->files, s->files, sizeof(ret->files));
    spare_forget(s);
    if (k->count < k->least) {
        k->least = k->count;
    }
    return true;
}

/* *ret_missed: there is none, or a plain one only. */
static bool pool_find(struct pool *p, const struct pool_need *need, struct pool_spare *ret,
                      bool *ret_missed)
{
    const struct pool_need plain = {.spec = need->spec, .language = need->language};
    if (!need->wait || !p->config.warm) {
        *ret_missed = !spare_take(kind_ask(p, &plain), ret);
        return !*ret_missed;
    }
    struct pool_kind *warm = kind_ask(p, need);
    *ret_missed = !spare_take(warm, ret);
    if (!*ret_missed) {
        return true;
    }
    bool found = spare_take(kind_ask(p, &plain), ret);
    list_remove(&warm->link); /* it is what will be made first */
    list_prepend(&p->kinds, &warm->link);
    return found;
}

static bool pool_works(const struct pool *p)
{
    return p->config.boxes > 0 && !p->stopped && p->sandbox && !sandbox_is_lost(p->sandbox);
}

/*
 * Whoever comes meanwhile does not prolong it: under a steady load no spares would be made.  Who
 * found none ends it, as the next will find none either.
 */
static void pool_be_quiet(struct pool *p, const struct pool_need *need, bool missed)
{
    uint64_t now = loop_now_ns(p->loop);
    bool hurried = missed && !need->unhurried;
    if (hurried || now - p->taken_ns >= p->quiet_ns) {
        p->taken_ns = now;
        p->quiet_ns = hurried ? 0 : need->unhurried ? LONG_QUIET_NS : QUIET_NS;
    }
}

bool pool_take(struct pool *p, const struct pool_need *need, struct pool_spare *ret)
{
    if (!pool_works(p)) {
        return false;
    }
    bool missed;
    bool found = pool_find(p, need, ret, &missed);
    pool_be_quiet(p, need, missed);
    pool_tend_later(p);
    return found;
}

void pool_expect(struct pool *p, const struct pool_need *need)
{
    if (p->config.boxes == 0 || p->stopped) {
        return;
    }
    struct pool_need plain = *need;
    if (!p->config.warm) {
        plain.wait = NULL;
    }
    struct pool_kind *k = kind_ask(p, &plain);
    k->kept = true;
    if (k->wanted == 0) {
        k->wanted = 1;
    }
    pool_tend_later(p);
}

/* NULL: it is forgotten. */
static struct pool_kind *kind_of(struct pool *p, uint64_t id)
{
    LIST_FOR_EACH (node, &p->kinds) {
        struct pool_kind *k = LIST_ITEM(node, struct pool_kind, link);
        if (k->id == id) {
            return k;
        }
    }
    return NULL;
}

void pool_spoiled(struct pool *p, uint64_t kind)
{
    struct pool_kind *k = kind_of(p, kind);
    if (k) {
        kind_failed(k, "it failed when its program was started");
    }
}

void pool_used(struct pool *p, uint64_t kind, uint64_t bytes)
{
    struct pool_kind *k = kind_of(p, kind);
    if (k) {
        kind_held_at_most(k, bytes);
    }
}

/* --- the engine ---------------------------------------------------------------------------- */

void pool_running(struct pool *p, unsigned programs)
{
    bool fewer = programs < p->running;
    p->running = programs;
    p->quiet_ns = programs == 0 ? 0 : p->quiet_ns;
    if (fewer) {
        pool_tend_later(p);
    }
}

bool pool_give_way(struct pool *p)
{
    for (struct list *node = p->kinds.prev; node != &p->kinds; node = node->prev) {
        struct pool_kind *k = LIST_ITEM(node, struct pool_kind, link);
        if (k->count > 0) {
            spare_free(LIST_ITEM(k->spares.next, struct spare, link));
            k->wanted -= k->wanted > 0;
            return true;
        }
    }
    return false;
}

static unsigned count_too_large(const struct pool *p)
{
    unsigned count = 0;
    LIST_FOR_EACH (node, &p->kinds) {
        count += kind_is_too_large(LIST_ITEM(node, struct pool_kind, link));
    }
    return count;
}

struct pool_stats pool_stats(const struct pool *p)
{
    return (struct pool_stats){
        .plain = p->count - p->warm_count,
        .warm = p->warm_count,
        .too_large = count_too_large(p),
        .memory_bytes = pool_memory(p),
    };
}
