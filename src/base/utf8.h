#pragma once
/*
 * utf8 - validity and repair.  Invalid bytes become U+FFFD, one per maximal
 * subpart, as the WHATWG decoder (and so node) does it.  Pure functions.
 */
#include <stdbool.h>
#include <stddef.h>

struct buf;

bool utf8_valid(const char *data, size_t len);
void utf8_repair(const char *data, size_t len, struct buf *ret);
/* Without the beginning of a character at the end, which may go on behind it. */
size_t utf8_whole(const char *data, size_t len);

/* The same for bytes that come in pieces: what is cut at the border waits for the next piece. */
struct utf8_stream {
    unsigned char pending[4];
    unsigned pending_len;
    bool exact; /* nothing is repaired: what is no UTF-8 passes as it is, and characters stay whole
                 */
};
void utf8_stream_feed(struct utf8_stream *s, const char *data, size_t len, struct buf *ret);
void utf8_stream_end(struct utf8_stream *s, struct buf *ret);
