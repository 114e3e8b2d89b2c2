/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "engine/layout.h"
#include "engine/product_key.h"
#include "engine/stage.h"
#include "job_factory.h"

/* A compile stage that a test may change. */
struct stage_of {
    struct job *job;
    struct stage_plan plan;
    char **argv, **env;
    const char *caller;
};

static struct stage_of stage_new(void)
{
    struct stage_of s = {.job = job_of(runtime_of_c()), .caller = "alice"};
    job_with(s.job, "x.c", "int main(void) {}");
    job_with(s.job, "y.c", "int y;");
    s.argv = strv_split("cc|x.c|y.c", "|");
    s.env = strv_split("A=1|B=2", "|");
    s.plan = (struct stage_plan){.product_fd = -1, .limits = &s.job->compile, .collect_max = 1000};
    return s;
}

/* Takes it. */
static bool key_of(struct stage_of s, char ret[PRODUCT_KEY_SIZE])
{
    struct layout layout;
    s.plan.job = s.job;
    s.plan.argv = s.argv;
    s.plan.env = s.env;
    layout_make(s.job, &layout);
    bool made = product_key_make(&s.plan, &layout, s.caller, ret);
    layout_done(&layout);
    fd_close(s.plan.product_fd);
    strv_free(s.argv);
    strv_free(s.env);
    job_free(s.job);
    return made;
}

static void assert_other(struct stage_of s)
{
    char key[PRODUCT_KEY_SIZE], other[PRODUCT_KEY_SIZE];
    assert_true(key_of(stage_new(), key));
    assert_true(key_of(s, other));
    assert_string_not_equal(key, other);
}

static void test_equal_stages_have_one_key(void **state)
{
    (void)state;
    char a[PRODUCT_KEY_SIZE], b[PRODUCT_KEY_SIZE];
    assert_true(key_of(stage_new(), a));
    struct stage_of later = stage_new();
    snprintf(later.job->id, sizeof(later.job->id), "another");
    later.job->stdin_data = xstrdup("input");
    later.job->stdin_size = 5;
    later.job->run.wall_ms = 1; /* of the other stage */
    assert_true(key_of(later, b));
    assert_string_equal(a, b);
    assert_int_equal(strlen(a), PRODUCT_KEY_SIZE - 1);
}

static void test_files_make_another_key(void **state)
{
    (void)state;
    struct stage_of s = stage_new();
    s.job->files[1].data[0] = 'I';
    assert_other(s);
    s = stage_new();
    s.job->files[1].name[0] = 'z';
    assert_other(s);
    s = stage_new();
    s.job->files[1].executable = true;
    assert_other(s);
    s = stage_new();
    job_with(s.job, "z.c", "");
    assert_other(s);
}

static void test_bytes_do_not_move_between_files(void **state)
{
    (void)state;
    char a[PRODUCT_KEY_SIZE], b[PRODUCT_KEY_SIZE];
    struct stage_of s = stage_new(), t = stage_new();
    s.job->files[0].size -= 1;
    job_with(s.job, "z.c", "}");
    job_with(t.job, "z.c", "");
    assert_true(key_of(s, a));
    assert_true(key_of(t, b));
    assert_string_not_equal(a, b);
}

static void test_command_and_environment_make_another_key(void **state)
{
    (void)state;
    struct stage_of s = stage_new();
    strv_add(&s.argv, "-O2");
    assert_other(s);
    s = stage_new();
    strv_add(&s.env, "C=3");
    assert_other(s);
    s = stage_new(); /* the same texts, divided in another way */
    strv_add(&s.argv, "A=1");
    free(s.env[0]);
    s.env[0] = s.env[1];
    s.env[1] = NULL;
    assert_other(s);
}

static void test_runtime_makes_another_key(void **state)
{
    (void)state;
    struct stage_of s = stage_new();
    s.job->runtime->version[0] = '2';
    assert_other(s);
    s = stage_new();
    s.job->runtime->generation++;
    assert_other(s);
    s = stage_new();
    s.job->runtime->layers[0]++;
    assert_other(s);
}

static void test_each_limit_but_that_of_output_makes_another_key(void **state)
{
    (void)state;
    const size_t output = offsetof(struct limits, output_bytes);
    for (size_t at = 0; at < sizeof(struct limits); at++) {
        struct stage_of s = stage_new();
        struct limits changed = s.job->compile;
        ((unsigned char *)&changed)[at] ^= 1;
        s.job->compile = changed;
        bool is_output = at >= output && at < output + sizeof(changed.output_bytes);
        bool is_padding = at >= offsetof(struct limits, cpu_milli) + sizeof(changed.cpu_milli);
        if (!is_output && !is_padding) {
            assert_other(s);
        } else {
            job_free(s.job);
            strv_free(s.argv);
            strv_free(s.env);
        }
    }
}

static void test_caller_makes_another_key(void **state)
{
    (void)state;
    struct stage_of s = stage_new();
    s.caller = "bob";
    assert_other(s);
    s = stage_new();
    s.caller = NULL; /* everybody's */
    assert_other(s);
    s = stage_new();
    s.caller = ""; /* nobody's */
    assert_other(s);
}

static void test_what_was_unpacked_counts_in_place_of_files(void **state)
{
    (void)state;
    char a[PRODUCT_KEY_SIZE], b[PRODUCT_KEY_SIZE], c[PRODUCT_KEY_SIZE];
    struct err e;
    static const char *const archives[] = {"ONE", "ONE", "TWO"};
    char *const keys[] = {a, b, c};
    for (size_t i = 0; i < 3; i++) {
        struct stage_of s = stage_new();
        assert_int_equal(fd_memfd("unpacked", archives[i], 3, true, &s.plan.product_fd, &e), 0);
        s.plan.product_size = 3;
        assert_true(key_of(s, keys[i]));
    }
    assert_string_equal(a, b);
    assert_string_not_equal(a, c);
}

static void test_script_of_the_job_has_none(void **state)
{
    (void)state;
    char key[PRODUCT_KEY_SIZE];
    struct stage_of s = stage_new();
    s.job->runtime->generation = 0;
    assert_false(key_of(s, key));
}

static void test_stage_with_a_network_has_none(void **state)
{
    (void)state;
    char key[PRODUCT_KEY_SIZE];
    struct stage_of s = stage_new();
    s.plan.network = true;
    assert_false(key_of(s, key));
}

static void file_put(const char *path)
{
    struct err e;
    AUTO(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, "tool", 4, &e), 0);
}

static struct stage_of stage_with_tool(const char *tool)
{
    struct stage_of s = stage_new();
    free(s.job->runtime->compile.argv[0]);
    s.job->runtime->compile.argv[0] = xstrdup(tool);
    return s;
}

static void test_tool_put_in_place_by_hand_makes_another_key(void **state)
{
    (void)state;
    char dir[] = "/tmp/belljar-key-XXXXXX", first[PRODUCT_KEY_SIZE], second[PRODUCT_KEY_SIZE];
    assert_non_null(mkdtemp(dir));
    AUTO(mem_freep) char *tool = xasprintf("%s/cc", dir), *next = xasprintf("%s/cc.new", dir);
    file_put(tool);
    file_put(next);
    assert_true(key_of(stage_with_tool(tool), first));
    assert_true(key_of(stage_with_tool(tool), second));
    assert_string_equal(first, second);
    assert_int_equal(rename(next, tool), 0);
    assert_true(key_of(stage_with_tool(tool), second));
    assert_string_not_equal(first, second);
    unlink(tool);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_stages_have_one_key),
        cmocka_unit_test(test_files_make_another_key),
        cmocka_unit_test(test_bytes_do_not_move_between_files),
        cmocka_unit_test(test_command_and_environment_make_another_key),
        cmocka_unit_test(test_runtime_makes_another_key),
        cmocka_unit_test(test_each_limit_but_that_of_output_makes_another_key),
        cmocka_unit_test(test_caller_makes_another_key),
        cmocka_unit_test(test_what_was_unpacked_counts_in_place_of_files),
        cmocka_unit_test(test_script_of_the_job_has_none),
        cmocka_unit_test(test_stage_with_a_network_has_none),
        cmocka_unit_test(test_tool_put_in_place_by_hand_makes_another_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
