#pragma once
/*
 * store_sqlite_impl - one connection to SQLite with its prepared statements: the insides of
 * store_sqlite*.c.
 */
#include <stdbool.h>

#include <sqlite3.h>

#include "base/cleanup.h"
#include "store/store_driver.h"

#define WRITTEN "written"
#define READ    "read"

/* STATEMENT_x and its SQL, prepared when it is first used. */
enum sqlite_statement {
    STATEMENT_BEGIN,
    STATEMENT_HOLD,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK,
    STATEMENT_INSERT,
    STATEMENT_INSERT_ASKED,
    STATEMENT_INSERT_OUTCOME,
    STATEMENT_EXISTS,
    STATEMENT_BEGIN_RUN,
    STATEMENT_REQUEUE,
    STATEMENT_FINISH,
    STATEMENT_SET_CALLBACK,
    STATEMENT_DELETE,
    STATEMENT_PURGE_EXPIRED, /* three each in the order of enum store_purge_kind */
    STATEMENT_PURGE_AGED,
    STATEMENT_PURGE_ANY,
    STATEMENT_SHRINK,
    STATEMENT_GET,
    STATEMENT_GET_KEY,
    STATEMENT_LIST_ALL, /* the lists, and their totals in the same order */
    STATEMENT_LIST_DIALECT,
    STATEMENT_LIST_SOME,
    STATEMENT_LIST_OF_DIALECT,
    STATEMENT_LIST_OF_CALLER,
    STATEMENT_LIST_OF_LABEL,
    STATEMENT_LIST_UNFINISHED,
    STATEMENT_LIST_CANCELLED,
    STATEMENT_TOTAL_ALL,
    STATEMENT_TOTAL_DIALECT,
    STATEMENT_TOTAL_SOME,
    STATEMENT_TOTAL_OF_DIALECT,
    STATEMENT_TOTAL_OF_CALLER,
    STATEMENT_TOTAL_OF_LABEL,
    STATEMENT_TOTAL_UNFINISHED,
    STATEMENT_TOTAL_CANCELLED,
    STATEMENT_EXECUTIONS,
    STATEMENT_UNFINISHED,
    STATEMENT_CALLBACKS_DUE,
    STATEMENT_COUNT,
    STATEMENT_COUNT_RUNNING,
    STATEMENT_PAGE_COUNT,
    STATEMENT_FREELIST_COUNT,
    STATEMENT_FIRST_EXPIRED,
    STATEMENT_FIRST_AGED,
    STATEMENT_FIRST_ANY,
    STATEMENT_APPLICATION_ID,
    STATEMENTS
};
extern const char *const sqlite_statements[STATEMENTS];

struct sqlite_conn {
    struct store_conn conn;
    char *path; /* NULL: in memory */
    enum store_role role;
    bool stale; /* it failed in a way that a new connection may not: opened anew before its use */
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
};

static inline struct sqlite_conn *sqlite_conn_of(struct store_conn *c)
{
    return CONTAINER_OF(c, struct sqlite_conn, conn);
}

/* The last error of the connection; `verb`: WRITTEN, READ. */
int sqlite_conn_fail(struct sqlite_conn *c, const char *verb, struct err *e);
/* Opens it anew if it is stale. */
int sqlite_conn_refresh(struct sqlite_conn *c, struct err *e);

/* Ready to be bound; NULL when it failed.  Give it back with sqlite_statement_done. */
sqlite3_stmt *sqlite_conn_statement(struct sqlite_conn *c, enum sqlite_statement which,
                                    const char *verb, struct err *e);
void sqlite_statement_done(sqlite3_stmt **st); /* for AUTO; NULL is fine */
/* Runs a statement that gives no rows. */
int sqlite_conn_run(struct sqlite_conn *c, sqlite3_stmt *st, struct err *e);
/* Runs a statement without parameters that gives one number. */
int sqlite_conn_number(struct sqlite_conn *c, enum sqlite_statement which, uint64_t *ret,
                       struct err *e);

/* Of the vtable; see store_driver.h. */
int sqlite_insert(struct store_conn *conn, const struct execution *x,
                  const struct store_moment *moment, uint64_t *ret_seq, struct err *e);
int sqlite_begin_run(struct store_conn *conn, const char *id, unsigned attempts,
                     uint64_t started_ns, struct err *e);
int sqlite_requeue(struct store_conn *conn, const char *id, unsigned attempts, struct err *e);
int sqlite_finish(struct store_conn *conn, const struct execution *x,
                  const struct store_moment *moment, struct err *e);
int sqlite_set_callback(struct store_conn *conn, const char *id, enum execution_callback state,
                        struct err *e);
int sqlite_remove(struct store_conn *conn, const char *id, struct err *e);
int sqlite_purge(struct store_conn *conn, enum store_purge_kind kind, uint64_t before_ns,
                 unsigned max, unsigned *ret_count, struct err *e);
int sqlite_shrink(struct store_conn *conn, struct err *e);

int sqlite_get(struct store_conn *conn, const char *id, unsigned parts, struct execution **ret,
               struct err *e);
int sqlite_get_key(struct store_conn *conn, const char *caller, const char *key, unsigned parts,
                   struct execution **ret, struct err *e);
int sqlite_list(struct store_conn *conn, const struct store_filter *filter, unsigned parts,
                struct store_found *ret, struct err *e);
int sqlite_unfinished(struct store_conn *conn, uint64_t after, size_t limit,
                      struct store_found *ret, struct err *e);
int sqlite_callbacks_due(struct store_conn *conn, uint64_t after, size_t limit,
                         struct store_found *ret, struct err *e);

int sqlite_count(struct store_conn *conn, const char *dialect, uint64_t now_ns,
                 struct store_statistics *ret, struct err *e);
int sqlite_size(struct store_conn *conn, struct store_size *ret, struct err *e);
int sqlite_first(struct store_conn *conn, enum store_purge_kind kind, uint64_t *ret_ns,
                 struct err *e);
