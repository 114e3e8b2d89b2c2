/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An execution that was started elsewhere, watched on a WebSocket: the messages of a stream, and
 * nothing in.
 */
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "api/native/native.h"
#include "api/native/socket.h"
#include "api/native/watcher.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "http/http.h"
#include "http/websocket.h"
#include "model/execution.h"

#define MESSAGE_MAX 4096 /* none is expected */

struct watching {
    struct websocket *socket;
    struct watcher *watcher;
    char id[EXECUTION_ID_MAX + 1];
};

static bool send_text(const struct watching *w, const char *text, size_t len)
{
    return websocket_send(w->socket, WEBSOCKET_TEXT, NULL, 0, text, len);
}

static bool send_json(const struct watching *w, json_t *message)
{
    AUTO(mem_freep) char *text = json_dumps(message, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(message);
    return send_text(w, text, strlen(text));
}

static void end(struct watching *w, unsigned code, const char *reason)
{
    watcher_free(TAKE(&w->watcher, NULL));
    websocket_close(w->socket, code, reason);
}

/* --- out --------------------------------------------------------------------------------- */

static bool send_output(const struct watching *w, const struct trail_step *step)
{
    json_t *m =
        json_pack("{s:s,s:o}", "stream", step->stream == STREAM_STDERR ? "stderr" : "stdout",
                  "data", json_repaired(step->data, step->len));
    return send_json(w, socket_message("output", m));
}

static bool send_leg_over(const struct watching *w, const struct watcher_event *event)
{
    json_t *m = json_copy(event->place);
    json_object_update(m, event->stage);
    return send_json(w, socket_message("stage_finished", m));
}

static void send_finished(const struct watching *w, const struct execution *x)
{
    AUTO(buf_done) struct buf execution = {0}, text = {0};
    native_execution_write(x, &execution);
    buf_add_str(&text, "{\"type\":\"finished\",");
    buf_add(&text, execution.data + 1, execution.len - 1);
    send_text(w, text.data, text.len);
    websocket_close(w->socket, WEBSOCKET_NORMAL, "");
}

static bool on_event(void *ctx, const struct watcher_event *event)
{
    const struct watching *w = ctx;
    switch (event->step->event) {
    case TRAIL_LEG:
        return send_json(w, socket_message("stage", json_incref(event->place)));
    case TRAIL_OUTPUT:
        return send_output(w, event->step);
    case TRAIL_LEG_OVER:
        return send_leg_over(w, event);
    case TRAIL_FINISHED:
        break;
    }
    send_finished(w, event->execution);
    return true;
}

static void on_failed(void *ctx, const struct err *e)
{
    const struct watching *w = ctx;
    bool stops = e->kind == ERR_BUSY;
    unsigned status = socket_status(e);
    send_json(w, socket_error(status, e->text, NULL));
    websocket_close(w->socket, stops ? WEBSOCKET_GOING_AWAY : socket_code(status), "");
}

/* --- in ---------------------------------------------------------------------------------- */

static void on_message(void *ctx, enum websocket_kind kind, const char *data, size_t len)
{
    struct watching *w = ctx;
    (void)kind;
    (void)data;
    (void)len;
    if (w->watcher != NULL) {
        send_json(w, socket_error(400, "this stream is for reading: it takes no messages", NULL));
        end(w, socket_code(400), "");
    }
}

static void on_room(void *ctx)
{
    const struct watching *w = ctx;
    if (w->watcher != NULL) {
        watcher_go_on(w->watcher);
    }
}

static void on_closed(void *ctx, unsigned code)
{
    struct watching *w = ctx;
    (void)code;
    watcher_free(w->watcher);
    free(w);
}

/* --- its life ---------------------------------------------------------------------------- */

static bool on_open(void *ctx, struct http_request *r)
{
    static const struct websocket_config config = {MESSAGE_MAX, SOCKET_PROTOCOL};
    struct watching *w = ctx;
    const struct websocket_events events = {on_message, on_room, on_closed, w};
    w->socket = http_accept_websocket(r, &config, &events);
    if (w->socket != NULL) {
        send_json(w, json_pack("{s:s,s:s}", "type", "started", "id", w->id));
    }
    return w->socket != NULL;
}

static void on_gone(void *ctx)
{
    free(ctx);
}

void execution_watch(struct http_request *r, void *ctx)
{
    static const struct trail from_start = {0};
    if (!http_wants_websocket(r)) {
        http_add_header(r, "Upgrade", "websocket");
        native_problem(r, 426, "this is a WebSocket; for events over HTTP there is .../events",
                       NULL);
        return;
    }
    struct watching *w = xcalloc(1, sizeof(*w));
    const struct watcher_sink sink = {on_open, on_event, on_failed, on_gone, w};
    strncpy(w->id, http_param(r, "id"), sizeof(w->id) - 1);
    w->watcher = watcher_new(ctx, r, &from_start, &sink);
}
