/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/store_sqlite_impl.h"

#define NS_PER_DAY (86400 * NS_PER_S)
#define PAGE_BYTES 4096

static void count_add(struct store_count **all, size_t *count, int32_t number, uint64_t more)
{
    for (size_t i = 0; i < *count; i++) {
        if ((*all)[i].number == number) {
            (*all)[i].count += more;
            return;
        }
    }
    *all = xreallocarray(*all, *count + 1, sizeof(**all));
    (*all)[(*count)++] = (struct store_count){number, more};
}

static int by_count(const void *a, const void *b)
{
    const struct store_count *left = a;
    const struct store_count *right = b;
    if (left->count != right->count) {
        return left->count < right->count ? 1 : -1;
    }
    return (left->number > right->number) - (left->number < right->number);
}

static void counts_sort(struct store_count *all, size_t count)
{
    if (count > 1) {
        qsort(all, count, sizeof(all[0]), by_count);
    }
}

/* One row: how many have this status, language and day. */
static void row_add(sqlite3_stmt *st, int64_t today, struct store_statistics *to)
{
    uint64_t count = (uint64_t)sqlite3_column_int64(st, 3);
    int64_t age = today - sqlite3_column_int64(st, 2);
    to->total += count;
    if (age >= 0 && age < STORE_DAYS) {
        to->days[age] += count;
    }
    count_add(&to->statuses, &to->status_count, sqlite3_column_int(st, 0), count);
    count_add(&to->languages, &to->language_count, sqlite3_column_int(st, 1), count);
}

static int rows_add(struct sqlite_conn *c, const char *dialect, int64_t today,
                    struct store_statistics *to, struct err *e)
{
    AUTO(sqlite_statement_done)
    sqlite3_stmt *st = sqlite_conn_statement(c, STATEMENT_COUNT, READ, e);
    if (st == NULL) {
        return -(int)e->kind;
    }
    (void)sqlite3_bind_text(st, 1, dialect, -1, SQLITE_STATIC);
    int rc;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        row_add(st, today, to);
    }
    return rc == SQLITE_DONE ? 0 : sqlite_conn_fail(c, READ, e);
}

/* What runs has the status of when it was asked: its row is not written anew for that. */
static int running_move(struct sqlite_conn *c, const char *dialect, struct store_statistics *all,
                        struct err *e)
{
    AUTO(sqlite_statement_done)
    sqlite3_stmt *st = sqlite_conn_statement(c, STATEMENT_COUNT_RUNNING, READ, e);
    if (st == NULL) {
        return -(int)e->kind;
    }
    (void)sqlite3_bind_text(st, 1, dialect, -1, SQLITE_STATIC);
    int rc;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        int status = sqlite3_column_int(st, 0);
        uint64_t count = (uint64_t)sqlite3_column_int64(st, 1);
        for (size_t i = 0; i < all->status_count; i++) {
            struct store_count *with = &all->statuses[i];
            uint64_t moved = with->number != status ? 0 : count < with->count ? count : with->count;
            with->count -= moved;
            all->running += moved;
        }
    }
    return rc == SQLITE_DONE ? 0 : sqlite_conn_fail(c, READ, e);
}

int sqlite_count(struct store_conn *conn, const char *dialect, uint64_t now_ns,
                 struct store_statistics *ret, struct err *e)
{
    struct sqlite_conn *c = sqlite_conn_of(conn);
    struct store_statistics all = {0};
    struct store_size size = {0};
    int r = sqlite_conn_refresh(c, e);
    if (r == 0) {
        r = rows_add(c, dialect, (int64_t)(now_ns / NS_PER_DAY), &all, e);
    }
    if (r == 0) {
        r = running_move(c, dialect, &all, e);
    }
    if (r == 0) {
        r = sqlite_size(conn, &size, e);
    }
    if (r < 0) {
        free(all.languages);
        free(all.statuses);
        return r;
    }
    all.bytes = size.bytes;
    counts_sort(all.languages, all.language_count);
    counts_sort(all.statuses, all.status_count);
    while (all.status_count > 0 && all.statuses[all.status_count - 1].count == 0) {
        all.status_count--; /* all of these run */
    }
    *ret = all;
    return 0;
}

int sqlite_size(struct store_conn *conn, struct store_size *ret, struct err *e)
{
    struct sqlite_conn *c = sqlite_conn_of(conn);
    uint64_t pages = 0, empty = 0;
    int r = sqlite_conn_number(c, STATEMENT_PAGE_COUNT, &pages, e);
    if (r == 0) {
        r = sqlite_conn_number(c, STATEMENT_FREELIST_COUNT, &empty, e);
    }
    if (r == 0) {
        *ret = (struct store_size){pages * PAGE_BYTES, (pages - empty) * PAGE_BYTES};
    }
    return r;
}

int sqlite_first(struct store_conn *conn, enum store_purge_kind kind, uint64_t *ret_ns,
                 struct err *e)
{
    enum sqlite_statement which = STATEMENT_FIRST_EXPIRED + (unsigned)kind;
    return sqlite_conn_number(sqlite_conn_of(conn), which, ret_ns, e);
}
