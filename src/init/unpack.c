/* SPDX-License-Identifier: Apache-2.0 */
#include "init/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/below.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxproto/boxarchive.h"
#include "init/payload.h"

#define FILE_MODE 0644
#define DIR_MODE  0755
#define EXEC_BITS 0111
#define SHOWN     150
/* What a file is called before it takes the place of another: no client would name one so. */
#define NEW_NAME "\1belljar"

static int failed(const char *path, struct err *e)
{
    if (errno == ENOSPC || errno == EDQUOT) {
        return err_set(e, ERR_LIMIT, "file '%.*s': no room left in the box (disk limit)", SHOWN,
                       path);
    }
    if (errno == ELOOP || errno == EXDEV) {
        return err_set(e, ERR_INVALID, "file '%.*s': its path goes through a link", SHOWN, path);
    }
    int r = err_sys(e, "file '%.*s'", SHOWN, path);
    if (e->sys == EISDIR || e->sys == ENOTDIR || e->sys == EEXIST || e->sys == ENAMETOOLONG) {
        e->kind = ERR_INVALID;
        return -ERR_INVALID;
    }
    return r;
}

/* Opens the directory `path` and makes what is missing of it; one name at a time, by descriptor. */
static int make_dirs(char *path)
{
    AUTO(fd_closep) int dir = below_open(AT_FDCWD, ".", O_PATH | O_DIRECTORY, 0);
    for (char *name = path, *slash; dir >= 0 && name; name = slash ? slash + 1 : NULL) {
        slash = strchr(name, '/');
        if (slash) {
            *slash = 0;
        }
        if (mkdirat(dir, name, DIR_MODE) < 0 && errno != EEXIST) {
            return -1;
        }
        int next = below_open(dir, name, O_PATH | O_DIRECTORY, 0);
        fd_close(dir);
        dir = next;
        if (slash) {
            *slash = '/';
        }
    }
    return TAKE(&dir, -1);
}

/* The directory that holds `path`; *ret_name is the last name of it. */
static int open_parent(char *path, const char **ret_name)
{
    char *slash = strrchr(path, '/');
    if (!slash) {
        *ret_name = path;
        return below_open(AT_FDCWD, ".", O_PATH | O_DIRECTORY, 0);
    }
    *slash = 0;
    int dir = make_dirs(path);
    *slash = '/';
    *ret_name = slash + 1;
    return dir;
}

/* Empty, and at once under its name. */
static int open_instead(const char *name, mode_t mode)
{
    AUTO(fd_closep) int fd = below_open(AT_FDCWD, NEW_NAME, O_WRONLY | O_CREAT | O_EXCL, mode);
    return fd < 0 || rename(NEW_NAME, name) < 0 ? -1 : TAKE(&fd, -1);
}

static int open_file(struct boxarchive_item *item, const char *instead)
{
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK;
    mode_t mode = FILE_MODE | (item->mode & EXEC_BITS);
    if (instead && strcmp(item->path, instead) == 0) {
        return open_instead(instead, mode);
    }
    int fd = below_open(AT_FDCWD, item->path, flags, mode);
    if (fd >= 0 || errno != ENOENT) {
        return fd;
    }
    const char *name;
    AUTO(fd_closep) int dir = open_parent(item->path, &name);
    return dir < 0 ? -1 : below_open(dir, name, flags, mode);
}

static int unpack_file(struct boxarchive_item *item, struct payload *p, const char *instead,
                       struct err *e)
{
    AUTO(fd_closep) int fd = open_file(item, instead);
    if (fd < 0) {
        return failed(item->path, e);
    }
    for (uint64_t left = item->size; left > 0;) {
        const char *part;
        size_t len;
        int r = payload_next(p, left, &part, &len, e);
        if (r < 0) {
            return r;
        }
        left -= len;
        while (len > 0) {
            ssize_t n = write(fd, part, len);
            if (n < 0) {
                return failed(item->path, e);
            }
            part += n;
            len -= (size_t)n;
        }
    }
    return 0;
}

static int unpack_dir(struct boxarchive_item *item, struct err *e)
{
    AUTO(fd_closep) int dir = make_dirs(item->path);
    return dir < 0 ? failed(item->path, e) : 0;
}

static int unpack_link(struct boxarchive_item *item, struct payload *p, struct err *e)
{
    char target[BOXARCHIVE_PATH_MAX + 1];
    int r = payload_read(p, target, (size_t)item->size, e);
    if (r < 0) {
        return r;
    }
    target[item->size] = 0;
    const char *name;
    AUTO(fd_closep) int dir = open_parent(item->path, &name);
    if (dir < 0 || symlinkat(target, dir, name) < 0) {
        return failed(item->path, e);
    }
    return 0;
}

/* The head first, because it tells how long the path is; the parser judges both. */
static int next_item(struct payload *p, struct boxarchive_item *ret, struct err *e)
{
    struct {
        struct boxarchive_entry entry;
        char path[BOXARCHIVE_PATH_MAX];
    } head;
    size_t used;
    int r = payload_read(p, &head.entry, sizeof(head.entry), e);
    if (r == 0) {
        r = boxarchive_parse(&head, sizeof(head.entry), ret, &used, e);
    }
    if (r == 0) {
        r = payload_read(p, head.path, head.entry.path_len, e);
    }
    if (r == 0) {
        r = boxarchive_parse(&head, sizeof(head.entry) + head.entry.path_len, ret, &used, e);
    }
    return r < 0 ? r : 0;
}

static bool at_end(const struct payload *p)
{
    return p->left == 0 && p->pos == p->len;
}

int unpack(struct payload *p, const char *instead, struct err *e)
{
    struct boxarchive_item item;
    int r = 0;
    while (r == 0 && !at_end(p)) {
        r = next_item(p, &item, e);
        if (r < 0) {
            break;
        }
        switch (item.type) {
        case BOXARCHIVE_FILE:
            r = unpack_file(&item, p, instead, e);
            break;
        case BOXARCHIVE_DIR:
            r = unpack_dir(&item, e);
            break;
        case BOXARCHIVE_LINK:
            r = unpack_link(&item, p, e);
            break;
        case BOXARCHIVE_HARD_LINK:
            r = err_set(e, ERR_INVALID, "file '%.*s': a box takes no hard links", SHOWN, item.path);
            break;
        }
    }
    return r;
}
