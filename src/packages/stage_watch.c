/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/stage_watch.h"

#include <inttypes.h>
#include <stdbool.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/err.h"
#include "packages/layer_walk.h"
#include "packages/store.h"
#include "packages/tree_size.h"

#define KEPT_MAX  (UINT64_C(1) << 30)
#define KEPT_PART 4  /* of what is free */
#define REST      20 /* times as long as a count took, nothing is counted */

struct room {
    uint64_t bytes, names; /* free */
    uint64_t ours;         /* bytes of them that not only root may have */
};

static int room_look(const struct stage_watch *w, struct room *ret, struct err *e)
{
    struct statvfs fs;
    if (fstatvfs(w->stage_fd, &fs) < 0) {
        return err_sys(e, "looking how full the disk of the store of packages is");
    }
    *ret = (struct room){(uint64_t)fs.f_bfree * fs.f_frsize, fs.f_ffree,
                         (uint64_t)fs.f_bavail * fs.f_frsize};
    return 0;
}

/* What an overlay is about to put into the tree is beside it. */
static void count(struct stage_watch *w, const struct room *room)
{
    uint64_t begin = clock_mono_ns(&clock_system);
    struct tree_size size = {0};
    tree_size_add(w->stage_fd, "root", &size);
    tree_size_add(w->stage_fd, "work", &size);
    w->bytes = size.bytes;
    w->names = size.names;
    w->free_bytes = room->bytes;
    w->free_names = room->names;
    uint64_t end = clock_mono_ns(&clock_system);
    w->next_ns = end + REST * (end - begin);
}

static int judge(const struct stage_watch *w, struct err *e)
{
    if (w->bytes > w->max_bytes) {
        return err_set(e, ERR_LIMIT,
                       "what it installs takes more than %" PRIu64
                       " bytes of the disk (packages.max_layer_bytes)",
                       w->max_bytes);
    }
    return w->names > LAYER_INODES_MAX
               ? err_set(e, ERR_LIMIT, "a layer may have %d files at most", LAYER_INODES_MAX)
               : 0;
}

static uint64_t lost(uint64_t then, uint64_t now)
{
    return then > now ? then - now : 0;
}

int stage_watch_begin(struct stage_watch *w, const struct stage *stage, uint64_t max_bytes,
                      struct err *e)
{
    struct room room = {0};
    *w = (struct stage_watch){.stage_fd = stage->fd, .max_bytes = max_bytes};
    int r = room_look(w, &room, e);
    if (r == 0) {
        uint64_t kept = room.ours / KEPT_PART;
        w->kept_bytes = kept < KEPT_MAX ? kept : KEPT_MAX;
        count(w, &room);
    }
    return r;
}

int stage_watch_look(struct stage_watch *w, struct err *e)
{
    struct room room = {0};
    int r = room_look(w, &room, e);
    if (r < 0) {
        return r;
    }
    if (room.ours < w->kept_bytes) {
        return err_set(e, ERR_LIMIT,
                       "it was ended before the disk was full: %" PRIu64 " bytes are free",
                       room.ours);
    }
    bool may_be = w->bytes + lost(w->free_bytes, room.bytes) > w->max_bytes ||
                  w->names + lost(w->free_names, room.names) > LAYER_INODES_MAX;
    if (!may_be || clock_mono_ns(&clock_system) < w->next_ns) {
        return 0;
    }
    count(w, &room);
    return judge(w, e);
}

int stage_watch_end(struct stage_watch *w, struct err *e)
{
    struct room room = {0};
    int r = room_look(w, &room, e);
    if (r < 0) {
        return r;
    }
    count(w, &room);
    return judge(w, e);
}
