#pragma once
/*
 * api - what the dialects have in common: the parts of the server that a handler may use.
 */
#include <stdbool.h>
#include <stddef.h>

struct audit_act;
struct config;
struct engine;
struct executions;
struct err;
struct gate;
struct http_dialect;
struct log;
struct keys;
struct loop;
struct metrics;
struct packages;
struct runtimes;
struct sandbox;
struct sieve;
struct store;

struct api {
    struct loop *loop;
    const struct config *config;
    struct engine *engine;
    struct runtimes *runtimes;
    struct executions *executions;
    struct store *store;
    struct sandbox *sandbox; /* exchanged when boxd was restarted; NULL while there is none */
    const struct log *log;
    struct metrics *metrics;
    struct keys *keys;
    struct gate *gate;
    struct sieve *sieve;
    struct packages *packages; /* who changes what is installed (api/packages.h); NULL: nobody */
    /* All of them, for /openapi.json; set before the first request. */
    const struct http_dialect *const *dialects;
    size_t dialect_count;
    /* Writes down what administrators do (api/audit.h); NULL: nobody does. */
    void (*audit)(void *ctx, const struct audit_act *act);
    void *audit_ctx;
};

/* One per dialect; `api` outlives them. */
/* /, /health, /ready, /stats, /metrics, /openapi.json, /docs; freed by common_dialect_done, after
 * the http server. */
void common_dialect(struct api *api, struct http_dialect *ret);
void common_dialect_done(struct http_dialect *d);
/* belljar's own API, /api/v1/...  Adds itself to api->executions. */
int native_dialect(struct api *api, struct http_dialect *ret, struct err *e);
void native_dialect_done(struct http_dialect *d);
/* ERR_INVALID names the key of a bad piston.limit_overrides.  Freed by piston_dialect_done, after
 * the http server. */
int piston_dialect(struct api *api, struct http_dialect *ret, struct err *e);
void piston_dialect_done(struct http_dialect *d);
/* Adds itself to api->executions.  ERR_INVALID names a bad setting. */
int judge0_dialect(struct api *api, struct http_dialect *ret, struct err *e);
void judge0_dialect_done(struct http_dialect *d);
