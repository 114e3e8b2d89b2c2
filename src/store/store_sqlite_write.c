/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's writes.  Only the first statement of each can be refused for what the request says
 * (an id that is there, or is not), so a refused one leaves nothing behind and needs no savepoint.
 */
#include <string.h>

#include "base/err.h"
#include "store/store_sqlite_impl.h"

/* SQLite takes less than 1,000,000,000 bytes for a row: refused here, where nothing is done yet. */
#define BYTES_MAX 900000000

static void bind_u64(sqlite3_stmt *st, int at, uint64_t number)
{
    (void)sqlite3_bind_int64(st, at, (sqlite3_int64)number);
}

static uint64_t at_most(uint64_t number)
{
    return number < INT64_MAX ? number : INT64_MAX;
}

/* Binding fails for what is too long only, see BYTES_MAX; NULL is null. */
static void bind_text(sqlite3_stmt *st, int at, const char *text)
{
    (void)sqlite3_bind_text(st, at, text, -1, SQLITE_STATIC);
}

static void bind_parts(sqlite3_stmt *st, const struct execution *x, enum execution_part first,
                       enum execution_part end)
{
    for (enum execution_part part = first; part < end; part++) {
        const struct execution_bytes *bytes = &x->parts[part];
        (void)sqlite3_bind_blob64(st, 2 + (int)(part - first), bytes->data, bytes->len,
                                  SQLITE_STATIC);
    }
}

static int size_check(const struct execution *x, enum execution_part first, enum execution_part end,
                      struct err *e)
{
    size_t bytes = 0;
    for (enum execution_part part = first; part < end; part++) {
        bytes += x->parts[part].len;
    }
    return bytes <= BYTES_MAX ? 0
                              : err_set(e, ERR_INVALID,
                                        "execution %s is larger than the %d bytes that the store "
                                        "takes",
                                        x->id, BYTES_MAX);
}

static int parts_insert(struct sqlite_conn *c, enum sqlite_statement which, uint64_t seq,
                        const struct execution *x, enum execution_part first,
                        enum execution_part end, struct err *e)
{
    AUTO(sqlite_statement_done) sqlite3_stmt *st = sqlite_conn_statement(c, which, WRITTEN, e);
    if (st == NULL) {
        return -(int)e->kind;
    }
    bind_u64(st, 1, seq);
    bind_parts(st, x, first, end);
    return sqlite_conn_run(c, st, e);
}

static int outcome_insert(struct sqlite_conn *c, uint64_t seq, const struct execution *x,
                          struct err *e)
{
    return parts_insert(c, STATEMENT_INSERT_OUTCOME, seq, x, PART_STDOUT, EXECUTION_PARTS, e);
}

static bool state_is_over(enum execution_state state)
{
    return state == EXECUTION_FINISHED || state == EXECUTION_CANCELLED;
}

/* What came of it is read only when it is over: until then its maker may be writing it. */
static void bind_all(sqlite3_stmt *st, const struct execution *x, const struct store_moment *moment)
{
    bool is_over = state_is_over(moment->state);
    bind_text(st, 1, x->id);
    bind_text(st, 2, x->dialect);
    (void)sqlite3_bind_int(st, 3, x->language);
    (void)sqlite3_bind_int(st, 4, x->batch);
    bind_u64(st, 5, x->created_ns);
    (void)sqlite3_bind_int(st, 6, (int)moment->state);
    (void)sqlite3_bind_int(st, 7, moment->status);
    bind_u64(st, 8, moment->attempts);
    bind_u64(st, 9, moment->started_ns);
    bind_u64(st, 10, is_over ? x->finished_ns : 0);
    (void)sqlite3_bind_int(st, 11, (int)moment->callback);
    bind_text(st, 12, x->caller);
    bind_text(st, 13, x->label);
    bind_text(st, 14, x->request);
    bind_text(st, 15, is_over ? x->result : NULL);
    bind_text(st, 16, x->idempotency);
    bind_u64(st, 17, at_most(x->expires_ns));
}

static int row_insert(struct sqlite_conn *c, const struct execution *x,
                      const struct store_moment *moment, uint64_t *ret_seq, struct err *e)
{
    AUTO(sqlite_statement_done)
    sqlite3_stmt *st = sqlite_conn_statement(c, STATEMENT_INSERT, WRITTEN, e);
    if (st == NULL) {
        return -(int)e->kind;
    }
    bind_all(st, x, moment);
    int rc = sqlite3_step(st);
    if ((rc & 0xff) == SQLITE_CONSTRAINT) {
        return err_set(e, ERR_INVALID, "there is an execution %s already%s", x->id,
                       x->idempotency != NULL ? ", or one with its idempotency key" : "");
    }
    if (rc != SQLITE_DONE) {
        return sqlite_conn_fail(c, WRITTEN, e);
    }
    *ret_seq = (uint64_t)sqlite3_last_insert_rowid(c->db);
    return 0;
}

int sqlite_insert(struct store_conn *conn, const struct execution *x,
                  const struct store_moment *moment, uint64_t *ret_seq, struct err *e)
{
    struct sqlite_conn *c = sqlite_conn_of(conn);
    bool is_over = state_is_over(moment->state);
    uint64_t seq = 0;
    int r = size_check(x, PART_SOURCE, is_over ? EXECUTION_PARTS : PART_STDOUT, e);
    if (r == 0) {
        r = row_insert(c, x, moment, &seq, e);
    }
    if (r == 0) {
        r = parts_insert(c, STATEMENT_INSERT_ASKED, seq, x, PART_SOURCE, PART_STDOUT, e);
    }
    if (r == 0 && is_over) {
        r = outcome_insert(c, seq, x, e);
    }
    if (r == 0) {
        *ret_seq = seq;
    }
    return r;
}

/* After a change of no row: was there one to change? */
static int exists_check(struct sqlite_conn *c, const char *id, struct err *e)
{
    AUTO(sqlite_statement_done)
    sqlite3_stmt *st = sqlite_conn_statement(c, STATEMENT_EXISTS, READ, e);
    if (st == NULL) {
        return -(int)e->kind;
    }
    bind_text(st, 1, id);
    if (sqlite3_step(st) != SQLITE_ROW) {
        return sqlite_conn_fail(c, READ, e);
    }
    return sqlite3_column_int(st, 0) > 0
               ? 0
               : err_set(e, ERR_NOT_FOUND, "there is no execution %s", id);
}

/* Runs a statement whose first parameter is the id. */
static int change(struct sqlite_conn *c, sqlite3_stmt *st, const char *id, struct err *e)
{
    bind_text(st, 1, id);
    int r = sqlite_conn_run(c, st, e);
    return r == 0 && sqlite3_changes(c->db) == 0 ? exists_check(c, id, e) : r;
}

int sqlite_begin_run(struct store_conn *conn, const char *id, unsigned attempts,
                     uint64_t started_ns, struct err *e)
{
    struct sqlite_conn *c = sqlite_conn_of(conn);
    AUTO(sqlite_statement_done)
    sqlite3_stmt *st = sqlite_conn_statement(c, STATEMENT_BEGIN_RUN, WRITTEN, e);
    if (st == NULL) {
        return -(int)e->kind;
    }
    bind_u64(st, 2, attempts);
    bind_u64(st, 3, started_ns);
    return change(c, st, id, e);
}

int sqlite_requeue(struct store_conn *conn, const char *id, unsigned attempts, struct err *e)
{
    struct sqlite_conn *c = sqlite_conn_of(conn);
    AUTO(sqlite_statement_done)
    sqlite3_stmt *st = sqlite_conn_statement(c, STATEMENT_REQUEUE, WRITTEN, e);
    if (st == NULL) {
        return -(int)e->kind;
    }
    bind_u64(st, 2, attempts);
    return change(c, st, id, e);
}

/* *ret_seq is 0 when it was over already. */
static int over_set(struct sqlite_conn *c, const struct execution *x,
                    const struct store_moment *moment, uint64_t *ret_seq, struct err *e)
{
    AUTO(sqlite_statement_done)
    sqlite3_stmt *st = sqlite_conn_statement(c, STATEMENT_FINISH, WRITTEN, e);
    if (st == NULL) {
        return -(int)e->kind;
    }
    bind_text(st, 1, x->id);
    (void)sqlite3_bind_int(st, 2, (int)moment->state);
    (void)sqlite3_bind_int(st, 3, moment->status);
    bind_u64(st, 4, moment->attempts);
    bind_u64(st, 5, moment->started_ns);
    bind_u64(st, 6, x->finished_ns);
    (void)sqlite3_bind_int(st, 7, (int)moment->callback);
    bind_text(st, 8, x->result);
    int rc = sqlite3_step(st);
    *ret_seq = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
    if (rc == SQLITE_ROW) {
        rc = sqlite3_step(st);
    }
    return rc == SQLITE_DONE ? 0 : sqlite_conn_fail(c, WRITTEN, e);
}

int sqlite_finish(struct store_conn *conn, const struct execution *x,
                  const struct store_moment *moment, struct err *e)
{
    struct sqlite_conn *c = sqlite_conn_of(conn);
    uint64_t seq = 0;
    int r = size_check(x, PART_STDOUT, EXECUTION_PARTS, e);
    if (r == 0) {
        r = over_set(c, x, moment, &seq, e);
    }
    if (r < 0) {
        return r;
    }
    return seq == 0 ? exists_check(c, x->id, e) : outcome_insert(c, seq, x, e);
}

int sqlite_set_callback(struct store_conn *conn, const char *id, enum execution_callback state,
                        struct err *e)
{
    struct sqlite_conn *c = sqlite_conn_of(conn);
    AUTO(sqlite_statement_done)
    sqlite3_stmt *st = sqlite_conn_statement(c, STATEMENT_SET_CALLBACK, WRITTEN, e);
    if (st == NULL) {
        return -(int)e->kind;
    }
    (void)sqlite3_bind_int(st, 2, (int)state);
    return change(c, st, id, e);
}

int sqlite_remove(struct store_conn *conn, const char *id, struct err *e)
{
    struct sqlite_conn *c = sqlite_conn_of(conn);
    AUTO(sqlite_statement_done)
    sqlite3_stmt *st = sqlite_conn_statement(c, STATEMENT_DELETE, WRITTEN, e);
    return st == NULL ? -(int)e->kind : change(c, st, id, e);
}

int sqlite_purge(struct store_conn *conn, enum store_purge_kind kind, uint64_t before_ns,
                 unsigned max, unsigned *ret_count, struct err *e)
{
    struct sqlite_conn *c = sqlite_conn_of(conn);
    enum sqlite_statement which = STATEMENT_PURGE_EXPIRED + (unsigned)kind;
    AUTO(sqlite_statement_done) sqlite3_stmt *st = sqlite_conn_statement(c, which, WRITTEN, e);
    if (st == NULL) {
        return -(int)e->kind;
    }
    bind_u64(st, 1, at_most(before_ns));
    bind_u64(st, 2, max);
    int r = sqlite_conn_run(c, st, e);
    if (r == 0) {
        *ret_count = (unsigned)sqlite3_changes(c->db);
    }
    return r;
}

int sqlite_shrink(struct store_conn *conn, struct err *e)
{
    struct sqlite_conn *c = sqlite_conn_of(conn);
    int r = sqlite_conn_refresh(c, e);
    if (r < 0) {
        return r;
    }
    AUTO(sqlite_statement_done)
    sqlite3_stmt *st = sqlite_conn_statement(c, STATEMENT_SHRINK, WRITTEN, e);
    if (st == NULL) {
        return -(int)e->kind;
    }
    r = sqlite_conn_run(c, st, e);
    if (r == 0) {
        /* The file becomes shorter when the log is copied into it; readers may put that off. */
        (void)sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    }
    return r;
}
