/* SPDX-License-Identifier: Apache-2.0 */
#include "recipes/recipe_source.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/toml.h"
#include "recipes/recipe_files.h"
#include "recipes/recipe_id.h"

#define RECIPE_SUFFIX  ".toml"
#define LOCK_SUFFIX    ".lock.json"
#define LOCK_BYTES_MAX ((size_t)16 << 20)
#define SETS_FILE      "sets.toml"

static int source_compare(const void *a, const void *b)
{
    const struct recipe_source *left = a, *right = b;
    return strcmp(left->id, right->id);
}

static struct recipe_source *source_add(struct recipe_sources *s, char *id)
{
    s->all = xreallocarray(s->all, s->count + 1, sizeof(s->all[0]));
    s->all[s->count] = (struct recipe_source){.id = id};
    return &s->all[s->count++];
}

static struct recipe_source *source_find(const struct recipe_sources *s, size_t count,
                                         const char *id)
{
    const struct recipe_source wanted = {.id = (char *)(uintptr_t)id};
    return count > 0 ? bsearch(&wanted, s->all, count, sizeof(wanted), source_compare) : NULL;
}

/* --- in this program ------------------------------------------------------------------------- */

static size_t builtin_count(void)
{
    size_t count = 0;
    while (recipe_files[count] != NULL) {
        count += 2;
    }
    return count / 2;
}

/* Locks stand before their recipes: "ruby/3.1.lock.json", "ruby/3.1.toml". */
static void builtins_add(struct recipe_sources *s)
{
    s->all = xcalloc(builtin_count() + 1, sizeof(s->all[0]));
    for (const char *const *file = recipe_files; *file != NULL; file += 2) {
        if (strcmp(*file, SETS_FILE) == 0) {
            s->sets = file[1];
        } else if (str_ends(*file, RECIPE_SUFFIX)) {
            struct recipe_source *source = &s->all[s->count++];
            source->id = xstrndup(*file, strlen(*file) - strlen(RECIPE_SUFFIX));
            source->text = file[1];
            source->len = strlen(file[1]);
        }
    }
    qsort(s->all, s->count, sizeof(s->all[0]), source_compare);
    for (const char *const *file = recipe_files; *file != NULL; file += 2) {
        if (str_ends(*file, LOCK_SUFFIX)) {
            AUTO(mem_freep) char *id = xstrndup(*file, strlen(*file) - strlen(LOCK_SUFFIX));
            struct recipe_source *source = source_find(s, s->count, id);
            if (source != NULL) {
                source->lock = file[1];
                source->lock_len = strlen(file[1]);
            }
        }
    }
}

/* --- the operator's ------------------------------------------------------------------------- */

struct own_reader {
    struct recipe_sources *sources;
    int dir_fd;
    const char *folder;
    recipe_source_say_fn *say;
    void *ctx;
};

static int file_read(int dir_fd, const char *name, size_t max, struct buf *ret, struct err *e)
{
    AUTO(fd_closep) int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) {
        return err_sys(e, "open '%s'", name);
    }
    if (!S_ISREG(st.st_mode)) {
        return err_set(e, ERR_INVALID, "'%s' is no file", name);
    }
    int r = fd_read_all(fd, max, ret, e);
    return r < 0 ? err_wrap(e, "read '%s'", name) : 0;
}

/* Without the room behind it, which is many times a recipe. */
static char *text_take(const struct buf *text)
{
    return xstrndup(text->data != NULL ? text->data : "", text->len);
}

static int own_read(const struct own_reader *o, const char *name, struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    AUTO(buf_done) struct buf lock = {0};
    AUTO(mem_freep) char *stem = xstrndup(name, strlen(name) - strlen(RECIPE_SUFFIX));
    AUTO(mem_freep) char *lock_name = xasprintf("%s" LOCK_SUFFIX, stem);
    AUTO(mem_freep) char *id = xasprintf("%s/%s", o->folder, stem);
    if (!recipe_id_valid(id)) {
        return err_set(e, ERR_INVALID,
                       "'%s' is no name of a recipe; write small letters and digits", id);
    }
    int r = file_read(o->dir_fd, name, TOML_BYTES_MAX, &text, e);
    if (r < 0) {
        return r;
    }
    r = file_read(o->dir_fd, lock_name, LOCK_BYTES_MAX, &lock, e);
    if (r < 0 && r != -ERR_NOT_FOUND) {
        return r;
    }
    struct recipe_source *source = source_add(o->sources, TAKE(&id, NULL));
    source->len = text.len;
    source->text = source->own_text = text_take(&text);
    source->lock_len = lock.len;
    source->lock = source->own_lock = r == 0 ? text_take(&lock) : NULL;
    return 0;
}

static void folder_read(struct own_reader *o, int parent_fd)
{
    struct err e;
    AUTO(dir_closep) DIR *dir = NULL;
    if (dir_open(parent_fd, o->folder, &dir, &e) < 0) {
        o->say(o->ctx, &e);
        return;
    }
    o->dir_fd = dirfd(dir);
    for (const struct dirent *entry = dir_next(dir); entry != NULL; entry = dir_next(dir)) {
        if (entry->d_name[0] != '.' && str_ends(entry->d_name, RECIPE_SUFFIX) &&
            own_read(o, entry->d_name, &e) < 0) {
            err_wrap(&e, "recipes of your own, '%s'", o->folder);
            o->say(o->ctx, &e);
        }
    }
}

static void own_add(struct recipe_sources *s, const char *own_dir, recipe_source_say_fn *say,
                    void *ctx)
{
    struct own_reader o = {.sources = s, .say = say, .ctx = ctx};
    AUTO(dir_closep) DIR *dir = NULL;
    struct err e;
    int r = dir_open(AT_FDCWD, own_dir, &dir, &e);
    if (r < 0) {
        if (r != -ERR_NOT_FOUND) {
            say(ctx, &e);
        }
        return;
    }
    for (const struct dirent *entry = dir_next(dir); entry != NULL; entry = dir_next(dir)) {
        bool folder = entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;
        if (folder && recipe_name_valid(entry->d_name)) {
            o.folder = entry->d_name;
            folder_read(&o, dirfd(dir));
        }
    }
}

/* The operator's stand behind the built-in ones: what they replace is put aside. */
static void replaced_put_aside(struct recipe_sources *s, size_t builtins)
{
    s->replaced = xcalloc(s->count - builtins + 1, sizeof(s->replaced[0]));
    for (size_t i = builtins; i < s->count; i++) {
        struct recipe_source *old = source_find(s, builtins, s->all[i].id);
        if (old != NULL) {
            struct recipe_source *aside = &s->replaced[s->replaced_count++];
            *aside = *old;
            aside->id = xstrdup(old->id);
            s->all[i].replaces = aside;
        }
    }
    for (size_t i = 0; i < s->replaced_count; i++) {
        struct recipe_source *old = source_find(s, builtins, s->replaced[i].id);
        if (old != NULL) {
            free(old->id);
            memmove(old, old + 1, (size_t)(&s->all[s->count] - (old + 1)) * sizeof(s->all[0]));
            s->count--;
            builtins--;
        }
    }
    qsort(s->all, s->count, sizeof(s->all[0]), source_compare);
}

void recipe_sources_init(struct recipe_sources *s, const char *own_dir, recipe_source_say_fn *say,
                         void *ctx)
{
    *s = (struct recipe_sources){.sets = ""};
    builtins_add(s);
    size_t builtins = s->count;
    if (own_dir != NULL) {
        own_add(s, own_dir, say, ctx);
        replaced_put_aside(s, builtins);
    }
}

static void sources_free(struct recipe_source *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(all[i].id);
        free(all[i].own_text);
        free(all[i].own_lock);
    }
    free(all);
}

void recipe_sources_done(struct recipe_sources *s)
{
    sources_free(s->all, s->count);
    sources_free(s->replaced, s->replaced_count);
    *s = (struct recipe_sources){0};
}
