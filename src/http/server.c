/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd has an epoll descriptor of its own, which our loop watches; MHD_run does what is
 * ready.  It says by MHD_get_timeout when it wants to be called again without an event: at once,
 * when bytes are left in its buffers, or when a connection has been idle too long.
 */
#include "http/server.h"

#include <stdlib.h>
#include <sys/epoll.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strv.h"
#include "http/linger.h"
#include "http/listener.h"
#include "http/peer.h"
#include "http/request.h"
#include "metrics/metrics.h"

/*
 * libmicrohttpd's pool for a request's head, a piece of its body and the answer's head.  A request
 * that waits keeps all of it, so it bounds what 10,000 of them cost; the largest head that guard.c
 * lets pass fits, with the entries of some fifty fields.
 */
#define CONNECTION_MEMORY (17 << 10)

static void server_run(void *ctx)
{
    struct http_server *s = ctx;
    MHD_UNSIGNED_LONG_LONG ms = 0;
    MHD_run(s->daemon);
    peers_tell_ends(s);
    loop_timer_cancel(&s->timer);
    if (MHD_get_timeout(s->daemon, &ms) != MHD_YES) {
        return;
    }
    if (ms == 0) {
        server_run_soon(s);
    } else {
        loop_timer_set(s->loop, &s->timer, loop_now_ns(s->loop) + ms * NS_PER_MS, server_run, s);
    }
}

void server_run_soon(struct http_server *s)
{
    if (!s->stopping) {
        loop_defer(s->loop, &s->again, server_run, s);
    }
}

static void on_ready(void *ctx, unsigned events)
{
    (void)events;
    server_run(ctx);
}

static int daemon_start(struct http_server *s, struct err *e)
{
    unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
                     MHD_ALLOW_UPGRADE |
                     MHD_USE_TURBO; /* it must leave the last words and the shutdown to us */
    /* Ours (peer.c) end first, but for clients that do not read their answer. */
    unsigned timeout_s =
        1 + (s->config.keep_alive_s > s->config.header_timeout_s ? s->config.keep_alive_s
                                                                 : s->config.header_timeout_s);
    s->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, request_access, s, MHD_OPTION_URI_LOG_CALLBACK, request_begin, s,
        MHD_OPTION_NOTIFY_COMPLETED, request_completed, s, MHD_OPTION_NOTIFY_CONNECTION,
        peer_notify, s, MHD_OPTION_CONNECTION_LIMIT, s->config.connections_max,
        MHD_OPTION_CONNECTION_TIMEOUT, timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        s->daemon != NULL ? MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (info == NULL) {
        return err_set(e, ERR_IO, "libmicrohttpd does not start");
    }
    return loop_io_add(s->loop, &s->ready_io, info->epoll_fd, EPOLLIN, on_ready, s, e);
}

static void dialects_copy(struct http_server *s, const struct http_dialect *const *dialects,
                          size_t count)
{
    s->dialects = xcalloc(count, sizeof(s->dialects[0]));
    s->dialect_ptrs = xcalloc(count, sizeof(struct http_dialect *));
    s->dialect_count = count;
    for (size_t i = 0; i < count; i++) {
        s->dialects[i] = *dialects[i];
        s->dialect_ptrs[i] = &s->dialects[i];
    }
}

static const char *const *list_copy(const char *const *list)
{
    return (const char *const *)strv_dup((char *const *)(uintptr_t)list);
}

static void list_free(const char *const *list)
{
    strv_free((char **)(uintptr_t)list);
}

static void server_freep(struct http_server **s)
{
    http_server_free(*s);
}

int http_server_new(struct loop *loop, const struct http_config *config,
                    const struct http_dialect *const *dialects, size_t dialect_count,
                    const struct log *log, struct http_server **ret, struct err *e)
{
    AUTO(server_freep) struct http_server *s = xcalloc(1, sizeof(*s));
    s->loop = loop;
    s->log = log;
    s->config = *config;
    s->config.listen = list_copy(config->listen);
    s->config.allowed_hosts = list_copy(config->allowed_hosts);
    list_init(&s->peers);
    list_init(&s->ended);
    list_init(&s->lingers);
    list_init(&s->wires);
    s->scratch = xmalloc(SCRATCH_SIZE);
    s->config.trusted_proxies = NULL; /* s->proxies has them */
    dialects_copy(s, dialects, dialect_count);
    int r = forwarded_proxies_parse(config->trusted_proxies, &s->proxies, e);
    if (r == 0) {
        r = daemon_start(s, e);
    }
    if (r == 0) {
        r = listeners_open(s, &s->listeners, e);
    }
    if (r < 0) {
        return r;
    }
    s->policy = (struct host_policy){
        .allowed = s->config.allowed_hosts,
        .addresses = (const char *const *)listeners_hosts(s->listeners),
        .any_address = listeners_any(s->listeners),
    };
    *ret = TAKE(&s, NULL);
    return 0;
}

/* libmicrohttpd must have no suspended connection when it stops. */
static void give_up_waiting(struct http_server *s)
{
    LIST_FOR_EACH (node, &s->peers) {
        struct peer *p = LIST_ITEM(node, struct peer, link);
        if (p->request != NULL) {
            request_gone(p->request);
        }
    }
}

void http_server_free(struct http_server *s)
{
    if (s == NULL) {
        return;
    }
    s->stopping = true;
    if (s->listeners != NULL) {
        listeners_close(s->listeners);
    }
    if (s->daemon != NULL) {
        give_up_waiting(s);
        loop_io_remove(&s->ready_io);
        MHD_stop_daemon(s->daemon);
    }
    wires_stop(s);
    linger_free_all(s);
    loop_timer_cancel(&s->timer);
    loop_defer_cancel(&s->again);
    listeners_free(s->listeners);
    list_free(s->config.listen);
    list_free(s->config.allowed_hosts);
    forwarded_proxies_done(&s->proxies);
    free(s->dialects);
    free(s->dialect_ptrs);
    free(s->scratch);
    free(s);
}

char *const *http_server_addresses(const struct http_server *s)
{
    return listeners_addresses(s->listeners);
}

void http_server_quiesce(struct http_server *s)
{
    s->quiesced = true;
    listeners_close(s->listeners);
    LIST_FOR_EACH (node, &s->peers) {
        struct peer *p = LIST_ITEM(node, struct peer, link);
        if (p->request == NULL) {
            peer_hang_up(p);
        }
    }
}

void http_server_end_streams(struct http_server *s)
{
    s->sent_away = true;
    wires_send_away(s);
}

static unsigned stream_count(const struct http_server *s)
{
    return s->wire_counts[WIRE_WEBSOCKET] + s->wire_counts[WIRE_EVENTS];
}

unsigned http_server_open_requests(const struct http_server *s)
{
    return s->open_requests + (s->sent_away ? stream_count(s) : 0);
}

unsigned server_connections(const struct http_server *s)
{
    return s->peer_count + stream_count(s);
}

bool server_has_stream_room(const struct http_server *s)
{
    unsigned max = s->config.connections_max;
    return stream_count(s) < max - max / 4;
}

bool server_is_full(const struct http_server *s)
{
    static const size_t least = (size_t)256 << 20;
    size_t many = 8 * s->config.body_max;
    return s->body_bytes > (many > least ? many : least);
}

void server_count_connections(const struct http_server *s)
{
    metrics_set(s->config.metrics, METRIC_HTTP_CONNECTIONS, METRIC_NO_LABELS,
                server_connections(s));
}
