/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An execution is one waiting request: body checked -> runtime found -> job built -> job run ->
 * answered. Whatever it waits for is cancelled when its client leaves.
 */
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "api/piston/body.h"
#include "api/piston/outcome.h"
#include "api/piston/piston.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/strv.h"
#include "config/config.h"
#include "engine/engine.h"
#include "http/http.h"
#include "model/runtime.h"
#include "runtimes/runtimes.h"

struct execution {
    struct piston *piston;
    struct http_request *request;
    enum piston_style style;
    json_t *body;
    struct runtimes_wait *wait;
    struct engine_job *job;
    struct runtime *runtime;
};

static void execution_free(struct execution *x)
{
    json_decref(x->body);
    runtime_unref(x->runtime);
    free(x);
}

static void on_gone(void *ctx)
{
    struct execution *x = ctx;
    runtimes_cancel(x->wait);
    if (x->job != NULL) {
        engine_job_cancel(x->job, true);
    }
    execution_free(x);
}

/* The answer is given, and there is no execution any more. */
static void finish(struct execution *x, unsigned status, json_t *answer)
{
    struct http_request *r = x->request;
    execution_free(x);
    json_respond(r, status, answer);
}

static void fail(struct execution *x, unsigned status, const char *message)
{
    finish(x, status, json_pack("{s:o}", "message", json_repaired(message, strlen(message))));
}

static void fail_later(struct execution *x, const char *message)
{
    http_add_header(x->request, "Retry-After", "1");
    fail(x, 503, message);
}

/* Running */

static void on_finished(void *ctx, struct result *result)
{
    struct execution *x = ctx;
    x->job = NULL;
    if (result->verdict == VERDICT_CANCELLED) {
        fail_later(x, "the server is stopping: this program was not run to its end");
    } else if (!result->compile.ran && !result->run.ran) {
        const char *reason =
            result->run.reason[0] != '\0' ? result->run.reason : result->compile.reason;
        fail(x, 500,
             reason[0] != '\0' ? reason
                               : "the program could not be started; the server's log says why");
    } else {
        finish(x, 200, outcome(result, x->runtime, x->style, x->piston->api->config->shell_status));
    }
}

static void submit(struct execution *x, struct job *job)
{
    static const struct engine_observer template = {.finished = on_finished};
    struct engine_observer observer = template;
    struct err e = {0};
    observer.ctx = x;
    int r = engine_submit(x->piston->api->engine, job, &observer, &x->job, &e);
    if (r == -ERR_BUSY) {
        fail_later(x, e.text);
    } else if (r < 0) {
        fail(x, 500, e.text);
    }
}

static void job_finish(struct execution *x, struct job *job, const char *alias)
{
    if (x->style == PISTON_V1) { /* its name then for what is PISTON_LANGUAGE now */
        strv_add_take(&job->env, xasprintf("PISTON_ALIAS=%s", alias));
    }
    ulid_make(clock_wall_ns(&clock_system) / NS_PER_MS, job->id);
    memcpy(job->dialect, "piston", sizeof("piston"));
    job->runtime = runtime_ref(x->runtime);
    job->priority = JOB_INTERACTIVE;
    job->on_output_limit = JOB_OUTPUT_STOP;
    job->stdio = JOB_STDIO_PIPE;
    job->keep_output = true;
    job->shell_status = x->piston->api->config->shell_status;
}

/* In the order of Piston's checks. */
static int job_fill(struct execution *x, struct job *job, struct err *e)
{
    int r = body_check_encodings(x->body, x->runtime, e);
    if (r == 0) {
        limits_configured(x->piston->api->config, x->piston->overrides, x->runtime, &job->compile,
                          &job->run);
        r = limits_request(x->body, x->style != PISTON_V2, &job->compile, &job->run, e);
    }
    if (r == 0) {
        r = body_fill_job(x->body, x->style, x->runtime, job, e);
    }
    if (r == 0 && job->file_count > job->run.disk_inodes) {
        r = err_set(e, ERR_LIMIT, "files cannot exceed the configured limit of %llu",
                    (unsigned long long)job->run.disk_inodes);
    }
    return r;
}

/* Takes the runtime. */
static void go_on(struct execution *x, struct runtime *runtime)
{
    const char *language = json_string_value(json_object_get(x->body, "language"));
    const char *version = json_string_value(json_object_get(x->body, "version"));
    struct err e = {0};
    if (runtime == NULL) {
        AUTO(mem_freep)
        char *text = x->style == PISTON_GATEWAY
                         ? xstrdup("Supplied language is not supported by Piston")
                         : xasprintf("%s-%s runtime is unknown", language, version);
        fail(x, 400, text);
        return;
    }
    x->runtime = runtime;
    AUTO(job_freep) struct job *job = job_new();
    if (job_fill(x, job, &e) < 0) {
        fail(x, 400, e.text);
        return;
    }
    job_finish(x, job, language);
    json_decref(x->body);
    x->body = NULL;
    submit(x, TAKE(&job, NULL));
}

static void on_found(void *ctx, struct runtime *found)
{
    struct execution *x = ctx;
    x->wait = NULL;
    go_on(x, found != NULL ? runtime_ref(found) : NULL);
}

static bool has_nul(const json_t *v)
{
    return strlen(json_string_value(v)) != json_string_length(v);
}

static void begin(struct http_request *r, struct piston *p, enum piston_style style, json_t *body)
{
    const json_t *language = json_object_get(body, "language"),
                 *version = json_object_get(body, "version");
    struct runtimes *all = p->api->runtimes;
    struct execution *x = xcalloc(1, sizeof(*x));
    *x = (struct execution){.piston = p, .request = r, .style = style, .body = body};
    http_on_gone(r, on_gone, x);
    if (has_nul(language) || has_nul(version)) {
        go_on(x, NULL);
        return;
    }
    bool known = false;
    struct runtime *found =
        runtimes_peek(all, json_string_value(language), json_string_value(version), &known);
    if (known || found != NULL) {
        go_on(x, found);
        return;
    }
    x->wait =
        runtimes_find(all, json_string_value(language), json_string_value(version), on_found, x);
}

void execute_v2(struct http_request *r, void *ctx)
{
    AUTO(json_freep) json_t *body = piston_body(r);
    struct err e = {0};
    if (body == NULL) {
        return;
    }
    if (body_check(body, &e) < 0) {
        json_respond_message(r, 400, "%s", e.text);
        return;
    }
    begin(r, ctx, PISTON_V2, TAKE(&body, NULL));
}

void execute_v1(struct http_request *r, void *ctx)
{
    AUTO(json_freep) json_t *body = piston_body(r);
    if (body == NULL) {
        return;
    }
    json_t *errors = body_check_v1(body);
    if (errors != NULL) {
        json_respond(r, 400, json_pack("{s:o}", "message", errors));
        return;
    }
    begin(r, ctx, PISTON_V1, TAKE(&body, NULL));
}

void execute_gateway(struct http_request *r, void *ctx)
{
    AUTO(json_freep) json_t *body = piston_body(r);
    AUTO(json_freep) json_t *now = NULL;
    struct err e = {0};
    if (body == NULL) {
        return;
    }
    if (body_from_gateway(body, &now, &e) < 0) {
        json_respond_message(r, 400, "%s", e.text);
        return;
    }
    begin(r, ctx, PISTON_GATEWAY, TAKE(&now, NULL));
}
