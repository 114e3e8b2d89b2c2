#pragma once
/*
 * access - who may ask: addresses, tokens, origins (contract section 10).
 *
 * A client's address is that of its connection: X-Forwarded-For is not believed, since anybody can
 * send it.
 */
#include <jansson.h>
#include <stdbool.h>

struct config;
struct err;
struct http_request;

/* ERR_INVALID names what is wrong in one of the lists. */
int access_check(const struct config *c, struct err *e);

/*
 * Any page of any site may use Judge0; here only where that was asked for: a token is needed,
 * all origins but some are allowed, or a judge0.conf was read.  Otherwise a page that its reader
 * happens to visit could run programs on the reader's own machine, so it must be of a listed origin
 * or one of http_check_origin's.  ERR_DENIED says what is foreign.
 */
int access_check_page(const struct http_request *r, const struct config *c, struct err *e);
/* Whether pages of other origins may ask at all. */
bool access_is_open(const struct config *c);
/* Adds the headers that let a page read the answer; true when it was a preflight, now answered. */
bool access_cors(struct http_request *r, const struct config *c);
/* http_dialect.before; ctx is the struct judge0. */
bool access_before(struct http_request *r, void *ctx);

/*
 * The first of the contract's filters, in their order; each answers and gives false when it does
 * not pass.  access_authenticated looks at the address too.  `params` may be NULL where there can
 * be none.
 */
bool access_authenticated(struct http_request *r, const json_t *params, const struct config *c);
bool access_authorized(struct http_request *r, const json_t *params, const struct config *c);

/* Who asks, for fairness between them: "token 2" or an address; the caller frees. */
char *access_caller(const struct http_request *r, const json_t *params, const struct config *c);

/*
 * For the other dialects: whoever is kept out of Judge0's API is kept out of theirs.  0, or the
 * status to answer with (403 its address, 401 no token in X-Auth-Token, or however it is called, or
 * in Authorization), and why.
 */
unsigned access_elsewhere(const struct http_request *r, const struct config *c,
                          const char **ret_why);
