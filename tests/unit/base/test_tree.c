/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tree.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/fd.h"

struct fixture {
    char path[64];
    int fd;
};

static int setup(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));
    *f = (struct fixture){.path = "/tmp/test-tree-XXXXXX"};
    assert_non_null(mkdtemp(f->path));
    f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(f->fd >= 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    unlinkat(f->fd, "kept", 0);
    fd_close(f->fd);
    assert_int_equal(rmdir(f->path), 0);
    test_free(f);
    return 0;
}

static void file_make(int fd, const char *path)
{
    fd_close(openat(fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static bool is_there(int fd, const char *path)
{
    return faccessat(fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void test_remove_takes_all_that_is_below(void **state)
{
    const struct fixture *f = *state;
    struct err e;
    mkdirat(f->fd, "tree", 0700);
    mkdirat(f->fd, "tree/a", 0700);
    mkdirat(f->fd, "tree/a/b", 0700);
    file_make(f->fd, "tree/a/b/file");
    file_make(f->fd, "tree/.hidden");
    assert_int_equal(tree_remove(f->fd, "tree", &e), 0);
    assert_false(is_there(f->fd, "tree"));
}

static void test_remove_does_not_follow_links(void **state)
{
    const struct fixture *f = *state;
    struct err e;
    file_make(f->fd, "kept");
    mkdirat(f->fd, "tree", 0700);
    assert_int_equal(symlinkat("../kept", f->fd, "tree/to-file"), 0);
    assert_int_equal(symlinkat("..", f->fd, "tree/to-dir"), 0);
    assert_int_equal(tree_remove(f->fd, "tree", &e), 0);
    assert_true(is_there(f->fd, "kept"));
}

static void test_remove_of_a_link_takes_the_link_only(void **state)
{
    const struct fixture *f = *state;
    struct err e;
    file_make(f->fd, "kept");
    assert_int_equal(symlinkat("kept", f->fd, "link"), 0);
    assert_int_equal(tree_remove(f->fd, "link", &e), 0);
    assert_true(is_there(f->fd, "kept"));
    assert_false(is_there(f->fd, "link"));
}

static void test_remove_of_nothing_is_fine(void **state)
{
    const struct fixture *f = *state;
    struct err e;
    assert_int_equal(tree_remove(f->fd, "absent", &e), 0);
}

static void test_remove_refuses_what_is_no_single_name(void **state)
{
    const struct fixture *f = *state;
    struct err e;
    static const char *const names[] = {"", ".", "..", "a/b", "/tmp"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(tree_remove(f->fd, names[i], &e), -ERR_BUG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_remove_takes_all_that_is_below, setup, teardown),
        cmocka_unit_test_setup_teardown(test_remove_does_not_follow_links, setup, teardown),
        cmocka_unit_test_setup_teardown(test_remove_of_a_link_takes_the_link_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_remove_of_nothing_is_fine, setup, teardown),
        cmocka_unit_test_setup_teardown(test_remove_refuses_what_is_no_single_name, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
