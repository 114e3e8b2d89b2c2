#pragma once
/*
 * event_stream - Server-Sent Events
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html) on a connection taken over from
 * http; the connection ends with the stream.
 *
 * A comment goes out every 15 s of silence.  Loop thread only; no callback comes from inside a
 * call, but for `closed` from http_server_free.
 */
#include <stdbool.h>
#include <stddef.h>

struct event_stream;
struct http_request;

struct event_stream_events {
    void (*room)(void *ctx);   /* as a websocket's */
    void (*closed)(void *ctx); /* once, last, also after event_stream_end */
    void *ctx;
};

/* From a handler, or later, instead of an answer; the request must not be used after it.  NULL: too
 * many streams are open, which is answered (503). */
struct event_stream *http_accept_event_stream(struct http_request *r,
                                              const struct event_stream_events *events);
/* `id` may be NULL; data: one line, or several.  False as websocket_send. */
bool event_stream_send(struct event_stream *s, const char *event, const char *id, const char *data,
                       size_t len);
void event_stream_end(struct event_stream *s); /* when all is sent */
