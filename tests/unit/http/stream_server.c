/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server of http alone, for tests from outside:
 *
 *   stream_server PING_MS CONNECTIONS_MAX [TRUSTED_PROXY]
 *
 *   /echo    a WebSocket that sends back what comes; "pause" and "resume" it, "close" closes it,
 *            "drop" ends it, "max:N" sets the largest message
 *   /flood   a WebSocket that sends binary messages of 64 KiB until "stop" comes
 *   /events  an event stream: ?count=N events, then its end; without, it stays
 *   /wait    a request that waits until its client leaves
 *   /large   an answer of ?bytes=N
 *   /client  the client's address
 *   /counts  what is open: {"streams":N,"waiting":N}
 *
 * It says its port on standard output, and ends at the end of standard input.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "http/event_stream.h"
#include "http/http.h"
#include "http/websocket.h"

#define MESSAGE_MAX ((size_t)1 << 20)
#define PIECE       65536

struct app {
    struct loop *loop;
    struct http_server *server;
    unsigned streams, waiting;
    bool draining;
    struct loop_io input;
    struct loop_timer look;
};

struct stream {
    struct app *app;
    struct websocket *w;
    struct event_stream *e;
    unsigned sent, wanted;
    bool stopped;
    struct loop_defer start;
};

static struct stream *stream_new(struct app *app)
{
    struct stream *s = xcalloc(1, sizeof(*s));
    s->app = app;
    app->streams++;
    return s;
}

static void stream_free(struct stream *s)
{
    loop_defer_cancel(&s->start);
    s->app->streams--;
    free(s);
}

static void on_closed(void *ctx, unsigned code)
{
    (void)code;
    stream_free(ctx);
}

/* --- echo -------------------------------------------------------------------------------- */

static void echo_message(void *ctx, enum websocket_kind kind, const char *data, size_t len)
{
    struct stream *s = ctx;
    if (strcmp(data, "pause") == 0) {
        websocket_pause(s->w);
    } else if (strcmp(data, "close") == 0) {
        websocket_close(s->w, 4001, "as you wish");
    } else if (strcmp(data, "drop") == 0) {
        websocket_drop(s->w);
        stream_free(s);
    } else if (str_starts(data, "max:")) {
        websocket_set_message_max(s->w, strtoul(data + 4, NULL, 10));
    } else if (!websocket_send(s->w, kind, NULL, 0, data, len)) {
        websocket_pause(s->w);
    }
}

static void echo_room(void *ctx)
{
    struct stream *s = ctx;
    websocket_resume(s->w);
}

static void echo(struct http_request *r, void *ctx)
{
    static const struct websocket_config config = {MESSAGE_MAX, "echo"};
    struct stream *s = stream_new(ctx);
    const struct websocket_events events = {echo_message, echo_room, on_closed, s};
    s->w = http_accept_websocket(r, &config, &events);
    if (s->w == NULL) {
        stream_free(s);
    }
}

/* --- flood ------------------------------------------------------------------------------- */

static void flood_room(void *ctx)
{
    static const char piece[PIECE];
    struct stream *s = ctx;
    while (!s->stopped && websocket_send(s->w, WEBSOCKET_BINARY, "\001", 1, piece, sizeof(piece))) {
    }
}

static void flood_message(void *ctx, enum websocket_kind kind, const char *data, size_t len)
{
    struct stream *s = ctx;
    (void)kind;
    (void)len;

    if (strcmp(data, "stop") == 0) {
        s->stopped = true;
        websocket_close(s->w, WEBSOCKET_NORMAL, NULL);
    } else {
        flood_room(s);
    }
}

static void flood(struct http_request *r, void *ctx)
{
    static const struct websocket_config config = {MESSAGE_MAX, NULL};
    struct stream *s = stream_new(ctx);
    const struct websocket_events events = {flood_message, flood_room, on_closed, s};
    s->w = http_accept_websocket(r, &config, &events);
    if (s->w == NULL) {
        stream_free(s);
    }
}

/* --- the rest ---------------------------------------------------------------------------- */

static void events_closed(void *ctx)
{
    stream_free(ctx);
}

static void events_room(void *ctx)
{
    struct stream *s = ctx;
    bool room = true;
    while (room && s->sent < s->wanted) {
        char id[16];
        snprintf(id, sizeof(id), "%u", ++s->sent);
        room = event_stream_send(s->e, "line", id, "one\ntwo", strlen("one\ntwo"));
    }
    if (s->wanted > 0 && s->sent == s->wanted) {
        event_stream_end(s->e);
    }
}

static unsigned long number(const struct http_request *r, const char *name)
{
    const char *text = http_query(r, name);
    return text != NULL ? strtoul(text, NULL, 10) : 0;
}

static void events(struct http_request *r, void *ctx)
{
    struct stream *s = stream_new(ctx);
    const struct event_stream_events e = {events_room, events_closed, s};
    s->wanted = (unsigned)number(r, "count");
    s->e = http_accept_event_stream(r, &e);
    loop_defer(s->app->loop, &s->start, events_room, s);
}

static void wait_gone(void *ctx)
{
    struct app *app = ctx;
    app->waiting--;
}

static void wait_here(struct http_request *r, void *ctx)
{
    struct app *app = ctx;
    app->waiting++;
    http_on_gone(r, wait_gone, app);
}

static void large(struct http_request *r, void *ctx)
{
    (void)ctx;
    size_t len = number(r, "bytes");
    http_respond(r, 200, "application/octet-stream", xcalloc(1, len + 1), len);
}

static void client(struct http_request *r, void *ctx)
{
    (void)ctx;
    const char *text = http_client(r);
    http_respond(r, 200, "text/plain", xstrdup(text), strlen(text));
}

static void counts(struct http_request *r, void *ctx)
{
    const struct app *app = ctx;
    char *text = xasprintf("{\"streams\":%u,\"waiting\":%u}", app->streams, app->waiting);
    http_respond(r, 200, "application/json", text, strlen(text));
}

static void error(struct http_request *r, unsigned status, const char *text, void *ctx)
{
    (void)ctx;
    http_respond(r, status, "text/plain", xstrdup(text), strlen(text));
}

static const struct http_route routes[] = {
    {HTTP_GET, "/echo", echo, ROUTE_WEBSOCKET, ""},
    {HTTP_GET, "/flood", flood, ROUTE_WEBSOCKET, ""},
    {HTTP_GET, "/events", events, 0, ""},
    {HTTP_GET, "/wait", wait_here, 0, ""},
    {HTTP_GET, "/large", large, 0, ""},
    {HTTP_GET, "/client", client, 0, ""},
    {HTTP_GET, "/counts", counts, 0, ""},
};

static void look(void *ctx)
{
    struct app *app = ctx;
    if (http_server_open_requests(app->server) == 0) {
        loop_stop(app->loop);
    } else {
        loop_timer_set(app->loop, &app->look, loop_now_ns(app->loop) + 10000000, look, app);
    }
}

/* A line: stop politely.  The end: at once. */
static void on_input(void *ctx, unsigned mask)
{
    struct app *app = ctx;
    char byte;
    (void)mask;

    if (read(STDIN_FILENO, &byte, 1) <= 0) {
        loop_stop(app->loop);
    } else if (!app->draining) {
        app->draining = true;
        http_server_quiesce(app->server);
        http_server_end_streams(app->server);
        look(app);
    }
}

static int serve(struct app *app, const struct http_config *config, struct err *e)
{
    static const char *const prefixes[] = {"/", NULL};
    const struct http_dialect d = {"test", prefixes, routes, ARRAY_LEN(routes),
                                   NULL,   error,    app,    0};
    const struct http_dialect *const dialects[] = {&d};
    int r = loop_new(&app->loop, e);
    if (r == 0) {
        r = http_server_new(app->loop, config, dialects, 1, NULL, &app->server, e);
    }
    if (r == 0) {
        r = loop_io_add(app->loop, &app->input, STDIN_FILENO, EPOLLIN, on_input, app, e);
    }
    if (r == 0) {
        printf("%s\n", strrchr(http_server_addresses(app->server)[0], ':') + 1);
        fflush(stdout);
        r = loop_run(app->loop, e);
    }
    return r;
}

int main(int argc, char **argv)
{
    static const char *const listen[] = {"127.0.0.1:0", NULL}, *const none[] = {NULL};
    const char *const proxies[] = {argc > 3 ? argv[3] : NULL, NULL};
    struct app app = {0};
    struct err e = {0};
    if (argc < 3) {
        return 2;
    }
    const struct http_config config = {
        .listen = listen,
        .listen_optional_from = 1,
        .body_max = MESSAGE_MAX,
        .connections_max = (unsigned)strtoul(argv[2], NULL, 10),
        .header_timeout_s = 2,
        .keep_alive_s = 60,
        .allowed_hosts = none,
        .trusted_proxies = proxies,
        .ping_ms = (unsigned)strtoul(argv[1], NULL, 10),
        .keepalive_s = 1,
    };
    int r = serve(&app, &config, &e);
    if (r < 0) {
        fprintf(stderr, "%s\n", e.text);
    }
    loop_io_remove(&app.input);
    loop_timer_cancel(&app.look);
    http_server_free(app.server);
    loop_free(app.loop);
    return r < 0 || app.streams > 0 || app.waiting > 0 ? 1 : 0;
}
