/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/webhooks.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/strv.h"
#include "client/client.h"
#include "client/client_policy.h"
#include "client/client_url.h"
#include "engine/webhook_sign.h"
#include "engine/webhooks_impl.h"

#define BASE_NS           NS_PER_S
#define PAUSE_MAX_NS      (60 * NS_PER_S)
#define RETRY_AFTER_MAX_S 300
#define REDIRECTS_MAX     5

struct webhook_call {
    struct webhooks *webhooks;
    struct list link;
    struct webhook webhook;
    unsigned tries;
    struct client_call *call;
    struct loop_timer pause;
    struct loop_defer first;
    void (*fn)(void *ctx, bool delivered);
    void *ctx;
};

void webhook_done(struct webhook *w)
{
    free(w->url);
    free(w->secret);
    free(w->content_type);
    free(w->body);
    *w = (struct webhook){0};
}

int webhooks_check_url(const char *url, char *const *allow, struct err *e)
{
    AUTO(client_url_done) struct client_url parsed = {0};
    struct client_policy *policy = NULL;
    int r = client_url_parse(url, &parsed, e);
    if (r == 0) {
        r = client_policy_new((const char *const *)allow, &policy, e);
    }
    if (r == 0) {
        r = client_policy_check_host(policy, parsed.host, e);
    }
    client_policy_free(policy);
    return r;
}

struct webhooks *webhooks_new(struct loop *loop, struct client *client, const struct log *log)
{
    struct webhooks *w = xcalloc(1, sizeof(*w));
    w->loop = loop;
    w->client = client;
    w->log = log;
    w->clock = &clock_system;
    w->base_ns = BASE_NS;
    list_init(&w->calls);
    return w;
}

void webhooks_cancel(struct webhook_call *call)
{
    if (!call) {
        return;
    }
    client_cancel(call->call);
    loop_timer_cancel(&call->pause);
    loop_defer_cancel(&call->first);
    list_remove(&call->link);
    webhook_done(&call->webhook);
    free(call);
}

void webhooks_free(struct webhooks *w)
{
    if (!w) {
        return;
    }
    LIST_FOR_EACH (node, &w->calls) {
        webhooks_cancel(LIST_ITEM(node, struct webhook_call, link));
    }
    free(w);
}

/* fn may do anything: it comes last. */
static void call_end(struct webhook_call *call, bool delivered)
{
    void (*fn)(void *ctx, bool delivered) = call->fn;
    void *ctx = call->ctx;
    webhooks_cancel(call);
    fn(ctx, delivered);
}

static void give_up(struct webhook_call *call, unsigned status, const struct err *e)
{
    AUTO(mem_freep) char *host = client_host_of(call->webhook.url);
    const char *remedy =
        status == 0 && e->kind == ERR_DENIED ? "; callbacks.allow can allow it" : "";
    AUTO(mem_freep)
    char *why = status != 0 ? xasprintf("answered with status %u", status)
                            : xasprintf("%s%s", e->text, remedy);
    LOG_WARN(call->webhooks->log, "a callback was not delivered", log_s("id", call->webhook.id),
             log_s("host", host), log_i("tries", call->tries), log_s("error", why));
    call_end(call, false);
}

static bool is_worth_a_try(unsigned status, const struct err *e)
{
    return status == 0 ? e->kind == ERR_IO : status == 408 || status == 429 || status >= 500;
}

uint64_t webhook_pause_ns(uint64_t base_ns, unsigned tries, uint64_t retry_after_s, uint64_t random)
{
    uint64_t max = base_ns;
    for (unsigned i = 1; i < tries && max < PAUSE_MAX_NS; i++) {
        max *= 2;
    }
    max = max < PAUSE_MAX_NS ? max : PAUSE_MAX_NS;
    uint64_t after_s = retry_after_s < RETRY_AFTER_MAX_S ? retry_after_s : RETRY_AFTER_MAX_S;
    return after_s * NS_PER_S + random % (max + 1);
}

static void on_due(void *ctx);

static void on_answer(void *ctx, unsigned status, uint64_t retry_after_s, const struct err *e)
{
    struct webhook_call *call = ctx;
    call->call = NULL;

    if (status >= 200 && status < 300) {
        call_end(call, true);
    } else if (is_worth_a_try(status, e) && call->tries < call->webhook.tries_max) {
        uint64_t pause =
            webhook_pause_ns(call->webhooks->base_ns, call->tries, retry_after_s, rand_u64());
        LOG_DEBUG(call->webhooks->log, "a callback will be tried again",
                  log_s("id", call->webhook.id), log_i("status", status), log_s("error", e->text),
                  log_i("pause_ms", (int64_t)(pause / NS_PER_MS)));
        loop_timer_set(call->webhooks->loop, &call->pause,
                       loop_now_ns(call->webhooks->loop) + pause, on_due, call);
    } else {
        give_up(call, status, e);
    }
}

static int headers_make(const struct webhook_call *call, char ***ret, struct err *e)
{
    const struct webhook *w = &call->webhook;
    uint64_t now_s = clock_wall_ns(call->webhooks->clock) / NS_PER_S;
    AUTO(strv_freep) char **headers = NULL;
    strv_add(&headers, "User-Agent: belljar/" BELLJAR_VERSION);
    if (w->content_type) {
        strv_add_take(&headers, xasprintf("Content-Type: %s", w->content_type));
    }
    strv_add_take(&headers, xasprintf("webhook-id: %s", w->id));
    strv_add_take(&headers, xasprintf("webhook-timestamp: %" PRIu64, now_s));
    if (w->secret && *w->secret != '\0') {
        AUTO(buf_done) struct buf signature = {0};
        buf_add_str(&signature, "webhook-signature: ");
        int r = webhook_sign(w->secret, w->id, now_s, w->body, w->body_len, &signature, e);
        if (r < 0) {
            return r;
        }
        strv_add_take(&headers, buf_take(&signature));
    }
    *ret = TAKE(&headers, NULL);
    return 0;
}

static void try_begin(struct webhook_call *call, char *const *headers)
{
    const struct webhook *w = &call->webhook;
    const struct client_request request = {
        .method = w->method,
        .url = w->url,
        .headers = (const char *const *)headers,
        .body = w->body,
        .body_len = w->body_len,
        .timeout_ms = w->timeout_ms,
        .redirects_max = REDIRECTS_MAX,
    };
    call->tries++;
    call->call = client_send(call->webhooks->client, &request, on_answer, call);
}

static void on_due(void *ctx)
{
    struct webhook_call *call = ctx;
    AUTO(strv_freep) char **headers = NULL;
    struct err e = {0};
    if (headers_make(call, &headers, &e) < 0) {
        give_up(call, 0, &e);
    } else {
        try_begin(call, headers);
    }
}

struct webhook_call *webhooks_send(struct webhooks *w, struct webhook *webhook,
                                   void (*fn)(void *ctx, bool delivered), void *ctx)
{
    struct webhook_call *call = xcalloc(1, sizeof(*call));
    call->webhooks = w;
    call->webhook = TAKE(webhook, (struct webhook){0});
    call->fn = fn;
    call->ctx = ctx;
    list_append(&w->calls, &call->link);
    loop_defer(w->loop, &call->first, on_due, call);
    return call;
}
