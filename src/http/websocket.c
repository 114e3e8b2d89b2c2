/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes out is framed here, so that a message is written from its owner's memory; what comes is
 * read by websocket_reader.
 *
 *   OPEN     websocket_close, or a close frame, an error, the end of the connection
 *   closing  our close frame is sent, the other side's is awaited
 *   told     `closed` was called: nobody knows us any more
 *   leaving  what is queued goes out, then the connection ends
 */
#include "http/websocket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "http/handshake.h"
#include "http/request.h"
#include "http/server.h"
#include "http/websocket_frame.h"
#include "http/websocket_reader.h"
#include "http/wire.h"
#include "metrics/metrics.h"

#define PING_MS    15000
#define ANSWER_NS  (5 * NS_PER_S)  /* for the other side's close frame */
#define STALL_NS   (30 * NS_PER_S) /* without a byte that goes out, while the last of them should */
#define KEPT_SMALL ((size_t)64 << 10) /* which anyone may keep */
#define STATUS     101

struct websocket {
    struct wire wire;
    struct websocket_events events;
    struct websocket_reader *reader;
    size_t kept;       /* of what came in, as counted in the server's body_bytes */
    uint64_t large_ns; /* since when a large message comes; 0: none does */
    struct loop_timer timer;
    struct loop_defer later;
    uint64_t heard_ns;
    bool pinged;

    bool paused, full, closing, told, leaving;
};

static struct websocket *of(struct wire *wire)
{
    return CONTAINER_OF(wire, struct websocket, wire);
}

static struct loop *loop_of(const struct websocket *w)
{
    return w->wire.server->loop;
}

static void count_bytes(const struct websocket *w, const char *direction, size_t len)
{
    metrics_add(w->wire.server->config.metrics, METRIC_STREAM_BYTES, METRIC_LABELS(direction),
                (double)len);
}

/* --- out --------------------------------------------------------------------------------- */

static void frame_send(struct websocket *w, enum websocket_opcode opcode, const void *head,
                       size_t head_len, const void *data, size_t len)
{
    uint8_t frame[FRAME_HEAD_MAX];
    const struct iovec parts[] = {
        {frame, websocket_frame_head(opcode, (uint64_t)head_len + len, frame)},
        {(void *)(uintptr_t)head, head_len},
        {(void *)(uintptr_t)data, len},
    };
    wire_send(&w->wire, parts, ARRAY_LEN(parts));
}

bool websocket_send(struct websocket *w, enum websocket_kind kind, const void *head,
                    size_t head_len, const void *data, size_t len)
{
    if (w->closing || w->told) {
        return true;
    }
    frame_send(w, kind == WEBSOCKET_TEXT ? OPCODE_TEXT : OPCODE_BINARY, head, head_len, data, len);
    count_bytes(w, "out", head_len + len);
    w->full = w->full || wire_queued(&w->wire) > WEBSOCKET_QUEUE;
    return !w->full;
}

/* Not so long that it would not fit, and not cut within a character. */
static size_t reason_fit(const char *reason)
{
    size_t len = strnlen(reason, FRAME_CONTROL_MAX - 2);
    while (len > 0 && !utf8_valid(reason, len)) {
        len--;
    }
    return len;
}

static void close_send(struct websocket *w, unsigned code, const char *reason)
{
    uint8_t bytes[2] = {(uint8_t)(code >> 8), (uint8_t)code};
    size_t reason_len = reason != NULL ? reason_fit(reason) : 0;
    w->closing = true;
    if (code == WEBSOCKET_NO_CODE) {
        frame_send(w, OPCODE_CLOSE, NULL, 0, NULL, 0);
    } else {
        frame_send(w, OPCODE_CLOSE, bytes, sizeof(bytes), reason, reason_len);
    }
}

/* --- the end ----------------------------------------------------------------------------- */

static void on_time(void *ctx);

static void expect_progress(struct websocket *w)
{
    uint64_t wait = wire_queued(&w->wire) > 0 ? STALL_NS : ANSWER_NS;
    loop_timer_set(loop_of(w), &w->timer, loop_now_ns(loop_of(w)) + wait, on_time, w);
}

static void tell_closed(struct websocket *w, unsigned code)
{
    if (!w->told) {
        w->told = true;
        w->events.closed(w->events.ctx, code);
    }
}

static void leave(struct websocket *w)
{
    w->leaving = true;
    wire_set_reading(&w->wire, false);
    if (wire_queued(&w->wire) == 0) {
        wire_end(&w->wire, WIRE_LINGER);
    } else {
        expect_progress(w);
    }
}

/* After what came was read: the other side closed, or what it sent was wrong. */
static void settle(struct websocket *w)
{
    unsigned code = websocket_reader_end(w->reader);
    if (code == 0 || w->wire.ended || w->leaving) {
        return;
    }
    if (!w->closing) {
        close_send(w, code, NULL);
    }
    leave(w);
    tell_closed(w, code);
}

static void fall(struct websocket *w, enum wire_end how)
{
    wire_end(&w->wire, how);
    tell_closed(w, WEBSOCKET_ABNORMAL);
}

/* --- in ---------------------------------------------------------------------------------- */

static bool may_read(void *ctx)
{
    const struct websocket *w = ctx;
    return !w->paused && !w->leaving && !w->wire.ended;
}

static void on_message(void *ctx, enum websocket_kind kind, const char *data, size_t len)
{
    struct websocket *w = ctx;
    if (!w->closing && !w->told) {
        count_bytes(w, "in", len);
        w->events.message(w->events.ctx, kind, data, len);
    }
}

static void on_ping(void *ctx, const void *data, size_t len)
{
    struct websocket *w = ctx;
    /* One that sends pings and does not read may not fill our memory. */
    if (!w->closing && wire_queued(&w->wire) <= WEBSOCKET_QUEUE) {
        frame_send(w, OPCODE_PONG, data, len, NULL, 0);
    }
}

static void count_kept(struct websocket *w)
{
    size_t kept = websocket_reader_bytes(w->reader);
    w->wire.server->body_bytes += kept - w->kept;
    w->kept = kept;
}

/* Messages that never end could together hold much more than all bodies may. */
static void bound_kept(struct websocket *w)
{
    size_t before = w->kept;
    count_kept(w);
    if (w->kept > before && w->kept > KEPT_SMALL && server_is_full(w->wire.server)) {
        websocket_reader_stop(w->reader, WEBSOCKET_TRY_AGAIN);
        count_kept(w);
    }
}

/* A large message has as much time as a request. */
static void time_message(struct websocket *w)
{
    bool large = websocket_reader_gathered(w->reader) > KEPT_SMALL;
    if (!large) {
        w->large_ns = 0;
    } else if (w->large_ns == 0) {
        w->large_ns = loop_now_ns(loop_of(w));
    }
}

static bool is_overdue(const struct websocket *w)
{
    uint64_t most_ns = w->wire.server->config.header_timeout_s * NS_PER_S;
    return w->large_ns > 0 && !w->paused && loop_now_ns(loop_of(w)) - w->large_ns > most_ns;
}

static void give_up_message(struct websocket *w)
{
    websocket_reader_stop(w->reader, WEBSOCKET_POLICY);
    w->large_ns = 0;
    count_kept(w);
    settle(w);
}

static void take(struct websocket *w, const char *data, size_t len)
{
    websocket_reader_feed(w->reader, data, len);
    bound_kept(w);
    time_message(w);
    settle(w);
}

static void on_later(void *ctx)
{
    struct websocket *w = ctx;
    if (may_read(w)) {
        take(w, NULL, 0);
    }
}

static void read_on(struct websocket *w)
{
    wire_set_reading(&w->wire, true);
    if (websocket_reader_holds(w->reader)) {
        loop_defer(loop_of(w), &w->later, on_later, w);
    }
}

/* --- time -------------------------------------------------------------------------------- */

static unsigned ping_ms(const struct websocket *w)
{
    unsigned ms = w->wire.server->config.ping_ms;
    return ms > 0 ? ms : PING_MS;
}

static void beat_at(struct websocket *w, uint64_t at_ns)
{
    loop_timer_set(loop_of(w), &w->timer, at_ns, on_time, w);
}

/*
 * Who does not read cannot answer a ping that waits behind what was not read, and while we do not
 * read, no answer is seen: then it is enough that its kernel answers ours.
 */
static bool is_alive(const struct websocket *w)
{
    return (w->paused || wire_queued(&w->wire) > 0) && wire_answers(&w->wire, ping_ms(w));
}

static void beat(struct websocket *w)
{
    uint64_t now = loop_now_ns(loop_of(w)), interval = ping_ms(w) * NS_PER_MS;
    uint64_t silent = now - w->heard_ns;
    if (is_overdue(w)) {
        give_up_message(w);
    } else if (silent < interval) {
        beat_at(w, w->heard_ns + interval);
    } else if (!w->pinged) {
        w->pinged = true;
        frame_send(w, OPCODE_PING, NULL, 0, NULL, 0);
        beat_at(w, now + interval);
    } else if (is_alive(w)) {
        beat_at(w, now + interval);
    } else {
        fall(w, WIRE_RESET);
    }
}

static void on_time(void *ctx)
{
    struct websocket *w = ctx;
    if (w->closing || w->leaving) {
        fall(w, WIRE_RESET);
    } else {
        beat(w);
    }
}

/* --- the wire ---------------------------------------------------------------------------- */

static void on_taken(struct wire *wire, const char *extra, size_t len)
{
    struct websocket *w = of(wire);
    w->heard_ns = loop_now_ns(loop_of(w));
    if (!w->closing) {
        beat_at(w, w->heard_ns + ping_ms(w) * NS_PER_MS);
    }
    wire_set_reading(wire, !w->paused);
    take(w, extra, len);
}

static void on_readable(struct wire *wire)
{
    struct websocket *w = of(wire);
    char *data = wire->server->scratch;
    ssize_t n = recv(wire->fd, data, SCRATCH_SIZE, MSG_DONTWAIT);
    if (n > 0) {
        w->heard_ns = loop_now_ns(loop_of(w));
        w->pinged = false;
        take(w, data, (size_t)n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        fall(w, WIRE_LINGER);
    }
}

static void on_wrote(struct wire *wire)
{
    struct websocket *w = of(wire);
    if (w->leaving && wire_queued(wire) == 0) {
        wire_end(wire, WIRE_LINGER);
    } else if (w->closing || w->leaving) {
        expect_progress(w);
    } else if (w->full && wire_queued(wire) == 0) {
        w->full = false;
        if (w->events.room != NULL) {
            w->events.room(w->events.ctx);
        }
    }
}

static void on_gone(struct wire *wire)
{
    fall(of(wire), WIRE_LINGER);
}

static void on_away(struct wire *wire)
{
    websocket_close(of(wire), WEBSOCKET_GOING_AWAY, "the server stops");
}

static void on_stop(struct wire *wire)
{
    struct websocket *w = of(wire);
    if (!w->closing) {
        close_send(w, WEBSOCKET_GOING_AWAY, "the server stops");
    }
    fall(w, WIRE_LINGER);
}

static void on_freed(struct wire *wire)
{
    struct websocket *w = of(wire);
    loop_timer_cancel(&w->timer);
    loop_defer_cancel(&w->later);
    w->wire.server->body_bytes -= w->kept;
    websocket_reader_free(w->reader);
    free(w);
}

static const struct wire_ops ops = {WIRE_WEBSOCKET, on_taken, on_readable, on_wrote,
                                    on_gone,        on_away,  on_stop,     on_freed};

struct websocket *http_accept_websocket(struct http_request *r,
                                        const struct websocket_config *config,
                                        const struct websocket_events *events)
{
    if (!handshake_pass(r, config->protocol)) {
        return NULL;
    }
    struct websocket *w = xcalloc(1, sizeof(*w));
    w->events = *events;
    const struct websocket_reader_events reads = {may_read, on_message, on_ping, w};
    w->reader = websocket_reader_new(&reads, config->message_max);
    wire_take_over(&w->wire, &ops, r, STATUS, NULL);
    return w;
}

/* --- its owner --------------------------------------------------------------------------- */

void websocket_pause(struct websocket *w)
{
    if (!w->closing && !w->told) {
        w->paused = true;
        wire_set_reading(&w->wire, false);
    }
}

void websocket_resume(struct websocket *w)
{
    if (w->paused) {
        w->paused = false;
        read_on(w);
    }
}

void websocket_set_message_max(struct websocket *w, size_t max)
{
    websocket_reader_set_max(w->reader, max);
}

void websocket_close(struct websocket *w, unsigned code, const char *reason)
{
    if (w->closing || w->told) {
        return;
    }
    close_send(w, code, reason);
    expect_progress(w);
    websocket_resume(w); /* the other side's close frame is behind what was not read */
}

void websocket_drop(struct websocket *w)
{
    w->told = true;
    wire_end(&w->wire, WIRE_RESET);
}
