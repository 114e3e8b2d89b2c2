/* SPDX-License-Identifier: Apache-2.0 */
/* Requests whose handler decides on the body before it is read. */
#include <stdio.h>

#include "http/peer.h"
#include "http/request.h"
#include "http/server.h"

/* Not in the first call of libmicrohttpd's, which would only be repeated. */
void request_hold(struct http_request *r)
{
    r->held = true;
    peer_expect_nothing(r->peer);
    MHD_suspend_connection(r->connection);
    peer_now_waits(r->peer);
}

void request_release(struct http_request *r)
{
    if (!r->undecided) {
        return;
    }
    r->undecided = false;
    r->must_drop = r->answer.given && !request_rest_is_small(r);
    if (!r->held) {
        return;
    }
    r->held = false;
    peer_expect_request(r->peer, r->server->config.header_timeout_s);
    MHD_resume_connection(r->connection);
    server_run_soon(r->server);
}

void http_read_whole(struct http_request *r, http_handler *then, void *ctx)
{
    r->then = then;
    r->then_ctx = ctx;
    request_release(r);
}

void http_read_by(struct http_request *r, const struct http_sink *sink, uint64_t max)
{
    r->sink = *sink;
    r->sink_max = max;
    request_release(r);
    peer_expect_body(r->peer);
}

void request_sink(struct http_request *r, const char *data, size_t len)
{
    r->sunk += len;
    if (r->sunk > r->sink_max) {
        char text[96];
        snprintf(text, sizeof(text), "the body is larger than %llu bytes",
                 (unsigned long long)r->sink_max);
        request_refuse(r, 413, text);
        request_tell_gone(r);
        return;
    }
    r->sink.data(r->sink.ctx, data, len);
}
