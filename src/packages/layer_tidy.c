/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/layer_tidy.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/below.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "packages/layer_clear.h"
#include "packages/layer_opaque.h"
#include "packages/layer_walk.h"
#include "packages/store.h"

/* Each box has these of its own, above all layers. */
static const char *const left_out[] = {"box", "dev", "proc", "run", "sys", "tmp"};

static const struct timespec times[2] = {{.tv_sec = STORE_LAYER_TIME},
                                         {.tv_sec = STORE_LAYER_TIME}};

static int owner_make_plain(const struct layer_node *n, struct err *e)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (n->st.st_uid == uid && n->st.st_gid == gid) {
        return 0;
    }
    return fchownat(n->dir_fd, n->name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0
               ? err_sys(e, "taking over '%s' of user %u", layer_shown(n->path).text,
                         (unsigned)n->st.st_uid)
               : 0;
}

static int mode_make_plain(const struct layer_node *n, struct err *e)
{
    mode_t mode = n->type == LAYER_DIR || (n->st.st_mode & S_IXUSR) ? 0755 : 0644;
    if ((n->st.st_mode & 07777) == mode) {
        return 0;
    }
    return fchmodat(n->dir_fd, n->name, mode, AT_SYMLINK_NOFOLLOW) < 0
               ? err_sys(e, "setting the mode of '%s'", layer_shown(n->path).text)
               : 0;
}

static int attributes_make_plain(const struct layer_node *n, struct err *e)
{
    AUTO(fd_closep) int fd = below_open(n->dir_fd, n->name, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0) {
        return err_sys(e, "open '%s'", layer_shown(n->path).text);
    }
    int r = layer_attributes_remove(fd, n->path, e);
    bool opaque = false;
    if (r == 0 && n->type == LAYER_DIR) {
        r = layer_opaque_get(fd, n->path, &opaque, e);
    }
    if (r == 0 && opaque && n->path[0] == '\0') {
        r = err_set(e, ERR_INVALID,
                    "the top of the tree is opaque: it would hide all layers below, which a root "
                    "cannot");
    }
    return r == 0 && opaque ? layer_opaque_set(fd, n->path, e) : r;
}

static int time_make_plain(const struct layer_node *n, struct err *e)
{
    return utimensat(n->dir_fd, n->name, times, AT_SYMLINK_NOFOLLOW) < 0
               ? err_sys(e, "setting the time of '%s'", layer_shown(n->path).text)
               : 0;
}

static int on_enter(void *ctx, const struct layer_node *n, struct err *e)
{
    (void)ctx;
    int r = owner_make_plain(n, e);
    if (r == 0 && (n->type == LAYER_FILE || n->type == LAYER_DIR)) {
        r = mode_make_plain(n, e);
        r = r == 0 ? attributes_make_plain(n, e) : r;
    }
    return r == 0 && n->type != LAYER_DIR ? time_make_plain(n, e) : r;
}

static int on_leave(void *ctx, const struct layer_node *n, struct err *e)
{
    (void)ctx;
    return time_make_plain(n, e);
}

int layer_tidy(int tree_fd, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(left_out); i++) {
        int r = layer_clear(tree_fd, left_out[i], e);
        if (r < 0) {
            return r;
        }
    }
    const struct layer_visitor visitor = {.enter = on_enter, .leave = on_leave};
    return layer_walk(tree_fd, &visitor, e);
}
