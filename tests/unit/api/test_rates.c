/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "api/rates.h"
#include "base/cleanup.h"
#include "base/clock.h"

static void rates_freep(struct rates **all)
{
    rates_free(*all);
}

static bool take(struct rates *all, const char *who, double at_s, struct rate_left *ret)
{
    return rates_take(all, who, 2, 3, (uint64_t)(at_s * NS_PER_S), ret);
}

static void test_burst_then_rate(void **state)
{
    (void)state;
    AUTO(rates_freep) struct rates *all = rates_new();
    struct rate_left left;
    for (unsigned i = 0; i < 3; i++) {
        assert_true(take(all, "a", 10, &left));
        assert_int_equal(left.limit, 3);
        assert_int_equal(left.remaining, 2 - i);
        assert_int_equal(left.retry_s, 0);
    }
    assert_int_equal(left.reset_s, 2); /* 3 at 2 a second */
    assert_false(take(all, "a", 10, &left));
    assert_int_equal(left.remaining, 0);
    assert_int_equal(left.retry_s, 1);
    assert_false(take(all, "a", 10.4, &left));
    assert_true(take(all, "a", 10.6, &left));
    assert_false(take(all, "a", 10.6, &left));
    assert_true(take(all, "b", 10.6, &left)); /* another one's are its own */
}

static void test_slow_rates_say_when_to_come_again(void **state)
{
    (void)state;
    AUTO(rates_freep) struct rates *all = rates_new();
    struct rate_left left;
    assert_true(rates_take(all, "a", 0.1, 0, NS_PER_S, &left));
    assert_int_equal(left.limit, 1);
    assert_int_equal(left.reset_s, 10);
    assert_false(rates_take(all, "a", 0.1, 0, 3 * NS_PER_S, &left));
    assert_int_equal(left.retry_s, 8);
    assert_true(rates_take(all, "a", 0.1, 0, 12 * NS_PER_S, &left));
}

static void test_full_buckets_are_forgotten(void **state)
{
    (void)state;
    AUTO(rates_freep) struct rates *all = rates_new();
    struct rate_left left;
    for (unsigned i = 0; i < 100; i++) {
        char who[16];
        snprintf(who, sizeof(who), "10.0.0.%u", i);
        assert_true(take(all, who, 10, &left));
    }
    assert_int_equal(rates_count(all), 100);
    for (unsigned i = 0; i < 40; i++) {
        (void)take(all, "other", 20 + 10 * i, &left);
    }
    assert_int_equal(rates_count(all), 1);
}

static void test_memory_is_bounded(void **state)
{
    (void)state;
    AUTO(rates_freep) struct rates *all = rates_new();
    struct rate_left left;
    for (unsigned i = 0; i < RATES_MAX + 1000; i++) {
        char who[16];
        snprintf(who, sizeof(who), "%u", i);
        assert_true(take(all, who, 10, &left));
    }
    assert_true(rates_count(all) <= RATES_MAX);
    assert_true(take(all, "new", 10, &left));
}

static void test_changed_limits_hold_at_once(void **state)
{
    (void)state;
    AUTO(rates_freep) struct rates *all = rates_new();
    struct rate_left left;
    assert_true(rates_take(all, "a", 10, 100, NS_PER_S, &left));
    assert_true(rates_take(all, "a", 1, 2, NS_PER_S, &left));
    assert_int_equal(left.limit, 2);
    assert_true(rates_take(all, "a", 1, 2, NS_PER_S, &left));
    assert_false(rates_take(all, "a", 1, 2, NS_PER_S, &left));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_then_rate),
        cmocka_unit_test(test_slow_rates_say_when_to_come_again),
        cmocka_unit_test(test_full_buckets_are_forgotten),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_changed_limits_hold_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
