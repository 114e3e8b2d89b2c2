/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several executions in one request.  Each is looked at on its own; those that are in order are
 * accepted together, or refused together (no room in the queue).
 */
#include <stdlib.h>
#include <string.h>

#include "api/gate.h"
#include "api/json.h"
#include "api/native/native.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/config.h"
#include "engine/executions.h"
#include "http/http.h"
#include "model/execution.h"

struct batch;

struct item {
    struct batch *batch;
    struct native_admission *admission;
    json_t *problem;     /* or */
    struct execution *x; /* ours too */
};

struct batch {
    struct native *n;
    struct http_request *request;
    struct item *items;
    size_t count, pending, sound;
    struct executions_wait *submitted;
};

static void batch_free(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        json_decref(b->items[i].problem);
        execution_unref(b->items[i].x);
    }
    free(b->items);
    free(b);
}

static void on_gone(void *ctx)
{
    struct batch *b = ctx;
    for (size_t i = 0; i < b->count; i++) {
        native_admission_cancel(b->items[i].admission);
    }
    if (b->submitted != NULL) {
        executions_leave(b->submitted);
    }
    batch_free(b);
}

static void batch_answer(struct batch *b)
{
    json_t *list = json_array();
    for (size_t i = 0; i < b->count; i++) {
        const struct item *item = &b->items[i];
        json_array_append_new(
            list, item->x != NULL ? json_pack("{s:s,s:s}", "id", item->x->id, "status", "queued")
                                  : json_incref(item->problem));
    }
    native_respond(b->request, b->sound > 0 ? 202 : 422, list);
    batch_free(b);
}

static void on_accepted(void *ctx, const struct err *e)
{
    struct batch *b = ctx;
    b->submitted = NULL;
    if (e != NULL) {
        native_problem_of(b->request, e);
        batch_free(b);
    } else {
        batch_answer(b);
    }
}

static void batch_submit(struct batch *b)
{
    const struct api *api = b->n->api;
    const struct executions_listener listener = {.accepted = on_accepted, .ctx = b};
    struct err e;
    if (gate_check_share(api->gate, gate_caller(b->request), b->sound, &e) < 0) {
        http_add_header(b->request, "Retry-After", "1");
        native_problem(b->request, 429, e.text, NULL);
        batch_free(b);
        return;
    }
    AUTO(mem_freep) struct execution **all = xcalloc(b->sound, sizeof(struct execution *));
    size_t count = 0;
    for (size_t i = 0; i < b->count; i++) {
        if (b->items[i].x != NULL) {
            all[count++] = execution_ref(b->items[i].x);
        }
    }
    b->submitted = executions_submit_many(api->executions, all, count, &listener);
}

/* The last of them is looked at. */
static void batch_go_on(struct batch *b)
{
    if (--b->pending > 0) {
        return;
    }
    if (b->sound > 0) {
        batch_submit(b);
    } else {
        batch_answer(b);
    }
}

static json_t *problem_of(json_t *errors)
{
    return native_problem_json(422, "this execution has errors", errors);
}

static void on_admitted(void *ctx, struct native_request *q, struct runtime *runtime,
                        json_t *errors)
{
    struct item *item = ctx;
    struct batch *b = item->batch;
    item->admission = NULL;
    if (errors != NULL) {
        item->problem = problem_of(json_incref(errors));
    } else if (json_is_true(json_object_get(q->body, "wait"))) {
        item->problem = problem_of(json_pack("[{s:s,s:s}]", "path", "wait", "message",
                                             "not in a batch: ask for the results with ?ids="));
    } else {
        item->x = native_kept(q, runtime, gate_caller(b->request)->name, NULL, false);
        b->sound++;
    }
    batch_go_on(b);
}

static void batch_begin(struct http_request *r, struct native *n, const json_t *list)
{
    struct batch *b = xcalloc(1, sizeof(*b));
    b->n = n;
    b->request = r;
    b->count = json_array_size(list);
    b->pending = b->count + 1; /* ours: none is over before all have begun */
    b->items = xcalloc(b->count, sizeof(b->items[0]));
    http_on_gone(r, on_gone, b);
    for (size_t i = 0; i < b->count; i++) {
        struct item *item = &b->items[i];
        item->batch = b;
        item->admission = native_admit(n, gate_caller(r), NATIVE_STORED,
                                       json_incref(json_array_get(list, i)), on_admitted, item);
    }
    batch_go_on(b);
}

void execution_batch(struct http_request *r, void *ctx)
{
    struct native *n = ctx;
    size_t most = n->api->config->native_batch_max;
    if (http_header(r, "Idempotency-Key") != NULL) {
        native_problem(r, 400, "Idempotency-Key is for single executions: send none with a batch",
                       NULL);
        return;
    }
    AUTO(json_freep) json_t *list = native_read_body(r);
    if (list == NULL) {
        return;
    }
    size_t count = json_array_size(list);
    if (count == 0 || count > most) {
        AUTO(buf_done) struct buf detail = {0};
        buf_add_fmt(&detail, "a batch is an array of 1 to %zu executions, and this ", most);
        if (json_is_array(list)) {
            buf_add_fmt(&detail, "holds %zu", count);
        } else {
            buf_add_str(&detail, "is no array");
        }
        native_problem(r, 422, detail.data, NULL);
        return;
    }
    batch_begin(r, n, list);
}
