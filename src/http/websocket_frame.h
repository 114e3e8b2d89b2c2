#pragma once
/*
 * websocket_frame - the heads of frames (RFC 6455, 5.2).  Pure functions.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum websocket_opcode {
    OPCODE_TEXT = 0x1,
    OPCODE_BINARY = 0x2,
    OPCODE_CLOSE = 0x8,
    OPCODE_PING = 0x9,
    OPCODE_PONG = 0xa,
};

#define FRAME_HEAD_MAX    10 /* of what a server sends: no mask */
#define FRAME_CONTROL_MAX 125

/* A whole message in one frame, not masked; returns the head's length. */
size_t websocket_frame_head(enum websocket_opcode opcode, uint64_t len,
                            uint8_t ret_head[FRAME_HEAD_MAX]);

struct websocket_frame {
    size_t head; /* bytes */
    uint64_t payload;
    bool control;
};

/* The frame that begins with `data`; false when its head is not whole yet. */
bool websocket_frame_parse(const uint8_t *data, size_t len, struct websocket_frame *ret);
