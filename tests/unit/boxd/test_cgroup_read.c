/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxd/cgroup_read.h"

static bool number(const char *text, uint64_t *ret)
{
    return cgroup_parse_number(text, strlen(text), ret);
}

static bool key(const char *text, const char *wanted, uint64_t *ret)
{
    return cgroup_parse_key(text, strlen(text), wanted, ret);
}

static void test_number_takes_one_number_and_a_newline(void **state)
{
    (void)state;
    uint64_t n = 0;
    assert_true(number("0\n", &n));
    assert_int_equal(n, 0);
    assert_true(number("18446744073709551615\n", &n));
    assert_true(n == UINT64_MAX);
}

static void test_number_refuses_everything_else(void **state)
{
    (void)state;
    static const char *const bad[] = {"",      "\n",   "12",    "12\n\n", "12 \n",
                                      " 12\n", "-1\n", "max\n", "0x12\n", "18446744073709551616\n",
                                      "1\n2\n"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        uint64_t n = 77;
        assert_false(number(bad[i], &n));
        assert_int_equal(n, 77);
    }
}

static void test_key_finds_its_line(void **state)
{
    (void)state;
    const char *text = "low 0\noom 3\noom_kill 2\noom_group_kill 1\n";
    uint64_t n = 0;
    assert_true(key(text, "oom_kill", &n));
    assert_int_equal(n, 2);
    assert_true(key(text, "oom", &n));
    assert_int_equal(n, 3);
}

static void test_key_refuses_other_text(void **state)
{
    (void)state;
    static const char *const bad[] = {"",          "max\n",          "max 1",          "max  1\n",
                                      "other 1\n", "max 1\nbad\n",   "max 1\nmax 2\n", "max -1\n",
                                      "max 1 2\n", "Max 1\nmax 1\n", "\nmax 1\n"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        uint64_t n = 77;
        assert_false(key(bad[i], "max", &n));
        assert_int_equal(n, 77);
    }
}

static int directory_with(const char *file, const char *text, char path[64])
{
    strcpy(path, "/tmp/test_cgroup_read.XXXXXX");
    assert_non_null(mkdtemp(path));
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir >= 0);
    int fd = openat(dir, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    return dir;
}

static int read_of(int dir, const char *file, const char *wanted, uint64_t *ret, struct err *e)
{
    AUTO(fd_closep) int fd = -1;
    int r = cgroup_open(dir, file, O_RDONLY, &fd, e);
    return r < 0 ? r : cgroup_read(fd, file, wanted, ret, e);
}

static void directory_remove(int dir, const char *file, const char *path)
{
    assert_int_equal(unlinkat(dir, file, 0), 0);
    close(dir);
    assert_int_equal(rmdir(path), 0);
}

static void test_read_gives_the_number_of_a_file(void **state)
{
    (void)state;
    char path[64];
    int dir = directory_with("usage", "123\n", path);
    struct err e = {0};
    uint64_t n = 0;
    assert_int_equal(read_of(dir, "usage", NULL, &n, &e), 0);
    assert_int_equal(n, 123);
    directory_remove(dir, "usage", path);
}

static void test_read_names_a_file_that_is_not_there(void **state)
{
    (void)state;
    char path[64];
    int dir = directory_with("usage", "123\n", path);
    struct err e = {0};
    uint64_t n = 77;
    assert_int_equal(read_of(dir, "memory.peak", NULL, &n, &e), -ERR_NOT_FOUND);
    assert_int_equal(n, 77);
    assert_non_null(strstr(e.text, "memory.peak"));
    directory_remove(dir, "usage", path);
}

static void test_read_refuses_a_file_that_is_too_long(void **state)
{
    (void)state;
    char path[64], text[1100] = {0};
    for (size_t i = 0; i + 6 < sizeof(text); i += 6) {
        strcpy(text + i, "aaa 1\n");
    }
    int dir = directory_with("stat", text, path);
    struct err e = {0};
    uint64_t n = 77;
    assert_int_equal(read_of(dir, "stat", "aaa", &n, &e), -ERR_INVALID);
    directory_remove(dir, "stat", path);
}

static void test_read_follows_no_link(void **state)
{
    (void)state;
    char path[64];
    int dir = directory_with("usage", "123\n", path);
    assert_int_equal(symlinkat("usage", dir, "link"), 0);
    struct err e = {0};
    uint64_t n = 77;
    assert_true(read_of(dir, "link", NULL, &n, &e) < 0);
    assert_int_equal(e.sys, ELOOP);
    assert_int_equal(unlinkat(dir, "link", 0), 0);
    directory_remove(dir, "usage", path);
}

static void test_each_read_starts_at_the_beginning(void **state)
{
    (void)state;
    char path[64];
    int dir = directory_with("events", "oom_kill 4\n", path);
    int fd = openat(dir, "events", O_RDONLY | O_CLOEXEC);
    struct err e = {0};
    for (int i = 0; i < 2; i++) {
        uint64_t n = 0;
        assert_int_equal(cgroup_read(fd, "events", "oom_kill", &n, &e), 0);
        assert_int_equal(n, 4);
    }
    close(fd);
    directory_remove(dir, "events", path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number_takes_one_number_and_a_newline),
        cmocka_unit_test(test_number_refuses_everything_else),
        cmocka_unit_test(test_key_finds_its_line),
        cmocka_unit_test(test_key_refuses_other_text),
        cmocka_unit_test(test_read_gives_the_number_of_a_file),
        cmocka_unit_test(test_read_names_a_file_that_is_not_there),
        cmocka_unit_test(test_read_refuses_a_file_that_is_too_long),
        cmocka_unit_test(test_read_follows_no_link),
        cmocka_unit_test(test_each_read_starts_at_the_beginning),
    };
    return cmocka_run_group_tests_name("cgroup_read", tests, NULL, NULL);
}
