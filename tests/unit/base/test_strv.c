/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/strv.h"

static void test_null_is_the_empty_vector(void **state)
{
    (void)state;
    assert_int_equal(strv_len(NULL), 0);
    assert_false(strv_has(NULL, "a"));
    assert_null(strv_dup(NULL));
    strv_free(NULL);
    AUTO(mem_freep) char *text = strv_join(NULL, ",");
    assert_string_equal(text, "");
}

static void test_add_copies_and_ends_with_null(void **state)
{
    (void)state;
    AUTO(strv_freep) char **v = NULL;
    char text[] = "one";
    strv_add(&v, text);
    text[0] = 'X';
    strv_add_take(&v, xstrdup("two"));
    assert_int_equal(strv_len(v), 2);
    assert_string_equal(v[0], "one");
    assert_null(v[2]);
    assert_true(strv_has(v, "two"));
    assert_false(strv_has(v, "tw"));
}

static void test_add_all_appends_copies(void **state)
{
    (void)state;
    AUTO(strv_freep) char **v = strv_split("a b", " ");
    AUTO(strv_freep) char **copy = strv_dup(v);
    strv_add_all(&copy, v);
    AUTO(mem_freep) char *text = strv_join(copy, "+");
    assert_string_equal(text, "a+b+a+b");
}

static void test_split_leaves_empty_pieces_out(void **state)
{
    (void)state;
    AUTO(strv_freep) char **v = strv_split(",a,,b;c;", ",;");
    AUTO(mem_freep) char *text = strv_join(v, "|");
    assert_string_equal(text, "a|b|c");
    assert_null(strv_split("", ","));
    assert_null(strv_split(",,", ","));
}

static void test_freep_clears(void **state)
{
    (void)state;
    char **v = strv_split("a", ",");
    strv_freep(&v);
    assert_null(v);
}

static void test_starts_and_ends(void **state)
{
    (void)state;
    assert_true(str_starts("main.c", "main"));
    assert_true(str_starts("main.c", ""));
    assert_false(str_starts("ma", "main"));
    assert_true(str_ends("main.c", ".c"));
    assert_true(str_ends("main.c", ""));
    assert_false(str_ends("c", ".c"));
    assert_false(str_ends("main.cc", ".c"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_null_is_the_empty_vector),
        cmocka_unit_test(test_add_copies_and_ends_with_null),
        cmocka_unit_test(test_add_all_appends_copies),
        cmocka_unit_test(test_split_leaves_empty_pieces_out),
        cmocka_unit_test(test_freep_clears),
        cmocka_unit_test(test_starts_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
