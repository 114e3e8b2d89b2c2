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

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strv.h"
#include "base/tree.h"
#include "cli/host.h"
#include "cli/packages_dir.h"
#include "config/config.h"

#define NOBODY 65534

struct fixture {
    char root[40];
    char *runtimes; /* root/runtimes, not there */
};

/* In the place of host.c: nothing is logged. */
struct log host_log(const struct config *config, const char *process)
{
    (void)config;
    return (struct log){.fd = -1, .level = LOG_LEVEL_ERROR, .process = process};
}

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    strcpy(f->root, "/tmp/belljar-test-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    f->runtimes = xasprintf("%s/runtimes", f->root);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    struct err e;
    AUTO(fd_closep) int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(tree_remove(tmp, f->root + strlen("/tmp/"), &e), 0);
    free(f->runtimes);
    mem_freep(state);
    return 0;
}

static struct config config_of(char *runtimes, char *data)
{
    return (struct config){.runtime_dir = runtimes, .data = data};
}

static void assert_path(const struct config *config, const char *expected)
{
    struct err e;
    AUTO(mem_freep) char *path = NULL;
    assert_int_equal(packages_dir_path(config, &path, &e), 0);
    assert_string_equal(path, expected);
}

static void test_path_is_the_one_that_is_named_else_below_the_data(void **state)
{
    (void)state;
    char runtimes[] = "/r", data[] = "/d", none[] = "";
    const struct config both = config_of(runtimes, data), one = config_of(none, data);
    assert_path(&both, "/r");
    assert_path(&one, "/d/packages");
}

static void test_path_of_root_is_the_systems_and_of_a_user_his_own(void **state)
{
    (void)state;
    char none[] = "";
    const struct config config = config_of(none, none);
    if (geteuid() == 0) {
        assert_path(&config, "/var/lib/belljar/packages");
        assert_int_equal(seteuid(NOBODY), 0);
    }
    struct err e;
    char *path = NULL;
    setenv("HOME", "/home/x", 1);
    setenv("XDG_DATA_HOME", "/data", 1);
    assert_path(&config, "/data/belljar/packages");
    setenv("XDG_DATA_HOME", "relative", 1);
    assert_path(&config, "/home/x/.local/share/belljar/packages");
    unsetenv("HOME");
    assert_int_equal(packages_dir_path(&config, &path, &e), -ERR_NOT_FOUND);
    assert_non_null(strstr(e.text, "--runtimes-dir"));
    if (getuid() == 0) {
        assert_int_equal(seteuid(0), 0);
    }
}

static void test_open_makes_what_is_watched_whatever_the_umask(void **state)
{
    struct fixture *f = *state;
    char none[] = "";
    const struct config config = config_of(f->runtimes, none);
    AUTO(owned_dir_done) struct owned_dir dir = {.fd = -1};
    struct err e;
    mode_t before = umask(077);
    assert_int_equal(packages_dir_open(&config, true, &dir, &e), 0);
    umask(before);
    static const char *const names[] = {".", "layers", "runtimes"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct stat st;
        assert_int_equal(fstatat(dir.fd, names[i], &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0755);
    }
}

static void test_open_below_the_data_makes_directories_above(void **state)
{
    struct fixture *f = *state;
    char none[] = "";
    AUTO(mem_freep) char *data = xasprintf("%s/a/b", f->root);
    const struct config config = config_of(none, data);
    AUTO(owned_dir_done) struct owned_dir dir = {.fd = -1};
    struct err e;
    assert_int_equal(packages_dir_open(&config, true, &dir, &e), 0);
    assert_true(str_ends(dir.path, "/a/b/packages"));
}

static void test_open_of_what_is_not_there_makes_nothing(void **state)
{
    struct fixture *f = *state;
    char none[] = "";
    const struct config config = config_of(f->runtimes, none);
    struct owned_dir dir = {.fd = -1};
    struct err e;
    assert_int_equal(packages_dir_open(&config, false, &dir, &e), -ERR_NOT_FOUND);
    assert_int_equal(access(f->runtimes, F_OK), -1);
    assert_int_equal(mkdir(f->runtimes, 0755), 0);
    assert_int_equal(packages_dir_open(&config, false, &dir, &e), -ERR_NOT_FOUND);
    assert_non_null(strstr(e.text, "layers"));
    assert_int_equal(dir.fd, -1);
}

static void test_open_refuses_one_that_others_may_write_to(void **state)
{
    struct fixture *f = *state;
    char none[] = "";
    const struct config config = config_of(f->runtimes, none);
    struct owned_dir dir = {.fd = -1};
    struct err e;
    assert_int_equal(mkdir(f->runtimes, 0755), 0);
    static const mode_t modes[] = {0775, 0757, 01777};
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        assert_int_equal(chmod(f->runtimes, modes[i]), 0);
        assert_int_equal(packages_dir_open(&config, true, &dir, &e), -ERR_DENIED);
    }
    assert_int_equal(dir.fd, -1);
}

static void test_open_says_where_it_really_is(void **state)
{
    struct fixture *f = *state;
    char none[] = "";
    AUTO(mem_freep) char *link = xasprintf("%s/link", f->root);
    const struct config config = config_of(link, none);
    AUTO(owned_dir_done) struct owned_dir dir = {.fd = -1};
    struct err e;
    assert_int_equal(mkdir(f->runtimes, 0755), 0);
    assert_int_equal(symlink("runtimes", link), 0);
    assert_int_equal(packages_dir_open(&config, true, &dir, &e), 0);
    assert_string_equal(dir.path, f->runtimes);
}

static void test_or_none_is_none(void **state)
{
    struct fixture *f = *state;
    char none[] = "";
    const struct config config = config_of(f->runtimes, none);
    struct owned_dir dir = {.fd = 99};
    packages_dir_open_or_none(&config, "test", false, &dir);
    assert_int_equal(dir.fd, -1);
    assert_null(dir.path);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path_is_the_one_that_is_named_else_below_the_data),
        cmocka_unit_test(test_path_of_root_is_the_systems_and_of_a_user_his_own),
        T(test_open_makes_what_is_watched_whatever_the_umask),
        T(test_open_below_the_data_makes_directories_above),
        T(test_open_of_what_is_not_there_makes_nothing),
        T(test_open_refuses_one_that_others_may_write_to),
        T(test_open_says_where_it_really_is),
        T(test_or_none_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
