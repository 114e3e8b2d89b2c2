/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "packages/store_impl.h"

/* The server, of another user, reads what boxes are made of; downloads and locks are ours. */
static const struct folder {
    const char *name;
    mode_t mode;
} folders[] = {
    {STORE_LAYERS, 0755}, {STORE_DIGESTS, 0755}, {STORE_RUNTIMES, 0755},
    {"recipes", 0755},    {STORE_STAGE, 0711},   {STORE_LOCKS, 0700},
    {"cache", 0711},      {"apt", 0755},         {STORE_FILES, 0700},
};

struct store_path store_name_path(const char *folder, const char *name)
{
    struct store_path ret;
    snprintf(ret.text, sizeof(ret.text), "%s/%s", folder, name);
    return ret;
}

struct store_path store_layer_path(uint32_t id)
{
    char name[16];
    snprintf(name, sizeof(name), "%" PRIu32, id);
    return store_name_path(STORE_LAYERS, name);
}

int store_layer_open(int packages_fd, uint32_t id)
{
    return openat(packages_fd, store_layer_path(id).text,
                  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int store_flock(int fd, int operation)
{
    int r;
    do {
        r = flock(fd, operation);
    } while (r < 0 && errno == EINTR);
    return r;
}

int store_lock(const struct package_store *s, int *ret_fd, struct err *e)
{
    if (!s->write) {
        return err_set(e, ERR_BUG, "the store of packages was opened for reading");
    }
    AUTO(fd_closep) int fd = openat(s->fd, STORE_LOCK, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || store_flock(fd, LOCK_EX) < 0) {
        return err_sys(e, "locking the store of packages");
    }
    *ret_fd = TAKE(&fd, -1);
    return 0;
}

int store_sync_dir(const struct package_store *s, const char *folder, struct err *e)
{
    AUTO(fd_closep) int fd = openat(s->fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) < 0 ? err_sys(e, "writing '%s' of the store to the disk", folder)
                                   : 0;
}

int store_put_text(const struct package_store *s, const struct stage *st, const char *folder,
                   const char *name, const char *text, size_t len, struct err *e)
{
    static const char fresh[] = "text";
    (void)unlinkat(st->fd, fresh, 0);
    AUTO(fd_closep)
    int fd = openat(st->fd, fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    struct store_path path = store_name_path(folder, name);
    if (fd < 0) {
        return err_sys(e, "making '%s'", path.text);
    }
    int r = fd_write_all(fd, text, len, e);
    if (r < 0) {
        return err_wrap(e, "'%s'", path.text);
    }
    if (fchmod(fd, 0644) < 0 || fsync(fd) < 0 || renameat(st->fd, fresh, s->fd, path.text) < 0) {
        return err_sys(e, "writing '%s'", path.text);
    }
    return store_sync_dir(s, folder, e);
}

int store_read_text(const struct package_store *s, const char *path, size_t max, struct buf *ret,
                    struct err *e)
{
    AUTO(fd_closep) int fd = openat(s->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) {
        return err_sys(e, "open '%s' of the store of packages", path);
    }
    if (!S_ISREG(st.st_mode)) {
        return err_set(e, ERR_INVALID, "'%s' of the store of packages is no file", path);
    }
    int r = fd_read_all(fd, max, ret, e);
    return r < 0 ? err_wrap(e, "'%s' of the store of packages", path) : 0;
}

/* Like mkdir -p. */
static int path_make(const char *path, struct err *e)
{
    AUTO(mem_freep) char *part = xstrdup(path);
    for (char *at = part + 1; *at; at++) {
        if (*at == '/') {
            *at = '\0';
            if (mkdir(part, 0755) < 0 && errno != EEXIST) {
                return err_sys(e, "making directory '%s'", part);
            }
            *at = '/';
        }
    }
    if (mkdir(part, 0755) < 0) {
        return errno == EEXIST ? 0 : err_sys(e, "making directory '%s'", part);
    }
    /* Whatever the umask is: the server is another user. */
    return chmod(part, 0755) < 0 ? err_sys(e, "chmod '%s'", part) : 0;
}

/*
 * Who owns the directory could put anything in the way of what we do in it; and what we would make
 * in another's store, that user could not remove again.
 */
static int owner_check(int fd, const char *path, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) < 0) {
        return err_sys(e, "stat '%s'", path);
    }
    if (st.st_uid != geteuid()) {
        return err_set(
            e, ERR_DENIED,
            "'%s' belongs to user %u: install as that user, or give it to user %u (chown "
            "-R)",
            path, (unsigned)st.st_uid, (unsigned)geteuid());
    }
    if (st.st_mode & (S_IWGRP | S_IWOTH)) {
        return err_set(e, ERR_DENIED, "others may write to '%s'; run: chmod go-w '%s'", path, path);
    }
    return 0;
}

static int folder_make(int fd, const struct folder *f, struct err *e)
{
    if (mkdirat(fd, f->name, f->mode) == 0) {
        return fchmodat(fd, f->name, f->mode, 0) < 0 ? err_sys(e, "chmod '%s'", f->name) : 0;
    }
    return errno == EEXIST ? 0 : err_sys(e, "making '%s'", f->name);
}

static int folders_make(struct package_store *s, const char *path, struct err *e)
{
    int r = owner_check(s->fd, path, e);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(folders); i++) {
        r = folder_make(s->fd, &folders[i], e);
    }
    if (r < 0) {
        return r;
    }
    AUTO(fd_closep)
    int fd = openat(s->fd, STORE_LOCK, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd < 0 ? err_sys(e, "making '%s'", STORE_LOCK) : 0;
}

int package_store_open(const char *packages_dir, bool write, struct package_store **ret,
                       struct err *e)
{
    int r = write ? path_make(packages_dir, e) : 0;
    if (r < 0) {
        return r;
    }
    AUTO(package_store_closep) struct package_store *s = xcalloc(1, sizeof(*s));
    s->write = write;
    s->fd = open(packages_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (s->fd < 0) {
        return err_sys(e, "open the store of packages '%s'", packages_dir);
    }
    if (write) {
        r = folders_make(s, packages_dir, e);
        r = r == 0 ? store_clean(s, e) : r;
    }
    if (r < 0) {
        return err_wrap(e, "the store of packages '%s'", packages_dir);
    }
    *ret = TAKE(&s, NULL);
    return 0;
}

void package_store_close(struct package_store *s)
{
    if (s) {
        store_discard(s);
        free(s->held);
        fd_close(s->fd);
        free(s);
    }
}

void package_store_closep(struct package_store **s)
{
    package_store_close(*s);
    *s = NULL;
}

int store_fd(const struct package_store *s)
{
    return s->fd;
}
