/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte chooses: a target and its route, a Host with an Origin, an address to listen on,
 * or a compressed body.  What is accepted must keep what its header promises.
 */
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "fuzz.h"
#include "http/address.h"
#include "http/guard.h"
#include "http/host.h"
#include "http/inflate.h"
#include "http/router.h"

static void try_target(const char *text)
{
    static const char *const prefixes[] = {"/api", "/", NULL};
    static const struct http_route routes[] = {
        {HTTP_GET, "/api/{a}/x/{b}", NULL, ROUTE_ANY_CASE, ""},
        {HTTP_POST, "/api/x", NULL, 0, ""},
    };
    static const struct http_dialect dialect = {"", prefixes, routes, 2, NULL, NULL, NULL};
    static const struct http_dialect *const all[] = {&dialect};
    char path[300], host[300];
    if (!guard_target_ok(text, strlen(text)) ||
        !router_split_target(text, path, sizeof(path), host, sizeof(host))) {
        return;
    }
    if ((path[0] != '/' && strcmp(path, "*") != 0) || router_dialect(all, 1, path) != &dialect) {
        abort();
    }
    struct router_match m = router_find(&dialect, path, HTTP_GET);
    for (size_t i = 0; i < m.param_count; i++) {
        if (m.params[i].value[0] == '\0' || strlen(m.params[i].value) >= ROUTER_PARAM_MAX) {
            abort();
        }
    }
}

static void try_host(char *text)
{
    static const char *const none[] = {NULL};
    static const struct host_policy policy = {none, none, true};
    char host[HOST_MAX];
    unsigned port;
    char *origin = strchr(text, '\n');
    if (origin != NULL) {
        *origin++ = '\0';
        origin_allowed(origin, text, &policy);
    }
    if (host_allowed(text, &policy) && !host_parse(text, host, &port)) {
        abort();
    }
}

static void try_address(const char *text)
{
    struct address a, again;
    struct err e = {0};
    char shown[ADDRESS_TEXT_MAX];
    if (address_parse(text, &a, &e) == 0) {
        address_format(&a, shown);
        if (address_parse(shown, &again, &e) < 0 || memcmp(&a.sa, &again.sa, a.len) != 0) {
            abort();
        }
    }
}

static void try_inflate(enum coding coding, const uint8_t *data, size_t size)
{
    AUTO(buf_done) struct buf out = {0};
    struct err e = {0};
    struct inflate *i = inflate_new(coding);
    if (inflate_feed(i, data, size, &out, 1000, &e) == 0 && out.len > 1000) {
        abort();
    }
    inflate_free(i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    AUTO(mem_freep) char *text = xmemdup(data + 1, size - 1);
    switch (data[0] % 5) {
    case 0:
        try_target(text);
        break;
    case 1:
        try_host(text);
        break;
    case 2:
        try_address(text);
        break;
    default:
        try_inflate(data[0] % 5 == 3 ? CODING_GZIP : CODING_DEFLATE, data + 1, size - 1);
        break;
    }
    return 0;
}
