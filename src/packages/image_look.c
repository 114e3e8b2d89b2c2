/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/image_look.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/below.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "packages/layer_opaque.h"
#include "packages/store.h"
#include "recipes/recipe_id.h"

#define HERE_NOT (-1) /* this layer says nothing about it */

static int layer_open(const struct image_look *l, size_t i)
{
    return store_layer_open(l->packages_fd, l->layers[i]);
}

static bool is_opaque(int dir)
{
    bool opaque = false;
    struct err ignored;
    return layer_opaque_get(dir, "", &opaque, &ignored) == 0 && opaque;
}

static int kind_of(const struct stat *st)
{
    return S_ISREG(st->st_mode)   ? IMAGE_FILE
           : S_ISDIR(st->st_mode) ? IMAGE_DIR
           : S_ISLNK(st->st_mode) ? IMAGE_LINK
                                  : IMAGE_NOTHING; /* a whiteout */
}

/* HERE_NOT or an image_kind. */
static int kind_in_layer(int layer, const char *path)
{
    AUTO(fd_closep) int dir = fcntl(layer, F_DUPFD_CLOEXEC, 0);
    bool last = false; /* an opaque directory hides what is below */
    for (const char *at = path; dir >= 0;) {
        char name[NAME_MAX + 1];
        struct stat st;
        size_t len = strcspn(at, "/");
        if (len > NAME_MAX) {
            break;
        }
        memcpy(name, at, len);
        name[len] = '\0';
        if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
            return last ? IMAGE_NOTHING : HERE_NOT;
        }
        if (at[len] == '\0') {
            return kind_of(&st);
        }
        int next = S_ISDIR(st.st_mode) ? below_open(dir, name, O_RDONLY | O_DIRECTORY, 0) : -1;
        fd_close(dir);
        dir = next;
        last = last || (dir >= 0 && is_opaque(dir));
        at += len + 1;
    }
    return IMAGE_NOTHING;
}

/* *ret_layer: the one that has it. */
static enum image_kind look(const struct image_look *l, const char *path, size_t *ret_layer)
{
    for (size_t i = 0; i < l->count; i++) {
        AUTO(fd_closep) int layer = layer_open(l, i);
        int kind = layer < 0 ? HERE_NOT : kind_in_layer(layer, path);
        if (kind != HERE_NOT) {
            *ret_layer = i;
            return (enum image_kind)kind;
        }
    }
    return IMAGE_NOTHING;
}

enum image_kind image_kind(const struct image_look *l, const char *path)
{
    size_t layer;
    return look(l, path, &layer);
}

char *image_text(const struct image_look *l, const char *path, size_t max, size_t *ret_len)
{
    size_t at;
    struct err ignored;
    AUTO(buf_done) struct buf text = {0};
    if (look(l, path, &at) != IMAGE_FILE) {
        return NULL;
    }
    AUTO(fd_closep) int layer = layer_open(l, at);
    AUTO(fd_closep) int fd = below_open(layer, path, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0 || fd_read_all(fd, max, &text, &ignored) < 0) {
        return NULL;
    }
    buf_add(&text, "", 0);
    *ret_len = text.len;
    return buf_take(&text);
}

char **image_names(const struct image_look *l, const char *path, size_t max)
{
    char **names = NULL;
    for (size_t i = 0; i < l->count; i++) {
        struct err ignored;
        AUTO(dir_closep) DIR *dir = NULL;
        AUTO(fd_closep) int layer = layer_open(l, i);
        AUTO(fd_closep) int fd = below_open(layer, path, O_RDONLY | O_DIRECTORY, 0);
        const struct dirent *entry;
        if (fd < 0 || dir_open(fd, ".", &dir, &ignored) < 0) {
            continue;
        }
        while (strv_len(names) < max && (entry = dir_next(dir))) {
            AUTO(mem_freep) char *whole = xasprintf("%s/%s", path, entry->d_name);
            if (recipe_name_valid(entry->d_name) && (!names || !strv_has(names, entry->d_name)) &&
                image_kind(l, whole) == IMAGE_DIR) {
                strv_add(&names, entry->d_name);
            }
        }
    }
    return names;
}
