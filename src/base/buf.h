#pragma once
/*
 * buf - bytes that grow.  `data` always has a NUL behind `len` once anything was
 * added (it may be NULL while empty).  Zero-initialise; buf_done frees.
 */
#include <stdarg.h>
#include <stddef.h>

struct buf {
    char *data;
    size_t len;
    size_t cap;
};

void buf_done(struct buf *b); /* frees and zeroes; fits AUTO */
void buf_clear(struct buf *b);
void buf_add(struct buf *b, const void *data, size_t len);
void buf_add_str(struct buf *b, const char *s);
void buf_add_char(struct buf *b, char c);
void buf_add_fmt(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_add_vfmt(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Room for `len` more bytes; write there, then buf_commit what was written. */
char *buf_reserve(struct buf *b, size_t len);
void buf_commit(struct buf *b, size_t len);
/* Removes the first `len` bytes. */
void buf_consume(struct buf *b, size_t len);
/* The bytes as a malloc'd string that the caller frees; the buf is empty after. */
char *buf_take(struct buf *b);
