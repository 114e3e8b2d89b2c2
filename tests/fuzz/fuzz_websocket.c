/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of a WebSocket's client.  The first two say in pieces of how many bytes, and how large a
 * message may be: messages, pings and the end are the same as in one piece, no message is larger,
 * and what is text is UTF-8.
 */
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "fuzz.h"
#include "http/websocket_frame.h"
#include "http/websocket_reader.h"

struct heard {
    struct buf log;
    size_t max;
};

static bool may_read(void *ctx)
{
    (void)ctx;
    return true;
}

static void on_message(void *ctx, enum websocket_kind kind, const char *data, size_t len)
{
    struct heard *h = ctx;
    REQUIRE(len <= h->max && data[len] == '\0');
    REQUIRE(kind == WEBSOCKET_BINARY || utf8_valid(data, len));
    buf_add_fmt(&h->log, "[%d %zu ", (int)kind, len);
    buf_add(&h->log, data, len);
}

static void on_ping(void *ctx, const void *data, size_t len)
{
    struct heard *h = ctx;
    REQUIRE(len <= FRAME_CONTROL_MAX);
    buf_add_fmt(&h->log, "[ping %zu ", len);
    buf_add(&h->log, data, len);
}

static void read_all(const char *data, size_t size, size_t piece, struct heard *h)
{
    struct websocket_reader_events events = {may_read, on_message, on_ping, h};
    struct websocket_reader *r = websocket_reader_new(&events, h->max);
    for (size_t at = 0; at < size; at += piece) {
        size_t left = size - at;
        websocket_reader_feed(r, data + at, left < piece ? left : piece);
        REQUIRE(websocket_reader_gathered(r) <= h->max);
    }
    buf_add_fmt(&h->log, "end %u", websocket_reader_end(r));
    websocket_reader_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3) {
        return 0;
    }
    struct heard whole = {.max = data[1]}, pieces = {.max = data[1]};
    read_all((const char *)data + 2, size - 2, size, &whole);
    read_all((const char *)data + 2, size - 2, 1 + data[0] % 16, &pieces);
    REQUIRE(whole.log.len == pieces.log.len &&
            memcmp(whole.log.data, pieces.log.data, whole.log.len) == 0);
    buf_done(&whole.log);
    buf_done(&pieces.log);
    return 0;
}
