/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as an event stream (the client's side).  The first one says in pieces of how many bytes:
 * the events are the same as in one piece.
 */
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/event_parser.h"
#include "fuzz.h"

static bool on_event(void *ctx, const char *type, const char *data, size_t len)
{
    struct buf *log = ctx;
    buf_add_fmt(log, "[%s %zu ", type, len);
    buf_add(log, data, len);
    REQUIRE(data[len] == '\0');
    return true;
}

static void parse(const char *data, size_t size, size_t piece, struct buf *ret_log)
{
    struct event_parser p = {.event = on_event, .ctx = ret_log};
    for (size_t at = 0; at < size; at += piece) {
        size_t left = size - at;
        REQUIRE(event_parser_feed(&p, data + at, left < piece ? left : piece));
    }
    buf_add_fmt(ret_log, "id %zu ", p.last_id.len);
    buf_add(ret_log, p.last_id.len > 0 ? p.last_id.data : "", p.last_id.len);
    buf_add_fmt(ret_log, " retry %u", p.retry_ms);
    event_parser_done(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(buf_done) struct buf whole = {0};
    AUTO(buf_done) struct buf pieces = {0};
    if (size < 2) {
        return 0;
    }
    parse((const char *)data + 1, size - 1, size, &whole);
    parse((const char *)data + 1, size - 1, 1 + data[0] % 16, &pieces);
    REQUIRE(whole.len == pieces.len && memcmp(whole.data, pieces.data, whole.len) == 0);
    return 0;
}
