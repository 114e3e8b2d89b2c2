/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Piston's packages: what there is, and what is installed and uninstalled by the steward.
 *
 * A change is one waiting request: what the words mean is asked first (available), then what of it
 * is there, then the change itself.  Who leaves is forgotten; what was begun goes on.
 */
#include <stdlib.h>
#include <string.h>

#include "api/audit.h"
#include "api/json.h"
#include "api/packages.h"
#include "api/piston/js.h"
#include "api/piston/package_book.h"
#include "api/piston/package_rows.h"
#include "api/piston/piston.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/config.h"
#include "http/http.h"
#include "model/runtime.h"
#include "model/semver.h"
#include "runtimes/runtimes.h"

#define WORDS_MAX 64

/* --- the list --------------------------------------------------------------------------------- */

struct listing {
    struct piston *piston;
    struct http_request *request;
    struct package_wait *book;
    struct runtimes_wait *runtimes;
    json_t *available; /* NULL: nobody can tell */
};

static void listing_free(struct listing *l)
{
    package_book_cancel(l->book);
    runtimes_cancel(l->runtimes);
    json_decref(l->available);
    free(l);
}

static void listing_gone(void *ctx)
{
    listing_free(ctx);
}

static void listing_answer(void *ctx, struct runtime *const *all, size_t count)
{
    struct listing *l = ctx;
    struct http_request *r = l->request;
    json_t *rows = package_rows(l->available, all, count);
    l->runtimes = NULL;
    listing_free(l);
    json_respond(r, 200, rows);
}

static void listing_go_on(void *ctx, const json_t *rows)
{
    struct listing *l = ctx;
    l->book = NULL;
    l->available = json_deep_copy(rows);
    l->runtimes = runtimes_list(l->piston->api->runtimes, listing_answer, l);
}

void packages_list(struct http_request *r, void *ctx)
{
    struct listing *l = xcalloc(1, sizeof(*l));
    *l = (struct listing){.piston = ctx, .request = r};
    http_on_gone(r, listing_gone, l);
    l->book = package_book_read(l->piston->book, r, listing_go_on, l);
}

/* --- a change --------------------------------------------------------------------------------- */

struct change {
    struct piston *piston;
    struct http_request *request;
    bool install;
    bool handed;        /* to the steward, who writes it down */
    char *name, *range; /* as they came */
    struct packages_ask *ask;
    struct runtimes_wait *runtimes;
    json_t *found; /* what the words mean */
};

/* A call that came to no change is an act, too. */
static void change_free(struct change *c)
{
    if (!c->handed) {
        AUTO(mem_freep) char *package = xasprintf("%s-%s", c->name, c->range);
        audit_say(c->piston->api, c->request,
                  c->install ? "installs a package" : "removes a package", package);
    }
    packages_forget(c->ask);
    runtimes_cancel(c->runtimes);
    json_decref(c->found);
    free(c->name);
    free(c->range);
    free(c);
}

static void change_gone(void *ctx)
{
    change_free(ctx);
}

static void finish(struct change *c, unsigned status, json_t *answer)
{
    struct http_request *r = c->request;
    change_free(c);
    json_respond(r, status, answer);
}

static void fail(struct change *c, unsigned status, const char *text)
{
    finish(c, status, json_pack("{s:o}", "message", json_repaired(text, strlen(text))));
}

static void no_such(struct change *c)
{
    AUTO(mem_freep)
    char *text = xasprintf("Requested package %s-%s does not exist", c->name, c->range);
    fail(c, 404, text);
}

static const json_t *chosen_of(const struct change *c)
{
    return json_object_get(c->found, "chosen");
}

/* Of the steward's, or of what it started. */
static void fail_as_told(struct change *c, const struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    if (e->kind == ERR_BUSY) {
        http_add_header(c->request, "Retry-After", "10");
        fail(c, 503, e->text);
        return;
    }
    package_failure(e->text, chosen_of(c), &text);
    fail(c, 500, text.data ? text.data : "");
}

static void ask(struct change *c, enum steward_op op, const struct packages_word *words,
                size_t count, void (*end)(void *ctx, const json_t *last))
{
    const struct packages_question question = {
        .op = op, .words = words, .word_count = count, .by = c->request};
    const struct packages_events events = {.end = end, .ctx = c};
    c->ask = packages_ask(c->piston->api->packages, &question, &events);
}

/* --- the change itself ------------------------------------------------------------------------ */

static const char *text_of(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    return text ? text : "";
}

static bool was_made(const json_t *last)
{
    size_t i;
    const json_t *one;
    json_array_foreach(json_object_get(last, "installed"), i, one)
    {
        if (json_is_true(json_object_get(one, "made"))) {
            return true;
        }
    }
    return false;
}

static void on_changed(void *ctx, const json_t *last)
{
    struct change *c = ctx;
    struct err e;
    c->ask = NULL;
    runtimes_read_installed(c->piston->api->runtimes);
    package_book_forget(c->piston->book);
    c->handed = !packages_refused(last);
    if (packages_error(last, &e) < 0) {
        fail_as_told(c, &e);
        return;
    }
    if (c->install && !was_made(last)) { /* somebody else was faster */
        fail(c, 500, "Already installed");
        return;
    }
    const json_t *all = json_object_get(last, c->install ? "installed" : "removed");
    finish(c, 200,
           json_pack("{s:s, s:s}", "language", c->name, "version",
                     text_of(json_array_get(all, 0), "version")));
}

/* `key` of each row is a word that means just this one. */
static void change_all(struct change *c, enum steward_op op, const json_t *rows, const char *key)
{
    struct packages_word words[WORDS_MAX];
    size_t count = 0, i;
    const json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (count < WORDS_MAX) {
            words[count++] = (struct packages_word){STEWARD_PACKAGE, text_of(row, key)};
        }
    }
    c->handed = true;
    ask(c, op, words, count, on_changed);
}

/* --- what is there ---------------------------------------------------------------------------- */

static void install_listed(void *ctx, struct runtime *const *all, size_t count)
{
    struct change *c = ctx;
    c->runtimes = NULL;
    if (packages_are_there(chosen_of(c), all, count, c->range)) {
        fail(c, 500, "Already installed");
    } else {
        change_all(c, STEWARD_INSTALL, chosen_of(c), "word");
    }
}

static void uninstall_listed(void *ctx, struct runtime *const *all, size_t count)
{
    struct change *c = ctx;
    const char *version = text_of(json_array_get(chosen_of(c), 0), "language_version");
    const struct runtime *hosts = package_of_host(all, count, c->name, c->range);
    AUTO(mem_freep)
    char *text = hosts ? xasprintf("%s-%s belongs to the host: remove it with the host's package "
                                   "manager",
                                   c->name, hosts->version)
                       : xasprintf("%s-%s is not installed", c->name, version);
    c->runtimes = NULL;
    if (!hosts && !chosen_of(c)) {
        no_such(c);
    } else {
        fail(c, hosts ? 501 : 500, text);
    }
}

/* --- what the words mean ---------------------------------------------------------------------- */

/* ERR_NOT_FOUND: nothing.  Of what is to be removed an error of the index says nothing. */
static int chosen_error(const struct change *c, struct err *e)
{
    const json_t *error = json_object_get(c->found, "chosen_error");
    const char *kind = text_of(error, "kind");
    if (!error || !c->install) {
        return 0;
    }
    if (strcmp(kind, "not_found") == 0 || strcmp(kind, "invalid") == 0) {
        return err_set(e, ERR_NOT_FOUND, "there is no such package");
    }
    return err_set(e, ERR_IO, "%s", text_of(error, "message"));
}

static void fail_index(struct change *c, const struct err *e)
{
    AUTO(mem_freep)
    char *text =
        xasprintf("request to %s failed, reason: %s", c->piston->api->config->piston_repo, e->text);
    fail(c, 500, text);
}

static void on_found(void *ctx, const json_t *last)
{
    struct change *c = ctx;
    struct err e;
    int r = packages_error(last, &e);
    c->ask = NULL;
    c->found = json_deep_copy(last);
    if (r == -ERR_INVALID) { /* no name of anything */
        no_such(c);
        return;
    }
    if (r < 0) {
        fail_as_told(c, &e);
        return;
    }
    r = chosen_error(c, &e);
    const json_t *installed = json_object_get(c->found, "installed");
    if (r == -ERR_NOT_FOUND) {
        no_such(c);
    } else if (r < 0) {
        fail_index(c, &e);
    } else if (!c->install && installed) {
        change_all(c, STEWARD_REMOVE, installed, "id");
    } else {
        c->runtimes = runtimes_list(c->piston->api->runtimes,
                                    c->install ? install_listed : uninstall_listed, c);
    }
}

/* A set, or a range in the name, is no package of Piston's. */
static bool may_be(const struct change *c)
{
    return c->name[0] != '\0' && strpbrk(c->name, "=@") == NULL && semver_range_valid(c->range);
}

/* A range that is any version has prereleases in it, too, when it is not said. */
static bool is_any(const char *range)
{
    return range[strspn(range, " ")] == '\0' || strcmp(range, "*") == 0;
}

static void change_begin(struct http_request *r, struct piston *p, bool install, char *name,
                         char *range)
{
    struct change *c = xcalloc(1, sizeof(*c));
    *c = (struct change){
        .piston = p, .request = r, .install = install, .name = name, .range = range};
    http_on_gone(r, change_gone, c);
    if (!may_be(c)) {
        no_such(c);
        return;
    }
    if (!p->api->packages) {
        fail(c, 500, "there is nobody here who installs packages");
        return;
    }
    AUTO(mem_freep) char *word = is_any(range) ? xstrdup(name) : xasprintf("%s=%s", name, range);
    const struct packages_word words[] = {{STEWARD_PACKAGE, word}};
    ask(c, STEWARD_AVAILABLE, words, 1, on_found);
}

/* --- handlers --------------------------------------------------------------------------------- */

/* As a JavaScript template prints it: a missing key is "undefined". */
static char *printed(const json_t *body, const char *key)
{
    struct buf text = {0};
    const json_t *value = json_object_get(body, key);
    if (value == NULL) {
        return xstrdup("undefined");
    }
    js_string(value, &text);
    buf_add_str(&text, "");
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\0') {
            text.data[i] = '?'; /* no name has either */
        }
    }
    return text.data != NULL ? buf_take(&text) : xstrdup("");
}

static void change_from_body(struct http_request *r, struct piston *p, bool install)
{
    AUTO(json_freep) json_t *body = piston_body(r);
    if (body != NULL) {
        change_begin(r, p, install, printed(body, "language"), printed(body, "version"));
    }
}

static void change_from_path(struct http_request *r, struct piston *p, bool install)
{
    change_begin(r, p, install, xstrdup(http_param(r, "language")),
                 xstrdup(http_param(r, "version")));
}

void package_install(struct http_request *r, void *ctx)
{
    change_from_body(r, ctx, true);
}

void package_uninstall(struct http_request *r, void *ctx)
{
    change_from_body(r, ctx, false);
}

void package_install_v1(struct http_request *r, void *ctx)
{
    change_from_path(r, ctx, true);
}

void package_uninstall_v1(struct http_request *r, void *ctx)
{
    change_from_path(r, ctx, false);
}
