#pragma once
/*
 * layer_record - a tree as one run of bytes: what a layer's digest is of, and what an export holds.
 *
 * "belljar layer 1\n", then a record for each name in the order of layer_walk, the top first, then
 * one of type LAYER_RECORD_END.  A record is a type, a mode, a path and the data: a file's content,
 * a link's target, the path of the name that a hard link is another of.  Little-endian.  Pure
 * functions.
 */
#include <stddef.h>
#include <stdint.h>

#include "packages/layer_walk.h"

struct err;

#define LAYER_STREAM_HEAD "belljar layer 1\n"

enum layer_record_type {
    LAYER_RECORD_DIR = LAYER_DIR,
    LAYER_RECORD_FILE = LAYER_FILE,
    LAYER_RECORD_LINK = LAYER_LINK,
    LAYER_RECORD_WHITEOUT = LAYER_WHITEOUT,
    LAYER_RECORD_OPAQUE = 'o', /* a directory that hides those of its name below */
    LAYER_RECORD_HARD = 'h',
    LAYER_RECORD_END = '.',
};

#define LAYER_RECORD_BYTES 13 /* without path and data */

struct layer_record {
    enum layer_record_type type;
    uint16_t mode; /* of files and directories */
    uint64_t size; /* of the data behind it */
    char path[LAYER_PATH_MAX + 1];
};

/* At most LAYER_RECORD_BYTES + LAYER_PATH_MAX bytes are written; returns how many. */
size_t layer_record_write(enum layer_record_type type, unsigned mode, const char *path,
                          uint64_t size, void *ret);
/*
 * Reads one without its data.  Returns 1, 0 when `len` is too short to hold it, -ERR_INVALID when
 * it is none that a layer can have.  *ret_used is how many bytes it takes.
 */
int layer_record_parse(const void *data, size_t len, struct layer_record *ret, size_t *ret_used,
                       struct err *e);
/* 0 when it leads nowhere but downwards from the top; "" is the top. */
int layer_path_check(const char *path, struct err *e);
