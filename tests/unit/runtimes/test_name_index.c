/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "runtimes/name_index.h"

#define MANY 1000

static void test_nothing_is_found_in_an_empty_one(void **state)
{
    (void)state;
    struct name_index x = {0};
    size_t count = 1;
    name_index_sort(&x);
    assert_null(name_index_find(&x, "lua", &count));
    assert_int_equal(count, 0);
    name_index_done(&x);
}

static void test_all_of_a_name_are_found_in_the_order_of_their_positions(void **state)
{
    (void)state;
    struct name_index x = {0};
    size_t count;
    name_index_add(&x, "python", 7);
    name_index_add(&x, "py", 7);
    name_index_add(&x, "python", 2);
    name_index_add(&x, "pythonic", 3);
    name_index_add(&x, "python", 4);
    name_index_sort(&x);
    const struct name_entry *found = name_index_find(&x, "python", &count);
    assert_int_equal(count, 3);
    assert_int_equal(found[0].position, 2);
    assert_int_equal(found[1].position, 4);
    assert_int_equal(found[2].position, 7);
    static const char *const unknown[] = {"", "a", "p", "pyth", "pythoni", "zig"};
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
        assert_null(name_index_find(&x, unknown[i], &count));
        assert_int_equal(count, 0);
    }
    name_index_done(&x);
}

static void test_each_of_many_is_found(void **state)
{
    (void)state;
    struct name_index x = {0};
    static char names[MANY][8];
    for (size_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]), "%zu", i * 7919 % MANY); /* in no order */
        name_index_add(&x, names[i], i);
    }
    name_index_sort(&x);
    for (size_t i = 0; i < MANY; i++) {
        size_t count;
        const struct name_entry *found = name_index_find(&x, names[i], &count);
        assert_int_equal(count, 1);
        assert_int_equal(found->position, i);
    }
    name_index_done(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_found_in_an_empty_one),
        cmocka_unit_test(test_all_of_a_name_are_found_in_the_order_of_their_positions),
        cmocka_unit_test(test_each_of_many_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
