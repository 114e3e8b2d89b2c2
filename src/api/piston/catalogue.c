/* SPDX-License-Identifier: Apache-2.0 */
/* The runtimes that there are, as runtimes and as packages. */
#include <stdlib.h>
#include <string.h>

#include "api/audit.h"
#include "api/json.h"
#include "api/piston/js.h"
#include "api/piston/piston.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "http/http.h"
#include "model/runtime.h"
#include "model/semver.h"
#include "runtimes/runtimes.h"

/* A request that waits for the list. */
struct listing {
    struct http_request *request;
    struct runtimes_wait *wait;
    void (*answer)(struct listing *l, struct runtime *const *all, size_t count);
    char *language, *version; /* of a package; or NULL */
};

static void listing_free(struct listing *l)
{
    free(l->language);
    free(l->version);
    free(l);
}

static void on_gone(void *ctx)
{
    struct listing *l = ctx;
    runtimes_cancel(l->wait);
    listing_free(l);
}

static void on_listed(void *ctx, struct runtime *const *all, size_t count)
{
    struct listing *l = ctx;
    l->wait = NULL;
    l->answer(l, all, count);
    listing_free(l);
}

static struct listing *listing_begin(struct http_request *r, struct piston *p,
                                     void (*answer)(struct listing *l, struct runtime *const *all,
                                                    size_t count))
{
    struct listing *l = xcalloc(1, sizeof(*l));
    l->request = r;
    l->answer = answer;
    http_on_gone(r, on_gone, l);
    l->wait = runtimes_list(p->api->runtimes, on_listed, l);
    return l;
}

/* Runtimes */

static json_t *runtime_v1(const struct runtime *rt)
{
    return json_pack("{s:s,s:s,s:o}", "language", rt->language, "version", rt->version, "aliases",
                     json_strv(rt->aliases));
}

static json_t *runtime_v2(const struct runtime *rt)
{
    json_t *o = runtime_v1(rt);
    if (rt->package != NULL) {
        json_object_set_new(o, "runtime", json_string(rt->package));
    }
    return o;
}

static json_t *runtime_gateway(const struct runtime *rt)
{
    return json_pack("{s:s,s:o,s:s}", "name", rt->language, "aliases", json_strv(rt->aliases),
                     "version", rt->version);
}

static void answer_all(struct listing *l, struct runtime *const *all, size_t count,
                       json_t *(*one)(const struct runtime *rt))
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, one(all[i]));
    }
    json_respond(l->request, 200, list);
}

static void answer_v2(struct listing *l, struct runtime *const *all, size_t count)
{
    answer_all(l, all, count, runtime_v2);
}

static void answer_v1(struct listing *l, struct runtime *const *all, size_t count)
{
    answer_all(l, all, count, runtime_v1);
}

static void answer_gateway(struct listing *l, struct runtime *const *all, size_t count)
{
    answer_all(l, all, count, runtime_gateway);
}

void runtimes_v2(struct http_request *r, void *ctx)
{
    listing_begin(r, ctx, answer_v2);
}

void runtimes_v1(struct http_request *r, void *ctx)
{
    listing_begin(r, ctx, answer_v1);
}

void versions_gateway(struct http_request *r, void *ctx)
{
    listing_begin(r, ctx, answer_gateway);
}

/* Packages: every runtime is one, and installed. */

static const char *package_name(const struct runtime *rt)
{
    return rt->package != NULL ? rt->package : rt->language;
}

static json_t *package_json(const struct runtime *rt)
{
    return json_pack("{s:s,s:s,s:b}", "language", package_name(rt), "language_version", rt->version,
                     "installed", 1);
}

/* A package that provides several languages is listed once. */
static bool listed_before(struct runtime *const *all, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(package_name(all[i]), package_name(all[index])) == 0 &&
            strcmp(all[i]->version, all[index]->version) == 0) {
            return true;
        }
    }
    return false;
}

static void answer_packages(struct listing *l, struct runtime *const *all, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        if (!listed_before(all, i)) {
            json_array_append_new(list, package_json(all[i]));
        }
    }
    json_respond(l->request, 200, list);
}

void packages_list(struct http_request *r, void *ctx)
{
    listing_begin(r, ctx, answer_packages);
}

static bool is_there(const struct listing *l, struct runtime *const *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct semver version;
        if (strcmp(package_name(all[i]), l->language) == 0 &&
            semver_parse(all[i]->version, &version) && semver_satisfies(&version, l->version)) {
            return true;
        }
    }
    return false;
}

/* Piston's words first: clients look for them. */
static void answer_install(struct listing *l, struct runtime *const *all, size_t count)
{
    if (is_there(l, all, count)) {
        json_respond_message(l->request, 500, "Already installed");
        return;
    }
    json_respond_message(
        l->request, 404,
        "Requested package %s-%s does not exist: this version of belljar runs the languages of its "
        "host, installing packages comes with a later one",
        l->language, l->version);
}

static void answer_uninstall(struct listing *l, struct runtime *const *all, size_t count)
{
    if (!is_there(l, all, count)) {
        json_respond_message(l->request, 404, "Requested package %s-%s does not exist", l->language,
                             l->version);
        return;
    }
    json_respond_message(l->request, 501,
                         "%s-%s belongs to the host: remove it with the host's package manager; "
                         "packages that belljar "
                         "installs itself come with a later version",
                         l->language, l->version);
}

static void package_begin(struct http_request *r, struct piston *p, bool install, char *language,
                          char *version)
{
    struct listing *l = listing_begin(r, p, install ? answer_install : answer_uninstall);
    l->language = language;
    l->version = version;
    AUTO(mem_freep) char *package = xasprintf("%s-%s", language, version);
    audit_say(p->api, r, install ? "installs a package" : "removes a package", package);
}

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
    return text.data != NULL ? buf_take(&text) : xstrdup("");
}

static void package_from_body(struct http_request *r, struct piston *p, bool install)
{
    AUTO(json_freep) json_t *body = piston_body(r);
    if (body != NULL) {
        package_begin(r, p, install, printed(body, "language"), printed(body, "version"));
    }
}

void package_install(struct http_request *r, void *ctx)
{
    package_from_body(r, ctx, true);
}

void package_uninstall(struct http_request *r, void *ctx)
{
    package_from_body(r, ctx, false);
}

void package_install_v1(struct http_request *r, void *ctx)
{
    package_begin(r, ctx, true, xstrdup(http_param(r, "language")),
                  xstrdup(http_param(r, "version")));
}

void package_uninstall_v1(struct http_request *r, void *ctx)
{
    package_begin(r, ctx, false, xstrdup(http_param(r, "language")),
                  xstrdup(http_param(r, "version")));
}
