/* SPDX-License-Identifier: Apache-2.0 */
#include "api/piston/piston.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/gate.h"
#include "api/json.h"
#include "api/piston/package_book.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"
#include "http/http.h"

/* "text/plain; charset=utf-8" is "text/plain". */
static bool media_type_is(const char *content_type, const char *name)
{
    size_t len = strlen(name);
    if (content_type == NULL || strncasecmp(content_type, name, len) != 0) {
        return false;
    }
    return content_type[len] == '\0' || strchr("; \t", content_type[len]) != NULL;
}

/*
 * A page of any site may send text/plain to a server on its reader's machine without being asked
 * first; then the browser names the page in Origin.  Scripts that forget the type do not.
 */
static bool is_plain_json(struct http_request *r)
{
    return http_header(r, "Origin") == NULL &&
           media_type_is(http_header(r, "Content-Type"), "text/plain");
}

json_t *piston_body(struct http_request *r)
{
    size_t len;
    const char *text = http_body(r, &len);
    struct err e = {0};
    AUTO(json_freep) json_t *body = NULL;
    bool is_json =
        media_type_is(http_header(r, "Content-Type"), "application/json") || is_plain_json(r);
    if (!is_json || len == 0) {
        return json_object();
    }
    if (json_parse(text, len, &body, &e) < 0) {
        json_respond_message(r, 400, "%s", e.text);
        return NULL;
    }
    if (json_is_array(body)) {
        return json_object();
    }
    if (!json_is_object(body)) {
        json_respond_message(r, 400, "bad JSON: the body must be an object");
        return NULL;
    }
    return TAKE(&body, NULL);
}

/* Comes before routing, as in Piston: a POST with another type is 415 also where there is no route.
 */
static bool type_refused(struct http_request *r)
{
    static const char *const without_body[] = {"GET", "HEAD", "OPTIONS", NULL};
    const char *type = http_header(r, "Content-Type");
    bool newer = strncasecmp(http_path(r), "/api/v2", strlen("/api/v2")) == 0;
    if (!newer || strv_has((char *const *)(uintptr_t)without_body, http_method_name(r)) ||
        (type != NULL && str_starts(type, "application/json")) || is_plain_json(r)) {
        return false;
    }
    json_respond_message(r, 415, "requests must be of type application/json");
    return true;
}

static void refuse(struct http_request *r, unsigned status, const char *text, void *ctx)
{
    (void)ctx;
    json_respond_message(r, status, "%s", text);
}

static bool refused(struct http_request *r, void *ctx)
{
    const struct piston *p = ctx;
    const struct gate_rules rules = {
        .allow_origin = p->api->config->piston_allow_origin,
        .exposed =
            "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Request-Id",
        .remedy = "set piston.allow_origin",
        .refuse = refuse,
    };
    return !gate_pass(p->api->gate, r, &rules) || type_refused(r);
}

static void piston_error(struct http_request *r, unsigned status, const char *text, void *ctx)
{
    (void)ctx;
    if ((status == 404 || status == 405) && connect_nowhere(r)) {
        return;
    }
    /* Express knows no 405, and Piston answers 400 to a body that is too large. */
    if (status == 404 || status == 405) {
        json_respond_message(r, 404, "Not Found");
    } else {
        json_respond_message(r, status == 413 ? 400 : status, "%s", text);
    }
}

static const struct http_route routes[] = {
    {HTTP_GET, "/api/v2/runtimes", runtimes_v2, ROUTE_ANY_CASE, "List the languages"},
    {HTTP_POST, "/api/v2/execute", execute_v2, ROUTE_RUN | ROUTE_ANY_CASE, "Run a program"},
    {HTTP_GET, "/api/v2/connect", connect_v2, ROUTE_RUN | ROUTE_ANY_CASE | ROUTE_WEBSOCKET,
     "Run a program, and talk to it"},
    {HTTP_GET, "/api/v2/packages", packages_list, ROUTE_ANY_CASE, "List the packages"},
    {HTTP_POST, "/api/v2/packages", package_install, ROUTE_ADMIN | ROUTE_ANY_CASE,
     "Install a package"},
    {HTTP_DELETE, "/api/v2/packages", package_uninstall, ROUTE_ADMIN | ROUTE_ANY_CASE,
     "Uninstall a package"},
    {HTTP_GET, "/api/v2/piston/runtimes", runtimes_v2, ROUTE_ANY_CASE, "The public gateway's path"},
    {HTTP_POST, "/api/v2/piston/execute", execute_v2, ROUTE_RUN | ROUTE_ANY_CASE,
     "The public gateway's path"},
    {HTTP_GET, "/api/v2/piston/connect", connect_v2, ROUTE_RUN | ROUTE_ANY_CASE | ROUTE_WEBSOCKET,
     "The public gateway's path"},
    {HTTP_GET, "/api/v2/piston/packages", packages_list, ROUTE_ANY_CASE,
     "The public gateway's path"},
    {HTTP_POST, "/api/v2/piston/packages", package_install, ROUTE_ADMIN | ROUTE_ANY_CASE,
     "The public gateway's path"},
    {HTTP_DELETE, "/api/v2/piston/packages", package_uninstall, ROUTE_ADMIN | ROUTE_ANY_CASE,
     "The public gateway's path"},
    {HTTP_GET, "/api/v1/runtimes", runtimes_v1, ROUTE_ANY_CASE, "As of April 2021"},
    {HTTP_POST, "/api/v1/execute", execute_v1, ROUTE_RUN | ROUTE_ANY_CASE, "As of April 2021"},
    {HTTP_GET, "/api/v1/packages", packages_list, ROUTE_ANY_CASE, "As of April 2021"},
    {HTTP_POST, "/api/v1/packages/{language}/{version}", package_install_v1,
     ROUTE_ADMIN | ROUTE_ANY_CASE, "As of April 2021"},
    {HTTP_DELETE, "/api/v1/packages/{language}/{version}", package_uninstall_v1,
     ROUTE_ADMIN | ROUTE_ANY_CASE, "As of April 2021"},
    {HTTP_POST, "/api/v1/piston/execute", execute_gateway, ROUTE_RUN | ROUTE_ANY_CASE,
     "The public gateway before 2021"},
    {HTTP_GET, "/api/v1/piston/versions", versions_gateway, ROUTE_ANY_CASE,
     "The public gateway before 2021"},
};

int piston_dialect(struct api *api, struct http_dialect *ret, struct err *e)
{
    static const char *const prefixes[] = {"/api/v2",         "/api/v1/runtimes",
                                           "/api/v1/execute", "/api/v1/packages",
                                           "/api/v1/piston",  NULL};
    struct limit_overrides *overrides = NULL;
    int r = limit_overrides_parse(api->config->limit_overrides, &overrides, e);
    if (r < 0) {
        return r;
    }
    struct piston *p = xcalloc(1, sizeof(*p));
    *p = (struct piston){api, overrides, package_book_new(api)};
    *ret = (struct http_dialect){
        "piston", prefixes, routes, ARRAY_LEN(routes), refused, piston_error, p, DIALECT_ORIGINS,
    };
    return 0;
}

void piston_dialect_done(struct http_dialect *d)
{
    struct piston *p = d->ctx;
    if (p != NULL) {
        package_book_free(p->book);
        limit_overrides_free(p->overrides);
        free(p);
    }
    d->ctx = NULL;
}
