/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/layer_unpack.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "packages/layer_record.h"
#include "packages/stream_in.h"
#include "packages/tree_place.h"

struct unpack {
    struct stream_in *in;
    bool dry;
    struct tree_place place;
    uint64_t *bytes;
    struct layer_record record;
};

static int head_read(struct stream_in *in, struct err *e)
{
    const void *data;
    size_t len, want = sizeof(LAYER_STREAM_HEAD) - 1;
    int r = stream_in_need(in, want, &data, &len, e);
    if (r == 0 && memcmp(data, LAYER_STREAM_HEAD, want) != 0) {
        r = err_set(e, ERR_INVALID, "this is no layer, or one of a later belljar");
    }
    if (r == 0) {
        stream_in_take(in, want);
    }
    return r;
}

static int record_read(struct unpack *u, struct err *e)
{
    const void *data;
    size_t len = LAYER_RECORD_BYTES - 1, used = 0;
    int found = 0;
    while (found == 0) {
        int r = stream_in_need(u->in, len + 1, &data, &len, e);
        found = r < 0 ? r : layer_record_parse(data, len, &u->record, &used, e);
    }
    if (found > 0) {
        stream_in_take(u->in, used);
    }
    return found < 0 ? found : 0;
}

/* To `fd`, or nowhere (-1). */
static int content_copy(struct unpack *u, int fd, struct err *e)
{
    uint64_t left = u->record.size;
    while (left > 0) {
        const void *data;
        size_t len;
        int r = stream_in_need(u->in, 1, &data, &len, e);
        if (r < 0) {
            return r;
        }
        len = len < left ? len : (size_t)left;
        r = fd < 0 ? 0 : fd_write_all(fd, data, len, e);
        if (r < 0) {
            return err_wrap(e, "'%s'", layer_shown(u->record.path).text);
        }
        stream_in_take(u->in, len);
        left -= len;
    }
    return 0;
}

static int place_file(struct unpack *u, struct err *e)
{
    AUTO(fd_closep) int fd = -1;
    if (!u->dry && u->record.size > *u->bytes) {
        return err_set(e, ERR_LIMIT, "'%s': the files are larger than is allowed",
                       layer_shown(u->record.path).text);
    }
    *u->bytes -= u->dry ? 0 : u->record.size;
    int r = u->dry ? 0 : tree_place_file(&u->place, u->record.path, u->record.mode, &fd, e);
    r = r == 0 ? content_copy(u, fd, e) : r;
    /* tree_place adds what the owner needs; the mode in the record is what it had. */
    return r == 0 && fd >= 0 && fchmod(fd, u->record.mode) < 0 ? err_sys(e, "setting a mode") : r;
}

/* Of a link or a hard link: the record's size was checked when it was read. */
static int target_read(struct unpack *u, char ret[LAYER_PATH_MAX + 100], struct err *e)
{
    const void *data;
    size_t len, want = (size_t)u->record.size;
    int r = stream_in_need(u->in, want, &data, &len, e);
    if (r < 0) {
        return r;
    }
    memcpy(ret, data, want);
    ret[want] = '\0';
    if (strlen(ret) != want) {
        return err_set(e, ERR_INVALID, "'%s': a NUL in its target",
                       layer_shown(u->record.path).text);
    }
    stream_in_take(u->in, want);
    return u->record.type == LAYER_RECORD_HARD ? layer_path_check(ret, e) : 0;
}

static int place_target(struct unpack *u, struct err *e)
{
    char target[LAYER_PATH_MAX + 100];
    int r = target_read(u, target, e);
    if (r < 0 || u->dry) {
        return r;
    }
    return u->record.type == LAYER_RECORD_LINK
               ? tree_place_link(&u->place, u->record.path, target, e)
               : tree_place_hard_link(&u->place, u->record.path, target, e);
}

static int place_dir(struct unpack *u, struct err *e)
{
    const char *path = u->record.path;
    if (u->dry || path[0] == '\0') {
        return 0; /* the top is there */
    }
    int r = tree_place_dir(&u->place, path, u->record.mode, e);
    return r == 0 && u->record.type == LAYER_RECORD_OPAQUE ? tree_place_opaque(&u->place, path, e)
                                                           : r;
}

static int record_place(struct unpack *u, struct err *e)
{
    switch (u->record.type) {
    case LAYER_RECORD_DIR:
    case LAYER_RECORD_OPAQUE:
        return place_dir(u, e);
    case LAYER_RECORD_FILE:
        return place_file(u, e);
    case LAYER_RECORD_LINK:
    case LAYER_RECORD_HARD:
        return place_target(u, e);
    case LAYER_RECORD_WHITEOUT:
        return u->dry ? 0 : tree_place_whiteout(&u->place, u->record.path, e);
    case LAYER_RECORD_END:
        break;
    }
    return 0;
}

int layer_unpack(struct stream_in *in, int tree_fd, uint64_t *bytes, struct err *e)
{
    AUTO(mem_freep) struct unpack *u = xcalloc(1, sizeof(*u));
    u->in = in;
    u->dry = tree_fd < 0;
    u->bytes = bytes;
    tree_place_init(&u->place, tree_fd, LAYER_INODES_MAX);
    int r = head_read(in, e);
    do {
        r = r == 0 ? record_read(u, e) : r;
        r = r == 0 ? record_place(u, e) : r;
    } while (r == 0 && u->record.type != LAYER_RECORD_END);
    tree_place_done(&u->place);
    return r;
}
