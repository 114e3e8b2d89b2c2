#pragma once
/*
 * prepare_box - runs the command of one preparation in a box, where nothing but the host's own
 * tools is run.
 */
#include <stdbool.h>
#include <stdint.h>

struct config;
struct err;
struct local;
struct preparation_wanted;

struct prepare_product {
    int fd; /* a sealed memfd with a boxarchive; -1: none */
    uint64_t size;
};

/* What a box of `local` must be allowed to use: before local_start. */
void prepare_box_limits(struct config *config);
/*
 * Runs the loop until it is over.  *ret_hopeless, when it fails: it would fail again.  ERR_GONE:
 * boxd is gone, or a signal has asked for an end.
 */
int prepare_box(struct local *local, const struct preparation_wanted *wanted,
                struct prepare_product *ret, bool *ret_hopeless, struct err *e);
