/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call waits for its turn (client_turns), goes from URL to URL (client_hop), and ends in a
 * deferred call of its own: so who is told may do anything.
 */
#include "client/client.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "client/client_hop.h"
#include "client/client_multi.h"
#include "client/client_policy.h"
#include "client/client_turns.h"
#include "client/client_url.h"

#define HOSTS_MIN 4 /* that are served at one time, however many requests one of them has */

struct client {
    struct loop *loop;
    const struct log *log;
    struct client_policy *policy;
    struct client_turns *turns;
    struct client_multi *multi; /* NULL before the first request */
    struct list calls;
};

struct client_call {
    struct client *client;
    struct list link;
    struct client_turn turn;
    char *method;
    struct client_url url;
    char **headers;
    const void *body;
    size_t body_len;
    uint64_t timeout_ms, end_ns;
    unsigned redirects_left;
    struct client_hop *hop;
    unsigned status;
    uint64_t retry_after_s;
    struct err err;
    struct loop_defer ended;
    client_done_fn *fn;
    void *ctx;
};

int client_new(struct loop *loop, const struct client_config *config, const struct log *log,
               struct client **ret, struct err *e)
{
    struct client_policy *policy = NULL;
    int r = client_policy_new(config->allow, &policy, e);
    if (r < 0) {
        return r;
    }
    unsigned max = config->connections_max > 0 ? config->connections_max : 1;
    struct client *c = xcalloc(1, sizeof(*c));
    c->loop = loop;
    c->log = log;
    c->policy = policy;
    c->turns = client_turns_new(max, max > HOSTS_MIN ? max / HOSTS_MIN : 1);
    list_init(&c->calls);
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes with write(2) */
    *ret = c;
    return 0;
}

static void call_free(struct client_call *call)
{
    client_hop_free(call->hop);
    client_turn_give(&call->turn);
    list_remove(&call->link);
    loop_defer_cancel(&call->ended);
    client_url_done(&call->url);
    strv_free(call->headers);
    free(call->method);
    free(call);
}

void client_free(struct client *c)
{
    if (!c) {
        return;
    }
    client_turns_stop(c->turns);
    LIST_FOR_EACH (node, &c->calls) {
        call_free(LIST_ITEM(node, struct client_call, link));
    }
    client_multi_free(c->multi);
    client_turns_free(c->turns);
    client_policy_free(c->policy);
    free(c);
}

void client_cancel(struct client_call *call)
{
    if (call) {
        call_free(call);
    }
}

static void on_ended(void *ctx)
{
    struct client_call *call = ctx;

    client_done_fn *fn = call->fn;
    void *fn_ctx = call->ctx;
    unsigned status = call->status;
    uint64_t retry_after_s = call->retry_after_s;
    struct err e = call->err;
    call_free(call);
    fn(fn_ctx, status, retry_after_s, &e);
}

/* e: with status 0. */
static void call_end(struct client_call *call, unsigned status, uint64_t retry_after_s,
                     const struct err *e)
{
    call->status = status;
    call->retry_after_s = retry_after_s;
    call->err = *e;
    loop_defer(call->client->loop, &call->ended, on_ended, call);
}

/* --- from URL to URL --- */

static void on_hop(void *ctx, const struct client_hop_answer *answer);

static int hop_begin(struct client_call *call, struct err *e)
{
    struct client *c = call->client;
    uint64_t now = loop_now_ns(c->loop);
    uint64_t left_ms = now < call->end_ns ? (call->end_ns - now) / NS_PER_MS : 0;
    if (left_ms == 0) {
        return err_set(e, ERR_IO, "%.100s: no time is left for it", call->url.host);
    }
    if (!c->multi) {
        int r = client_multi_new(c->loop, c->log, &c->multi, e);
        if (r < 0) {
            return r;
        }
    }
    const struct client_hop_request request = {
        .url = &call->url,
        .method = call->method,
        .headers = call->headers,
        .body = call->body,
        .body_len = call->body_len,
        .timeout_ms = left_ms,
    };
    return client_hop_new(c->multi, c->policy, &request, on_hop, call, &call->hop, e);
}

static void on_turn(void *ctx)
{
    struct client_call *call = ctx;
    struct err e = {0};
    call->end_ns = loop_now_ns(call->client->loop) + call->timeout_ms * NS_PER_MS;
    if (hop_begin(call, &e) < 0) {
        call_end(call, 0, 0, &e);
    }
}

static void headers_drop(struct client_call *call, const char *prefix)
{
    char **kept = NULL;
    for (char *const *header = call->headers; header && *header; header++) {
        if (strncasecmp(*header, prefix, strlen(prefix)) != 0) {
            strv_add(&kept, *header);
        }
    }
    strv_free(call->headers);
    call->headers = kept;
}

/* What is for one host is not told to another; 303 means: get the answer over there. */
static void request_adapt(struct client_call *call, const struct client_url *next, unsigned status)
{
    if (!client_url_same_origin(&call->url, next)) {
        headers_drop(call, "Authorization:");
        headers_drop(call, "Cookie:");
    }
    if (status == 303 && strcmp(call->method, "HEAD") != 0) {
        free(call->method);
        call->method = xstrdup("GET");
        call->body_len = 0;
        headers_drop(call, "Content-");
    }
}

static int redirect(struct client_call *call, unsigned status, const char *to, struct err *e)
{
    struct client_url next = {0};
    int r = client_url_parse(to, &next, e);
    if (r < 0) {
        return err_wrap(e, "%.100s: its redirect", call->url.host);
    }
    request_adapt(call, &next, status);
    client_hop_free(TAKE(&call->hop, NULL)); /* it has the URL */
    client_url_done(&call->url);
    call->url = next;
    call->redirects_left--;
    return hop_begin(call, e);
}

static bool is_redirect(const struct client_hop_answer *answer)
{
    static const unsigned statuses[] = {301, 302, 303, 307, 308};
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        if (answer->status == statuses[i]) {
            return answer->redirect;
        }
    }
    return false;
}

static void on_hop(void *ctx, const struct client_hop_answer *answer)
{
    struct client_call *call = ctx;

    if (call->redirects_left == 0 || !is_redirect(answer)) {
        call_end(call, answer->status, answer->retry_after_s, &answer->err);
        return;
    }
    struct err e = {0};
    if (redirect(call, answer->status, answer->redirect, &e) < 0) {
        call_end(call, 0, 0, &e);
    }
}

/* --- the beginning --- */

static int line_check(const char *line, struct err *e)
{
    for (const unsigned char *p = (const unsigned char *)line; *p != '\0'; p++) {
        if (*p < ' ' || *p == 0x7f) {
            return err_set(e, ERR_INVALID, "a header or the method holds a control character");
        }
    }
    return 0;
}

static int request_check(const struct client_request *r, struct err *e)
{
    int result = line_check(r->method, e);
    for (const char *const *header = r->headers; result == 0 && header && *header; header++) {
        result = line_check(*header, e);
    }
    return result;
}

struct client_call *client_send(struct client *c, const struct client_request *r,
                                client_done_fn *fn, void *ctx)
{
    struct client_call *call = xcalloc(1, sizeof(*call));
    struct err e = {0};
    call->client = c;
    call->fn = fn;
    call->ctx = ctx;
    call->method = xstrdup(r->method);
    for (const char *const *header = r->headers; header && *header; header++) {
        strv_add(&call->headers, *header);
    }
    call->body = r->body;
    call->body_len = r->body_len;
    call->timeout_ms = r->timeout_ms;
    call->redirects_left = r->redirects_max;
    list_append(&c->calls, &call->link);
    if (request_check(r, &e) < 0 || client_url_parse(r->url, &call->url, &e) < 0) {
        call_end(call, 0, 0, &e);
    } else {
        client_turn_take(c->turns, &call->turn, call->url.host, on_turn, call);
    }
    return call;
}

char *client_host_of(const char *url)
{
    AUTO(client_url_done) struct client_url parsed = {0};
    struct err e;
    return xstrdup(client_url_parse(url, &parsed, &e) == 0 ? parsed.host : "");
}
