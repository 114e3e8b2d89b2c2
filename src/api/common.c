/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a judge0.conf was read, the root and what has no route are as Judge0's users know them.
 */
#include "api/common.h"

#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/gate.h"
#include "api/json.h"
#include "api/judge0/access.h"
#include "api/judge0/judge0.h"
#include "api/openapi.h"
#include "api/stats.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "boxproto/boxproto.h"
#include "config/config.h"
#include "engine/engine.h"
#include "http/http.h"
#include "sandbox/doctor.h"
#include "sandbox/sandbox.h"

static bool is_judge0(const struct api *api)
{
    return config_judge0_conf_read(api->config) != NULL;
}

/*
 * A browser asks for HTML first.  So does Java's own HTTP client, unless it is told otherwise; it
 * asks for "text/html, image/gif, image/jpeg, ...", which no browser does.
 */
static bool wants_page(const struct http_request *r)
{
    const char *accept = http_header(r, "Accept");
    return accept != NULL && strstr(accept, "text/html") != NULL &&
           strstr(accept, "image/gif") == NULL;
}

/* Clients of Piston ask here whether the server is up, and read `message`. */
static void root_show(struct http_request *r, void *ctx)
{
    const struct common *c = ctx;
    if (wants_page(r)) {
        home_respond(r);
    } else if (is_judge0(c->api)) {
        judge0_respond_empty(r, 200);
    } else {
        json_respond(r, 200,
                     json_pack("{s:s,s:s}", "message", "belljar " BELLJAR_VERSION, "version",
                               BELLJAR_VERSION));
    }
}

static void openapi_show(struct http_request *r, void *ctx)
{
    struct common *c = ctx;
    if (c->openapi == NULL) {
        AUTO(json_freep) json_t *document = openapi_json(c->api);
        c->openapi = json_dumps(document, JSON_COMPACT);
    }
    size_t len = strlen(c->openapi);
    http_respond(r, 200, "application/json; charset=utf-8", xmemdup(c->openapi, len), len);
}

static json_t *weaknesses(const struct box_boxd_hello *hello)
{
    struct doctor_row rows[DOCTOR_ROWS_MAX];
    unsigned count = doctor_rows(hello, NULL, rows);
    json_t *list = json_array();
    for (unsigned i = 0; i < count; i++) {
        if (rows[i].state != DOCTOR_OK) {
            json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "feature", rows[i].feature,
                                                  "state", doctor_state_name(rows[i].state),
                                                  "meaning", rows[i].meaning));
        }
    }
    return list;
}

static json_t *sandbox_state(const struct sandbox *s)
{
    static const char *const cgroups[] = {
        [BOX_CGROUP_NONE] = "none", [BOX_CGROUP_V1] = "v1", [BOX_CGROUP_V2] = "v2"};
    if (s == NULL) {
        return json_null();
    }
    const struct box_boxd_hello *hello = sandbox_hello(s);
    const char *cgroup = hello->cgroup < ARRAY_LEN(cgroups) ? cgroups[hello->cgroup] : "unknown";
    return json_pack("{s:s,s:i,s:i,s:o}", "cgroup", cgroup, "boxes", (int)sandbox_live(s),
                     "boxes_max", (int)hello->boxes, "weaker", weaknesses(hello));
}

static json_t *engine_state(const struct engine *engine)
{
    struct engine_stats s = engine_stats(engine);
    return json_pack("{s:i,s:i,s:i,s:i,s:I}", "slots", (int)s.slots, "running", (int)s.running,
                     "queued", (int)s.queued, "boxes", (int)s.boxes, "finished",
                     (json_int_t)s.finished);
}

/* 503 while there is no boxd to run anything (it is being restarted): jobs that come now wait for
 * it. */
static void health_show(struct http_request *r, void *ctx)
{
    const struct common *c = ctx;
    const struct api *api = c->api;
    bool ok = api->sandbox != NULL;
    json_respond(r, ok ? 200 : 503,
                 json_pack("{s:s,s:s,s:s,s:o,s:o}", "status", ok ? "ok" : "degraded", "message",
                           ok ? "programs can run" : "the sandbox is being restarted", "version",
                           BELLJAR_VERSION, "sandbox", sandbox_state(api->sandbox), "engine",
                           engine_state(api->engine)));
}

/* 0.9 is 0.9 there, not 0.90000000000000002. */
static void stats_show(struct http_request *r, void *ctx)
{
    const struct common *c = ctx;
    AUTO(json_freep) json_t *stats = stats_json(c->api);
    char *text = json_dumps(stats, JSON_COMPACT | JSON_REAL_PRECISION(15));
    http_respond(r, 200, "application/json; charset=utf-8", text, strlen(text));
}

static void refuse(struct http_request *r, unsigned status, const char *text, void *ctx)
{
    (void)ctx;
    json_respond_message(r, status, "%s", text);
}

/* Nothing here runs programs: it is as open to pages as Judge0's API. */
static bool before(struct http_request *r, void *ctx)
{
    const struct common *c = ctx;
    struct gate_rules rules;
    access_rules(r, c->api->config, &rules);
    rules.refuse = refuse;
    return !gate_pass(c->api->gate, r, &rules);
}

static void common_error(struct http_request *r, unsigned status, const char *text, void *ctx)
{
    const struct common *c = ctx;
    if (is_judge0(c->api)) {
        judge0_refuse(r, status, text);
    } else {
        json_respond_message(r, status, "%s", text);
    }
}

static const struct http_route routes[] = {
    {HTTP_GET, "/", root_show, ROUTE_PUBLIC, "Say what this is"},
    {HTTP_GET, "/health", health_show, ROUTE_PUBLIC | ROUTE_ANY_CASE,
     "Say whether programs can run"},
    {HTTP_GET, "/ready", ready_show, ROUTE_PUBLIC | ROUTE_ANY_CASE,
     "Say whether a program ran within the last minute"},
    {HTTP_GET, "/stats", stats_show, ROUTE_READ | ROUTE_ANY_CASE, "Say how much there is to do"},
    {HTTP_GET, "/metrics", metrics_show, ROUTE_READ | ROUTE_ANY_CASE,
     "Counts and times, for Prometheus"},
    {HTTP_GET, "/openapi.json", openapi_show, ROUTE_PUBLIC | ROUTE_ANY_CASE,
     "Describe all of this for programs"},
    {HTTP_GET, "/docs", docs_show, ROUTE_PUBLIC | ROUTE_ANY_CASE, "Describe all of this"},
};

void common_dialect(struct api *api, struct http_dialect *ret)
{
    static const char *const prefixes[] = {"/", NULL};
    struct common *c = xcalloc(1, sizeof(*c));
    *c = (struct common){.api = api, .started_ns = clock_wall_ns(&clock_system)};
    metrics_gauges(c);
    *ret = (struct http_dialect){"common", prefixes,     routes, ARRAY_LEN(routes),
                                 before,   common_error, c,      DIALECT_ORIGINS};
}

void common_dialect_done(struct http_dialect *d)
{
    struct common *c = d->ctx;
    if (c != NULL) {
        free(c->openapi);
        free(c);
    }
    d->ctx = NULL;
}
