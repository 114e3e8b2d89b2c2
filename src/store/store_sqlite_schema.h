#pragma once
/*
 * store_sqlite_schema - how a store's database is laid out, and how one of an earlier version is
 * brought to the present one.  Any thread.
 */
#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

struct err;

#define STORE_APPLICATION_ID 0x6a617262 /* "jarb": PRAGMA application_id of our databases */

int store_schema_version(void); /* PRAGMA user_version of what this belljar writes */

/* ERR_INVALID, with a sentence that names both, when `version` is later than what we know. */
int store_schema_check(const char *path, int64_t version, struct err *e);

/*
 * Brings an open database to the present version, one transaction for each step.  `is_new`: it is
 * empty, and its page layout is set first.
 */
int store_schema_migrate(sqlite3 *db, const char *path, bool is_new, struct err *e);
