/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/toml.h"
#include "packages/manifest.h"
#include "packages/store_impl.h"

static void manifest_freep(struct manifest **m)
{
    manifest_free(*m);
    *m = NULL;
}

/* --- names ------------------------------------------------------------------------------------ */

static bool is_id(const char *id)
{
    size_t len = strlen(id);
    bool begins = true; /* of a word: neither hidden nor a way up */
    for (const char *c = id; *c; c++) {
        if (*c <= ' ' || *c >= 0x7f || *c == '@' || (begins && (*c == '.' || *c == '/'))) {
            return false;
        }
        begins = *c == '/';
    }
    return len > 0 && len <= STORE_NAME_MAX && !begins;
}

int store_dir_of_id(const char *id, char ret[STORE_NAME_MAX + 1], struct err *e)
{
    if (!is_id(id)) {
        return err_set(e, ERR_INVALID, "'%s' is no id of a runtime, such as \"ruby/3.1\"", id);
    }
    for (size_t i = 0; i <= strlen(id); i++) {
        ret[i] = (char)(id[i] == '/' ? '@' : id[i]);
    }
    return 0;
}

char *store_id_of_dir(const char *dir)
{
    char *id = xstrdup(dir);
    for (char *c = id; *c; c++) {
        *c = (char)(*c == '@' ? '/' : *c);
    }
    if (!is_id(id)) {
        free(id);
        return NULL;
    }
    return id;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted by what they stand for: '@' and '/' have different places. */
int store_runtime_dirs(const struct package_store *s, char ***ret, struct err *e)
{
    AUTO(dir_closep) DIR *dir = NULL;
    int r = dir_open(s->fd, STORE_RUNTIMES, &dir, e);
    if (r == -ERR_NOT_FOUND) {
        *ret = NULL; /* nothing was ever installed */
        return 0;
    }
    AUTO(strv_freep) char **ids = NULL;
    const struct dirent *entry;
    while (r == 0 && (entry = dir_next(dir))) {
        char *id = store_id_of_dir(entry->d_name);
        if (id) {
            strv_add_take(&ids, id);
        }
    }
    if (r < 0) {
        return r;
    }
    if (ids) {
        qsort(ids, strv_len(ids), sizeof(*ids), by_text);
    }
    *ret = TAKE(&ids, NULL);
    return 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

typedef int parse_fn(const char *name, const char *text, size_t len, struct manifest **ret,
                     struct err *e);

static int manifest_read(const struct package_store *s, const char *id, parse_fn *parse,
                         struct manifest **ret, struct err *e)
{
    char dir[STORE_NAME_MAX + 1], path[STORE_NAME_MAX + 64];
    int r = store_dir_of_id(id, dir, e);
    if (r < 0) {
        return r;
    }
    snprintf(path, sizeof(path), "%s/%s/%s", STORE_RUNTIMES, dir, STORE_MANIFEST);
    AUTO(buf_done) struct buf text = {0};
    AUTO(manifest_freep) struct manifest *m = NULL;
    r = store_read_text(s, path, TOML_BYTES_MAX, &text, e);
    if (r == -ERR_NOT_FOUND) {
        return err_set(e, ERR_NOT_FOUND, "'%s' is not installed", id);
    }
    if (r == 0) {
        r = parse(path, text.data ? text.data : "", text.len, &m, e);
    }
    if (r == 0 && strcmp(m->id, id) != 0) {
        r = err_set(e, ERR_INVALID, "%s: this is '%s'", path, m->id);
    }
    if (r == 0) {
        *ret = TAKE(&m, NULL);
    }
    return r;
}

int package_store_get(const struct package_store *s, const char *id, struct manifest **ret,
                      struct err *e)
{
    return manifest_read(s, id, manifest_parse, ret, e);
}

size_t package_store_list(const struct package_store *s, struct manifest ***ret,
                          void (*say)(void *ctx, const struct err *e), void *ctx)
{
    AUTO(strv_freep) char **ids = NULL;
    struct err e = {0};
    if (store_runtime_dirs(s, &ids, &e) < 0 && say) {
        say(ctx, &e);
    }
    struct manifest **all = xcalloc(strv_len(ids) + 1, sizeof(struct manifest *));
    size_t count = 0;
    for (char **id = ids; id && *id; id++) {
        int r = package_store_get(s, *id, &all[count], &e);
        if (r < 0 && r != -ERR_NOT_FOUND && say) {
            say(ctx, &e); /* that one was not removed just now */
        }
        count += r == 0;
    }
    *ret = all;
    return count;
}

void store_users_done(struct store_users *u)
{
    for (size_t i = 0; i < u->count; i++) {
        free(u->all[i].id);
        free(u->all[i].layers);
    }
    free(u->all);
    *u = (struct store_users){0};
}

int store_users_read(const struct package_store *s, const char *except, struct store_users *ret,
                     struct err *e)
{
    AUTO(strv_freep) char **ids = NULL;
    int r = store_runtime_dirs(s, &ids, e);
    if (r < 0) {
        return r;
    }
    AUTO(store_users_done) struct store_users users = {0};
    users.all = xcalloc(strv_len(ids) + 1, sizeof(*users.all));
    for (char **id = ids; id && *id; id++) {
        if (except && strcmp(*id, except) == 0) {
            continue;
        }
        AUTO(manifest_freep) struct manifest *m = NULL;
        r = manifest_read(s, *id, manifest_parse_bare, &m, e);
        if (r < 0 && r != -ERR_NOT_FOUND) {
            return r;
        }
        if (m) {
            struct store_user *user = &users.all[users.count++];
            user->id = TAKE(&m->id, NULL);
            user->layers = TAKE(&m->layers, NULL);
            user->layer_count = m->layer_count;
            user->own_layer_count = m->own_layer_count;
        }
    }
    *ret = TAKE(&users, (struct store_users){0});
    return 0;
}

bool store_users_name(const struct store_users *u, uint32_t layer)
{
    for (size_t i = 0; i < u->count; i++) {
        for (size_t k = 0; k < u->all[i].layer_count; k++) {
            if (u->all[i].layers[k] == layer) {
                return true;
            }
        }
    }
    return false;
}

/* --- changing --------------------------------------------------------------------------------- */

static int layers_check(const struct package_store *s, const struct manifest *m, struct err *e)
{
    struct stat st;
    for (size_t i = 0; i < m->layer_count; i++) {
        if (fstatat(s->fd, store_layer_path(m->layers[i]).text, &st, AT_SYMLINK_NOFOLLOW) < 0) {
            return err_sys(e, "'%s' needs layer %" PRIu32 ", which was removed; install it again",
                           m->id, m->layers[i]);
        }
    }
    return 0;
}

/* What was written is read once: the server would leave out what it cannot read. */
static int text_make(const struct manifest *m, struct buf *ret, struct err *e)
{
    AUTO(manifest_freep) struct manifest *again = NULL;
    manifest_write(m, ret);
    int r = manifest_parse(STORE_MANIFEST, ret->data, ret->len, &again, e);
    return r < 0 ? err_wrap(e, "'%s' cannot be installed", m->id) : 0;
}

static int dir_put(struct package_store *s, const struct stage *st, const char *dir, struct err *e)
{
    struct store_path path = store_name_path(STORE_RUNTIMES, dir);
    if (renameat2(st->fd, "runtime", s->fd, path.text, RENAME_NOREPLACE) < 0 &&
        (errno != EEXIST || renameat2(st->fd, "runtime", s->fd, path.text, RENAME_EXCHANGE) < 0)) {
        return err_sys(e, "putting '%s' in its place", path.text);
    }
    return store_sync_dir(s, STORE_RUNTIMES, e);
}

/* runtime/manifest.toml in the stage, on the disk. */
static int dir_make(const struct stage *st, const struct buf *text, struct err *e)
{
    if (mkdirat(st->fd, "runtime", 0755) < 0 || fchmodat(st->fd, "runtime", 0755, 0) < 0) {
        return err_sys(e, "making the directory of a runtime");
    }
    AUTO(fd_closep) int dir = openat(st->fd, "runtime", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO(fd_closep)
    int fd =
        dir < 0 ? -1 : openat(dir, STORE_MANIFEST, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 || fchmod(fd, 0644) < 0) {
        return err_sys(e, "making '%s'", STORE_MANIFEST);
    }
    int r = fd_write_all(fd, text->data, text->len, e);
    if (r == 0 && (fsync(fd) < 0 || fsync(dir) < 0)) {
        r = err_sys(e, "writing '%s'", STORE_MANIFEST);
    }
    return r;
}

int store_put_keeping(struct package_store *s, const struct manifest *m, struct err *e)
{
    char dir[STORE_NAME_MAX + 1];
    AUTO(buf_done) struct buf text = {0};
    AUTO(stage_done) struct stage st = {.fd = -1, .tree_fd = -1};
    int r = store_dir_of_id(m->id, dir, e);
    r = r == 0 ? text_make(m, &text, e) : r;
    r = r == 0 ? store_stage_empty(s, &st, e) : r;
    r = r == 0 ? dir_make(&st, &text, e) : r;
    AUTO(fd_closep) int lock = -1;
    r = r == 0 ? store_lock(s, &lock, e) : r;
    r = r == 0 ? layers_check(s, m, e) : r;
    return r == 0 ? dir_put(s, &st, dir, e) : r;
}

int store_put(struct package_store *s, const struct manifest *m, struct err *e)
{
    int r = store_put_keeping(s, m, e);
    if (r == 0) {
        store_hold_drop(s, m->layers, m->layer_count);
    }
    return r;
}

/* Whose own layers `m` has among its parts', that one stands on it. */
static const char *user_of(const struct store_users *users, const struct manifest *m)
{
    for (size_t i = 0; i < users->count; i++) {
        const struct store_user *u = &users->all[i];
        for (size_t k = u->own_layer_count; k < u->layer_count; k++) {
            for (size_t own = 0; own < m->own_layer_count; own++) {
                if (u->layers[k] == m->layers[own]) {
                    return u->id;
                }
            }
        }
    }
    return NULL;
}

static int remove_check(const struct package_store *s, const char *id, struct err *e)
{
    AUTO(manifest_freep) struct manifest *m = NULL;
    int r = manifest_read(s, id, manifest_parse_bare, &m, e);
    if (r == -ERR_INVALID) {
        return 0; /* what it is cannot be read: then nobody could be told to stand on it */
    }
    AUTO(store_users_done) struct store_users users = {0};
    r = r == 0 ? store_users_read(s, id, &users, e) : r;
    const char *user = m ? user_of(&users, m) : NULL;
    return user ? err_set(e, ERR_BUSY, "'%s' is needed by '%s': remove that first", id, user) : r;
}

int store_remove(struct package_store *s, const char *id, struct err *e)
{
    char dir[STORE_NAME_MAX + 1];
    AUTO(stage_done) struct stage st = {.fd = -1, .tree_fd = -1};
    int r = store_dir_of_id(id, dir, e);
    r = r == 0 ? store_stage_empty(s, &st, e) : r;
    AUTO(fd_closep) int lock = -1;
    r = r == 0 ? store_lock(s, &lock, e) : r;
    r = r == 0 ? remove_check(s, id, e) : r;
    if (r < 0) {
        return r;
    }
    struct store_path path = store_name_path(STORE_RUNTIMES, dir);
    if (renameat(s->fd, path.text, st.fd, "runtime") < 0) {
        return err_sys(e, "removing '%s'", id);
    }
    return store_sync_dir(s, STORE_RUNTIMES, e);
}
