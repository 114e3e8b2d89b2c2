/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prepare_store.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/tree.h"
#include "boxproto/boxarchive.h"
#include "runtimes/preparation.h"
#include "runtimes/preparations.h"

#define LOCK_NAME   ".lock"
#define NEW         ".new-"
#define OLD         ".old-"
#define FAILED      ".failed-"
#define HASH_DIGITS 16
#define DEPTH_MAX   64

/* --- names --------------------------------------------------------------------------------- */

/* Behind the prefix that says what it is. */
static const char *key_of(const char *name)
{
    static const char *const prefixes[] = {NEW, OLD, FAILED};
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        if (str_starts(name, prefixes[i])) {
            return name + strlen(prefixes[i]);
        }
    }
    return name;
}

static bool is_key(const char *key)
{
    const char *dash = strrchr(key, '-');
    return dash && dash != key && key[0] != '.' && strlen(dash + 1) == HASH_DIGITS &&
           strspn(dash + 1, "0123456789abcdef") == HASH_DIGITS;
}

static bool is_wanted(const struct preparations *wanted, const char *key)
{
    for (size_t i = 0; i < wanted->count; i++) {
        if (strcmp(wanted->all[i].key, key) == 0) {
            return true;
        }
    }
    return false;
}

/* --- lock and removal ---------------------------------------------------------------------- */

int prepare_lock(int dir_fd, bool wait, int *ret_fd, struct err *e)
{
    AUTO(fd_closep)
    int fd = openat(dir_fd, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return err_sys(e, "open '%s' of the directory of preparations", LOCK_NAME);
    }
    int r;
    do {
        r = flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB));
    } while (r < 0 && errno == EINTR && wait);
    if (r < 0) {
        return errno == EWOULDBLOCK ? err_set(e, ERR_BUSY, "another belljar is preparing")
                                    : err_sys(e, "locking the directory of preparations");
    }
    *ret_fd = TAKE(&fd, -1);
    return 0;
}

/* Out of the way at once: what is half removed must not look whole. */
static int preparation_remove(int dir_fd, const char *key, struct err *e)
{
    AUTO(mem_freep) char *old = xasprintf(OLD "%s", key);
    int r = tree_remove(dir_fd, old, e);
    if (r == 0 && renameat(dir_fd, key, dir_fd, old) < 0) {
        return err_sys(e, "renaming '%s'", key);
    }
    return r < 0 ? r : tree_remove(dir_fd, old, e);
}

static int entry_prune(int dir_fd, const char *name, const struct preparations *wanted,
                       struct err *e)
{
    const char *key = key_of(name);
    bool half = str_starts(name, NEW) || str_starts(name, OLD);
    if (!is_key(key) || (!half && is_wanted(wanted, key))) {
        return 0;
    }
    return key == name ? preparation_remove(dir_fd, name, e) : tree_remove(dir_fd, name, e);
}

int prepare_prune(int dir_fd, const struct preparations *wanted, struct err *e)
{
    AUTO(strv_freep) char **names = NULL; /* first all: entries are renamed while they are read */
    AUTO(dir_closep) DIR *dir = NULL;
    int r = dir_open(dir_fd, ".", &dir, e);
    const struct dirent *entry;
    while (r == 0 && (entry = dir_next(dir))) {
        strv_add(&names, entry->d_name);
    }
    for (char **name = names; r == 0 && name && *name; name++) {
        r = entry_prune(dir_fd, *name, wanted, e);
    }
    return r < 0 ? err_wrap(e, "removing old preparations") : 0;
}

/* --- what a box has made ------------------------------------------------------------------- */

struct product {
    const char *data;
    size_t size;
    int dir_fd; /* where it is unpacked */
};

/* No links are among our files, so none is followed. */
static int file_open(int dir_fd, const char *path, uint32_t mode, int *ret_fd, struct err *e)
{
    struct open_how how = {
        .flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
        .mode = mode & 0100 ? 0755 : 0644,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
    };
    int fd = (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
    if (fd < 0) {
        return err_sys(e, "create '%s'", path);
    }
    *ret_fd = fd;
    return fchmod(fd, (mode_t)how.mode) < 0 ? err_sys(e, "chmod '%s'", path) : 0;
}

static int file_write(const struct product *p, const char *path, uint32_t mode, const char *data,
                      size_t size, struct err *e)
{
    AUTO(fd_closep) int fd = -1;
    int r = file_open(p->dir_fd, path, mode, &fd, e);
    r = r < 0 ? r : fd_write_all(fd, data, size, e);
    return r < 0 ? err_wrap(e, "'%s'", path) : 0;
}

static int dir_make(const struct product *p, const char *path, struct err *e)
{
    if (mkdirat(p->dir_fd, path, 0755) < 0) {
        return err_sys(e, "mkdir '%s'", path);
    }
    return fchmodat(p->dir_fd, path, 0755, 0) < 0 ? err_sys(e, "chmod '%s'", path) : 0;
}

/* `at` is where its data is. */
static int item_unpack(const struct product *p, const struct boxarchive_item *item, size_t at,
                       struct err *e)
{
    static const char top[] = PREPARED_PRODUCT "/";
    if (strcmp(item->path, PREPARED_PRODUCT) == 0 && item->type == BOXARCHIVE_DIR) {
        return 0;
    }
    if (!str_starts(item->path, top) || item->size > p->size - at) {
        return err_set(e, ERR_INVALID, "'%s' is no part of a preparation", item->path);
    }
    const char *path = item->path + strlen(top);
    switch (item->type) {
    case BOXARCHIVE_DIR:
        return dir_make(p, path, e);
    case BOXARCHIVE_FILE:
        return file_write(p, path, item->mode, p->data + at, item->size, e);
    case BOXARCHIVE_LINK:
    case BOXARCHIVE_HARD_LINK:
        break;
    }
    return err_set(e, ERR_INVALID, "'%s' is a link; a preparation has none", path);
}

static int product_unpack(const struct product *p, struct err *e)
{
    AUTO(mem_freep) struct boxarchive_item *item = xcalloc(1, sizeof(*item));
    for (size_t at = 0; at < p->size;) {
        size_t used = 0;
        int r = boxarchive_parse(p->data + at, p->size - at, item, &used, e);
        if (r == 0) {
            return err_set(e, ERR_INVALID, "the archive of a preparation is cut");
        }
        r = r < 0 ? r : item_unpack(p, item, at + used, e);
        if (r < 0) {
            return r;
        }
        at += used + item->size;
    }
    return 0;
}

static int product_write(int dir_fd, const char *name, int product_fd, size_t size, struct err *e)
{
    if (mkdirat(dir_fd, name, 0700) < 0) {
        return err_sys(e, "mkdir '%s'", name);
    }
    AUTO(fd_closep)
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, "open '%s'", name);
    }
    void *data = mmap(NULL, size, PROT_READ, MAP_SHARED, product_fd, 0);
    if (data == MAP_FAILED) {
        return err_sys(e, "reading what a box has made");
    }
    const struct product product = {data, size, fd};
    int r = product_unpack(&product, e);
    (void)munmap(data, size);
    if (r < 0) {
        return r;
    }
    /* The name must not reach the disk before what is in it does. */
    return fchmod(fd, 0755) < 0 || syncfs(fd) < 0 ? err_sys(e, "writing '%s' to the disk", name)
                                                  : 0;
}

static int name_set(int dir_fd, const char *from, const char *key, struct err *e)
{
    if (renameat(dir_fd, from, dir_fd, key) < 0) {
        return err_sys(e, "renaming '%s' to '%s'", from, key);
    }
    return fsync(dir_fd) < 0 ? err_sys(e, "fsync of the directory of preparations") : 0;
}

int prepare_keep(int dir_fd, const char *key, int product_fd, uint64_t product_size, struct err *e)
{
    AUTO(mem_freep) char *new = xasprintf(NEW "%s", key);
    AUTO(mem_freep) char *failed = xasprintf(FAILED "%s", key);
    if (product_size == 0) {
        return err_set(e, ERR_NOT_FOUND, "the command left nothing in %s", PREPARED_PRODUCT);
    }
    int r = product_write(dir_fd, new, product_fd, product_size, e);
    r = r < 0 ? r : name_set(dir_fd, new, key, e);
    if (r < 0) {
        struct err ignored; /* the first reason is the one to tell */
        (void)tree_remove(dir_fd, new, &ignored);
        return r;
    }
    (void)unlinkat(dir_fd, failed, 0); /* of an earlier try */
    return 0;
}

int prepare_mark_failed(int dir_fd, const char *key, const char *why, struct err *e)
{
    AUTO(mem_freep) char *name = xasprintf(FAILED "%s", key);
    AUTO(fd_closep)
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    return fd < 0 ? err_sys(e, "create '%s'", name) : fd_write_all(fd, why, strlen(why), e);
}

bool prepare_is_failed(int dir_fd, const char *key)
{
    AUTO(mem_freep) char *name = xasprintf(FAILED "%s", key);
    return faccessat(dir_fd, name, F_OK, 0) == 0;
}

/* --- its size ------------------------------------------------------------------------------ */

static uint64_t bytes_below(int parent_fd, const char *name, unsigned depth)
{
    struct stat st;
    struct err ignored;
    if (fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        return 0;
    }
    uint64_t sum = (uint64_t)st.st_blocks * 512;
    AUTO(dir_closep) DIR *dir = NULL;
    if (!S_ISDIR(st.st_mode) || depth > DEPTH_MAX ||
        dir_open(parent_fd, name, &dir, &ignored) < 0) {
        return sum;
    }
    const struct dirent *entry;
    while ((entry = dir_next(dir))) {
        sum +=
            bytes_below(dirfd(dir), entry->d_name, depth + 1); /* a tree of ours: see DEPTH_MAX */
    }
    return sum;
}

uint64_t prepare_bytes(int dir_fd, const char *key)
{
    return bytes_below(dir_fd, key, 0);
}
