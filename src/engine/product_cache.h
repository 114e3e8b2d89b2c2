#pragma once
/*
 * product_cache - what compile stages left, for the next job that would compile the same; and who
 * waits for one that is being compiled.
 *
 * A product is a sealed memfd: no box can change it, and each unpacks a copy of its own.  It is
 * kept until it is too old or there is no more room, the one least lately used goes first.  Memory
 * only, and idle when empty.  Loop thread only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "engine/product_key.h"
#include "model/result.h"

struct loop;
struct product_cache;
struct product_entry;

#define PRODUCTS_MAX 1024 /* each has a descriptor */

struct product_cache_config {
    uint64_t bytes; /* 0: nothing is kept, and nobody waits for another's */
    uint64_t age_ns;
};

struct product { /* valid until the next call */
    int fd;      /* a boxarchive; -1: it did not compile */
    uint64_t size;
    const struct stage_result *result; /* without files */
};

/* Embedded in who asks, and to be dropped before it dies; zeroed it is none. */
struct product_claim {
    struct product_entry *entry; /* NULL: none */
    bool makes;                  /* else it waits */
    struct list link;
    void (*ready)(void *ctx, bool alone);
    void *ctx;
};

enum product_turn {
    PRODUCT_THERE, /* *ret has it */
    PRODUCT_MAKE,  /* compile; with a claim others wait for it: offer or drop it */
    PRODUCT_AWAIT, /* `ready` will be called */
};

struct product_asker {
    const char *key;
    bool batch; /* whom others who are not do not wait for */
    bool alone; /* waits for nobody */
    /*
     * The product that was waited for is there or was given up: ask again; `alone` when it was of a
     * kind that is not kept.  Never from inside product_ask.
     */
    void (*ready)(void *ctx, bool alone);
    void *ctx;
};

struct product_cache *product_cache_new(struct loop *loop,
                                        const struct product_cache_config *config);
void product_cache_free(struct product_cache *c); /* NULL is fine; claims are over */
enum product_turn product_ask(struct product_cache *c, const struct product_asker *asker,
                              struct product_claim *claim, struct product *ret);
/*
 * What came of the stage that a claim is for, if it still is for one; ends the claim.  It is kept
 * when the compiler ended by itself and said no more than a little; fd is copied, and must be
 * sealed.
 */
void product_offer(struct product_cache *c, struct product_claim *claim, const struct product *p);
void product_drop(struct product_cache *c,
                  struct product_claim *claim); /* one that is none: fine */

struct product_cache_stats {
    uint64_t bytes;
    size_t count;
};
struct product_cache_stats product_cache_stats(const struct product_cache *c);
