#pragma once
/*
 * store_usage - what is on the disk, and whose it is.  Bytes as the file system counts them; what
 * several stand on is counted once in the sums.
 */
#include <stddef.h>
#include <stdint.h>

struct err;
struct package_store;

struct store_use {
    char *id;
    uint64_t own_bytes;    /* what it brought: free without it, unless others came to share it */
    uint64_t shared_bytes; /* of others, too */
};

struct store_usage {
    struct store_use *runtimes; /* sorted by id */
    size_t count;
    uint64_t layer_bytes;  /* all layers */
    uint64_t unused_bytes; /* of them: those that no runtime names */
    uint64_t cache_bytes;  /* downloads, and lists of packages */
    uint64_t stage_bytes;  /* half made */
};

int store_usage(const struct package_store *s, struct store_usage *ret, struct err *e);
void store_usage_done(struct store_usage *u);
