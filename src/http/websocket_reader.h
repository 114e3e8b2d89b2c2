#pragma once
/*
 * websocket_reader - messages out of the bytes that a WebSocket's client sends.
 *
 * The checks are wslay's: masks, fragments, control frames, UTF-8, reserved bits and close codes.
 * No I/O.
 */
#include <stdbool.h>
#include <stddef.h>

#include "http/websocket.h"

struct websocket_reader;

struct websocket_reader_events {
    bool (*may_read)(void *ctx); /* asked before each frame: false leaves it for later */
    /* As websocket_events has it. */
    void (*message)(void *ctx, enum websocket_kind kind, const char *data, size_t len);
    void (*ping)(void *ctx, const void *data, size_t len);
    void *ctx;
};

struct websocket_reader *websocket_reader_new(const struct websocket_reader_events *events,
                                              size_t message_max);
void websocket_reader_free(struct websocket_reader *r);
void websocket_reader_set_max(struct websocket_reader *r, size_t message_max);
/* Reads no more, as if the client had been wrong: `code` is the end. */
void websocket_reader_stop(struct websocket_reader *r, unsigned code);
size_t websocket_reader_bytes(const struct websocket_reader *r);    /* that it keeps */
size_t websocket_reader_gathered(const struct websocket_reader *r); /* of a message so far */

/* Reads what was held and `data`, and holds what may not be read yet. */
void websocket_reader_feed(struct websocket_reader *r, const char *data, size_t len);
bool websocket_reader_holds(const struct websocket_reader *r);
/* Why nothing is read any more: the code of the client's close frame (1005: it had none), or of
 * what was wrong; 0: neither. */
unsigned websocket_reader_end(const struct websocket_reader *r);
