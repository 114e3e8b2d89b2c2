/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/tree.h"
#include "packages/stage_without.h"

static char path[] = "/tmp/belljar-without-XXXXXX";

static void file_make(int dir, const char *name)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    fd_close(fd);
}

static int tree_make(void **state)
{
    static int fd;
    assert_non_null(mkdtemp(path));
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    static const char *const folders[] = {"usr", "usr/lib", "usr/lib/a", "usr/lib/a/deep",
                                          "usr/kept"};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        assert_int_equal(mkdirat(fd, folders[i], 0755), 0);
    }
    static const char *const files[] = {"usr/lib/one.a", "usr/lib/one.so", "usr/lib/a/two.a",
                                        "usr/lib/a/deep/three.a", "usr/kept/file"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        file_make(fd, files[i]);
    }
    assert_int_equal(symlinkat("../kept", fd, "usr/lib/link"), 0);
    *state = &fd;
    return 0;
}

static int tree_end(void **state)
{
    struct err e;
    fd_close(*(int *)*state);
    int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = tree_remove(tmp, path + strlen("/tmp/"), &e);
    fd_close(tmp);
    snprintf(path, sizeof(path), "/tmp/belljar-without-XXXXXX");
    return r;
}

static bool is_there(void **state, const char *name)
{
    struct stat st;
    return fstatat(*(int *)*state, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void without(void **state, char *pattern)
{
    struct err e;
    char *patterns[] = {pattern, NULL};
    assert_int_equal(stage_without(*(int *)*state, patterns, &e), 0);
}

static void test_a_star_goes_over_slashes(void **state)
{
    without(state, (char[]){"usr/lib/*.a"});
    assert_false(is_there(state, "usr/lib/one.a"));
    assert_true(is_there(state, "usr/lib/one.so"));
    assert_false(is_there(state, "usr/lib/a/two.a"));
    assert_true(is_there(state, "usr/lib/a/deep"));
}

static void test_a_directory_goes_with_what_is_below(void **state)
{
    without(state, (char[]){"usr/lib/a"});
    assert_false(is_there(state, "usr/lib/a"));
    assert_true(is_there(state, "usr/lib/one.a"));
}

static void test_links_are_not_followed(void **state)
{
    without(state, (char[]){"usr/lib/link/file"});
    assert_true(is_there(state, "usr/kept/file"));
    without(state, (char[]){"usr/lib/link"});
    assert_false(is_there(state, "usr/lib/link"));
    assert_true(is_there(state, "usr/kept/file"));
}

static void test_no_patterns_leave_all(void **state)
{
    struct err e;
    assert_int_equal(stage_without(*(int *)*state, NULL, &e), 0);
    assert_true(is_there(state, "usr/lib/a/deep/three.a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_star_goes_over_slashes, tree_make, tree_end),
        cmocka_unit_test_setup_teardown(test_a_directory_goes_with_what_is_below, tree_make,
                                        tree_end),
        cmocka_unit_test_setup_teardown(test_links_are_not_followed, tree_make, tree_end),
        cmocka_unit_test_setup_teardown(test_no_patterns_leave_all, tree_make, tree_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
