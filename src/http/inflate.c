/* SPDX-License-Identifier: Apache-2.0 */
#include "http/inflate.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <strings.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define PIECE 16384

struct inflate {
    z_stream stream;
    bool ended;
};

enum coding coding_parse(const char *content_encoding)
{
    if (content_encoding == NULL || strcasecmp(content_encoding, "identity") == 0) {
        return CODING_IDENTITY;
    }
    if (strcasecmp(content_encoding, "gzip") == 0 || strcasecmp(content_encoding, "x-gzip") == 0) {
        return CODING_GZIP;
    }
    return strcasecmp(content_encoding, "deflate") == 0 ? CODING_DEFLATE : CODING_UNKNOWN;
}

struct inflate *inflate_new(enum coding coding)
{
    struct inflate *i = xcalloc(1, sizeof(*i));
    /* 16 over the window bits asks zlib for gzip's header and checksum. */
    if (inflateInit2(&i->stream, MAX_WBITS + (coding == CODING_GZIP ? 16 : 0)) != Z_OK) {
        abort(); /* only for lack of memory, where xmalloc would have ended us too */
    }
    return i;
}

void inflate_free(struct inflate *i)
{
    if (i != NULL) {
        inflateEnd(&i->stream);
        free(i);
    }
}

int inflate_feed(struct inflate *i, const void *data, size_t len, struct buf *ret, size_t max,
                 struct err *e)
{
    i->stream.next_in = (Bytef *)(uintptr_t)data;
    i->stream.avail_in = (uInt)len;
    bool full = true; /* the last piece was filled, so there may be more */
    while (i->stream.avail_in > 0 || full) {
        if (i->ended) {
            return i->stream.avail_in == 0
                       ? 0
                       : err_set(e, ERR_INVALID, "bytes behind the end of the compressed body");
        }
        i->stream.next_out = (Bytef *)buf_reserve(ret, PIECE);
        i->stream.avail_out = PIECE;
        int r = inflate(&i->stream, Z_NO_FLUSH);
        buf_commit(ret, PIECE - i->stream.avail_out);
        if (ret->len > max) {
            return err_set(e, ERR_LIMIT, "the body is larger than %zu bytes when inflated", max);
        }
        if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR) {
            return err_set(e, ERR_INVALID, "the compressed body is broken");
        }
        i->ended = r == Z_STREAM_END;
        full = i->stream.avail_out == 0;
    }
    return 0;
}

int inflate_end(const struct inflate *i, struct err *e)
{
    return i->ended ? 0 : err_set(e, ERR_INVALID, "the compressed body ends too soon");
}
