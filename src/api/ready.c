/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "api/api.h"
#include "api/common.h"
#include "api/json.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "http/http.h"

/* A program that ran within the last minute says enough. */
#define FRESH_NS      (60 * NS_PER_S)
#define RETRY_AFTER_S "5"

struct ready_wait {
    struct http_request *request;
    struct engine_ready *ready;
};

static void ready_respond(struct http_request *r, const char *why)
{
    if (why) {
        http_add_header(r, "Retry-After", RETRY_AFTER_S);
    }
    json_respond(r, why ? 503 : 200,
                 json_pack("{s:s,s:s}", "status", why ? "not ready" : "ready", "message",
                           why ? why : "a program ran within the last minute"));
}

static void on_ready(void *ctx, const struct err *why)
{
    struct ready_wait *w = ctx;
    ready_respond(w->request, why ? why->text : NULL);
    free(w);
}

static void on_gone(void *ctx)
{
    struct ready_wait *w = ctx;
    engine_ready_cancel(w->ready);
    free(w);
}

void ready_show(struct http_request *r, void *ctx)
{
    const struct common *c = ctx;
    if (!c->api->sandbox) {
        ready_respond(r, "the sandbox is being restarted; jobs wait until it is back");
        return;
    }
    if (engine_stats(c->api->engine).paused) {
        ready_respond(r, "no job is started here: engine.paused is set");
        return;
    }
    struct ready_wait *w = xcalloc(1, sizeof(*w));
    w->request = r;
    http_on_gone(r, on_gone, w);
    w->ready = engine_ready(c->api->engine, FRESH_NS, on_ready, w);
}
