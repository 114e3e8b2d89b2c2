/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/oci_merge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/below.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "packages/layer_clear.h"
#include "packages/layer_opaque.h"

#define DEPTH_MAX 128 /* tree_place makes less */

static int dir_enter(int dir, const char *name, int *ret, struct err *e)
{
    int fd = below_open(dir, name, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) {
        return err_sys(e, "open '%.80s'", name);
    }
    *ret = fd;
    return 0;
}

static int dir_empty(int fd, struct err *e)
{
    AUTO(dir_closep) DIR *dir = NULL;
    const struct dirent *entry;
    int r = dir_open(fd, ".", &dir, e);
    while (r == 0 && (entry = dir_next(dir))) {
        r = layer_clear(fd, entry->d_name, e);
    }
    return r;
}

static int opaque_merge(int below, int above, struct err *e)
{
    bool opaque = false;
    int r = layer_opaque_get(above, "", &opaque, e);
    if (r == 0 && opaque) {
        r = dir_empty(below, e);
        r = r < 0 ? r : layer_opaque_set(below, "", e);
    }
    return r;
}

/* A name that is no directory in both: what is below goes away, whatever it is. */
static int name_move(int below, int above, const char *name, const struct stat *old,
                     const struct stat *new, struct err *e)
{
    AUTO(fd_closep) int fd = -1;
    int r = old ? layer_clear(below, name, e) : 0;
    if (r < 0) {
        return r;
    }
    if (renameat(above, name, below, name) < 0) {
        return err_sys(e, "'%.80s' of a layer", name);
    }
    if (!old || !S_ISDIR(new->st_mode)) {
        return 0;
    }
    /* What was hidden by the old one stays so. */
    r = dir_enter(below, name, &fd, e);
    return r < 0 ? r : layer_opaque_set(fd, name, e);
}

static int dirs_merge(int below, int above, unsigned depth, struct err *e);

static int name_merge(int below, int above, const char *name, unsigned depth, struct err *e)
{
    struct stat old, new;
    bool there = fstatat(below, name, &old, AT_SYMLINK_NOFOLLOW) == 0;
    if (fstatat(above, name, &new, AT_SYMLINK_NOFOLLOW) < 0) {
        return err_sys(e, "'%.80s' of a layer", name);
    }
    if (!there || !S_ISDIR(old.st_mode) || !S_ISDIR(new.st_mode)) {
        return name_move(below, above, name, there ? &old : NULL, &new, e);
    }
    AUTO(fd_closep) int below_dir = -1;
    AUTO(fd_closep) int above_dir = -1;
    int r = dir_enter(below, name, &below_dir, e);
    r = r < 0 ? r : dir_enter(above, name, &above_dir, e);
    return r < 0 ? r : dirs_merge(below_dir, above_dir, depth + 1, e);
}

static int dirs_merge(int below, int above, unsigned depth, struct err *e)
{
    AUTO(dir_closep) DIR *dir = NULL;
    const struct dirent *entry;
    if (depth > DEPTH_MAX) {
        return err_set(e, ERR_LIMIT, "more than %d directories in each other", DEPTH_MAX);
    }
    int r = opaque_merge(below, above, e);
    r = r < 0 ? r : dir_open(above, ".", &dir, e);
    while (r == 0 && (entry = dir_next(dir))) {
        r = name_merge(below, above, entry->d_name, depth, e);
    }
    return r;
}

int oci_merge(int below_fd, int above_fd, struct err *e)
{
    int r = dirs_merge(below_fd, above_fd, 0, e);
    return r < 0 ? err_wrap(e, "merging layers") : 0;
}
