/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A frame of a program with a network: what is said of it lies within it, and what is answered is
 * itself a frame.
 */
#include <string.h>

#include "base/mem.h"
#include "egress/frame.h"
#include "fuzz.h"

static void check_answers(const struct frame *f)
{
    uint8_t data[FRAME_BYTES];
    struct frame made;
    struct frame_way way = frame_way_back(f);
    size_t len = frame_prohibited(f, &f->to, data);
    REQUIRE(len <= FRAME_BYTES && frame_parse(data, len, &made) && made.len == len);
    REQUIRE(made.kind == FRAME_UNREACHABLE && memcmp(&made.to, &f->from, sizeof(made.to)) == 0);
    if (f->kind == FRAME_UDP && !f->v6 && f->payload_len <= FRAME_UDP_MAX) {
        len = frame_udp(&way, f->payload, f->payload_len, data);
        REQUIRE(len <= FRAME_BYTES && frame_parse(data, len, &made) && made.kind == FRAME_UDP);
        REQUIRE(made.to_port == f->from_port && made.payload_len == f->payload_len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct frame f;
    uint8_t *copy = xmemdup(data, size); /* its end is the end of what may be read */
    if (frame_parse(copy, size, &f)) {
        REQUIRE(f.len <= size);
        REQUIRE(f.kind != FRAME_UDP ||
                (f.payload >= copy && f.payload + f.payload_len <= copy + f.len));
        if (f.kind == FRAME_TCP || f.kind == FRAME_UDP) {
            check_answers(&f);
        }
    }
    free(copy);
    return 0;
}
