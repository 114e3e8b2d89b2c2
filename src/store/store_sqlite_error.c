/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_sqlite_error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"

struct reason {
    int code; /* SQLite's primary result code, or an errno */
    enum err_kind kind;
    const char *why;
    const char *remedy;
};

#define FULL     ERR_LIMIT, "the disk is full", "free space in the data directory"
#define DENIED   ERR_DENIED, "it is not allowed", "make the data directory the server's user's own"
#define READONLY ERR_DENIED, "it is read-only", "make the data directory writable"

static const struct reason by_code[] = {
    {SQLITE_FULL, FULL},
    {SQLITE_READONLY, READONLY},
    {SQLITE_PERM, DENIED},
    {SQLITE_AUTH, DENIED},
    {SQLITE_CANTOPEN, ERR_DENIED, "it cannot be opened",
     "see that the data directory is there and is the server's user's own"},
    {SQLITE_CORRUPT, ERR_IO, "it is damaged", "run: belljar db check"},
    {SQLITE_NOTADB, ERR_IO, "it is damaged", "run: belljar db check"},
    {SQLITE_ERROR, ERR_IO, "its layout is not that of its version", "restore it from a backup"},
    {SQLITE_BUSY, ERR_IO, "another program has locked it", "end that program"},
    {SQLITE_LOCKED, ERR_IO, "another program has locked it", "end that program"},
    {SQLITE_NOMEM, ERR_IO, "no memory is left", "free memory"},
    {SQLITE_IOERR, ERR_IO, "the disk does not work", "look at the disk and the kernel's log"},
};

/* What SQLite tells as "I/O error" or "cannot open" only, but the kernel told better. */
static const struct reason by_errno[] = {
    {ENOSPC, FULL},   {EDQUOT, FULL},  {EFBIG, FULL},
    {EACCES, DENIED}, {EPERM, DENIED}, {EROFS, READONLY},
};

static const struct reason *find(const struct reason *all, size_t count, int code)
{
    for (size_t i = 0; i < count; i++) {
        if (all[i].code == code) {
            return &all[i];
        }
    }
    return NULL;
}

static int file_errno(sqlite3 *db, int which)
{
    sqlite3_file *file = NULL;
    int sys = 0;
    if (sqlite3_file_control(db, "main", which, &file) == SQLITE_OK && file != NULL &&
        file->pMethods != NULL) {
        (void)file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &sys);
    }
    return sys;
}

/* SQLite itself remembers what the kernel said when a statement fails, but not when a commit does:
 * then its files are asked, the database and the log. */
static int system_errno(sqlite3 *db)
{
    int sys = sqlite3_system_errno(db);
    if (sys == 0) {
        sys = file_errno(db, SQLITE_FCNTL_JOURNAL_POINTER);
    }
    return sys != 0 ? sys : file_errno(db, SQLITE_FCNTL_FILE_POINTER);
}

int store_sqlite_error(sqlite3 *db, const char *path, const char *verb, struct err *e)
{
    static const struct reason other = {0, ERR_IO, "of SQLite's error", "report it"};

    int code = sqlite3_errcode(db) & 0xff;
    int sys = code == SQLITE_IOERR || code == SQLITE_CANTOPEN ? system_errno(db) : 0;
    const struct reason *reason = sys ? find(by_errno, ARRAY_LEN(by_errno), sys) : NULL;
    if (reason == NULL) {
        reason = find(by_code, ARRAY_LEN(by_code), code);
    }
    if (reason == NULL) {
        reason = &other;
    }
    char scratch[64];
    return err_set(e, reason->kind, "the store '%.60s' cannot be %s: %s (%.60s%s%.40s); %s", path,
                   verb, reason->why, sqlite3_errmsg(db), sys ? ": " : "",
                   sys ? strerror_r(sys, scratch, sizeof(scratch)) : "", reason->remedy);
}
