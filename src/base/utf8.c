/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <string.h>

#include "base/buf.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* What may follow a lead byte; the second byte's range shuts out overlong forms and surrogates. */
struct lead {
    unsigned char first, last;
    unsigned char length;
    unsigned char second_min, second_max;
};

static const struct lead leads[] = {
    {0x00, 0x7f, 1, 0, 0},       {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
    {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
    {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

static const struct lead *lead_of(unsigned char byte)
{
    for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
        if (byte >= leads[i].first && byte <= leads[i].last) {
            return &leads[i];
        }
    }
    return NULL;
}

/*
 * The sequence at p (len > 0): its length when it is valid; 0 when it is valid
 * so far and goes on behind len; -n when its first n bytes are one maximal
 * invalid subpart.
 */
static int sequence_at(const unsigned char *p, size_t len)
{
    const struct lead *lead = lead_of(p[0]);
    if (lead == NULL) {
        return -1;
    }
    for (unsigned i = 1; i < lead->length; i++) {
        unsigned char min = i == 1 ? lead->second_min : 0x80;
        unsigned char max = i == 1 ? lead->second_max : 0xbf;
        if (i == len) {
            return 0;
        }
        if (p[i] < min || p[i] > max) {
            return -(int)i;
        }
    }
    return lead->length;
}

/* Length of the valid run at p; *ret_bad is what sequence_at said of what follows (1: the end). */
static size_t valid_run(const unsigned char *p, size_t len, int *ret_bad)
{
    size_t at = 0;
    while (at < len) {
        if (p[at] < 0x80) {
            at++;
            continue;
        }
        int n = sequence_at(p + at, len - at);
        if (n <= 0) {
            *ret_bad = n;
            return at;
        }
        at += (size_t)n;
    }
    *ret_bad = 1;
    return at;
}

bool utf8_valid(const char *data, size_t len)
{
    int bad;
    valid_run((const unsigned char *)data, len, &bad);
    return bad == 1;
}

size_t utf8_whole(const char *data, size_t len)
{
    const unsigned char *p = (const unsigned char *)data;
    for (size_t back = 1; back < 4 && back <= len; back++) {
        if ((p[len - back] & 0xc0) != 0x80) { /* no byte inside of a character */
            return sequence_at(p + len - back, back) == 0 ? len - back : len;
        }
    }
    return len;
}

void utf8_repair(const char *data, size_t len, struct buf *ret)
{
    struct utf8_stream s = {0};
    utf8_stream_feed(&s, data, len, ret);
    utf8_stream_end(&s, ret);
}

static void add_invalid(const struct utf8_stream *s, const unsigned char *data, size_t len,
                        struct buf *ret)
{
    if (s->exact) {
        buf_add(ret, data, len);
    } else {
        buf_add_str(ret, REPLACEMENT);
    }
}

/* Completes the waiting sequence; gives how many bytes of the new piece that took. */
static size_t finish_pending(struct utf8_stream *s, const unsigned char *p, size_t len,
                             struct buf *ret)
{
    size_t used = 0;
    while (s->pending_len > 0 && used < len) {
        s->pending[s->pending_len] = p[used];
        int n = sequence_at(s->pending, s->pending_len + 1);
        if (n < 0) {
            /* What waited was a valid beginning, so the new byte is the one that broke it. */
            add_invalid(s, s->pending, s->pending_len, ret);
            s->pending_len = 0;
            break;
        }
        used++;
        s->pending_len++;
        if (n > 0) {
            buf_add(ret, s->pending, s->pending_len);
            s->pending_len = 0;
        }
    }
    return used;
}

void utf8_stream_feed(struct utf8_stream *s, const char *data, size_t len, struct buf *ret)
{
    const unsigned char *p = (const unsigned char *)data;
    size_t at = finish_pending(s, p, len, ret);
    while (at < len) {
        int bad;
        size_t run = valid_run(p + at, len - at, &bad);
        buf_add(ret, p + at, run);
        at += run;
        if (bad == 0) {
            s->pending_len = (unsigned)(len - at);
            memcpy(s->pending, p + at, s->pending_len);
            return;
        }
        if (bad < 0) {
            add_invalid(s, p + at, (size_t)-bad, ret);
            at += (size_t)-bad;
        }
    }
}

void utf8_stream_end(struct utf8_stream *s, struct buf *ret)
{
    if (s->pending_len > 0) {
        add_invalid(s, s->pending, s->pending_len, ret);
        s->pending_len = 0;
    }
}
