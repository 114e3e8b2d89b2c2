#pragma once
/*
 * pool_impl - what pool.c and pool_*.c know of each other.
 *
 * A kind is all that must be the same for a spare to fit a job.  Kinds are kept in the order in
 * which they were asked for last, spares in that in which they were made: the oldest has had most
 * time to get ready, and is taken first.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/loop.h"
#include "sandbox/pool.h"
#include "sandbox/sandbox.h"

struct pool_kind {
    struct pool *pool;
    struct list link;   /* of pool.kinds: asked for last, first */
    struct list spares; /* oldest first */
    unsigned count;
    uint64_t id;
    struct buf identity;
    struct box_spec spec;
    uint32_t layers[BOX_LAYERS_MAX];
    struct box_program program; /* of a warm one */
    char **argv, **env;         /* that it names */
    char *wait;                 /* NULL: plain */
    char *language;
    bool kept;
    bool asked_twice, made; /* ... and one was made since */
    uint64_t asked_ns;
    unsigned wanted, least; /* spares; the fewest that lay there since `since_ns` */
    uint64_t since_ns;
    uint64_t bytes, seen; /* of one; 0: not known.  By the last look, while it is not measured */
    bool measured, told;
    uint64_t made_ns, not_before_ns; /* the last one; one failed */
};

struct spare {
    struct pool_kind *kind;
    struct list link;
    struct box *box;
    int files[3];
    bool built;
    uint64_t ready_ns; /* a warm one is taken to have come to its file */
};

struct pool {
    struct loop *loop;
    const struct log *log;
    struct sandbox *sandbox;
    struct pool_config config;
    struct list kinds;
    unsigned kind_count, count, warm_count;
    uint64_t last_id, made_ns;
    uint64_t taken_ns, quiet_ns;   /* no spares are made beside it (pool_tend.c) so long */
    uint64_t looked_ns, unseen_ns; /* last; the first that was made since, 0: none */
    unsigned running;
    bool stopped, measuring;
    struct loop_timer timer;
    struct loop_defer defer;
};

/* pool_kind.c */
struct pool_kind *kind_ask(struct pool *p, const struct pool_need *need); /* finds or makes it */
void kind_free(struct pool_kind *k);                                      /* and its spares */
void kind_missed(struct pool_kind *k);
void kind_failed(struct pool_kind *k, const char *why); /* none are made for a while */
void kind_let_go(struct pool_kind *k);                  /* its spares */
int spare_make(struct pool_kind *k, struct err *e);
void spare_free(struct spare *s);
void spare_forget(struct spare *s); /* what is in it is another's */

/* pool_measure.c */
bool kind_is_known(const struct pool_kind *k); /* how much one holds, as far as it can be */
bool kind_is_too_large(const struct pool_kind *k);
uint64_t kind_bytes(const struct pool_kind *k); /* of one; guessed while it is not known */
void kind_held_at_most(struct pool_kind *k, uint64_t bytes);
bool pool_is_learning(const struct pool *p); /* there is a spare of a kind that is not known */
uint64_t pool_memory(const struct pool *p);
void pool_measure(struct pool *p, uint64_t now, uint64_t *at);

/* pool_tend.c */
void pool_tend_later(struct pool *p);
static inline void earlier(uint64_t *at, uint64_t other)
{
    if (other < *at) {
        *at = other;
    }
}
