#pragma once
/*
 * piston - the API of Piston v3 (https://github.com/engineer-man/piston), in three generations:
 *
 *   V2       /api/v2/..., and the public gateway's /api/v2/piston/...
 *   V1       /api/v1/... of April 2021: no checks of limits, stdin as sent, errors of
 * express-validator GATEWAY  /api/v1/piston/... before that: one source, one flat result
 *
 * This header is for the files of this directory; the dialect itself is in api/api.h.
 */
#include <jansson.h>

#include "api/api.h"
#include "api/piston/limits.h"

struct http_request;
struct package_book;

enum piston_style { PISTON_V2, PISTON_V1, PISTON_GATEWAY };

struct piston {
    struct api *api;
    struct limit_overrides *overrides; /* piston.limit_overrides */
    struct package_book *book;
};

/* Handlers; ctx is the struct piston. */
void execute_v2(struct http_request *r, void *ctx);
void execute_v1(struct http_request *r, void *ctx);
void execute_gateway(struct http_request *r, void *ctx);
void connect_v2(struct http_request *r, void *ctx);
void runtimes_v2(struct http_request *r, void *ctx);
void runtimes_v1(struct http_request *r, void *ctx);
void versions_gateway(struct http_request *r, void *ctx);
void packages_list(struct http_request *r, void *ctx);
void package_install(struct http_request *r, void *ctx);    /* language and version in the body */
void package_uninstall(struct http_request *r, void *ctx);  /* likewise */
void package_install_v1(struct http_request *r, void *ctx); /* in the path */
void package_uninstall_v1(struct http_request *r, void *ctx);

/* A WebSocket where there is none is opened, and closed without a code, as Piston does it; false:
 * the request is for no WebSocket. */
bool connect_nowhere(struct http_request *r);

/* The body as an object: {} when there is none or it is an array.  When it is bad, answers and
 * gives NULL. */
json_t *piston_body(struct http_request *r);
