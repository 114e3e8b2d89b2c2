#pragma once
/*
 * payload - the bytes that belong to a START, read once from front to end.
 *
 * They come from a file, or behind the START and as DATA frames of the control socket; the reader
 * does not care.  One buffer, whatever their number is, into which START itself is received.
 */
#include <stddef.h>
#include <stdint.h>

#include "boxproto/boxproto.h"

struct err;

struct payload {
    int fd; /* -1: START and DATA frames */
    uint64_t offset;
    uint64_t left;   /* not yet in the buffer */
    size_t pos, len; /* what the buffer holds */
    char buf[BOX_PACKET_MAX];
};

/* `size` bytes of the file `fd` (not taken) from its start. */
int payload_open_file(struct payload *p, int fd, uint64_t size, struct err *e);
/* `size` bytes, of which the first are in the buffer, from `pos` up to `len`. */
int payload_open_frames(struct payload *p, uint64_t size, size_t pos, size_t len, struct err *e);
/* The next bytes where they lie, at least 1 and at most `max` (1 or more). */
int payload_next(struct payload *p, uint64_t max, const char **ret, size_t *ret_len, struct err *e);
/* Exactly `len` bytes. */
int payload_read(struct payload *p, void *data, size_t len, struct err *e);
