#pragma once
/*
 * access - who may ask: addresses, tokens, origins (contract section 10), and what is switched off.
 */
#include <jansson.h>
#include <stdbool.h>

struct config;
struct http_request;

/* http_dialect.before: CORS, preflights, ALLOW_IP: true when it has answered. */
bool access_before(struct http_request *r, void *ctx);
/* In the contract's order of filters; each answers and gives false when it does not pass.  `params`
 * may be NULL where there can be none. */
bool access_authenticated(struct http_request *r, const json_t *params, const struct config *c);
bool access_authorized(struct http_request *r, const json_t *params, const struct config *c);
/* For the other dialects: with AUTHN_TOKEN set they want it too (X-Auth-Token or Authorization). */
bool access_token_ok(const struct http_request *r, const struct config *c);
