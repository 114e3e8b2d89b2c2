/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An entry is in the table from the moment at which somebody begins to compile.  Until then it has
 * waiters and no product; after that a product and no waiters.
 */
#include "engine/product_cache.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/table.h"
#include "engine/product_key.h"

#define PAGE_BYTES  UINT64_C(4096)
#define ENTRY_BYTES UINT64_C(1024) /* of its own memory, about */

/* Of each stream: who asks again is told it in one piece. */
#define OUTPUT_MAX ((size_t)64 << 10)

/* No product may drive out all others. */
#define SHARE 4

/* What did not compile may have been the host's fault: a moment without memory, say. */
#define FAILURE_AGE_NS (60 * NS_PER_S)

struct product_entry {
    struct table_node by_key;
    char key[PRODUCT_KEY_SIZE];
    struct product_claim *maker; /* NULL: it is there */
    bool batch;                  /* the maker is */
    struct list waiters;
    struct list by_use;
    int fd;
    uint64_t size, bytes, until_ns;
    struct stage_result result;
};

struct product_cache {
    struct loop *loop;
    struct product_cache_config config;
    struct table entries;
    struct list by_use; /* those with a product, least lately used first */
    struct list making; /* the others */
    uint64_t bytes;
    size_t count;
    struct loop_timer expiry;
};

struct product_cache *product_cache_new(struct loop *loop,
                                        const struct product_cache_config *config)
{
    struct product_cache *c = xcalloc(1, sizeof(*c));
    c->loop = loop;
    c->config = *config;
    list_init(&c->by_use);
    list_init(&c->making);
    return c;
}

/* --- entries ------------------------------------------------------------------------------ */

static struct product_entry *entry_find(struct product_cache *c, const char *key)
{
    struct table_node *node = table_find(&c->entries, key);
    return node ? TABLE_ITEM(node, struct product_entry, by_key) : NULL;
}

static struct product_entry *entry_new(struct product_cache *c, const char *key)
{
    struct product_entry *p = xcalloc(1, sizeof(*p));
    snprintf(p->key, sizeof(p->key), "%s", key);
    p->fd = -1;
    list_init(&p->waiters);
    list_append(&c->making, &p->by_use);
    table_add(&c->entries, &p->by_key, p->key);
    return p;
}

static void claim_end(struct product_claim *claim)
{
    claim->entry = NULL;
    claim->makes = false;
}

static void entry_free(struct product_cache *c, struct product_entry *p)
{
    if (p->maker) {
        claim_end(p->maker);
    } else {
        c->bytes -= p->bytes;
        c->count--;
    }
    list_remove(&p->by_use);
    table_remove(&c->entries, &p->by_key);
    fd_close(p->fd);
    stage_result_done(&p->result);
    free(p);
}

/* Each may ask at once, and any of them may drop any other.  The last one first, as each steps
 * before the others of its caller. */
static void waiters_tell(struct list *waiters, bool alone)
{
    while (!list_empty(waiters)) {
        struct product_claim *w = LIST_ITEM(waiters->prev, struct product_claim, link);
        list_remove(&w->link);
        claim_end(w);
        w->ready(w->ctx, alone);
    }
}

static void waiters_forget(struct product_entry *p)
{
    LIST_FOR_EACH (node, &p->waiters) {
        list_remove(node);
        claim_end(LIST_ITEM(node, struct product_claim, link));
    }
}

static void free_all(struct product_cache *c, struct list *entries)
{
    LIST_FOR_EACH (node, entries) {
        struct product_entry *p = LIST_ITEM(node, struct product_entry, by_use);
        waiters_forget(p);
        entry_free(c, p);
    }
}

void product_cache_free(struct product_cache *c)
{
    if (c) {
        free_all(c, &c->making);
        free_all(c, &c->by_use);
        loop_timer_cancel(&c->expiry);
        table_done(&c->entries);
        free(c);
    }
}

/* --- age ---------------------------------------------------------------------------------- */

static void expire(void *ctx)
{
    struct product_cache *c = ctx;
    uint64_t now = loop_now_ns(c->loop), next = UINT64_MAX;
    LIST_FOR_EACH (node, &c->by_use) {
        struct product_entry *p = LIST_ITEM(node, struct product_entry, by_use);
        if (p->until_ns <= now) {
            entry_free(c, p);
        } else if (p->until_ns < next) {
            next = p->until_ns;
        }
    }
    if (next < UINT64_MAX) {
        loop_timer_set(c->loop, &c->expiry, next, expire, c);
    }
}

static void expire_at(struct product_cache *c, uint64_t until_ns)
{
    if (!c->expiry.loop || until_ns < c->expiry.at_ns) {
        loop_timer_set(c->loop, &c->expiry, until_ns, expire, c);
    }
}

/* --- asking ------------------------------------------------------------------------------- */

static void claim_make(struct product_entry *p, const struct product_asker *asker,
                       struct product_claim *claim)
{
    if (p->maker) {
        claim_end(p->maker); /* it goes on, for itself */
    }
    p->maker = claim;
    p->batch = asker->batch;
    claim->entry = p;
    claim->makes = true;
}

static void claim_wait(struct product_entry *p, const struct product_asker *asker,
                       struct product_claim *claim)
{
    *claim = (struct product_claim){.entry = p, .ready = asker->ready, .ctx = asker->ctx};
    list_append(&p->waiters, &claim->link);
}

enum product_turn product_ask(struct product_cache *c, const struct product_asker *asker,
                              struct product_claim *claim, struct product *ret)
{
    if (c->config.bytes == 0) {
        return PRODUCT_MAKE;
    }
    struct product_entry *p = entry_find(c, asker->key);
    if (p && !p->maker && p->until_ns <= loop_now_ns(c->loop)) {
        entry_free(c, TAKE(&p, NULL));
    }
    if (!p) {
        claim_make(entry_new(c, asker->key), asker, claim);
        return PRODUCT_MAKE;
    }
    if (!p->maker) {
        list_remove(&p->by_use);
        list_append(&c->by_use, &p->by_use);
        *ret = (struct product){p->fd, p->size, &p->result};
        return PRODUCT_THERE;
    }
    if (p->batch && !asker->batch) {
        claim_make(p, asker, claim);
        return PRODUCT_MAKE;
    }
    if (asker->alone) {
        return PRODUCT_MAKE;
    }
    claim_wait(p, asker, claim);
    return PRODUCT_AWAIT;
}

/* --- what comes of it --------------------------------------------------------------------- */

static uint64_t bytes_of(const struct product *p)
{
    uint64_t pages = (p->size + PAGE_BYTES - 1) / PAGE_BYTES;
    const struct stage_result *r = p->result;
    return pages * PAGE_BYTES + r->out.len + r->err.len + r->both.len + ENTRY_BYTES;
}

/* A limit that was met may not be met the next time. */
static bool ended_by_itself(const struct stage_result *r, int fd)
{
    bool compiled = r->verdict == VERDICT_OK && fd >= 0;
    bool failed = r->verdict == VERDICT_NONZERO_EXIT && r->process_limit_hits == 0;
    return compiled || failed;
}

static bool is_kept(const struct product_cache *c, const struct product *p)
{
    const struct stage_result *r = p->result;
    bool brief = !r->out_truncated && !r->err_truncated && r->out.len <= OUTPUT_MAX &&
                 r->err.len <= OUTPUT_MAX;
    return ended_by_itself(r, p->fd) && brief && bytes_of(p) <= c->config.bytes / SHARE;
}

static void buf_copy(struct buf *to, const struct buf *from)
{
    *to = (struct buf){0};
    buf_add(to, from->data ? from->data : "", from->len);
}

static void entry_fill(struct product_entry *p, const struct product *from, int fd)
{
    p->fd = fd;
    p->size = from->size;
    p->bytes = bytes_of(from);
    p->result = *from->result;
    p->result.files = NULL;
    p->result.file_count = 0;
    buf_copy(&p->result.out, &from->result->out);
    buf_copy(&p->result.err, &from->result->err);
    buf_copy(&p->result.both, &from->result->both);
}

static void make_room(struct product_cache *c, uint64_t bytes)
{
    while (!list_empty(&c->by_use) &&
           (c->bytes + bytes > c->config.bytes || c->count >= PRODUCTS_MAX)) {
        entry_free(c, LIST_ITEM(c->by_use.next, struct product_entry, by_use));
    }
}

static void keep(struct product_cache *c, struct product_entry *p, const struct product *from,
                 int fd)
{
    bool failed = from->result->verdict != VERDICT_OK;
    uint64_t age = failed && c->config.age_ns > FAILURE_AGE_NS ? FAILURE_AGE_NS : c->config.age_ns;
    entry_fill(p, from, fd);
    make_room(c, p->bytes);
    p->maker = NULL;
    p->until_ns = loop_now_ns(c->loop) + age;
    list_remove(&p->by_use);
    list_append(&c->by_use, &p->by_use);
    c->bytes += p->bytes;
    c->count++;
    expire_at(c, p->until_ns);
}

/* From a list of their own: whoever is told may do something that ends the entry. */
static void waiters_take(struct product_entry *p, struct list *ret)
{
    list_init(ret);
    while (!list_empty(&p->waiters)) {
        struct list *node = p->waiters.next;
        list_remove(node);
        list_append(ret, node);
    }
}

static void give_up(struct product_cache *c, struct product_entry *p, bool alone)
{
    struct list waiters;
    waiters_take(p, &waiters);
    entry_free(c, p);
    waiters_tell(&waiters, alone);
}

static void keep_and_tell(struct product_cache *c, struct product_entry *entry,
                          const struct product *p, int fd)
{
    struct list waiters;
    waiters_take(entry, &waiters);
    keep(c, entry, p, fd);
    waiters_tell(&waiters, false);
}

void product_offer(struct product_cache *c, struct product_claim *claim, const struct product *p)
{
    if (!claim->entry || !claim->makes) {
        return;
    }
    struct product offered = *p;
    if (p->result->verdict != VERDICT_OK) {
        offered.fd = -1; /* nothing will run */
        offered.size = 0;
    }
    bool kept = is_kept(c, &offered);
    int fd = kept && offered.fd >= 0 ? fcntl(offered.fd, F_DUPFD_CLOEXEC, 0) : -1;
    struct product_entry *entry = claim->entry;
    if (!kept || (offered.fd >= 0 && fd < 0)) {
        give_up(c, entry, true);
        return;
    }
    claim_end(claim);
    keep_and_tell(c, entry, &offered, fd);
}

void product_drop(struct product_cache *c, struct product_claim *claim)
{
    if (!claim->entry) {
        return;
    }
    if (claim->makes) {
        give_up(c, claim->entry, false);
        return;
    }
    list_remove(&claim->link);
    claim_end(claim);
}

struct product_cache_stats product_cache_stats(const struct product_cache *c)
{
    return (struct product_cache_stats){c->bytes, c->count};
}
