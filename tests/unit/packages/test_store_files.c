/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <inttypes.h>
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
#include "base/mem.h"
#include "base/tree.h"
#include "bench.h"
#include "packages/layer_walk.h"
#include "packages/store_files.h"
#include "packages/store_usage.h"

#define SCALE 6 /* a file may have three names */

/* Large enough to be shared. */
static char *library(char letter)
{
    char *text = xcalloc(1, STORE_FILE_MIN + 1);
    memset(text, letter, STORE_FILE_MIN);
    return text;
}

/* A layer with the library, and something of its own. */
static struct layer commit(struct bench *b, const char *own, mode_t mode, bool twice)
{
    struct stage st;
    struct layer layer;
    struct err e = {0};
    AUTO(mem_freep) char *text = library('a');
    stage_make(b, own, &st);
    put_dir(st.tree_fd, "lib");
    put_file(st.tree_fd, "lib/one", text, mode);
    if (twice) {
        put_file(st.tree_fd, "lib/two", text, mode);
    }
    assert_done(store_commit(&st, &layer, &e), e);
    stage_done(&st);
    assert_done(store_verify(b->store, layer.id, &e), e);
    return layer;
}

static struct stat stat_of(const struct bench *b, uint32_t id, const char *name)
{
    struct stat st;
    char path[64];
    snprintf(path, sizeof(path), "layers/%" PRIu32 "/%s", id, name);
    assert_int_equal(fstatat(store_fd(b->store), path, &st, AT_SYMLINK_NOFOLLOW), 0);
    return st;
}

static uint64_t remove_runtime(struct bench *b, const char *id)
{
    struct err e = {0};
    uint64_t bytes = 0;
    unsigned left;
    assert_done(store_remove(b->store, id, &e), e);
    assert_done(store_collect(b->store, false, &bytes, &left, &e), e);
    return bytes;
}

static void test_equal_files_of_two_layers_are_one(void **state)
{
    struct bench *b = *state;
    struct layer a = commit(b, "a", 0644, false), c = commit(b, "c", 0644, false);
    struct stat one = stat_of(b, a.id, "lib/one"), other = stat_of(b, c.id, "lib/one");
    assert_true(one.st_ino == other.st_ino);
    assert_int_equal(one.st_nlink, 3);
    assert_true(stat_of(b, c.id, "lib").st_mtim.tv_sec == STORE_LAYER_TIME);
    assert_int_equal(a.shared, 0);
    assert_true(c.shared >= STORE_FILE_MIN);
    assert_true(store_files_saved(b->store) == (uint64_t)one.st_blocks * 512);
}

static void test_what_can_be_run_is_another_file(void **state)
{
    struct bench *b = *state;
    struct layer a = commit(b, "a", 0644, false), c = commit(b, "c", 0755, false);
    assert_true(stat_of(b, a.id, "lib/one").st_ino != stat_of(b, c.id, "lib/one").st_ino);
    assert_int_equal(stat_of(b, c.id, "lib/one").st_mode & 07777, 0755);
}

/* Else its digest would be another: hard links are told apart from copies. */
static void test_equal_files_of_one_layer_stay_apart(void **state)
{
    struct bench *b = *state;
    struct layer a = commit(b, "a", 0644, true), c = commit(b, "c", 0644, true);
    assert_true(stat_of(b, a.id, "lib/one").st_ino != stat_of(b, a.id, "lib/two").st_ino);
    assert_true(stat_of(b, c.id, "lib/one").st_ino != stat_of(b, c.id, "lib/two").st_ino);
}

/* Of which one is in files/ already. */
static void test_equal_files_of_one_layer_stay_apart_when_all_is_shared(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    uint64_t saved = 0;
    struct layer a = commit(b, "a", 0644, true), c = commit(b, "c", 0644, true);
    for (unsigned i = 0; i < 2; i++) {
        assert_done(store_share(b->store, &saved, &e), e);
        assert_done(store_verify(b->store, a.id, &e), e);
        assert_done(store_verify(b->store, c.id, &e), e);
    }
    assert_int_equal(saved, 0);
}

static void test_what_no_layer_has_is_removed(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    struct layer a = commit(b, "a", 0644, false), c = commit(b, "c", 0644, false);
    assert_done(runtime_put(b, "x/1", &a.id, 1, 1, &e), e);
    assert_done(runtime_put(b, "y/1", &c.id, 1, 1, &e), e);
    assert_int_equal(count_in(b, "files"), 1);
    remove_runtime(b, "x/1");
    assert_int_equal(count_in(b, "files"), 1);
    assert_done(store_verify(b->store, c.id, &e), e);
    remove_runtime(b, "y/1");
    assert_int_equal(count_in(b, "files"), 0);
}

static int on_node(void *ctx, const struct layer_node *n, struct err *e)
{
    uint64_t *bytes = ctx;
    (void)e;
    if (n->path[0] == '\0') {
        return 0; /* the folder itself stays */
    }
    /* A file's names add up to it. */
    uint64_t names = n->type == LAYER_DIR ? 1 : n->st.st_nlink;
    *bytes += (uint64_t)n->st.st_blocks * 512 * SCALE / names;
    return 0;
}

/* What layers and their shared files take. */
static uint64_t disk_bytes(const struct bench *b)
{
    static const char *const folders[] = {"layers", "files"};
    uint64_t bytes = 0;
    struct err e = {0};
    const struct layer_visitor visitor = {.enter = on_node, .ctx = &bytes};
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        AUTO(fd_closep)
        int fd = openat(store_fd(b->store), folders[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_done(layer_walk(fd, &visitor, &e), e);
    }
    return bytes / SCALE;
}

static void test_what_is_told_to_be_free_is_what_the_disk_gets_back(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    struct layer a = commit(b, "a", 0644, false), c = commit(b, "c", 0644, false);
    assert_done(runtime_put(b, "x/1", &a.id, 1, 1, &e), e);
    assert_done(runtime_put(b, "y/1", &c.id, 1, 1, &e), e);
    uint64_t before = disk_bytes(b);
    uint64_t first = remove_runtime(b, "x/1"); /* which brought what both have */
    assert_int_equal(first, before - disk_bytes(b));
    assert_int_equal(remove_runtime(b, "y/1"), before - first);
    assert_int_equal(disk_bytes(b), 0);
}

static void test_usage_counts_what_is_shared_once(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    AUTO(store_usage_done) struct store_usage u = {0};
    struct layer a = commit(b, "a", 0644, false), c = commit(b, "c", 0644, false);
    assert_done(runtime_put(b, "x/1", &a.id, 1, 1, &e), e);
    assert_done(runtime_put(b, "y/1", &c.id, 1, 1, &e), e);
    assert_done(store_usage(b->store, &u, &e), e);
    assert_true(u.runtimes[0].own_bytes == a.bytes);
    assert_true(u.runtimes[1].own_bytes == c.bytes - c.shared);
    assert_true(u.runtimes[1].shared_bytes == c.shared);
    assert_true(u.layer_bytes == a.bytes + c.bytes - c.shared);
}

/* As in a store that is older. */
static void test_what_was_not_shared_is_shared_later(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    struct layer a = commit(b, "a", 0644, false), again;
    uint64_t saved = 0;
    assert_done(tree_remove(store_fd(b->store), "files", &e), e);
    assert_int_equal(mkdirat(store_fd(b->store), "files", 0700), 0);
    struct layer c = commit(b, "c", 0644, false);
    assert_true(stat_of(b, a.id, "lib/one").st_ino != stat_of(b, c.id, "lib/one").st_ino);
    assert_done(runtime_put(b, "x/1", &a.id, 1, 1, &e), e);
    assert_done(runtime_put(b, "y/1", &c.id, 1, 1, &e), e);
    assert_done(store_share(b->store, &saved, &e), e);
    assert_true(saved >= STORE_FILE_MIN);
    assert_true(stat_of(b, a.id, "lib/one").st_ino == stat_of(b, c.id, "lib/one").st_ino);
    assert_done(store_verify(b->store, a.id, &e), e);
    assert_done(store_verify(b->store, c.id, &e), e);
    assert_done(store_layer(b->store, a.id, &again, &e), e);
    assert_true(again.shared + c.shared == saved);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_equal_files_of_two_layers_are_one),
        TEST(test_what_can_be_run_is_another_file),
        TEST(test_equal_files_of_one_layer_stay_apart),
        TEST(test_equal_files_of_one_layer_stay_apart_when_all_is_shared),
        TEST(test_what_no_layer_has_is_removed),
        TEST(test_what_is_told_to_be_free_is_what_the_disk_gets_back),
        TEST(test_usage_counts_what_is_shared_once),
        TEST(test_what_was_not_shared_is_shared_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
