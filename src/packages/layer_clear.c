/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/layer_clear.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/below.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/rand.h"
#include "packages/layer_walk.h"

/* One descriptor a level is held; what is deeper is first moved to the top of the tree. */
#define DEPTH_MAX 64

#define BLOCK 512 /* of st_blocks */

struct clear {
    int top_fd;
    bool moved;      /* something came to the top while that was read */
    uint64_t *bytes; /* what was freed; NULL: nobody asks */
};

static uint64_t bytes_of(const struct clear *c, int dir_fd, const char *name)
{
    struct stat st;
    if (!c->bytes || fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        (!S_ISDIR(st.st_mode) && st.st_nlink > 1)) {
        return 0;
    }
    return (uint64_t)st.st_blocks * BLOCK;
}

/* As unlinkat does. */
static int take_away(const struct clear *c, int dir_fd, const char *name, int flags)
{
    uint64_t bytes = bytes_of(c, dir_fd, name);
    if (unlinkat(dir_fd, name, flags) < 0) {
        return -1;
    }
    if (c->bytes) {
        *c->bytes += bytes;
    }
    return 0;
}

/* A directory of mode 0 is no obstacle for who owns it. */
static int dir_open_forced(int parent_fd, const char *name, int *ret_fd, struct err *e)
{
    int fd = below_open(parent_fd, name, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0 && errno == EACCES) {
        int done = fchmodat(parent_fd, name, 0700, AT_SYMLINK_NOFOLLOW);
        fd = done < 0 ? -1 : below_open(parent_fd, name, O_RDONLY | O_DIRECTORY, 0);
    }
    if (fd < 0) {
        return err_sys(e, "open directory '%s'", layer_shown(name).text);
    }
    (void)fchmod(fd, 0700); /* root gets along without */
    *ret_fd = fd;
    return 0;
}

static int clear_dir(struct clear *c, int fd, unsigned depth, struct err *e);

static int move_up(struct clear *c, int dir_fd, const char *name, struct err *e)
{
    char fresh[32];
    snprintf(fresh, sizeof(fresh), "up-%016" PRIx64, rand_u64());
    c->moved = true;
    return renameat(dir_fd, name, c->top_fd, fresh) < 0
               ? err_sys(e, "moving '%s'", layer_shown(name).text)
               : 0;
}

static int clear_entry(struct clear *c, int dir_fd, const char *name, unsigned depth, struct err *e)
{
    /* A file first: on a directory this fails with EISDIR and has changed nothing. */
    if (take_away(c, dir_fd, name, 0) == 0 || errno == ENOENT) {
        return 0;
    }
    if (errno != EISDIR && errno != EPERM) {
        return err_sys(e, "unlink '%s'", layer_shown(name).text);
    }
    AUTO(fd_closep) int fd = -1;
    int r = dir_open_forced(dir_fd, name, &fd, e);
    if (r == 0 && depth > DEPTH_MAX) {
        return move_up(c, dir_fd, name, e);
    }
    if (r == 0) {
        r = clear_dir(c, fd, depth, e);
    }
    if (r == 0 && take_away(c, dir_fd, name, AT_REMOVEDIR) < 0) {
        r = err_sys(e, "rmdir '%s'", layer_shown(name).text);
    }
    return r;
}

static int clear_dir(struct clear *c, int fd, unsigned depth, struct err *e)
{
    AUTO(dir_closep) DIR *dir = NULL;
    int r = dir_open(fd, ".", &dir, e);
    const struct dirent *entry;
    while (r == 0 && (entry = dir_next(dir))) {
        r = clear_entry(c, fd, entry->d_name, depth + 1, e);
    }
    return r;
}

int layer_clear_counted(int dir_fd, const char *name, uint64_t *ret_bytes, struct err *e)
{
    struct clear c = {.top_fd = -1, .bytes = ret_bytes};
    if (take_away(&c, dir_fd, name, 0) == 0 || errno == ENOENT) {
        return 0;
    }
    AUTO(fd_closep) int fd = -1;
    int r = dir_open_forced(dir_fd, name, &fd, e);
    c.top_fd = fd;
    do {
        c.moved = false;
        r = r == 0 ? clear_dir(&c, fd, 0, e) : r;
    } while (r == 0 && c.moved);
    if (r == 0 && take_away(&c, dir_fd, name, AT_REMOVEDIR) < 0) {
        r = err_sys(e, "rmdir '%s'", layer_shown(name).text);
    }
    return r;
}

int layer_clear(int dir_fd, const char *name, struct err *e)
{
    return layer_clear_counted(dir_fd, name, NULL, e);
}
