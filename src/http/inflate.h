#pragma once
/*
 * inflate - compressed request bodies, with a limit on what comes out: a kilobyte can hold a
 * gigabyte.
 */
#include <stddef.h>

struct buf;
struct err;
struct inflate;

enum coding { CODING_IDENTITY, CODING_GZIP, CODING_DEFLATE, CODING_UNKNOWN };

enum coding coding_parse(const char *content_encoding); /* NULL is identity */

struct inflate *inflate_new(enum coding coding); /* gzip or deflate (zlib's format) */
void inflate_free(struct inflate *i);
/* Adds to `ret`; ERR_LIMIT when that would pass `max` bytes in all, ERR_INVALID for broken input.
 */
int inflate_feed(struct inflate *i, const void *data, size_t len, struct buf *ret, size_t max,
                 struct err *e);
/* ERR_INVALID when the input ended too soon. */
int inflate_end(const struct inflate *i, struct err *e);
