/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"

static void test_add_keeps_a_nul_behind(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = {0};
    for (int i = 0; i < 1000; i++) {
        buf_add_char(&b, 'x');
        assert_int_equal(strlen(b.data), i + 1);
    }
}

static void test_add_str_and_fmt_append(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = {0};
    buf_add_str(&b, "a=");
    buf_add_fmt(&b, "%d,%s", 5, "");
    assert_string_equal(b.data, "a=5,");
    assert_int_equal(b.len, 4);
}

static void test_add_fmt_of_nothing_adds_nothing(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = {0};
    buf_add_fmt(&b, "%s", "");
    assert_int_equal(b.len, 0);
}

static void test_add_fmt_grows_past_the_first_block(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = {0};
    buf_add_fmt(&b, "%0500d", 7);
    assert_int_equal(b.len, 500);
    assert_string_equal(b.data + 498, "07");
}

static void test_add_of_nothing_makes_an_empty_string(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = {0};
    buf_add(&b, NULL, 0);
    assert_string_equal(b.data, "");
}

static void test_reserve_and_commit_take_what_was_written(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = {0};
    buf_add_str(&b, "ab");
    memcpy(buf_reserve(&b, 100), "cd", 2);
    buf_commit(&b, 2);
    assert_string_equal(b.data, "abcd");
    assert_true(b.cap >= 103);
}

static void test_consume_drops_the_front(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = {0};
    buf_add_str(&b, "hello");
    buf_consume(&b, 2);
    assert_string_equal(b.data, "llo");
    assert_int_equal(b.len, 3);
    buf_consume(&b, 99);
    assert_int_equal(b.len, 0);
    assert_string_equal(b.data, "");
}

static void test_clear_of_an_unused_buf_is_fine(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_clear(&b);
    buf_consume(&b, 1);
    assert_null(b.data);
}

static void test_take_moves_the_bytes_out(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_add_str(&b, "mine");
    AUTO(mem_freep) char *text = buf_take(&b);
    AUTO(mem_freep) char *empty = buf_take(&b);
    assert_string_equal(text, "mine");
    assert_string_equal(empty, "");
    assert_null(b.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add_keeps_a_nul_behind),
        cmocka_unit_test(test_add_str_and_fmt_append),
        cmocka_unit_test(test_add_fmt_of_nothing_adds_nothing),
        cmocka_unit_test(test_add_fmt_grows_past_the_first_block),
        cmocka_unit_test(test_add_of_nothing_makes_an_empty_string),
        cmocka_unit_test(test_reserve_and_commit_take_what_was_written),
        cmocka_unit_test(test_consume_drops_the_front),
        cmocka_unit_test(test_clear_of_an_unused_buf_is_fine),
        cmocka_unit_test(test_take_moves_the_bytes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
