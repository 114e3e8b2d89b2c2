/* SPDX-License-Identifier: Apache-2.0 */
#include "api/native/native.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/gate.h"
#include "api/json.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/config.h"
#include "engine/executions.h"
#include "engine/webhooks.h"
#include "http/http.h"
#include "model/execution.h"

/* --- executions -------------------------------------------------------------------------- */

static int execution_runtime(void *ctx, const struct execution *x, const char **ret_language,
                             const char **ret_range, struct runtime **ret_runtime, struct err *e)
{
    struct native *n = ctx;
    (void)ret_runtime;
    json_t *kept = json_loads(x->request != NULL ? x->request : "", 0, NULL);
    json_decref(n->asked);
    n->asked = kept; /* what is told lives as long as this */
    const char *language = json_string_value(json_object_get(kept, "asked"));
    const char *range = json_string_value(json_object_get(kept, "range"));
    if (language == NULL || range == NULL) {
        return err_set(e, ERR_IO, "what was asked cannot be read");
    }
    *ret_language = language;
    *ret_range = range;
    return 0;
}

static int execution_job(void *ctx, const struct execution *x, struct runtime *runtime,
                         struct job **ret, struct err *e)
{
    const struct native *n = ctx;
    AUTO(native_request_done) struct native_request q = {0};
    int r = native_kept_request(x, &q, e);
    r = r < 0 ? r : native_job(n->api->config, &q, runtime, ret, e);
    if (r == 0) {
        (*ret)->network = (*ret)->network && gate_network(n->api->gate, x->caller);
    }
    return r;
}

static void execution_conclude(void *ctx, struct execution *x, struct result *result)
{
    (void)ctx;
    native_conclude(x, result);
}

static void execution_fail(void *ctx, struct execution *x, const char *why)
{
    (void)ctx;
    native_conclude_failed(x, why);
}

/* Its own secret, or the server's. */
static char *callback_secret(const struct config *c, const json_t *callback)
{
    const char *own = json_string_value(json_object_get(callback, "secret"));
    const char *secret = own != NULL ? own : c->callbacks_secret;
    return secret[0] != '\0' ? xstrdup(secret) : NULL;
}

static bool execution_callback(void *ctx, const struct execution *x, struct webhook *ret)
{
    const struct native *n = ctx;
    const struct config *c = n->api->config;
    AUTO(json_freep) json_t *kept = json_loads(x->request != NULL ? x->request : "", 0, NULL);
    const json_t *callback = json_object_get(kept, "callback");
    const char *url = json_string_value(json_object_get(callback, "url"));
    if (url == NULL) {
        return false;
    }
    struct buf body = {0};
    native_execution_write(x, &body);
    *ret = (struct webhook){
        .method = "POST",
        .url = xstrdup(url),
        .secret = callback_secret(c, callback),
        .content_type = xstrdup("application/json"),
        .body_len = body.len,
        .tries_max = (unsigned)c->callbacks_tries,
        .timeout_ms = c->callbacks_timeout_ms,
    };
    snprintf(ret->id, sizeof(ret->id), "%s", x->id);
    ret->body = buf_take(&body);
    return true;
}

static void execution_dialect_add(struct native *n)
{
    n->execution = xcalloc(1, sizeof(*n->execution));
    *n->execution = (struct execution_dialect){
        .name = NATIVE_DIALECT,
        .runtime = execution_runtime,
        .job = execution_job,
        .conclude = execution_conclude,
        .fail = execution_fail,
        .callback = execution_callback,
        .ctx = n,
    };
    executions_add_dialect(n->api->executions, n->execution);
}

/* --- the dialect ------------------------------------------------------------------------- */

static void refuse(struct http_request *r, unsigned status, const char *text, void *ctx)
{
    (void)ctx;
    native_problem(r, status, text, NULL);
}

/* What http itself has to say. */
static void dialect_error(struct http_request *r, unsigned status, const char *text, void *ctx)
{
    static const char nothing[] = "there is nothing at this path; GET /openapi.json lists what is",
                      method[] = "this path has other methods: the header Allow names them";
    refuse(r, status, status == 404 ? nothing : status == 405 ? method : text, ctx);
}

static bool before(struct http_request *r, void *ctx)
{
    struct native *n = ctx;
    const struct gate_rules rules = {
        .allow_origin = n->api->config->native_allow_origin,
        .exposed = "ETag, Idempotent-Replayed, Location, Preference-Applied, RateLimit-Limit, "
                   "RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Request-Id",
        .remedy = "set native.allow_origin",
        .refuse = refuse,
        .ctx = n,
    };
    return !gate_pass(n->api->gate, r, &rules);
}

static const struct http_route routes[] = {
    {HTTP_POST, "/api/v1/executions", execution_create, ROUTE_RUN | ROUTE_ANY_CASE,
     "Run a program"},
    {HTTP_GET, "/api/v1/executions", execution_list, ROUTE_READ | ROUTE_ANY_CASE,
     "List executions, or show several"},
    {HTTP_POST, "/api/v1/executions/batch", execution_batch, ROUTE_RUN | ROUTE_ANY_CASE,
     "Run several programs"},
    {HTTP_GET, "/api/v1/executions/{id}", execution_show, ROUTE_READ | ROUTE_ANY_CASE,
     "Show an execution"},
    {HTTP_DELETE, "/api/v1/executions/{id}", execution_delete, ROUTE_RUN | ROUTE_ANY_CASE,
     "Cancel an execution that is not over, delete one that is"},
    {HTTP_GET, "/api/v1/executions/{id}/events", execution_events, ROUTE_READ | ROUTE_ANY_CASE,
     "Watch an execution as Server-Sent Events"},
    {HTTP_GET, "/api/v1/executions/{id}/stream", execution_watch,
     ROUTE_READ | ROUTE_WEBSOCKET | ROUTE_ANY_CASE, "Watch an execution on a WebSocket"},
    {HTTP_GET, "/api/v1/stream", stream_run, ROUTE_RUN | ROUTE_WEBSOCKET | ROUTE_ANY_CASE,
     "Run a program, and talk to it"},
    {HTTP_GET, "/api/v1/languages", native_languages, ROUTE_READ | ROUTE_ANY_CASE,
     "List the languages"},
    {HTTP_GET, "/api/v1/languages/{name}", native_language, ROUTE_READ | ROUTE_ANY_CASE,
     "Show a language"},
    {HTTP_GET, "/api/v1/stats", native_stats, ROUTE_READ | ROUTE_ANY_CASE,
     "Say how much there is to do"},
    {HTTP_GET, "/api/v1/admin/boxes", native_boxes, ROUTE_ADMIN | ROUTE_ANY_CASE,
     "List the boxes that are in use"},
    {HTTP_GET, "/api/v1/admin/packages", native_packages_list, ROUTE_ADMIN | ROUTE_ANY_CASE,
     "List what is installed"},
    {HTTP_POST, "/api/v1/admin/packages", native_packages_install, ROUTE_ADMIN | ROUTE_ANY_CASE,
     "Install packages"},
    {HTTP_DELETE, "/api/v1/admin/packages", native_packages_remove, ROUTE_ADMIN | ROUTE_ANY_CASE,
     "Remove packages"},
    {HTTP_GET, "/api/v1/admin/packages/available", native_packages_available,
     ROUTE_ADMIN | ROUTE_ANY_CASE, "List what can be installed"},
    {HTTP_GET, "/api/v1/admin/packages/outdated", native_packages_outdated,
     ROUTE_ADMIN | ROUTE_ANY_CASE, "List what there is something newer of"},
    {HTTP_POST, "/api/v1/admin/packages/upgrade", native_packages_upgrade,
     ROUTE_ADMIN | ROUTE_ANY_CASE, "Install what is newer"},
    {HTTP_POST, "/api/v1/admin/packages/pin", native_packages_pin, ROUTE_ADMIN | ROUTE_ANY_CASE,
     "Keep packages as they are"},
    {HTTP_POST, "/api/v1/admin/packages/unpin", native_packages_unpin, ROUTE_ADMIN | ROUTE_ANY_CASE,
     "Let packages be upgraded again"},
    {HTTP_GET, "/api/v1/images", native_images_list, ROUTE_ADMIN | ROUTE_ANY_CASE,
     "List the images"},
    {HTTP_POST, "/api/v1/images", native_images_add, ROUTE_ADMIN | ROUTE_ANY_CASE | ROUTE_HEAD,
     "Make a language of an image"},
    {HTTP_DELETE, "/api/v1/images/{name}", native_images_remove, ROUTE_ADMIN | ROUTE_ANY_CASE,
     "Remove an image"},
};

int native_dialect(struct api *api, struct http_dialect *ret, struct err *e)
{
    static const char *const prefixes[] = {"/api/v1", NULL};
    (void)e;
    struct native *n = xcalloc(1, sizeof(*n));
    n->api = api;
    execution_dialect_add(n);
    *ret = (struct http_dialect){
        "native", prefixes, routes, ARRAY_LEN(routes), before, dialect_error, n, DIALECT_ORIGINS,
    };
    return 0;
}

void native_dialect_done(struct http_dialect *d)
{
    struct native *n = d->ctx;
    if (n != NULL) {
        json_decref(n->asked);
        free(n->execution);
        free(n);
    }
    d->ctx = NULL;
}
