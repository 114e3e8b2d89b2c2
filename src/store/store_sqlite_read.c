/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/store_sqlite_impl.h"

enum column { /* of ROW in store_sqlite_statements.c */
              COLUMN_SEQ,
              COLUMN_ID,
              COLUMN_DIALECT,
              COLUMN_LANGUAGE,
              COLUMN_BATCH,
              COLUMN_CREATED_NS,
              COLUMN_STATE,
              COLUMN_STATUS,
              COLUMN_ATTEMPTS,
              COLUMN_STARTED_NS,
              COLUMN_FINISHED_NS,
              COLUMN_CALLBACK,
              COLUMN_CALLER,
              COLUMN_LABEL,
              COLUMN_IDEMPOTENCY,
              COLUMN_EXPIRES_NS,
              COLUMN_REQUEST,
              COLUMN_RESULT,
              COLUMN_PARTS,
};

static uint64_t column_u64(sqlite3_stmt *st, enum column at)
{
    return (uint64_t)sqlite3_column_int64(st, (int)at);
}

static char *column_text(sqlite3_stmt *st, enum column at)
{
    return xstrdup((const char *)sqlite3_column_text(st, (int)at));
}

static void column_copy(sqlite3_stmt *st, enum column at, char *ret, size_t size)
{
    const unsigned char *text = sqlite3_column_text(st, (int)at);
    snprintf(ret, size, "%s", text != NULL ? (const char *)text : "");
}

/* SQLite has NULL for an empty blob as well as for none. */
static void column_part(sqlite3_stmt *st, enum execution_part part, struct execution *x)
{
    int at = (int)COLUMN_PARTS + (int)part;
    if (sqlite3_column_type(st, at) != SQLITE_NULL) {
        const void *data = sqlite3_column_blob(st, at);
        size_t len = (size_t)sqlite3_column_bytes(st, at);
        execution_set_part(x, part, data != NULL ? data : "", len);
    }
}

static struct execution *row_read(sqlite3_stmt *st)
{
    struct execution *x = execution_new();
    x->seq = column_u64(st, COLUMN_SEQ);
    column_copy(st, COLUMN_ID, x->id, sizeof(x->id));
    column_copy(st, COLUMN_DIALECT, x->dialect, sizeof(x->dialect));
    x->language = sqlite3_column_int(st, COLUMN_LANGUAGE);
    x->batch = sqlite3_column_int(st, COLUMN_BATCH) != 0;
    x->created_ns = column_u64(st, COLUMN_CREATED_NS);
    x->state = (enum execution_state)sqlite3_column_int(st, COLUMN_STATE);
    x->status = sqlite3_column_int(st, COLUMN_STATUS);
    x->attempts = (unsigned)column_u64(st, COLUMN_ATTEMPTS);
    x->started_ns = column_u64(st, COLUMN_STARTED_NS);
    x->finished_ns = column_u64(st, COLUMN_FINISHED_NS);
    x->callback = (enum execution_callback)sqlite3_column_int(st, COLUMN_CALLBACK);
    x->caller = column_text(st, COLUMN_CALLER);
    x->label = column_text(st, COLUMN_LABEL);
    x->idempotency = column_text(st, COLUMN_IDEMPOTENCY);
    x->expires_ns = column_u64(st, COLUMN_EXPIRES_NS);
    x->request = column_text(st, COLUMN_REQUEST);
    x->result = column_text(st, COLUMN_RESULT);
    for (enum execution_part part = 0; part < EXECUTION_PARTS; part++) {
        column_part(st, part, x);
    }
    return x;
}

static int rows_read(struct sqlite_conn *c, sqlite3_stmt *st, struct store_found *ret,
                     struct err *e)
{
    AUTO(store_found_done) struct store_found found = {0};
    int rc;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        store_found_add(&found, row_read(st));
    }
    if (rc != SQLITE_DONE) {
        return sqlite_conn_fail(c, READ, e);
    }
    *ret = TAKE(&found, (struct store_found){0});
    return 0;
}

/* A reading statement with its mask of parts bound; see sqlite_conn_statement. */
static sqlite3_stmt *select_rows(struct sqlite_conn *c, enum sqlite_statement which, unsigned parts,
                                 struct err *e)
{
    if (sqlite_conn_refresh(c, e) < 0) {
        return NULL;
    }
    sqlite3_stmt *st = sqlite_conn_statement(c, which, READ, e);
    if (st != NULL) {
        (void)sqlite3_bind_int64(st, 1, parts);
    }
    return st;
}

static void bind_text(sqlite3_stmt *st, int at, const char *text)
{
    (void)sqlite3_bind_text(st, at, text, -1, SQLITE_STATIC);
}

/* The only row, if there is one. */
static int row_step(struct sqlite_conn *c, sqlite3_stmt *st, struct execution **ret, struct err *e)
{
    int rc = sqlite3_step(st);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        return sqlite_conn_fail(c, READ, e);
    }
    *ret = rc == SQLITE_ROW ? row_read(st) : NULL;
    return 0;
}

int sqlite_get(struct store_conn *conn, const char *id, unsigned parts, struct execution **ret,
               struct err *e)
{
    struct sqlite_conn *c = sqlite_conn_of(conn);
    AUTO(sqlite_statement_done) sqlite3_stmt *st = select_rows(c, STATEMENT_GET, parts, e);
    if (st == NULL) {
        return -(int)e->kind;
    }
    bind_text(st, 2, id);
    return row_step(c, st, ret, e);
}

int sqlite_get_key(struct store_conn *conn, const char *caller, const char *key, unsigned parts,
                   struct execution **ret, struct err *e)
{
    struct sqlite_conn *c = sqlite_conn_of(conn);
    AUTO(sqlite_statement_done) sqlite3_stmt *st = select_rows(c, STATEMENT_GET_KEY, parts, e);
    if (st == NULL) {
        return -(int)e->kind;
    }
    bind_text(st, 2, caller);
    bind_text(st, 3, key);
    return row_step(c, st, ret, e);
}

/* Lists */

#define STATES_UNFINISHED (1U << EXECUTION_QUEUED | 1U << EXECUTION_RUNNING)
#define STATES_CANCELLED  (1U << EXECUTION_CANCELLED)

/* By the index that leaves the fewest rows to be looked at. */
static enum sqlite_statement list_choose(const struct store_filter *f)
{
    bool any_dialect = f->dialect == NULL;
    if (f->caller == NULL && f->label == NULL && f->states == 0) {
        return any_dialect ? STATEMENT_LIST_ALL : STATEMENT_LIST_DIALECT;
    }
    if (f->states != 0 && (f->states & ~STATES_UNFINISHED) == 0) {
        return STATEMENT_LIST_UNFINISHED;
    }
    if (f->label != NULL && !any_dialect) {
        return STATEMENT_LIST_OF_LABEL;
    }
    if (f->states == STATES_CANCELLED) {
        return STATEMENT_LIST_CANCELLED;
    }
    if (any_dialect) {
        return STATEMENT_LIST_SOME;
    }
    return f->caller != NULL ? STATEMENT_LIST_OF_CALLER : STATEMENT_LIST_OF_DIALECT;
}

static sqlite3_int64 at_most(uint64_t number)
{
    return number < INT64_MAX ? (sqlite3_int64)number : INT64_MAX;
}

/* Some of the statements have fewer parameters: those are not bound. */
static void bind_filter(sqlite3_stmt *st, const struct store_filter *f)
{
    if (f->dialect != NULL) {
        bind_text(st, 4, f->dialect);
    }
    if (f->caller != NULL) {
        bind_text(st, 5, f->caller);
    }
    if (f->label != NULL) {
        bind_text(st, 6, f->label);
    }
    (void)sqlite3_bind_int64(st, 7, f->states);
    (void)sqlite3_bind_int64(st, 8, f->before > 0 ? at_most(f->before) : INT64_MAX);
}

static int total_read(struct sqlite_conn *c, const struct store_filter *filter, uint64_t *ret,
                      struct err *e)
{
    enum sqlite_statement which = STATEMENT_TOTAL_ALL + (list_choose(filter) - STATEMENT_LIST_ALL);
    AUTO(sqlite_statement_done) sqlite3_stmt *st = sqlite_conn_statement(c, which, READ, e);
    if (st == NULL) {
        return -(int)e->kind;
    }
    bind_filter(st, filter);
    if (sqlite3_step(st) != SQLITE_ROW) {
        return sqlite_conn_fail(c, READ, e);
    }
    *ret = (uint64_t)sqlite3_column_int64(st, 0);
    return 0;
}

int sqlite_list(struct store_conn *conn, const struct store_filter *filter, unsigned parts,
                struct store_found *ret, struct err *e)
{
    struct sqlite_conn *c = sqlite_conn_of(conn);
    AUTO(sqlite_statement_done) sqlite3_stmt *st = select_rows(c, list_choose(filter), parts, e);
    if (st == NULL) {
        return -(int)e->kind;
    }
    (void)sqlite3_bind_int64(st, 2, at_most(filter->limit));
    (void)sqlite3_bind_int64(st, 3, at_most(filter->offset));
    bind_filter(st, filter);
    AUTO(store_found_done) struct store_found found = {0};
    int r = rows_read(c, st, &found, e);
    if (r == 0 && !filter->no_total) {
        r = total_read(c, filter, &found.total, e);
    }
    if (r == 0) {
        *ret = TAKE(&found, (struct store_found){0});
    }
    return r;
}

static int page_read(struct store_conn *conn, enum sqlite_statement which, uint64_t after,
                     size_t limit, struct store_found *ret, struct err *e)
{
    struct sqlite_conn *c = sqlite_conn_of(conn);
    AUTO(sqlite_statement_done) sqlite3_stmt *st = select_rows(c, which, 0, e);
    if (st == NULL) {
        return -(int)e->kind;
    }
    (void)sqlite3_bind_int64(st, 2, at_most(after));
    (void)sqlite3_bind_int64(st, 3, at_most(limit));
    return rows_read(c, st, ret, e);
}

int sqlite_unfinished(struct store_conn *conn, uint64_t after, size_t limit,
                      struct store_found *ret, struct err *e)
{
    return page_read(conn, STATEMENT_UNFINISHED, after, limit, ret, e);
}

int sqlite_callbacks_due(struct store_conn *conn, uint64_t after, size_t limit,
                         struct store_found *ret, struct err *e)
{
    return page_read(conn, STATEMENT_CALLBACKS_DUE, after, limit, ret, e);
}
