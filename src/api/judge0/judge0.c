/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/judge0.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "api/judge0/access.h"
#include "api/judge0/fields.h"
#include "api/judge0/job.h"
#include "api/judge0/languages.h"
#include "api/judge0/outcome.h"
#include "api/judge0/submission.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/config.h"
#include "engine/executions.h"
#include "engine/webhooks.h"
#include "http/http.h"
#include "model/execution.h"
#include "runtimes/runtimes.h"

/* What http itself has to say. */
static void dialect_error(struct http_request *r, unsigned status, const char *text, void *ctx)
{
    (void)ctx;
    judge0_refuse(r, status, text);
}

/* --- executions -------------------------------------------------------------------------- */

static int execution_runtime(void *ctx, const struct execution *x, const char **ret_language,
                             const char **ret_range, struct runtime **ret_runtime, struct err *e)
{
    const struct judge0 *j = ctx;
    enum judge0_flavour flavour = (enum judge0_flavour)j->api->config->judge0_flavour;
    const struct judge0_language *row = judge0_language(flavour, x->language);
    if (row == NULL || row->archived) {
        return err_set(e, ERR_NOT_FOUND, "language with id %d doesn't exist", (int)x->language);
    }
    struct runtime *runtime = judge0_language_peek(j->api->runtimes, flavour, row, ret_language);
    if (*ret_language != NULL) {
        *ret_range = NULL;
        return 0;
    }
    if (runtime == NULL) {
        return err_set(e, ERR_NOT_FOUND, "language with id %d (%s) cannot run on this server",
                       row->id, row->label);
    }
    *ret_runtime = runtime;
    return 0;
}

static int execution_job(void *ctx, const struct execution *x, struct runtime *runtime,
                         struct job **ret, struct err *e)
{
    const struct judge0 *j = ctx;
    int r = submission_job(j->api->config, x, runtime, ret, e);
    if (r == 0) {
        const struct caller_limits *limits = gate_limits(j->api->gate, x->caller);
        gate_lower(&limits->run, &(*ret)->run);
        gate_lower(&limits->compile, &(*ret)->compile);
        (*ret)->network = (*ret)->network && gate_network(j->api->gate, x->caller);
    }
    return r;
}

static void execution_conclude(void *ctx, struct execution *x, struct result *result)
{
    const struct judge0 *j = ctx;
    outcome_conclude(j->api->config, x, result);
}

static void execution_fail(void *ctx, struct execution *x, const char *why)
{
    (void)ctx;
    outcome_fail(x, why);
}

static char *callback_url(const struct execution *x)
{
    AUTO(json_freep) json_t *request = json_loads(x->request, JSON_ALLOW_NUL, NULL);
    const json_t *url = json_object_get(request, "callback_url");
    return json_string_length(url) > 0 ? xstrdup(json_string_value(url)) : NULL;
}

static bool execution_callback(void *ctx, const struct execution *x, struct webhook *ret)
{
    const struct judge0 *j = ctx;
    const struct config *c = j->api->config;
    char *url = callback_url(x);
    if (url == NULL) {
        return false;
    }
    struct buf body = {0};
    (void)submission_write(c, NULL, x, fields_default(), true, &body); /* cannot fail: base64 */
    *ret = (struct webhook){
        .method = "PUT",
        .url = url,
        .secret = c->callbacks_secret[0] != '\0' ? xstrdup(c->callbacks_secret) : NULL,
        .content_type = xstrdup("application/json"),
        .body_len = body.len,
        .tries_max = (unsigned)c->callbacks_tries,
        .timeout_ms = c->callbacks_timeout_ms,
    };
    snprintf(ret->id, sizeof(ret->id), "%s", x->id);
    ret->body = buf_take(&body);
    return true;
}

/* --- the dialect ------------------------------------------------------------------------- */

static const struct http_route routes[] = {
    {HTTP_POST, "/submissions/batch", batch_create, ROUTE_RUN, "Run several programs"},
    {HTTP_GET, "/submissions/batch", batch_show, ROUTE_READ, "Show several submissions"},
    {HTTP_POST, "/submissions", submission_create, ROUTE_RUN, "Run a program"},
    {HTTP_GET, "/submissions", submission_list, ROUTE_READ, "List the submissions"},
    {HTTP_GET, "/submissions/{token}", submission_show, ROUTE_READ, "Show a submission"},
    {HTTP_DELETE, "/submissions/{token}", submission_delete, ROUTE_RUN, "Delete a submission"},
    {HTTP_GET, "/languages", languages_show, 0, "List the languages that can run"},
    {HTTP_GET, "/languages/all", languages_all_show, 0, "... and those that could"},
    {HTTP_GET, "/languages/{id}", language_show, 0, "Show a language"},
    {HTTP_GET, "/statuses", statuses_show, 0, "List what may come of a submission"},
    {HTTP_GET, "/about", about_show, 0, "Say what this is"},
    {HTTP_GET, "/version", version_show, 0, "Say Judge0's version"},
    {HTTP_GET, "/license", license_show, 0, "Show the license"},
    {HTTP_GET, "/isolate", isolate_show, 0, "Say what programs run in"},
    {HTTP_GET, "/system_info", system_info_show, ROUTE_READ, "Describe this host"},
    {HTTP_GET, "/config_info", config_info_show, ROUTE_READ, "Show the limits"},
    {HTTP_GET, "/statistics", statistics_show, ROUTE_READ, "Count the submissions"},
    {HTTP_GET, "/workers", workers_show, ROUTE_READ, "Show the queue"},
    {HTTP_POST, "/authenticate", authenticate, 0, "Check a token"},
    {HTTP_POST, "/authorize", authorize, 0, "Check a token for lists and deletions"},
};

static void execution_dialect_add(struct judge0 *j)
{
    j->execution = xcalloc(1, sizeof(*j->execution));
    *j->execution = (struct execution_dialect){
        .name = JUDGE0_DIALECT,
        .runtime = execution_runtime,
        .job = execution_job,
        .conclude = execution_conclude,
        .fail = execution_fail,
        .callback = execution_callback,
        .ctx = j,
    };
    executions_add_dialect(j->api->executions, j->execution);
}

int judge0_dialect(struct api *api, struct http_dialect *ret, struct err *e)
{
    static const char *const prefixes[] = {
        "/submissions", "/languages",  "/statuses", "/about",
        "/version",     "/license",    "/isolate",  "/system_info",
        "/config_info", "/statistics", "/workers",  "/authenticate",
        "/authorize",   NULL};
    (void)e;
    struct judge0 *j = xcalloc(1, sizeof(*j));
    j->api = api;
    execution_dialect_add(j);
    *ret = (struct http_dialect){
        "judge0",      prefixes,      routes, ARRAY_LEN(routes),
        access_before, dialect_error, j,      DIALECT_RAILS | DIALECT_ORIGINS,
    };
    return 0;
}

void judge0_dialect_done(struct http_dialect *d)
{
    struct judge0 *j = d->ctx;
    if (j != NULL) {
        statistics_free(j->statistics);
        json_decref(j->system_info);
        free(j->execution);
        free(j);
    }
    d->ctx = NULL;
}
