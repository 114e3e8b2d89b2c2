/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/output.h"

static void test_exactly_the_cap_is_not_truncated(void **state)
{
    (void)state;
    struct output o = {.max = 10};
    assert_int_equal(output_take(&o, 4), 4);
    assert_int_equal(output_take(&o, 6), 6);
    assert_false(o.truncated);
}

static void test_one_byte_beyond_is(void **state)
{
    (void)state;
    struct output o = {.max = 10};
    assert_int_equal(output_take(&o, 10), 10);
    assert_int_equal(output_take(&o, 1), 0);
    assert_true(o.truncated);
}

static void test_piece_across_the_cap_is_kept_up_to_it(void **state)
{
    (void)state;
    struct output o = {.max = 10};
    assert_int_equal(output_take(&o, 6), 6);
    assert_int_equal(output_take(&o, 600), 4);
    assert_int_equal(output_take(&o, 600), 0);
    assert_true(o.truncated);
}

static void test_no_cap_keeps_all(void **state)
{
    (void)state;
    struct output o = {.max = UINT64_MAX};
    assert_int_equal(output_take(&o, SIZE_MAX / 2), SIZE_MAX / 2);
    assert_false(o.truncated);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exactly_the_cap_is_not_truncated),
        cmocka_unit_test(test_one_byte_beyond_is),
        cmocka_unit_test(test_piece_across_the_cap_is_kept_up_to_it),
        cmocka_unit_test(test_no_cap_keeps_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
