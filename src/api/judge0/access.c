/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/access.h"

#include <stdint.h>

#include "api/json.h"
#include "api/judge0/judge0.h"
#include "api/judge0/params.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/strv.h"
#include "config/config.h"
#include "http/http.h"

/* --- pages ------------------------------------------------------------------------------- */

void access_rules(const struct http_request *r, const struct config *c, struct gate_rules *ret)
{
    static const char *const any[] = {"*", NULL};
    struct err ignored;
    bool listed = strv_len(c->judge0_allow_origin) > 0 || strv_len(c->judge0_disallow_origin) > 0;
    bool open = strv_len(c->judge0_authn_token) > 0 || strv_len(c->judge0_disallow_origin) > 0 ||
                config_judge0_conf_read(c) != NULL;
    *ret = (struct gate_rules){
        .allow_origin = c->judge0_allow_origin,
        .disallow_origin = c->judge0_disallow_origin,
        .answers_any_page = open,
        .remedy = "set judge0.allow_origin (ALLOW_ORIGIN) or judge0.authn_token (AUTHN_TOKEN)",
    };
    if (!listed && (open || http_check_origin(r, &ignored) == 0)) {
        ret->allow_origin = (char *const *)(uintptr_t)any;
    }
}

static void refuse_page(struct http_request *r, unsigned status, const char *text, void *ctx)
{
    (void)ctx;
    judge0_respond_error(r, status, text);
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
    for (size_t i = 0; i < ARRAY_LEN(rails); i++) {
        http_add_header(r, rails[i][0], rails[i][1]);
    }
    struct gate_rules rules;
    access_rules(r, j->api->config, &rules);
    rules.refuse = refuse_page;
    return !gate_page(j->api->gate, r, &rules);
}

/* --- tokens ------------------------------------------------------------------------------ */

static void refuse_caller(struct http_request *r, unsigned status, const char *text, void *ctx)
{
    (void)ctx;
    if (status == 429) { /* which Judge0 does not know */
        judge0_respond_error(r, status, text);
    } else {
        judge0_respond_empty(r, status);
    }
}

bool access_authenticated(struct http_request *r, const json_t *params, const struct judge0 *j)
{
    static const struct gate_rules rules = {.tokens_as_judge0 = true, .refuse = refuse_caller};
    return gate_admit(j->api->gate, r, &rules,
                      params_text(params, j->api->config->judge0_authn_header));
}

static bool is_authorized(struct http_request *r, const char *secret, const struct judge0 *j)
{
    return gate_token_find(secret, j->api->config->judge0_authz_token) > 0 ||
           gate_raise(j->api->gate, r, secret);
}

bool access_authorized(struct http_request *r, const json_t *params, const struct judge0 *j)
{
    const char *name = j->api->config->judge0_authz_header;
    const char *header = http_header(r, name), *param = params_text(params, name);
    bool given = header != NULL || param != NULL;
    if (given ? is_authorized(r, header, j) || is_authorized(r, param, j)
              : gate_caller(r)->has_key) {
        return true;
    }
    judge0_respond_empty(r, 403);
    return false;
}

/* --- /authenticate, /authorize ----------------------------------------------------------- */

static void answer_whether(struct http_request *r, const struct judge0 *j, bool authz)
{
    AUTO(json_freep) json_t *params = NULL;
    struct err e = {0};
    if (params_read(r, &params, &e) < 0) {
        judge0_respond_status(r, 400);
    } else if (access_authenticated(r, params, j) && (!authz || access_authorized(r, params, j))) {
        judge0_respond_empty(r, 200);
    }
}

void authenticate(struct http_request *r, void *ctx)
{
    answer_whether(r, ctx, false);
}

void authorize(struct http_request *r, void *ctx)
{
    answer_whether(r, ctx, true);
}
