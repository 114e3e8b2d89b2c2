/* SPDX-License-Identifier: Apache-2.0 */
/* What handlers see of a request. */
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "http/peer.h"
#include "http/request.h"

const char *http_id(const struct http_request *r)
{
    return r->id;
}

const char *http_path(const struct http_request *r)
{
    return r->path;
}

const char *http_method_name(const struct http_request *r)
{
    return r->method_name;
}

const char *http_param(const struct http_request *r, const char *name)
{
    for (size_t i = 0; i < r->match.param_count; i++) {
        if (strcmp(r->match.params[i].name, name) == 0) {
            return r->match.params[i].value;
        }
    }
    return NULL;
}

const char *http_query(const struct http_request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_query_text(const struct http_request *r)
{
    const char *mark = strchr(r->target, '?');
    return mark != NULL ? mark + 1 : "";
}

const char *http_header(const struct http_request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

const char *http_body(const struct http_request *r, size_t *ret_len)
{
    *ret_len = r->body.len;
    return r->body.data != NULL ? r->body.data : "";
}

const char *http_client(const struct http_request *r)
{
    return r->forwarded[0] != '\0' ? r->forwarded : r->peer->client;
}

const struct http_route *http_route(const struct http_request *r)
{
    return r->match.route;
}

void http_set_data(struct http_request *r, void *data, void (*done)(void *data))
{
    if (r->data != NULL && r->data_done != NULL) {
        r->data_done(r->data);
    }
    r->data = data;
    r->data_done = done;
}

void *http_data(const struct http_request *r)
{
    return r->data;
}

void *http_take_data(struct http_request *r)
{
    return TAKE(&r->data, NULL);
}

uint64_t http_age_ns(const struct http_request *r)
{
    return clock_mono_ns(&clock_system) - r->begun_ns;
}

void http_on_gone(struct http_request *r, void (*gone)(void *ctx), void *ctx)
{
    r->gone = gone;
    r->gone_ctx = ctx;
}
