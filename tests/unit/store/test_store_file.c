/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of a store: who may read it, from where it is opened, and what becomes of those that are
 * damaged, foreign, too new, too old, or on a disk that fails.  What needs root is skipped, with
 * the reason, without it; MUST_WORK=1 turns that into a failure.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/mem.h"
#include "store/store_sqlite_impl.h"
#include "store_bench.h"

#define FILE_MAX_BYTES (1 << 26)
#define NOBODY         65534

static void cannot(const char *why)
{
    if (getenv("MUST_WORK") != NULL) {
        fail_msg("MUST_WORK is set, and %s", why);
    }
    print_message("skipped: %s\n", why);
    skip();
}

static void file_read(const struct bench *b, struct buf *ret)
{
    struct err e;
    assert_int_equal(fd_read_path(b->path, FILE_MAX_BYTES, ret, &e), 0);
}

static void file_write(const struct bench *b, const void *data, size_t len, off_t at)
{
    AUTO(fd_closep) int fd = open(b->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, len, at), (ssize_t)len);
}

/* Runs SQL of the test's own; gives the number in the first column of its only row, if any. */
static long sql(const struct bench *b, const char *text)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    assert_int_equal(sqlite3_open(b->path, &db), SQLITE_OK);
    const char *rest = text;
    long number = 0;
    while (*rest != '\0') {
        assert_int_equal(sqlite3_prepare_v2(db, rest, -1, &st, &rest), SQLITE_OK);
        if (sqlite3_step(st) == SQLITE_ROW) {
            number = (long)sqlite3_column_int64(st, 0);
        }
        assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return number;
}

static void make_store(struct bench *b)
{
    bench_open(b);
    bench_insert_id(b, "a");
    bench_close(b);
}

/* It cannot be opened, is ERR_INVALID, says `what`, and not a byte of it changes. */
static void check_refused(struct bench *b, const char *what)
{
    AUTO(buf_done) struct buf before = {0};
    AUTO(buf_done) struct buf after = {0};
    struct err e = {0};
    file_read(b, &before);
    assert_int_equal(bench_try_open(b, &e), -ERR_INVALID);
    assert_null(b->store);
    if (strstr(e.text, what) == NULL || strstr(e.text, b->path) == NULL) {
        fail_msg("%s", e.text);
    }
    file_read(b, &after);
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.data, after.data, before.len);
}

/* Who may read it */

static void check_private(const struct bench *b)
{
    assert_int_equal(bench_file_mode(b, ""), 0600);
    assert_int_equal(bench_file_mode(b, "-wal"), 0600);
    assert_int_equal(bench_file_mode(b, "-shm"), 0600);
}

static void test_a_new_store_is_its_owners_only(void **state)
{
    struct bench *b = *state;
    mode_t before = umask(0);
    bench_open(b);
    bench_insert_id(b, "a");
    umask(before);
    check_private(b);
}

static void test_a_store_that_others_could_read_is_taken_from_them(void **state)
{
    struct bench *b = *state;
    make_store(b);
    assert_int_equal(chmod(b->path, 0664), 0);
    bench_open(b);
    bench_insert_id(b, "b");
    check_private(b);
}

static void test_a_strict_umask_takes_nothing_from_us(void **state)
{
    struct bench *b = *state;
    mode_t before = umask(0777);
    bench_open(b);
    umask(before);
    assert_int_equal(bench_file_mode(b, ""), 0600);
}

static void test_a_half_made_store_is_made_anew(void **state)
{
    struct bench *b = *state;
    char path[64];
    snprintf(path, sizeof(path), "%s.new", b->path);
    AUTO(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "half", 4), 4);
    bench_open(b);
    assert_int_equal(access(path, F_OK), -1);
}

static void test_an_empty_file_becomes_a_store(void **state)
{
    struct bench *b = *state;
    file_write(b, "", 0, 0);
    bench_open(b);
    bench_insert_id(b, "a");
}

/* Where it lies */

static void become_nobody(void)
{
    if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
        setresuid(NOBODY, NOBODY, NOBODY) < 0) {
        _exit(90);
    }
}

/* As the server does it: in a directory that it was given, and whose path it may not walk. */
static void work_in_place(int dir_fd)
{
    struct err e;
    struct loop *loop;
    struct store *store = NULL;
    struct store_config config = {.path = "db", .readers = 1};
    if (fchdir(dir_fd) < 0) {
        _exit(91);
    }
    become_nobody();
    char cwd[4096];
    if (getcwd(cwd, sizeof(cwd)) != NULL && access(cwd, X_OK) == 0) {
        _exit(92); /* the test is none */
    }
    if (loop_new(&loop, &e) < 0 || store_open(loop, &config, NULL, &store, &e) < 0) {
        (void)!write(STDERR_FILENO, e.text, strlen(e.text));
        _exit(93);
    }
    AUTO(execution_unrefp) struct execution *x = execution_of("a");
    struct answer inserted = {0}, got = {0};
    store_insert(store, x, answer_take, &inserted);
    while (inserted.calls == 0 && loop_step(loop, UINT64_MAX, &e) == 0) {
    }
    store_get(store, "a", PARTS_ALL, answer_take_one, &got);
    while (got.calls == 0 && loop_step(loop, UINT64_MAX, &e) == 0) {
    }
    bool fine = inserted.kind == 0 && got.x != NULL;
    answer_done(&got);
    store_close(store);
    loop_free(loop);
    _exit(fine ? 0 : 94);
}

static void test_it_is_opened_where_no_path_leads(void **state)
{
    struct bench *b = *state;
    if (geteuid() != 0) {
        cannot("only root can become another user");
    }
    char path[64];
    snprintf(path, sizeof(path), "%s/closed", b->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/closed/state", b->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    AUTO(fd_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(fchown(fd, NOBODY, NOBODY), 0);

    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        work_in_place(fd);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(faccessat(fd, "db", F_OK, 0), 0);
}

static void test_a_name_is_never_a_uri(void **state)
{
    struct bench *b = *state;
    AUTO(fd_closep) int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(chdir(b->dir), 0);
    b->config.path = "file:db?mode=memory";
    bench_open(b);
    bench_insert_id(b, "a");
    assert_int_equal(access("./file:db?mode=memory", F_OK), 0);
    bench_close(b);
    assert_int_equal(fchdir(before), 0);
}

static void test_a_link_is_not_followed(void **state)
{
    struct bench *b = *state;
    char target[64];
    snprintf(target, sizeof(target), "%s/target", b->dir);
    assert_int_equal(symlink(target, b->path), 0);
    struct err e;
    assert_int_equal(bench_try_open(b, &e), -ERR_IO);
    assert_int_equal(access(target, F_OK), -1);
}

/* What is refused */

static void test_a_file_of_another_kind_is_refused(void **state)
{
    struct bench *b = *state;
    file_write(b, "my notes of tomorrow\n", 21, 0);
    check_refused(b, "no database");
}

static void test_a_database_of_another_program_is_refused(void **state)
{
    struct bench *b = *state;
    sql(b, "CREATE TABLE notes (text)");
    check_refused(b, "another program");
}

static void test_a_directory_is_refused(void **state)
{
    struct bench *b = *state;
    assert_int_equal(mkdir(b->path, 0700), 0);
    struct err e;
    assert_int_equal(bench_try_open(b, &e), -ERR_INVALID);
}

static void test_a_later_version_is_refused_by_name(void **state)
{
    struct bench *b = *state;
    make_store(b);
    sql(b, "PRAGMA user_version = 99");
    check_refused(b, "has version 99 and this belljar knows 2 at most");
}

/* The version stands in the log only, as after a crash of the later belljar. */
static void test_a_later_version_is_refused_when_its_log_tells(void **state)
{
    struct bench *b = *state;
    make_store(b);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        sqlite3 *db = NULL;
        int rc = sqlite3_open(b->path, &db);
        rc |= sqlite3_exec(db, "PRAGMA wal_autocheckpoint = 0; PRAGMA user_version = 99", NULL,
                           NULL, NULL);
        _exit(rc);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(bench_file_size(b, "-wal") > 0);
    check_refused(b, "has version 99 and this belljar knows 2 at most");
    assert_true(bench_file_size(b, "-wal") > 0);
}

static void test_a_damaged_schema_is_refused(void **state)
{
    struct bench *b = *state;
    char garbage[256];
    make_store(b);
    memset(garbage, 0xa5, sizeof(garbage));
    file_write(b, garbage, sizeof(garbage), 100);
    check_refused(b, "it is damaged");
}

static void test_a_file_that_was_cut_is_refused(void **state)
{
    struct bench *b = *state;
    make_store(b);
    assert_int_equal(truncate(b->path, 2 * 4096), 0);
    check_refused(b, "it is damaged");
}

static void test_a_store_without_a_table_is_refused(void **state)
{
    struct bench *b = *state;
    make_store(b);
    sql(b, "DROP TABLE outcome");
    check_refused(b, "its layout is not that of its version");
}

static void test_a_log_without_its_database_is_kept(void **state)
{
    struct bench *b = *state;
    char wal[64];
    snprintf(wal, sizeof(wal), "%s-wal", b->path);
    AUTO(fd_closep) int fd = open(wal, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "the last submissions", 20), 20);
    struct err e;
    assert_int_equal(bench_try_open(b, &e), -ERR_INVALID);
    assert_non_null(strstr(e.text, wal));
    assert_int_equal(bench_file_size(b, "-wal"), 20);
    assert_int_equal(bench_file_size(b, ""), -1);
}

/* Earlier versions */

static void make_from_script(const struct bench *b, const char *script)
{
    AUTO(buf_done) struct buf text = {0};
    struct err e;
    assert_int_equal(fd_read_path(script, FILE_MAX_BYTES, &text, &e), 0);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(b->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text.data, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_version_1_opens_with_all_that_is_in_it(void **state)
{
    struct bench *b = *state;
    make_from_script(b, SCHEMA_V1);
    bench_open(b);
    AUTO(execution_unrefp)
    struct execution *x = bench_get(b, "d85cd024-1548-4165-96c7-7bc88673f194", PARTS_ALL);
    assert_non_null(x);
    assert_int_equal(x->seq, 7);
    assert_string_equal(x->dialect, "judge0");
    assert_int_equal(x->language, 71);
    assert_int_equal(x->state, EXECUTION_FINISHED);
    assert_int_equal(x->status, 3);
    assert_true(x->finished_ns == 1700000000200000000);
    assert_int_equal(x->callback, CALLBACK_DELIVERED);
    assert_string_equal(x->caller, "192.0.2.1");
    assert_string_equal(x->label, "exam");
    assert_string_equal(x->request, "{\"language_id\":71}");
    assert_string_equal(x->result, "{\"time\":\"0.011\"}");
    assert_string_equal(x->parts[PART_SOURCE].data, "print(1)");
    assert_null(x->parts[PART_STDIN].data);
    assert_int_equal(x->parts[PART_EXPECTED].len, 0);
    assert_string_equal(x->parts[PART_STDOUT].data, "1\n");

    AUTO(answer_done) struct answer a = {0};
    store_unfinished(b->store, 0, 9, answer_take_list, &a);
    answer_await(b, &a, 1);
    assert_int_equal(a.count, 1);
    assert_string_equal(a.all[0]->id, "01HF4ZQ0000000000000000000");
}

static void test_version_1_takes_more_and_counts_it(void **state)
{
    struct bench *b = *state;
    make_from_script(b, SCHEMA_V1);
    bench_open(b);
    AUTO(execution_unrefp) struct execution *x = execution_of("new");
    bench_insert(b, x);
    assert_int_equal(x->seq, 10);
    AUTO(answer_done) struct answer a = {0};
    store_count(b->store, "judge0", 1700000000000000000, answer_take_statistics, &a);
    answer_await(b, &a, 1);
    assert_int_equal(a.statistics.total, 2);
    assert_int_equal(a.statistics.days[0], 1);
}

static void test_version_1_takes_what_is_new(void **state)
{
    struct bench *b = *state;
    make_from_script(b, SCHEMA_V1);
    bench_open(b);
    AUTO(execution_unrefp) struct execution *left = bench_get(b, "01HF4ZQ0000000000000000000", 0);
    assert_null(left->idempotency);
    assert_true(left->expires_ns == 0);
    left->state = EXECUTION_CANCELLED;
    left->finished_ns = 1700000002000000000;
    part_set(left, PART_ANSWER, "{}");
    bench_finish(b, left);

    AUTO(execution_unrefp) struct execution *x = execution_of("new");
    x->idempotency = xstrdup("k");
    x->expires_ns = 1;
    part_set(x, PART_BODY, "{\"tests\":[]}");
    bench_insert(b, x);
    bench_close(b);

    bench_open(b);
    AUTO(execution_unrefp) struct execution *y = bench_get(b, "new", PARTS_ALL);
    assert_string_equal(y->idempotency, "k");
    assert_true(y->expires_ns == 1);
    assert_string_equal(y->parts[PART_BODY].data, "{\"tests\":[]}");
    AUTO(execution_unrefp)
    struct execution *z = bench_get(b, "01HF4ZQ0000000000000000000", PARTS_ALL);
    assert_string_equal(z->parts[PART_ANSWER].data, "{}");
    assert_int_equal(sql(b, "PRAGMA user_version"), 2);
}

static void test_version_1_is_purged_by_age(void **state)
{
    struct bench *b = *state;
    make_from_script(b, SCHEMA_V1);
    b->config.max_age_s = 3600;
    bench_open(b);
    struct err e;
    while (store_stats(b->store).executions > 1) {
        assert_int_equal(loop_step(b->loop, UINT64_MAX, &e), 0);
    }
    bench_check_kept(b, "d85cd024-1548-4165-96c7-7bc88673f194", false);
    bench_check_kept(b, "01HF4ZQ0000000000000000000", true);
}

/* Plans: what is right but walks the table would be found only when there is much in it. */

static void check_plan(sqlite3 *db, enum sqlite_statement which)
{
    char text[2048];
    sqlite3_stmt *st = NULL;
    snprintf(text, sizeof(text), "EXPLAIN QUERY PLAN %s", sqlite_statements[which]);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &st, NULL), SQLITE_OK);
    while (sqlite3_step(st) == SQLITE_ROW) {
        const char *step = (const char *)sqlite3_column_text(st, 3);
        /* A "(subquery)" is what an index has given. */
        bool walks = strncmp(step, "SCAN ", 5) == 0 && strncmp(step, "SCAN (", 6) != 0 &&
                     strstr(step, " INDEX ") == NULL;
        if (walks || (which == STATEMENT_COUNT && strstr(step, "COVERING INDEX") == NULL)) {
            fail_msg("%s: %s", sqlite_statements[which], step);
        }
    }
    sqlite3_finalize(st);
}

static void test_no_statement_walks_the_table(void **state)
{
    struct bench *b = *state;
    make_store(b);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(b->path, &db), SQLITE_OK);
    for (int i = 0; i < STATEMENTS; i++) {
        check_plan(db, (enum sqlite_statement)i);
    }
    sqlite3_close(db);
}

/* Disks that fail */

static void insert_large(struct bench *b, const char *id, struct answer *a)
{
    static char large[256 * 1024];
    memset(large, 'x', sizeof(large));
    AUTO(execution_unrefp) struct execution *x = execution_of(id);
    execution_set_part(x, PART_STDIN, large, sizeof(large));
    *a = (struct answer){0};
    store_insert(b->store, x, answer_take, a);
    answer_await(b, a, 1);
}

static unsigned fill(struct bench *b, struct answer *a)
{
    unsigned count = 0;
    char id[16];
    do {
        snprintf(id, sizeof(id), "large%u", count++);
        insert_large(b, id, a);
    } while (a->kind == 0 && count < 100);
    return count - 1;
}

static void check_full(struct bench *b, const struct answer *a)
{
    assert_int_equal(a->kind, ERR_LIMIT);
    assert_non_null(strstr(a->text, "cannot be written: the disk is full"));
    assert_non_null(strstr(a->text, "free space in the data directory"));
    assert_false(store_stats(b->store).writable);
    bench_check_kept(b, "old", true);
}

/* The kernel refuses what lies beyond a limit of this process, as a quota would. */
static void test_a_file_that_may_not_grow_fails_writes_until_it_may(void **state)
{
    struct bench *b = *state;
    struct rlimit before, small;
    struct answer a;
    bench_open(b);
    bench_insert_id(b, "old");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){.rlim_cur = 1 << 20, .rlim_max = before.rlim_max};
    void (*usual)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    unsigned count = fill(b, &a);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, usual);

    assert_true(count < 4);
    check_full(b, &a);
    insert_large(b, "new", &a);
    assert_string_equal(a.text, "");
    assert_true(store_stats(b->store).writable);
    bench_check_kept(b, "new", true);
    bench_check_kept(b, "old", true);
}

/* A file system of its own for the directory, in a mount namespace of this process. */
static void disk_mount(struct bench *b, const char *options)
{
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", b->dir, "tmpfs", 0, options) < 0) {
        cannot("only root can mount a small disk");
    }
}

static void disk_unmount(struct bench *b)
{
    bench_close(b);
    assert_int_equal(umount2(b->dir, MNT_DETACH), 0);
}

static void test_a_full_disk_fails_writes_until_there_is_room(void **state)
{
    struct bench *b = *state;
    struct answer a;
    disk_mount(b, "size=2m");
    bench_open(b);
    bench_insert_id(b, "old");
    unsigned count = fill(b, &a);
    assert_true(count < 8);
    check_full(b, &a);

    assert_int_equal(mount(NULL, b->dir, NULL, MS_REMOUNT, "size=32m"), 0);
    insert_large(b, "new", &a);
    assert_string_equal(a.text, "");
    bench_check_kept(b, "new", true);
    bench_check_kept(b, "old", true);
    disk_unmount(b);
}

static void test_a_read_only_disk_is_told_at_the_start(void **state)
{
    struct bench *b = *state;
    struct err e;
    disk_mount(b, "size=2m");
    make_store(b);
    assert_int_equal(mount(NULL, b->dir, NULL, MS_REMOUNT | MS_RDONLY, "size=2m"), 0);
    assert_int_equal(bench_try_open(b, &e), -ERR_DENIED);
    assert_non_null(strstr(e.text, "read-only"));
    disk_unmount(b);
}

static void test_a_store_that_is_moved_takes_no_more(void **state)
{
    struct bench *b = *state;
    struct answer a = {0};
    char away[64];
    snprintf(away, sizeof(away), "%s/away", b->dir);
    bench_open(b);
    bench_insert_id(b, "old");
    assert_int_equal(rename(b->path, away), 0);
    insert_large(b, "lost", &a);
    assert_int_equal(a.kind, ERR_IO);
    assert_non_null(strstr(a.text, "was moved or removed"));
    bench_check_kept(b, "old", true);

    assert_int_equal(rename(away, b->path), 0);
    insert_large(b, "new", &a);
    assert_int_equal(a.kind, 0);
}

/* A kill */

static void tell(void *ctx, const struct err *e)
{
    if (e != NULL || write(*(int *)ctx, "x", 1) != 1) {
        _exit(90);
    }
}

/* Inserts "0", "1" ... for ever, and tells of each that it is on disk. */
static void insert_until_killed(struct bench *b, int fd)
{
    struct err e;
    bench_open(b);
    for (unsigned i = 0;; i++) {
        char id[16];
        snprintf(id, sizeof(id), "%u", i);
        AUTO(execution_unrefp) struct execution *x = execution_of(id);
        store_insert(b->store, x, tell, &fd);
        if (loop_step(b->loop, store_stats(b->store).waiting < 32 ? 0 : UINT64_MAX, &e) < 0) {
            _exit(91);
        }
    }
}

static void test_what_was_acknowledged_survives_a_kill(void **state)
{
    struct bench *b = *state;
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        insert_until_killed(b, fds[1]);
    }
    close(fds[1]);
    char told[1024];
    ssize_t count = 0, n;
    while (count < 200 && (n = read(fds[0], told, sizeof(told))) > 0) {
        count += n;
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    while ((n = read(fds[0], told, sizeof(told))) > 0) {
        count += n;
    }
    close(fds[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));

    bench_open(b);
    for (ssize_t i = 0; i < count; i++) {
        char id[32];
        snprintf(id, sizeof(id), "%zd", i);
        bench_check_kept(b, id, true);
    }
}

/* Damage that is found at run time */

static long root_page(const struct bench *b, const char *table)
{
    char text[96];
    snprintf(text, sizeof(text), "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", table);
    return sql(b, text);
}

static void damage_page(const struct bench *b, long page)
{
    char garbage[4096];
    memset(garbage, 0xa5, sizeof(garbage));
    file_write(b, garbage, sizeof(garbage), (page - 1) * 4096);
}

static void test_damage_fails_what_meets_it_and_is_left_as_it_is(void **state)
{
    struct bench *b = *state;
    make_store(b);
    long page = root_page(b, "asked");
    damage_page(b, page);
    bench_open(b);

    AUTO(answer_done) struct answer a = {0};
    store_get(b->store, "a", PARTS_ALL, answer_take_one, &a);
    answer_await(b, &a, 1);
    assert_int_equal(a.kind, ERR_IO);
    assert_non_null(strstr(a.text, "it is damaged"));
    assert_non_null(strstr(a.text, "belljar db check"));
    struct answer written = {0};
    AUTO(execution_unrefp) struct execution *x = execution_of("b");
    store_insert(b->store, x, answer_take, &written);
    answer_await(b, &written, 1);
    assert_int_equal(written.kind, ERR_IO);
    assert_non_null(strstr(written.text, "belljar db check"));

    /* The rest is there. */
    AUTO(execution_unrefp) struct execution *y = bench_get(b, "a", 0);
    assert_string_equal(y->request, "{\"a\":1}");
    bench_close(b);
    AUTO(buf_done) struct buf after = {0};
    file_read(b, &after);
    for (size_t i = 0; i < 4096; i++) {
        assert_int_equal((unsigned char)after.data[(page - 1) * 4096 + (long)i], 0xa5);
    }
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, bench_setup, bench_teardown, NULL                                             \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_new_store_is_its_owners_only),
        TEST(test_a_store_that_others_could_read_is_taken_from_them),
        TEST(test_a_strict_umask_takes_nothing_from_us),
        TEST(test_a_half_made_store_is_made_anew),
        TEST(test_an_empty_file_becomes_a_store),
        TEST(test_it_is_opened_where_no_path_leads),
        TEST(test_a_name_is_never_a_uri),
        TEST(test_a_link_is_not_followed),
        TEST(test_a_file_of_another_kind_is_refused),
        TEST(test_a_database_of_another_program_is_refused),
        TEST(test_a_directory_is_refused),
        TEST(test_a_later_version_is_refused_by_name),
        TEST(test_a_later_version_is_refused_when_its_log_tells),
        TEST(test_a_damaged_schema_is_refused),
        TEST(test_a_file_that_was_cut_is_refused),
        TEST(test_a_store_without_a_table_is_refused),
        TEST(test_a_log_without_its_database_is_kept),
        TEST(test_version_1_opens_with_all_that_is_in_it),
        TEST(test_version_1_takes_more_and_counts_it),
        TEST(test_version_1_takes_what_is_new),
        TEST(test_version_1_is_purged_by_age),
        TEST(test_no_statement_walks_the_table),
        TEST(test_a_file_that_may_not_grow_fails_writes_until_it_may),
        TEST(test_a_full_disk_fails_writes_until_there_is_room),
        TEST(test_a_read_only_disk_is_told_at_the_start),
        TEST(test_a_store_that_is_moved_takes_no_more),
        TEST(test_what_was_acknowledged_survives_a_kill),
        TEST(test_damage_fails_what_meets_it_and_is_left_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
