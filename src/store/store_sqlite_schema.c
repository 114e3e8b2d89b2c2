/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each row of `steps` takes a database from one version (PRAGMA user_version) to the next.  A row
 * that was released is never changed: a new one is added.
 *
 * What may be large stands in tables of its own: SQLite writes a row anew when a column changes
 * its length, and a source must not be written again each time that its execution changes state.
 * The columns of `execution` that are asked for together are found without reading their pages:
 *   by_dialect     lists, newest first (an index ends in the rowid, which is seq)
 *   by_caller      ... of one caller
 *   by_label       ... with one label
 *   cancelled      ... of what was cancelled
 *   by_key         the execution that a client's key stands for
 *   unfinished     what is to be queued again at a start; lists of what waits or runs
 *   callbacks_due  what is to be told at a start
 *   purgeable      what retention may delete, the oldest first
 *   lasting        ... of what has an end of its own (expires_ns)
 *   expiring       ... that which ends first, first
 *   statistics     all counts
 */
#include "store/store_sqlite_schema.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "store/store_sqlite_error.h"

static const char *const steps[] = {
    /* 1 */
    "CREATE TABLE execution ("
    " seq INTEGER PRIMARY KEY AUTOINCREMENT," /* no number is given twice: it is a cursor */
    " id TEXT NOT NULL UNIQUE,"
    " dialect TEXT NOT NULL,"
    " language INTEGER NOT NULL,"
    " batch INTEGER NOT NULL,"
    " created_ns INTEGER NOT NULL,"
    " created_day INTEGER NOT NULL," /* days of UTC since 1970; a generated one covers no query */
    " state INTEGER NOT NULL,"
    " status INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL,"
    " started_ns INTEGER NOT NULL,"
    " finished_ns INTEGER NOT NULL,"
    " callback INTEGER NOT NULL,"
    " caller TEXT,"
    " label TEXT,"
    " request TEXT,"
    " result TEXT"
    ") STRICT;"
    "CREATE TABLE asked ("
    " seq INTEGER PRIMARY KEY,"
    " source BLOB,"
    " stdin BLOB,"
    " expected BLOB,"
    " files BLOB"
    ") STRICT;"
    "CREATE TABLE outcome ("
    " seq INTEGER PRIMARY KEY,"
    " stdout BLOB,"
    " stderr BLOB,"
    " compile_output BLOB"
    ") STRICT;"
    "CREATE TRIGGER execution_deleted AFTER DELETE ON execution BEGIN"
    " DELETE FROM asked WHERE seq = old.seq;"
    " DELETE FROM outcome WHERE seq = old.seq;"
    "END;"
    "CREATE INDEX by_dialect ON execution (dialect);"
    "CREATE INDEX unfinished ON execution (seq) WHERE state < 3;"
    "CREATE INDEX callbacks_due ON execution (seq) WHERE state >= 3 AND callback = 1;"
    "CREATE INDEX purgeable ON execution (finished_ns) WHERE state >= 3 AND callback <> 1;"
    "CREATE INDEX statistics ON execution (dialect, status, language, created_day);",
    /* 2 */
    "ALTER TABLE execution ADD COLUMN idempotency TEXT;"
    "ALTER TABLE execution ADD COLUMN expires_ns INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE asked ADD COLUMN body BLOB;"
    "ALTER TABLE outcome ADD COLUMN answer BLOB;"
    "CREATE INDEX by_caller ON execution (dialect, caller);"
    "CREATE INDEX by_label ON execution (dialect, label) WHERE label IS NOT NULL;"
    "CREATE INDEX cancelled ON execution (seq) WHERE state = 4;"
    "CREATE UNIQUE INDEX by_key ON execution (caller, idempotency) WHERE idempotency IS NOT NULL;"
    "DROP INDEX purgeable;"
    "CREATE INDEX purgeable ON execution (finished_ns)"
    " WHERE state >= 3 AND callback <> 1 AND expires_ns = 0;"
    "CREATE INDEX lasting ON execution (finished_ns)"
    " WHERE state >= 3 AND callback <> 1 AND expires_ns > 0;"
    "CREATE INDEX expiring ON execution (expires_ns)"
    " WHERE state >= 3 AND callback <> 1 AND expires_ns > 0;",
};

int store_schema_version(void)
{
    return (int)ARRAY_LEN(steps);
}

int store_schema_check(const char *path, int64_t version, struct err *e)
{
    if (version <= store_schema_version()) {
        return 0;
    }
    return err_set(e, ERR_INVALID,
                   "the store '%s' has version %" PRId64 " and this belljar knows %d at most: a "
                   "later one wrote it; start that one, or give this one a data directory of its "
                   "own",
                   path, version, store_schema_version());
}

static int exec(sqlite3 *db, const char *path, const char *sql, struct err *e)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        return store_sqlite_error(db, path, "laid out", e);
    }
    return 0;
}

static int version_read(sqlite3 *db, const char *path, int64_t *ret, struct err *e)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(st);
    }
    int64_t version = rc == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
    int r = rc == SQLITE_ROW ? 0 : store_sqlite_error(db, path, "opened", e);
    sqlite3_finalize(st);
    if (r == 0) {
        *ret = version;
    }
    return r;
}

static int step_take(sqlite3 *db, const char *path, int64_t from, struct err *e)
{
    char version[48];
    snprintf(version, sizeof(version), "PRAGMA user_version = %" PRId64, from + 1);
    int r = exec(db, path, "BEGIN IMMEDIATE", e);
    if (r < 0) {
        return r;
    }
    r = exec(db, path, steps[from], e);
    if (r == 0) {
        r = exec(db, path, version, e);
    }
    if (r == 0) {
        r = exec(db, path, "COMMIT", e);
    }
    if (r < 0) {
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        return err_wrap(e, "version %" PRId64, from + 1);
    }
    return 0;
}

int store_schema_migrate(sqlite3 *db, const char *path, bool is_new, struct err *e)
{
    char layout[128];
    snprintf(layout, sizeof(layout),
             "PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL;"
             "PRAGMA application_id = %d",
             STORE_APPLICATION_ID);
    int64_t version = 0;
    int r = is_new ? exec(db, path, layout, e) : 0;
    if (r == 0) {
        r = version_read(db, path, &version, e);
    }
    if (r == 0) {
        r = store_schema_check(path, version, e);
    }
    for (; r == 0 && version < store_schema_version(); version++) {
        r = step_take(db, path, version, e);
    }
    return r;
}
