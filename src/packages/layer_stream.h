#pragma once
/*
 * layer_stream - writes a tree as layer_record.h says, counts it, and makes its digest.  The tree
 * is only read; it must be as layer_tidy leaves one.
 */
#include <stdint.h>

#include "packages/store.h"

struct err;

struct layer_sink {
    int (*write)(void *ctx, const void *data, size_t len, struct err *e);
    void *ctx;
};

/* `sink` may be NULL: then only *ret (all but the id) is made. */
int layer_stream(int tree_fd, const struct layer_sink *sink, struct layer *ret, struct err *e);
