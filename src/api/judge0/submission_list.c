/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of submissions (contract section 6).  Judge0 sets no bound to per_page; here the answer
 * has one, and a page is read and written in pieces, so that it never takes more memory than that.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "api/gate.h"
#include "api/judge0/answer.h"
#include "api/judge0/filters.h"
#include "api/judge0/judge0.h"
#include "api/judge0/languages.h"
#include "api/judge0/params.h"
#include "api/judge0/submission.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "config/config.h"
#include "http/http.h"
#include "model/execution.h"
#include "store/store.h"

#define PER_PAGE  20 /* when it is not asked for */
#define PIECE     20
#define TOO_LARGE "this page is larger than 64 MiB: ask for a smaller per_page, or for fewer fields"

struct listing {
    struct judge0 *j;
    struct http_request *request;
    struct asked asked;
    int64_t page, per_page;
    uint64_t offset, left; /* of the page */
    uint64_t last_seq;     /* of the last one that was written: what is new pushes others down */
    uint64_t total;
    bool some;
    struct buf text;
    struct execution *piece[PIECE];
    size_t piece_count;
    struct store_call *call;
    struct judge0_languages_wait *look;
};

static void piece_drop(struct listing *l)
{
    for (size_t i = 0; i < l->piece_count; i++) {
        execution_unref(l->piece[i]);
    }
    l->piece_count = 0;
}

static void listing_free(struct listing *l)
{
    piece_drop(l);
    buf_done(&l->text);
    asked_done(&l->asked);
    free(l);
}

static void on_gone(void *ctx)
{
    struct listing *l = ctx;
    store_cancel(l->call);
    judge0_languages_cancel(l->look);
    listing_free(l);
}

static void fail(struct listing *l, const char *text)
{
    judge0_respond_error(l->request, 400, text);
    listing_free(l);
}

static void write_page_number(struct buf *ret, const char *name, bool there, int64_t page)
{
    if (there) {
        buf_add_fmt(ret, ",\"%s\":%" PRId64, name, page);
    } else {
        buf_add_fmt(ret, ",\"%s\":null", name);
    }
}

static void finish(struct listing *l)
{
    uint64_t per_page = (uint64_t)l->per_page;
    uint64_t pages = l->total / per_page + (l->total % per_page > 0);
    pages = pages > 0 ? pages : 1;
    buf_add_fmt(&l->text, "],\"meta\":{\"current_page\":%" PRId64, l->page);
    write_page_number(&l->text, "next_page", (uint64_t)l->page < pages, l->page + 1);
    write_page_number(&l->text, "prev_page", l->page > 1, l->page - 1);
    buf_add_fmt(&l->text, ",\"total_pages\":%" PRIu64 ",\"total_count\":%" PRIu64 "}}", pages,
                l->total);
    judge0_respond_text(l->request, 200, &l->text);
    listing_free(l);
}

static void ask_piece(struct listing *l);

static void on_languages(void *ctx, const struct judge0_language_set *set)
{
    struct listing *l = ctx;
    l->look = NULL;
    for (size_t i = 0; i < l->piece_count; i++) {
        buf_add_str(&l->text, l->some ? "," : "");
        l->some = true;
        if (!submission_write(l->j->api->config, set, l->piece[i], l->asked.fields, l->asked.base64,
                              &l->text)) {
            fail(l, UNSHOWABLE_MANY);
            return;
        }
        if (l->text.len > ANSWER_BYTES_MAX) {
            fail(l, TOO_LARGE);
            return;
        }
    }
    piece_drop(l);
    if (l->left > 0) {
        ask_piece(l);
    } else {
        finish(l);
    }
}

static void write_piece(struct listing *l)
{
    const struct api *api = l->j->api;
    if (!fields_need_languages(l->asked.fields)) {
        on_languages(l, NULL);
        return;
    }
    struct judge0_languages_wait *look = judge0_languages_look(
        api->runtimes, (enum judge0_flavour)api->config->judge0_flavour, on_languages, l);
    if (look != NULL) { /* else it went on already, and may be over */
        l->look = look;
    }
}

static void on_piece(void *ctx, struct execution *const *all, size_t count, uint64_t total,
                     const struct err *e)
{
    struct listing *l = ctx;
    l->call = NULL;
    if (e != NULL) {
        judge0_respond_refusal(l->request, e);
        listing_free(l);
        return;
    }
    if (!l->some) {
        l->total = total;
    }
    for (size_t i = 0; i < count && l->left > 0; i++) {
        if (all[i] != NULL && (l->last_seq == 0 || all[i]->seq < l->last_seq)) {
            l->piece[l->piece_count++] = execution_ref(all[i]);
            l->last_seq = all[i]->seq;
            l->left--;
        }
    }
    l->offset += count;
    l->left = count < PIECE ? 0 : l->left;
    write_piece(l);
}

static void ask_piece(struct listing *l)
{
    const struct caller *caller = gate_caller(l->request);
    const struct store_filter filter = {.dialect = JUDGE0_DIALECT,
                                        .caller = gate_sees_all(caller) ? NULL : caller->name,
                                        .offset = l->offset,
                                        .limit = PIECE};
    l->call = store_list(l->j->api->store, &filter, fields_parts(l->asked.fields), on_piece, l);
}

/* As Ruby's to_i, but bounded; false: it is no page, and that is answered. */
static bool read_number(struct http_request *r, const json_t *params, const char *name,
                        int64_t usual, int64_t *ret)
{
    const json_t *v = json_object_get(params, name);
    int64_t number = usual;
    if (json_is_string(v)) {
        number = strtoll(json_string_value(v), NULL, 10);
    } else if (json_is_integer(v)) {
        number = json_integer_value(v);
    }
    if (number <= 0) {
        AUTO(buf_done) struct buf text = {0};
        buf_add_fmt(&text, "invalid %s: %" PRId64, name, number);
        judge0_respond_error(r, 400, text.data);
        return false;
    }
    *ret = number < INT32_MAX ? number : INT32_MAX; /* so that their product is no overflow */
    return true;
}

void submission_list(struct http_request *r, void *ctx)
{
    AUTO(asked_done) struct asked asked = {0};
    int64_t page = 0, per_page = 0;
    if (!filters_pass(r, ctx, FILTER_AUTHZ | FILTER_FIELDS, &asked) ||
        !read_number(r, asked.params, "page", 1, &page) ||
        !read_number(r, asked.params, "per_page", PER_PAGE, &per_page)) {
        return;
    }
    struct listing *l = xcalloc(1, sizeof(*l));
    l->j = ctx;
    l->request = r;
    l->asked = TAKE(&asked, (struct asked){0});
    l->page = page;
    l->per_page = per_page;
    l->offset = (uint64_t)(page - 1) * (uint64_t)per_page;
    l->left = (uint64_t)per_page;
    buf_add_str(&l->text, "{\"submissions\":[");
    http_on_gone(r, on_gone, l);
    ask_piece(l);
}
