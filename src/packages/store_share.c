/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "packages/store_files.h"
#include "packages/store_impl.h"

/*
 * Layers that were made before what is equal to theirs, or by a belljar that did not share: file
 * after file is replaced by its equal, which changes nothing that a digest tells.  Not while
 * somebody uses the layer: what is below an overlay is to stay as it is.
 */

static int layer_share(struct package_store *s, const struct stage *st, struct layer *layer,
                       uint64_t *ret_saved, struct err *e)
{
    AUTO(store_files_done) struct store_files files = {0};
    AUTO(fd_closep) int fd = store_layer_open(s->fd, layer->id);
    if (fd < 0 || store_flock(fd, LOCK_EX | LOCK_NB) < 0) {
        bool is_no_matter = errno == ENOENT || errno == EWOULDBLOCK;
        return is_no_matter ? 0 : err_sys(e, "locking '%s'", store_layer_path(layer->id).text);
    }
    int r = store_files_take(s, st->fd, fd, &files, e);
    if (r < 0) {
        return r;
    }
    store_files_give(s, fd, &files);
    if (files.shared_bytes == 0) {
        return 0;
    }
    uint64_t room = layer->bytes - layer->shared;
    layer->shared += files.shared_bytes < room ? files.shared_bytes : room;
    *ret_saved += files.shared_bytes;
    return store_layer_write(s, st, layer, e);
}

int store_share(struct package_store *s, uint64_t *ret_saved, struct err *e)
{
    AUTO(stage_done) struct stage st = {.fd = -1, .tree_fd = -1};
    AUTO(mem_freep) struct layer *all = NULL;
    size_t count = 0;
    store_hold_drop(s, NULL, 0);
    int r = store_layers(s, &all, &count, e);
    r = r < 0 ? r : store_stage_empty(s, &st, e);
    for (size_t i = 0; r == 0 && i < count; i++) {
        r = layer_share(s, &st, &all[i], ret_saved, e);
    }
    return r < 0 ? err_wrap(e, "sharing equal files") : 0;
}
