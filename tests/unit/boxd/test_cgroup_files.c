/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The drivers of v1 and v2 against ordinary files named as the kernel's: what is written where, and
 * that a file which is not there is an error that names it.  (Against the kernel: test_cgroup.c.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/tree.h"
#include "boxd/cgroup.h"
#include "boxd/cgroup_ops.h"

#define MIB (UINT64_C(1) << 20)
/* With what boxd adds for init. */
#define MEMORY_WRITTEN "69206016"

static const struct box_maxima maxima = {
    .memory_bytes = 64 * 1024 * 1024,
    .processes = 8,
    .cpu_milli = 500,
};

struct file {
    const char *name, *text;
};

static const struct file v2_files[] = {
    {"memory.max", ""},
    {"memory.oom.group", ""},
    {"memory.swap.max", ""},
    {"memory.events", "max 3\noom 1\noom_kill 0\n"},
    {"memory.peak", "4096\n"},
    {"memory.current", "1000\n"},
    {"pids.max", ""},
    {"pids.events", "max 2\n"},
    {"cpu.stat", "usage_usec 7\nuser_usec 5\n"},
    {"cpu.max", ""},
    {"cgroup.kill", ""},
    {"cgroup.procs", ""},
    {NULL, NULL},
};

static const struct file v1_files[] = {
    {"memory.limit_in_bytes", ""},
    {"memory.memsw.limit_in_bytes", ""},
    {"memory.kmem.tcp.limit_in_bytes", ""},
    {"memory.max_usage_in_bytes", "4096\n"},
    {"memory.memsw.max_usage_in_bytes", "4096\n"},
    {"memory.usage_in_bytes", "1000\n"},
    {"memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n"},
    {"cgroup.event_control", ""},
    {"pids.max", ""},
    {"pids.events", "max 2\n"},
    {"pids.current", "1\n"},
    {"cpu.cfs_quota_us", ""},
    {"cpu.cfs_period_us", ""},
    {"cpuacct.usage", "7000\n"},
    {"tasks", ""},
    {NULL, NULL},
};

struct host {
    char path[32];
    int dir;
    struct cgroup cgroup;
    struct cgroup_leaf leaf;
};

static void put(const struct host *h, const char *name, const char *text)
{
    struct err e;
    AUTO(fd_closep)
    int fd = openat(h->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, text, strlen(text), &e), 0);
}

static void expect_text(const struct host *h, const char *name, const char *wanted)
{
    struct err e;
    AUTO(buf_done) struct buf text = {0};
    AUTO(fd_closep) int fd = openat(h->dir, name, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fd_read_all(fd, 4096, &text, &e), 0);
    assert_string_equal(text.len > 0 ? text.data : "", wanted);
}

/* A leaf with these files, that has all of their features. */
static void host_make(struct host *h, const struct cgroup_ops *ops, const struct file *files)
{
    *h = (struct host){.path = "/tmp/belljar-cgroup-XXXXXX"};
    assert_non_null(mkdtemp(h->path));
    h->dir = open(h->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (; files->name != NULL; files++) {
        put(h, files->name, files->text);
    }
    h->cgroup = (struct cgroup){.ops = ops, .swap_file = true, .socket_file = true};
    h->leaf = (struct cgroup_leaf){.cgroup = &h->cgroup,
                                   .name = "box-1",
                                   .fds = {h->dir, h->dir, h->dir, h->dir},
                                   .files = CGROUP_NO_FILES,
                                   .limits = CGROUP_UNLIMITED,
                                   .event_fd = -1};
    h->cgroup.features = cgroup_leaf_features(&h->leaf);
}

static void files_close(struct host *h)
{
    for (size_t i = 0; i < ARRAY_LEN(h->leaf.files); i++) {
        fd_closep(&h->leaf.files[i]);
    }
    fd_closep(&h->leaf.event_fd);
}

static void host_done(struct host *h)
{
    struct err e;
    AUTO(fd_closep) int above = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    files_close(h);
    fd_close(h->dir);
    assert_int_equal(tree_remove(above, strrchr(h->path, '/') + 1, &e), 0);
}

/* --- what is written and read ----------------------------------------------------------------- */

static void test_v2_writes_limits_in_the_words_of_the_kernel(void **state)
{
    (void)state;
    struct err e;
    AUTO(host_done) struct host h;
    host_make(&h, &cgroup_v2, v2_files);
    assert_int_equal(cgroup_leaf_prepare(&h.leaf, &maxima, &e), 0);
    expect_text(&h, "memory.max", MEMORY_WRITTEN);
    expect_text(&h, "memory.oom.group", "1");
    expect_text(&h, "memory.swap.max", "0");
    expect_text(&h, "pids.max", "9");
    expect_text(&h, "cpu.max", "5000 10000");
}

static void test_v1_writes_limits_in_the_words_of_the_kernel(void **state)
{
    (void)state;
    struct err e;
    AUTO(host_done) struct host h;
    host_make(&h, &cgroup_v1, v1_files);
    assert_int_equal(cgroup_leaf_prepare(&h.leaf, &maxima, &e), 0);
    expect_text(&h, "memory.limit_in_bytes", MEMORY_WRITTEN);
    expect_text(&h, "memory.memsw.limit_in_bytes", MEMORY_WRITTEN);
    expect_text(&h, "memory.kmem.tcp.limit_in_bytes", MEMORY_WRITTEN);
    expect_text(&h, "pids.max", "9");
    expect_text(&h, "cpu.cfs_quota_us", "5000");
    expect_text(&h, "cpu.cfs_period_us", "10000");
}

static void test_quota_is_taken_away_again(void **state)
{
    (void)state;
    static const struct {
        const struct cgroup_ops *ops;
        const struct file *files;
        const char *file, *wanted;
    } rows[] = {
        {&cgroup_v2, v2_files, "cpu.max", "max"},
        {&cgroup_v1, v1_files, "cpu.cfs_quota_us", "-1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e;
        struct box_maxima without = CGROUP_UNLIMITED;
        AUTO(host_done) struct host h;
        host_make(&h, rows[i].ops, rows[i].files);
        h.leaf.limits.cpu_milli = 500;
        assert_int_equal(cgroup_leaf_limit(&h.leaf, &without, &e), 0);
        expect_text(&h, rows[i].file, rows[i].wanted);
    }
}

static void test_v2_memory_limit_below_use_is_busy_and_not_written(void **state)
{
    (void)state;
    struct err e;
    AUTO(host_done) struct host h;
    host_make(&h, &cgroup_v2, v2_files);
    assert_int_equal(cgroup_leaf_prepare(&h.leaf, &maxima, &e), 0);
    struct box_maxima lower = maxima;
    lower.memory_bytes = MIB;
    put(&h, "memory.current", "33554432\n");
    assert_int_equal(cgroup_leaf_limit(&h.leaf, &lower, &e), -ERR_BUSY);
    expect_text(&h, "memory.max", MEMORY_WRITTEN);
}

static void test_usage_is_what_the_files_say(void **state)
{
    (void)state;
    static const struct {
        const struct cgroup_ops *ops;
        const struct file *files;
        const char *events;
    } rows[] = {{&cgroup_v2, v2_files, "memory.events"},
                {&cgroup_v1, v1_files, "memory.oom_control"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e;
        struct cgroup_usage usage;
        uint64_t now = 0;
        AUTO(host_done) struct host h;
        host_make(&h, rows[i].ops, rows[i].files);
        assert_int_equal(cgroup_leaf_prepare(&h.leaf, &maxima, &e), 0);
        put(&h, rows[i].events, "oom_kill 1\n");
        assert_int_equal(cgroup_leaf_usage(&h.leaf, &usage, &e), 0);
        assert_int_equal(usage.cpu_ns, 7000);
        assert_int_equal(usage.memory_peak, 4096);
        assert_int_equal(usage.oom_kills, 1);
        assert_int_equal(usage.process_limit_hits, 2);
        assert_int_equal(cgroup_leaf_number(&h.leaf, CGROUP_MEMORY, &now, &e), 0);
        assert_int_equal(now, 1000);
    }
}

static void test_v2_is_out_of_memory_only_when_somebody_was_killed(void **state)
{
    (void)state;
    struct err e;
    AUTO(host_done) struct host h;
    host_make(&h, &cgroup_v2, v2_files);
    assert_false(cgroup_leaf_oom(&h.leaf)); /* before there is an event */
    assert_int_equal(cgroup_leaf_prepare(&h.leaf, &maxima, &e), 0);
    assert_false(cgroup_leaf_oom(&h.leaf));
    put(&h, "memory.events", "oom 1\noom_kill 2\n");
    assert_true(cgroup_leaf_oom(&h.leaf));
}

static void test_v1_is_out_of_memory_when_its_limit_was_reached(void **state)
{
    (void)state;
    struct err e;
    AUTO(host_done) struct host h;
    host_make(&h, &cgroup_v1, v1_files);
    assert_int_equal(cgroup_leaf_prepare(&h.leaf, &maxima, &e), 0);
    assert_false(cgroup_leaf_oom(&h.leaf)); /* no event */
    eventfd_write(h.leaf.event_fd, 1);
    assert_false(cgroup_leaf_oom(&h.leaf)); /* of a group above */
    put(&h, "memory.memsw.max_usage_in_bytes", MEMORY_WRITTEN "\n");
    eventfd_write(h.leaf.event_fd, 1);
    assert_true(cgroup_leaf_oom(&h.leaf));
}

static void test_v2_kills_all_of_a_leaf_at_once(void **state)
{
    (void)state;
    AUTO(host_done) struct host h;
    host_make(&h, &cgroup_v2, v2_files);
    cgroup_leaf_kill(&h.leaf);
    expect_text(&h, "cgroup.kill", "1");
}

static void test_a_process_enters_by_its_own_number(void **state)
{
    (void)state;
    static const struct {
        const struct cgroup_ops *ops;
        const struct file *files;
        const char *file;
    } rows[] = {{&cgroup_v2, v2_files, "cgroup.procs"}, {&cgroup_v1, v1_files, "tasks"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err e;
        AUTO(host_done) struct host h;
        host_make(&h, rows[i].ops, rows[i].files);
        assert_int_equal(cgroup_leaf_prepare(&h.leaf, &maxima, &e), 0);
        h.leaf.fds[BOXD_CG_PIDS] = -1; /* one directory is one controller's */
        assert_int_equal(cgroup_leaf_enter(&h.leaf, &e), 0);
        expect_text(&h, rows[i].file, "0");
    }
}

static void test_v1_peaks_begin_with_the_program(void **state)
{
    (void)state;
    struct err e;
    AUTO(host_done) struct host h;
    host_make(&h, &cgroup_v1, v1_files);
    assert_int_equal(cgroup_leaf_prepare(&h.leaf, &maxima, &e), 0);
    assert_int_equal(cgroup_leaf_base(&h.leaf, &e), 0);
    expect_text(&h, "memory.max_usage_in_bytes", "0096\n");
    expect_text(&h, "memory.memsw.max_usage_in_bytes", "0096\n");
}

/* --- what is not there ------------------------------------------------------------------------ */

static int prepare(struct host *h, struct err *e)
{
    return cgroup_leaf_prepare(&h->leaf, &maxima, e);
}

static int memory(struct host *h, struct err *e)
{
    uint64_t bytes;
    return cgroup_leaf_number(&h->leaf, CGROUP_MEMORY, &bytes, e);
}

struct absent {
    int (*act)(struct host *h, struct err *e);
    const char *file;
};

static void expect_named(const struct cgroup_ops *ops, const struct file *files,
                         const struct absent *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct err e = {0};
        AUTO(host_done) struct host h;
        host_make(&h, ops, files);
        assert_int_equal(rows[i].act(&h, &e), 0); /* it is this file alone */
        files_close(&h);
        assert_int_equal(unlinkat(h.dir, rows[i].file, 0), 0);
        h.leaf.limits = CGROUP_UNLIMITED;
        if (rows[i].act(&h, &e) == 0 || strstr(e.text, rows[i].file) == NULL) {
            fail_msg("without %s: %s", rows[i].file, e.text);
        }
    }
}

static void test_v2_file_that_is_not_there_is_named(void **state)
{
    (void)state;
    static const struct absent rows[] = {
        {prepare, "memory.oom.group"}, {prepare, "memory.swap.max"}, {prepare, "memory.events"},
        {prepare, "memory.max"},       {prepare, "pids.max"},        {prepare, "cpu.max"},
        {prepare, "memory.peak"},      {prepare, "pids.events"},     {prepare, "cpu.stat"},
        {prepare, "memory.current"},   {prepare, "cgroup.procs"},
    };
    expect_named(&cgroup_v2, v2_files, rows, ARRAY_LEN(rows));
}

static void test_v1_file_that_is_not_there_is_named(void **state)
{
    (void)state;
    static const struct absent rows[] = {
        {prepare, "memory.oom_control"},
        {prepare, "cgroup.event_control"},
        {prepare, "memory.limit_in_bytes"},
        {prepare, "memory.memsw.limit_in_bytes"},
        {prepare, "memory.kmem.tcp.limit_in_bytes"},
        {prepare, "pids.max"},
        {prepare, "cpu.cfs_period_us"},
        {prepare, "cpu.cfs_quota_us"},
        {prepare, "memory.max_usage_in_bytes"},
        {prepare, "pids.events"},
        {prepare, "cpuacct.usage"},
        {prepare, "memory.usage_in_bytes"},
        {prepare, "memory.memsw.max_usage_in_bytes"},
        {prepare, "pids.current"},
        {prepare, "tasks"},
    };
    expect_named(&cgroup_v1, v1_files, rows, ARRAY_LEN(rows));
}

static void test_v2_event_file_that_says_nonsense_is_named(void **state)
{
    (void)state;
    struct err e = {0};
    AUTO(host_done) struct host h;
    host_make(&h, &cgroup_v2, v2_files);
    put(&h, "memory.events", "oom_kill many\n");
    assert_true(cgroup_leaf_prepare(&h.leaf, &maxima, &e) < 0);
    assert_non_null(strstr(e.text, "memory.events"));
}

static void test_leaf_without_a_feature_asks_for_nothing_of_it(void **state)
{
    (void)state;
    static const struct file none[] = {
        {"cpu.stat", "usage_usec 7\n"}, {"cgroup.procs", ""}, {NULL, NULL}};
    struct err e = {0};
    struct cgroup_usage usage;
    AUTO(host_done) struct host h;
    host_make(&h, &cgroup_v2, none);
    assert_int_equal(cgroup_leaf_prepare(&h.leaf, &maxima, &e), 0);
    assert_int_equal(cgroup_leaf_usage(&h.leaf, &usage, &e), 0);
    assert_int_equal(usage.memory_peak, 0);
    assert_int_equal(memory(&h, &e), 0);
    assert_int_equal(faccessat(h.dir, "memory.max", F_OK, 0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_v2_writes_limits_in_the_words_of_the_kernel),
        cmocka_unit_test(test_v1_writes_limits_in_the_words_of_the_kernel),
        cmocka_unit_test(test_quota_is_taken_away_again),
        cmocka_unit_test(test_v2_memory_limit_below_use_is_busy_and_not_written),
        cmocka_unit_test(test_usage_is_what_the_files_say),
        cmocka_unit_test(test_v2_is_out_of_memory_only_when_somebody_was_killed),
        cmocka_unit_test(test_v1_is_out_of_memory_when_its_limit_was_reached),
        cmocka_unit_test(test_v2_kills_all_of_a_leaf_at_once),
        cmocka_unit_test(test_a_process_enters_by_its_own_number),
        cmocka_unit_test(test_v1_peaks_begin_with_the_program),
        cmocka_unit_test(test_v2_file_that_is_not_there_is_named),
        cmocka_unit_test(test_v1_file_that_is_not_there_is_named),
        cmocka_unit_test(test_v2_event_file_that_says_nonsense_is_named),
        cmocka_unit_test(test_leaf_without_a_feature_asks_for_nothing_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
