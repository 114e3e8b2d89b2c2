/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes is given to wslay one frame at a time, so that a pause or a new limit counts for the
 * very next message; control frames only when they are whole (wslay checks the reason of a
 * close frame wrongly when it comes in pieces).  Messages are gathered here: wslay would keep a
 * list node for each fragment, and many small ones would cost much more than they hold.
 *
 * What goes out is framed here, so that a message is written from its owner's memory.  wslay's own
 * answers are thrown away: their close codes are what is wanted.
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

#include <wslay/wslay.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "http/handshake.h"
#include "http/request.h"
#include "http/server.h"
#include "http/websocket_frame.h"
#include "http/wire.h"
#include "metrics/metrics.h"

#define PING_MS   15000
#define ANSWER_NS (5 * NS_PER_S)  /* for the other side's close frame */
#define STALL_NS  (30 * NS_PER_S) /* without a byte that goes out, while the last of them should */
#define STATUS    101

struct websocket {
    struct wire wire;
    struct websocket_events events;
    wslay_event_context_ptr decoder;
    size_t message_max;

    const uint8_t *feed; /* what wslay may have now */
    size_t feed_left;
    uint64_t payload_left; /* of the frame that it reads */
    struct buf held;       /* what it may not have yet */
    bool is_data;          /* ... not a control frame */
    struct buf message;    /* as far as it came */

    struct loop_timer timer;
    struct loop_defer later;
    uint64_t heard_ns;
    bool pinged;

    bool paused, full, closing, told, leaving;
    unsigned error; /* the code to close with; 0: none yet */
    unsigned code;  /* of the other side's close frame; 0: none yet */
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
    unsigned code = w->error != 0 ? w->error : w->code;
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

static bool may_read(const struct websocket *w)
{
    return !w->paused && !w->leaving && !w->wire.ended && w->error == 0 && w->code == 0;
}

/* What wslay may have now: the rest of a data frame, or the head of one, or a whole control frame.
 */
static size_t feed_size(struct websocket *w)
{
    struct websocket_frame f;
    if (w->payload_left > 0) {
        return w->feed_left < w->payload_left ? w->feed_left : (size_t)w->payload_left;
    }
    if (!may_read(w) || !websocket_frame_parse(w->feed, w->feed_left, &f)) {
        return 0;
    }
    if (f.control && f.payload <= FRAME_CONTROL_MAX) {
        size_t whole = f.head + (size_t)f.payload;
        return w->feed_left < whole ? 0 : whole;
    }
    w->payload_left = f.head + (f.payload <= INT64_MAX ? f.payload : 0); /* else wslay refuses it */
    return f.head;
}

static ssize_t on_wslay_recv(wslay_event_context_ptr decoder, uint8_t *to, size_t room, int flags,
                             void *ctx)
{
    struct websocket *w = ctx;
    (void)flags;

    size_t size = feed_size(w);
    size = size < room ? size : room;
    if (size == 0 || w->wire.ended) {
        wslay_event_set_error(decoder, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(to, w->feed, size);
    w->feed += size;
    w->feed_left -= size;
    w->payload_left -= size < w->payload_left ? size : w->payload_left;
    return (ssize_t)size;
}

static ssize_t on_wslay_send(wslay_event_context_ptr decoder, const uint8_t *data, size_t len,
                             int flags, void *ctx)
{
    (void)decoder;
    (void)data;
    (void)flags;
    (void)ctx;
    return (ssize_t)len; /* thrown away */
}

static void on_frame_start(wslay_event_context_ptr decoder,
                           const struct wslay_event_on_frame_recv_start_arg *arg, void *ctx)
{
    struct websocket *w = ctx;
    (void)decoder;

    w->is_data = !wslay_is_ctrl_frame(arg->opcode);
    if (w->is_data && w->error == 0 &&
        (w->message.len > w->message_max ||
         arg->payload_length > w->message_max - w->message.len)) {
        w->error = WEBSOCKET_TOO_BIG;
    }
}

static void on_chunk(wslay_event_context_ptr decoder,
                     const struct wslay_event_on_frame_recv_chunk_arg *arg, void *ctx)
{
    struct websocket *w = ctx;
    (void)decoder;

    if (w->is_data && w->error == 0 && !w->closing) {
        buf_add(&w->message, arg->data, arg->data_length);
    }
}

static void deliver(struct websocket *w, enum websocket_kind kind)
{
    AUTO(buf_done) struct buf message = TAKE(&w->message, (struct buf){0});
    if (w->closing || w->told || w->error != 0) {
        return;
    }
    count_bytes(w, "in", message.len);
    w->events.message(w->events.ctx, kind, message.data != NULL ? message.data : "", message.len);
}

static void on_message(wslay_event_context_ptr decoder,
                       const struct wslay_event_on_msg_recv_arg *arg, void *ctx)
{
    struct websocket *w = ctx;
    if (arg->opcode == WSLAY_TEXT_FRAME || arg->opcode == WSLAY_BINARY_FRAME) {
        deliver(w, arg->opcode == WSLAY_TEXT_FRAME ? WEBSOCKET_TEXT : WEBSOCKET_BINARY);
    } else if (arg->opcode == WSLAY_PING) {
        wslay_event_send(decoder);
        /* One that sends pings and does not read may not fill our memory. */
        if (!w->closing && wire_queued(&w->wire) <= WEBSOCKET_QUEUE) {
            frame_send(w, OPCODE_PONG, arg->msg, arg->msg_length, NULL, 0);
        }
    } else if (arg->opcode == WSLAY_CONNECTION_CLOSE) {
        bool half_a_code = arg->msg_length == 1;
        w->error = half_a_code ? WEBSOCKET_PROTOCOL_ERROR : 0;
        w->code = arg->status_code != 0 ? arg->status_code : WEBSOCKET_NO_CODE;
    }
}

static void find_error(struct websocket *w)
{
    wslay_event_send(w->decoder);
    if (wslay_event_get_read_enabled(w->decoder) || w->code != 0 || w->error != 0) {
        return;
    }
    unsigned code = wslay_event_get_status_code_sent(w->decoder);
    bool named = code != WSLAY_CODE_NO_STATUS_RCVD && code != WSLAY_CODE_ABNORMAL_CLOSURE;
    w->error = named ? code : WEBSOCKET_PROTOCOL_ERROR; /* a head that is no frame's has none */
}

/* Returns how much of it was read. */
static size_t feed(struct websocket *w, const char *data, size_t len)
{
    size_t left;
    w->feed = (const uint8_t *)data;
    w->feed_left = len;
    do {
        left = w->feed_left;
        wslay_event_recv(w->decoder);
        find_error(w);
    } while (w->feed_left > 0 && w->feed_left < left && w->error == 0 && w->code == 0);
    left = w->feed_left;
    w->feed = NULL;
    w->feed_left = 0;
    return len - left;
}

static void consume(struct websocket *w, const char *data, size_t len)
{
    AUTO(buf_done) struct buf held = TAKE(&w->held, (struct buf){0});
    if (held.len > 0) {
        buf_add(&held, data, len);
        data = held.data;
        len = held.len;
    }
    size_t read = feed(w, data, len);
    if (read < len && w->error == 0 && w->code == 0) {
        buf_add(&w->held, data + read, len - read);
    }
    settle(w);
}

static void on_later(void *ctx)
{
    struct websocket *w = ctx;
    if (may_read(w) && w->held.len > 0) {
        consume(w, NULL, 0);
    }
}

static void read_on(struct websocket *w)
{
    wire_set_reading(&w->wire, true);
    if (w->held.len > 0) {
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
    if (silent < interval) {
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
    buf_add(&w->held, extra, len);
    if (!w->closing) {
        beat_at(w, w->heard_ns + ping_ms(w) * NS_PER_MS);
    }
    if (!w->paused) {
        read_on(w);
    }
}

static void on_readable(struct wire *wire)
{
    struct websocket *w = of(wire);
    char *data = wire->server->scratch;
    ssize_t n = recv(wire->fd, data, SCRATCH_SIZE, MSG_DONTWAIT);
    if (n > 0) {
        w->heard_ns = loop_now_ns(loop_of(w));
        w->pinged = false;
        consume(w, data, (size_t)n);
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
    wslay_event_context_free(w->decoder);
    buf_done(&w->held);
    buf_done(&w->message);
    free(w);
}

static const struct wire_ops ops = {WIRE_WEBSOCKET, on_taken, on_readable, on_wrote,
                                    on_gone,        on_away,  on_stop,     on_freed};

static void decoder_make(struct websocket *w)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = on_wslay_recv,
        .send_callback = on_wslay_send,
        .on_frame_recv_start_callback = on_frame_start,
        .on_frame_recv_chunk_callback = on_chunk,
        .on_msg_recv_callback = on_message,
    };
    if (wslay_event_context_server_init(&w->decoder, &callbacks, w) != 0) {
        abort(); /* only for lack of memory, where xmalloc would have ended us too */
    }
    wslay_event_config_set_no_buffering(w->decoder, 1);
}

struct websocket *http_accept_websocket(struct http_request *r,
                                        const struct websocket_config *config,
                                        const struct websocket_events *events)
{
    if (!handshake_pass(r, config->protocol)) {
        return NULL;
    }
    struct websocket *w = xcalloc(1, sizeof(*w));
    w->events = *events;
    w->message_max = config->message_max;
    decoder_make(w);
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
    w->message_max = max;
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
