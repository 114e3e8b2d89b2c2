/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver for SQLite: its connections and transactions.
 *
 * Write-ahead log, and one fsync of it for each commit; readers see the last commit and never wait.
 * What was deleted is overwritten where that costs no write of its own (secure_delete=FAST);
 * `belljar db purge` does it thoroughly.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/store_sqlite_error.h"
#include "store/store_sqlite_file.h"
#include "store/store_sqlite_impl.h"
#include "store/store_sqlite_schema.h"

#define BUSY_MS    5000 /* how long a foreign program's lock is waited for */
#define IN_MEMORY  "(in memory)"
#define SCHEMA_NOW "SELECT count(*) FROM sqlite_schema"

/* A longer log than SQLite's usual one: pages that change often are then copied into the database
 * less often. Beyond the limit it is cut when it starts anew. */
static const char writer_settings[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;"
    "PRAGMA journal_size_limit = 67108864; PRAGMA secure_delete = FAST;"
    "PRAGMA cache_size = -16384;";
static const char reader_settings[] = "PRAGMA query_only = ON; PRAGMA cache_size = -4096;";
/* Nothing is written outside of the database's own directory. */
static const char common_settings[] =
    "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;";

static const char *name_of(const struct sqlite_conn *c)
{
    return c->path != NULL ? c->path : IN_MEMORY;
}

int sqlite_conn_fail(struct sqlite_conn *c, const char *verb, struct err *e)
{
    int code = sqlite3_errcode(c->db) & 0xff;
    /* Opened when the disk was read-only or gone, it stays so; a full disk is found to have
     * room again. */
    c->stale = c->path != NULL && code != SQLITE_FULL && code != SQLITE_BUSY;
    return store_sqlite_error(c->db, name_of(c), verb, e);
}

static void disconnect(struct sqlite_conn *c)
{
    for (size_t i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(c->statements[i]);
        c->statements[i] = NULL;
    }
    sqlite3_close(c->db);
    c->db = NULL;
}

static int settings_make(struct sqlite_conn *c, struct err *e)
{
    const char *own = c->role == STORE_WRITER ? writer_settings : reader_settings;
    if (sqlite3_busy_timeout(c->db, BUSY_MS) != SQLITE_OK ||
        sqlite3_exec(c->db, common_settings, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(c->db, own, NULL, NULL, NULL) != SQLITE_OK) {
        return store_sqlite_error(c->db, name_of(c), "opened", e);
    }
    return 0;
}

static int connect(struct sqlite_conn *c, struct err *e)
{
    int r = store_sqlite_file_open(c->path, SQLITE_OPEN_READWRITE, &c->db, e);
    if (r == 0 && c->role == STORE_WRITER && sqlite3_db_readonly(c->db, "main") == 1) {
        r = err_set(e, ERR_DENIED,
                    "the store '%s' cannot be written: it is read-only; make the data directory "
                    "writable",
                    name_of(c));
    }
    return r;
}

/* What is opened anew has been ours; somebody may have put another file there since. */
static int identity_check(struct sqlite_conn *c, struct err *e)
{
    uint64_t id = 0;
    int r = sqlite_conn_number(c, STATEMENT_APPLICATION_ID, &id, e);
    if (r == 0 && id != STORE_APPLICATION_ID) {
        r = err_set(e, ERR_DENIED,
                    "the store '%s' was replaced by something else while it was in use; put it "
                    "back, or restart",
                    name_of(c));
    }
    return r;
}

int sqlite_conn_refresh(struct sqlite_conn *c, struct err *e)
{
    if (c->db != NULL && !c->stale) {
        return 0;
    }
    disconnect(c);
    int r = connect(c, e);
    if (r == 0) {
        r = identity_check(c, e);
    }
    if (r == 0) {
        r = settings_make(c, e);
    }
    if (r < 0) {
        disconnect(c);
        return r;
    }
    c->stale = false;
    return 0;
}

/* Statements */

sqlite3_stmt *sqlite_conn_statement(struct sqlite_conn *c, enum sqlite_statement which,
                                    const char *verb, struct err *e)
{
    if (c->statements[which] == NULL &&
        sqlite3_prepare_v3(c->db, sqlite_statements[which], -1, SQLITE_PREPARE_PERSISTENT,
                           &c->statements[which], NULL) != SQLITE_OK) {
        (void)sqlite_conn_fail(c, verb, e);
        return NULL;
    }
    return c->statements[which];
}

void sqlite_statement_done(sqlite3_stmt **st)
{
    if (*st != NULL) {
        (void)sqlite3_reset(*st);
        (void)sqlite3_clear_bindings(*st); /* they point into what the caller holds */
    }
}

int sqlite_conn_run(struct sqlite_conn *c, sqlite3_stmt *st, struct err *e)
{
    int rc;
    do {
        rc = sqlite3_step(st);
    } while (rc == SQLITE_ROW);
    return rc == SQLITE_DONE ? 0 : sqlite_conn_fail(c, WRITTEN, e);
}

int sqlite_conn_number(struct sqlite_conn *c, enum sqlite_statement which, uint64_t *ret,
                       struct err *e)
{
    AUTO(sqlite_statement_done) sqlite3_stmt *st = sqlite_conn_statement(c, which, READ, e);
    if (st == NULL) {
        return -(int)e->kind;
    }
    int rc = sqlite3_step(st);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        return sqlite_conn_fail(c, READ, e);
    }
    *ret = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
    return 0;
}

/* Transactions */

static int run_plain(struct sqlite_conn *c, enum sqlite_statement which, struct err *e)
{
    AUTO(sqlite_statement_done) sqlite3_stmt *st = sqlite_conn_statement(c, which, WRITTEN, e);
    return st == NULL ? -(int)e->kind : sqlite_conn_run(c, st, e);
}

/* A file without its name takes all that is written to it, and is gone at the end. */
static int place_check(const struct sqlite_conn *c, struct err *e)
{
    int moved = 0;
    (void)sqlite3_file_control(c->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return c->path != NULL && moved
               ? err_set(e, ERR_IO,
                         "the store '%s' was moved or removed while it was in use; put it back, "
                         "or restart",
                         c->path)
               : 0;
}

static int sqlite_begin(struct store_conn *conn, struct err *e)
{
    struct sqlite_conn *c = sqlite_conn_of(conn);
    int r = sqlite_conn_refresh(c, e);
    if (r == 0) {
        r = place_check(c, e);
    }
    return r < 0 ? r : run_plain(c, STATEMENT_BEGIN, e);
}

/* Some errors have ended the transaction already; a connection that cannot even do this is stale by
 * the first error. */
static void sqlite_rollback(struct store_conn *conn)
{
    struct sqlite_conn *c = sqlite_conn_of(conn);
    struct err ignored = {0};
    if (c->db != NULL && !sqlite3_get_autocommit(c->db)) {
        (void)run_plain(c, STATEMENT_ROLLBACK, &ignored);
    }
}

static int sqlite_commit(struct store_conn *conn, struct err *e)
{
    int r = run_plain(sqlite_conn_of(conn), STATEMENT_COMMIT, e);
    if (r < 0) {
        sqlite_rollback(conn);
    }
    return r;
}

/* Open */

static void sqlite_close(struct store_conn *conn)
{
    struct sqlite_conn *c = sqlite_conn_of(conn);
    disconnect(c);
    free(c->path);
    free(c);
}

/*
 * Until it is known to be ours nothing may reach the file: not even what a log beside it holds,
 * which SQLite would copy into it when the connection is closed.
 */
static int adopt(struct sqlite_conn *c, struct err *e)
{
    (void)sqlite3_db_config(c->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (sqlite3_exec(c->db, SCHEMA_NOW, NULL, NULL, NULL) != SQLITE_OK) {
        return store_sqlite_error(c->db, c->path, "opened", e);
    }
    int r = store_schema_migrate(c->db, c->path, false, e);
    if (r == 0) {
        (void)sqlite3_db_config(c->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
        r = store_sqlite_file_protect(c->path, e);
    }
    return r;
}

static int open_file(struct sqlite_conn *c, struct err *e)
{
    int r = store_sqlite_file_check(c->path, e);
    if (r == -ERR_NOT_FOUND) {
        r = store_sqlite_file_make(c->path, e);
    }
    if (r == 0) {
        r = connect(c, e);
    }
    return r < 0 ? r : adopt(c, e);
}

/* What is wrong in it is found here, where another file can still be put in its place. */
static int inspect(struct sqlite_conn *c, struct err *e)
{
    for (int i = 0; i < STATEMENTS; i++) {
        if (sqlite_conn_statement(c, (enum sqlite_statement)i, "opened", e) == NULL) {
            return -(int)e->kind;
        }
    }
    return sqlite_conn_number(c, STATEMENT_EXECUTIONS, &c->conn.executions, e);
}

static bool is_damage(int code)
{
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR;
}

static int open_writer(struct sqlite_conn *c, struct err *e)
{
    int r = 0;
    if (c->path == NULL) {
        r = connect(c, e);
        r = r < 0 ? r : store_schema_migrate(c->db, IN_MEMORY, true, e);
    } else {
        r = open_file(c, e);
    }
    if (r == 0) {
        r = settings_make(c, e);
    }
    if (r == 0) {
        r = inspect(c, e);
    }
    if (r < 0 && c->db != NULL && is_damage(sqlite3_errcode(c->db) & 0xff)) {
        e->kind = ERR_INVALID;
    }
    return r < 0 ? -(int)e->kind : 0;
}

static const struct store_driver_ops ops;

static int sqlite_open(void *ctx, const char *path, enum store_role role, struct store_conn **ret,
                       struct err *e)
{
    (void)ctx;
    struct sqlite_conn *c = xcalloc(1, sizeof(*c));
    c->conn.ops = &ops;
    c->path = xstrdup(path);
    c->role = role;
    int r = role == STORE_WRITER ? open_writer(c, e) : sqlite_conn_refresh(c, e);
    if (r < 0) {
        sqlite_close(&c->conn);
        return r;
    }
    *ret = &c->conn;
    return 0;
}

/* A read outside of a transaction takes and drops the locks of one.  When this fails, so it is. */
static void sqlite_hold(struct store_conn *conn)
{
    struct sqlite_conn *c = sqlite_conn_of(conn);
    struct err ignored = {0};
    if (sqlite_conn_refresh(c, &ignored) == 0) {
        (void)run_plain(c, STATEMENT_HOLD, &ignored);
    }
}

static const struct store_driver_ops ops = {
    .close = sqlite_close,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .insert = sqlite_insert,
    .begin_run = sqlite_begin_run,
    .requeue = sqlite_requeue,
    .finish = sqlite_finish,
    .set_callback = sqlite_set_callback,
    .remove = sqlite_remove,
    .purge = sqlite_purge,
    .shrink = sqlite_shrink,
    .hold = sqlite_hold,
    .let_go = sqlite_rollback,
    .get = sqlite_get,
    .get_key = sqlite_get_key,
    .list = sqlite_list,
    .unfinished = sqlite_unfinished,
    .callbacks_due = sqlite_callbacks_due,
    .count = sqlite_count,
    .size = sqlite_size,
    .first = sqlite_first,
};

const struct store_driver store_sqlite = {sqlite_open, NULL};
