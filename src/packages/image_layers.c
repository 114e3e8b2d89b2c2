/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an archive to layers: its tar is taken apart in a box, what comes out are plain files whose
 * digests we check, and each layer among them goes through a box again.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/below.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"
#include "packages/image.h"
#include "packages/image_look.h"
#include "packages/install_below.h"
#include "packages/layer_opaque.h"
#include "packages/layer_walk.h"
#include "packages/oci_image.h"
#include "packages/oci_merge.h"
#include "packages/oci_user.h"
#include "packages/progress.h"
#include "packages/store.h"
#include "packages/tree_writer.h"
#include "packages/workshop.h"

#define ACCOUNTS_MAX  ((uint64_t)4 << 20)
#define ACCOUNT_FILES 16
#define ROOT          "0:0"
#define PASSWD        "etc/passwd"
#define GROUP         "etc/group"

static void writer_freep(struct tree_writer **w)
{
    tree_writer_free(*w);
    *w = NULL;
}

/* --- the archive ----------------------------------------------------------------------------- */

static int archive_unpack(const struct image_import *i, int source_fd, struct stage *ret,
                          struct err *e)
{
    struct stage stage = {.fd = -1, .tree_fd = -1};
    int r = store_stage(i->store, &stage, e);
    if (r < 0) {
        return r;
    }
    const struct tree_writer_options options = {.dir_fd = stage.tree_fd,
                                                .prefix = "",
                                                .max_bytes = i->config->image_max_bytes,
                                                .max_inodes = i->config->image_max_files};
    AUTO(writer_freep) struct tree_writer *writer = tree_writer_new(&options);
    r = workshop_unpack(i->workshop, source_fd, writer, e);
    if (r < 0) {
        stage_done(&stage);
        return err_wrap(e, "taking the archive apart");
    }
    *ret = stage;
    return 0;
}

int image_archive_open(const struct image_import *i, int source_fd, struct stage *ret_stage,
                       int *ret_dir, struct err *e)
{
    struct stat st;
    if (fstat(source_fd, &st) < 0) {
        return err_sys(e, "stat of an image's archive");
    }
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        return err_set(e, ERR_INVALID, "it is neither a file nor a directory");
    }
    int r = S_ISREG(st.st_mode) ? archive_unpack(i, source_fd, ret_stage, e) : 0;
    if (r < 0) {
        return r;
    }
    int dir = fcntl(S_ISREG(st.st_mode) ? ret_stage->tree_fd : source_fd, F_DUPFD_CLOEXEC, 0);
    if (dir < 0) {
        return err_sys(e, "opening an image's archive");
    }
    *ret_dir = dir;
    return 0;
}

/* --- the user --------------------------------------------------------------------------------- */

static int accounts_unpack(const struct image_import *i, int dir_fd, const struct oci_image *image,
                           const struct stage *stage, struct err *e)
{
    char only[] = "--only", passwd[] = PASSWD, group[] = GROUP;
    char *const flags[] = {only, passwd, only, group, NULL};
    int r = 0;
    for (size_t k = 0; r == 0 && k < image->layer_count; k++) {
        const struct tree_writer_options options = {.dir_fd = stage->tree_fd,
                                                    .prefix = "",
                                                    .max_bytes = ACCOUNTS_MAX,
                                                    .max_inodes = ACCOUNT_FILES};
        AUTO(writer_freep) struct tree_writer *writer = tree_writer_new(&options);
        AUTO(fd_closep) int blob = -1;
        r = oci_blob_open(dir_fd, &image->layers[k], &blob, e);
        r = r < 0 ? r : workshop_unpack_with(i->workshop, blob, flags, writer, e);
    }
    return r;
}

/* What is not there is empty. */
static int account_read(const struct stage *stage, const char *path, struct buf *ret, struct err *e)
{
    AUTO(fd_closep) int fd = below_open(stage->tree_fd, path, O_RDONLY | O_NONBLOCK, 0);
    int r = fd < 0 ? 0 : fd_read_all(fd, ACCOUNTS_MAX, ret, e);
    return r < 0 ? err_wrap(e, "its %s", path) : 0;
}

static int user_of(const struct image_import *i, int dir_fd, const struct oci_image *image,
                   char **ret, struct err *e)
{
    struct stage stage = {.fd = -1, .tree_fd = -1};
    AUTO(buf_done) struct buf passwd = {0}, group = {0};
    if (oci_user_is_root(image->config.user)) {
        *ret = xstrdup(ROOT);
        return 0;
    }
    int r = store_stage(i->store, &stage, e);
    if (r < 0) {
        return r;
    }
    r = accounts_unpack(i, dir_fd, image, &stage, e);
    r = r < 0 ? r : account_read(&stage, PASSWD, &passwd, e);
    r = r < 0 ? r : account_read(&stage, GROUP, &group, e);
    r = r < 0 ? r
              : oci_user_resolve(image->config.user, passwd.data ? passwd.data : "",
                                 group.data ? group.data : "", ret, e);
    stage_done(&stage);
    return r < 0 ? err_wrap(e, "the image's user") : 0;
}

/* --- layers ----------------------------------------------------------------------------------- */

struct making {
    const struct image_import *import;
    char *user;            /* as belljar-unpack takes it */
    uint64_t bytes, files; /* that are left to it */
    uint32_t *layers;      /* top first */
    size_t count;
};

static void making_done(struct making *m)
{
    free(m->user);
    free(m->layers);
}

static int layer_unpack(struct making *m, int blob, const struct stage *stage, struct err *e)
{
    char image[] = "--image";
    char *const flags[] = {image, m->user, NULL};
    const struct tree_writer_options options = {.dir_fd = stage->tree_fd,
                                                .prefix = "",
                                                .max_bytes = m->bytes,
                                                .max_inodes = m->files,
                                                .whiteouts = true};
    AUTO(writer_freep) struct tree_writer *writer = tree_writer_new(&options);
    int r = workshop_unpack_with(m->import->workshop, blob, flags, writer, e);
    m->bytes -= tree_writer_bytes(writer);
    m->files -= tree_writer_inodes(writer);
    return r;
}

static int layer_stage(struct making *m, int dir_fd, const struct oci_blob *layer,
                       struct stage *ret, struct err *e)
{
    AUTO(fd_closep) int blob = -1;
    struct stage stage = {.fd = -1, .tree_fd = -1};
    int r = oci_blob_open(dir_fd, layer, &blob, e);
    r = r < 0 ? r : store_stage(m->import->store, &stage, e);
    if (r < 0) {
        return r;
    }
    r = layer_unpack(m, blob, &stage, e);
    if (r < 0) {
        stage_done(&stage);
        return r;
    }
    *ret = stage;
    return 0;
}

/* A root cannot be opaque, but a list of layers can begin there. */
static int top_is_opaque(const struct stage *stage, bool *ret, struct err *e)
{
    static const char *const names[] = {"user.overlay.opaque", "trusted.overlay.opaque"};
    int r = layer_opaque_get(stage->tree_fd, "", ret, e);
    for (size_t k = 0; r == 0 && *ret && k < ARRAY_LEN(names); k++) {
        (void)fremovexattr(stage->tree_fd, names[k]);
    }
    return r;
}

static bool is_among(const struct making *m, uint32_t id)
{
    for (size_t k = 0; k < m->count; k++) {
        if (m->layers[k] == id) {
            return true;
        }
    }
    return false;
}

/* An equal layer below it changes nothing: a root names each layer once. */
static void layer_drop(struct making *m, uint32_t id)
{
    size_t kept = 0;
    for (size_t k = 0; k < m->count; k++) {
        if (m->layers[k] != id) {
            m->layers[kept++] = m->layers[k];
        }
    }
    m->count = kept;
}

struct pruning {
    struct image_look look; /* what is below */
    char *opaque;           /* the directory of this layer that hides all of it; NULL */
};

static void pruning_done(struct pruning *p)
{
    free(p->opaque);
}

static int prune_dir(struct pruning *p, const struct layer_node *n, struct err *e)
{
    bool opaque = false;
    AUTO(fd_closep) int fd = below_open(n->dir_fd, n->name, O_RDONLY | O_DIRECTORY, 0);
    int r = fd < 0 ? err_sys(e, "open '%s'", layer_shown(n->path).text)
                   : layer_opaque_get(fd, n->path, &opaque, e);
    if (r == 0 && opaque && !p->opaque) {
        p->opaque = xstrdup(n->path);
    }
    return r;
}

static int prune_enter(void *ctx, const struct layer_node *n, struct err *e)
{
    struct pruning *p = ctx;
    if (n->type == LAYER_DIR) {
        return prune_dir(p, n, e);
    }
    if (n->type == LAYER_WHITEOUT &&
        (p->opaque || image_kind(&p->look, n->path) == IMAGE_NOTHING) &&
        unlinkat(n->dir_fd, n->name, 0) < 0) {
        return err_sys(e, "removing the mark '%s'", layer_shown(n->path).text);
    }
    return 0;
}

static int prune_leave(void *ctx, const struct layer_node *n, struct err *e)
{
    struct pruning *p = ctx;
    (void)e;
    if (p->opaque && strcmp(p->opaque, n->path) == 0) {
        free(TAKE(&p->opaque, NULL));
    }
    return 0;
}

/* Whiteouts of what is not there: overlayfs shows their names where it merges nothing. */
static int layer_prune(const struct making *m, const struct stage *stage, struct err *e)
{
    AUTO(pruning_done)
    struct pruning pruning = {.look = {.packages_fd = store_fd(m->import->store),
                                       .layers = m->layers,
                                       .count = m->count}};
    const struct layer_visitor visitor = {
        .enter = prune_enter, .leave = prune_leave, .ctx = &pruning};
    return layer_walk(stage->tree_fd, &visitor, e);
}

static int layer_commit(struct making *m, struct stage *stage, struct err *e)
{
    struct layer layer;
    bool opaque = false;
    int r = top_is_opaque(stage, &opaque, e);
    m->count = opaque ? 0 : m->count;
    r = r < 0 ? r : layer_prune(m, stage, e);
    r = r < 0 ? r : store_commit(stage, &layer, e);
    if (r < 0) {
        return r;
    }
    if (is_among(m, layer.id)) {
        layer_drop(m, layer.id);
    }
    layers_push(&m->layers, &m->count, layer.id);
    return 0;
}

/* Those from `first` on, as one. */
static int layers_flatten(struct making *m, int dir_fd, const struct oci_image *image, size_t first,
                          struct err *e)
{
    struct stage all;
    int r = layer_stage(m, dir_fd, &image->layers[first], &all, e);
    if (r < 0) {
        return r;
    }
    for (size_t k = first + 1; r == 0 && k < image->layer_count; k++) {
        struct stage above;
        r = layer_stage(m, dir_fd, &image->layers[k], &above, e);
        if (r == 0) {
            r = oci_merge(all.tree_fd, above.tree_fd, e);
            stage_done(&above);
        }
    }
    r = r < 0 ? r : layer_commit(m, &all, e);
    stage_done(&all);
    return r;
}

static int layer_make(struct making *m, int dir_fd, const struct oci_image *image, size_t k,
                      struct err *e)
{
    struct stage stage;
    const struct progress *p = m->import->progress;
    if (p && p->step) {
        p->step(p->ctx, m->import->name, PROGRESS_UNPACK, k + 1, image->layer_count);
    }
    int r = layer_stage(m, dir_fd, &image->layers[k], &stage, e);
    if (r == 0) {
        r = layer_commit(m, &stage, e);
        stage_done(&stage);
    }
    return r < 0 ? err_wrap(e, "layer %zu", k + 1) : 0;
}

int image_layers_make(const struct image_import *i, int dir_fd, const struct oci_image *image,
                      uint32_t **ret, size_t *ret_count, struct err *e)
{
    AUTO(making_done)
    struct making m = {
        .import = i, .bytes = i->config->image_max_bytes, .files = i->config->image_max_files};
    bool too_many = image->layer_count > IMAGE_LAYERS_MAX;
    size_t alone = too_many ? IMAGE_LAYERS_MAX - 1 : image->layer_count;
    int r = user_of(i, dir_fd, image, &m.user, e);
    for (size_t k = 0; r == 0 && k < alone; k++) {
        r = layer_make(&m, dir_fd, image, k, e);
    }
    if (r == 0 && too_many) {
        r = layers_flatten(&m, dir_fd, image, alone, e);
    }
    if (r == 0) {
        *ret = TAKE(&m.layers, NULL);
        *ret_count = m.count;
    }
    return r;
}
