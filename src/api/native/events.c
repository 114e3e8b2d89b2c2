/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An execution as Server-Sent Events: stage, stdout, stderr, test, finished.  The id of each event
 * is the place behind it, so that Last-Event-ID goes on from there, whatever happened in between.
 */
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "api/native/native.h"
#include "api/native/watcher.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "http/event_stream.h"
#include "http/http.h"

struct events {
    struct event_stream *stream;
    struct watcher *watcher;
};

static bool send_json(const struct events *s, const char *event, const char *id, const json_t *data)
{
    AUTO(mem_freep) char *text = json_dumps(data, JSON_COMPACT | JSON_REAL_PRECISION(15));
    return event_stream_send(s->stream, event, id, text, strlen(text));
}

static bool send_output(const struct events *s, const struct watcher_event *event)
{
    const struct trail_step *step = event->step;
    AUTO(json_freep) json_t *data = json_copy(event->place);
    json_object_set_new(data, "data", json_repaired(step->data, step->len));
    return send_json(s, step->stream == STREAM_STDERR ? "stderr" : "stdout", event->id, data);
}

/* Of a compilation and of a single run `finished` tells how they ended. */
static bool send_test(const struct events *s, const struct watcher_event *event)
{
    if (json_object_get(event->place, "test") == NULL) {
        return true;
    }
    AUTO(json_freep) json_t *data = json_copy(event->place);
    json_object_update(data, event->stage);
    return send_json(s, "test", event->id, data);
}

static void send_finished(const struct events *s, const struct watcher_event *event)
{
    AUTO(buf_done) struct buf text = {0};
    native_execution_write(event->execution, &text);
    event_stream_send(s->stream, "finished", event->id, text.data, text.len);
    event_stream_end(s->stream);
}

static bool on_event(void *ctx, const struct watcher_event *event)
{
    const struct events *s = ctx;
    switch (event->step->event) {
    case TRAIL_LEG:
        return send_json(s, "stage", event->id, event->place);
    case TRAIL_OUTPUT:
        return send_output(s, event);
    case TRAIL_LEG_OVER:
        return send_test(s, event);
    case TRAIL_FINISHED:
        break;
    }
    send_finished(s, event);
    return true;
}

static void on_room(void *ctx)
{
    const struct events *s = ctx;
    watcher_go_on(s->watcher);
}

static void on_closed(void *ctx)
{
    struct events *s = ctx;
    watcher_free(s->watcher);
    free(s);
}

static bool on_open(void *ctx, struct http_request *r)
{
    struct events *s = ctx;
    const struct event_stream_events events = {on_room, on_closed, s};
    s->stream = http_accept_event_stream(r, &events);
    return s->stream != NULL;
}

/* The client comes again, and goes on from where it was. */
static void on_failed(void *ctx, const struct err *e)
{
    const struct events *s = ctx;
    (void)e;
    event_stream_end(s->stream);
}

static void on_gone(void *ctx)
{
    free(ctx);
}

void execution_events(struct http_request *r, void *ctx)
{
    const char *last = http_header(r, "Last-Event-ID");
    struct trail from = {0};
    if (last == NULL) {
        last = http_query(r, "last_event_id"); /* for who cannot set headers */
    }
    if (last != NULL && !trail_read(last, &from)) {
        native_problem(r, 400, "Last-Event-ID is none that this server gave", NULL);
        return;
    }
    if (from.at == TRAIL_END) { /* it has all: a browser then asks no more */
        http_respond(r, 204, NULL, NULL, 0);
        return;
    }
    struct events *s = xcalloc(1, sizeof(*s));
    const struct watcher_sink sink = {on_open, on_event, on_failed, on_gone, s};
    s->watcher = watcher_new(ctx, r, &from, &sink);
}
