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

/* --- answers ----------------------------------------------------------------------------- */

#define JSON_TYPE "application/json; charset=utf-8"

void judge0_answer(struct http_request *r, unsigned status, const char *content_type, char *body,
                   size_t len)
{
    char seconds[32];
    snprintf(seconds, sizeof(seconds), "%.6f", (double)http_age_ns(r) / (double)NS_PER_S);
    http_add_header(r, "X-Runtime", seconds);
    bool fresh = status == 200 || status == 201;
    http_add_header(r, "Cache-Control", fresh ? "max-age=0, private, must-revalidate" : "no-cache");
    http_respond(r, status, content_type, body, len);
}

void judge0_respond_text(struct http_request *r, unsigned status, struct buf *text)
{
    size_t len = text->len;
    judge0_answer(r, status, JSON_TYPE, buf_take(text), len);
}

/* What JSON text has of these stands in its strings: HTML may be made around it, or JavaScript. */
static void escape_text(const char *text, size_t len, struct buf *ret)
{
    size_t done = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        bool html = c == '<' || c == '>' || c == '&';
        bool line_end = c == 0xe2 && i + 2 < len && (unsigned char)text[i + 1] == 0x80 &&
                        ((unsigned char)text[i + 2] & 0xfe) == 0xa8;
        if (html || line_end) {
            buf_add(ret, text + done, i - done);
            buf_add_fmt(ret, "\\u%04x", html ? c : 0x2000 | ((unsigned char)text[i + 2] & 0x3f));
            i += line_end ? 2 : 0;
            done = i + 1;
        }
    }
    buf_add(ret, text + done, len - done);
}

void judge0_respond(struct http_request *r, unsigned status, json_t *value)
{
    AUTO(buf_done) struct buf text = {0};
    AUTO(mem_freep)
    char *plain = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    json_decref(value);
    escape_text(plain, strlen(plain), &text);
    judge0_respond_text(r, status, &text);
}

void judge0_respond_empty(struct http_request *r, unsigned status)
{
    judge0_answer(r, status, "text/html", NULL, 0);
}

void judge0_respond_error(struct http_request *r, unsigned status, const char *text)
{
    judge0_respond(r, status, json_pack("{s:o}", "error", json_repaired(text, strlen(text))));
}

void judge0_respond_refusal(struct http_request *r, const struct err *e)
{
    const char *text = strcmp(e->text, "the queue is full") == 0 ? "queue is full" : e->text;
    http_add_header(r, "Retry-After", "1");
    judge0_respond_error(r, 503, text);
}

void judge0_respond_status(struct http_request *r, unsigned status)
{
    static const struct {
        unsigned status;
        const char *text;
    } table[] = {{400, "Bad Request"}, {404, "Not Found"}, {500, "Internal Server Error"}};
    const char *text = "Error";
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        text = table[i].status == status ? table[i].text : text;
    }
    char *body = xasprintf("{\"status\":%u,\"error\":\"%s\"}", status, text);
    judge0_answer(r, status, "application/json; charset=UTF-8", body, strlen(body));
}

void judge0_refuse(struct http_request *r, unsigned status, const char *text)
{
    if (status == 404 || status == 405) {
        judge0_respond_status(r, 404);
    } else {
        judge0_respond_error(r, status, text);
    }
}

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
    if (!row->builtin) {
        *ret_language = row->runtime;
        *ret_range = row->range;
        return 0;
    }
    struct runtime *runtime = runtimes_builtin(j->api->runtimes, row->runtime);
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
    return submission_job(j->api->config, x, runtime, ret, e);
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
    {HTTP_POST, "/submissions/batch", batch_create, 0, "Run several programs"},
    {HTTP_GET, "/submissions/batch", batch_show, 0, "Show several submissions"},
    {HTTP_POST, "/submissions", submission_create, 0, "Run a program"},
    {HTTP_GET, "/submissions", submission_list, 0, "List the submissions"},
    {HTTP_GET, "/submissions/{token}", submission_show, 0, "Show a submission"},
    {HTTP_DELETE, "/submissions/{token}", submission_delete, 0, "Delete a submission"},
    {HTTP_GET, "/languages", languages_show, 0, "List the languages that can run"},
    {HTTP_GET, "/languages/all", languages_all_show, 0, "... and those that could"},
    {HTTP_GET, "/languages/{id}", language_show, 0, "Show a language"},
    {HTTP_GET, "/statuses", statuses_show, 0, "List what may come of a submission"},
    {HTTP_GET, "/about", about_show, 0, "Say what this is"},
    {HTTP_GET, "/version", version_show, 0, "Say Judge0's version"},
    {HTTP_GET, "/license", license_show, 0, "Show the license"},
    {HTTP_GET, "/isolate", isolate_show, 0, "Say what programs run in"},
    {HTTP_GET, "/system_info", system_info_show, 0, "Describe this host"},
    {HTTP_GET, "/config_info", config_info_show, 0, "Show the limits"},
    {HTTP_GET, "/statistics", statistics_show, 0, "Count the submissions"},
    {HTTP_GET, "/workers", workers_show, 0, "Show the queue"},
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
    int r = access_check(api->config, e);
    if (r < 0) {
        return r;
    }
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
