/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "boxproto/egress_config.h"
#include "egress/meter.h"

#define RATE  UINT64_C(1000000)
#define BURST ((size_t)64 << 10)

static void test_a_burst_needs_no_waiting(void **state)
{
    (void)state;
    struct meter m = meter_start(RATE, 0);
    meter_spend(&m, BURST - 1);
    assert_int_equal(meter_wait_ns(&m, 0), 0);
    meter_spend(&m, 1000);
    assert_true(meter_wait_ns(&m, 0) > 0);
}

static void test_a_debt_is_paid_at_the_rate(void **state)
{
    (void)state;
    struct meter m = meter_start(RATE, 0);
    meter_spend(&m, BURST + RATE);
    uint64_t wait = meter_wait_ns(&m, 0);
    assert_in_range(wait, NS_PER_S, NS_PER_S + 2000);
    assert_true(meter_wait_ns(&m, NS_PER_S / 2) > 0);
    assert_int_equal(meter_wait_ns(&m, wait), 0);
}

static void test_silence_saves_no_more_than_a_burst(void **state)
{
    (void)state;
    struct meter m = meter_start(RATE, 0);
    assert_int_equal(meter_wait_ns(&m, 1000 * NS_PER_S), 0);
    meter_spend(&m, BURST);
    assert_true(meter_wait_ns(&m, 1000 * NS_PER_S) > 0);
}

static void test_looking_often_loses_nothing(void **state)
{
    (void)state;
    struct meter m = meter_start(RATE, 0);
    meter_spend(&m, BURST + 1000);
    uint64_t now = 0;
    while (meter_wait_ns(&m, now) > 0) {
        now += 333; /* a third of a byte's time */
    }
    assert_in_range(now, 1000 * 1000, 1010 * 1000);
}

static void test_a_small_frame_counts_as_more(void **state)
{
    (void)state;
    struct meter m = meter_start(RATE, 0);
    for (unsigned i = 0; i < BURST / 512; i++) {
        meter_spend(&m, 60);
    }
    assert_true(meter_wait_ns(&m, 0) > 0);
}

static void test_the_largest_rate_does_not_overflow(void **state)
{
    (void)state;
    struct meter m = meter_start(EGRESS_BANDWIDTH_MAX, 0);
    meter_spend(&m, EGRESS_BANDWIDTH_MAX);
    assert_in_range(meter_wait_ns(&m, 1), NS_PER_S * 9 / 10, NS_PER_S);
    assert_in_range(meter_wait_ns(&m, NS_PER_S - 1), 0, 0);
    assert_int_equal(meter_wait_ns(&m, 3600 * NS_PER_S), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_burst_needs_no_waiting),
        cmocka_unit_test(test_a_debt_is_paid_at_the_rate),
        cmocka_unit_test(test_silence_saves_no_more_than_a_burst),
        cmocka_unit_test(test_looking_often_loses_nothing),
        cmocka_unit_test(test_a_small_frame_counts_as_more),
        cmocka_unit_test(test_the_largest_rate_does_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
