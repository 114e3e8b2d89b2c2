/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream comes in pieces of any size: what of an entry's head, path and target is there is kept
 * in `head` until it is whole; a file's data goes to the disk as it comes.
 */
#include "packages/tree_writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/table.h"
#include "boxproto/boxarchive.h"
#include "packages/tree_place.h"

#define WHITEOUT        ".wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"
#define WHITEOUT_OTHER  ".wh..wh." /* of aufs itself: tells nothing about files */
#define SHOWN           140

/* A file of this stream, to which a hard link may lead. */
struct written {
    struct table_node node;
    struct written *next;
    char path[];
};

struct tree_writer {
    struct tree_writer_options options;
    struct tree_place place;
    struct buf head;
    struct boxarchive_item item;
    bool in_item;                       /* its head is read, its data is not */
    uint64_t left;                      /* of the data */
    char path[BOXARCHIVE_PATH_MAX + 1]; /* where it goes; "": nowhere */
    int file_fd;                        /* -1: the data is of no file, or not wanted */
    uint64_t bytes;
    struct table files;
    struct written *written;
    struct err failure; /* of this stream: it ends here */
};

struct tree_writer *tree_writer_new(const struct tree_writer_options *options)
{
    struct tree_writer *w = xcalloc(1, sizeof(*w));
    w->options = *options;
    w->options.prefix = xstrdup(options->prefix);
    tree_place_init(&w->place, options->dir_fd, options->max_inodes);
    w->file_fd = -1;
    return w;
}

void tree_writer_free(struct tree_writer *w)
{
    if (!w) {
        return;
    }
    for (struct written *f = w->written, *next; f; f = next) {
        next = f->next;
        free(f);
    }
    table_done(&w->files);
    tree_place_done(&w->place);
    fd_close(w->file_fd);
    buf_done(&w->head);
    mem_freep(&w->options.prefix);
    free(w);
}

uint64_t tree_writer_bytes(const struct tree_writer *w)
{
    return w->bytes;
}

uint64_t tree_writer_inodes(const struct tree_writer *w)
{
    return w->place.inodes;
}

/* --- paths --------------------------------------------------------------------------------- */

/* Where what the stream calls `path` goes; "": it is left out. */
static int path_of(const struct tree_writer *w, const char *path, char ret[BOXARCHIVE_PATH_MAX + 1],
                   struct err *e)
{
    for (unsigned i = 0; i < w->options.strip; i++) {
        const char *slash = strchr(path, '/');
        if (!slash) {
            ret[0] = '\0';
            return 0;
        }
        path = slash + 1;
    }
    const char *prefix = w->options.prefix;
    const char *slash = prefix[0] != '\0' ? "/" : "";
    size_t prefix_len = strlen(prefix), slash_len = strlen(slash), len = strlen(path);
    if (prefix_len + slash_len + len > BOXARCHIVE_PATH_MAX) {
        return err_set(e, ERR_INVALID, "'%.*s': a path of more than %d bytes", SHOWN, path,
                       BOXARCHIVE_PATH_MAX);
    }
    memcpy(ret, prefix, prefix_len);
    memcpy(ret + prefix_len, slash, slash_len);
    memcpy(ret + prefix_len + slash_len, path, len + 1);
    return 0;
}

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void note_file(struct tree_writer *w, const char *path)
{
    if (table_find(&w->files, path)) {
        return;
    }
    size_t len = strlen(path) + 1;
    struct written *f = xcalloc(1, sizeof(*f) + len);
    memcpy(f->path, path, len);
    f->next = w->written;
    w->written = f;
    table_add(&w->files, &f->node, f->path);
}

/* --- entries ------------------------------------------------------------------------------- */

static int count_bytes(struct tree_writer *w, uint64_t bytes, struct err *e)
{
    if (bytes > w->options.max_bytes - w->bytes) {
        return err_set(e, ERR_LIMIT, "'%.*s': more than %llu bytes", SHOWN, w->item.path,
                       (unsigned long long)w->options.max_bytes);
    }
    w->bytes += bytes;
    return 0;
}

/* 1: it was a whiteout. */
static int whiteout(struct tree_writer *w, struct err *e)
{
    const char *name = last_name(w->path);
    if (!w->options.whiteouts || !str_starts(name, WHITEOUT)) {
        return 0;
    }
    char path[BOXARCHIVE_PATH_MAX + 1];
    size_t parent = (size_t)(name - w->path);
    memcpy(path, w->path, parent);
    path[parent] = '\0';
    int r = 0;
    if (strcmp(name, WHITEOUT_OPAQUE) == 0) {
        path[parent > 0 ? parent - 1 : 0] = '\0';
        r = tree_place_opaque(&w->place, path, e);
    } else if (!str_starts(name, WHITEOUT_OTHER)) {
        snprintf(path + parent, sizeof(path) - parent, "%s", name + strlen(WHITEOUT));
        r = boxarchive_check_path(path, e);
        r = r < 0 ? r : tree_place_whiteout(&w->place, path, e);
    }
    return r < 0 ? r : 1;
}

static int begin_file(struct tree_writer *w, struct err *e)
{
    int r = count_bytes(w, w->item.size, e);
    r = r < 0 ? r : whiteout(w, e);
    if (r != 0) {
        return r < 0 ? r : 0;
    }
    r = tree_place_file(&w->place, w->path, w->item.mode, &w->file_fd, e);
    if (r == 0) {
        note_file(w, w->path);
    }
    return r;
}

/* `target` is the item's data. */
static int put_link(struct tree_writer *w, const char *target, struct err *e)
{
    char old[BOXARCHIVE_PATH_MAX + 1];
    if (strlen(target) != w->item.size) {
        return err_set(e, ERR_INVALID, "'%.*s': a link's target with a NUL byte", SHOWN,
                       w->item.path);
    }
    if (w->item.type == BOXARCHIVE_LINK) {
        return tree_place_link(&w->place, w->path, target, e);
    }
    int r = boxarchive_check_path(target, e);
    r = r < 0 ? r : path_of(w, target, old, e);
    if (r < 0) {
        return r;
    }
    if (!table_find(&w->files, old)) {
        return err_set(e, ERR_INVALID, "'%.*s': a hard link to '%.60s', which is no file before it",
                       SHOWN / 2, w->item.path, target);
    }
    r = tree_place_hard_link(&w->place, w->path, old, e);
    if (r == 0) {
        note_file(w, w->path);
    }
    return r;
}

static int end_item(struct tree_writer *w, struct err *e)
{
    bool is_link = w->item.type == BOXARCHIVE_LINK || w->item.type == BOXARCHIVE_HARD_LINK;
    int r = is_link && w->path[0] != '\0' ? put_link(w, w->head.data, e) : 0;
    fd_closep(&w->file_fd);
    buf_clear(&w->head);
    w->in_item = false;
    return r;
}

static int begin_item(struct tree_writer *w, struct err *e)
{
    buf_clear(&w->head);
    w->in_item = true;
    w->left = w->item.size;
    int r = path_of(w, w->item.path, w->path, e);
    if (r == 0 && w->path[0] != '\0' && w->item.type == BOXARCHIVE_FILE) {
        r = begin_file(w, e);
    } else if (r == 0 && w->path[0] != '\0' && w->item.type == BOXARCHIVE_DIR) {
        r = tree_place_dir(&w->place, w->path, w->item.mode, e);
    }
    return r == 0 && w->left == 0 ? end_item(w, e) : r;
}

/* --- the stream ---------------------------------------------------------------------------- */

/* Of `data`, what the head still lacks; *ret_used of it were taken. */
static int add_head(struct tree_writer *w, const char *data, size_t len, size_t *ret_used,
                    struct err *e)
{
    struct boxarchive_entry entry;
    size_t wanted = sizeof(entry);
    if (w->head.len >= sizeof(entry)) {
        memcpy(&entry, w->head.data, sizeof(entry));
        wanted += entry.path_len;
    }
    size_t take = wanted - w->head.len < len ? wanted - w->head.len : len;
    buf_add(&w->head, data, take);
    *ret_used = take;
    size_t head_len;
    int r = boxarchive_parse(w->head.data, w->head.len, &w->item, &head_len, e);
    return r <= 0 ? r : begin_item(w, e);
}

static int add_data(struct tree_writer *w, const char *data, size_t len, size_t *ret_used,
                    struct err *e)
{
    size_t take = w->left < len ? (size_t)w->left : len;
    int r = 0;
    if (w->item.type != BOXARCHIVE_FILE) {
        buf_add(&w->head, data, take); /* a target: its size has been checked */
    } else if (w->file_fd >= 0 && fd_write_all(w->file_fd, data, take, e) < 0) {
        r = e->sys == ENOSPC || e->sys == EDQUOT
                ? err_set(e, ERR_LIMIT, "'%.*s': no room is left on the disk", SHOWN, w->path)
                : err_wrap(e, "'%.*s'", SHOWN, w->path);
    }
    w->left -= take;
    *ret_used = take;
    return r == 0 && w->left == 0 ? end_item(w, e) : r;
}

static int add_all(struct tree_writer *w, const char *data, size_t len, struct err *e)
{
    int r = 0;
    for (size_t used; r == 0 && len > 0; data += used, len -= used) {
        r = w->in_item ? add_data(w, data, len, &used, e) : add_head(w, data, len, &used, e);
    }
    return r;
}

int tree_writer_add(struct tree_writer *w, const void *data, size_t len, struct err *e)
{
    if (w->failure.kind == 0 && add_all(w, data, len, e) < 0) {
        w->failure = *e;
    }
    if (w->failure.kind != 0) {
        *e = w->failure;
    }
    return -(int)w->failure.kind;
}

int tree_writer_end(struct tree_writer *w, struct err *e)
{
    if (w->failure.kind == 0 && (w->in_item || w->head.len > 0)) {
        err_set(&w->failure, ERR_INVALID, "the archive was cut%s%.*s", w->in_item ? " in " : "",
                SHOWN, w->in_item ? w->item.path : "");
    }
    if (w->failure.kind != 0) {
        *e = w->failure;
    }
    return -(int)w->failure.kind;
}
