/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "packages/layer_clear.h"
#include "packages/store_files.h"
#include "packages/store_impl.h"

/*
 * Layers that are in use, and those that are not any more.  Whoever waits for a layer's lock has
 * not got the store's: a maker may have the one and want the other.
 */

#define LAYER_NAME_BYTES 16

static void layer_name(uint32_t id, char ret[LAYER_NAME_BYTES])
{
    snprintf(ret, LAYER_NAME_BYTES, "%" PRIu32, id);
}

static int layer_remove_locked(struct package_store *s, const struct stage *st,
                               const struct layer *layer, bool *ret_done, struct err *e)
{
    AUTO(fd_closep) int lock = -1;
    AUTO(store_users_done) struct store_users users = {0};
    int r = store_lock(s, &lock, e);
    if (r == 0) {
        r = store_users_read(s, NULL, &users, e);
    }
    if (r < 0 || store_users_name(&users, layer->id)) {
        return r; /* somebody has made use of it meanwhile */
    }
    struct store_path digest = store_name_path(STORE_DIGESTS, layer->digest);
    struct store_path path = store_layer_path(layer->id);
    char name[LAYER_NAME_BYTES];
    layer_name(layer->id, name);
    /* The digest first: none says what is not there. */
    *ret_done = true;
    if (unlinkat(s->fd, digest.text, 0) < 0 || renameat(s->fd, path.text, st->fd, name) < 0) {
        /* Another collector was quicker. */
        return errno == ENOENT ? 0 : err_sys(e, "removing '%s'", path.text);
    }
    r = store_sync_dir(s, STORE_DIGESTS, e);
    return r == 0 ? store_sync_dir(s, STORE_LAYERS, e) : r;
}

/* 1: removed, *ret_bytes grows; 0: somebody uses it. */
static int layer_collect(struct package_store *s, const struct stage *st, const struct layer *layer,
                         bool wait, uint64_t *ret_bytes, struct err *e)
{
    AUTO(fd_closep) int fd = store_layer_open(s->fd, layer->id);
    if (fd < 0) {
        return errno == ENOENT ? 1 : err_sys(e, "open layer %" PRIu32, layer->id);
    }
    if (store_flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB) < 0) {
        return errno == EWOULDBLOCK ? 0 : err_sys(e, "locking layer %" PRIu32, layer->id);
    }
    bool done = false;
    char name[LAYER_NAME_BYTES];
    int r = layer_remove_locked(s, st, layer, &done, e);
    layer_name(layer->id, name);
    r = r == 0 && done ? layer_clear_counted(st->fd, name, ret_bytes, e) : r;
    return r < 0 ? r : done;
}

static bool is_held(const struct package_store *s, uint32_t id)
{
    for (size_t i = 0; i < s->held_count; i++) {
        if (s->held[i].id == id) {
            return true;
        }
    }
    return false;
}

static int unused_find(const struct package_store *s, bool only_held, struct layer **ret,
                       size_t *ret_count, struct err *e)
{
    AUTO(store_users_done) struct store_users users = {0};
    AUTO(mem_freep) struct layer *all = NULL;
    size_t count = 0, unused = 0;
    int r = store_users_read(s, NULL, &users, e);
    if (r == 0) {
        r = store_layers(s, &all, &count, e);
    }
    if (r < 0) {
        return r;
    }
    for (size_t i = 0; i < count; i++) {
        if (!store_users_name(&users, all[i].id) && (!only_held || is_held(s, all[i].id))) {
            all[unused++] = all[i];
        }
    }
    *ret = TAKE(&all, NULL);
    *ret_count = unused;
    return 0;
}

static int collect(struct package_store *s, const struct layer *unused, size_t count, bool wait,
                   uint64_t *ret_bytes, unsigned *ret_left, struct err *e)
{
    AUTO(stage_done) struct stage st = {.fd = -1, .tree_fd = -1};
    uint64_t bytes = 0;
    unsigned left = 0;
    int r = count > 0 ? store_stage_empty(s, &st, e) : 0;
    for (size_t i = 0; r >= 0 && i < count; i++) {
        r = layer_collect(s, &st, &unused[i], wait, &bytes, e);
        left += r == 0;
    }
    r = r < 0 ? r : store_files_collect(s, &bytes, e);
    if (r < 0) {
        return err_wrap(e, "removing layers that are not needed");
    }
    *ret_bytes = bytes;
    *ret_left = left;
    return 0;
}

int store_collect(struct package_store *s, bool wait, uint64_t *ret_bytes, unsigned *ret_left,
                  struct err *e)
{
    AUTO(mem_freep) struct layer *unused = NULL;
    size_t count = 0;
    store_hold_drop(s, NULL, 0);
    int r = unused_find(s, false, &unused, &count, e);
    return r < 0 ? r : collect(s, unused, count, wait, ret_bytes, ret_left, e);
}

void store_discard(struct package_store *s)
{
    AUTO(mem_freep) struct layer *unused = NULL;
    size_t count = 0;
    uint64_t bytes;
    unsigned left; /* others have made the same, or are about to remove it */
    struct err ignored;
    int r = s->held_count > 0 ? unused_find(s, true, &unused, &count, &ignored) : 0;
    store_hold_drop(s, NULL, 0);
    if (r == 0 && count > 0) {
        (void)collect(s, unused, count, false, &bytes, &left, &ignored);
    }
}

static int hold(int packages_fd, uint32_t id, int *ret_fd, struct err *e)
{
    struct store_path path = store_layer_path(id);
    AUTO(fd_closep) int fd = store_layer_open(packages_fd, id);
    if (fd < 0 || store_flock(fd, LOCK_SH) < 0) {
        return err_sys(e, "layer %" PRIu32, id);
    }
    struct stat held, there;
    if (fstat(fd, &held) < 0 || fstatat(packages_fd, path.text, &there, AT_SYMLINK_NOFOLLOW) < 0 ||
        held.st_ino != there.st_ino) {
        return err_set(e, ERR_NOT_FOUND, "layer %" PRIu32 " was removed", id);
    }
    *ret_fd = TAKE(&fd, -1);
    return 0;
}

int store_hold(int packages_fd, const uint32_t *ids, size_t count, int *ret_fds, struct err *e)
{
    AUTO(mem_freep) int *fds = xcalloc(count + 1, sizeof(*fds));
    size_t done = 0;
    int r = 0;
    while (r == 0 && done < count) {
        r = hold(packages_fd, ids[done], &fds[done], e);
        done += r == 0;
    }
    for (size_t i = 0; i < done; i++) {
        if (r < 0) {
            fd_close(fds[i]);
        } else {
            ret_fds[i] = fds[i];
        }
    }
    return r;
}

int store_lock_recipe(struct package_store *s, const char *id, bool wait, int *ret_fd,
                      struct err *e)
{
    char name[STORE_NAME_MAX + 1];
    int r = store_dir_of_id(id, name, e);
    if (r < 0) {
        return r;
    }
    AUTO(fd_closep)
    int fd = openat(s->fd, store_name_path(STORE_LOCKS, name).text,
                    O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return err_sys(e, "making the lock of '%s'", id);
    }
    if (store_flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB) < 0) {
        return errno == EWOULDBLOCK
                   ? err_set(e, ERR_BUSY, "'%s' is being installed by somebody else", id)
                   : err_sys(e, "locking '%s'", id);
    }
    *ret_fd = TAKE(&fd, -1);
    return 0;
}
