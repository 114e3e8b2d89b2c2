/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/layer_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/below.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/table.h"
#include "packages/layer_opaque.h"
#include "packages/layer_record.h"
#include "packages/sha256.h"

#define CHUNK ((size_t)256 << 10)

/* The first name of a file that has several. */
struct hard {
    struct table_node node;
    char inode[24];
    char *path;
};

struct stream {
    const struct layer_sink *sink;
    struct sha256 *sha;
    struct table hards;
    char *chunk;
    uint64_t blocks, inodes;
};

static void stream_done(struct stream *s)
{
    for (struct table_node *node = table_next(&s->hards, NULL), *next; node; node = next) {
        next = table_next(&s->hards, node);
        struct hard *h = TABLE_ITEM(node, struct hard, node);
        free(h->path);
        free(h);
    }
    table_done(&s->hards);
    sha256_free(s->sha);
    free(s->chunk);
}

static int put(struct stream *s, const void *data, size_t len, struct err *e)
{
    sha256_add(s->sha, data, len);
    return s->sink ? s->sink->write(s->sink->ctx, data, len, e) : 0;
}

static int put_record(struct stream *s, enum layer_record_type type, unsigned mode,
                      const char *path, uint64_t size, struct err *e)
{
    char head[LAYER_RECORD_BYTES + LAYER_PATH_MAX];
    return put(s, head, layer_record_write(type, mode, path, size, head), e);
}

static int put_target(struct stream *s, enum layer_record_type type, const struct layer_node *n,
                      const char *target, struct err *e)
{
    int r = put_record(s, type, 0, n->path, strlen(target), e);
    return r == 0 ? put(s, target, strlen(target), e) : r;
}

static int put_link(struct stream *s, const struct layer_node *n, struct err *e)
{
    char target[4096] = {0};
    ssize_t len = readlinkat(n->dir_fd, n->name, target, sizeof(target) - 1);
    if (len < 0) {
        return err_sys(e, "reading link '%s'", layer_shown(n->path).text);
    }
    return put_target(s, LAYER_RECORD_LINK, n, target, e);
}

static int put_dir(struct stream *s, const struct layer_node *n, struct err *e)
{
    AUTO(fd_closep) int fd = below_open(n->dir_fd, n->name, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) {
        return err_sys(e, "open directory '%s'", layer_shown(n->path).text);
    }
    bool opaque = false;
    int r = layer_opaque_get(fd, n->path, &opaque, e);
    enum layer_record_type type = opaque ? LAYER_RECORD_OPAQUE : LAYER_RECORD_DIR;
    return r == 0 ? put_record(s, type, n->st.st_mode & 07777, n->path, 0, e) : r;
}

/* The earlier name of the same file; else NULL, and this one is remembered. */
static const char *hard_of(struct stream *s, const struct layer_node *n)
{
    if (n->st.st_nlink < 2) {
        return NULL;
    }
    char inode[24];
    snprintf(inode, sizeof(inode), "%" PRIu64, (uint64_t)n->st.st_ino);
    struct table_node *found = table_find(&s->hards, inode);
    if (found) {
        return TABLE_ITEM(found, struct hard, node)->path;
    }
    struct hard *h = xcalloc(1, sizeof(*h));
    memcpy(h->inode, inode, sizeof(inode));
    h->path = xstrdup(n->path);
    table_add(&s->hards, &h->node, h->inode);
    return NULL;
}

static int put_content(struct stream *s, const struct layer_node *n, int fd, struct err *e)
{
    uint64_t left = (uint64_t)n->st.st_size;
    for (;;) {
        ssize_t got = read(fd, s->chunk, CHUNK);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return err_sys(e, "reading '%s'", layer_shown(n->path).text);
        }
        if ((uint64_t)got > left || (got == 0 && left > 0)) {
            return err_set(e, ERR_IO, "'%s' was changed while it was read",
                           layer_shown(n->path).text);
        }
        if (got == 0) {
            return 0;
        }
        left -= (uint64_t)got;
        int r = put(s, s->chunk, (size_t)got, e);
        if (r < 0) {
            return r;
        }
    }
}

static int put_file(struct stream *s, const struct layer_node *n, struct err *e)
{
    const char *first = hard_of(s, n);
    if (first) {
        return put_target(s, LAYER_RECORD_HARD, n, first, e);
    }
    AUTO(fd_closep) int fd = below_open(n->dir_fd, n->name, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0) {
        return err_sys(e, "open '%s'", layer_shown(n->path).text);
    }
    int r = put_record(s, LAYER_RECORD_FILE, n->st.st_mode & 07777, n->path,
                       (uint64_t)n->st.st_size, e);
    if (r == 0) {
        s->blocks += (uint64_t)n->st.st_blocks;
        s->inodes++;
        r = put_content(s, n, fd, e);
    }
    return r;
}

static int on_enter(void *ctx, const struct layer_node *n, struct err *e)
{
    struct stream *s = ctx;
    if (n->type != LAYER_FILE) {
        s->blocks += (uint64_t)n->st.st_blocks;
        s->inodes++;
    }
    switch (n->type) {
    case LAYER_DIR:
        return put_dir(s, n, e);
    case LAYER_FILE:
        return put_file(s, n, e);
    case LAYER_LINK:
        return put_link(s, n, e);
    case LAYER_WHITEOUT:
        return put_record(s, LAYER_RECORD_WHITEOUT, 0, n->path, 0, e);
    }
    return err_set(e, ERR_BUG, "'%s' is of no type", layer_shown(n->path).text);
}

int layer_stream(int tree_fd, const struct layer_sink *sink, struct layer *ret, struct err *e)
{
    AUTO(stream_done) struct stream s = {.sink = sink, .sha = sha256_new()};
    s.chunk = xmalloc(CHUNK);
    const struct layer_visitor visitor = {.enter = on_enter, .ctx = &s};
    int r = put(&s, LAYER_STREAM_HEAD, sizeof(LAYER_STREAM_HEAD) - 1, e);
    if (r == 0) {
        r = layer_walk(tree_fd, &visitor, e);
    }
    if (r == 0) {
        r = put_record(&s, LAYER_RECORD_END, 0, "", 0, e);
    }
    if (r < 0) {
        return r;
    }
    sha256_end(s.sha, ret->digest);
    ret->bytes = s.blocks * 512;
    ret->inodes = s.inodes;
    return 0;
}
