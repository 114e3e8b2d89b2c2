/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer that is given before the whole request arrived is held back until the rest
 * was read and dropped, so that the connection can go on.  Where there is too much to come, or
 * where nobody can tell what belongs to this request, the answer is written as the connection's
 * last words instead (peer.c).
 */
#include "http/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/guard.h"
#include "http/inflate.h"
#include "http/peer.h"
#include "http/response.h"
#include "http/server.h"
#include "http/wire.h"
#include "metrics/metrics.h"

/* Life */

void *request_begin(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct http_request *r = xcalloc(1, sizeof(*r));
    r->server = cls;
    r->peer = peer_of(connection);
    r->connection = connection;
    r->target_at = target != NULL ? target : "";
    r->target_len = strlen(r->target_at);
    r->target = xstrndup(r->target_at, GUARD_TARGET_MAX);
    r->path = xstrdup("");
    r->method_name = "";
    r->begun_ns = clock_mono_ns(&clock_system);
    ulid_make(clock_wall_ns(&clock_system) / NS_PER_MS, r->id);
    r->dialect = router_dialect(r->server->dialect_ptrs, r->server->dialect_count, "/");
    r->peer->request = r;
    r->peer->linger = true; /* until it has arrived whole */
    peer_expect_request(r->peer, r->server->config.header_timeout_s);
    r->server->open_requests++;
    return r;
}

static void body_drop(struct http_request *r)
{
    r->server->body_bytes -= r->body.cap;
    buf_done(&r->body);
    inflate_free(r->inflate);
    r->inflate = NULL;
}

static void request_free(struct http_request *r)
{
    if (r->wire != NULL) {
        r->wire->request = NULL;
        wire_lose(r->wire);
    }
    r->server->open_requests--;
    r->peer->request = NULL;
    http_set_data(r, NULL, NULL);
    body_drop(r);
    buf_done(&r->header_text);
    r->server->answer_bytes -= r->answer.len;
    free(r->answer.content_type);
    free(r->answer.body);
    free(r->target);
    free(r->target_host);
    free(r->path);
    free(r);
}

/* Without the query, which may hold a token. */
static char *path_shown(const struct http_request *r)
{
    return r->path[0] != '\0' ? xstrdup(r->path) : xstrndup(r->target, strcspn(r->target, "?"));
}

static void log_access(const struct http_request *r, enum MHD_RequestTerminationCode code)
{
    uint64_t ms = (clock_mono_ns(&clock_system) - r->begun_ns) / NS_PER_MS;
    AUTO(mem_freep) char *path = path_shown(r);
    bool left =
        code != MHD_REQUEST_TERMINATED_COMPLETED_OK && !r->must_drop && r->phase != REQUEST_TAKEN;
    LOG_INFO(r->server->log, left ? "client left" : "request", log_s("request", r->id),
             log_s("client", http_client(r)), log_s("method", r->method_name), log_s("path", path),
             log_i("status", r->answer.given ? (int64_t)r->answer.status : 0),
             log_i("ms", (int64_t)ms));
}

static void count(const struct http_request *r)
{
    struct metrics *m = r->server->config.metrics;
    const char *route = r->match.route != NULL ? r->match.route->path : "none";
    const char *method = r->method_name[0] != '\0' ? r->method_name : "none";
    char status[8];
    if (!r->answer.given) {
        return; /* it left before */
    }
    snprintf(status, sizeof(status), "%u", r->answer.status);
    metrics_add(m, METRIC_HTTP, METRIC_LABELS(method, route, status), 1);
    metrics_observe_ns(m, METRIC_HTTP_SECONDS, METRIC_LABELS(route), r->answered_ns - r->begun_ns);
}

void request_tell_gone(struct http_request *r)
{
    void (*gone)(void *ctx) = TAKE(&r->gone, NULL);
    if (gone != NULL) {
        gone(r->gone_ctx);
    }
}

static void tell_gone(struct http_request *r)
{
    r->phase = REQUEST_GONE;
    request_tell_gone(r);
}

void request_gone(struct http_request *r)
{
    if (r->phase == REQUEST_WAITING || r->held) {
        r->held = false;
        tell_gone(r);
        peer_hang_up(r->peer);
        MHD_resume_connection(r->connection);
    }
}

void request_completed(void *cls, struct MHD_Connection *connection, void **context,
                       enum MHD_RequestTerminationCode code)
{
    struct http_request *r = *context;
    (void)cls;
    (void)connection;

    if (r == NULL) {
        return;
    }
    if (r->phase == REQUEST_WAITING || (r->phase == REQUEST_BODY && !r->answer.given)) {
        tell_gone(r);
    }
    struct peer *p = r->peer;
    log_access(r, code);
    count(r);
    p->answered += r->phase == REQUEST_ANSWERED;
    p->linger = !r->whole;
    if (!p->taken) {
        peer_expect_request(p, p->server->config.keep_alive_s);
    }
    request_free(r);
    *context = NULL;
}

/* Refusals */

void request_refuse(struct http_request *r, unsigned status, const char *text)
{
    if (!r->answer.given) {
        r->dialect->error(r, status, text, r->dialect->ctx);
    }
}

void request_refuse_too_large(struct http_request *r)
{
    char text[128];
    snprintf(text, sizeof(text), "the request body is larger than %zu bytes (server.body_max)",
             r->server->config.body_max);
    request_refuse(r, 413, text);
}

static enum MHD_Result drop_connection(struct http_request *r)
{
    buf_clear(&r->peer->last_words);
    response_write(r, &r->peer->last_words);
    return MHD_NO;
}

/* The body */

static int body_add(struct http_request *r, const char *data, size_t len, struct err *e)
{
    size_t max = r->server->config.body_max;
    if (r->inflate != NULL) {
        return inflate_feed(r->inflate, data, len, &r->body, max, e);
    }
    if (len > max - r->body.len) {
        return err_set(e, ERR_LIMIT, "too large");
    }
    buf_add(&r->body, data, len);
    return 0;
}

static void keep_body(struct http_request *r, const char *data, size_t len)
{
    struct http_server *s = r->server;
    struct err e = {0};
    size_t before = r->body.cap;
    int result = body_add(r, data, len, &e);
    s->body_bytes += r->body.cap - before;
    if (result == -ERR_LIMIT) {
        request_refuse_too_large(r);
    } else if (result < 0) {
        request_refuse(r, 400, e.text);
    } else if (server_is_full(s)) {
        http_add_header(r, "Retry-After", "1");
        request_refuse(r, 503, "too many requests are being read: try again in a second");
    }
}

static void take_body(struct http_request *r, const char *data, size_t len)
{
    if (r->answer.given) {
        return;
    }
    if (r->sink.data != NULL) {
        request_sink(r, data, len);
    } else {
        keep_body(r, data, len);
    }
    if (r->answer.given) {
        body_drop(r);
        r->must_drop = true;
    }
}

/* The whole of it */

static void answer_options(struct http_request *r, const char *allow)
{
    http_add_header(r, "Allow", allow);
    http_respond(r, 200, "text/html; charset=utf-8", xstrdup(allow), strlen(allow));
}

static void dispatch(struct http_request *r)
{
    bool rails = (r->dialect->flags & DIALECT_RAILS) != 0;
    char allow[64];
    router_allow(r->match.methods, allow, sizeof(allow));
    if (r->match.methods == 0 || (rails && r->match.route == NULL)) {
        request_refuse(r, 404, "Not Found");
    } else if (strcmp(r->method_name, "OPTIONS") == 0) {
        answer_options(r, allow);
    } else if (r->match.route == NULL) {
        http_add_header(r, "Allow", allow);
        request_refuse(r, 405, "Method Not Allowed");
    } else if (r->sink.data != NULL) {
        r->sink.end(r->sink.ctx);
    } else if (r->then != NULL) {
        r->then(r, r->then_ctx);
    } else {
        r->match.route->handler(r, r->dialect->ctx);
    }
}

static void take_head(struct http_request *r, const char *method, const char *version)
{
    request_take_head(r, method, version);
    const struct http_route *route = r->match.route;
    if (r->answer.given || route == NULL || !(route->flags & ROUTE_HEAD)) {
        return;
    }
    r->undecided = true;
    route->handler(r, r->dialect->ctx);
}

static enum MHD_Result take_whole(struct http_request *r)
{
    struct err e = {0};
    r->whole = true;
    r->peer->linger = false;
    peer_expect_nothing(r->peer);
    if (!r->answer.given && r->inflate != NULL && inflate_end(r->inflate, &e) < 0) {
        request_refuse(r, 400, e.text);
    }
    if (!r->answer.given) {
        dispatch(r);
    }
    body_drop(r);
    if (r->answer.given) {
        return response_queue(r) ? MHD_YES : MHD_NO;
    }
    r->phase = REQUEST_WAITING;
    MHD_suspend_connection(r->connection);
    peer_now_waits(r->peer);
    return MHD_YES;
}

enum MHD_Result request_access(void *cls, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *data,
                               size_t *size, void **context)
{
    struct http_request *r = *context;
    (void)cls;
    (void)connection;
    (void)url;

    if (r->phase == REQUEST_HEAD) {
        take_head(r, method, version);
    } else if (r->phase == REQUEST_BODY && r->undecided) {
        request_hold(r);
        return MHD_YES;
    } else if (r->phase == REQUEST_BODY && *size > 0) {
        take_body(r, data, *size);
        *size = 0;
    } else if (r->phase == REQUEST_BODY) {
        return take_whole(r);
    } else {
        return r->phase == REQUEST_GONE || r->phase == REQUEST_TAKEN ? MHD_NO : MHD_YES;
    }
    return r->answer.given && r->must_drop ? drop_connection(r) : MHD_YES;
}
