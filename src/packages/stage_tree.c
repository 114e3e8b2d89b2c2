/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/stage_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/below.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "packages/layer_clear.h"
#include "packages/store.h"

#define DEPTH_MAX 100
#define TEXT_MAX  ((size_t)32 << 20)
#define COPY_MAX  ((size_t)64 << 20) /* what is larger is not written in place */

/* --- the layers ------------------------------------------------------------------------------ */

int stage_tree_open(const struct package_store *s, const struct stage *stage,
                    const uint32_t *layers, size_t layer_count, uid_t owner, struct stage_tree *ret,
                    struct err *e)
{
    AUTO(stage_tree_close) struct stage_tree t = {.stage = stage, .owner = owner};
    t.layer_fds = xcalloc(layer_count ? layer_count : 1, sizeof(*t.layer_fds));
    for (; t.layer_count < layer_count; t.layer_count++) {
        int fd = store_layer_open(store_fd(s), layers[t.layer_count]);
        if (fd < 0) {
            return err_sys(e, "open layer %" PRIu32 " of the store of packages",
                           layers[t.layer_count]);
        }
        t.layer_fds[t.layer_count] = fd;
    }
    *ret = TAKE(&t, (struct stage_tree){0});
    return 0;
}

void stage_tree_close(struct stage_tree *t)
{
    for (size_t i = 0; i < t->layer_count; i++) {
        fd_close(t->layer_fds[i]);
    }
    free(t->layer_fds);
    *t = (struct stage_tree){0};
}

/* By something of one of the first `count` layers that is no directory. */
static bool is_hidden(const struct stage_tree *t, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++) {
        AUTO(fd_closep) int fd = below_open(t->layer_fds[i], path, O_PATH, 0);
        struct stat st;
        if (fd >= 0 ? fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode) : errno != ENOENT) {
            return true;
        }
    }
    return false;
}

/* As a box of these layers sees it; -1 when it sees none. */
static int layers_open(const struct stage_tree *t, const char *path, int flags)
{
    for (size_t i = 0; i < t->layer_count; i++) {
        int fd = below_open(t->layer_fds[i], path, flags | O_NOFOLLOW, 0);
        if (fd >= 0 || errno != ENOENT) {
            return fd;
        }
    }
    return -1;
}

/* --- fill ------------------------------------------------------------------------------------- */

/* Below these, files are written in place, or by who was their owner. */
static const char *const in_place[] = {"etc/", "var/lib/dpkg/", "var/cache/debconf/",
                                       "var/lib/ucf/"};
static const char in_place_not[] = "var/lib/dpkg/info/";

static bool is_in_place(const char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(in_place); i++) {
        if (str_starts(path, in_place[i])) {
            return !str_starts(path, in_place_not);
        }
    }
    return false;
}

static int copy_here(const struct stage_tree *t, int from_dir, int to_dir, const char *name,
                     struct err *e)
{
    AUTO(fd_closep) int in = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (in < 0 || fstat(in, &st) < 0) {
        return err_sys(e, "open '%s' of a layer", name);
    }
    AUTO(fd_closep)
    int out = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (out < 0) {
        return errno == EEXIST ? 0 : err_sys(e, "copying '%s' to a stage", name);
    }
    for (ssize_t n; (n = copy_file_range(in, NULL, out, NULL, COPY_MAX, 0)) != 0;) {
        if (n < 0) {
            return err_sys(e, "copying '%s' to a stage", name);
        }
    }
    if (fchmod(out, st.st_mode & 0777) < 0 || fchown(out, t->owner, t->owner) < 0) {
        return err_sys(e, "copying '%s' to a stage", name);
    }
    return 0;
}

/* ERR_NOT_FOUND: something else is there. */
static int folder_here(const struct stage_tree *t, int dir, const char *name, int *ret_fd,
                       struct err *e)
{
    bool made = mkdirat(dir, name, 0755) == 0;
    if (!made && errno != EEXIST) {
        return err_sys(e, "making '%s' in a stage", name);
    }
    AUTO(fd_closep) int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return err_set(e, ERR_NOT_FOUND, "'%s' is no directory", name);
    }
    if (made && (fchmod(fd, 0755) < 0 || fchown(fd, t->owner, t->owner) < 0)) {
        return err_sys(e, "making '%s' in a stage", name);
    }
    *ret_fd = TAKE(&fd, -1);
    return 0;
}

static int fill_folder(const struct stage_tree *t, size_t layer, const char *path, int from, int to,
                       unsigned depth, struct err *e);

static int fill_entry(const struct stage_tree *t, size_t layer, const char *path, int from, int to,
                      const char *name, unsigned depth, struct err *e)
{
    AUTO(mem_freep) char *below = xasprintf("%s%s", path, name);
    struct stat st;
    if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        return err_sys(e, "stat '%s' of a layer", below);
    }
    bool folder = S_ISDIR(st.st_mode), file = S_ISREG(st.st_mode) && is_in_place(below);
    if ((!folder && !file) || is_hidden(t, layer, below)) {
        return 0;
    }
    if (file) {
        return copy_here(t, from, to, name, e);
    }
    AUTO(fd_closep)
    int from_fd = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    AUTO(fd_closep) int to_fd = -1;
    int r = from_fd < 0 ? err_sys(e, "open '%s' of a layer", below)
                        : folder_here(t, to, name, &to_fd, e);
    if (r < 0) {
        return r == -ERR_NOT_FOUND ? 0 : r;
    }
    AUTO(mem_freep) char *slashed = xasprintf("%s/", below);
    return fill_folder(t, layer, slashed, from_fd, to_fd, depth + 1, e);
}

static int fill_folder(const struct stage_tree *t, size_t layer, const char *path, int from, int to,
                       unsigned depth, struct err *e)
{
    AUTO(dir_closep) DIR *dir = NULL;
    int r = depth > DEPTH_MAX ? err_set(e, ERR_LIMIT, "'%.80s' is too deep", path)
                              : dir_open(from, ".", &dir, e);
    for (const struct dirent *entry; r == 0 && (entry = dir_next(dir)) != NULL;) {
        r = fill_entry(t, layer, path, from, to, entry->d_name, depth, e);
    }
    return r;
}

int stage_tree_fill(const struct stage_tree *t, struct err *e)
{
    if (fchown(t->stage->tree_fd, t->owner, t->owner) < 0) {
        return err_sys(e, "giving a stage to its box");
    }
    int r = 0;
    for (size_t i = 0; r == 0 && i < t->layer_count; i++) {
        r = fill_folder(t, i, "", t->layer_fds[i], t->stage->tree_fd, 0, e);
    }
    return r < 0 ? err_wrap(e, "preparing a stage") : 0;
}

int stage_tree_merged(const struct stage_tree *t, const char *path,
                      void (*merge)(const char *text, struct buf *ret), struct buf *ret,
                      struct err *e)
{
    for (size_t i = 0; i < t->layer_count; i++) {
        AUTO(buf_done) struct buf text = {0};
        AUTO(fd_closep) int fd = below_open(t->layer_fds[i], path, O_RDONLY, 0);
        if (fd < 0 && errno != ENOENT) {
            return err_sys(e, "open '%s' of a layer", path);
        }
        int r = fd < 0 ? 0 : fd_read_all(fd, TEXT_MAX, &text, e);
        if (r < 0) {
            return err_wrap(e, "'%s' of a layer", path);
        }
        if (text.data) {
            merge(text.data, ret);
        }
    }
    return 0;
}

/* --- single files ----------------------------------------------------------------------------- */

int stage_tree_put(const struct stage_tree *t, const char *path, const void *data, size_t len,
                   mode_t mode, struct err *e)
{
    const char *slash = strrchr(path, '/');
    AUTO(mem_freep) char *folder = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup(".");
    AUTO(fd_closep) int dir = below_open(t->stage->tree_fd, folder, O_PATH | O_DIRECTORY, 0);
    if (dir < 0) {
        return err_sys(e, "open '%s' of a stage", folder);
    }
    const char *name = slash ? slash + 1 : path;
    if (unlinkat(dir, name, 0) < 0 && errno != ENOENT) {
        return err_sys(e, "replacing '%s' of a stage", path);
    }
    AUTO(fd_closep)
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || fchmod(fd, mode) < 0 || fchown(fd, t->owner, t->owner) < 0) {
        return err_sys(e, "writing '%s' to a stage", path);
    }
    return fd_write_all(fd, data, len, e);
}

int stage_tree_folders(const struct stage_tree *t, const char *path, struct err *e)
{
    AUTO(strv_freep) char **names = strv_split(path, "/");
    AUTO(fd_closep) int dir = below_open(t->stage->tree_fd, ".", O_RDONLY | O_DIRECTORY, 0);
    int r = dir < 0 ? err_sys(e, "open a stage") : 0;
    for (char **name = names; r == 0 && name && *name; name++) {
        int next = -1;
        r = folder_here(t, dir, *name, &next, e);
        if (r == 0) {
            fd_close(dir);
            dir = next;
        }
    }
    return r;
}

/* "/usr/bin/x" of a package's list, when it is a file of a layer. */
static int own_file(const struct stage_tree *t, const char *path, struct err *e)
{
    const char *slash = strrchr(path, '/');
    AUTO(mem_freep) char *folder = slash ? xstrndup(path, (size_t)(slash - path)) : NULL;
    if (!folder) {
        return 0;
    }
    AUTO(fd_closep) int to = below_open(t->stage->tree_fd, folder, O_RDONLY | O_DIRECTORY, 0);
    for (size_t i = 0; to >= 0 && i < t->layer_count; i++) {
        AUTO(fd_closep) int from = below_open(t->layer_fds[i], folder, O_RDONLY | O_DIRECTORY, 0);
        struct stat st;
        if (from >= 0 && fstatat(from, slash + 1, &st, AT_SYMLINK_NOFOLLOW) == 0) {
            return S_ISREG(st.st_mode) ? copy_here(t, from, to, slash + 1, e) : 0;
        }
    }
    return 0;
}

/* Lists name a file by where its package put it: /lib is a link into /usr. */
static const char *const merged[] = {"bin/", "sbin/", "lib/", "lib32/", "lib64/", "libx32/"};

static int own_listed(const struct stage_tree *t, const char *line, struct err *e)
{
    const char *path = line + (line[0] == '/');
    for (size_t i = 0; i < ARRAY_LEN(merged); i++) {
        if (str_starts(path, merged[i])) {
            AUTO(mem_freep) char *below_usr = xasprintf("usr/%s", path);
            return own_file(t, below_usr, e);
        }
    }
    return own_file(t, path, e);
}

static void list_add(const char *text, struct buf *ret)
{
    if (ret->len == 0) {
        buf_add_str(ret, text);
    }
}

int stage_tree_own_package(const struct stage_tree *t, const char *package, struct err *e)
{
    static const char *const architectures[] = {"", ":amd64", ":arm64", ":riscv64"};
    AUTO(buf_done) struct buf list = {0};
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(architectures); i++) {
        AUTO(mem_freep)
        char *path = xasprintf("var/lib/dpkg/info/%s%s.list", package, architectures[i]);
        r = stage_tree_merged(t, path, list_add, &list, e);
    }
    AUTO(strv_freep) char **lines = strv_split(list.data ? list.data : "", "\n");
    for (char **line = lines; r == 0 && line && *line; line++) {
        r = own_listed(t, *line, e);
    }
    return r;
}

/* --- all of it, below a directory ------------------------------------------------------------- */

typedef int entry_fn(const struct stage_tree *t, int dir, const char *path, const char *name,
                     const struct stat *st, struct err *e);

/* What is in a directory before the directory itself. */
static int each_below(const struct stage_tree *t, int dir_fd, const char *path, unsigned depth,
                      entry_fn *fn, struct err *e)
{
    AUTO(dir_closep) DIR *dir = NULL;
    int r = dir_open(dir_fd, ".", &dir, e);
    for (const struct dirent *entry; r == 0 && (entry = dir_next(dir)) != NULL;) {
        AUTO(mem_freep) char *below = xasprintf("%s%s", path, entry->d_name);
        struct stat st;
        if (fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
            return err_sys(e, "stat '%s' of a stage", below);
        }
        if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
            AUTO(mem_freep) char *slashed = xasprintf("%s/", below);
            AUTO(fd_closep)
            int fd = openat(dir_fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            r = fd < 0 ? err_sys(e, "open '%s' of a stage", below)
                       : each_below(t, fd, slashed, depth + 1, fn, e);
        }
        r = r < 0 ? r : fn(t, dir_fd, below, entry->d_name, &st, e);
    }
    return r;
}

static int give_entry(const struct stage_tree *t, int dir, const char *path, const char *name,
                      const struct stat *st, struct err *e)
{
    (void)st;
    if (fchownat(dir, name, t->owner, t->owner, AT_SYMLINK_NOFOLLOW) < 0) {
        return err_sys(e, "giving '%s' to a box", path);
    }
    return 0;
}

int stage_tree_give(const struct stage_tree *t, struct err *e)
{
    if (fchown(t->stage->tree_fd, t->owner, t->owner) < 0) {
        return err_sys(e, "giving a stage to its box");
    }
    return each_below(t, t->stage->tree_fd, "", 0, give_entry, e);
}

static int time_entry(const struct stage_tree *t, int dir, const char *path, const char *name,
                      const struct stat *st, struct err *e)
{
    const struct timespec time = {.tv_sec = STORE_LAYER_TIME};
    const struct timespec times[] = {time, time};
    (void)t;
    (void)st;
    return utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) < 0
               ? err_sys(e, "setting the time of '%s' of a stage", path)
               : 0;
}

int stage_tree_times(const struct stage_tree *t, struct err *e)
{
    return each_below(t, t->stage->tree_fd, "", 0, time_entry, e);
}

/* --- clean ------------------------------------------------------------------------------------ */

static bool is_equal_file(const struct stage_tree *t, int dir, const char *path, const char *name,
                          const struct stat *st)
{
    AUTO(fd_closep) int theirs = layers_open(t, path, O_RDONLY | O_NONBLOCK);
    AUTO(fd_closep) int ours = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    AUTO(buf_done) struct buf a = {0}, b = {0};
    struct stat other;
    struct err ignored;
    return theirs >= 0 && ours >= 0 && fstat(theirs, &other) == 0 && S_ISREG(other.st_mode) &&
           other.st_size == st->st_size && (size_t)st->st_size <= COPY_MAX &&
           ((other.st_mode ^ st->st_mode) & 0100) == 0 &&
           fd_read_all(theirs, COPY_MAX, &a, &ignored) == 0 &&
           fd_read_all(ours, COPY_MAX, &b, &ignored) == 0 && a.len == b.len &&
           (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool is_known_folder(const struct stage_tree *t, int dir, const char *path, const char *name)
{
    AUTO(fd_closep) int theirs = layers_open(t, path, O_PATH | O_DIRECTORY);
    AUTO(fd_closep) int ours = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    char opaque;
    /* An opaque one hides what is below it. */
    return theirs >= 0 && ours >= 0 && fgetxattr(ours, "user.overlay.opaque", &opaque, 1) < 0;
}

static int clean_entry(const struct stage_tree *t, int dir, const char *path, const char *name,
                       const struct stat *st, struct err *e)
{
    if (S_ISREG(st->st_mode) && is_in_place(path) && is_equal_file(t, dir, path, name, st)) {
        return unlinkat(dir, name, 0) < 0 ? err_sys(e, "removing '%s' of a stage", path) : 0;
    }
    if (S_ISDIR(st->st_mode) && is_known_folder(t, dir, path, name) &&
        unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOTEMPTY && errno != EEXIST) {
        return err_sys(e, "removing '%s' of a stage", path);
    }
    return 0;
}

static int path_remove(const struct stage_tree *t, const char *path, struct err *e)
{
    const char *slash = strrchr(path, '/');
    AUTO(mem_freep) char *folder = slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup(".");
    AUTO(fd_closep) int dir = below_open(t->stage->tree_fd, folder, O_RDONLY | O_DIRECTORY, 0);
    return dir < 0 ? 0 : layer_clear(dir, slash ? slash + 1 : path, e);
}

int stage_tree_clean(const struct stage_tree *t, const char *const *paths, struct err *e)
{
    int r = 0;
    for (; r == 0 && *paths != NULL; paths++) {
        r = path_remove(t, *paths, e);
    }
    return r < 0 ? r : each_below(t, t->stage->tree_fd, "", 0, clean_entry, e);
}
