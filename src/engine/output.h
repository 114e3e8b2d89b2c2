#pragma once
/*
 * output - how much of one stream is kept: exactly up to the cap.  Pure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output {
    uint64_t max, used;
    bool truncated; /* more came than was kept */
};

/* How many of the next `len` bytes are kept. */
size_t output_take(struct output *o, size_t len);
