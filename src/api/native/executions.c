/* SPDX-License-Identifier: Apache-2.0 */
/* One execution: created, shown, cancelled or deleted. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/audit.h"
#include "api/gate.h"
#include "api/json.h"
#include "api/native/native.h"
#include "api/native/prefer.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "config/config.h"
#include "engine/engine.h"
#include "engine/executions.h"
#include "http/http.h"
#include "model/execution.h"

#define IDEMPOTENCY_KEY_MAX 255
#define PARTS_SHOWN         (1U << PART_ANSWER)

bool native_is_visible(const struct caller *caller, const struct execution *x)
{
    return x != NULL && strcmp(x->dialect, NATIVE_DIALECT) == 0 && gate_owns(caller, x);
}

/* --- answers ----------------------------------------------------------------------------- */

static void add_location(struct http_request *r, const char *id)
{
    char path[64];
    snprintf(path, sizeof(path), "/api/v1/executions/%s", id);
    http_add_header(r, "Location", path);
}

static void respond_execution(struct http_request *r, unsigned status, const struct execution *x)
{
    struct buf text = {0};
    native_execution_write(x, &text);
    size_t len = text.len;
    http_respond(r, status, "application/json", buf_take(&text), len);
}

static void respond_accepted(struct http_request *r, const char *id)
{
    add_location(r, id);
    native_respond(r, 202, json_pack("{s:s,s:s}", "id", id, "status", "queued"));
}

/* What is over with 200, else 202. */
static void respond_as_it_is(struct http_request *r, const struct execution *x)
{
    add_location(r, x->id);
    respond_execution(r, execution_is_over(x) ? 200 : 202, x);
}

static void respond_share(struct http_request *r, const struct err *e)
{
    http_add_header(r, "Retry-After", "1");
    native_problem(r, 429, e->text, NULL);
}

static void respond_no_such(struct http_request *r)
{
    native_problem(r, 404, "there is no such execution", NULL);
}

/* --- create ------------------------------------------------------------------------------ */

/*
 * A request that creates an execution.  Of what was asked it keeps nothing once it was submitted:
 * who waits costs no more than this.  When its client leaves, the execution goes on.
 */
struct creation {
    struct native *n;
    struct http_request *request;
    bool waits, accepted, expired;
    uint64_t wait_ns;
    char *key; /* NULL: none */
    char fingerprint[FINGERPRINT_LEN + 1];
    char id[EXECUTION_ID_MAX + 1];
    struct native_admission *admission;
    struct execution *x; /* until it is submitted */
    struct executions_wait *submitted;
    struct executions_read *read;
    struct loop_timer deadline;
};

static void creation_free(struct creation *c)
{
    loop_timer_cancel(&c->deadline);
    execution_unref(c->x);
    free(c->key);
    free(c);
}

static void on_creator_gone(void *ctx)
{
    struct creation *c = ctx;
    native_admission_cancel(c->admission);
    if (c->submitted != NULL) {
        executions_leave(c->submitted);
    }
    executions_forget(c->read);
    creation_free(c);
}

static void creation_refuse(struct creation *c, const struct err *e)
{
    native_problem_of(c->request, e);
    creation_free(c);
}

/* Also when the server stops: it was accepted, and the next server runs it. */
static void on_over(void *ctx, struct execution *x, const struct err *e)
{
    struct creation *c = ctx;
    c->read = NULL;
    if (x != NULL) {
        respond_as_it_is(c->request, x);
    } else if (e == NULL) {
        respond_no_such(c->request);
    } else {
        respond_accepted(c->request, c->id);
    }
    creation_free(c);
}

static void creation_expire(struct creation *c)
{
    executions_forget(c->read);
    c->read = executions_get(c->n->api->executions, c->id, PARTS_SHOWN, on_over, c);
}

static void on_deadline(void *ctx)
{
    struct creation *c = ctx;
    if (c->accepted) {
        creation_expire(c);
    } else {
        c->expired = true; /* no id is told that is not on disk */
    }
}

static void creation_await(struct creation *c)
{
    c->accepted = true;
    if (c->expired) {
        creation_expire(c);
    } else {
        c->read = executions_await(c->n->api->executions, c->id, PARTS_SHOWN, on_over, c);
    }
}

static void on_accepted(void *ctx, const struct err *e)
{
    struct creation *c = ctx;
    c->submitted = NULL;
    if (e != NULL) {
        creation_refuse(c, e);
    } else if (c->waits) {
        creation_await(c);
    } else {
        respond_accepted(c->request, c->id);
        creation_free(c);
    }
}

static void deadline_set(struct creation *c)
{
    struct loop *loop = c->n->api->loop;
    if (c->waits) {
        loop_timer_set(loop, &c->deadline, loop_now_ns(loop) + c->wait_ns, on_deadline, c);
    }
}

static void creation_submit(struct creation *c)
{
    const struct api *api = c->n->api;
    const struct executions_listener listener = {.accepted = on_accepted, .ctx = c};
    struct err e;
    if (gate_check_share(api->gate, gate_caller(c->request), 1, &e) < 0) {
        respond_share(c->request, &e);
        creation_free(c);
        return;
    }
    snprintf(c->id, sizeof(c->id), "%s", c->x->id);
    deadline_set(c);
    c->submitted = executions_submit(api->executions, TAKE(&c->x, NULL), &listener);
}

static bool has_fingerprint(const struct execution *x, const char *fingerprint)
{
    AUTO(json_freep) json_t *kept = json_loads(x->request != NULL ? x->request : "", 0, NULL);
    const char *theirs = json_string_value(json_object_get(kept, "fingerprint"));
    return theirs != NULL && strcmp(theirs, fingerprint) == 0;
}

static void creation_replay(struct creation *c, const struct execution *first)
{
    if (!has_fingerprint(first, c->fingerprint)) {
        native_problem(c->request, 422,
                       "this Idempotency-Key was used for another request: choose a new one", NULL);
        creation_free(c);
        return;
    }
    http_add_header(c->request, "Idempotent-Replayed", "true");
    snprintf(c->id, sizeof(c->id), "%s", first->id);
    if (c->waits && !execution_is_over(first)) {
        deadline_set(c);
        creation_await(c);
        return;
    }
    respond_as_it_is(c->request, first);
    creation_free(c);
}

static void on_key(void *ctx, struct execution *x, const struct err *e)
{
    struct creation *c = ctx;
    c->read = NULL;
    if (e != NULL) {
        creation_refuse(c, e);
    } else if (x != NULL) {
        creation_replay(c, x);
    } else {
        creation_submit(c);
    }
}

static void on_admitted(void *ctx, struct native_request *q, struct runtime *runtime,
                        json_t *errors)
{
    struct creation *c = ctx;
    const struct caller *caller = gate_caller(c->request);
    c->admission = NULL;
    if (errors != NULL) {
        native_problem_errors(c->request, json_incref(errors));
        creation_free(c);
        return;
    }
    c->x = native_kept(q, runtime, caller->name, c->key != NULL ? c->fingerprint : NULL, c->waits);
    if (c->key == NULL) {
        creation_submit(c);
        return;
    }
    c->x->idempotency = xstrdup(c->key);
    c->read =
        executions_get_key(c->n->api->executions, caller->name, c->key, PARTS_SHOWN, on_key, c);
}

/* False: it is none, and that is answered. */
static bool key_passes(struct http_request *r, const char *key)
{
    size_t len = key != NULL ? strlen(key) : 1;
    for (size_t i = 0; key != NULL && i < len; i++) {
        if (key[i] < ' ' || key[i] > '~') {
            len = 0;
        }
    }
    if (len == 0 || len > IDEMPOTENCY_KEY_MAX) {
        native_problem(r, 400, "Idempotency-Key must be 1 to 255 printable ASCII characters", NULL);
        return false;
    }
    return true;
}

static void wait_set(struct creation *c, const json_t *body)
{
    uint64_t most_ns = c->n->api->config->native_wait_ms * NS_PER_MS;
    struct prefer prefer = prefer_parse(http_header(c->request, "Prefer"));
    c->waits = json_is_true(json_object_get(body, "wait"));
    c->wait_ns = most_ns;
    if (!prefer.waits) {
        return;
    }
    uint64_t seconds = prefer.wait_s;
    if (seconds * NS_PER_S > most_ns) {
        seconds = most_ns / NS_PER_S;
    }
    char applied[48];
    snprintf(applied, sizeof(applied), "wait=%" PRIu64, seconds);
    http_add_header(c->request, "Preference-Applied", applied);
    c->waits = prefer.wait_s > 0;
    c->wait_ns = prefer.wait_s * NS_PER_S < most_ns ? prefer.wait_s * NS_PER_S : most_ns;
}

void execution_create(struct http_request *r, void *ctx)
{
    struct native *n = ctx;
    const char *key = http_header(r, "Idempotency-Key");
    if (!key_passes(r, key)) {
        return;
    }
    json_t *body = native_read_body(r);
    if (body == NULL) {
        return;
    }
    struct creation *c = xcalloc(1, sizeof(*c));
    c->n = n;
    c->request = r;
    c->key = xstrdup(key);
    wait_set(c, body);
    if (key != NULL) {
        native_fingerprint(body, c->fingerprint);
    }
    http_on_gone(r, on_creator_gone, c);
    struct native_admission *admission =
        native_admit(n, gate_caller(r), NATIVE_STORED, body, on_admitted, c);
    if (admission != NULL) { /* else it went on already, and may be over */
        c->admission = admission;
    }
}

/* --- show, delete ------------------------------------------------------------------------ */

struct reading {
    struct native *n;
    struct http_request *request;
    struct executions_read *read;
    char id[EXECUTION_ID_MAX + 1];
};

static void on_reader_gone(void *ctx)
{
    struct reading *g = ctx;
    executions_forget(g->read);
    free(g);
}

static struct reading *reading_new(struct http_request *r, struct native *n)
{
    const char *id = http_param(r, "id");
    if (strlen(id) > EXECUTION_ID_MAX) {
        respond_no_such(r);
        return NULL;
    }
    struct reading *g = xcalloc(1, sizeof(*g));
    g->n = n;
    g->request = r;
    snprintf(g->id, sizeof(g->id), "%s", id);
    http_on_gone(r, on_reader_gone, g);
    return g;
}

/* False: there is none for this caller, and that is answered. */
static bool reading_passes(const struct reading *g, const struct execution *x, const struct err *e)
{
    if (e != NULL) {
        native_problem_of(g->request, e);
    } else if (!native_is_visible(gate_caller(g->request), x)) {
        respond_no_such(g->request);
    } else {
        return true;
    }
    return false;
}

static void show(struct http_request *r, const struct execution *x)
{
    http_add_header(r, "Cache-Control", "private, no-cache");
    if (!execution_is_over(x)) {
        http_add_header(r, "Retry-After", "1");
    }
    respond_execution(r, 200, x);
}

static void on_shown(void *ctx, struct execution *x, const struct err *e)
{
    struct reading *g = ctx;
    g->read = NULL;
    if (reading_passes(g, x, e)) {
        show(g->request, x);
    }
    free(g);
}

void execution_show(struct http_request *r, void *ctx)
{
    struct native *n = ctx;
    struct reading *g = reading_new(r, n);
    if (g != NULL) {
        g->read = executions_get(n->api->executions, g->id, PARTS_SHOWN, on_shown, g);
    }
}

static void on_deleted(void *ctx, const struct err *e)
{
    struct reading *g = ctx;
    g->read = NULL;
    if (e != NULL) {
        native_problem_of(g->request, e);
    } else {
        http_respond(g->request, 204, NULL, NULL, 0);
    }
    free(g);
}

/* ERR_BUSY: it came to its end by itself, which is told; to delete that, it has to be seen. */
static void on_cancelled(void *ctx, const struct err *e)
{
    struct reading *g = ctx;
    g->read = NULL;
    if (e != NULL && e->kind != ERR_BUSY) {
        native_problem_of(g->request, e);
        free(g);
    } else {
        g->read = executions_get(g->n->api->executions, g->id, PARTS_SHOWN, on_shown, g);
    }
}

/* A program that somebody has on a WebSocket, or waits for in Piston's words, which are not kept so
 * that the store does not know them, or one of Judge0's.  Who has it is told that it was cancelled.
 */
static bool live_cancel(const struct reading *g)
{
    const struct caller *caller = gate_caller(g->request);
    struct engine_job *j = engine_job_find(g->n->api->engine, g->id);
    const struct job *job = j != NULL ? engine_job(j) : NULL;
    bool owned = job != NULL && (gate_sees_all(caller) ||
                                 (job->caller != NULL && strcmp(job->caller, caller->name) == 0));
    if (owned) {
        audit_say_execution(g->n->api, g->request, "cancels a program", g->id, job->caller);
        engine_job_cancel(j, false);
        http_respond(g->request, 204, NULL, NULL, 0);
    }
    return owned;
}

static void on_found(void *ctx, struct execution *x, const struct err *e)
{
    struct reading *g = ctx;
    struct executions *all = g->n->api->executions;
    g->read = NULL;
    bool is_ours = e != NULL || (x != NULL && strcmp(x->dialect, NATIVE_DIALECT) == 0);
    if ((!is_ours && live_cancel(g)) || !reading_passes(g, x, e)) {
        free(g);
        return;
    }
    bool over = execution_is_over(x);
    audit_say_execution(g->n->api, g->request,
                        over ? "deletes an execution" : "cancels an execution", g->id, x->caller);
    g->read = over ? executions_delete(all, g->id, on_deleted, g)
                   : executions_cancel(all, g->id, on_cancelled, g);
}

void execution_delete(struct http_request *r, void *ctx)
{
    struct native *n = ctx;
    struct reading *g = reading_new(r, n);
    if (g != NULL) {
        g->read = executions_get(n->api->executions, g->id, 0, on_found, g);
    }
}
