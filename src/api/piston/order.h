#pragma once
/*
 * order - what an execute request or an init message asks for, on its way to a job: its runtime
 * found, its limits checked, its files taken.  Embedded in its owner.
 */
#include <jansson.h>

#include "api/piston/piston.h"

struct caller;
struct job;
struct runtime;
struct runtimes_wait;
struct sieve_check;

/* Once, maybe from inside of order_begin.  job NULL: why not, in Piston's words; else the job is
 * the receiver's, and complete but for how it is run. */
typedef void order_fn(void *ctx, struct job *job, const char *why);

struct order {
    struct piston *piston;
    const struct caller *caller; /* outlives the order */
    enum piston_style style;
    json_t *body; /* NULL when the order was told */
    struct runtimes_wait *wait;
    struct sieve_check *look;
    struct job *job; /* that the sieve looks at */
    order_fn *fn;
    void *ctx;
};

/* Takes the body, which body_check found right. */
void order_begin(struct order *o, struct piston *p, const struct caller *caller,
                 enum piston_style style, json_t *body, order_fn *fn, void *ctx);
void order_cancel(struct order *o); /* hears no more; fine at any time */
