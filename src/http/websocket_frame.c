/* SPDX-License-Identifier: Apache-2.0 */
#include "http/websocket_frame.h"

#include <string.h>

#define FINAL   0x80
#define MASKED  0x80
#define CONTROL 0x08
#define LEN_2   126
#define LEN_8   127

static void number_write(uint8_t *to, uint64_t n, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        to[i] = (uint8_t)(n >> (8 * (bytes - 1 - i)));
    }
}

static uint64_t number_read(const uint8_t *from, unsigned bytes)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < bytes; i++) {
        n = n << 8 | from[i];
    }
    return n;
}

size_t websocket_frame_head(enum websocket_opcode opcode, uint64_t len,
                            uint8_t ret_head[FRAME_HEAD_MAX])
{
    unsigned extra = len < LEN_2 ? 0 : len <= UINT16_MAX ? 2 : 8;
    ret_head[0] = (uint8_t)(FINAL | opcode);
    ret_head[1] = extra == 0 ? (uint8_t)len : extra == 2 ? LEN_2 : LEN_8;
    number_write(ret_head + 2, len, extra);
    return 2 + extra;
}

bool websocket_frame_parse(const uint8_t *data, size_t len, struct websocket_frame *ret)
{
    if (len < 2) {
        return false;
    }
    uint8_t short_len = data[1] & ~MASKED;
    unsigned extra = short_len == LEN_2 ? 2 : short_len == LEN_8 ? 8 : 0;
    size_t head = 2 + extra + ((data[1] & MASKED) != 0 ? 4 : 0);
    if (len < head) {
        return false;
    }
    *ret = (struct websocket_frame){
        .head = head,
        .payload = extra == 0 ? short_len : number_read(data + 2, extra),
        .control = (data[0] & CONTROL) != 0,
    };
    return true;
}
