/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/stream_in.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

struct stream_in {
    int fd;
    struct sha256 *sha;
    size_t at, end;
    char data[2 * STREAM_IN_MAX];
};

struct stream_in *stream_in_new(int fd)
{
    struct stream_in *s = xmalloc(sizeof(*s));
    s->fd = fd;
    s->sha = sha256_new();
    s->at = s->end = 0;
    return s;
}

void stream_in_free(struct stream_in *s)
{
    if (s) {
        sha256_free(s->sha);
        free(s);
    }
}

/* One read more; 0 bytes at the end. */
static int fill(struct stream_in *s, size_t *ret_got, struct err *e)
{
    if (s->at > 0) {
        memmove(s->data, s->data + s->at, s->end - s->at);
        s->end -= s->at;
        s->at = 0;
    }
    ssize_t got;
    do {
        got = read(s->fd, s->data + s->end, sizeof(s->data) - s->end);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return err_sys(e, "reading");
    }
    s->end += (size_t)got;
    *ret_got = (size_t)got;
    return 0;
}

int stream_in_look(struct stream_in *s, const void **ret, size_t *ret_len, struct err *e)
{
    size_t got = 1;
    int r = s->at < s->end ? 0 : fill(s, &got, e);
    if (r == 0) {
        *ret = s->data + s->at;
        *ret_len = s->end - s->at;
    }
    return r;
}

int stream_in_need(struct stream_in *s, size_t len, const void **ret, size_t *ret_len,
                   struct err *e)
{
    while (s->end - s->at < len) {
        size_t got = 0;
        int r = fill(s, &got, e);
        if (r < 0) {
            return r;
        }
        if (got == 0) {
            return err_set(e, ERR_INVALID, "it ends too early");
        }
    }
    *ret = s->data + s->at;
    *ret_len = s->end - s->at;
    return 0;
}

void stream_in_take(struct stream_in *s, size_t len)
{
    sha256_add(s->sha, s->data + s->at, len);
    s->at += len;
}

void stream_in_digest(struct stream_in *s, char ret[SHA256_CHARS + 1])
{
    sha256_end(s->sha, ret);
}
