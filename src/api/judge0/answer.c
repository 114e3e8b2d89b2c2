/* SPDX-License-Identifier: Apache-2.0 */
#include "api/judge0/answer.h"

#include <stdlib.h>

#include "api/judge0/judge0.h"
#include "api/judge0/languages.h"
#include "api/judge0/submission.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "config/config.h"
#include "http/http.h"
#include "model/execution.h"

struct answer {
    struct judge0 *j;
    struct http_request *request;
    unsigned status;
    struct execution *x;
    field_mask fields;
    bool base64;
    struct judge0_languages_wait *look;
};

static void answer_free(struct answer *a)
{
    execution_unref(a->x);
    free(a);
}

static void on_gone(void *ctx)
{
    struct answer *a = ctx;
    judge0_languages_cancel(a->look);
    answer_free(a);
}

/* Who created it has nothing else to find it by than the token. */
static void respond_unshowable(const struct answer *a)
{
    if (a->status == 201) {
        judge0_respond(a->request, 201,
                       json_pack("{s:s,s:s}", "error", UNSHOWABLE_ONE, "token", a->x->id));
    } else {
        judge0_respond_error(a->request, 400, UNSHOWABLE_ONE);
    }
}

static void respond(const struct answer *a, const struct judge0_language_set *set)
{
    AUTO(buf_done) struct buf text = {0};
    if (submission_write(a->j->api->config, set, a->x, a->fields, a->base64, &text)) {
        judge0_respond_text(a->request, a->status, &text);
    } else {
        respond_unshowable(a);
    }
}

static void on_languages(void *ctx, const struct judge0_language_set *set)
{
    struct answer *a = ctx;
    respond(a, set);
    answer_free(a);
}

void answer_submission(struct judge0 *j, struct http_request *r, unsigned status,
                       struct execution *x, field_mask fields, bool base64)
{
    struct answer now = {j, r, status, x, fields, base64, NULL};
    if (!fields_need_languages(fields)) {
        respond(&now, NULL);
        return;
    }
    struct answer *a = xmemdup(&now, sizeof(now));
    execution_ref(x);
    http_on_gone(r, on_gone, a);
    struct judge0_languages_wait *look = judge0_languages_look(
        j->api->runtimes, (enum judge0_flavour)j->api->config->judge0_flavour, on_languages, a);
    if (look != NULL) { /* else it was answered, and `a` is no more */
        a->look = look;
    }
}
