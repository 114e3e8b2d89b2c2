#pragma once
/*
 * api - what the dialects have in common: the parts of the server that a handler may use.
 */
#include <stdbool.h>
#include <stddef.h>

struct config;
struct engine;
struct http_dialect;
struct log;
struct loop;
struct runtimes;
struct sandbox;

struct api {
    struct loop *loop;
    const struct config *config;
    struct engine *engine;
    struct runtimes *runtimes;
    struct sandbox *sandbox; /* exchanged when boxd was restarted; NULL while there is none */
    const struct log *log;
};

/* One per dialect; `api` outlives them. */
void piston_dialect(struct api *api, struct http_dialect *ret);
void common_dialect(struct api *api, struct http_dialect *ret); /* /, /health */
