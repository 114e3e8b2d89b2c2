/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wslay gets one frame at a time, so that a pause or a new limit counts for the very next message;
 * control frames only when they are whole (it checks the reason of a close frame wrongly when it
 * comes in pieces).  Messages are gathered here: wslay would keep a list node for each fragment,
 * and many small ones would cost much more than they hold.  Its own answers are thrown away: their
 * close codes are what is wanted.
 */
#include "http/websocket_reader.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wslay/wslay.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "http/websocket_frame.h"

struct websocket_reader {
    struct websocket_reader_events events;
    wslay_event_context_ptr decoder;
    size_t message_max;
    const uint8_t *feed; /* what wslay may have now */
    size_t feed_left;
    uint64_t payload_left; /* of the frame that it reads */
    bool is_data;          /* ... not a control frame */
    struct buf held;       /* what it may not have yet */
    struct buf message;    /* as far as it came */
    unsigned end;
};

static bool may_read(const struct websocket_reader *r)
{
    return r->end == 0 && r->events.may_read(r->events.ctx);
}

/* What wslay may have now: the rest of a data frame, or the head of one, or a whole control frame.
 */
static size_t feed_size(struct websocket_reader *r)
{
    struct websocket_frame f;
    if (r->payload_left > 0) {
        return r->feed_left < r->payload_left ? r->feed_left : (size_t)r->payload_left;
    }
    if (!may_read(r) || !websocket_frame_parse(r->feed, r->feed_left, &f)) {
        return 0;
    }
    if (f.control && f.payload <= FRAME_CONTROL_MAX) {
        size_t whole = f.head + (size_t)f.payload;
        return r->feed_left < whole ? 0 : whole;
    }
    r->payload_left = f.head + (f.payload <= INT64_MAX ? f.payload : 0); /* else wslay refuses it */
    return f.head;
}

static ssize_t on_recv(wslay_event_context_ptr decoder, uint8_t *to, size_t room, int flags,
                       void *ctx)
{
    struct websocket_reader *r = ctx;
    (void)flags;

    size_t size = feed_size(r);
    size = size < room ? size : room;
    if (size == 0) {
        wslay_event_set_error(decoder, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(to, r->feed, size);
    r->feed += size;
    r->feed_left -= size;
    r->payload_left -= size < r->payload_left ? size : r->payload_left;
    return (ssize_t)size;
}

static ssize_t on_send(wslay_event_context_ptr decoder, const uint8_t *data, size_t len, int flags,
                       void *ctx)
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
    struct websocket_reader *r = ctx;
    (void)decoder;

    r->is_data = !wslay_is_ctrl_frame(arg->opcode);
    if (r->is_data && (r->message.len > r->message_max ||
                       arg->payload_length > r->message_max - r->message.len)) {
        r->end = WEBSOCKET_TOO_BIG;
    }
}

static void on_chunk(wslay_event_context_ptr decoder,
                     const struct wslay_event_on_frame_recv_chunk_arg *arg, void *ctx)
{
    struct websocket_reader *r = ctx;
    (void)decoder;

    if (r->is_data && r->end == 0) {
        buf_add(&r->message, arg->data, arg->data_length);
    }
}

static void deliver(struct websocket_reader *r, enum websocket_kind kind)
{
    AUTO(buf_done) struct buf message = TAKE(&r->message, (struct buf){0});
    if (r->end == 0) {
        r->events.message(r->events.ctx, kind, message.data != NULL ? message.data : "",
                          message.len);
    }
}

static void on_message(wslay_event_context_ptr decoder,
                       const struct wslay_event_on_msg_recv_arg *arg, void *ctx)
{
    struct websocket_reader *r = ctx;
    if (arg->opcode == WSLAY_TEXT_FRAME || arg->opcode == WSLAY_BINARY_FRAME) {
        deliver(r, arg->opcode == WSLAY_TEXT_FRAME ? WEBSOCKET_TEXT : WEBSOCKET_BINARY);
    } else if (arg->opcode == WSLAY_PING) {
        wslay_event_send(decoder); /* its pong, before there are many */
        r->events.ping(r->events.ctx, arg->msg, arg->msg_length);
    } else if (arg->opcode == WSLAY_CONNECTION_CLOSE) {
        bool half_a_code = arg->msg_length == 1;
        r->end = half_a_code             ? WEBSOCKET_PROTOCOL_ERROR
                 : arg->status_code != 0 ? arg->status_code
                                         : WEBSOCKET_NO_CODE;
    }
}

static void find_error(struct websocket_reader *r)
{
    wslay_event_send(r->decoder);
    if (wslay_event_get_read_enabled(r->decoder) || r->end != 0) {
        return;
    }
    unsigned code = wslay_event_get_status_code_sent(r->decoder);
    bool named = code != WSLAY_CODE_NO_STATUS_RCVD && code != WSLAY_CODE_ABNORMAL_CLOSURE;
    r->end = named ? code : WEBSOCKET_PROTOCOL_ERROR; /* a head that is no frame's has none */
}

/* Returns how much of it was read. */
static size_t read_some(struct websocket_reader *r, const char *data, size_t len)
{
    size_t left;
    r->feed = (const uint8_t *)data;
    r->feed_left = len;
    do {
        left = r->feed_left;
        wslay_event_recv(r->decoder);
        find_error(r);
    } while (r->feed_left > 0 && r->feed_left < left && r->end == 0);
    left = r->feed_left;
    r->feed = NULL;
    r->feed_left = 0;
    return len - left;
}

void websocket_reader_feed(struct websocket_reader *r, const char *data, size_t len)
{
    AUTO(buf_done) struct buf held = TAKE(&r->held, (struct buf){0});
    if (r->end != 0) {
        return;
    }
    if (held.len > 0) {
        buf_add(&held, data, len);
        data = held.data;
        len = held.len;
    }
    size_t read = read_some(r, data, len);
    if (read < len && r->end == 0) {
        buf_add(&r->held, data + read, len - read);
    }
}

bool websocket_reader_holds(const struct websocket_reader *r)
{
    return r->held.len > 0;
}

unsigned websocket_reader_end(const struct websocket_reader *r)
{
    return r->end;
}

void websocket_reader_stop(struct websocket_reader *r, unsigned code)
{
    r->end = code;
    buf_done(&r->held);
    buf_done(&r->message);
}

size_t websocket_reader_bytes(const struct websocket_reader *r)
{
    return r->held.cap + r->message.cap;
}

size_t websocket_reader_gathered(const struct websocket_reader *r)
{
    return r->message.len;
}

void websocket_reader_set_max(struct websocket_reader *r, size_t message_max)
{
    r->message_max = message_max;
}

struct websocket_reader *websocket_reader_new(const struct websocket_reader_events *events,
                                              size_t message_max)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = on_recv,
        .send_callback = on_send,
        .on_frame_recv_start_callback = on_frame_start,
        .on_frame_recv_chunk_callback = on_chunk,
        .on_msg_recv_callback = on_message,
    };
    struct websocket_reader *r = xcalloc(1, sizeof(*r));
    r->events = *events;
    r->message_max = message_max;
    if (wslay_event_context_server_init(&r->decoder, &callbacks, r) != 0) {
        abort(); /* only for lack of memory, where xmalloc would have ended us too */
    }
    wslay_event_config_set_no_buffering(r->decoder, 1);
    return r;
}

void websocket_reader_free(struct websocket_reader *r)
{
    if (r != NULL) {
        wslay_event_context_free(r->decoder);
        buf_done(&r->held);
        buf_done(&r->message);
        free(r);
    }
}
