/* SPDX-License-Identifier: Apache-2.0 */
#include "init/payload.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/channel.h"

int payload_open_file(struct payload *p, int fd, uint64_t size, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) < 0) {
        return err_sys(e, "box init: fstat of the payload");
    }
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != size) {
        return err_set(e, ERR_INVALID, "box init: the payload has %lld bytes, START says %llu",
                       (long long)st.st_size, (unsigned long long)size);
    }
    p->fd = fd;
    p->offset = 0;
    p->left = size;
    p->pos = p->len = 0;
    return 0;
}

static int too_much(struct err *e)
{
    return err_set(e, ERR_INVALID, "box init: more DATA than START announced");
}

int payload_open_frames(struct payload *p, uint64_t size, size_t pos, size_t len, struct err *e)
{
    if (len - pos > size) {
        return too_much(e);
    }
    p->fd = -1;
    p->left = size - (len - pos);
    p->pos = pos;
    p->len = len;
    return 0;
}

static int fill_from_file(struct payload *p, struct err *e)
{
    size_t want = p->left < sizeof(p->buf) ? (size_t)p->left : sizeof(p->buf);
    ssize_t n;
    do {
        n = pread(p->fd, p->buf, want, (off_t)p->offset);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return err_sys(e, "box init: reading the payload");
    }
    if (n == 0) {
        return err_set(e, ERR_INVALID, "box init: the payload became shorter while it was read");
    }
    p->offset += (uint64_t)n;
    p->pos = 0;
    p->len = (size_t)n;
    return 0;
}

static int fill_from_frame(struct payload *p, struct err *e)
{
    p->len = channel_recv(BOX_FD_CONTROL, UINT32_C(1) << BOX_MSG_DATA, p->buf, sizeof(p->buf), NULL,
                          NULL);
    p->pos = sizeof(struct box_head);
    return p->len - p->pos > p->left ? too_much(e) : 0;
}

int payload_next(struct payload *p, uint64_t max, const char **ret, size_t *ret_len, struct err *e)
{
    if (p->pos == p->len) {
        if (p->left == 0) {
            return err_set(e, ERR_INVALID, "box init: the payload ends inside an entry");
        }
        int r = p->fd < 0 ? fill_from_frame(p, e) : fill_from_file(p, e);
        if (r < 0) {
            return r;
        }
        p->left -= p->len - p->pos;
    }
    size_t len = p->len - p->pos;
    *ret_len = max < len ? (size_t)max : len;
    *ret = p->buf + p->pos;
    p->pos += *ret_len;
    return 0;
}

int payload_read(struct payload *p, void *data, size_t len, struct err *e)
{
    for (char *to = data; len > 0;) {
        const char *part = "";
        size_t part_len = 0;
        int r = payload_next(p, len, &part, &part_len, e);
        if (r < 0) {
            return r;
        }
        memcpy(to, part, part_len);
        to += part_len;
        len -= part_len;
    }
    return 0;
}
