/* SPDX-License-Identifier: Apache-2.0 */
/* What is installed, and changes of it: /api/v1/admin/packages. */
#include "api/json.h"
#include "api/native/change.h"
#include "api/native/native.h"
#include "api/native/wishes.h"
#include "base/cleanup.h"
#include "http/http.h"

static const struct wish install_wishes[] = {
    {"packages", WISH_LIST, STEWARD_PACKAGE, true},
    {"with", WISH_LIST, STEWARD_LIBRARY, false},
    {"again", WISH_FLAG, STEWARD_AGAIN, false},
};
static const struct wish upgrade_wishes[] = {
    {"packages", WISH_LIST, STEWARD_PACKAGE, false},
    {"security", WISH_FLAG, STEWARD_SECURITY, false},
};
static const struct wish package_wishes[] = {
    {"packages", WISH_LIST, STEWARD_PACKAGE, true},
};
static const struct wish search_wishes[] = {
    {"package", WISH_TEXT, STEWARD_PACKAGE, false},
};

static void ask(struct native *n, struct http_request *r, enum steward_op op, struct wishes *w)
{
    if (w->errors != NULL) {
        native_problem_errors(r, TAKE(&w->errors, NULL));
        return;
    }
    const struct packages_question q = {
        .op = op, .words = w->words, .word_count = w->count, .by = r};
    change_ask(n, r, &q);
}

static void ask_by_body(struct native *n, struct http_request *r, enum steward_op op,
                        const struct wish *table, size_t count)
{
    AUTO(wishes_done) struct wishes w = {0};
    AUTO(json_freep) json_t *body = native_read_body(r);
    if (body != NULL) {
        wishes_of_body(&w, table, count, body);
        ask(n, r, op, &w);
    }
}

static void ask_by_query(struct native *n, struct http_request *r, enum steward_op op,
                         const struct wish *table, size_t count)
{
    AUTO(wishes_done) struct wishes w = {0};
    wishes_of_query(&w, table, count, r);
    ask(n, r, op, &w);
}

void native_packages_list(struct http_request *r, void *ctx)
{
    ask_by_query(ctx, r, STEWARD_LIST, NULL, 0);
}

void native_packages_available(struct http_request *r, void *ctx)
{
    ask_by_query(ctx, r, STEWARD_AVAILABLE, search_wishes, ARRAY_LEN(search_wishes));
}

void native_packages_outdated(struct http_request *r, void *ctx)
{
    ask_by_query(ctx, r, STEWARD_OUTDATED, upgrade_wishes, ARRAY_LEN(upgrade_wishes));
}

void native_packages_install(struct http_request *r, void *ctx)
{
    ask_by_body(ctx, r, STEWARD_INSTALL, install_wishes, ARRAY_LEN(install_wishes));
}

void native_packages_upgrade(struct http_request *r, void *ctx)
{
    ask_by_body(ctx, r, STEWARD_UPGRADE, upgrade_wishes, ARRAY_LEN(upgrade_wishes));
}

void native_packages_pin(struct http_request *r, void *ctx)
{
    ask_by_body(ctx, r, STEWARD_PIN, package_wishes, ARRAY_LEN(package_wishes));
}

void native_packages_unpin(struct http_request *r, void *ctx)
{
    ask_by_body(ctx, r, STEWARD_UNPIN, package_wishes, ARRAY_LEN(package_wishes));
}

/* Not every client sends a body with DELETE. */
void native_packages_remove(struct http_request *r, void *ctx)
{
    if (http_query(r, "packages") != NULL) {
        ask_by_query(ctx, r, STEWARD_REMOVE, package_wishes, ARRAY_LEN(package_wishes));
    } else {
        ask_by_body(ctx, r, STEWARD_REMOVE, package_wishes, ARRAY_LEN(package_wishes));
    }
}
