/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"

/* One descriptor a level is held; deeper trees are not ours. */
#define DEPTH_MAX 128

static int remove_below(int parent_fd, const char *name, dev_t device, unsigned depth,
                        struct err *e);

static int remove_dir(int parent_fd, const char *name, dev_t device, unsigned depth, struct err *e)
{
    if (depth > DEPTH_MAX) {
        return err_set(e, ERR_LIMIT, "'%s' is nested too deep", name);
    }
    AUTO(dir_closep) DIR *dir = NULL;
    int r = dir_open(parent_fd, name, &dir, e);
    if (r < 0) {
        return r;
    }
    struct stat st;
    if (fstat(dirfd(dir), &st) < 0) {
        return err_sys(e, "stat '%s'", name);
    }
    if (st.st_dev != device) {
        return err_set(e, ERR_DENIED, "'%s' is another file system; unmount it first", name);
    }
    const struct dirent *entry;
    while ((entry = dir_next(dir))) {
        r = remove_below(dirfd(dir), entry->d_name, device, depth + 1, e);
        if (r < 0) {
            return err_wrap(e, "in '%s'", name);
        }
    }
    return unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 ? err_sys(e, "rmdir '%s'", name) : 0;
}

static int remove_below(int parent_fd, const char *name, dev_t device, unsigned depth,
                        struct err *e)
{
    /* A file first: on a directory this fails with EISDIR and has changed nothing. */
    if (unlinkat(parent_fd, name, 0) == 0 || errno == ENOENT) {
        return 0;
    }
    if (errno != EISDIR && errno != EPERM) {
        return err_sys(e, "unlink '%s'", name);
    }
    return remove_dir(parent_fd, name, device, depth, e);
}

int tree_remove(int dir_fd, const char *name, struct err *e)
{
    if (strcmp(name, "") == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
        strchr(name, '/')) {
        return err_set(e, ERR_BUG, "'%s' is no name of a tree", name);
    }
    struct stat st;
    if (fstat(dir_fd, &st) < 0) {
        return err_sys(e, "stat of the directory that holds '%s'", name);
    }
    return remove_below(dir_fd, name, st.st_dev, 0, e);
}
