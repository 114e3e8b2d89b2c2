/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All of the driver's SQL.  Where an index must be used it is named: a plan that walks the table
 * would be right, and slow only once there is much in it.
 */
#include "store/store_sqlite_impl.h"

/*
 * One row as store_sqlite_read.c takes it.  ?1 is the mask of the parts that are wanted: a CASE
 * that is not taken does not load its column, and a join that is not wanted finds no row.
 */
#define ROW                                                                                        \
    "SELECT e.seq, e.id, e.dialect, e.language, e.batch, e.created_ns, e.state, e.status,"         \
    " e.attempts, e.started_ns, e.finished_ns, e.callback, e.caller, e.label, e.request,"          \
    " e.result,"                                                                                   \
    " CASE WHEN ?1 & 1 THEN a.source END, CASE WHEN ?1 & 2 THEN a.stdin END,"                      \
    " CASE WHEN ?1 & 4 THEN a.expected END, CASE WHEN ?1 & 8 THEN a.files END,"                    \
    " CASE WHEN ?1 & 16 THEN o.stdout END, CASE WHEN ?1 & 32 THEN o.stderr END,"                   \
    " CASE WHEN ?1 & 64 THEN o.compile_output END "
#define JOINS                                                                                      \
    " LEFT JOIN asked a ON a.seq = CASE WHEN ?1 & 15 THEN e.seq END"                               \
    " LEFT JOIN outcome o ON o.seq = CASE WHEN ?1 & 112 THEN e.seq END "

const char *const sqlite_statements[STATEMENTS] = {
    /* IMMEDIATE: whoever else writes is waited for here, and not in the middle. */
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_HOLD] = "BEGIN",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
    [STATEMENT_INSERT] = "INSERT INTO execution (id, dialect, language, batch, created_ns, "
                         "created_day, state, status, attempts,"
                         " started_ns, finished_ns, callback, caller, label, request, result)"
                         " VALUES (?1, ?2, ?3, ?4, ?5, ?5 / 86400000000000, ?6, ?7, ?8, ?9, ?10, "
                         "?11, ?12, ?13, ?14, ?15)",
    [STATEMENT_INSERT_ASKED] = "INSERT INTO asked (seq, source, stdin, expected, files)"
                               " VALUES (?1, ?2, ?3, ?4, ?5)",
    [STATEMENT_INSERT_OUTCOME] = "INSERT INTO outcome (seq, stdout, stderr, compile_output)"
                                 " VALUES (?1, ?2, ?3, ?4)",
    [STATEMENT_EXISTS] = "SELECT count(*) FROM execution WHERE id = ?1",
    [STATEMENT_BEGIN_RUN] = "UPDATE execution SET state = 2, attempts = ?2, started_ns = ?3"
                            " WHERE id = ?1 AND state < 3",
    [STATEMENT_REQUEUE] = "UPDATE execution SET state = 1, attempts = ?2, started_ns = 0"
                          " WHERE id = ?1 AND state < 3",
    [STATEMENT_FINISH] =
        "UPDATE execution SET state = ?2, status = ?3, attempts = ?4, started_ns = ?5,"
        " finished_ns = ?6, callback = ?7, result = ?8 WHERE id = ?1 AND state < 3 RETURNING seq",
    [STATEMENT_SET_CALLBACK] = "UPDATE execution SET callback = ?2 WHERE id = ?1",
    [STATEMENT_DELETE] = "DELETE FROM execution WHERE id = ?1",
    [STATEMENT_PURGE] =
        "DELETE FROM execution WHERE seq IN (SELECT seq FROM execution INDEXED BY purgeable"
        " WHERE state >= 3 AND callback <> 1 AND finished_ns <= ?1 ORDER BY finished_ns LIMIT ?2)",
    [STATEMENT_SHRINK] = "PRAGMA incremental_vacuum(256)",
    [STATEMENT_GET] = ROW "FROM execution e" JOINS "WHERE e.id = ?2",
    [STATEMENT_LIST] =
        ROW "FROM execution e" JOINS "WHERE e.seq IN (SELECT seq FROM execution INDEXED BY"
            " by_dialect WHERE dialect = ?4 ORDER BY seq DESC LIMIT ?2 OFFSET ?3)"
            " ORDER BY e.seq DESC",
    [STATEMENT_LIST_ALL] = ROW "FROM execution e" JOINS "WHERE e.seq IN (SELECT seq FROM execution"
                               " ORDER BY seq DESC LIMIT ?2 OFFSET ?3) ORDER BY e.seq DESC",
    [STATEMENT_TOTAL] = "SELECT count(*) FROM execution INDEXED BY by_dialect WHERE dialect = ?1",
    [STATEMENT_TOTAL_ALL] = "SELECT count(*) FROM execution",
    [STATEMENT_UNFINISHED] = ROW "FROM execution e INDEXED BY unfinished" JOINS
                                 "WHERE e.state < 3 AND e.seq > ?2 ORDER BY e.seq LIMIT ?3",
    [STATEMENT_CALLBACKS_DUE] =
        ROW "FROM execution e INDEXED BY callbacks_due" JOINS
            "WHERE e.state >= 3 AND e.callback = 1 AND e.seq > ?2 ORDER BY e.seq LIMIT ?3",
    [STATEMENT_COUNT] =
        "SELECT status, language, created_day, count(*) FROM execution INDEXED BY statistics"
        " WHERE dialect = ?1 GROUP BY status, language, created_day",
    [STATEMENT_PAGE_COUNT] = "PRAGMA page_count",
    [STATEMENT_FREELIST_COUNT] = "PRAGMA freelist_count",
    [STATEMENT_OLDEST] = "SELECT finished_ns FROM execution INDEXED BY purgeable"
                         " WHERE state >= 3 AND callback <> 1 ORDER BY finished_ns LIMIT 1",
    [STATEMENT_APPLICATION_ID] = "PRAGMA application_id",
};
