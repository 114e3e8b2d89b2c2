/* SPDX-License-Identifier: Apache-2.0 */
#include "api/gate.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/api.h"
#include "api/judge0/access_list.h"
#include "api/origin.h"
#include "api/rates.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"
#include "engine/executions.h"
#include "http/http.h"
#include "metrics/metrics.h"
#include "model/execution.h"

#define SCOPES_ALL      (SCOPE_RUN | SCOPE_READ | SCOPE_ADMIN)
#define KEY_PREFIX      "key:" /* of a caller's name */
#define PROTOCOL_PREFIX "belljar.key."
#define SECRET_BYTES    256 /* a longer one is none */

struct gate {
    const struct api *api;
    struct rates *rates;
    struct caller_limits address; /* of a caller without a key */
};

int gate_new(struct api *api, struct gate **ret, struct err *e)
{
    const struct config *c = api->config;
    int r = ip_list_check(c->judge0_allow_ip, "judge0.allow_ip (ALLOW_IP)", e);
    if (r == 0) {
        r = ip_list_check(c->judge0_disallow_ip, "judge0.disallow_ip (DISALLOW_IP)", e);
    }
    if (r < 0) {
        return r;
    }
    struct gate *g = xcalloc(1, sizeof(*g));
    *g = (struct gate){
        .api = api,
        .rates = rates_new(),
        .address = {.rate = (double)c->caller_rate,
                    .burst = (unsigned)c->caller_burst,
                    .running = (unsigned)c->caller_running,
                    .queued = (unsigned)c->caller_queued,
                    .network = !c->disable_networking},
    };
    *ret = g;
    return 0;
}

void gate_free(struct gate *g)
{
    if (g != NULL) {
        rates_free(g->rates);
        free(g);
    }
}

static bool refuse(const struct gate *g, struct http_request *r, const struct gate_rules *rules,
                   const char *reason, unsigned status, const char *text)
{
    metrics_add(g->api->metrics, METRIC_REFUSED, METRIC_LABELS(reason), 1);
    rules->refuse(r, status, text, rules->ctx);
    return false;
}

/* --- pages ------------------------------------------------------------------------------- */

static bool key_is_needed(const struct gate *g)
{
    return keys_needed(g->api->keys) || strv_len(g->api->config->judge0_authn_token) > 0;
}

/*
 * A page that its reader happens to visit could run programs on the reader's own machine, under
 * that machine's name or under one that was rebound to it.  Where a key is needed it has none.
 */
static int page_check(const struct gate *g, const struct http_request *r,
                      const struct gate_rules *rules, struct err *e)
{
    const char *origin = http_header(r, "Origin");
    bool listed = strv_len(rules->allow_origin) > 0 || strv_len(rules->disallow_origin) > 0;
    if (rules->answers_any_page ||
        (origin != NULL && listed &&
         origin_passes(rules->allow_origin, rules->disallow_origin, origin) != ORIGIN_NONE)) {
        return 0;
    }
    if (key_is_needed(g) && (origin == NULL || origin_is_host(origin, http_header(r, "Host")))) {
        return 0;
    }
    return http_check_origin(r, e);
}

static void cors_add(struct http_request *r, const char *origin, const struct gate_rules *rules)
{
    /* Judge0 sends an empty Access-Control-Expose-Headers, which says nothing. */
    static const char *const cors[][2] = {
        {"Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"},
        {"Access-Control-Max-Age", "7200"},
    };
    enum origin_pass pass = origin_passes(rules->allow_origin, rules->disallow_origin, origin);
    if (pass == ORIGIN_NONE) {
        return;
    }
    http_add_header(r, "Access-Control-Allow-Origin", pass == ORIGIN_ANY ? "*" : origin);
    for (size_t i = 0; i < ARRAY_LEN(cors); i++) {
        http_add_header(r, cors[i][0], cors[i][1]);
    }
}

static bool is_preflight(const struct http_request *r)
{
    return strcmp(http_method_name(r), "OPTIONS") == 0 &&
           http_header(r, "Access-Control-Request-Method") != NULL;
}

/* Adds the headers that let a page read the answer; false: it was a preflight, now answered. */
static bool cors_pass(struct http_request *r, const struct gate_rules *rules)
{
    const char *origin = http_header(r, "Origin");
    if (!rules->answers_any_page && strv_len(rules->allow_origin) == 0 &&
        strv_len(rules->disallow_origin) == 0) {
        return true; /* no page of another origin may ask */
    }
    http_add_header(r, "Vary", "Accept, Origin");
    if (origin == NULL) {
        return true;
    }
    cors_add(r, origin, rules);
    if (!is_preflight(r)) {
        if (rules->exposed != NULL) {
            http_add_header(r, "Access-Control-Expose-Headers", rules->exposed);
        }
        return true;
    }
    const char *asked = http_header(r, "Access-Control-Request-Headers");
    if (asked != NULL && *asked != '\0') {
        http_add_header(r, "Access-Control-Allow-Headers", asked);
    }
    http_respond(r, 200, NULL, NULL, 0);
    return false;
}

bool gate_page(const struct gate *g, struct http_request *r, const struct gate_rules *rules)
{
    struct err e = {0};
    if (page_check(g, r, rules, &e) == 0) {
        return cors_pass(r, rules);
    }
    AUTO(buf_done) struct buf text = {0};
    buf_add_str(&text, e.text);
    if (rules->remedy != NULL && http_header(r, "Origin") != NULL) {
        buf_add_fmt(&text, ", or %s", rules->remedy);
    }
    return refuse(g, r, rules, "page", 403, text.data);
}

/* --- secrets ----------------------------------------------------------------------------- */

static const char *without_bearer(const char *text)
{
    static const char bearer[] = "Bearer ";
    bool has = text != NULL && strncasecmp(text, bearer, strlen(bearer)) == 0;
    return has ? text + strlen(bearer) : text;
}

/* "belljar, belljar.key.SECRET" */
static const char *protocol_secret(const struct http_request *r, char ret[SECRET_BYTES])
{
    const char *text = http_header(r, "Sec-WebSocket-Protocol");
    const char *at = text != NULL ? strstr(text, PROTOCOL_PREFIX) : NULL;
    if (at == NULL) {
        return NULL;
    }
    at += strlen(PROTOCOL_PREFIX);
    snprintf(ret, SECRET_BYTES, "%.*s", (int)strcspn(at, ", \t"), at);
    return ret;
}

#define JUDGE0_SECRETS 2
#define SECRETS_MAX    5

/* All that may be one, each NULL when it is not there; those that Judge0 knows come first. */
struct secrets {
    const char *all[SECRETS_MAX];
    char protocol[SECRET_BYTES];
};

static void secrets_read(const struct gate *g, const struct http_request *r, const char *more,
                         struct secrets *ret)
{
    ret->all[0] = http_header(r, g->api->config->judge0_authn_header);
    ret->all[1] = more;
    ret->all[JUDGE0_SECRETS] = without_bearer(http_header(r, "Authorization"));
    ret->all[3] = http_header(r, "X-Api-Key");
    ret->all[4] = protocol_secret(r, ret->protocol);
}

static bool secrets_any(const struct secrets *s)
{
    bool any = false;
    for (size_t i = 0; i < SECRETS_MAX; i++) {
        any = any || (s->all[i] != NULL && s->all[i][0] != '\0');
    }
    return any;
}

static const struct key *key_find(const struct gate *g, const char *secret)
{
    return secret != NULL && strlen(secret) < SECRET_BYTES ? keys_find(g->api->keys, secret) : NULL;
}

static const struct key *key_of(const struct gate *g, const struct secrets *s)
{
    const struct key *found = NULL;
    for (size_t i = 0; found == NULL && i < SECRETS_MAX; i++) {
        found = key_find(g, s->all[i]);
    }
    return found;
}

size_t gate_token_find(const char *text, char *const *tokens)
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

static size_t token_of(const struct gate *g, const struct gate_rules *rules,
                       const struct secrets *s)
{
    size_t found = 0, count = rules->tokens_as_judge0 ? JUDGE0_SECRETS : SECRETS_MAX;
    for (size_t i = 0; found == 0 && i < count; i++) {
        found = gate_token_find(s->all[i], g->api->config->judge0_authn_token);
    }
    return found;
}

/* --- callers ----------------------------------------------------------------------------- */

/* Who has one IPv6 address has 2^64 of them. */
static void address_name(const char *client, char ret[static IP_TEXT_MAX + 4])
{
    static const struct ip loopback = {.bytes = {[15] = 1}};
    struct ip a;
    if (!ip_parse(client, &a)) {
        snprintf(ret, IP_TEXT_MAX, "%s", client);
    } else if (ip_is_v4(&a) || memcmp(&a, &loopback, sizeof(a)) == 0) {
        ip_format(&a, ret);
    } else {
        memset(&a.bytes[8], 0, 8);
        ip_format(&a, ret);
        memcpy(ret + strlen(ret), "/64", sizeof("/64"));
    }
}

static void caller_of_key(const struct key *key, struct caller *ret)
{
    snprintf(ret->name, sizeof(ret->name), KEY_PREFIX "%s", key->name);
    ret->has_key = true;
    ret->scopes = key->scopes;
    ret->limits = key->limits;
}

static void caller_done(void *data)
{
    free(data);
}

/* --- admission --------------------------------------------------------------------------- */

static void rate_tell(struct http_request *r, const struct rate_left *left)
{
    char text[24];
    snprintf(text, sizeof(text), "%u", left->limit);
    http_add_header(r, "RateLimit-Limit", text);
    snprintf(text, sizeof(text), "%u", left->remaining);
    http_add_header(r, "RateLimit-Remaining", text);
    snprintf(text, sizeof(text), "%" PRIu64, left->reset_s);
    http_add_header(r, "RateLimit-Reset", text);
    if (left->retry_s > 0) {
        snprintf(text, sizeof(text), "%" PRIu64, left->retry_s);
        http_add_header(r, "Retry-After", text);
    }
}

static bool rate_pass(const struct gate *g, struct http_request *r, const struct gate_rules *rules,
                      const char *who, const struct caller_limits *limits)
{
    struct rate_left left;
    if (limits->rate <= 0) {
        return true;
    }
    bool taken =
        rates_take(g->rates, who, limits->rate, limits->burst, loop_now_ns(g->api->loop), &left);
    rate_tell(r, &left);
    return taken || refuse(g, r, rules, "rate", 429,
                           "too many requests; come again after the seconds in Retry-After");
}

static bool scope_pass(const struct gate *g, struct http_request *r, const struct gate_rules *rules,
                       const struct caller *c)
{
    static const struct {
        unsigned flag, scope;
        const char *text;
    } table[] = {
        {ROUTE_RUN, SCOPE_RUN, "this key may not run programs: it has no scope 'run'"},
        {ROUTE_READ, SCOPE_READ, "this key may not read: it has no scope 'read'"},
        {ROUTE_ADMIN, SCOPE_ADMIN, "this key is no administrator's: it has no scope 'admin'"},
    };
    unsigned flags = http_route(r)->flags;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if ((flags & table[i].flag) != 0 && (c->scopes & (table[i].scope | SCOPE_ADMIN)) == 0) {
            return refuse(g, r, rules, "scope", 403, table[i].text);
        }
    }
    return true;
}

/* An administrator's routes want Judge0's other token beside it, which its clients have not. */
static bool token_pass(const struct gate *g, struct http_request *r, const struct gate_rules *rules)
{
    const struct config *config = g->api->config;
    const char *header = http_header(r, config->judge0_authz_header);
    return (http_route(r)->flags & ROUTE_ADMIN) == 0 ||
           gate_token_find(header, config->judge0_authz_token) > 0 ||
           refuse(g, r, rules, "scope", 403,
                  "a token of judge0.authn_token is no administrator's: use a key with the scope "
                  "'admin', or send one of judge0.authz_token as well, in judge0.authz_header");
}

/* Who has no key of ours: an address, or one of Judge0's tokens.  Tokens can be guessed, so that
 * the address's rate comes before the look at them. */
static bool stranger_pass(const struct gate *g, struct http_request *r,
                          const struct gate_rules *rules, const struct secrets *secrets,
                          struct caller *c)
{
    address_name(http_client(r), c->name);
    c->scopes = SCOPES_ALL;
    c->limits = g->address;
    if (!rate_pass(g, r, rules, c->name, &c->limits)) {
        return false;
    }
    size_t token = token_of(g, rules, secrets);
    if (token > 0) {
        snprintf(c->name, sizeof(c->name), "token %zu", token);
        return token_pass(g, r, rules);
    }
    if (!key_is_needed(g)) {
        return true;
    }
    http_add_header(r, "WWW-Authenticate", "Bearer");
    return refuse(g, r, rules, "key", 401,
                  secrets_any(secrets)
                      ? "the key that was sent is none of this server's: it is mistyped, or was "
                        "revoked"
                      : "a key is needed here, in the header Authorization (Bearer), X-Api-Key or "
                        "X-Auth-Token");
}

static bool caller_pass(const struct gate *g, struct http_request *r,
                        const struct gate_rules *rules, const char *secret, struct caller *c)
{
    const struct config *config = g->api->config;
    struct secrets secrets;
    if (!ip_passes(config->judge0_allow_ip, config->judge0_disallow_ip, http_client(r))) {
        return refuse(g, r, rules, "address", 403,
                      "clients of this address are not served here (judge0.allow_ip, "
                      "judge0.disallow_ip)");
    }
    secrets_read(g, r, secret, &secrets);
    const struct key *key = key_of(g, &secrets);
    if (key == NULL) {
        return stranger_pass(g, r, rules, &secrets, c);
    }
    caller_of_key(key, c);
    return rate_pass(g, r, rules, c->name, &c->limits) && scope_pass(g, r, rules, c);
}

bool gate_admit(struct gate *g, struct http_request *r, const struct gate_rules *rules,
                const char *secret)
{
    const struct http_route *route = http_route(r);
    if (route == NULL || (route->flags & ROUTE_PUBLIC) != 0) {
        return true;
    }
    struct caller *c = xcalloc(1, sizeof(*c));
    if (!caller_pass(g, r, rules, secret, c)) {
        free(c);
        return false;
    }
    http_set_data(r, c, caller_done);
    return true;
}

bool gate_pass(struct gate *g, struct http_request *r, const struct gate_rules *rules)
{
    return gate_page(g, r, rules) && gate_admit(g, r, rules, NULL);
}

const struct caller *gate_caller(const struct http_request *r)
{
    return http_data(r);
}

bool gate_raise(const struct gate *g, struct http_request *r, const char *secret)
{
    const struct key *key = key_find(g, secret);
    struct caller *c = http_data(r);
    if (key == NULL || (key->scopes & SCOPE_ADMIN) == 0 || c == NULL) {
        return false;
    }
    c->scopes |= SCOPE_ADMIN;
    return true;
}

/* --- what a caller may ------------------------------------------------------------------- */

bool gate_sees_all(const struct caller *c)
{
    return (c->scopes & SCOPE_ADMIN) != 0;
}

bool gate_owns(const struct caller *c, const struct execution *x)
{
    return gate_sees_all(c) || (x->caller != NULL && strcmp(c->name, x->caller) == 0);
}

int gate_check_share(const struct gate *g, const struct caller *c, size_t count, struct err *e)
{
    unsigned share = c->limits.queued;
    if (share == 0 || executions_waiting_of(g->api->executions, c->name) + count <= share) {
        return 0;
    }
    metrics_add(g->api->metrics, METRIC_REFUSED, METRIC_LABELS("queue"), 1);
    return err_set(e, ERR_BUSY, "your share of the queue is full: %u of your jobs may wait", share);
}

/* `or_none`: a limit of 0 is none. */
static uint64_t lower(uint64_t ceiling, uint64_t limit, bool or_none)
{
    bool above = limit > ceiling || (limit == 0 && or_none);
    return ceiling > 0 && above ? ceiling : limit;
}

void gate_lower(const struct limits *ceiling, struct limits *l)
{
    l->wall_ms = lower(ceiling->wall_ms, l->wall_ms, true);
    l->cpu_ms = lower(ceiling->cpu_ms, l->cpu_ms, true);
    l->cpu_stop_ms = lower(ceiling->cpu_ms, l->cpu_stop_ms, false); /* 0 is cpu_ms */
    l->memory_bytes = lower(ceiling->memory_bytes, l->memory_bytes, true);
    l->stack_bytes = lower(ceiling->stack_bytes, l->stack_bytes, true);
    l->disk_bytes = lower(ceiling->disk_bytes, l->disk_bytes, false);
    l->disk_inodes = lower(ceiling->disk_inodes, l->disk_inodes, false);
    if (l->file_bytes != LIMIT_FILE_NOTHING) {
        l->file_bytes = lower(ceiling->file_bytes, l->file_bytes, true);
    }
    l->output_bytes = lower(ceiling->output_bytes, l->output_bytes, false);
    l->open_files = (uint32_t)lower(ceiling->open_files, l->open_files, false);
    l->processes = (uint32_t)lower(ceiling->processes, l->processes, false);
    l->cpu_milli = (uint32_t)lower(ceiling->cpu_milli, l->cpu_milli, true);
}

const struct caller_limits *gate_limits(const struct gate *g, const char *caller)
{
    bool is_key = caller != NULL && str_starts(caller, KEY_PREFIX);
    const struct key *key = is_key ? keys_by_name(g->api->keys, caller + strlen(KEY_PREFIX)) : NULL;
    return key != NULL ? &key->limits : &g->address;
}

bool gate_network(const struct gate *g, const char *caller)
{
    return !g->api->config->disable_networking && gate_limits(g, caller)->network;
}

bool gate_cold(void *gate, const char *caller)
{
    return gate_limits(gate, caller)->cold;
}

unsigned gate_running_max(void *gate, const char *caller)
{
    return gate_limits(gate, caller)->running;
}
