#pragma once
/*
 * store_sqlite_error - what SQLite says, as an error that names the database, the reason and the
 * remedy.  Any thread that may use `db`.
 */
#include <sqlite3.h>

struct err;

/* From the last error of `db`; `verb`: "read", "written", "opened". */
int store_sqlite_error(sqlite3 *db, const char *path, const char *verb, struct err *e);
