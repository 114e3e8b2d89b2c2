/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "packages/layer_stream.h"
#include "packages/layer_tidy.h"
#include "packages/store_files.h"
#include "packages/store_impl.h"

/*
 * From a stage to a layer.  In this order, so that a crash between any two steps leaves at most a
 * number that is never used, or a tree without a digest, which store_clean removes:
 *
 *   the tree is made plain, hashed, and on the disk
 *   next         a number is taken
 *   layers/      the tree gets its name
 *   digests/     the digest says so; now it is a layer
 */

void store_hold_add(struct package_store *s, uint32_t id, int fd)
{
    s->held = xreallocarray(s->held, s->held_count + 1, sizeof(*s->held));
    s->held[s->held_count++] = (struct store_held){id, fd};
}

static bool is_among(uint32_t id, const uint32_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ids[i] == id) {
            return true;
        }
    }
    return false;
}

void store_hold_drop(struct package_store *s, const uint32_t *ids, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->held_count; i++) {
        if (ids && !is_among(s->held[i].id, ids, count)) {
            s->held[kept++] = s->held[i];
        } else {
            fd_close(s->held[i].fd);
        }
    }
    s->held_count = kept;
}

static int tree_lock(int dir_fd, const char *path, int operation, int *ret_fd, struct err *e)
{
    AUTO(fd_closep) int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, "open '%s'", path);
    }
    if (store_flock(fd, operation) < 0) {
        return errno == EWOULDBLOCK ? err_set(e, ERR_BUSY, "'%s' is being removed", path)
                                    : err_sys(e, "locking '%s'", path);
    }
    *ret_fd = TAKE(&fd, -1);
    return 0;
}

/* An equal layer; ERR_NOT_FOUND, or ERR_BUSY when a store_collect is about to remove it. */
static int equal_take(struct package_store *s, struct layer *layer, struct err *e)
{
    struct layer there;
    int fd = -1;
    int r = store_layer_of_digest(s, layer->digest, &there, e);
    if (r == 0) {
        r = tree_lock(s->fd, store_layer_path(there.id).text, LOCK_SH | LOCK_NB, &fd, e);
    }
    if (r < 0) {
        return r;
    }
    store_hold_add(s, there.id, fd);
    *layer = there;
    return 0;
}

static int layer_put(struct stage *st, struct layer *layer, struct err *e)
{
    struct package_store *s = st->store;
    AUTO(fd_closep) int fd = -1;
    int r = tree_lock(st->fd, "root", LOCK_SH, &fd, e);
    if (r == 0) {
        r = store_next_id(s, st, &layer->id, e);
    }
    if (r < 0) {
        return r;
    }
    struct store_path path = store_layer_path(layer->id);
    if (renameat2(st->fd, "root", s->fd, path.text, RENAME_NOREPLACE) < 0) {
        return err_sys(e, "putting '%s' in its place", path.text);
    }
    r = store_sync_dir(s, STORE_LAYERS, e);
    if (r == 0) {
        r = store_layer_write(s, st, layer, e);
    }
    if (r == 0) {
        store_hold_add(s, layer->id, TAKE(&fd, -1));
    } else {
        /* Back into the stage, which is removed. */
        (void)renameat(s->fd, path.text, st->fd, "root");
    }
    return r;
}

/* Not under the store's lock: the collector that has it locked needs that one, too. */
static int removal_await(const struct package_store *s, const char *digest, struct err *e)
{
    struct layer there;
    AUTO(fd_closep) int fd = -1;
    int r = store_layer_of_digest(s, digest, &there, e);
    if (r == 0) {
        r = tree_lock(s->fd, store_layer_path(there.id).text, LOCK_SH, &fd, e);
    }
    return r == -ERR_NOT_FOUND ? 0 : r;
}

static int equal_take_or_put(struct stage *st, struct layer *layer, struct err *e)
{
    AUTO(fd_closep) int lock = -1;
    int r = store_lock(st->store, &lock, e);
    if (r == 0) {
        r = equal_take(st->store, layer, e);
    }
    return r == -ERR_NOT_FOUND ? layer_put(st, layer, e) : r;
}

/* Of what is there already nothing is put into the store. */
static int files_take(const struct stage *st, struct layer *layer, struct store_files *files,
                      struct err *e)
{
    struct layer there;
    struct err ignored;
    if (store_layer_of_digest(st->store, layer->digest, &there, &ignored) == 0) {
        return 0;
    }
    int r = store_files_take(st->store, st->fd, st->tree_fd, files, e);
    layer->shared = files->shared_bytes < layer->bytes ? files->shared_bytes : layer->bytes;
    return r;
}

int store_commit(struct stage *st, struct layer *ret, struct err *e)
{
    struct layer layer = {0};
    AUTO(store_files_done) struct store_files files = {0};
    int r = layer_tidy(st->tree_fd, e);
    if (r == 0) {
        r = layer_stream(st->tree_fd, NULL, &layer, e);
    }
    r = r < 0 ? r : files_take(st, &layer, &files, e);
    if (r < 0) {
        return err_wrap(e, "making a layer");
    }
    /* One call for all of the tree: it is quicker than one for each file. */
    if (syncfs(st->tree_fd) < 0) {
        return err_sys(e, "writing a layer to the disk");
    }
    do {
        r = equal_take_or_put(st, &layer, e);
    } while (r == -ERR_BUSY && removal_await(st->store, layer.digest, e) == 0);
    if (r == 0) {
        store_files_give(st->store, st->tree_fd, &files);
        *ret = layer;
    }
    return r;
}
