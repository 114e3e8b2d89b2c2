/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An execution is one waiting request: body checked -> runtime found and job built (order) -> job
 * run -> answered. Whatever it waits for is cancelled when its client leaves.
 */
#include <stdlib.h>
#include <string.h>

#include "api/gate.h"
#include "api/json.h"
#include "api/piston/body.h"
#include "api/piston/order.h"
#include "api/piston/outcome.h"
#include "api/piston/piston.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/config.h"
#include "engine/engine.h"
#include "http/http.h"
#include "model/job.h"
#include "model/runtime.h"

struct execution {
    struct piston *piston;
    struct http_request *request;
    enum piston_style style;
    struct order order;
    struct engine_job *job;
    struct runtime *runtime;
};

static void execution_free(struct execution *x)
{
    order_cancel(&x->order);
    runtime_unref(x->runtime);
    free(x);
}

static void on_gone(void *ctx)
{
    struct execution *x = ctx;
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
        fail_later(
            x, "this program was not run to its end: it was cancelled, or the server is stopping");
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
    if (gate_check_share(x->piston->api->gate, gate_caller(x->request), 1, &e) < 0) {
        job_free(job);
        http_add_header(x->request, "Retry-After", "1");
        fail(x, 429, e.text);
        return;
    }
    int r = engine_submit(x->piston->api->engine, job, &observer, &x->job, &e);
    if (r == -ERR_BUSY) {
        fail_later(x, e.text);
    } else if (r < 0) {
        fail(x, 500, e.text);
    }
}

static void on_order(void *ctx, struct job *job, const char *why)
{
    struct execution *x = ctx;
    if (job == NULL) {
        fail(x, 400, why);
        return;
    }
    x->runtime = runtime_ref(job->runtime);
    submit(x, job);
}

static void begin(struct http_request *r, struct piston *p, enum piston_style style, json_t *body)
{
    struct execution *x = xcalloc(1, sizeof(*x));
    *x = (struct execution){.piston = p, .request = r, .style = style};
    http_on_gone(r, on_gone, x);
    order_begin(&x->order, p, gate_caller(r), style, body, on_order, x);
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
