/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FIRST_CAP 64

void buf_done(struct buf *b)
{
    free(b->data);
    *b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    if (b->data != NULL) {
        b->data[0] = '\0';
    }
}

char *buf_reserve(struct buf *b, size_t len)
{
    size_t need;
    if (__builtin_add_overflow(b->len, len, &need) || need >= SIZE_MAX / 2) {
        need = SIZE_MAX - 1; /* xrealloc ends the process */
    }
    need++; /* the NUL */
    if (need > b->cap) {
        size_t cap = b->cap < FIRST_CAP ? FIRST_CAP : b->cap;
        while (cap < need && cap < SIZE_MAX / 2) {
            cap *= 2;
        }
        b->cap = cap < need ? need : cap;
        b->data = xrealloc(b->data, b->cap);
    }
    return b->data + b->len;
}

void buf_commit(struct buf *b, size_t len)
{
    b->len += len;
    b->data[b->len] = '\0';
}

void buf_add(struct buf *b, const void *data, size_t len)
{
    char *room = buf_reserve(b, len);
    if (len > 0) {
        memcpy(room, data, len);
    }
    buf_commit(b, len);
}

void buf_add_str(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_add_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_add_fmt(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_add_vfmt(b, fmt, ap);
    va_end(ap);
}

void buf_add_vfmt(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (len <= 0) {
        return;
    }
    char *room = buf_reserve(b, (size_t)len);
    vsnprintf(room, (size_t)len + 1, fmt, ap);
    buf_commit(b, (size_t)len);
}

void buf_consume(struct buf *b, size_t len)
{
    if (len >= b->len) {
        buf_clear(b);
        return;
    }
    memmove(b->data, b->data + len, b->len - len + 1);
    b->len -= len;
}

char *buf_take(struct buf *b)
{
    char *data = b->data != NULL ? b->data : xstrdup("");
    *b = (struct buf){0};
    return data;
}
