/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/strv.h"
#include "packages/layer_clear.h"
#include "packages/store_impl.h"

/*
 * What the dead have left: stages that nobody has locked, layers whose digest was not written any
 * more, digests whose layer was removed.  It is found under the store's lock, and removed without
 * it, which may take long.
 */

struct dead {
    char **names; /* in stage/ */
    int *fds;     /* their locks, which are ours now */
    size_t count;
};

static void dead_done(struct dead *d)
{
    for (size_t i = 0; i < d->count; i++) {
        fd_close(d->fds[i]);
    }
    free(d->fds);
    strv_free(d->names);
}

static void dead_add(struct dead *d, const char *name, int fd)
{
    strv_add(&d->names, name);
    d->fds = xreallocarray(d->fds, d->count + 1, sizeof(*d->fds));
    d->fds[d->count++] = fd;
}

/* 1: nobody has it; what is no directory, nobody can have. */
static int lock_try(int folder_fd, const char *name, int *ret_fd, struct err *e)
{
    AUTO(fd_closep)
    int fd = openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        return 0; /* its maker has removed it just now */
    }
    if (fd < 0 && errno != ENOTDIR && errno != ELOOP) {
        return err_sys(e, "open '%s'", name);
    }
    if (fd >= 0 && store_flock(fd, LOCK_EX | LOCK_NB) < 0) {
        return errno == EWOULDBLOCK ? 0 : err_sys(e, "locking '%s'", name);
    }
    *ret_fd = TAKE(&fd, -1);
    return 1;
}

static int dead_stages(const struct package_store *s, struct dead *d, struct err *e)
{
    AUTO(dir_closep) DIR *dir = NULL;
    int r = dir_open(s->fd, STORE_STAGE, &dir, e);
    const struct dirent *entry;
    while (r >= 0 && (entry = dir_next(dir))) {
        int fd = -1;
        r = lock_try(dirfd(dir), entry->d_name, &fd, e);
        if (r > 0) {
            dead_add(d, entry->d_name, fd);
        }
    }
    return r < 0 ? r : 0;
}

static bool is_known(const struct layer *layers, size_t count, const char *name)
{
    char known[16];
    for (size_t i = 0; i < count; i++) {
        snprintf(known, sizeof(known), "%" PRIu32, layers[i].id);
        if (strcmp(known, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Into stage/, where it is removed like the others, also when we are killed. */
static int layer_to_stage(const struct package_store *s, const char *name, struct dead *d,
                          struct err *e)
{
    AUTO(fd_closep) int fd = -1;
    struct store_path from = store_name_path(STORE_LAYERS, name);
    int r = lock_try(s->fd, from.text, &fd, e);
    if (r <= 0) {
        return r;
    }
    char fresh[ULID_LEN + 1];
    ulid_make(clock_wall_ns(&clock_system) / NS_PER_MS, fresh);
    struct store_path to = store_name_path(STORE_STAGE, fresh);
    if (renameat(s->fd, from.text, s->fd, to.text) < 0) {
        return err_sys(e, "removing '%s'", from.text);
    }
    dead_add(d, fresh, TAKE(&fd, -1));
    return 0;
}

static int layers_without_digest(const struct package_store *s, const struct layer *layers,
                                 size_t count, char ***ret, struct err *e)
{
    AUTO(dir_closep) DIR *dir = NULL;
    int r = dir_open(s->fd, STORE_LAYERS, &dir, e);
    const struct dirent *entry;
    while (r >= 0 && (entry = dir_next(dir))) {
        if (!is_known(layers, count, entry->d_name)) {
            strv_add(ret, entry->d_name);
        }
    }
    return r;
}

static int dead_layers(const struct package_store *s, struct dead *d, struct err *e)
{
    AUTO(mem_freep) struct layer *layers = NULL;
    AUTO(strv_freep) char **names = NULL;
    size_t count = 0;
    struct err why;
    /* With a record that cannot be read nothing can be told; whoever needs it will say so. */
    if (store_layers(s, &layers, &count, &why) < 0) {
        return 0;
    }
    int r = layers_without_digest(s, layers, count, &names, e);
    AUTO(store_users_done) struct store_users users = {0};
    if (r < 0 || !names || store_users_read(s, NULL, &users, &why) < 0) {
        return r;
    }
    for (char **name = names; r >= 0 && *name; name++) {
        if (!store_users_name(&users, (uint32_t)strtoul(*name, NULL, 10))) {
            r = layer_to_stage(s, *name, d, e);
        }
    }
    return r;
}

static int dead_digests(const struct package_store *s, struct err *e)
{
    AUTO(dir_closep) DIR *dir = NULL;
    int r = dir_open(s->fd, STORE_DIGESTS, &dir, e);
    const struct dirent *entry;
    while (r >= 0 && (entry = dir_next(dir))) {
        struct layer layer;
        struct err why;
        if (store_layer_of_digest(s, entry->d_name, &layer, &why) == -ERR_NOT_FOUND &&
            unlinkat(dirfd(dir), entry->d_name, 0) < 0) {
            r = err_sys(e, "removing '%s/%s'", STORE_DIGESTS, entry->d_name);
        }
    }
    return r;
}

static int dead_find(const struct package_store *s, struct dead *d, struct err *e)
{
    AUTO(fd_closep) int lock = -1;
    int r = store_lock(s, &lock, e);
    if (r == 0) {
        r = dead_stages(s, d, e);
    }
    if (r == 0) {
        r = dead_digests(s, e);
    }
    return r == 0 ? dead_layers(s, d, e) : r;
}

int store_clean(struct package_store *s, struct err *e)
{
    AUTO(dead_done) struct dead d = {0};
    int r = dead_find(s, &d, e);
    AUTO(fd_closep) int stages = openat(s->fd, STORE_STAGE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r == 0 && stages < 0) {
        r = err_sys(e, "open '%s'", STORE_STAGE);
    }
    for (size_t i = 0; r >= 0 && i < d.count; i++) {
        r = layer_clear(stages, d.names[i], e);
    }
    return r < 0 ? err_wrap(e, "removing what was left half made") : 0;
}
