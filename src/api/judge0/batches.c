/* SPDX-License-Identifier: Apache-2.0 */
/* Several submissions in one request: created, shown (contract section 5). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/gate.h"
#include "api/judge0/answer.h"
#include "api/judge0/filters.h"
#include "api/judge0/judge0.h"
#include "api/judge0/languages.h"
#include "api/judge0/params.h"
#include "api/judge0/sources.h"
#include "api/judge0/submission.h"
#include "api/judge0/validate.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/rand.h"
#include "config/config.h"
#include "engine/executions.h"
#include "http/http.h"
#include "model/execution.h"

#define TOO_LARGE "this batch is larger than 64 MiB: ask for fewer tokens, or for fewer fields"

/* False: too many or none, and that is answered. */
static bool count_passes(struct http_request *r, const struct config *c, size_t count)
{
    if (count > c->judge0_batch_max) {
        AUTO(buf_done) struct buf text = {0};
        buf_add_fmt(&text,
                    "number of submissions in a batch should be less than or equal to %" PRIu64,
                    c->judge0_batch_max);
        judge0_respond_error(r, 400, text.data);
        return false;
    }
    if (count == 0) {
        judge0_respond_error(r, 400, "there should be at least one submission in a batch");
    }
    return count > 0;
}

/* --- create ------------------------------------------------------------------------------ */

struct creation {
    struct judge0 *j;
    struct http_request *request;
    struct asked asked;
    json_t *answers; /* one for each that was asked: its token, or its errors */
    struct execution **all;
    size_t *places; /* in `answers` */
    size_t count;   /* of those that are in order */
    struct judge0_languages_wait *look;
    struct sieve_check *sieve;
    struct executions_wait *submitted;
};

static void creation_free(struct creation *c)
{
    for (size_t i = 0; i < c->count; i++) {
        execution_unref(c->all[i]);
    }
    free(c->all);
    free(c->places);
    json_decref(c->answers);
    asked_done(&c->asked);
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

static void on_accepted(void *ctx, const struct err *e)
{
    struct creation *c = ctx;
    if (e != NULL) {
        judge0_respond_refusal(c->request, e);
    } else {
        judge0_respond(c->request, 201, TAKE(&c->answers, NULL));
    }
    creation_free(c);
}

/* False: one that Judge0 has no words for. */
static bool validate_one(struct creation *c, const struct judge0_language_set *set,
                         const json_t *attributes)
{
    struct execution *x = NULL;
    json_t *errors = NULL;
    const struct caller *caller = gate_caller(c->request);
    if (!validate_submission(c->j->api->config, &caller->limits, set, attributes, c->asked.base64,
                             &x, &errors)) {
        return false;
    }
    if (x == NULL) {
        json_array_append_new(c->answers, errors);
        return true;
    }
    uuid_make(x->id);
    x->batch = true;
    x->caller = xstrdup(caller->name);
    c->places[c->count] = json_array_size(c->answers);
    json_array_append_new(c->answers, json_pack("{s:s}", "token", x->id));
    c->all[c->count++] = x;
    return true;
}

static void creation_submit(struct creation *c)
{
    if (c->count == 0) {
        judge0_respond(c->request, 422, TAKE(&c->answers, NULL));
        creation_free(c);
        return;
    }
    if (!filters_share_passes(c->request, c->j, c->count)) {
        creation_free(c);
        return;
    }
    const struct executions_listener listener = {.accepted = on_accepted, .ctx = c};
    size_t count = TAKE(&c->count, 0);
    c->submitted = executions_submit_many(c->j->api->executions, c->all, count, &listener);
    asked_done(&c->asked);
}

static void on_looked(void *ctx, const struct sieve_violation *found, size_t count)
{
    struct creation *c = ctx;
    size_t kept = 0;
    c->sieve = NULL;
    for (size_t i = 0; i < c->count; i++) {
        json_t *errors = sources_errors(c->j, found, count, i);
        if (errors == NULL) {
            c->all[kept++] = c->all[i];
        } else {
            json_array_set_new(c->answers, c->places[i], errors);
            execution_unref(c->all[i]);
        }
    }
    c->count = kept;
    creation_submit(c);
}

static void on_languages(void *ctx, const struct judge0_language_set *set)
{
    struct creation *c = ctx;
    const json_t *list = json_object_get(c->asked.params, "submissions");
    c->look = NULL;
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!validate_one(c, set, json_array_get(list, i))) {
            judge0_respond_error(c->request, 400, NO_STRINGS);
            creation_free(c);
            return;
        }
    }
    c->sieve = c->count > 0 ? sources_look(c->j, c->all, c->count, on_looked, c) : NULL;
    if (c->sieve == NULL) {
        creation_submit(c);
    }
}

/* Judge0 fails with 500 where there is something that is no submission. */
static bool list_passes(struct http_request *r, const struct config *c, const json_t *list)
{
    bool good = !json_is_string(list) || json_string_length(list) == 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        good = good && json_is_object(json_array_get(list, i));
    }
    if (!good) {
        judge0_respond_error(r, 400, "submissions must be a list of objects");
    }
    return good && count_passes(r, c, json_array_size(list));
}

void batch_create(struct http_request *r, void *ctx)
{
    struct judge0 *j = ctx;
    const struct config *config = j->api->config;
    AUTO(asked_done) struct asked asked = {0};
    if (!filters_pass(r, j, FILTER_BATCH | FILTER_ROOM, &asked)) {
        return;
    }
    const json_t *list = json_object_get(asked.params, "submissions");
    if (!list_passes(r, config, list)) {
        return;
    }
    struct creation *c = xcalloc(1, sizeof(*c));
    c->j = j;
    c->request = r;
    c->answers = json_array();
    c->all = xcalloc(json_array_size(list), sizeof(struct execution *));
    c->places = xcalloc(json_array_size(list), sizeof(*c->places));
    c->asked = TAKE(&asked, (struct asked){0});
    http_on_gone(r, on_creator_gone, c);
    struct judge0_languages_wait *look = judge0_languages_look(
        j->api->runtimes, (enum judge0_flavour)config->judge0_flavour, on_languages, c);
    if (look != NULL) { /* else it went on already, and may be over */
        c->look = look;
    }
}

/* --- show -------------------------------------------------------------------------------- */

struct reading {
    struct judge0 *j;
    struct http_request *request;
    struct asked asked;
    struct executions_read *read;
    struct execution **all; /* one for each token, or NULL */
    size_t count;
    struct judge0_languages_wait *look;
};

static void reading_free(struct reading *g)
{
    for (size_t i = 0; i < g->count; i++) {
        execution_unref(g->all[i]);
    }
    free(g->all);
    asked_done(&g->asked);
    free(g);
}

static void on_reader_gone(void *ctx)
{
    struct reading *g = ctx;
    executions_forget(g->read);
    judge0_languages_cancel(g->look);
    reading_free(g);
}

/* NULL, or why there is no such answer. */
static const char *write_all(const struct reading *g, const struct judge0_language_set *set,
                             struct buf *ret)
{
    const struct config *c = g->j->api->config;
    buf_add_str(ret, "{\"submissions\":[");
    for (size_t i = 0; i < g->count; i++) {
        buf_add_str(ret, i > 0 ? "," : "");
        if (g->all[i] == NULL) {
            buf_add_str(ret, "null");
        } else if (!submission_write(c, set, g->all[i], g->asked.fields, g->asked.base64, ret)) {
            return UNSHOWABLE_MANY;
        }
        if (ret->len > ANSWER_BYTES_MAX) {
            return TOO_LARGE;
        }
    }
    buf_add_str(ret, "]}");
    return NULL;
}

static void on_names(void *ctx, const struct judge0_language_set *set)
{
    struct reading *g = ctx;
    AUTO(buf_done) struct buf text = {0};
    const char *why = write_all(g, set, &text);
    if (why == NULL) {
        judge0_respond_text(g->request, 200, &text);
    } else {
        judge0_respond_error(g->request, 400, why);
    }
    reading_free(g);
}

static void keep_all(struct reading *g, struct execution *const *all, size_t count)
{
    g->all = xcalloc(count, sizeof(struct execution *));
    g->count = count;
    for (size_t i = 0; i < count; i++) {
        if (all[i] != NULL && strcmp(all[i]->dialect, JUDGE0_DIALECT) == 0 &&
            gate_owns(gate_caller(g->request), all[i])) {
            g->all[i] = execution_ref(all[i]);
        }
    }
}

static void on_read(void *ctx, struct execution *const *all, size_t count, const struct err *e)
{
    struct reading *g = ctx;
    const struct api *api = g->j->api;
    g->read = NULL;
    if (e != NULL) {
        if (e->kind == ERR_LIMIT) {
            judge0_respond_error(g->request, 400, TOO_LARGE);
        } else {
            judge0_respond_refusal(g->request, e);
        }
        reading_free(g);
        return;
    }
    keep_all(g, all, count);
    if (!fields_need_languages(g->asked.fields)) {
        on_names(g, NULL);
        return;
    }
    struct judge0_languages_wait *look = judge0_languages_look(
        api->runtimes, (enum judge0_flavour)api->config->judge0_flavour, on_names, g);
    if (look != NULL) { /* else it is answered */
        g->look = look;
    }
}

/* As Ruby splits: empty ones count, but not at the end.  Cuts `text`; what cannot be a token is "".
 */
static size_t split_tokens(char *text, const char **ret, size_t max)
{
    size_t count = 0, len = strlen(text);
    while (len > 0 && text[len - 1] == ',') {
        text[--len] = '\0';
    }
    for (char *p = len > 0 ? text : NULL; p != NULL; count++) {
        char *comma = strchr(p, ',');
        if (comma != NULL) {
            *comma = '\0';
        }
        if (count < max) {
            ret[count] = strlen(p) <= EXECUTION_ID_MAX ? p : "";
        }
        p = comma != NULL ? comma + 1 : NULL;
    }
    return count;
}

void batch_show(struct http_request *r, void *ctx)
{
    struct judge0 *j = ctx;
    size_t max = j->api->config->judge0_batch_max;
    AUTO(asked_done) struct asked asked = {0};
    if (!filters_pass(r, j, FILTER_BATCH | FILTER_FIELDS, &asked)) {
        return;
    }
    const char *tokens = http_header(r, "tokens");
    tokens = tokens != NULL ? tokens : params_text(asked.params, "tokens");
    AUTO(mem_freep) char *text = xstrdup(tokens != NULL ? tokens : "");
    AUTO(mem_freep) const char **ids = xcalloc(max, sizeof(const char *));
    size_t count = split_tokens(text, ids, max);
    if (!count_passes(r, j->api->config, count)) {
        return;
    }
    struct reading *g = xcalloc(1, sizeof(*g));
    g->j = j;
    g->request = r;
    g->asked = TAKE(&asked, (struct asked){0});
    http_on_gone(r, on_reader_gone, g);
    g->read = executions_get_many(j->api->executions, ids, count, fields_parts(g->asked.fields),
                                  on_read, g);
}
