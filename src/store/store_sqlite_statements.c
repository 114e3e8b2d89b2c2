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
    " e.attempts, e.started_ns, e.finished_ns, e.callback, e.caller, e.label, e.idempotency,"      \
    " e.expires_ns, e.request, e.result,"                                                          \
    " CASE WHEN ?1 & 1 THEN a.source END, CASE WHEN ?1 & 2 THEN a.stdin END,"                      \
    " CASE WHEN ?1 & 4 THEN a.expected END, CASE WHEN ?1 & 8 THEN a.files END,"                    \
    " CASE WHEN ?1 & 16 THEN a.body END,"                                                          \
    " CASE WHEN ?1 & 32 THEN o.stdout END, CASE WHEN ?1 & 64 THEN o.stderr END,"                   \
    " CASE WHEN ?1 & 128 THEN o.compile_output END, CASE WHEN ?1 & 256 THEN o.answer END "
#define JOINS                                                                                      \
    " LEFT JOIN asked a ON a.seq = CASE WHEN ?1 & 31 THEN e.seq END"                               \
    " LEFT JOIN outcome o ON o.seq = CASE WHEN ?1 & 480 THEN e.seq END "
_Static_assert(PARTS_ASKED == 31 && PARTS_RESULT == 480, "the masks of ROW and JOINS");

/*
 * A list: the rows of one page are found first, where `from` and `where` need nothing but an index.
 * ?2 limit, ?3 offset, ?4 dialect, ?5 caller, ?6 label, ?7 mask of states, ?8 seq before.
 */
#define LIST(from, where)                                                                          \
    ROW "FROM execution e" JOINS "WHERE e.seq IN (SELECT seq FROM execution " from                 \
        " WHERE seq < ?8" where " ORDER BY seq DESC LIMIT ?2 OFFSET ?3) ORDER BY e.seq DESC"
#define TOTAL(from, where) "SELECT count(*) FROM execution " from " WHERE seq < ?8" where
/* What else is filtered by; what is not asked for does not load the row. */
#define REST                                                                                       \
    " AND (?4 IS NULL OR dialect = ?4) AND (?5 IS NULL OR caller = ?5)"                            \
    " AND (?6 IS NULL OR label = ?6) AND (?7 = 0 OR (?7 >> state) & 1)"
#define LIST_AND_TOTAL(name, from, where)                                                          \
    [STATEMENT_LIST_##name] = LIST(from, where), [STATEMENT_TOTAL_##name] = TOTAL(from, where)

/* What retention may take, by the index that says what is first. */
#define PURGEABLE                                                                                  \
    "FROM execution INDEXED BY purgeable WHERE state >= 3 AND callback <> 1 AND expires_ns = 0"
#define LASTING                                                                                    \
    "FROM execution INDEXED BY lasting WHERE state >= 3 AND callback <> 1 AND expires_ns > 0"
#define EXPIRING                                                                                   \
    "FROM execution INDEXED BY expiring WHERE state >= 3 AND callback <> 1 AND expires_ns > 0"

const char *const sqlite_statements[STATEMENTS] = {
    /* IMMEDIATE: whoever else writes is waited for here, and not in the middle. */
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_HOLD] = "BEGIN",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
    [STATEMENT_INSERT] = "INSERT INTO execution (id, dialect, language, batch, created_ns, "
                         "created_day, state, status, attempts,"
                         " started_ns, finished_ns, callback, caller, label, request, result,"
                         " idempotency, expires_ns)"
                         " VALUES (?1, ?2, ?3, ?4, ?5, ?5 / 86400000000000, ?6, ?7, ?8, ?9, ?10, "
                         "?11, ?12, ?13, ?14, ?15, ?16, ?17)",
    [STATEMENT_INSERT_ASKED] = "INSERT INTO asked (seq, source, stdin, expected, files, body)"
                               " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [STATEMENT_INSERT_OUTCOME] = "INSERT INTO outcome (seq, stdout, stderr, compile_output, answer)"
                                 " VALUES (?1, ?2, ?3, ?4, ?5)",
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
    [STATEMENT_PURGE_EXPIRED] = "DELETE FROM execution WHERE seq IN (SELECT seq " EXPIRING
                                " AND expires_ns <= ?1 ORDER BY expires_ns LIMIT ?2)",
    [STATEMENT_PURGE_AGED] = "DELETE FROM execution WHERE seq IN (SELECT seq " PURGEABLE
                             " AND finished_ns <= ?1 ORDER BY finished_ns LIMIT ?2)",
    [STATEMENT_PURGE_ANY] =
        "DELETE FROM execution WHERE seq IN (SELECT seq FROM"
        " (SELECT * FROM (SELECT seq, finished_ns " PURGEABLE " ORDER BY finished_ns LIMIT ?2)"
        " UNION ALL"
        " SELECT * FROM (SELECT seq, finished_ns " LASTING " ORDER BY finished_ns LIMIT ?2))"
        " WHERE finished_ns <= ?1 ORDER BY finished_ns LIMIT ?2)",
    [STATEMENT_SHRINK] = "PRAGMA incremental_vacuum(256)",
    [STATEMENT_GET] = ROW "FROM execution e" JOINS "WHERE e.id = ?2",
    [STATEMENT_GET_KEY] =
        ROW "FROM execution e INDEXED BY by_key" JOINS "WHERE e.caller = ?2 AND e.idempotency = ?3",
    LIST_AND_TOTAL(ALL, "", ""),
    LIST_AND_TOTAL(DIALECT, "INDEXED BY by_dialect", " AND dialect = ?4"),
    LIST_AND_TOTAL(SOME, "", REST),
    LIST_AND_TOTAL(OF_DIALECT, "INDEXED BY by_dialect", " AND dialect = ?4" REST),
    LIST_AND_TOTAL(OF_CALLER, "INDEXED BY by_caller", " AND dialect = ?4 AND caller = ?5" REST),
    LIST_AND_TOTAL(OF_LABEL, "INDEXED BY by_label", " AND dialect = ?4 AND label = ?6" REST),
    LIST_AND_TOTAL(UNFINISHED, "INDEXED BY unfinished", " AND state < 3" REST),
    LIST_AND_TOTAL(CANCELLED, "INDEXED BY cancelled", " AND state = 4" REST),
    [STATEMENT_EXECUTIONS] = "SELECT count(*) FROM execution",
    [STATEMENT_UNFINISHED] = ROW "FROM execution e INDEXED BY unfinished" JOINS
                                 "WHERE e.state < 3 AND e.seq > ?2 ORDER BY e.seq LIMIT ?3",
    [STATEMENT_CALLBACKS_DUE] =
        ROW "FROM execution e INDEXED BY callbacks_due" JOINS
            "WHERE e.state >= 3 AND e.callback = 1 AND e.seq > ?2 ORDER BY e.seq LIMIT ?3",
    [STATEMENT_COUNT] =
        "SELECT status, language, created_day, count(*) FROM execution INDEXED BY statistics"
        " WHERE dialect = ?1 GROUP BY status, language, created_day",
    [STATEMENT_COUNT_RUNNING] = "SELECT status, count(*) FROM execution INDEXED BY unfinished"
                                " WHERE state < 3 AND state = 2 AND dialect = ?1 GROUP BY status",
    [STATEMENT_PAGE_COUNT] = "PRAGMA page_count",
    [STATEMENT_FREELIST_COUNT] = "PRAGMA freelist_count",
    [STATEMENT_FIRST_EXPIRED] = "SELECT expires_ns " EXPIRING " ORDER BY expires_ns LIMIT 1",
    [STATEMENT_FIRST_AGED] = "SELECT finished_ns " PURGEABLE " ORDER BY finished_ns LIMIT 1",
    [STATEMENT_FIRST_ANY] =
        "SELECT min(finished_ns) FROM"
        " (SELECT * FROM (SELECT finished_ns " PURGEABLE " ORDER BY finished_ns LIMIT 1)"
        " UNION ALL SELECT * FROM (SELECT finished_ns " LASTING " ORDER BY finished_ns LIMIT 1))",
    [STATEMENT_APPLICATION_ID] = "PRAGMA application_id",
};
