/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/tree_place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/below.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "packages/layer_opaque.h"

#define DIR_MODE   0755
#define OWNER_FILE 0600 /* we must be able to go on with what we make */
#define OWNER_DIR  0700
#define DEPTH_MAX  100 /* tree_remove takes 128, the stage above this tree included */
#define SHOWN      140

void tree_place_init(struct tree_place *t, int top_fd, uint64_t max_inodes)
{
    *t = (struct tree_place){.top_fd = top_fd, .max_inodes = max_inodes, .dir_fd = -1};
}

static void forget_dir(struct tree_place *t)
{
    fd_closep(&t->dir_fd);
    free(TAKE(&t->dir_path, NULL));
}

void tree_place_done(struct tree_place *t)
{
    forget_dir(t);
}

static int failed(const char *path, struct err *e)
{
    switch (errno) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return err_set(e, ERR_LIMIT, "'%.*s': no room is left on the disk", SHOWN, path);
    case ELOOP:
    case EXDEV:
    case ENOTDIR:
        return err_set(e, ERR_INVALID, "'%.*s': its path leads through a link or a file", SHOWN,
                       path);
    case ENAMETOOLONG:
        return err_set(e, ERR_INVALID, "'%.*s': a name of more than %d bytes", SHOWN, path,
                       NAME_MAX);
    case ENOTEMPTY:
        return err_set(e, ERR_INVALID, "'%.*s': a directory with files is there already", SHOWN,
                       path);
    default:
        return err_sys(e, "'%.*s'", SHOWN, path);
    }
}

static int count_name(struct tree_place *t, struct err *e)
{
    if (t->inodes >= t->max_inodes) {
        return err_set(e, ERR_LIMIT, "more than %llu files and directories",
                       (unsigned long long)t->max_inodes);
    }
    t->inodes++;
    return 0;
}

/* --- directories --------------------------------------------------------------------------- */

static int enter_dir(struct tree_place *t, int dir, const char *name, int *ret_fd, struct err *e)
{
    int fd = below_open(dir, name, O_PATH | O_DIRECTORY, 0);
    if (fd < 0 && errno == ENOENT) {
        int r = count_name(t, e);
        if (r < 0) {
            return r;
        }
        if (mkdirat(dir, name, DIR_MODE) == 0) {
            fd = below_open(dir, name, O_PATH | O_DIRECTORY, 0);
        }
    }
    if (fd < 0) {
        return failed(name, e);
    }
    *ret_fd = fd;
    return 0;
}

/* Makes what is missing of the directory `path` ("": the top), and stays in it. */
static int go_to_dir(struct tree_place *t, const char *path, struct err *e)
{
    if (t->dir_fd >= 0 && strcmp(t->dir_path, path) == 0) {
        return 0;
    }
    AUTO(fd_closep) int dir = below_open(t->top_fd, ".", O_PATH | O_DIRECTORY, 0);
    if (dir < 0) {
        return failed(".", e);
    }
    char name[NAME_MAX + 1];
    unsigned depth = 0;
    const char *at = path;
    for (size_t len; *at != '\0'; at += len + (at[len] == '/')) {
        len = strcspn(at, "/");
        if (len > NAME_MAX) {
            errno = ENAMETOOLONG;
            return failed(path, e);
        }
        if (++depth > DEPTH_MAX) {
            return err_set(e, ERR_INVALID, "'%.*s': more than %d directories deep", SHOWN, path,
                           DEPTH_MAX);
        }
        memcpy(name, at, len);
        name[len] = '\0';
        int next = -1;
        int r = enter_dir(t, dir, name, &next, e);
        if (r < 0) {
            return r;
        }
        fd_close(dir);
        dir = next;
    }
    forget_dir(t);
    t->dir_fd = TAKE(&dir, -1);
    t->dir_path = xstrdup(path);
    return 0;
}

/* Goes to the directory of `path`; *ret_name is the last name of it. */
static int go_to_parent(struct tree_place *t, const char *path, const char **ret_name,
                        struct err *e)
{
    const char *slash = strrchr(path, '/');
    AUTO(mem_freep) char *parent = xstrndup(path, slash != NULL ? (size_t)(slash - path) : 0);
    *ret_name = slash != NULL ? slash + 1 : path;
    return go_to_dir(t, parent, e);
}

/* --- places -------------------------------------------------------------------------------- */

/* What is at `name` goes away: a file, a link, or an empty directory. */
static int clear_place(struct tree_place *t, const char *name)
{
    if (unlinkat(t->dir_fd, name, 0) == 0) {
        return 0;
    }
    return errno == EISDIR ? unlinkat(t->dir_fd, name, AT_REMOVEDIR) : -1;
}

/* One way to make a name: -1 with errno, else what `ret` of make_in_place gets. */
typedef int make_fn(int dir, const char *name, const void *what);

static int make_file(int dir, const char *name, const void *what)
{
    const mode_t *mode = what;
    return below_open(dir, name, O_WRONLY | O_CREAT | O_EXCL, *mode | OWNER_FILE);
}

static int make_dir(int dir, const char *name, const void *what)
{
    const mode_t *mode = what;
    return mkdirat(dir, name, *mode | OWNER_DIR);
}

static int make_link(int dir, const char *name, const void *what)
{
    return symlinkat(what, dir, name);
}

struct hard_link {
    int dir;
    const char *name;
};

static int make_hard_link(int dir, const char *name, const void *what)
{
    const struct hard_link *old = what;
    return linkat(old->dir, old->name, dir, name, 0);
}

static int make_whiteout(int dir, const char *name, const void *what)
{
    (void)what;
    return mknodat(dir, name, S_IFCHR, 0);
}

/* At `name` of the present directory, whatever is there. */
static int make_in_place(struct tree_place *t, const char *path, const char *name, make_fn *make,
                         const void *what, int *ret, struct err *e)
{
    int r = count_name(t, e);
    if (r < 0) {
        return r;
    }
    int made = make(t->dir_fd, name, what);
    if (made < 0 && errno == EEXIST && clear_place(t, name) == 0) {
        made = make(t->dir_fd, name, what);
    }
    if (made < 0) {
        return failed(path, e);
    }
    *ret = made;
    return 0;
}

static int place(struct tree_place *t, const char *path, make_fn *make, const void *what, int *ret,
                 struct err *e)
{
    const char *name;
    int r = go_to_parent(t, path, &name, e);
    return r < 0 ? r : make_in_place(t, path, name, make, what, ret, e);
}

int tree_place_file(struct tree_place *t, const char *path, mode_t mode, int *ret_fd, struct err *e)
{
    return place(t, path, make_file, &mode, ret_fd, e);
}

int tree_place_link(struct tree_place *t, const char *path, const char *target, struct err *e)
{
    int made;
    return place(t, path, make_link, target, &made, e);
}

static bool is_whiteout(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

/* 0: it was made; 1: something is there, *ret_name in the present directory. */
static int make_or_find(struct tree_place *t, const char *path, make_fn *make, const void *what,
                        const char **ret_name, struct stat *ret, struct err *e)
{
    int made;
    int r = go_to_parent(t, path, ret_name, e);
    if (r < 0 || fstatat(t->dir_fd, *ret_name, ret, AT_SYMLINK_NOFOLLOW) == 0) {
        return r < 0 ? r : 1;
    }
    return errno == ENOENT ? make_in_place(t, path, *ret_name, make, what, &made, e)
                           : failed(path, e);
}

int tree_place_dir(struct tree_place *t, const char *path, mode_t mode, struct err *e)
{
    const char *name;
    struct stat st;
    int made;
    int r = make_or_find(t, path, make_dir, &mode, &name, &st, e);
    if (r <= 0 || S_ISDIR(st.st_mode)) {
        return r < 0 ? r : 0;
    }
    r = make_in_place(t, path, name, make_dir, &mode, &made, e);
    /* What the whiteout hid stays hidden. */
    return r == 0 && is_whiteout(&st) ? tree_place_opaque(t, path, e) : r;
}

/* The directory of `path`, to be kept while going to another. */
static int parent_keep(struct tree_place *t, const char *path, struct hard_link *ret, struct err *e)
{
    int r = go_to_parent(t, path, &ret->name, e);
    if (r == 0) {
        ret->dir = fcntl(t->dir_fd, F_DUPFD_CLOEXEC, 0);
        r = ret->dir < 0 ? failed(path, e) : 0;
    }
    return r;
}

int tree_place_hard_link(struct tree_place *t, const char *path, const char *old, struct err *e)
{
    if (strcmp(path, old) == 0) {
        return 0;
    }
    struct hard_link from = {.dir = -1};
    struct stat st;
    int made;
    int r = parent_keep(t, old, &from, e);
    if (r < 0) {
        return r;
    }
    AUTO(fd_closep) int dir = from.dir;
    if (fstatat(dir, from.name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        return failed(old, e);
    }
    if (!S_ISREG(st.st_mode)) {
        return err_set(e, ERR_INVALID, "'%.*s': a hard link to what is no file", SHOWN, path);
    }
    return place(t, path, make_hard_link, &from, &made, e);
}

/* --- whiteouts ----------------------------------------------------------------------------- */

int tree_place_whiteout(struct tree_place *t, const char *path, struct err *e)
{
    const char *name;
    struct stat st;
    int r = make_or_find(t, path, make_whiteout, NULL, &name, &st, e);
    if (r <= 0) {
        return r;
    }
    /* A whiteout is about the layers below, not about this one. */
    return S_ISDIR(st.st_mode) ? tree_place_opaque(t, path, e) : 0;
}

int tree_place_opaque(struct tree_place *t, const char *path, struct err *e)
{
    int r = go_to_dir(t, path, e);
    if (r < 0) {
        return r;
    }
    AUTO(fd_closep) int dir = below_open(t->dir_fd, ".", O_RDONLY | O_DIRECTORY, 0);
    return dir < 0 ? failed(path, e) : layer_opaque_set(dir, path, e);
}
