/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "model/execution.h"

static void test_new_one_is_queued_and_not_over(void **state)
{
    (void)state;
    AUTO(execution_unrefp) struct execution *x = execution_new();
    assert_int_equal(x->state, EXECUTION_QUEUED);
    assert_false(execution_is_over(x));
}

static void test_over_is_finished_or_cancelled(void **state)
{
    (void)state;
    AUTO(execution_unrefp) struct execution *x = execution_new();
    x->state = EXECUTION_RUNNING;
    assert_false(execution_is_over(x));
    x->state = EXECUTION_FINISHED;
    assert_true(execution_is_over(x));
    x->state = EXECUTION_CANCELLED;
    assert_true(execution_is_over(x));
}

static void test_last_reference_frees(void **state)
{
    (void)state;
    struct execution *x = execution_new();
    assert_ptr_equal(execution_ref(x), x);
    execution_unref(x);
    x->caller = xstrdup("still there");
    execution_unrefp(&x);
    assert_null(x);
    execution_unref(NULL);
}

static void test_part_is_a_copy_with_a_nul_behind(void **state)
{
    (void)state;
    AUTO(execution_unrefp) struct execution *x = execution_new();
    char data[] = {'a', '\0', 'b'};
    execution_set_part(x, PART_STDIN, data, sizeof(data));
    data[0] = 'x';
    assert_int_equal(x->parts[PART_STDIN].len, 3);
    assert_memory_equal(x->parts[PART_STDIN].data, "a\0b", 4);
}

static void test_part_can_be_null_and_not_empty(void **state)
{
    (void)state;
    AUTO(execution_unrefp) struct execution *x = execution_new();
    execution_set_part(x, PART_STDOUT, "", 0);
    assert_non_null(x->parts[PART_STDOUT].data);
    execution_take_part(x, PART_STDOUT, NULL, 7);
    assert_null(x->parts[PART_STDOUT].data);
    assert_int_equal(x->parts[PART_STDOUT].len, 0);
}

static void test_bytes_grow_with_texts_and_parts(void **state)
{
    (void)state;
    AUTO(execution_unrefp) struct execution *x = execution_new();
    size_t empty = execution_bytes(x);
    x->caller = xstrdup("1234");
    x->result = xstrdup("{}");
    execution_set_part(x, PART_SOURCE, "123456789", 9);
    assert_int_equal(execution_bytes(x), empty + 5 + 3 + 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_one_is_queued_and_not_over),
        cmocka_unit_test(test_over_is_finished_or_cancelled),
        cmocka_unit_test(test_last_reference_frees),
        cmocka_unit_test(test_part_is_a_copy_with_a_nul_behind),
        cmocka_unit_test(test_part_can_be_null_and_not_empty),
        cmocka_unit_test(test_bytes_grow_with_texts_and_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
