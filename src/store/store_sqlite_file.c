/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite makes every path absolute with getcwd, and then walks it from the root.  The server
 * process may not: it was given its directory as its working directory, and one above may be closed
 * to its user.  So databases are opened through a copy of SQLite's own VFS that leaves names
 * as they are.
 */
#include "store/store_sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "store/store_sqlite_error.h"
#include "store/store_sqlite_schema.h"

#define VFS_NAME "belljar"

/* Of SQLite's file format. */
#define HEADER_BYTES          100
#define HEADER_MAGIC          "SQLite format 3"
#define HEADER_USER_VERSION   60
#define HEADER_APPLICATION_ID 68

static int name_keep(sqlite3_vfs *vfs, const char *name, int size, char *ret)
{
    (void)vfs;
    int len = snprintf(ret, (size_t)size, "%s", name);
    return len < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

/* Once in a process; it stays registered, since other connections may use it. */
static int vfs_register(struct err *e)
{
    if (sqlite3_vfs_find(VFS_NAME) != NULL) {
        return 0;
    }
    const sqlite3_vfs *usual = sqlite3_vfs_find(NULL);
    if (usual == NULL) {
        return err_set(e, ERR_UNSUPPORTED, "SQLite has no way to files on this system");
    }
    sqlite3_vfs *vfs = xmemdup(usual, sizeof(*usual));
    vfs->zName = VFS_NAME;
    vfs->pNext = NULL;
    vfs->xFullPathname = name_keep;
    if (sqlite3_vfs_register(vfs, 0) != SQLITE_OK) {
        free(vfs);
        return err_set(e, ERR_IO, "SQLite takes no file driver");
    }
    return 0;
}

int store_sqlite_file_open(const char *path, int flags, sqlite3 **ret, struct err *e)
{
    int r = vfs_register(e);
    if (r < 0) {
        return r;
    }
    /* "file:" at the front of a name would make SQLite read it as a URI. */
    AUTO(mem_freep)
    char *name = path == NULL     ? xstrdup(":memory:")
                 : path[0] == '/' ? xstrdup(path)
                                  : xasprintf("./%s", path);
    flags |= SQLITE_OPEN_NOMUTEX | (path == NULL ? SQLITE_OPEN_CREATE : 0);
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(name, &db, flags, VFS_NAME) != SQLITE_OK) {
        r = store_sqlite_error(db, path ? path : ":memory:", "opened", e);
        sqlite3_close(db);
        return r;
    }
    (void)sqlite3_extended_result_codes(db, 1);
    *ret = db;
    return 0;
}

/* Check */

static uint32_t big_endian(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int header_check(const char *path, const unsigned char *header, ssize_t len, struct err *e)
{
    if (len < HEADER_BYTES || memcmp(header, HEADER_MAGIC, sizeof(HEADER_MAGIC)) != 0) {
        return err_set(e, ERR_INVALID,
                       "'%s' is damaged, or no database; it was left as it is: restore it from a "
                       "backup, or move it away",
                       path);
    }
    if (big_endian(header + HEADER_APPLICATION_ID) != STORE_APPLICATION_ID) {
        return err_set(e, ERR_INVALID,
                       "'%s' is a database of another program; it was left as it is: move it away",
                       path);
    }
    /* What is still in the write-ahead log is looked at when the database is open. */
    return store_schema_check(path, big_endian(header + HEADER_USER_VERSION), e);
}

/* A log without its database is the last of it: nobody but its owner may throw it away. */
static int leftover_check(const char *path, struct err *e)
{
    static const char *const suffixes[] = {"-wal", "-journal"};
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        AUTO(mem_freep) char *name = xasprintf("%s%s", path, suffixes[i]);
        struct stat st;
        if (lstat(name, &st) == 0 && st.st_size > 0) {
            return err_set(e, ERR_INVALID,
                           "'%s' is there without '%s', to which it belongs; restore that file, or "
                           "move this one away",
                           name, path);
        }
    }
    return err_set(e, ERR_NOT_FOUND, "there is no '%s'", path);
}

int store_sqlite_file_check(const char *path, struct err *e)
{
    AUTO(fd_closep) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? leftover_check(path, e) : err_sys(e, "open '%s'", path);
    }
    struct stat st;
    if (fstat(fd, &st) < 0) {
        return err_sys(e, "'%s'", path);
    }
    if (!S_ISREG(st.st_mode)) {
        return err_set(e, ERR_INVALID, "'%s' is no file", path);
    }
    if (st.st_size == 0) {
        return leftover_check(path, e);
    }
    unsigned char header[HEADER_BYTES];
    ssize_t len = pread(fd, header, sizeof(header), 0);
    if (len < 0) {
        return err_sys(e, "read '%s'", path);
    }
    return header_check(path, header, len, e);
}

/* Make */

static int layout(const char *path, struct err *e)
{
    sqlite3 *db = NULL;
    int r = store_sqlite_file_open(path, SQLITE_OPEN_READWRITE, &db, e);
    if (r < 0) {
        return r;
    }
    r = store_schema_migrate(db, path, true, e);
    sqlite3_close(db);
    return r;
}

static int directory_sync(const char *path, struct err *e)
{
    const char *slash = strrchr(path, '/');
    AUTO(mem_freep)
    char *name = slash == NULL   ? xstrdup(".")
                 : slash == path ? xstrdup("/")
                                 : xstrndup(path, (size_t)(slash - path));
    AUTO(fd_closep) int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) < 0 ? err_sys(e, "sync '%s'", name) : 0;
}

int store_sqlite_file_make(const char *path, struct err *e)
{
    AUTO(mem_freep) char *fresh = xasprintf("%s.new", path);
    AUTO(mem_freep) char *journal = xasprintf("%s-journal", fresh);
    if ((unlink(fresh) < 0 && errno != ENOENT) || (unlink(journal) < 0 && errno != ENOENT)) {
        return err_sys(e, "remove '%s'", fresh);
    }
    AUTO(fd_closep)
    int fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || fchmod(fd, 0600) < 0) { /* the umask may have taken some from us too */
        return err_sys(e, "making the store '%s'", fresh);
    }
    fd_closep(&fd);
    int r = layout(fresh, e);
    if (r < 0) {
        (void)unlink(fresh);
        return r;
    }
    if (rename(fresh, path) < 0) {
        return err_sys(e, "rename '%s' to '%s'", fresh, path);
    }
    return directory_sync(path, e);
}

int store_sqlite_file_protect(const char *path, struct err *e)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        AUTO(mem_freep) char *name = xasprintf("%s%s", path, suffixes[i]);
        struct stat st;
        if (lstat(name, &st) < 0) {
            if (errno != ENOENT) {
                return err_sys(e, "'%s'", name);
            }
            continue;
        }
        if (S_ISREG(st.st_mode) && (st.st_mode & 0777) != 0600 && chmod(name, 0600) < 0) {
            return err_sys(e, "taking '%s' from other users", name);
        }
    }
    return 0;
}
