/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body ends with the connection: a proxy chunks it for its own client, and one of HTTP/1.0
 * needs no other way.  Clients know by their last event whether it was whole.
 */
#include "http/event_stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "http/handshake.h"
#include "http/request.h"
#include "http/server.h"
#include "http/wire.h"
#include "metrics/metrics.h"

#define SILENCE_MS 15000
#define STALL_NS   (30 * NS_PER_S) /* without a byte that goes out, while the last of them should */
#define QUEUE_MAX  ((size_t)64 << 10)
#define COMMENT    ":\n\n"

struct event_stream {
    struct wire wire;
    struct event_stream_events events;
    struct loop_timer timer;
    struct loop_defer later;
    bool mute;  /* HEAD: there is no body */
    bool spoke; /* since the last tick */
    bool full, ending, told;
};

static struct event_stream *of(struct wire *wire)
{
    return CONTAINER_OF(wire, struct event_stream, wire);
}

static struct loop *loop_of(const struct event_stream *s)
{
    return s->wire.server->loop;
}

static void time_set(struct event_stream *s, loop_fn *fn, uint64_t ns)
{
    loop_timer_set(loop_of(s), &s->timer, loop_now_ns(loop_of(s)) + ns, fn, s);
}

static void fall(struct event_stream *s, enum wire_end how)
{
    wire_end(&s->wire, how);
    if (!s->told) {
        s->told = true;
        s->events.closed(s->events.ctx);
    }
}

static void say(struct event_stream *s, const char *data, size_t len)
{
    const struct iovec part = {(void *)(uintptr_t)data, len};
    s->spoke = true;
    wire_send(&s->wire, &part, 1);
}

/* A client never speaks: that it is there is known from its kernel, which must take the comments.
 */
static void on_tick(void *ctx)
{
    struct event_stream *s = ctx;
    unsigned configured = s->wire.server->config.ping_ms;
    unsigned silence_ms = configured > 0 ? configured : SILENCE_MS;
    if (s->wire.fd >= 0 && !wire_answers(&s->wire, silence_ms)) {
        fall(s, WIRE_RESET);
        return;
    }
    if (!s->spoke && wire_queued(&s->wire) == 0) {
        say(s, COMMENT, strlen(COMMENT));
    }
    s->spoke = false;
    time_set(s, on_tick, silence_ms * NS_PER_MS);
}

static void on_stall(void *ctx)
{
    fall(ctx, WIRE_RESET);
}

static void on_sent(void *ctx)
{
    fall(ctx, WIRE_LINGER);
}

static void end_when_sent(struct event_stream *s)
{
    if (s->wire.fd >= 0 && wire_queued(&s->wire) == 0) {
        loop_defer(loop_of(s), &s->later, on_sent, s);
    } else {
        time_set(s, on_stall, STALL_NS);
    }
}

/* --- the wire ---------------------------------------------------------------------------- */

static void on_taken(struct wire *wire, const char *extra, size_t len)
{
    struct event_stream *s = of(wire);
    (void)extra; /* another request: nobody answers it on this connection */
    (void)len;

    if (s->mute) {
        s->ending = true;
    }
    if (s->ending) {
        end_when_sent(s);
    } else {
        s->spoke = true;
        on_tick(s);
    }
}

static void on_readable(struct wire *wire)
{
    (void)wire; /* it is never watched for it */
}

static void on_wrote(struct wire *wire)
{
    struct event_stream *s = of(wire);
    if (s->ending) {
        end_when_sent(s);
    } else if (s->full && wire_queued(wire) == 0) {
        s->full = false;
        if (s->events.room != NULL) {
            s->events.room(s->events.ctx);
        }
    }
}

static void on_gone(struct wire *wire)
{
    fall(of(wire), WIRE_LINGER);
}

static void on_away(struct wire *wire)
{
    event_stream_end(of(wire));
}

static void on_freed(struct wire *wire)
{
    struct event_stream *s = of(wire);
    loop_timer_cancel(&s->timer);
    loop_defer_cancel(&s->later);
    free(s);
}

static const struct wire_ops ops = {WIRE_EVENTS, on_taken, on_readable, on_wrote,
                                    on_gone,     on_away,  on_gone,     on_freed};

struct event_stream *http_accept_event_stream(struct http_request *r,
                                              const struct event_stream_events *events)
{
    if (!handshake_has_room(r)) {
        return NULL;
    }
    struct event_stream *s = xcalloc(1, sizeof(*s));
    s->events = *events;
    s->mute = strcmp(http_method_name(r), "HEAD") == 0;
    http_add_header(r, "Cache-Control", "no-store");
    http_add_header(r, "X-Accel-Buffering", "no");
    wire_take_over(&s->wire, &ops, r, 200, "text/event-stream");
    return s;
}

/* --- its owner --------------------------------------------------------------------------- */

static void add_field(struct buf *b, const char *name, const char *value, size_t len)
{
    buf_add_str(b, name);
    buf_add(b, value, len);
    buf_add_char(b, '\n');
}

/* CR, LF and CRLF all end a line there: a field for each. */
static void add_lines(struct buf *b, const char *data, size_t len)
{
    const char *end = data + len;
    while (true) {
        const char *line = data;
        while (data < end && *data != '\n' && *data != '\r') {
            data++;
        }
        add_field(b, "data: ", line, (size_t)(data - line));
        if (data == end) {
            return;
        }
        data += end - data > 1 && data[0] == '\r' && data[1] == '\n' ? 2 : 1;
    }
}

bool event_stream_send(struct event_stream *s, const char *event, const char *id, const char *data,
                       size_t len)
{
    AUTO(buf_done) struct buf text = {0};
    if (s->ending || s->told || s->mute) {
        return true;
    }
    add_field(&text, "event: ", event, strlen(event));
    if (id != NULL) {
        add_field(&text, "id: ", id, strlen(id));
    }
    add_lines(&text, data, len);
    buf_add_char(&text, '\n');
    say(s, text.data, text.len);
    metrics_add(s->wire.server->config.metrics, METRIC_STREAM_BYTES, METRIC_LABELS("out"),
                (double)len);
    s->full = s->full || wire_queued(&s->wire) > QUEUE_MAX;
    return !s->full;
}

void event_stream_end(struct event_stream *s)
{
    if (!s->ending && !s->told) {
        s->ending = true;
        end_when_sent(s);
    }
}
