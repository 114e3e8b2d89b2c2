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
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "model/runtime.h"
#include "packages/manifest.h"
#include "runtimes/installed.h"
#include "store_fixture.h"

struct fixture {
    struct bench *b;
    struct loop *loop;
    struct installed *installed;
    struct log log;
    int said[2]; /* a pipe that the log goes to */
    uint32_t layer;
    unsigned calls;
};

static void on_change(void *ctx)
{
    struct fixture *f = ctx;
    f->calls++;
}

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    struct err e = {0};
    bench_setup((void **)&f->b);
    f->layer = layer_make(f->b, "layer");
    assert_int_equal(pipe2(f->said, O_CLOEXEC), 0);
    f->log = (struct log){.fd = f->said[1], .level = LOG_LEVEL_WARN, .process = "test"};
    assert_done(loop_new(&f->loop, &e), e);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    installed_free(f->installed);
    loop_free(f->loop);
    fd_close(f->said[0]);
    fd_close(f->said[1]);
    bench_teardown((void **)&f->b);
    mem_freep(state);
    return 0;
}

static void start(struct fixture *f)
{
    bench_close(f->b);
    bench_open(f->b);
    f->installed = installed_new(f->loop, store_fd(f->b->store), &f->log, on_change, f);
}

static size_t count_of(const struct fixture *f)
{
    size_t count = 0;
    installed_all(f->installed, &count);
    return count;
}

static void test_without_a_store_nothing_is_installed(void **state)
{
    struct fixture *f = *state;
    f->installed = installed_new(f->loop, -1, &f->log, on_change, f);
    installed_read(f->installed);
    assert_int_equal(count_of(f), 0);
    assert_null(installed_best(f->installed, RUNTIME_KNOWN_BY_NAME, "toy", "*"));
    installed_forget(f->installed);
}

static void test_what_is_there_is_found_by_name_alias_and_range(void **state)
{
    struct fixture *f = *state;
    toy_put(f->b, "toy/1", "1.2.0", &f->layer, 1);
    toy_put(f->b, "toy/2", "2.1.0", &f->layer, 1);
    start(f);

    assert_int_equal(count_of(f), 2);
    assert_string_equal(
        installed_best(f->installed, RUNTIME_KNOWN_BY_NAME, "toy", "*")->runtime->version, "2.1.0");
    assert_string_equal(
        installed_best(f->installed, RUNTIME_KNOWN_BY_NAME, "play", "1.x")->runtime->version,
        "1.2.0");
    assert_string_equal(
        installed_best(f->installed, RUNTIME_KNOWN_BY_NAME, "t1.2", "*")->runtime->version,
        "1.2.0");
    assert_null(installed_best(f->installed, RUNTIME_KNOWN_BY_NAME, "toy", ">=3"));
    assert_null(installed_best(f->installed, RUNTIME_KNOWN_BY_NAME, "other", "*"));
}

static void test_parts_are_no_runtimes(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    struct manifest *m = toy_manifest("run = [\"{tool}\"]", &f->layer, 1);
    m->hidden = true;
    assert_done(store_put(f->b->store, m, &e), e);
    manifest_free(m);
    start(f);
    assert_int_equal(count_of(f), 0);
}

static void test_one_without_its_layer_is_told_and_left_out_alone(void **state)
{
    struct fixture *f = *state;
    char said[400] = "";
    toy_put(f->b, "toy/1", "1.0.0", &f->layer, 1);
    uint32_t other = layer_make(f->b, "other");
    toy_put(f->b, "toy/2", "2.0.0", &other, 1);
    char path[40];
    snprintf(path, sizeof(path), "layers/%u", (unsigned)other);
    assert_int_equal(renameat(store_fd(f->b->store), path, store_fd(f->b->store), "stage/gone"), 0);
    f->installed = installed_new(f->loop, store_fd(f->b->store), &f->log, on_change, f);

    assert_int_equal(count_of(f), 1);
    assert_true(read(f->said[0], said, sizeof(said) - 1) > 0);
    assert_non_null(strstr(said, "an installed runtime is left out"));
}

static void test_what_comes_is_told_and_seen_when_read(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    start(f);
    uint32_t layer = layer_make(f->b, "layer");
    toy_put(f->b, "toy/1", "1.0.0", &layer, 1);
    while (f->calls == 0) {
        assert_int_equal(loop_step(f->loop, UINT64_MAX, &e), 0);
    }
    assert_int_equal(count_of(f), 0);
    installed_read(f->installed);
    assert_int_equal(count_of(f), 1);
}

static void test_what_goes_is_held_until_it_is_forgotten(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    toy_put(f->b, "toy/1", "1.0.0", &f->layer, 1);
    start(f);
    assert_false(layer_is_free(f->b, f->layer));
    assert_done(store_remove(f->b->store, "toy/1", &e), e);
    installed_read(f->installed);
    assert_int_equal(count_of(f), 0);
    assert_false(layer_is_free(f->b, f->layer));
    installed_forget(f->installed);
    assert_true(layer_is_free(f->b, f->layer));
}

static void test_a_runtime_in_use_is_held_whatever_is_forgotten(void **state)
{
    struct fixture *f = *state;
    struct err e = {0};
    toy_put(f->b, "toy/1", "1.0.0", &f->layer, 1);
    start(f);
    struct runtime *used =
        runtime_ref(installed_best(f->installed, RUNTIME_KNOWN_BY_NAME, "toy", "*")->runtime);
    assert_done(store_remove(f->b->store, "toy/1", &e), e);
    installed_read(f->installed);
    installed_free(f->installed);
    f->installed = NULL;
    assert_false(layer_is_free(f->b, f->layer));
    runtime_unref(used);
    assert_true(layer_is_free(f->b, f->layer));
}

static void test_locks_are_not_let_go_while_it_is_read_again(void **state)
{
    struct fixture *f = *state;
    toy_put(f->b, "toy/1", "1.0.0", &f->layer, 1);
    start(f);
    installed_read(f->installed);
    installed_forget(f->installed);
    assert_int_equal(count_of(f), 1);
    assert_false(layer_is_free(f->b, f->layer));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_without_a_store_nothing_is_installed),
        T(test_what_is_there_is_found_by_name_alias_and_range),
        T(test_parts_are_no_runtimes),
        T(test_one_without_its_layer_is_told_and_left_out_alone),
        T(test_what_comes_is_told_and_seen_when_read),
        T(test_what_goes_is_held_until_it_is_forgotten),
        T(test_a_runtime_in_use_is_held_whatever_is_forgotten),
        T(test_locks_are_not_let_go_while_it_is_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
