#pragma once
/*
 * access - who may ask, in Judge0's words (contract section 10): pages, addresses, tokens.  What it
 * decides by is the gate (api/gate.h).
 */
#include <jansson.h>
#include <stdbool.h>

#include "api/gate.h"

struct config;
struct http_request;
struct judge0;

/*
 * Whose pages may ask; without a `refuse`.
 *
 * Any page of any site may use Judge0; here only where that was asked for: a token is needed, all
 * origins but some are allowed, or a judge0.conf was read.
 */
void access_rules(const struct http_request *r, const struct config *c, struct gate_rules *ret);
/* http_dialect.before; ctx is the struct judge0. */
bool access_before(struct http_request *r, void *ctx);

/*
 * The first of the contract's filters, in their order; each answers and gives false when it does
 * not pass.  `params` may be NULL where there can be none.
 *
 * Lists and deletions want a token in X-Auth-User (judge0.authz_header): one of judge0.authz_token,
 * or the key of an administrator.  Who has a key needs none for what is its own.
 */
bool access_authenticated(struct http_request *r, const json_t *params, const struct judge0 *j);
bool access_authorized(struct http_request *r, const json_t *params, const struct judge0 *j);
