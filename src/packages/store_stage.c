/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/rand.h"
#include "packages/layer_clear.h"
#include "packages/store_impl.h"

/*
 * Stages: directories that are locked as long as their maker lives.  Both making one and looking
 * for those of the dead is done under the store's lock, so that none is seen before it is locked.
 */

int store_stage_empty(struct package_store *s, struct stage *ret, struct err *e)
{
    AUTO(fd_closep) int lock = -1;
    int r = store_lock(s, &lock, e);
    if (r < 0) {
        return r;
    }
    char name[ULID_LEN + 1];
    ulid_make(clock_wall_ns(&clock_system) / NS_PER_MS, name);
    struct store_path path = store_name_path(STORE_STAGE, name);
    if (mkdirat(s->fd, path.text, 0711) < 0) {
        return err_sys(e, "making '%s' in the store of packages", path.text);
    }
    AUTO(fd_closep)
    int fd = openat(s->fd, path.text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    /* A box of another user has to find its root in it. */
    if (fd < 0 || store_flock(fd, LOCK_EX | LOCK_NB) < 0 || fchmod(fd, 0711) < 0) {
        return err_sys(e, "locking '%s'", path.text);
    }
    *ret = (struct stage){.store = s, .name = xstrdup(name), .fd = TAKE(&fd, -1), .tree_fd = -1};
    return 0;
}

static int folder_make(const struct stage *st, const char *name, int *ret_fd, struct err *e)
{
    if (mkdirat(st->fd, name, 0755) < 0) {
        return err_sys(e, "making '%s' in a stage", name);
    }
    AUTO(fd_closep) int fd = openat(st->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fchmod(fd, 0755) < 0) {
        return err_sys(e, "open '%s' of a stage", name);
    }
    *ret_fd = TAKE(&fd, -1);
    return 0;
}

int store_stage(struct package_store *s, struct stage *ret, struct err *e)
{
    struct stage st = {.fd = -1, .tree_fd = -1};
    int r = store_stage_empty(s, &st, e);
    if (r < 0) {
        return r;
    }
    AUTO(fd_closep) int work = -1;
    r = folder_make(&st, "root", &st.tree_fd, e);
    if (r == 0) {
        r = folder_make(&st, "work", &work, e);
    }
    if (r < 0) {
        stage_done(&st);
        return r;
    }
    *ret = st;
    return 0;
}

void stage_done(struct stage *st)
{
    if (!st->store) {
        return;
    }
    struct err ignored;
    AUTO(fd_closep)
    int folder = openat(st->store->fd, STORE_STAGE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* What cannot be removed now, the next store_open tries again. */
    (void)layer_clear(folder, st->name, &ignored);
    fd_closep(&st->tree_fd);
    fd_closep(&st->fd);
    free(st->name);
    *st = (struct stage){.fd = -1, .tree_fd = -1};
}
