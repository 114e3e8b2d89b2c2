#pragma once
/*
 * stream_in - bytes that are read from a descriptor, pipes too, and hashed as they are taken.
 * Blocks.
 */
#include <stddef.h>
#include <stdint.h>

#include "packages/sha256.h"

struct err;
struct stream_in;

#define STREAM_IN_MAX ((size_t)256 << 10)

struct stream_in *stream_in_new(int fd);  /* not taken */
void stream_in_free(struct stream_in *s); /* NULL is fine */
/* What is there without taking it: at least one byte, at most *ret_len; 0 bytes at the end. */
int stream_in_look(struct stream_in *s, const void **ret, size_t *ret_len, struct err *e);
/* At least `len` (at most STREAM_IN_MAX) of them; ERR_INVALID when it ends before. */
int stream_in_need(struct stream_in *s, size_t len, const void **ret, size_t *ret_len,
                   struct err *e);
void stream_in_take(struct stream_in *s, size_t len); /* so many that were looked at */
/* Of all that was taken; then of what is taken from now on. */
void stream_in_digest(struct stream_in *s, char ret[SHA256_CHARS + 1]);
