/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_admin.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/store_driver.h"
#include "store/store_sqlite_error.h"
#include "store/store_sqlite_file.h"
#include "store/store_sqlite_schema.h"

#define WAIT_MS        30000 /* for a server's transaction */
#define BACKUP_PAGES   256
#define BACKUP_WAIT_MS 10
#define COMMIT_EVERY   500 /* so that a server beside us need not wait long */
#define PURGE_PIECE    500
#define STATE_OVER     "state >= 3"

struct store_admin {
    char *path;
    sqlite3 *db;             /* for what is done by SQL of our own */
    struct store_conn *conn; /* for what the server does too */
    unsigned added;          /* in the transaction under way */
    bool begun;
};

static int failed(const struct store_admin *a, const char *verb, struct err *e)
{
    return store_sqlite_error(a->db, a->path, verb, e);
}

static int exec(const struct store_admin *a, const char *sql, const char *verb, struct err *e)
{
    return sqlite3_exec(a->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(a, verb, e);
}

static void statement_end(sqlite3_stmt **st)
{
    sqlite3_finalize(*st);
}

static int prepare(const struct store_admin *a, const char *sql, sqlite3_stmt **ret, struct err *e)
{
    return sqlite3_prepare_v2(a->db, sql, -1, ret, NULL) == SQLITE_OK ? 0 : failed(a, "read", e);
}

/* --- open and close ---------------------------------------------------------------------- */

int store_admin_open(const char *path, bool make, struct store_admin **ret, struct err *e)
{
    int r = make ? 0 : store_sqlite_file_check(path, e);
    if (r < 0) {
        return r;
    }
    AUTO(store_admin_closep) struct store_admin *a = xcalloc(1, sizeof(*a));
    a->path = xstrdup(path);
    r = store_sqlite.open(store_sqlite.ctx, path, make ? STORE_WRITER : STORE_READER, &a->conn, e);
    if (r == 0) {
        r = store_sqlite_file_open(path, SQLITE_OPEN_READWRITE, &a->db, e);
    }
    if (r == 0) {
        sqlite3_busy_timeout(a->db, WAIT_MS);
        *ret = TAKE(&a, NULL);
    }
    return r;
}

void store_admin_close(struct store_admin *a)
{
    if (a == NULL) {
        return;
    }
    sqlite3_close(a->db);
    if (a->conn != NULL) {
        if (a->begun) {
            a->conn->ops->rollback(a->conn);
        }
        a->conn->ops->close(a->conn);
    }
    free(a->path);
    free(a);
}

void store_admin_closep(struct store_admin **a)
{
    store_admin_close(*a);
    *a = NULL;
}

/* --- backup ------------------------------------------------------------------------------ */

static int copy_to(const struct store_admin *a, sqlite3 *target, const char *name, struct err *e)
{
    sqlite3_backup *backup = sqlite3_backup_init(target, "main", a->db, "main");
    if (backup == NULL) {
        return store_sqlite_error(target, name, "written", e);
    }
    int rc;
    while ((rc = sqlite3_backup_step(backup, BACKUP_PAGES)) == SQLITE_OK || rc == SQLITE_BUSY ||
           rc == SQLITE_LOCKED) {
        if (rc != SQLITE_OK) {
            sqlite3_sleep(BACKUP_WAIT_MS);
        }
    }
    rc = sqlite3_backup_finish(backup);
    return rc == SQLITE_OK ? 0 : store_sqlite_error(target, name, "written", e);
}

/* One read transaction: a copy that begins anew with each commit might never end. */
int store_admin_snapshot(struct store_admin *a, struct err *e)
{
    return exec(a, "BEGIN; SELECT count(*) FROM sqlite_schema", "read", e);
}

int store_admin_backup(struct store_admin *a, const char *target, struct err *e)
{
    sqlite3 *db = NULL;
    int r = store_sqlite_file_open(target, SQLITE_OPEN_READWRITE, &db, e);
    if (r < 0) {
        return r;
    }
    r = copy_to(a, db, target, e);
    (void)sqlite3_exec(a->db, "ROLLBACK", NULL, NULL, NULL);
    /* Without a log beside it, a copy is one file. */
    if (r == 0 && sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) != SQLITE_OK) {
        r = store_sqlite_error(db, target, "written", e);
    }
    sqlite3_close(db);
    return r;
}

/* --- check, vacuum ----------------------------------------------------------------------- */

int store_admin_check(struct store_admin *a, void (*say)(void *ctx, const char *what), void *ctx,
                      struct err *e)
{
    AUTO(statement_end) sqlite3_stmt *st = NULL;
    int r = prepare(a, "PRAGMA integrity_check", &st, e);
    if (r < 0) {
        return r;
    }
    unsigned wrong = 0;
    int rc;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(st, 0);
        if (text != NULL && strcmp(text, "ok") != 0) {
            say(ctx, text);
            wrong++;
        }
    }
    if (rc != SQLITE_DONE) {
        return failed(a, "read", e);
    }
    if (wrong > 0) {
        return err_set(e, ERR_INVALID,
                       "'%s' is damaged; restore a backup, or save what can be read with 'belljar "
                       "db export' and import it into a new store",
                       a->path);
    }
    return 0;
}

static int number_read(const struct store_admin *a, const char *sql, uint64_t *ret, struct err *e)
{
    AUTO(statement_end) sqlite3_stmt *st = NULL;
    int r = prepare(a, sql, &st, e);
    if (r == 0 && sqlite3_step(st) != SQLITE_ROW) {
        r = failed(a, "read", e);
    }
    if (r == 0) {
        *ret = (uint64_t)sqlite3_column_int64(st, 0);
    }
    return r;
}

static int size_read(const struct store_admin *a, uint64_t *ret, struct err *e)
{
    return number_read(a, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
                       ret, e);
}

/* Moves what the log holds into the database, and leaves an empty log. */
static int log_empty(const struct store_admin *a, struct err *e)
{
    int rc = sqlite3_wal_checkpoint_v2(a->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (rc == SQLITE_BUSY) {
        return err_set(e, ERR_BUSY,
                       "the write-ahead log of '%s' is in use and still holds old pages; do it "
                       "again",
                       a->path);
    }
    return rc == SQLITE_OK ? 0 : failed(a, "written", e);
}

int store_admin_vacuum(struct store_admin *a, uint64_t *ret_before, uint64_t *ret_after,
                       struct err *e)
{
    int r = size_read(a, ret_before, e);
    if (r == 0) {
        r = exec(a, "VACUUM", "written", e);
    }
    if (r == 0) {
        r = log_empty(a, e);
    }
    return r < 0 ? r : size_read(a, ret_after, e);
}

/* --- purge ------------------------------------------------------------------------------- */

static void condition(const struct store_purge *p, struct buf *ret)
{
    buf_add_str(ret,
                "DELETE FROM execution WHERE seq IN (SELECT seq FROM execution WHERE " STATE_OVER);
    if (p->label != NULL) {
        buf_add_str(ret, " AND label = ?1");
    }
    if (p->caller != NULL) {
        buf_add_str(ret, " AND caller = ?2");
    }
    if (p->before_ns > 0) {
        buf_add_str(ret, " AND finished_ns < ?3");
    }
    buf_add_str(ret, " LIMIT ?4)");
}

static int purge_piece(const struct store_admin *a, const struct store_purge *p, const char *sql,
                       uint64_t *ret_count, struct err *e)
{
    AUTO(statement_end) sqlite3_stmt *st = NULL;
    int r = prepare(a, sql, &st, e);
    if (r < 0) {
        return r;
    }
    if (p->label != NULL) {
        sqlite3_bind_text(st, 1, p->label, -1, SQLITE_STATIC);
    }
    if (p->caller != NULL) {
        sqlite3_bind_text(st, 2, p->caller, -1, SQLITE_STATIC);
    }
    if (p->before_ns > 0) {
        sqlite3_bind_int64(st, 3, (sqlite3_int64)p->before_ns);
    }
    sqlite3_bind_int(st, 4, PURGE_PIECE);
    if (sqlite3_step(st) != SQLITE_DONE) {
        return failed(a, "written", e);
    }
    *ret_count = (uint64_t)sqlite3_changes(a->db);
    return 0;
}

int store_admin_purge(struct store_admin *a, const struct store_purge *purge, uint64_t *ret_count,
                      struct err *e)
{
    AUTO(buf_done) struct buf sql = {0};
    if (!purge->all && purge->label == NULL && purge->caller == NULL && purge->before_ns == 0) {
        return err_set(e, ERR_INVALID, "nothing says what is to be deleted");
    }
    condition(purge, &sql);
    int r = exec(a, "PRAGMA secure_delete = ON", "written", e);
    uint64_t count = 0, piece = PURGE_PIECE;
    while (r == 0 && piece == PURGE_PIECE) {
        r = purge_piece(a, purge, sql.data, &piece, e);
        count += r == 0 ? piece : 0;
    }
    if (r == 0) { /* what retention and DELETE left in free pages goes with them */
        r = exec(a, "PRAGMA incremental_vacuum", "written", e);
    }
    if (r == 0) {
        *ret_count = count;
        r = log_empty(a, e);
    }
    return r;
}

/* --- export and import ------------------------------------------------------------------- */

static int each_one(const struct store_admin *a, const char *id,
                    int (*fn)(void *ctx, const struct execution *x, struct err *e), void *ctx,
                    struct err *e)
{
    AUTO(execution_unrefp) struct execution *x = NULL;
    int r = a->conn->ops->get(a->conn, id, PARTS_ALL, &x, e);
    return r < 0 || x == NULL ? r : fn(ctx, x, e); /* gone since: its turn was a moment ago */
}

/* What an earlier version wrote has no columns for all that is read. */
static int bring_up(struct store_admin *a, struct err *e)
{
    uint64_t version = 0;
    int r = number_read(a, "PRAGMA user_version", &version, e);
    if (r < 0 || version >= (uint64_t)store_schema_version()) {
        return r;
    }
    struct store_conn *fresh = NULL;
    r = store_sqlite.open(store_sqlite.ctx, a->path, STORE_WRITER, &fresh, e);
    if (r == 0) {
        a->conn->ops->close(a->conn);
        a->conn = fresh;
    }
    return r;
}

int store_admin_each(struct store_admin *a,
                     int (*fn)(void *ctx, const struct execution *x, struct err *e), void *ctx,
                     struct err *e)
{
    AUTO(statement_end) sqlite3_stmt *st = NULL;
    int r = bring_up(a, e);
    if (r == 0) {
        r = prepare(a, "SELECT id FROM execution ORDER BY seq", &st, e);
    }
    int rc = SQLITE_DONE;
    while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        r = each_one(a, (const char *)sqlite3_column_text(st, 0), fn, ctx, e);
    }
    return r == 0 && rc != SQLITE_DONE ? failed(a, "read", e) : r;
}

static int add_one(const struct store_admin *a, const struct execution *x, struct err *e)
{
    const struct store_conn *c = a->conn;
    struct store_moment moment = {
        .state = execution_is_over(x) ? EXECUTION_RUNNING : x->state,
        .status = x->status,
        .attempts = x->attempts,
        .started_ns = x->started_ns,
    };
    uint64_t seq;
    int r = c->ops->insert(a->conn, x, &moment, &seq, e);
    if (r < 0 || !execution_is_over(x)) {
        return r;
    }
    moment.state = x->state;
    moment.callback = x->callback;
    return c->ops->finish(a->conn, x, &moment, e);
}

int store_admin_commit(struct store_admin *a, struct err *e)
{
    if (!a->begun) {
        return 0;
    }
    a->begun = false;
    a->added = 0;
    return a->conn->ops->commit(a->conn, e);
}

int store_admin_add(struct store_admin *a, const struct execution *x, bool *ret_added,
                    struct err *e)
{
    int r = a->added >= COMMIT_EVERY ? store_admin_commit(a, e) : 0;
    if (r == 0 && !a->begun) {
        r = a->conn->ops->begin(a->conn, e);
        a->begun = r == 0;
    }
    if (r < 0) {
        return r;
    }
    r = add_one(a, x, e);
    *ret_added = r == 0;
    a->added++;
    return r == -ERR_INVALID ? 0 : r;
}
