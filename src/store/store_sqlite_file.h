#pragma once
/*
 * store_sqlite_file - the file of a database: opened where it lies, readable by its owner only, and
 * left as it is when it is none of ours.  Any thread; store_sqlite_file_check only while no
 * connection to the file is open in this process (closing a file drops all locks on it).
 */
#include <stdbool.h>

#include <sqlite3.h>

struct err;

/*
 * ERR_NOT_FOUND when there is none (or an empty one).  ERR_INVALID when it is no database, one of
 * another program, or of a later version.
 */
int store_sqlite_file_check(const char *path, struct err *e);
/* An empty database of the present version.  There is all of it or none, whenever we are killed. */
int store_sqlite_file_make(const char *path, struct err *e);
/* Takes it, and what SQLite keeps beside it, from all users but the owner. */
int store_sqlite_file_protect(const char *path, struct err *e);

/* `path` NULL: in memory.  Otherwise the file must be there. `flags`: SQLITE_OPEN_READWRITE ... */
int store_sqlite_file_open(const char *path, int flags, sqlite3 **ret, struct err *e);
