/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/layer_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/below.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"

struct walk {
    const struct layer_visitor *visitor;
    unsigned inodes;
    size_t path_len;
    char path[LAYER_PATH_MAX + 1];
};

struct layer_shown layer_shown(const char *path)
{
    struct layer_shown ret = {{0}};
    size_t len = 0;
    for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
        if (len + sizeof("\\xff...") > sizeof(ret.text)) {
            memcpy(ret.text + len, "...", sizeof("..."));
            break;
        }
        if (*p >= ' ' && *p < 0x7f && *p != '\\') {
            ret.text[len++] = (char)*p;
        } else {
            len += (size_t)snprintf(ret.text + len, sizeof(ret.text) - len, "\\x%02x", *p);
        }
    }
    return ret;
}

static int type_of(const struct stat *st, const char *path, enum layer_type *ret, struct err *e)
{
    switch (st->st_mode & S_IFMT) {
    case S_IFDIR:
        *ret = LAYER_DIR;
        return 0;
    case S_IFREG:
        *ret = LAYER_FILE;
        return 0;
    case S_IFLNK:
        *ret = LAYER_LINK;
        return 0;
    case S_IFCHR:
        if (st->st_rdev == makedev(0, 0)) {
            *ret = LAYER_WHITEOUT;
            return 0;
        }
        break;
    default:
        break;
    }
    const char *what = S_ISFIFO(st->st_mode)   ? "a fifo"
                       : S_ISSOCK(st->st_mode) ? "a socket"
                                               : "a device";
    return err_set(e, ERR_INVALID, "'%s' is %s; a layer has files, directories and links only",
                   layer_shown(path).text, what);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int names_read(struct walk *w, int dir_fd, char ***ret, struct err *e)
{
    AUTO(dir_closep) DIR *dir = NULL;
    int r = dir_open(dir_fd, ".", &dir, e);
    if (r < 0) {
        return r;
    }
    AUTO(strv_freep) char **names = NULL;
    size_t count = 0, room = 0;
    const struct dirent *entry;
    while (errno = 0, (entry = dir_next(dir))) {
        if (++w->inodes > LAYER_INODES_MAX) {
            return err_set(e, ERR_LIMIT, "a layer may have %d files at most", LAYER_INODES_MAX);
        }
        if (count + 1 >= room) {
            room = room > 0 ? room * 2 : 16;
            names = xreallocarray(names, room, sizeof(*names));
        }
        names[count++] = xstrdup(entry->d_name);
        names[count] = NULL;
    }
    if (errno != 0) {
        return err_sys(e, "reading directory '%s'", layer_shown(w->path).text);
    }
    if (count > 0) {
        qsort(names, count, sizeof(*names), by_bytes);
    }
    *ret = TAKE(&names, NULL);
    return 0;
}

static int path_push(struct walk *w, const char *name, struct err *e)
{
    size_t len = strlen(name), slash = w->path_len > 0;
    if (w->path_len + slash + len > LAYER_PATH_MAX) {
        return err_set(e, ERR_LIMIT, "'%s' has a path of more than %d bytes",
                       layer_shown(w->path).text, LAYER_PATH_MAX);
    }
    memcpy(w->path + w->path_len, "/", slash);
    memcpy(w->path + w->path_len + slash, name, len + 1);
    w->path_len += slash + len;
    return 0;
}

static int node_visit(struct walk *w, int dir_fd, const char *name, unsigned depth, struct err *e);

static int below_visit(struct walk *w, const struct layer_node *node, unsigned depth, struct err *e)
{
    if (depth > LAYER_DEPTH_MAX) {
        return err_set(e, ERR_LIMIT, "'%s' has more than %d directories above it",
                       layer_shown(w->path).text, LAYER_DEPTH_MAX);
    }
    AUTO(fd_closep)
    int fd = below_open(node->dir_fd, node->name, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) {
        return err_sys(e, "open directory '%s'", layer_shown(w->path).text);
    }
    AUTO(strv_freep) char **names = NULL;
    int r = names_read(w, fd, &names, e);
    for (char **name = names; r == 0 && name && *name; name++) {
        size_t before = w->path_len;
        r = path_push(w, *name, e);
        if (r == 0) {
            r = node_visit(w, fd, *name, depth, e);
        }
        w->path_len = before;
        w->path[before] = '\0';
    }
    return r;
}

static int node_visit(struct walk *w, int dir_fd, const char *name, unsigned depth, struct err *e)
{
    struct layer_node node = {.path = w->path, .dir_fd = dir_fd, .name = name};
    if (fstatat(dir_fd, name, &node.st, AT_SYMLINK_NOFOLLOW) < 0) {
        return err_sys(e, "stat '%s'", layer_shown(w->path).text);
    }
    int r = type_of(&node.st, w->path, &node.type, e);
    if (r == 0) {
        r = w->visitor->enter(w->visitor->ctx, &node, e);
    }
    if (r < 0 || node.type != LAYER_DIR) {
        return r;
    }
    r = below_visit(w, &node, depth + 1, e);
    if (r == 0 && w->visitor->leave) {
        r = w->visitor->leave(w->visitor->ctx, &node, e);
    }
    return r;
}

int layer_walk(int tree_fd, const struct layer_visitor *visitor, struct err *e)
{
    AUTO(mem_freep) struct walk *w = xcalloc(1, sizeof(*w));
    w->visitor = visitor;
    return node_visit(w, tree_fd, ".", 0, e);
}
