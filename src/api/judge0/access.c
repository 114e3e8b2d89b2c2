/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/access.h"

#include <string.h>
#include <strings.h>

#include "api/json.h"
#include "api/judge0/access_list.h"
#include "api/judge0/judge0.h"
#include "api/judge0/params.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"
#include "http/http.h"

int access_check(const struct config *c, struct err *e)
{
    int r = ip_list_check(c->judge0_allow_ip, "judge0.allow_ip (ALLOW_IP)", e);
    return r < 0 ? r : ip_list_check(c->judge0_disallow_ip, "judge0.disallow_ip (DISALLOW_IP)", e);
}

/* --- origins ----------------------------------------------------------------------------- */

static bool admits_any_page(const struct config *c)
{
    return strv_len(c->judge0_authn_token) > 0 || strv_has(c->judge0_allow_origin, "*") ||
           strv_len(c->judge0_disallow_origin) > 0 || config_judge0_conf_read(c) != NULL;
}

int access_check_page(const struct http_request *r, const struct config *c, struct err *e)
{
    const char *origin = http_header(r, "Origin");
    bool is_named =
        origin != NULL &&
        origin_passes(c->judge0_allow_origin, c->judge0_disallow_origin, origin) == ORIGIN_NAMED;
    return is_named || admits_any_page(c) ? 0 : http_check_origin(r, e);
}

bool access_is_open(const struct config *c)
{
    return admits_any_page(c) || strv_len(c->judge0_allow_origin) > 0;
}

static bool refuse_foreign(struct http_request *r, const struct config *c)
{
    struct err e = {0};
    if (access_check_page(r, c, &e) == 0) {
        return false;
    }
    AUTO(buf_done) struct buf text = {0};
    buf_add_fmt(&text,
                "%s, or set judge0.allow_origin (ALLOW_ORIGIN) or judge0.authn_token (AUTHN_TOKEN)",
                e.text);
    judge0_respond_error(r, 403, text.data);
    return true;
}

static void add_headers(struct http_request *r, const char *const (*table)[2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        http_add_header(r, table[i][0], table[i][1]);
    }
}

static void add_cors(struct http_request *r, const char *origin, const struct config *c)
{
    /* Judge0 sends an empty Access-Control-Expose-Headers too, which says nothing. */
    static const char *const cors[][2] = {
        {"Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"},
        {"Access-Control-Max-Age", "7200"},
    };
    enum origin_pass pass =
        origin_passes(c->judge0_allow_origin, c->judge0_disallow_origin, origin);
    if (pass != ORIGIN_NONE) {
        http_add_header(r, "Access-Control-Allow-Origin", pass == ORIGIN_ANY ? "*" : origin);
        add_headers(r, cors, ARRAY_LEN(cors));
    }
}

bool access_cors(struct http_request *r, const struct config *c)
{
    const char *origin = http_header(r, "Origin");
    const char *asked = http_header(r, "Access-Control-Request-Headers");
    http_add_header(r, "Vary", "Accept, Origin");
    if (origin == NULL) {
        return false;
    }
    add_cors(r, origin, c);
    if (strcmp(http_method_name(r), "OPTIONS") != 0 ||
        http_header(r, "Access-Control-Request-Method") == NULL) {
        return false;
    }
    if (asked != NULL && *asked != '\0') {
        http_add_header(r, "Access-Control-Allow-Headers", asked);
    }
    http_respond(r, 200, NULL, NULL, 0);
    return true;
}

bool access_before(struct http_request *r, void *ctx)
{
    static const char *const rails[][2] = {
        {"X-Frame-Options", "SAMEORIGIN"},
        {"X-XSS-Protection", "1; mode=block"},
        {"X-Download-Options", "noopen"},
        {"X-Permitted-Cross-Domain-Policies", "none"},
        {"Referrer-Policy", "strict-origin-when-cross-origin"},
    };
    const struct judge0 *j = ctx;
    const struct config *c = j->api->config;
    add_headers(r, rails, ARRAY_LEN(rails));
    return refuse_foreign(r, c) || access_cors(r, c);
}

/* --- tokens ------------------------------------------------------------------------------ */

/*
 * Which of the tokens it is, from 1; 0: none.  Takes as long for a wrong token as for a right one
 * of its length.
 */
static size_t token_find(const char *text, char *const *tokens)
{
    size_t found = 0, len = text != NULL ? strlen(text) : 0;
    for (size_t i = 0; text != NULL && tokens != NULL && tokens[i] != NULL; i++) {
        size_t token_len = strlen(tokens[i]);
        unsigned char difference = len != token_len;
        for (size_t k = 0; k < len && token_len > 0; k++) {
            difference |= (unsigned char)(text[k] ^ tokens[i][k % token_len]);
        }
        found = difference == 0 ? i + 1 : found;
    }
    return found;
}

static size_t token_of(const struct http_request *r, const json_t *params, const char *name,
                       char *const *tokens)
{
    size_t in_header = token_find(http_header(r, name), tokens);
    return in_header > 0 ? in_header : token_find(params_text(params, name), tokens);
}

static bool has_address(const struct http_request *r, const struct config *c)
{
    return ip_passes(c->judge0_allow_ip, c->judge0_disallow_ip, http_client(r));
}

bool access_authenticated(struct http_request *r, const json_t *params, const struct config *c)
{
    if (!has_address(r, c)) {
        judge0_respond_empty(r, 403);
        return false;
    }
    if (strv_len(c->judge0_authn_token) > 0 &&
        token_of(r, params, c->judge0_authn_header, c->judge0_authn_token) == 0) {
        judge0_respond_empty(r, 401);
        return false;
    }
    return true;
}

bool access_authorized(struct http_request *r, const json_t *params, const struct config *c)
{
    if (token_of(r, params, c->judge0_authz_header, c->judge0_authz_token) == 0) {
        judge0_respond_empty(r, 403);
        return false;
    }
    return true;
}

char *access_caller(const struct http_request *r, const json_t *params, const struct config *c)
{
    size_t token = token_of(r, params, c->judge0_authn_header, c->judge0_authn_token);
    return token > 0 ? xasprintf("token %zu", token) : xstrdup(http_client(r));
}

unsigned access_elsewhere(const struct http_request *r, const struct config *c,
                          const char **ret_why)
{
    static const char bearer[] = "Bearer ";
    const char *text = http_header(r, "Authorization");
    if (!has_address(r, c)) {
        *ret_why = "clients of this address are not served here (judge0.allow_ip, "
                   "judge0.disallow_ip)";
        return 403;
    }
    if (text != NULL && strncasecmp(text, bearer, strlen(bearer)) == 0) {
        text += strlen(bearer);
    }
    if (strv_len(c->judge0_authn_token) == 0 || token_find(text, c->judge0_authn_token) > 0 ||
        token_of(r, NULL, c->judge0_authn_header, c->judge0_authn_token) > 0) {
        return 0;
    }
    *ret_why = "a token is needed here, in the header X-Auth-Token (judge0.authn_header) or "
               "Authorization";
    return 401;
}

/* --- /authenticate, /authorize ----------------------------------------------------------- */

static void answer_whether(struct http_request *r, const struct config *c, bool authz)
{
    AUTO(json_freep) json_t *params = NULL;
    struct err e = {0};
    if (params_read(r, &params, &e) < 0) {
        judge0_respond_status(r, 400);
    } else if (access_authenticated(r, params, c) && (!authz || access_authorized(r, params, c))) {
        judge0_respond_empty(r, 200);
    }
}

void authenticate(struct http_request *r, void *ctx)
{
    const struct judge0 *j = ctx;
    answer_whether(r, j->api->config, false);
}

void authorize(struct http_request *r, void *ctx)
{
    const struct judge0 *j = ctx;
    answer_whether(r, j->api->config, true);
}
