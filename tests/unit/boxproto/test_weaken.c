/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "boxproto/weaken.h"

static void test_parse_of_words_gives_their_bits(void **state)
{
    (void)state;
    uint64_t mask = 0;
    struct err e = {0};
    assert_int_equal(weaken_parse("filter,oom-count", &mask, &e), 0);
    assert_true(mask == (UINT64_C(1) << WEAKEN_FILTER | UINT64_C(1) << WEAKEN_OOM_COUNT));
}

static void test_parse_of_nothing_leaves_nothing_out(void **state)
{
    (void)state;
    uint64_t mask = 1;
    struct err e = {0};
    assert_int_equal(weaken_parse("", &mask, &e), 0);
    assert_true(mask == 0);
}

static void test_parse_of_an_unknown_word_names_it(void **state)
{
    (void)state;
    uint64_t mask = 7;
    struct err e = {0};
    assert_int_equal(weaken_parse("filter,filters", &mask, &e), -ERR_INVALID);
    assert_non_null(strstr(e.text, "'filters'"));
    assert_true(mask == 7);
}

static void test_limit_is_wider_only_with_its_switch(void **state)
{
    (void)state;
    uint64_t mask = UINT64_C(1) << WEAKEN_MEMORY;
    assert_true(weaken_limit(mask, WEAKEN_MEMORY, 10) == 10 * WEAKEN_FACTOR);
    assert_true(weaken_limit(mask, WEAKEN_PROCESSES, 10) == 10);
    assert_true(weaken_limit(mask, WEAKEN_MEMORY, UINT64_MAX) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_of_words_gives_their_bits),
        cmocka_unit_test(test_parse_of_nothing_leaves_nothing_out),
        cmocka_unit_test(test_parse_of_an_unknown_word_names_it),
        cmocka_unit_test(test_limit_is_wider_only_with_its_switch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
