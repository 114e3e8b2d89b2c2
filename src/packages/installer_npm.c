/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a recipe's lock names is downloaded and unpacked to {home}/node_modules/...; npm itself is
 * not needed, and no script of a package is run.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/below.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "config/config.h"
#include "packages/fetcher.h"
#include "packages/installation.h"
#include "packages/npm_lock.h"
#include "packages/progress.h"
#include "packages/store.h"
#include "packages/tree_writer.h"
#include "packages/workshop.h"
#include "recipes/recipe.h"
#include "recipes/recipes.h"

#define TARBALL_MAX ((uint64_t)1 << 30)
#define BYTES_MAX   ((uint64_t)4 << 30) /* of one recipe */
#define INODES_MAX  500000
#define TOP         1 /* "package/", or whatever it is called */
#define BIN_MODE    0755

static bool is_meant(const struct installation *in)
{
    return in->recipe->install.npm != NULL;
}

static bool lock_has(const struct npm_lock *lock, const char *name, const char *version)
{
    AUTO(mem_freep) char *path = xasprintf("node_modules/%s", name);
    for (size_t i = 0; i < lock->count; i++) {
        if (strcmp(lock->packages[i].path, path) == 0) {
            return strcmp(lock->packages[i].version, version) == 0;
        }
    }
    return false;
}

/* A lock that was forgotten when the recipe was changed. */
static int lock_check(const struct npm_lock *lock, char *const *specs, struct err *e)
{
    for (; *specs; specs++) {
        const char *at = strrchr(*specs, '@');
        AUTO(mem_freep) char *name = xstrndup(*specs, at ? (size_t)(at - *specs) : 0);
        if (!at || !lock_has(lock, name, at + 1)) {
            return err_set(e, ERR_INVALID,
                           "it does not have %.100s; make it anew with "
                           "tools/npm-lock",
                           *specs);
        }
    }
    return 0;
}

static int lock_read(const struct installation *in, struct npm_lock **ret, struct err *e)
{
    struct utsname host;
    size_t len = 0;
    const char *text = recipes_npm_lock(in->recipes, in->recipe, &len);
    if (!text) {
        return err_set(e, ERR_INVALID,
                       "the recipe %s has no %s.lock.json beside it; make it with tools/npm-lock",
                       in->recipe->id, in->recipe->id);
    }
    uname(&host);
    int r = npm_lock_parse(text, len, host.machine, ret, e);
    r = r < 0 ? r : lock_check(*ret, in->recipe->install.npm, e);
    return r < 0 ? err_wrap(e, "%s.lock.json", in->recipe->id) : 0;
}

static void add_parts(struct installation *in, const struct npm_lock *lock)
{
    for (size_t i = 0; i < lock->count; i++) {
        installation_add_part(in, "npm", lock->packages[i].name, lock->packages[i].version);
    }
}

static int plan(struct installation *in, struct err *e)
{
    AUTO(npm_lock_freep) struct npm_lock *lock = NULL;
    int r = lock_read(in, &lock, e);
    if (r < 0 || lock == NULL) {
        return r;
    }
    for (size_t i = 0; i < lock->count; i++) {
        const struct npm_package *p = &lock->packages[i];
        struct err absent;
        AUTO(fd_closep) int fd = -1;
        bool is_there = fetcher_open(in->fetcher, p->digest, &fd, &absent) == 0;
        in->download_bytes += is_there || !installation_count(in, p->tarball) ? 0 : p->bytes;
        in->disk_bytes += p->unpacked_bytes;
    }
    add_parts(in, lock);
    return 0;
}

/* --- downloads ----------------------------------------------------------------------------- */

static int fetch(const struct installation *in, const struct npm_lock *lock, struct err *e)
{
    AUTO(strv_freep) char **urls = NULL;
    const char *registry = in->config->npm_registry;
    const char *slash = str_ends(registry, "/") ? "" : "/";
    AUTO(mem_freep) struct fetch_item *items = xcalloc(lock->count + 1, sizeof(*items));
    for (size_t i = 0; i < lock->count; i++) {
        strv_add_take(&urls, xasprintf("%s%s%s", registry, slash, lock->packages[i].tarball));
    }
    for (size_t i = 0; i < lock->count; i++) {
        const struct npm_package *p = &lock->packages[i];
        items[i] = (struct fetch_item){urls[i], p->digest, p->bytes, TARBALL_MAX};
    }
    return fetcher_get(in->fetcher, items, lock->count, e);
}

/* --- the tree ------------------------------------------------------------------------------ */

/* What the whole recipe may still take. */
struct budget {
    uint64_t bytes, inodes;
};

static void writer_freep(struct tree_writer **w)
{
    tree_writer_free(*w);
}

static int unpack(const struct installation *in, const struct npm_package *p, const char *prefix,
                  struct budget *budget, struct err *e)
{
    AUTO(fd_closep) int archive = -1;
    int r = fetcher_open(in->fetcher, p->digest, &archive, e);
    if (r < 0) {
        return r;
    }
    const struct tree_writer_options options = {
        .dir_fd = in->stage->tree_fd,
        .prefix = prefix,
        .strip = TOP,
        .max_bytes = budget->bytes,
        .max_inodes = budget->inodes,
    };
    AUTO(writer_freep) struct tree_writer *writer = tree_writer_new(&options);
    r = workshop_unpack(in->workshop, archive, writer, e);
    budget->bytes -= tree_writer_bytes(writer);
    budget->inodes -= tree_writer_inodes(writer);
    return r;
}

/* One that the package does not have is no failure, as with npm: the recipe's tests will tell. */
static int make_executable(int tree_fd, const char *prefix, const char *bin, struct err *e)
{
    AUTO(mem_freep) char *path = xasprintf("%s/%s", prefix, bin);
    struct stat st;
    AUTO(fd_closep) int fd = below_open(tree_fd, path, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0) {
        return errno == ENOENT ? 0 : err_sys(e, "'%.150s'", path);
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && fchmod(fd, BIN_MODE) < 0) {
        return err_sys(e, "chmod '%.150s'", path);
    }
    return 0;
}

static int put_package(const struct installation *in, const struct npm_package *p, const char *home,
                       struct budget *budget, struct err *e)
{
    AUTO(mem_freep) char *prefix = xasprintf("%s/%s", home + 1, p->path);
    int r = unpack(in, p, prefix, budget, e);
    for (char *const *bin = p->bins; r == 0 && bin && *bin; bin++) {
        r = make_executable(in->stage->tree_fd, prefix, *bin, e);
    }
    return r < 0 ? err_wrap(e, "%.60s@%.30s", p->name, p->version) : 0;
}

static void tell(const struct installation *in, const char *what, size_t done, size_t total)
{
    if (in->progress) {
        in->progress->step(in->progress->ctx, what, PROGRESS_UNPACK, done, total);
    }
}

static int install(struct installation *in, struct err *e)
{
    AUTO(npm_lock_freep) struct npm_lock *lock = NULL;
    AUTO(mem_freep) char *home = recipe_home(in->recipe);
    struct budget budget = {BYTES_MAX, INODES_MAX};
    int r = lock_read(in, &lock, e);
    if (r < 0 || lock == NULL) {
        return r;
    }
    r = fetch(in, lock, e);
    for (size_t i = 0; r == 0 && i < lock->count; i++) {
        tell(in, lock->packages[i].name, i, lock->count);
        r = put_package(in, &lock->packages[i], home, &budget, e);
    }
    if (r == 0) {
        tell(in, in->recipe->id, lock->count, lock->count);
        add_parts(in, lock);
    }
    return r;
}

const struct installer installer_npm = {"npm", is_meant, plan, install};
