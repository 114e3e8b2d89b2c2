/* SPDX-License-Identifier: Apache-2.0 */
/* What can be run here. */
#include <stdlib.h>
#include <string.h>

#include "api/gate.h"
#include "api/json.h"
#include "api/native/native.h"
#include "api/native/schema.h"
#include "base/mem.h"
#include "base/strv.h"
#include "http/http.h"
#include "model/runtime.h"
#include "runtimes/runtimes.h"

struct listing {
    struct native *n;
    struct http_request *request;
    struct runtimes_wait *wait;
    char *name; /* of the one that was asked for, or NULL */
};

static void listing_free(struct listing *l)
{
    free(l->name);
    free(l);
}

static void on_gone(void *ctx)
{
    struct listing *l = ctx;
    runtimes_cancel(l->wait);
    listing_free(l);
}

/* --- one language ------------------------------------------------------------------------ */

/* All runtimes of one language: they follow one another. */
static size_t span_of(struct runtime *const *all, size_t count)
{
    size_t span = 1;
    while (span < count && strcmp(all[span]->language, all[0]->language) == 0) {
        span++;
    }
    return span;
}

static json_t *aliases_json(struct runtime *const *all, size_t count)
{
    char **names = NULL;
    for (size_t i = 0; i < count; i++) {
        for (char *const *alias = all[i]->aliases; alias != NULL && *alias != NULL; alias++) {
            if (!strv_has(names, *alias)) {
                strv_add(&names, *alias);
            }
        }
    }
    json_t *list = json_strv(names);
    strv_free(names);
    return list;
}

static json_t *versions_json(struct runtime *const *all, size_t count)
{
    json_t *list = json_array();
    for (size_t i = count; i > 0; i--) {
        const struct runtime *r = all[i - 1];
        json_array_append_new(list,
                              json_pack("{s:s,s:s}", "version", r->version, "runtime", r->source));
    }
    return list;
}

static json_t *limits_json(const struct listing *l, const struct runtime *runtime)
{
    struct limits compile, run;
    native_limits_usual(l->n->api->config, gate_caller(l->request), runtime, &compile, &run);
    return json_pack("{s:o,s:o}", "compile",
                     runtime_is_compiled(runtime) ? schema_limits_json(SCHEMA_COMPILE, &compile)
                                                  : json_null(),
                     "run", schema_limits_json(SCHEMA_LIMITS, &run));
}

static json_t *language_json(const struct listing *l, struct runtime *const *all, size_t count)
{
    const struct runtime *newest = all[count - 1];
    return json_pack("{s:s,s:o,s:o,s:b,s:o,s:o,s:o}", "name", newest->language, "aliases",
                     aliases_json(all, count), "versions", versions_json(all, count), "compiled",
                     runtime_is_compiled(newest), "file", json_string_or_null(newest->default_name),
                     "example", json_string_or_null(newest->hello), "limits",
                     limits_json(l, newest));
}

/* --- answers ----------------------------------------------------------------------------- */

static void answer_all(struct listing *l, struct runtime *const *all, size_t count)
{
    json_t *list = json_array();
    for (size_t at = 0; at < count;) {
        size_t span = span_of(all + at, count - at);
        json_array_append_new(list, language_json(l, all + at, span));
        at += span;
    }
    native_respond(l->request, 200, json_pack("{s:o}", "languages", list));
}

static bool is_named(struct runtime *const *all, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (runtime_has_name(all[i], name)) {
            return true;
        }
    }
    return false;
}

static void answer_one(struct listing *l, struct runtime *const *all, size_t count)
{
    for (size_t at = 0; at < count;) {
        size_t span = span_of(all + at, count - at);
        if (is_named(all + at, span, l->name)) {
            native_respond(l->request, 200, language_json(l, all + at, span));
            return;
        }
        at += span;
    }
    native_problem(l->request, 404,
                   "no such language is installed; GET /api/v1/languages lists those that are",
                   NULL);
}

static void on_listed(void *ctx, struct runtime *const *all, size_t count)
{
    struct listing *l = ctx;
    l->wait = NULL;
    if (l->name != NULL) {
        answer_one(l, all, count);
    } else {
        answer_all(l, all, count);
    }
    listing_free(l);
}

static void list(struct http_request *r, struct native *n, const char *name)
{
    struct listing *l = xcalloc(1, sizeof(*l));
    l->n = n;
    l->request = r;
    l->name = xstrdup(name);
    http_on_gone(r, on_gone, l);
    l->wait = runtimes_list(n->api->runtimes, on_listed, l);
}

void native_languages(struct http_request *r, void *ctx)
{
    list(r, ctx, NULL);
}

void native_language(struct http_request *r, void *ctx)
{
    list(r, ctx, http_param(r, "name"));
}
