/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "model/runtime.h"
#include "runtimes/layer_holds.h"
#include "sandbox/launch.h"
#include "store_fixture.h"

struct fixture {
    struct bench *b;
    struct layer_holds *holds;
    uint32_t one, two;
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    bench_setup((void **)&f->b);
    f->one = layer_make(f->b, "one");
    f->two = layer_make(f->b, "two");
    struct err e = {0};
    const uint32_t both[] = {f->one, f->two};
    assert_done(runtime_put(f->b, "a/1", both, 2, 2, &e), e); /* what is named is free */
    f->holds = layer_holds_new(store_fd(f->b->store));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    layer_holds_free(f->holds);
    bench_teardown((void **)&f->b);
    mem_freep(state);
    return 0;
}

static struct runtime *runtime_on(const uint32_t *layers, size_t count)
{
    struct runtime *r = runtime_new();
    r->layers = xmemdup(layers, count * sizeof(*layers));
    r->layer_count = r->run_layer_count = count;
    return r;
}

static struct runtime *holder(struct fixture *f, const uint32_t *layers, size_t count)
{
    struct err e = {0};
    struct runtime *r = runtime_on(layers, count);
    assert_done(layer_holds_take(f->holds, r, &e), e);
    return r;
}

static void test_layers_are_held_until_the_runtime_ends(void **state)
{
    struct fixture *f = *state;
    const uint32_t layers[] = {LAYER_GUEST, f->one, f->two};
    struct runtime *r = runtime_ref(holder(f, layers, 3));
    runtime_unref(r);
    assert_false(layer_is_free(f->b, f->one));
    assert_false(layer_is_free(f->b, f->two));
    runtime_unref(r);
    assert_true(layer_is_free(f->b, f->one));
    assert_true(layer_is_free(f->b, f->two));
}

static void test_a_shared_layer_is_held_until_the_last_one_ends(void **state)
{
    struct fixture *f = *state;
    const uint32_t layers[] = {f->one, f->two};
    struct runtime *r = holder(f, layers, 2);
    struct runtime *other = holder(f, layers, 1);
    runtime_unref(r);
    assert_false(layer_is_free(f->b, f->one));
    assert_true(layer_is_free(f->b, f->two));
    runtime_unref(other);
    assert_true(layer_is_free(f->b, f->one));
}

static void test_a_layer_that_is_gone_gives_the_others_back(void **state)
{
    struct fixture *f = *state;
    const uint32_t layers[] = {f->one, f->two, 4711};
    struct err e = {0};
    struct runtime *r = runtime_on(layers, 3);
    assert_int_equal(layer_holds_take(f->holds, r, &e), -ERR_NOT_FOUND);
    assert_true(layer_is_free(f->b, f->one));
    assert_true(layer_is_free(f->b, f->two));
    runtime_unref(r);
}

static void test_a_layer_twice_is_given_back_twice(void **state)
{
    struct fixture *f = *state;
    const uint32_t layers[] = {f->one, f->one};
    struct runtime *r = holder(f, layers, 2);
    assert_false(layer_is_free(f->b, f->one));
    runtime_unref(r);
    assert_true(layer_is_free(f->b, f->one));
}

static void test_runtimes_outlive_who_made_the_holds(void **state)
{
    struct fixture *f = *state;
    struct runtime *r = holder(f, &f->one, 1);
    layer_holds_free(f->holds);
    f->holds = NULL;
    assert_false(layer_is_free(f->b, f->one));
    runtime_unref(r);
    assert_true(layer_is_free(f->b, f->one));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_layers_are_held_until_the_runtime_ends),
        T(test_a_shared_layer_is_held_until_the_last_one_ends),
        T(test_a_layer_that_is_gone_gives_the_others_back),
        T(test_a_layer_twice_is_given_back_twice),
        T(test_runtimes_outlive_who_made_the_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
