/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "model/job.h"
#include "model/runtime.h"

static void test_names_resolve_below_the_directory(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *resolved;
    } rows[] = {
        {"main.c", "main.c"},
        {"a/../b", "b"},
        {"./a//b/./c", "a/b/c"},
        {"/etc/passwd", "etc/passwd"},
        {"..foo", "..foo"},
        {"...", "..."},
        {".hidden", ".hidden"},
        {"a/..b/c..", "a/..b/c.."},
        {" ", " "},
        {"-o", "-o"},
        {"\xff\n", "\xff\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(mem_freep) char *name = NULL;
        struct err e;
        assert_int_equal(job_file_name_check(rows[i].name, strlen(rows[i].name), &name, &e), 0);
        assert_string_equal(name, rows[i].resolved);
    }
}

static void test_names_that_leave_or_name_nothing_are_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {"",      ".",    "/",  "..",  "../x",   "a/../../x",
                                       "/../x", "a/..", "a/", "a/.", "a/b/..", "./"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *name = NULL;
        struct err e;
        assert_int_equal(job_file_name_check(rows[i], strlen(rows[i]), &name, &e), -ERR_INVALID);
        assert_null(name);
    }
}

static void test_names_with_nul_are_refused(void **state)
{
    (void)state;
    char *name = NULL;
    struct err e;
    assert_int_equal(job_file_name_check("a\0b", 3, &name, &e), -ERR_INVALID);
    assert_string_equal(e.text, "the file name has a NUL byte");
}

static int check_repeated(const char *part, size_t count)
{
    size_t part_len = strlen(part);
    AUTO(mem_freep) char *text = xmalloc(part_len * count + 1);
    for (size_t i = 0; i < count; i++) {
        memcpy(text + i * part_len, part, part_len);
    }
    AUTO(mem_freep) char *name = NULL;
    struct err e;
    return job_file_name_check(text, part_len * count - (part[part_len - 1] == '/'), &name, &e);
}

static void test_names_have_limits(void **state)
{
    (void)state;
    char part[102];
    memset(part, 'a', 100);
    memcpy(part + 100, "/", 2);
    assert_int_equal(check_repeated("x", 255), 0);
    assert_int_equal(check_repeated("x", 256), -ERR_INVALID);
    assert_int_equal(check_repeated("x/", 64), 0);
    assert_int_equal(check_repeated("x/", 65), -ERR_INVALID);
    assert_int_equal(check_repeated(part, 40), 0);
    assert_int_equal(check_repeated(part, 41), -ERR_INVALID);
}

static struct job *job_with(const char *const *names)
{
    struct job *job = job_new();
    for (; *names != NULL; names++) {
        job_add_file(job, *names, *names, strlen(*names), true);
    }
    return job;
}

static void test_files_are_copied(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_new();
    char data[] = "ab";
    struct job_file *f = job_add_file(job, "x", data, 2, false);
    data[0] = 'Z';
    assert_string_equal(f->data, "ab");
    assert_int_equal(f->size, 2);
    assert_false(f->code);
}

static void test_check_resolves_names_and_finds_the_main_file(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_new();
    struct err e;
    job_add_file(job, "/data.bin", "", 0, false);
    job_add_file(job, "./src/../main.py", "", 0, true);
    job_add_file(job, "lib.py", "", 0, true);
    assert_int_equal(job_check(job, &e), 0);
    assert_string_equal(job->files[0].name, "data.bin");
    assert_string_equal(job->files[1].name, "main.py");
    assert_int_equal(job->main_file, 1);
}

static void test_check_names_the_bad_file(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_with((const char *const[]){"a", "../b", NULL});
    struct err e;
    assert_int_equal(job_check(job, &e), -ERR_INVALID);
    assert_string_equal(e.text, "file '../b': the file name leads out of the working directory");
}

static void test_check_merges_duplicates_into_the_first_place(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_new();
    struct err e;
    job_add_file(job, "data", "1", 1, false);
    job_add_file(job, "main", "old", 3, true);
    job_add_file(job, "./data", "2", 1, false);
    job_add_file(job, "main", "newer", 5, false);
    job_add_file(job, "x/../main", "newest", 6, false);
    job_add_file(job, "last", "", 0, true);

    assert_int_equal(job_check(job, &e), 0);

    assert_int_equal(job->file_count, 3);
    assert_string_equal(job->files[0].data, "2");
    assert_string_equal(job->files[1].name, "main");
    assert_string_equal(job->files[1].data, "newest");
    assert_int_equal(job->files[1].size, 6);
    assert_true(job->files[1].code);
    assert_string_equal(job->files[2].name, "last");
    assert_int_equal(job->main_file, 1);
}

static void test_check_refuses_a_file_that_is_a_directory_too(void **state)
{
    (void)state;
    AUTO(job_freep)
    struct job *a = job_with((const char *const[]){"a/b/c", "a!", "a.x", "a/b", "z", NULL});
    AUTO(job_freep)
    struct job *b = job_with((const char *const[]){"a", "a-", "a.b", "ab", "b/a", NULL});
    struct err e;
    assert_int_equal(job_check(a, &e), -ERR_INVALID);
    assert_string_equal(e.text, "'a/b' is a file and a directory");
    assert_int_equal(job_check(b, &e), 0);
    assert_int_equal(b->file_count, 5);
}

static void test_check_of_many_files_lets_more_be_added(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_new();
    struct err e;
    for (int i = 0; i < 10000; i++) {
        char name[32];
        snprintf(name, sizeof(name), "d%d/f%d", i % 100, i % 5000);
        job_add_file(job, name, "x", 1, true);
    }
    assert_int_equal(job_check(job, &e), 0);
    assert_int_equal(job->file_count, 5000);
    for (int i = 0; i < 5000; i++) {
        job_add_file(job, "more", "", 0, true);
    }
    assert_int_equal(job_check(job, &e), 0);
    assert_int_equal(job->file_count, 5001);
}

static void test_free_drops_the_runtime(void **state)
{
    (void)state;
    struct runtime *runtime = runtime_new();
    struct job *job = job_new();
    job->runtime = runtime_ref(runtime);
    job->stdin_data = xstrdup("in");
    strv_add(&job->args, "a");
    strv_add(&job->env, "K=v");
    job_freep(&job);
    assert_null(job);
    assert_int_equal(runtime->refs, 1);
    runtime_unref(runtime);
    job_free(NULL);
}

static void test_tests_begin_with_the_limits_of_the_run(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_new();
    job->run.wall_ms = 1234;
    for (int i = 0; i < 5; i++) {
        struct job_test *t = job_add_test(job);
        assert_null(t->stdin_data);
        assert_int_equal(t->limits.wall_ms, 1234);
        t->limits.wall_ms = (uint64_t)i;
    }
    assert_int_equal(job->test_count, 5);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(job->tests[i].limits.wall_ms, i);
    }
}

static void test_bytes_of_a_job_count_its_tests(void **state)
{
    (void)state;
    AUTO(job_freep) struct job *job = job_new();
    size_t before = job_bytes(job);
    struct job_test *t = job_add_test(job);
    t->name = xstrdup("1");
    t->stdin_data = xstrdup("input");
    t->stdin_size = 5;
    t->expected_data = xstrdup("42");
    t->expected_size = 2;
    strv_add(&job->artifacts, "plot.png");
    assert_true(job_bytes(job) >= before + 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_resolve_below_the_directory),
        cmocka_unit_test(test_names_that_leave_or_name_nothing_are_refused),
        cmocka_unit_test(test_names_with_nul_are_refused),
        cmocka_unit_test(test_names_have_limits),
        cmocka_unit_test(test_files_are_copied),
        cmocka_unit_test(test_check_resolves_names_and_finds_the_main_file),
        cmocka_unit_test(test_check_names_the_bad_file),
        cmocka_unit_test(test_check_merges_duplicates_into_the_first_place),
        cmocka_unit_test(test_check_refuses_a_file_that_is_a_directory_too),
        cmocka_unit_test(test_check_of_many_files_lets_more_be_added),
        cmocka_unit_test(test_free_drops_the_runtime),
        cmocka_unit_test(test_tests_begin_with_the_limits_of_the_run),
        cmocka_unit_test(test_bytes_of_a_job_count_its_tests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
