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
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/tree.h"
#include "packages/downloads.h"
#include "packages/fetcher.h"

static const char *const folders[] = {"cache",          "apt",         "apt/s",
                                      "apt/s/archives", "apt/s/cache", "apt/s/archives/partial",
                                      "apt/s/lists"};
static const char *const downloads[] = {"cache/sha256-1", "apt/s/archives/a.deb",
                                        "apt/s/archives/partial/b.deb", "apt/s/cache/src.bin"};
static const char *const kept[] = {"apt/s/lists/index", "apt/s/lock"};

static char path[] = "/tmp/belljar-downloads-XXXXXX";

static void file_make(int dir, const char *name)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    fd_close(fd);
}

static int store_make(void **state)
{
    static int fd;
    snprintf(path, sizeof(path), "/tmp/belljar-downloads-XXXXXX");
    assert_non_null(mkdtemp(path));
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        assert_int_equal(mkdirat(fd, folders[i], 0755), 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(downloads); i++) {
        file_make(fd, downloads[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        file_make(fd, kept[i]);
    }
    *state = &fd;
    return 0;
}

static int store_end(void **state)
{
    struct err e;
    int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fd_close(*(int *)*state);
    int r = tree_remove(tmp, path + strlen("/tmp/"), &e);
    fd_close(tmp);
    return r;
}

static bool is_there(void **state, const char *name)
{
    return faccessat(*(int *)*state, name, F_OK, 0) == 0;
}

static void remove_all(void **state)
{
    struct err e;
    uint64_t bytes = 0;
    assert_int_equal(downloads_remove(*(int *)*state, &clock_system, &bytes, &e), 0);
}

static void test_downloads_go_and_indexes_stay(void **state)
{
    remove_all(state);
    for (size_t i = 0; i < ARRAY_LEN(downloads); i++) {
        assert_false(is_there(state, downloads[i]));
    }
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        assert_true(is_there(state, kept[i]));
    }
}

static void test_what_a_fetcher_may_have_got_stays(void **state)
{
    int cache = openat(*(int *)*state, "cache", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct fetcher *fetcher = fetcher_new(cache, NULL);
    remove_all(state);
    assert_true(is_there(state, "cache/sha256-1"));
    fetcher_free(fetcher);
    remove_all(state);
    assert_false(is_there(state, "cache/sha256-1"));
    fd_close(cache);
}

static void test_archives_of_who_is_at_work_stay(void **state)
{
    int lock = openat(*(int *)*state, "apt/s/lock", O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    remove_all(state);
    assert_true(is_there(state, "apt/s/archives/a.deb"));
    assert_true(is_there(state, "apt/s/cache/src.bin"));
    assert_false(is_there(state, "cache/sha256-1"));
    fd_close(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_downloads_go_and_indexes_stay, store_make, store_end),
        cmocka_unit_test_setup_teardown(test_what_a_fetcher_may_have_got_stays, store_make,
                                        store_end),
        cmocka_unit_test_setup_teardown(test_archives_of_who_is_at_work_stay, store_make,
                                        store_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
