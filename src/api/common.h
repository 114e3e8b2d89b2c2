#pragma once
/*
 * common - what belongs to no dialect: the root, health, numbers, and the description of all
 * others.
 *
 *   common.c     the routes, /, /health, /stats
 *   stats.c      the numbers of /stats and /api/v1/stats
 *   metrics.c    /metrics, and the gauges that are known only when asked
 *   ready.c      /ready
 *   openapi.c    /openapi.json
 *   docs_page.c  /docs, and what a browser sees at /
 *
 * This header is for the files of this directory; the dialect itself is in api/api.h.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct api;
struct http_request;

struct common {
    struct api *api;
    uint64_t started_ns; /* CLOCK_REALTIME */
    char *openapi;       /* NULL: nobody has asked for it */
};

/* --- handlers; ctx is the struct common ------------------------------------------------------ */
void metrics_show(struct http_request *r, void *ctx);
void ready_show(struct http_request *r, void *ctx);
void docs_show(struct http_request *r, void *ctx);
void home_respond(struct http_request *r); /* what a browser sees at / */

/* Adds the gauges of engine, boxes, store and process to api->metrics. */
void metrics_gauges(struct common *c);
