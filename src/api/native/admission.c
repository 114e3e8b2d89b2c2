/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A body becomes a request that may run: checked, its runtime found, its sources through the sieve.
 * Each step is taken whatever came of the one before it, so that all problems are told at once.
 */
#include <stdlib.h>
#include <string.h>

#include "api/gate.h"
#include "api/json.h"
#include "api/native/native.h"
#include "api/sieve.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/mem.h"
#include "metrics/metrics.h"
#include "model/runtime.h"
#include "model/semver.h"
#include "recipes/advice.h"
#include "runtimes/runtimes.h"

#define TEXT_NAME_MAX 48

struct native_admission {
    struct native *native;
    struct caller caller;
    enum native_use use;
    json_t *body;            /* also when it is no request */
    struct native_request q; /* zeroed when it is none */
    bool sound;
    json_t *errors; /* NULL: none */
    struct runtime *runtime;
    struct runtimes_wait *finding;
    struct sieve_check *look;
    char (*text_names)[TEXT_NAME_MAX]; /* of what the sieve looks at */
    native_admitted_fn *fn;
    void *ctx;
};

static void admission_free(struct native_admission *a)
{
    json_decref(a->body);
    json_decref(a->errors);
    native_request_done(&a->q);
    runtime_unref(a->runtime);
    free(a->text_names);
    free(a);
}

void native_admission_cancel(struct native_admission *a)
{
    if (a != NULL) {
        runtimes_cancel(a->finding);
        sieve_cancel(a->look);
        admission_free(a);
    }
}

/* Takes `more`. */
static void errors_add(struct native_admission *a, json_t *more)
{
    if (a->errors == NULL) {
        a->errors = more;
    } else {
        json_array_extend(a->errors, more);
        json_decref(more);
    }
}

static void error_add(struct native_admission *a, const char *path, const char *message)
{
    errors_add(a, json_pack("[{s:s,s:o}]", "path", path, "message",
                            json_repaired(message, strlen(message))));
}

static void admission_end(struct native_admission *a)
{
    if (a->errors != NULL) {
        a->fn(a->ctx, NULL, NULL, a->errors);
    } else {
        a->fn(a->ctx, &a->q, a->runtime, NULL);
    }
    admission_free(a);
}

/* --- the sieve --------------------------------------------------------------------------- */

struct texts {
    struct sieve_text *all;
    char (*names)[TEXT_NAME_MAX];
    struct buf *bytes;
    size_t count;
};

static void texts_done(struct texts *t)
{
    for (size_t i = 0; i < t->count; i++) {
        buf_done(&t->bytes[i]);
    }
    free(t->all);
    free(t->names);
    free(t->bytes);
}

static void text_add(struct texts *t, const char *name, const json_t *content,
                     const json_t *encoding)
{
    struct buf *bytes = &t->bytes[t->count];
    const char *text = json_string_value(content), *how = json_string_value(encoding);
    struct err ignored; /* it was told */
    if (text == NULL) {
        return;
    }
    buf_add_str(bytes, "");
    if (how == NULL || strcmp(how, "base64") != 0) {
        buf_add(bytes, text, json_string_length(content));
    } else if (base64_decode(text, json_string_length(content), bytes, &ignored) < 0) {
        buf_clear(bytes);
    }
    snprintf(t->names[t->count], sizeof(t->names[0]), "%s", name);
    t->all[t->count] = (struct sieve_text){t->names[t->count], bytes->data, bytes->len};
    t->count++;
}

static void texts_of(const json_t *body, struct texts *t)
{
    const json_t *files = json_object_get(body, "files");
    size_t room = json_array_size(files) + 1;
    t->all = xcalloc(room, sizeof(*t->all));
    t->names = xcalloc(room, sizeof(*t->names));
    t->bytes = xcalloc(room, sizeof(*t->bytes));
    text_add(t, "source", json_object_get(body, "source"), NULL);
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *file = json_array_get(files, i);
        char name[TEXT_NAME_MAX];
        snprintf(name, sizeof(name), "files[%zu].content", i);
        text_add(t, name, json_object_get(file, "content"), json_object_get(file, "encoding"));
    }
}

static void on_looked(void *ctx, const struct sieve_violation *all, size_t count)
{
    struct native_admission *a = ctx;
    a->look = NULL;
    if (count > 0) {
        metrics_add(a->native->api->metrics, METRIC_REFUSED, METRIC_LABELS("sieve"), 1);
    }
    for (size_t i = 0; i < count; i++) {
        error_add(a, a->text_names[all[i].text], all[i].message);
    }
    admission_end(a);
}

/* True: it goes on later. */
static bool admission_sieve(struct native_admission *a)
{
    struct sieve *sieve = a->native->api->sieve;
    if (!sieve_is_on(sieve)) {
        return false;
    }
    AUTO(texts_done) struct texts t = {0};
    texts_of(a->body, &t);
    if (t.count == 0) {
        return false;
    }
    a->look = sieve_look(sieve, t.all, t.count, on_looked, a);
    a->text_names = TAKE(&t.names, NULL);
    return true;
}

/* --- the runtime ------------------------------------------------------------------------- */

static const char *word_of(const json_t *v, const char *otherwise)
{
    const char *text = json_string_value(v);
    return text != NULL && strlen(text) == json_string_length(v) ? text : otherwise;
}

static const char *language_of(const struct native_admission *a)
{
    return word_of(json_object_get(a->body, "language"), "");
}

static const char *range_of(const struct native_admission *a)
{
    return word_of(json_object_get(a->body, "version"), "*");
}

static void add_remedy(struct runtimes *all, const char *language, const char *range,
                       struct buf *ret)
{
    AUTO(buf_done) struct buf remedy = {0};
    advice_remedy(runtimes_recipes(all), language, range, &remedy);
    if (remedy.len > 0) {
        buf_add_fmt(ret, " (%s)", remedy.data);
    }
}

static void error_add_missing(struct native_admission *a)
{
    bool known = false;
    AUTO(buf_done) struct buf text = {0};
    struct runtimes *all = a->native->api->runtimes;
    const char *language = language_of(a);
    struct runtime *other = runtimes_peek(all, language, "*", &known);
    if (other != NULL) {
        buf_add_fmt(&text, "no version of %.100s within \"%.100s\" is installed; there is %s",
                    language, range_of(a), other->version);
        add_remedy(all, language, range_of(a), &text);
        error_add(a, "version", text.data);
        runtime_unref(other);
        return;
    }
    buf_add_fmt(&text, "no language \"%.100s\" is installed", language);
    add_remedy(all, language, range_of(a), &text);
    buf_add_str(&text, "; GET /api/v1/languages lists those that are");
    error_add(a, "language", text.data);
}

/* Takes the runtime.  Whether it goes on later. */
static bool admission_go_on(struct native_admission *a, struct runtime *runtime)
{
    json_t *errors = NULL;
    a->runtime = runtime;
    if (runtime == NULL) {
        error_add_missing(a);
    } else if (a->sound && !native_request_fit(&a->q, &a->caller, runtime, &errors)) {
        errors_add(a, errors);
    }
    return admission_sieve(a);
}

static void on_found(void *ctx, struct runtime *found)
{
    struct native_admission *a = ctx;
    a->finding = NULL;
    if (!admission_go_on(a, found != NULL ? runtime_ref(found) : NULL)) {
        admission_end(a);
    }
}

/* Whether it goes on later. */
static bool admission_find(struct native_admission *a)
{
    struct runtimes *all = a->native->api->runtimes;
    const char *language = language_of(a);
    const char *range = semver_range_valid(range_of(a)) ? range_of(a) : "*"; /* that was told */
    bool known = false;
    if (language[0] == '\0') { /* likewise */
        return admission_sieve(a);
    }
    struct runtime *found = runtimes_peek(all, language, range, &known);
    if (found != NULL || known) {
        return admission_go_on(a, found);
    }
    a->finding = runtimes_find(all, language, range, on_found, a);
    return true;
}

struct native_admission *native_admit(struct native *n, const struct caller *caller,
                                      enum native_use use, json_t *body, native_admitted_fn *fn,
                                      void *ctx)
{
    struct native_admission *a = xcalloc(1, sizeof(*a));
    *a = (struct native_admission){.native = n, .use = use, .fn = fn, .ctx = ctx};
    if (caller != NULL) {
        a->caller = *caller;
    }
    a->body = json_incref(body);
    a->sound = native_request_read(n->api->config, &a->caller, use, body, &a->q, &a->errors);
    if (admission_find(a)) {
        return a;
    }
    admission_end(a);
    return NULL;
}
