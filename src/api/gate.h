#pragma once
/*
 * gate - who asks, and whether they may: the same for every dialect.
 *
 * gate_pass is the first thing that each dialect's `before` does (the route is known then), for
 * what is not ROUTE_PUBLIC:
 *   1. the page: origins, CORS (preflights are answered here), for what is public too
 *   2. the address: judge0.allow_ip, judge0.disallow_ip
 *   3. the key, when keys are needed: Authorization (Bearer or raw), X-Api-Key, the header
 *      judge0.authn_header (X-Auth-Token), or the WebSocket subprotocol "belljar.key.SECRET" (pages
 *      cannot set headers); one of judge0.authn_token is as good as a key, but for an
 *      administrator's routes, which want one of judge0.authz_token beside it
 *   4. the rate of its key, else of its address (who comes without a good key, too): RateLimit-*
 *      always, 429 with Retry-After beyond
 *   5. the route's scope (enum http_route_flag)
 * What it refuses is answered through `refuse`, in the dialect's own form.
 *
 * Judge0's tokens may stand in the body as well, so it calls gate_page in `before` and gate_admit
 * when the body is there.
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
    char name[64];   /* execution.caller, job.caller: "key:NAME", "token N" (judge0.authn_token), an
                        IPv4 address, or the network of an IPv6 one */
    bool has_key;    /* and then the name begins with "key:" */
    unsigned scopes; /* all of them where no key is needed */
    struct caller_limits limits;
};

struct gate_rules {               /* of one dialect */
    char *const *allow_origin;    /* hosts whose pages may ask; "*" any; NULL: none but our own */
    char *const *disallow_origin; /* hosts whose pages may not, when all others may */
    bool answers_any_page;        /* other pages are answered too; they cannot read it (Judge0) */
    bool tokens_as_judge0; /* those of judge0.authn_token in Judge0's header or parameter only */
    const char *exposed;   /* headers that pages of other origins may read too; NULL: none */
    const char *remedy;    /* for a page that may not: "set piston.allow_origin"; NULL: none */
    /* status 401, 403 or 429. */
    void (*refuse)(struct http_request *r, unsigned status, const char *text, void *ctx);
    void *ctx;
};

int gate_new(struct api *api, struct gate **ret, struct err *e);
void gate_free(struct gate *g); /* NULL is fine */

/* False: it has been answered.  Adds the caller to the request (http_set_data). */
bool gate_pass(struct gate *g, struct http_request *r, const struct gate_rules *rules);
/* Its two halves; `secret` (may be NULL) is one that a header does not carry. */
bool gate_page(const struct gate *g, struct http_request *r, const struct gate_rules *rules);
bool gate_admit(struct gate *g, struct http_request *r, const struct gate_rules *rules,
                const char *secret);
/* As long as the request; NULL: it has not passed, or its route is public. */
const struct caller *gate_caller(const struct http_request *r);
/* A second secret of the same request, that of an administrator: the caller may do what its key
 * may.  False: it is none. */
bool gate_raise(const struct gate *g, struct http_request *r, const char *secret);
bool gate_sees_all(const struct caller *c); /* SCOPE_ADMIN, or no key is needed */
/* Whether it may see, cancel and delete this one: its own, or all with SCOPE_ADMIN or where no key
 * is needed. */
bool gate_owns(const struct caller *c, const struct execution *x);
/* ERR_BUSY (429) when the caller's share of the queue has no place for `count` more. */
int gate_check_share(const struct gate *g, const struct caller *c, size_t count, struct err *e);
/* Lowers each of *limits to the caller's ceiling. */
void gate_lower(const struct limits *ceiling, struct limits *limits);
/* Of an execution's or a job's caller, as they are now; until the next round of the loop. */
const struct caller_limits *gate_limits(const struct gate *g, const char *caller);
/* Whether its programs may have a network: its key says so, and the operator. */
bool gate_network(const struct gate *g, const char *caller);
/* How many jobs of this caller may run at one time; 0: any number (engine_config.running_max). */
unsigned gate_running_max(void *gate, const char *caller);
/* Whether nothing of its programs is started ahead of their files (engine_config.cold). */
bool gate_cold(void *gate, const char *caller);
/* Which of the tokens it is, from 1; 0: none, or text is NULL.  Takes as long for a wrong one as
 * for a right one of its length. */
size_t gate_token_find(const char *text, char *const *tokens);
