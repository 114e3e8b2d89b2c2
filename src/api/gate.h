#pragma once
/*
 * gate - who asks, and whether they may: the same for every dialect.
 *
 * gate_pass is the first thing that each dialect's `before` does (the route is known then):
 *   1. the page: origins, CORS (preflights are answered here)
 *   2. the key, when keys are needed: Authorization (Bearer or raw), X-Api-Key, Judge0's
 *      X-Auth-Token, or the WebSocket subprotocol "belljar.key.SECRET" (pages cannot set headers)
 *   3. the route's scope (enum http_route_flag)
 *   4. the rate of its key, or of its address where no key is needed: RateLimit-* always, 429 with
 *      Retry-After beyond
 * What it refuses is answered through `refuse`, in the dialect's own form.
 */
#include <stdbool.h>
#include <stddef.h>

#include "keys/keys.h"

struct api;
struct err;
struct execution;
struct gate;
struct http_request;

/* Of one request, from gate_pass to its end. */
struct caller {
    char name[64];   /* "key:NAME" or an address: execution.caller, job.caller */
    const char *key; /* the key's name; NULL: none was needed */
    unsigned scopes; /* all of them where no key is needed */
    struct caller_limits limits;
};

struct gate_rules {               /* of one dialect */
    char *const *allow_origin;    /* hosts whose pages may ask; "*" any; NULL: none but our own */
    char *const *disallow_origin; /* NULL: none */
    void (*refuse)(struct http_request *r, unsigned status, const char *text, void *ctx);
    void *ctx;
};

int gate_new(struct api *api, struct gate **ret, struct err *e);
void gate_free(struct gate *g); /* NULL is fine */

/* False: it has been answered.  Adds the caller to the request (http_set_data). */
bool gate_pass(struct gate *g, struct http_request *r, const struct gate_rules *rules);
/* As long as the request. */
const struct caller *gate_caller(const struct http_request *r);
/* Whether it may see, cancel and delete this one: its own, or all with SCOPE_ADMIN or where no key
 * is needed. */
bool gate_owns(const struct caller *c, const struct execution *x);
/* ERR_BUSY (429) when the caller's share of the queue has no place for `count` more. */
int gate_check_share(const struct gate *g, const struct caller *c, size_t count, struct err *e);
/* Lowers each of *limits to the caller's ceiling. */
void gate_lower(const struct limits *ceiling, struct limits *limits);
/* How many jobs of this caller may run at one time; 0: any number (engine_config.running_max). */
unsigned gate_running_max(void *gate, const char *caller);
