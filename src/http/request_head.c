/* SPDX-License-Identifier: Apache-2.0 */
/* A request's head: what is checked before its body is read. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "http/guard.h"
#include "http/inflate.h"
#include "http/peer.h"
#include "http/request.h"
#include "http/server.h"

#define DROP_MAX 65536 /* bytes of a refused body that are read for the connection's sake */

struct field_list {
    struct guard_field fields[GUARD_FIELDS_MAX + 1];
    size_t count;
};

static enum MHD_Result add_field(void *ctx, enum MHD_ValueKind kind, const char *name,
                                 size_t name_len, const char *value, size_t value_len)
{
    struct field_list *list = ctx;
    (void)kind;

    if (list->count <= GUARD_FIELDS_MAX) {
        list->fields[list->count++] = (struct guard_field){name, name_len, value, value_len};
    }
    return MHD_YES;
}

static bool guard_passes(struct http_request *r, const char *method, const char *version)
{
    struct field_list list = {.count = 0};
    MHD_get_connection_values_n(r->connection, MHD_HEADER_KIND, add_field, &list);
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    struct guard_head head = {
        .method = method,
        .method_len = strlen(method),
        .target = r->target,
        .target_at = r->target_at,
        .target_len = r->target_len,
        .version = version,
        .fields = list.fields,
        .field_count = list.count,
        .size = size != NULL ? size->header_size : 0,
    };
    struct guard_refusal refusal = guard_check(&head);
    if (refusal.status != 0) {
        r->must_drop = true;
        request_refuse(r, refusal.status, refusal.text);
    }
    return refusal.status == 0;
}

int http_check_origin(const struct http_request *r, struct err *e)
{
    const struct host_policy *policy = &r->server->policy;
    const char *origin = http_header(r, "Origin");
    if (!r->server->config.check_origin) {
        return 0;
    }
    if (r->host != NULL && !host_allowed(r->host, policy)) {
        return err_set(e, ERR_DENIED,
                       "host '%.100s' is not served here: add its name to server.allowed_hosts",
                       r->host);
    }
    if (origin != NULL && !origin_allowed(origin, r->host, policy)) {
        return err_set(e, ERR_DENIED,
                       "pages of origin '%.100s' may not use this server: add its host to "
                       "server.allowed_hosts",
                       origin);
    }
    return 0;
}

static bool origin_passes(struct http_request *r)
{
    struct err e = {0};
    if ((r->dialect->flags & DIALECT_ORIGINS) != 0 || http_check_origin(r, &e) == 0) {
        return true;
    }
    request_refuse(r, 403, e.text);
    return false;
}

static void name_method(struct http_request *r, const char *method)
{
    static const struct {
        const char *name;
        unsigned method;
    } table[] = {{"GET", HTTP_GET}, {"HEAD", HTTP_GET},      {"POST", HTTP_POST},
                 {"PUT", HTTP_PUT}, {"DELETE", HTTP_DELETE}, {"PATCH", HTTP_PATCH},
                 {"OPTIONS", 0}};
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (strcmp(table[i].name, method) == 0) {
            r->method_name = table[i].name;
            r->method = table[i].method;
        }
    }
}

static bool target_passes(struct http_request *r)
{
    char path[GUARD_TARGET_MAX + 1], host[HOST_MAX];
    if (!router_split_target(r->target, path, sizeof(path), host, sizeof(host))) {
        request_refuse(r, 400, "the request target is neither a path nor an http URL");
        return false;
    }
    free(r->path);
    r->path = xstrdup(path);
    r->host = http_header(r, "Host");
    if (host[0] != '\0') { /* RFC 9112, 3.2.2: it counts, not the Host field */
        r->target_host = xstrdup(host);
        r->host = r->target_host;
    }
    const struct http_dialect *d =
        router_dialect(r->server->dialect_ptrs, r->server->dialect_count, r->path);
    r->dialect = d != NULL ? d : r->dialect;
    r->match = router_find(r->dialect, r->path, r->method);
    return true;
}

static enum MHD_Result add_hops(void *ctx, enum MHD_ValueKind kind, const char *name,
                                const char *value)
{
    struct buf *hops = ctx;
    (void)kind;

    if (value != NULL && strcasecmp(name, "X-Forwarded-For") == 0) {
        buf_add_fmt(hops, "%s%s", hops->len > 0 ? "," : "", value);
    }
    return MHD_YES;
}

static void find_client(struct http_request *r)
{
    AUTO(buf_done) struct buf hops = {0};
    struct ip client;
    if (!r->peer->is_proxy) {
        return;
    }
    MHD_get_connection_values(r->connection, MHD_HEADER_KIND, add_hops, &hops);
    if (forwarded_client(&r->server->proxies, hops.data, http_header(r, "X-Real-IP"), &client)) {
        ip_format(&client, r->forwarded);
    }
}

static uint64_t content_length(const struct http_request *r)
{
    const char *text = http_header(r, "Content-Length");
    return text != NULL ? strtoull(text, NULL, 10) : 0;
}

static bool body_passes(struct http_request *r)
{
    enum coding coding = coding_parse(http_header(r, "Content-Encoding"));
    if (coding == CODING_UNKNOWN) {
        request_refuse(r, 415, "Content-Encoding must be gzip, deflate or identity");
        return false;
    }
    bool decides = r->match.route != NULL && (r->match.route->flags & ROUTE_HEAD);
    if (decides && coding != CODING_IDENTITY) {
        request_refuse(r, 415, "send it as it is, without Content-Encoding");
        return false;
    }
    if (!decides && content_length(r) > r->server->config.body_max) {
        request_refuse_too_large(r);
        return false;
    }
    if (coding != CODING_IDENTITY) {
        r->inflate = inflate_new(coding);
    }
    return true;
}

static bool dialect_passes(struct http_request *r)
{
    return r->dialect->before == NULL || !r->dialect->before(r, r->dialect->ctx);
}

bool request_rest_is_small(const struct http_request *r)
{
    return http_header(r, "Transfer-Encoding") == NULL && http_header(r, "Expect") == NULL &&
           content_length(r) <= DROP_MAX;
}

void request_take_head(struct http_request *r, const char *method, const char *version)
{
    name_method(r, method);
    r->is_http_1_0 = strcmp(version, "HTTP/1.0") == 0;
    find_client(r);
    if (guard_passes(r, method, version) && target_passes(r) && origin_passes(r) &&
        dialect_passes(r)) {
        body_passes(r);
    }
    r->phase = REQUEST_BODY;
    if (r->answer.given && !request_rest_is_small(r)) {
        r->must_drop = true;
    }
}
