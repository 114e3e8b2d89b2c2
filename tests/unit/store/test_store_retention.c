/* SPDX-License-Identifier: Apache-2.0 */
/* What is deleted by itself, and what never is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/loop.h"
#include "store_bench.h"

#define HOUR_NS (3600 * NS_PER_S)

static uint64_t ago(uint64_t ns)
{
    return clock_wall_ns(&clock_system) - ns;
}

static void insert_finished(struct bench *b, const char *id, uint64_t finished_ns,
                            enum execution_callback callback)
{
    AUTO(execution_unrefp) struct execution *x = execution_of(id);
    x->callback = callback;
    execution_finish(x, finished_ns, "out");
    bench_insert(b, x);
}

/* Waits for what the store does by itself; a test that hangs here has failed. */
static void await_count(struct bench *b, uint64_t count)
{
    struct err e;
    while (store_stats(b->store).executions != count) {
        assert_int_equal(loop_step(b->loop, UINT64_MAX, &e), 0);
    }
}

static void await_bytes_below(struct bench *b, uint64_t bytes)
{
    struct err e;
    while (store_stats(b->store).bytes >= bytes) {
        assert_int_equal(loop_step(b->loop, UINT64_MAX, &e), 0);
    }
}

static void test_what_is_too_old_goes(void **state)
{
    struct bench *b = *state;
    b->config.max_age_s = 3600;
    bench_open(b);
    insert_finished(b, "young", ago(HOUR_NS / 2), CALLBACK_NONE);
    insert_finished(b, "old", ago(2 * HOUR_NS), CALLBACK_DELIVERED);
    await_count(b, 1);
    bench_check_kept(b, "young", true);
    bench_check_kept(b, "old", false);
}

static void test_what_became_too_old_meanwhile_goes_at_the_start(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    insert_finished(b, "old", ago(2 * HOUR_NS), CALLBACK_NONE);
    insert_finished(b, "young", ago(0), CALLBACK_NONE);
    bench_close(b);
    b->config.max_age_s = 3600;
    bench_open(b);
    await_count(b, 1);
    bench_check_kept(b, "young", true);
}

static void test_what_becomes_too_old_goes_then(void **state)
{
    struct bench *b = *state;
    b->config.max_age_s = 3600;
    bench_open(b);
    uint64_t due = ago(HOUR_NS) + 30 * NS_PER_MS;
    insert_finished(b, "soon", due, CALLBACK_NONE);
    await_count(b, 0);
    assert_true(clock_wall_ns(&clock_system) >= due + HOUR_NS);
}

static void test_what_is_too_old_goes_when_it_finishes(void **state)
{
    struct bench *b = *state;
    b->config.max_age_s = 3600;
    bench_open(b);
    AUTO(execution_unrefp) struct execution *x = execution_of("a");
    bench_insert(b, x);
    execution_finish(x, ago(2 * HOUR_NS), "");
    bench_finish(b, x);
    await_count(b, 0);
}

static void test_what_is_unfinished_or_to_be_told_stays(void **state)
{
    struct bench *b = *state;
    b->config.max_age_s = 3600;
    bench_open(b);
    bench_insert_id(b, "queued"); /* its other times are long past */
    insert_finished(b, "due", ago(3 * HOUR_NS), CALLBACK_DUE);
    insert_finished(b, "old", ago(2 * HOUR_NS), CALLBACK_NONE);
    await_count(b, 2);
    bench_check_kept(b, "queued", true);
    bench_check_kept(b, "due", true);

    struct answer a = {0};
    store_set_callback(b->store, "due", CALLBACK_DELIVERED, answer_take, &a);
    await_count(b, 1);
    bench_check_kept(b, "due", false);
}

/* An end of its own. */

static void insert_expiring(struct bench *b, const char *id, uint64_t finished_ns,
                            uint64_t expires_ns)
{
    AUTO(execution_unrefp) struct execution *x = execution_of(id);
    x->expires_ns = expires_ns;
    execution_finish(x, finished_ns, "out");
    bench_insert(b, x);
}

static void test_what_has_expired_goes_though_all_is_kept(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    insert_finished(b, "none", ago(3 * HOUR_NS), CALLBACK_NONE);
    insert_expiring(b, "later", ago(3 * HOUR_NS), ago(0) + HOUR_NS);
    insert_expiring(b, "expired", ago(NS_PER_S), ago(NS_PER_MS));
    await_count(b, 2);
    bench_check_kept(b, "expired", false);
}

static void test_what_expires_goes_then(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    uint64_t due = ago(0) + 30 * NS_PER_MS;
    insert_expiring(b, "soon", ago(HOUR_NS), due);
    await_count(b, 0);
    assert_true(clock_wall_ns(&clock_system) >= due);
}

static void test_what_has_an_end_of_its_own_outlives_the_age(void **state)
{
    struct bench *b = *state;
    b->config.max_age_s = 3600;
    bench_open(b);
    insert_expiring(b, "later", ago(3 * HOUR_NS), ago(0) + HOUR_NS);
    insert_finished(b, "old", ago(2 * HOUR_NS), CALLBACK_NONE);
    await_count(b, 1);
    bench_check_kept(b, "later", true);
}

static void test_what_has_expired_and_is_not_over_stays(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    AUTO(execution_unrefp) struct execution *x = execution_of("a");
    x->expires_ns = 1;
    bench_insert(b, x);
    insert_expiring(b, "expired", 1, 1);
    await_count(b, 1);
    bench_check_kept(b, "a", true);
    execution_finish(x, ago(0), "");
    bench_finish(b, x);
    await_count(b, 0);
}

static void test_many_go_in_pieces(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    struct answer a = {0};
    for (unsigned i = 0; i < 1200; i++) {
        char id[16];
        snprintf(id, sizeof(id), "%u", i);
        AUTO(execution_unrefp) struct execution *x = execution_of(id);
        execution_finish(x, i < 1100 ? ago(2 * HOUR_NS) : ago(0), "");
        store_insert(b->store, x, answer_take, &a);
    }
    answer_await(b, &a, 1200);
    bench_close(b);
    b->config.max_age_s = 3600;
    unsigned before = failing_driver_count(b->driver, FAILING_COMMIT);
    bench_open(b);
    await_count(b, 100);
    assert_true(failing_driver_count(b->driver, FAILING_COMMIT) - before >= 3);
}

static void test_a_write_goes_between_two_pieces(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    struct answer a = {0};
    for (unsigned i = 0; i < 100; i++) {
        char id[16];
        snprintf(id, sizeof(id), "%u", i);
        AUTO(execution_unrefp) struct execution *x = execution_of(id);
        execution_finish(x, ago(2 * HOUR_NS), "");
        store_insert(b->store, x, answer_take, &a);
    }
    answer_await(b, &a, 100);
    bench_close(b);
    b->config.max_age_s = 3600;
    failing_driver_hold(b->driver, FAILING_PURGE);
    bench_open(b);
    failing_driver_await_held(b->driver, FAILING_PURGE);
    AUTO(execution_unrefp) struct execution *x = execution_of("new");
    store_insert(b->store, x, answer_take, &a);
    bench_step(b);
    failing_driver_hold(b->driver, FAILING_INSERT);
    failing_driver_release(b->driver, FAILING_PURGE);
    failing_driver_await_held(b->driver, FAILING_INSERT);
    assert_int_equal(failing_driver_count(b->driver, FAILING_PURGE), 1);
    failing_driver_release(b->driver, FAILING_INSERT);
    answer_await(b, &a, 101);
    await_count(b, 1);
    assert_true(failing_driver_count(b->driver, FAILING_PURGE) > 1);
    bench_check_kept(b, "new", true);
}

/* Sizes */

static void insert_large(struct bench *b, const char *id, uint64_t finished_ns)
{
    static char large[100 * 1024];
    memset(large, 'x', sizeof(large));
    AUTO(execution_unrefp) struct execution *x = execution_of(id);
    execution_finish(x, finished_ns, "");
    execution_set_part(x, PART_STDERR, large, sizeof(large));
    bench_insert(b, x);
}

static void test_the_oldest_go_when_it_is_too_large(void **state)
{
    struct bench *b = *state;
    b->config.max_bytes = 4 << 20;
    bench_open(b);
    for (unsigned i = 0; i < 38; i++) {
        char id[16];
        snprintf(id, sizeof(id), "%u", i);
        insert_large(b, id, 1000 - i); /* the last is the oldest */
    }
    bench_check_kept(b, "37", true);
    assert_int_equal(store_stats(b->store).executions, 38);

    insert_large(b, "38", 5000);
    insert_large(b, "39", 5000);
    insert_large(b, "40", 5000);
    struct err e;
    while (store_stats(b->store).executions > 38) {
        assert_int_equal(loop_step(b->loop, UINT64_MAX, &e), 0);
    }
    bench_check_kept(b, "37", false);
    bench_check_kept(b, "40", true);
    bench_check_kept(b, "0", true);
}

static void test_an_end_of_its_own_saves_nothing_when_it_is_too_large(void **state)
{
    struct bench *b = *state;
    b->config.max_bytes = 1; /* it is always larger */
    bench_open(b);
    insert_expiring(b, "later", ago(3 * HOUR_NS), ago(0) + HOUR_NS);
    insert_finished(b, "old", ago(2 * HOUR_NS), CALLBACK_NONE);
    await_count(b, 0);
}

static void test_what_is_unfinished_stays_when_it_is_too_large(void **state)
{
    struct bench *b = *state;
    b->config.max_bytes = 1; /* it is always larger */
    bench_open(b);
    bench_insert_id(b, "queued");
    insert_finished(b, "due", 1, CALLBACK_DUE);
    insert_finished(b, "old", 1, CALLBACK_NONE);
    await_count(b, 2);
    bench_check_kept(b, "queued", true);
    bench_check_kept(b, "due", true);
}

static void test_space_is_given_back(void **state)
{
    struct bench *b = *state;
    b->config.max_age_s = 3600;
    bench_open(b);
    for (unsigned i = 0; i < 40; i++) {
        char id[16];
        snprintf(id, sizeof(id), "%u", i);
        insert_large(b, id, ago(0));
    }
    uint64_t before = store_stats(b->store).bytes;
    assert_true(before > 3 << 20);
    struct answer a = {0};
    for (unsigned i = 0; i < 40; i++) {
        char id[16];
        snprintf(id, sizeof(id), "%u", i);
        store_delete(b->store, id, answer_take, &a);
    }
    await_bytes_below(b, before / 2);
    bench_close(b);
    assert_true(bench_file_size(b, "") < (long)before / 2);
}

static void test_a_purge_that_fails_takes_nothing_and_stops_nobody(void **state)
{
    struct bench *b = *state;
    b->config.max_age_s = 3600;
    bench_open(b);
    failing_driver_set(b->driver, FAILING_PURGE, ERR_LIMIT);
    insert_finished(b, "old", ago(2 * HOUR_NS), CALLBACK_NONE);
    bench_insert_id(b, "new");
    assert_true(store_stats(b->store).writable);
    bench_check_kept(b, "old", true);
    failing_driver_set(b->driver, FAILING_PURGE, 0);
    bench_insert_id(b, "newer");
    await_count(b, 2);
    bench_check_kept(b, "old", false);
}

static void test_retention_works_in_memory(void **state)
{
    struct bench *b = *state;
    b->config.path = NULL;
    b->config.max_age_s = 3600;
    bench_open(b);
    insert_finished(b, "old", ago(2 * HOUR_NS), CALLBACK_NONE);
    await_count(b, 0);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, bench_setup, bench_teardown, NULL                                             \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_too_old_goes),
        TEST(test_what_became_too_old_meanwhile_goes_at_the_start),
        TEST(test_what_becomes_too_old_goes_then),
        TEST(test_what_is_too_old_goes_when_it_finishes),
        TEST(test_what_is_unfinished_or_to_be_told_stays),
        TEST(test_what_has_expired_goes_though_all_is_kept),
        TEST(test_what_expires_goes_then),
        TEST(test_what_has_an_end_of_its_own_outlives_the_age),
        TEST(test_what_has_expired_and_is_not_over_stays),
        TEST(test_many_go_in_pieces),
        TEST(test_a_write_goes_between_two_pieces),
        TEST(test_the_oldest_go_when_it_is_too_large),
        TEST(test_an_end_of_its_own_saves_nothing_when_it_is_too_large),
        TEST(test_what_is_unfinished_stays_when_it_is_too_large),
        TEST(test_space_is_given_back),
        TEST(test_a_purge_that_fails_takes_nothing_and_stops_nobody),
        TEST(test_retention_works_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
