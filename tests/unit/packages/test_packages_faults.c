/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "bench.h"
#include "packages/manifest.h"
#include "packages/store_export.h"
#include "packages/store_files.h"

/*
 * What is left of a process that dies: each call that changes something on the disk is a step, and
 * a child ends without a word before its n-th one, for each n.
 */

#define KILLED 77

static unsigned steps_left; /* 0: nobody dies */

static void step(void)
{
    if (steps_left > 0 && --steps_left == 0) {
        _exit(KILLED);
    }
}

#define STEP(type, name, params, args)                                                             \
    type __real_##name params;                                                                     \
    type __wrap_##name params;                                                                     \
    type __wrap_##name params                                                                      \
    {                                                                                              \
        step();                                                                                    \
        return __real_##name args;                                                                 \
    }

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
STEP(int, fsync, (int fd), (fd))
STEP(int, syncfs, (int fd), (fd))
STEP(int, fchmod, (int fd, mode_t mode), (fd, mode))
STEP(int, mkdirat, (int dir, const char *name, mode_t mode), (dir, name, mode))
STEP(int, unlinkat, (int dir, const char *name, int flags), (dir, name, flags))
STEP(ssize_t, write, (int fd, const void *data, size_t len), (fd, data, len))
STEP(int, renameat, (int from, const char *a, int to, const char *b), (from, a, to, b))
STEP(int, linkat, (int from, const char *a, int to, const char *b, int flags),
     (from, a, to, b, flags))
STEP(int, renameat2, (int from, const char *a, int to, const char *b, unsigned flags),
     (from, a, to, b, flags))
/* NOLINTEND(bugprone-reserved-identifier) */

typedef int job_fn(struct bench *b, unsigned n, struct err *e);

/* Whether it got to its end; `after` steps. */
static bool child_run(struct bench *b, job_fn *job, unsigned n, unsigned after)
{
    bench_close(b); /* a child shares the locks of its parent */
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct err e = {0};
        char path[64];
        snprintf(path, sizeof(path), "%s/packages", b->dir);
        steps_left = after;
        int r = package_store_open(path, true, &b->store, &e);
        r = r == 0 ? job(b, n, &e) : r;
        if (r < 0) {
            dprintf(2, "%s\n", e.text);
        }
        _exit(r == 0 ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == KILLED);
    return WEXITSTATUS(status) == 0;
}

/* Whatever happened: what is named is there, whole, and nothing else. */
static void check_whole(struct bench *b)
{
    struct err e = {0};
    struct manifest **all = NULL;
    bench_open(b);
    assert_int_equal(count_in(b, "stage"), 0);
    assert_int_equal(count_in(b, "layers"), count_in(b, "digests"));
    size_t count = package_store_list(b->store, &all, NULL, NULL);
    assert_int_equal(count, count_in(b, "runtimes"));
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < all[i]->layer_count; k++) {
            assert_done(store_verify(b->store, all[i]->layers[k], &e), e);
        }
        manifest_free(all[i]);
    }
    free(all);
}

/* The one layer of a runtime; 0: it is not installed. */
static uint32_t layer_of(const struct bench *b, const char *id)
{
    struct manifest *m = NULL;
    struct err e = {0};
    if (package_store_get(b->store, id, &m, &e) < 0) {
        assert_int_equal(e.kind, ERR_NOT_FOUND);
        return 0;
    }
    uint32_t layer = m->layers[0];
    manifest_free(m);
    return layer;
}

/* Large enough to be shared with other layers. */
static int library_put(int tree_fd, const char *name, int letter, struct err *e)
{
    AUTO(mem_freep) char *text = xmalloc(STORE_FILE_MIN);
    memset(text, letter, STORE_FILE_MIN);
    AUTO(fd_closep) int fd = openat(tree_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    return fd < 0 ? err_sys(e, "%s", name) : fd_write_all(fd, text, STORE_FILE_MIN, e);
}

static int install(struct bench *b, unsigned n, struct err *e)
{
    struct stage st = {0};
    struct layer layer;
    char text[16];
    int r = store_stage(b->store, &st, e);
    if (r == 0) {
        int fd = openat(st.tree_fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        snprintf(text, sizeof(text), "%u", n);
        r = fd < 0 ? err_sys(e, "file") : fd_write_all(fd, text, strlen(text), e);
        fd_close(fd);
        r = r == 0 ? library_put(st.tree_fd, "same", 's', e) : r;
        r = r == 0 ? library_put(st.tree_fd, "fresh", (int)(n % 256), e) : r;
    }
    r = r == 0 ? store_commit(&st, &layer, e) : r;
    stage_done(&st);
    return r == 0 ? runtime_put(b, "a/1", &layer.id, 1, 1, e) : r;
}

static void test_an_installation_that_is_killed_leaves_the_old_or_the_new(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    uint32_t old = layer_make(b, "old");
    unsigned killed = 0;
    assert_done(runtime_put(b, "a/1", &old, 1, 1, &e), e);
    bool done = false;
    for (unsigned n = 1; !done; n++) {
        done = child_run(b, install, n, n);
        killed += !done;
        check_whole(b);
        uint32_t now = layer_of(b, "a/1");
        assert_true(now >= old);
        assert_true(!done || now > old);
        old = now;
    }
    assert_true(killed > 20);
}

static int replace_nothing(struct bench *b, unsigned n, struct err *e)
{
    (void)n;
    uint64_t bytes = 0;
    unsigned left = 0;
    int r = store_remove(b->store, "a/1", e);
    r = r == -ERR_NOT_FOUND ? 0 : r;
    return r == 0 ? store_collect(b->store, true, &bytes, &left, e) : r;
}

static void test_a_removal_that_is_killed_leaves_all_or_nothing(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    unsigned killed = 0;
    bool done = false;
    for (unsigned n = 1; !done; n++) {
        uint32_t id = layer_make(b, "text"), part = layer_make(b, "part");
        const uint32_t both[] = {id, part};
        assert_done(runtime_put(b, "a/1", both, 2, 1, &e), e);
        assert_done(runtime_put(b, "part/x", &part, 1, 1, &e), e);
        done = child_run(b, replace_nothing, n, n);
        killed += !done;
        check_whole(b);
        assert_int_equal(layer_of(b, "part/x"), part);
        uint32_t now = layer_of(b, "a/1");
        assert_true(now == 0 || now == id);
        assert_true(!done || now == 0);
    }
    assert_int_equal(count_in(b, "layers"), 1);
    assert_true(killed > 8);
}

static int import(struct bench *b, unsigned n, struct err *e)
{
    (void)n;
    char **ids = NULL;
    AUTO(fd_closep) int fd = openat(b->dir_fd, "export", O_RDONLY | O_CLOEXEC);
    int r = store_import(b->store, fd, UINT64_MAX, &ids, e);
    strv_free(ids);
    return r;
}

static void test_an_import_that_is_killed_can_be_done_again(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    uint64_t bytes = 0;
    unsigned left = 0, killed = 0;
    char id[] = "a/1";
    char *const ids[] = {id, NULL};
    const uint32_t both[] = {layer_make(b, "own"), layer_make(b, "part")};
    assert_done(runtime_put(b, "a/1", both, 2, 1, &e), e);
    assert_done(runtime_put(b, "part/x", &both[1], 1, 1, &e), e);
    AUTO(fd_closep) int fd = openat(b->dir_fd, "export", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_done(store_export(b->store, ids, fd, &e), e);
    bool done = false;
    for (unsigned n = 1; !done; n++) {
        (void)store_remove(b->store, "a/1", &e);
        (void)store_remove(b->store, "part/x", &e);
        assert_done(store_collect(b->store, true, &bytes, &left, &e), e);
        assert_int_equal(count_in(b, "layers"), 0);
        done = child_run(b, import, n, n);
        killed += !done;
        check_whole(b);
        assert_true(layer_of(b, "a/1") == 0 || layer_of(b, "part/x") > 0);
    }
    assert_true(layer_of(b, "a/1") > 0);
    assert_true(killed > 20);
    assert_int_equal(unlinkat(b->dir_fd, "export", 0), 0);
}

/* --- at the same time ------------------------------------------------------------------------- */

#define MAKERS 4
#define ROUNDS 15

static int make_many(struct bench *b, unsigned n, struct err *e)
{
    int r = 0;
    for (unsigned round = 0; r == 0 && round < ROUNDS; round++) {
        char id[16], text[32];
        struct stage st = {0};
        struct layer own, part = {0};
        int hold = -1;
        snprintf(id, sizeof(id), "r/%u", n);
        snprintf(text, sizeof(text), "%u of %u", round, n);
        for (unsigned i = 0; r == 0 && i < 2; i++) {
            r = store_stage(b->store, &st, e);
            if (r == 0) {
                put_file(st.tree_fd, "file", i == 0 ? "what all have" : text, 0644);
                r = store_commit(&st, i == 0 ? &part : &own, e);
            }
            stage_done(&st);
        }
        const uint32_t both[] = {own.id, part.id};
        r = r == 0 ? store_hold(store_fd(b->store), &part.id, 1, &hold, e) : r;
        r = r == 0 ? runtime_put(b, id, both, 2, 1, e) : r;
        fd_close(hold);
        r = r == 0 && round + 1 < ROUNDS ? store_remove(b->store, id, e) : r;
    }
    return r;
}

static int collect_many(struct bench *b, unsigned n, struct err *e)
{
    uint64_t bytes = 0;
    unsigned left = 0;
    int r = 0;
    for (unsigned round = 0; r == 0 && round < 4 * ROUNDS; round++) {
        r = store_collect(b->store, n % 2 == 0, &bytes, &left, e);
    }
    return r;
}

static void test_makers_and_collectors_do_not_hinder_each_other(void **state)
{
    struct bench *b = *state;
    pid_t children[MAKERS + 2];
    bench_close(b);
    fflush(NULL);
    for (unsigned n = 0; n < ARRAY_LEN(children); n++) {
        children[n] = fork();
        if (children[n] == 0) {
            struct err e = {0};
            bench_open(b);
            int r = n < MAKERS ? make_many(b, n, &e) : collect_many(b, n, &e);
            if (r < 0) {
                dprintf(2, "%u: %s\n", n, e.text);
            }
            _exit(r < 0);
        }
    }
    for (size_t n = 0; n < ARRAY_LEN(children); n++) {
        int status = 0;
        assert_int_equal(waitpid(children[n], &status, 0), children[n]);
        assert_int_equal(status, 0);
    }
    check_whole(b);
    assert_int_equal(count_in(b, "runtimes"), MAKERS);
    uint64_t bytes = 0;
    unsigned left = 0;
    struct err e = {0};
    assert_done(store_collect(b->store, true, &bytes, &left, &e), e);
    assert_int_equal(count_in(b, "layers"), MAKERS + 1);
}

/* --- no room ---------------------------------------------------------------------------------- */

static void disk_mount(struct bench *b)
{
    bench_close(b);
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", b->dir, "tmpfs", 0, "size=1m,mode=755") < 0) {
        print_message("only root can mount a small disk\n");
        bench_open(b);
        skip();
    }
    bench_open(b);
}

/* Returns how many bytes. */
static size_t disk_fill(struct bench *b)
{
    static const char block[4096] = {1};
    AUTO(fd_closep)
    int fd =
        openat(store_fd(b->store), "cache/filler", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    size_t done = 0;
    while (write(fd, block, sizeof(block)) == (ssize_t)sizeof(block)) {
        done += sizeof(block);
    }
    assert_int_equal(errno, ENOSPC);
    return done;
}

static void test_a_full_disk_fails_an_installation_and_nothing_else(void **state)
{
    struct bench *b = *state;
    struct err e = {0};
    struct stage st;
    struct layer layer;
    disk_mount(b);
    uint32_t old = layer_make(b, "old"), other = layer_make(b, "other");
    assert_done(runtime_put(b, "a/1", &old, 1, 1, &e), e);
    assert_done(runtime_put(b, "b/1", &other, 1, 1, &e), e);
    stage_make(b, "new", &st);
    assert_true(disk_fill(b) > 0);

    assert_int_equal(store_commit(&st, &layer, &e), -ERR_IO);
    assert_int_equal(e.sys, ENOSPC);
    stage_done(&st);
    assert_true(disk_fill(b) < 64 << 10);
    assert_int_equal(runtime_put(b, "a/1", &other, 1, 1, &e), -ERR_IO);
    check_whole(b);
    assert_int_equal(layer_of(b, "a/1"), old);

    uint64_t bytes = 0;
    unsigned left = 0;
    assert_done(store_remove(b->store, "b/1", &e), e);
    assert_done(store_collect(b->store, true, &bytes, &left, &e), e);
    assert_int_equal(unlinkat(store_fd(b->store), "cache/filler", 0), 0);
    assert_true(layer_make(b, "new") > other);
    check_whole(b);
    bench_close(b);
    assert_int_equal(umount2(b->dir, MNT_DETACH), 0);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(test_an_installation_that_is_killed_leaves_the_old_or_the_new),
        IN_STORE(test_a_removal_that_is_killed_leaves_all_or_nothing),
        IN_STORE(test_an_import_that_is_killed_can_be_done_again),
        IN_STORE(test_makers_and_collectors_do_not_hinder_each_other),
        IN_STORE(test_a_full_disk_fails_an_installation_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
