/* SPDX-License-Identifier: Apache-2.0 */
/* One submission: created, shown, deleted. */
#include <stdlib.h>
#include <string.h>

#include "api/audit.h"
#include "api/gate.h"
#include "api/judge0/answer.h"
#include "api/judge0/filters.h"
#include "api/judge0/judge0.h"
#include "api/judge0/languages.h"
#include "api/judge0/params.h"
#include "api/judge0/sources.h"
#include "api/judge0/status.h"
#include "api/judge0/validate.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/rand.h"
#include "config/config.h"
#include "engine/executions.h"
#include "http/http.h"
#include "model/execution.h"

/* --- create ------------------------------------------------------------------------------ */

/*
 * A request that creates a submission.  When its client leaves, the submission goes on.
 */
struct creation {
    struct judge0 *j;
    struct http_request *request;
    struct asked asked;
    bool waits, accepted, expired;
    struct judge0_languages_wait *look;
    struct sieve_check *sieve;
    struct execution *x;               /* ours too */
    struct executions_wait *submitted; /* until nothing more is heard of it */
    struct loop_timer deadline;
};

static void creation_free(struct creation *c)
{
    loop_timer_cancel(&c->deadline);
    asked_done(&c->asked);
    execution_unref(c->x);
    free(c);
}

static void on_creator_gone(void *ctx)
{
    struct creation *c = ctx;
    judge0_languages_cancel(c->look);
    sieve_cancel(c->sieve);
    if (c->submitted != NULL) {
        executions_leave(c->submitted);
    }
    creation_free(c);
}

/* With what is known of it. */
static void creation_answer(struct creation *c)
{
    answer_submission(c->j, c->request, 201, c->x, c->asked.fields, c->asked.base64);
    creation_free(c);
}

static void creation_expire(struct creation *c)
{
    executions_leave(TAKE(&c->submitted, NULL));
    creation_answer(c);
}

static void on_deadline(void *ctx)
{
    struct creation *c = ctx;
    if (c->accepted) {
        creation_expire(c);
    } else {
        c->expired = true; /* no token is told that is not on disk */
    }
}

static void on_accepted(void *ctx, const struct err *e)
{
    struct creation *c = ctx;
    if (e != NULL) {
        judge0_respond_refusal(c->request, e);
        creation_free(c);
    } else if (!c->waits) {
        judge0_respond(c->request, 201, json_pack("{s:s}", "token", c->x->id));
        creation_free(c);
    } else if (c->expired) {
        creation_expire(c);
    } else {
        c->accepted = true;
    }
}

static void on_finished(void *ctx, struct execution *x)
{
    struct creation *c = ctx;
    c->submitted = NULL;
    execution_ref(x);
    execution_unref(c->x);
    c->x = x;
    creation_answer(c);
}

static void creation_submit(struct creation *c)
{
    struct judge0 *j = c->j;
    const struct config *config = j->api->config;
    const struct executions_listener listener = {
        .accepted = on_accepted, .finished = c->waits ? on_finished : NULL, .ctx = c};
    if (!filters_share_passes(c->request, j, 1)) {
        creation_free(c);
        return;
    }
    uuid_make(c->x->id);
    c->x->batch = !c->waits;
    c->x->caller = xstrdup(gate_caller(c->request)->name);
    if (c->waits) {
        loop_timer_set(j->api->loop, &c->deadline,
                       loop_now_ns(j->api->loop) + config->judge0_wait_ms * NS_PER_MS, on_deadline,
                       c);
    }
    json_decref(TAKE(&c->asked.params, NULL));
    c->submitted = executions_submit(j->api->executions, execution_ref(c->x), &listener);
}

static void on_looked(void *ctx, const struct sieve_violation *found, size_t count)
{
    struct creation *c = ctx;
    c->sieve = NULL;
    json_t *errors = sources_errors(c->j, found, count, 0);
    if (errors == NULL) {
        creation_submit(c);
        return;
    }
    judge0_respond(c->request, 422, errors);
    creation_free(c);
}

static void on_languages(void *ctx, const struct judge0_language_set *set)
{
    struct creation *c = ctx;
    json_t *errors = NULL;
    c->look = NULL;
    bool sound = validate_submission(c->j->api->config, &gate_caller(c->request)->limits, set,
                                     c->asked.params, c->asked.base64, &c->x, &errors);
    if (sound && c->x != NULL) {
        c->sieve = sources_look(c->j, &c->x, 1, on_looked, c);
        if (c->sieve == NULL) {
            creation_submit(c);
        }
        return;
    }
    if (sound) {
        judge0_respond(c->request, 422, errors);
    } else {
        judge0_respond_error(c->request, 400, NO_STRINGS);
    }
    creation_free(c);
}

void submission_create(struct http_request *r, void *ctx)
{
    struct judge0 *j = ctx;
    struct asked asked;
    unsigned filters = FILTER_MAINTENANCE | FILTER_WAIT | FILTER_ROOM | FILTER_FIELDS;
    if (!filters_pass(r, j, filters, &asked)) {
        return;
    }
    struct creation *c = xcalloc(1, sizeof(*c));
    c->j = j;
    c->request = r;
    c->asked = asked;
    c->waits = params_is_true(asked.params, "wait");
    http_on_gone(r, on_creator_gone, c);
    struct judge0_languages_wait *look = judge0_languages_look(
        j->api->runtimes, (enum judge0_flavour)j->api->config->judge0_flavour, on_languages, c);
    if (look != NULL) { /* else it went on already, and may be over */
        c->look = look;
    }
}

/* --- show -------------------------------------------------------------------------------- */

/* Also of a deletion. */
struct reading {
    struct judge0 *j;
    struct http_request *request;
    struct asked asked;
    struct execution *x; /* to be deleted */
    struct executions_read *read;
};

static void reading_free(struct reading *g)
{
    asked_done(&g->asked);
    execution_unref(g->x);
    free(g);
}

static void on_reader_gone(void *ctx)
{
    struct reading *g = ctx;
    executions_forget(g->read);
    reading_free(g);
}

/* False: there is none to show, and that is answered. */
static bool is_there(struct http_request *r, const struct execution *x, const struct err *e)
{
    if (e != NULL) {
        judge0_respond_refusal(r, e);
        return false;
    }
    if (x == NULL || strcmp(x->dialect, JUDGE0_DIALECT) != 0 || !gate_owns(gate_caller(r), x)) {
        judge0_respond_status(r, 404);
        return false;
    }
    return true;
}

/* Takes what `asked` holds. */
static void read_submission(struct judge0 *j, struct http_request *r, struct asked *asked,
                            executions_got_fn *fn)
{
    const char *token = http_param(r, "token");
    if (strlen(token) > EXECUTION_ID_MAX) {
        asked_done(asked);
        judge0_respond_status(r, 404);
        return;
    }
    struct reading *g = xcalloc(1, sizeof(*g));
    g->j = j;
    g->request = r;
    g->asked = *asked;
    http_on_gone(r, on_reader_gone, g);
    g->read = executions_get(j->api->executions, token, fields_parts(asked->fields), fn, g);
}

static void on_shown(void *ctx, struct execution *x, const struct err *e)
{
    struct reading *g = ctx;
    g->read = NULL;
    if (is_there(g->request, x, e)) {
        answer_submission(g->j, g->request, 200, x, g->asked.fields, g->asked.base64);
    }
    reading_free(g);
}

void submission_show(struct http_request *r, void *ctx)
{
    struct asked asked;
    if (filters_pass(r, ctx, FILTER_FIELDS, &asked)) {
        read_submission(ctx, r, &asked, on_shown);
    }
}

/* --- delete ------------------------------------------------------------------------------ */

static void respond_unfinished(struct http_request *r, const struct execution *x)
{
    int status = status_of(x);
    AUTO(buf_done) struct buf text = {0};
    buf_add_fmt(&text, "submission cannot be deleted because its status is %d (%s)", status,
                status_description(status));
    judge0_respond_error(r, 400, text.data);
}

static void on_deleted(void *ctx, const struct err *e)
{
    struct reading *g = ctx;
    g->read = NULL;
    if (e == NULL) {
        answer_submission(g->j, g->request, 200, g->x, g->asked.fields, true);
    } else if (e->kind == ERR_NOT_FOUND) {
        judge0_respond_status(g->request, 404);
    } else {
        judge0_respond_refusal(g->request, e);
    }
    reading_free(g);
}

static void on_found(void *ctx, struct execution *x, const struct err *e)
{
    struct reading *g = ctx;
    g->read = NULL;
    if (!is_there(g->request, x, e)) {
        reading_free(g);
        return;
    }
    if (!execution_is_over(x)) {
        respond_unfinished(g->request, x);
        reading_free(g);
        return;
    }
    g->x = execution_ref(x);
    audit_say_execution(g->j->api, g->request, "deletes an execution", x->id, x->caller);
    g->read = executions_delete(g->j->api->executions, x->id, on_deleted, g);
}

void submission_delete(struct http_request *r, void *ctx)
{
    struct judge0 *j = ctx;
    struct asked asked;
    if (!filters_pass(r, j, FILTER_AUTHZ | FILTER_MAINTENANCE | FILTER_FIELDS, &asked)) {
        return;
    }
    if (!j->api->config->judge0_delete) {
        asked_done(&asked);
        judge0_respond_error(r, 400, "delete not allowed");
        return;
    }
    read_submission(j, r, &asked, on_found);
}
