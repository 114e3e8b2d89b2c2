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
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "bench.h"
#include "packages/layer_clear.h"
#include "packages/manifest.h"
#include "packages/store_export.h"
#include "packages/store_usage.h"

static void check_text(const struct err *e, const char *part)
{
    if (!strstr(e->text, part)) {
        fail_msg("'%s' is not in '%s'", part, e->text);
    }
}

/* A part with all that a layer can have, and a runtime on it. */
static void two_make(struct bench *b)
{
    struct err e = {0};
    struct stage st;
    struct layer part;
    uint32_t own = layer_make(b, "own");
    assert_done(store_stage(b->store, &st, &e), e);
    put_dir(st.tree_fd, "usr");
    put_file(st.tree_fd, "usr/tool", "#!/bin/sh\n", 0755);
    put_file(st.tree_fd, "usr/empty", "", 0644);
    assert_int_equal(linkat(st.tree_fd, "usr/tool", st.tree_fd, "usr/same", 0), 0);
    put_link(st.tree_fd, "bin", "/usr");
    put_file(st.tree_fd, "two\nlines", "x", 0644);
    assert_int_equal(mknodat(st.tree_fd, "gone", S_IFCHR, makedev(0, 0)), 0);
    put_dir(st.tree_fd, "etc");
    AUTO(fd_closep) int dir = openat(st.tree_fd, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(fsetxattr(dir, "user.overlay.opaque", "y", 1, 0), 0);
    AUTO(mem_freep) char *large = xcalloc(1, 1000001);
    memset(large, 'x', 1000000);
    put_file(st.tree_fd, "large", large, 0644);
    assert_done(store_commit(&st, &part, &e), e);
    stage_done(&st);
    const uint32_t both[] = {own, part.id};
    assert_done(runtime_put(b, "a/1", both, 2, 1, &e), e);
    assert_done(runtime_put(b, "part/x", &part.id, 1, 1, &e), e);
    assert_done(runtime_put(b, "other/1", &own, 1, 1, &e), e);
}

static int export(struct bench *b, const char *id)
{
    struct err e = {0};
    AUTO(strv_freep) char **ids = NULL;
    strv_add(&ids, id);
    int fd = memfd_create("export", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_done(store_export(b->store, ids, fd, &e), e);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* An empty store in the place of the one that was; ids of layers go on from 1000 again. */
static void begin_anew(struct bench *b)
{
    struct err e = {0};
    bench_close(b);
    assert_done(layer_clear(b->dir_fd, "packages", &e), e);
    bench_open(b);
    layer_make(b, "something else");
}

static void test_what_was_exported_is_imported_with_its_parts(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    two_make(b);
    AUTO(fd_closep) int fd = export(b, "a/1");
    begin_anew(b);
    AUTO(strv_freep) char **ids = NULL;
    assert_done(store_import(b->store, fd, UINT64_MAX, &ids, &e), e);

    assert_int_equal(strv_len(ids), 2);
    assert_string_equal(ids[0], "part/x");
    assert_string_equal(ids[1], "a/1");
    struct manifest *m = NULL;
    assert_done(package_store_get(b->store, "a/1", &m, &e), e);
    assert_int_equal(m->layer_count, 2);
    assert_true(m->layers[0] > 1000);
    for (size_t i = 0; i < 2; i++) {
        assert_done(store_verify(b->store, m->layers[i], &e), e);
    }
    manifest_free(m);
    assert_int_equal(count_in(b, "runtimes"), 2);
    assert_int_equal(count_in(b, "layers"), 3);
    assert_int_equal(count_in(b, "stage"), 0);
}

static void test_layers_that_are_there_are_not_made_again(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    two_make(b);
    AUTO(fd_closep) int fd = export(b, "a/1");
    AUTO(strv_freep) char **ids = NULL;
    assert_done(store_import(b->store, fd, 0, &ids, &e), e);
    assert_int_equal(count_in(b, "layers"), 2);
    assert_int_equal(count_in(b, "runtimes"), 3);
}

static void test_each_byte_of_a_stream_counts(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    uint32_t id = layer_make(b, "text");
    assert_done(runtime_put(b, "a/1", &id, 1, 1, &e), e);
    AUTO(fd_closep) int fd = export(b, "a/1");
    off_t size = lseek(fd, 0, SEEK_END);
    begin_anew(b);
    for (off_t at = 0; at < size; at += 7) {
        char was, is;
        AUTO(strv_freep) char **ids = NULL;
        assert_int_equal(pread(fd, &was, 1, at), 1);
        is = (char)(was ^ 1);
        assert_int_equal(pwrite(fd, &is, 1, at), 1);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        assert_true(store_import(b->store, fd, 1 << 20, &ids, &e) < 0);
        assert_int_equal(pwrite(fd, &was, 1, at), 1);
        assert_int_equal(count_in(b, "runtimes"), 0);
        assert_int_equal(count_in(b, "stage"), 0);
    }
}

static void test_a_stream_that_ends_too_early_is_refused(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    uint32_t id = layer_make(b, "text");
    assert_done(runtime_put(b, "a/1", &id, 1, 1, &e), e);
    AUTO(fd_closep) int fd = export(b, "a/1");
    off_t size = lseek(fd, 0, SEEK_END);
    begin_anew(b);
    for (off_t end = size - 1; end >= 0; end -= 13) {
        AUTO(strv_freep) char **ids = NULL;
        assert_int_equal(ftruncate(fd, end), 0);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        assert_int_equal(store_import(b->store, fd, 1 << 20, &ids, &e), -ERR_INVALID);
        assert_int_equal(count_in(b, "runtimes"), 0);
    }
}

static void test_an_import_has_a_limit(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    two_make(b);
    AUTO(fd_closep) int fd = export(b, "a/1");
    begin_anew(b);
    AUTO(strv_freep) char **ids = NULL;
    assert_int_equal(store_import(b->store, fd, 999999, &ids, &e), -ERR_LIMIT);
    check_text(&e, "'large'");
}

static void test_a_changed_layer_is_not_exported(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    char id[] = "a/1";
    char *const ids[] = {id, NULL};
    uint32_t layer = layer_make(b, "text");
    assert_done(runtime_put(b, "a/1", &layer, 1, 1, &e), e);
    put_file(store_fd(b->store), "layers/1000/usr/text", "tent", 0644);
    AUTO(fd_closep) int fd = memfd_create("export", MFD_CLOEXEC);
    assert_int_equal(store_export(b->store, ids, fd, &e), -ERR_INVALID);
    check_text(&e, "layer 1000");
}

static void test_usage_says_whose_bytes_they_are(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    struct store_usage u = {0};
    struct layer layers[3];
    const uint32_t ids[] = {layer_make(b, "own"), layer_make(b, "part"), layer_make(b, "unused")};
    for (size_t i = 0; i < 3; i++) {
        assert_done(store_layer(b->store, ids[i], &layers[i], &e), e);
    }
    assert_done(runtime_put(b, "a/1", ids, 2, 1, &e), e);
    assert_done(runtime_put(b, "part/x", &ids[1], 1, 1, &e), e);
    put_file(store_fd(b->store), "cache/file", "x", 0600);
    assert_done(store_usage(b->store, &u, &e), e);

    assert_int_equal(u.count, 2);
    assert_string_equal(u.runtimes[0].id, "a/1");
    assert_true(u.runtimes[0].own_bytes == layers[0].bytes);
    assert_true(u.runtimes[0].shared_bytes == layers[1].bytes);
    assert_true(u.runtimes[1].own_bytes == 0);
    assert_true(u.runtimes[1].shared_bytes == layers[1].bytes);
    assert_true(u.layer_bytes == layers[0].bytes + layers[1].bytes + layers[2].bytes);
    assert_true(u.unused_bytes == layers[2].bytes);
    assert_true(u.cache_bytes >= 4096);
    store_usage_done(&u);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(test_what_was_exported_is_imported_with_its_parts),
        IN_STORE(test_layers_that_are_there_are_not_made_again),
        IN_STORE(test_each_byte_of_a_stream_counts),
        IN_STORE(test_a_stream_that_ends_too_early_is_refused),
        IN_STORE(test_an_import_has_a_limit),
        IN_STORE(test_a_changed_layer_is_not_exported),
        IN_STORE(test_usage_says_whose_bytes_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
