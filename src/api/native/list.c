/* SPDX-License-Identifier: Apache-2.0 */
/* Several executions: those that match, or those whose ids are given. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/gate.h"
#include "api/json.h"
#include "api/native/native.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"
#include "config/units.h"
#include "engine/executions.h"
#include "http/http.h"
#include "model/execution.h"
#include "store/store.h"

#define LIMIT_USUAL      50
#define LIMIT_MAX        1000
#define ANSWER_BYTES_MAX (UINT64_C(64) << 20)
/* Of what is kept of requests, which is read for each that is listed: a page ends there. */
#define PAGE_BYTES_MAX ((size_t)2 << 20)

struct listing {
    struct http_request *request;
    struct executions_read *read;
    uint64_t limit;
    char *caller, *label; /* of the filter, or NULL */
};

static void listing_free(struct listing *l)
{
    free(l->caller);
    free(l->label);
    free(l);
}

static void on_gone(void *ctx)
{
    struct listing *l = ctx;
    executions_forget(l->read);
    listing_free(l);
}

static struct listing *listing_new(struct http_request *r)
{
    struct listing *l = xcalloc(1, sizeof(*l));
    l->request = r;
    http_on_gone(r, on_gone, l);
    return l;
}

/* --- by id ------------------------------------------------------------------------------- */

/* False: it is larger than an answer may be. */
static bool write_all(const struct listing *l, struct execution *const *all, size_t count,
                      struct buf *ret)
{
    const struct caller *caller = gate_caller(l->request);
    buf_add_str(ret, "{\"executions\":[");
    for (size_t i = 0; i < count; i++) {
        buf_add_str(ret, i > 0 ? "," : "");
        if (native_is_visible(caller, all[i])) {
            native_execution_write(all[i], ret);
        } else {
            buf_add_str(ret, "null");
        }
        if (ret->len > ANSWER_BYTES_MAX) {
            return false;
        }
    }
    buf_add_str(ret, "]}");
    return true;
}

static void on_read(void *ctx, struct execution *const *all, size_t count, const struct err *e)
{
    struct listing *l = ctx;
    AUTO(buf_done) struct buf text = {0};
    l->read = NULL;
    if (e != NULL && e->kind != ERR_LIMIT) {
        native_problem_of(l->request, e);
    } else if (e != NULL || !write_all(l, all, count, &text)) {
        native_problem(l->request, 422,
                       "these executions are larger than 64 MiB together: ask for fewer", NULL);
    } else {
        size_t len = text.len;
        http_respond(l->request, 200, "application/json", buf_take(&text), len);
    }
    listing_free(l);
}

static void show_ids(struct http_request *r, struct native *n, const char *text)
{
    AUTO(strv_freep) char **ids = strv_split(text, ",");
    size_t count = strv_len(ids), most = n->api->config->native_batch_max;
    if (count == 0 || count > most) {
        AUTO(buf_done) struct buf detail = {0};
        buf_add_fmt(&detail, "ids names %zu executions, and may name 1 to %zu", count, most);
        native_problem(r, 422, detail.data, NULL);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (strlen(ids[i]) > EXECUTION_ID_MAX) {
            ids[i][0] = '\0'; /* there is none of that name */
        }
    }
    struct listing *l = listing_new(r);
    l->read = executions_get_many(n->api->executions, (const char *const *)ids, count,
                                  1U << PART_ANSWER, on_read, l);
}

/* --- by filter --------------------------------------------------------------------------- */

static void complain(json_t *errors, const char *path, const char *message)
{
    json_array_append_new(errors, json_pack("{s:s,s:s}", "path", path, "message", message));
}

/* A filter that is misspelt would show everything, and one beside ids would show too much. */
static void check_parameters(struct http_request *r, json_t *errors)
{
    static const char *const filters[] = {"status", "label", "limit", "cursor"};
    const char *text = http_query_text(r);
    bool by_id = http_query(r, "ids") != NULL;
    AUTO(strv_freep) char **all = strv_split(text != NULL ? text : "", "&");
    for (char **one = all; one != NULL && *one != NULL; one++) {
        (*one)[strcspn(*one, "=")] = '\0';
        bool known = **one == '\0' || (by_id && strcmp(*one, "ids") == 0);
        for (size_t i = 0; !by_id && i < ARRAY_LEN(filters); i++) {
            known = known || strcmp(*one, filters[i]) == 0;
        }
        if (!known) {
            complain(errors, *one,
                     by_id
                         ? "goes not with ids"
                         : "unknown parameter: there are status, label, limit and cursor, or ids");
        }
    }
}

static unsigned state_of(const char *name)
{
    static const struct {
        const char *name;
        enum execution_state state;
    } states[] = {
        {"queued", EXECUTION_QUEUED},
        {"running", EXECUTION_RUNNING},
        {"finished", EXECUTION_FINISHED},
        {"cancelled", EXECUTION_CANCELLED},
    };
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        if (strcmp(states[i].name, name) == 0) {
            return 1U << states[i].state;
        }
    }
    return 0;
}

static unsigned read_states(const char *text, json_t *errors)
{
    AUTO(strv_freep) char **names = text != NULL ? strv_split(text, ",") : NULL;
    unsigned states = 0;
    for (char *const *name = names; name != NULL && *name != NULL; name++) {
        unsigned state = state_of(*name);
        if (state == 0) {
            complain(errors, "status",
                     "must be one of queued, running, finished and cancelled, or several with "
                     "commas");
        }
        states |= state;
    }
    return states;
}

static uint64_t read_count(struct http_request *r, const char *name, uint64_t usual, uint64_t most,
                           json_t *errors)
{
    const char *text = http_query(r, name);
    uint64_t value = usual;
    if (text != NULL && (!units_parse_count(text, &value) || value == 0 || value > most)) {
        AUTO(buf_done) struct buf message = {0};
        buf_add_fmt(&message, "must be a whole number from 1 to %" PRIu64, most);
        complain(errors, name, message.data);
    }
    return value;
}

/* A cursor is the place of the last one that was told. */
static uint64_t read_cursor(struct http_request *r, json_t *errors)
{
    const char *text = http_query(r, "cursor");
    uint64_t before = 0;
    bool good = text == NULL || text[0] == '\0' ||
                (text[0] == 'c' && units_parse_count(text + 1, &before) && before > 0);
    if (!good) {
        complain(errors, "cursor", "must be the next_cursor of an earlier answer");
    }
    return before;
}

/* Gives how many there are in the page. */
static size_t list_page(const struct listing *l, struct execution *const *all, size_t count,
                        json_t *ret)
{
    size_t shown = 0, bytes = 0;
    while (shown < count && shown < l->limit && bytes < PAGE_BYTES_MAX) {
        const struct execution *x = all[shown++];
        bytes += x->request != NULL ? strlen(x->request) : 0;
        json_array_append_new(ret, native_execution_summary(x));
    }
    return shown;
}

static void on_listed(void *ctx, struct execution *const *all, size_t count, const struct err *e)
{
    struct listing *l = ctx;
    l->read = NULL;
    if (e != NULL) {
        native_problem_of(l->request, e);
        listing_free(l);
        return;
    }
    json_t *list = json_array();
    size_t shown = list_page(l, all, count, list);
    char cursor[32];
    snprintf(cursor, sizeof(cursor), "c%" PRIu64, shown > 0 ? all[shown - 1]->seq : 0);
    native_respond(l->request, 200,
                   json_pack("{s:o,s:o}", "executions", list, "next_cursor",
                             count > shown ? json_string(cursor) : json_null()));
    listing_free(l);
}

/* Takes `errors`: what is wrong so far. */
static void show_matching(struct http_request *r, struct native *n, json_t *errors)
{
    const struct caller *caller = gate_caller(r);
    struct store_filter filter = {
        .dialect = NATIVE_DIALECT,
        .states = read_states(http_query(r, "status"), errors),
        .before = read_cursor(r, errors),
        .limit = read_count(r, "limit", LIMIT_USUAL, LIMIT_MAX, errors),
        .no_total = true,
    };
    if (json_array_size(errors) > 0) {
        native_problem_errors(r, errors);
        return;
    }
    json_decref(errors);
    struct listing *l = listing_new(r);
    l->limit = filter.limit++; /* one more tells whether there is more */
    l->caller = gate_sees_all(caller) ? NULL : xstrdup(caller->name);
    l->label = xstrdup(http_query(r, "label"));
    filter.caller = l->caller;
    filter.label = l->label;
    l->read = executions_list(n->api->executions, &filter, 0, on_listed, l);
}

void execution_list(struct http_request *r, void *ctx)
{
    struct native *n = ctx;
    const char *ids = http_query(r, "ids");
    json_t *errors = json_array();
    check_parameters(r, errors);
    if (ids == NULL) {
        show_matching(r, n, errors);
    } else if (json_array_size(errors) > 0) {
        native_problem_errors(r, errors);
    } else {
        json_decref(errors);
        show_ids(r, n, ids);
    }
}
