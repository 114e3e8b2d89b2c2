/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/json.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"

static void expect_bad(const char *text, size_t len, int result, const char *word)
{
    json_t *v = NULL;
    struct err e = {0};
    assert_int_equal(json_parse(text, len, &v, &e), result);
    assert_null(v);
    assert_non_null(strstr(e.text, word));
}

static void test_broken_text_is_told_with_its_place(void **state)
{
    (void)state;
    expect_bad("{\"a\":\n x}", 8, -ERR_INVALID, "line 2");
    expect_bad("{", 1, -ERR_INVALID, "bad JSON");
    expect_bad("", 0, -ERR_INVALID, "bad JSON");
    expect_bad("\"\xff\"", 3, -ERR_INVALID, "0xff");
    expect_bad("{} {}", 5, -ERR_INVALID, "bad JSON");
    expect_bad("1e999", 5, -ERR_INVALID, "bad JSON");
}

static void test_exact_keeps_integers_as_long_as_it_can(void **state)
{
    (void)state;
    json_t *v = NULL;
    struct err e = {0};
    assert_int_equal(json_parse_exact("[15, 15.0]", 10, &v, &e), 0);
    assert_true(json_is_integer(json_array_get(v, 0)));
    assert_true(json_is_real(json_array_get(v, 1)));
    json_decref(v);
    static const char big[] = "[15, 123456789012345678901234567890]";
    assert_int_equal(json_parse_exact(big, strlen(big), &v, &e), 0);
    assert_true(json_is_real(json_array_get(v, 1)));
    json_decref(v);
    v = NULL;
    assert_int_equal(json_parse_exact("1e400", 5, &v, &e), -ERR_INVALID);
    assert_int_equal(json_parse_exact("{\"a\":\"\\ud800\"}", 14, &v, &e), -ERR_INVALID);
    assert_int_equal(json_parse_exact("\"\xff\"", 3, &v, &e), -ERR_INVALID);
    assert_null(v);
}

static void test_deep_text_is_refused_before_it_is_parsed(void **state)
{
    (void)state;
    char text[2 * JSON_DEPTH_MAX + 2];
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    expect_bad(text, sizeof(text), -ERR_LIMIT, "deeper than 200");

    json_t *v = NULL;
    struct err e = {0};
    assert_int_equal(json_parse(text + 1, sizeof(text) - 2, &v, &e), 0);
    json_decref(v);
}

static void test_too_many_values_are_refused(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf text = {0};
    buf_add_char(&text, '[');
    for (int i = 0; i < JSON_VALUES_MAX; i++) {
        buf_add_str(&text, "1,");
    }
    buf_add_str(&text, "1]");
    expect_bad(text.data, text.len, -ERR_LIMIT, "more than 1000000 values");
}

static void test_brackets_in_strings_do_not_count(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf text = {0};
    struct err e = {0};
    buf_add_str(&text, "\"\\\"");
    for (int i = 0; i < 1000; i++) {
        buf_add_str(&text, "[{,");
    }
    buf_add_str(&text, "\\\\\"");
    assert_int_equal(json_scan(text.data, text.len, &e), 0);
}

static void test_last_of_equal_keys_counts_and_nul_is_kept(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":1,\"a\":\"x\\u0000y\"}";
    AUTO(json_freep) json_t *v = NULL;
    struct err e = {0};
    assert_int_equal(json_parse(text, strlen(text), &v, &e), 0);
    assert_int_equal(json_string_length(json_object_get(v, "a")), 3);
}

static void test_numbers_that_fit_no_integer_are_taken(void **state)
{
    (void)state;
    AUTO(json_freep) json_t *v = NULL;
    struct err e = {0};
    assert_int_equal(json_parse("99999999999999999999", 20, &v, &e), 0);
    assert_true(json_number_value(v) > 9e19);
}

static void test_repaired_takes_any_bytes(void **state)
{
    (void)state;
    AUTO(json_freep) json_t *v = json_repaired("a\0\xff", 3);
    assert_int_equal(json_string_length(v), 5);
    AUTO(mem_freep) char *text = json_dumps(v, JSON_ENCODE_ANY);
    assert_string_equal(text, "\"a\\u0000\xef\xbf\xbd\"");
    AUTO(json_freep) json_t *empty = json_repaired(NULL, 0);
    assert_int_equal(json_string_length(empty), 0);
}

static void test_written_string_reads_back_as_it_was(void **state)
{
    (void)state;
    char all[128 + 3 + 1] = "";
    for (int i = 0; i < 128; i++) {
        all[i] = (char)i;
    }
    memcpy(all + 128, "\xe2\x82\xac", 3);
    AUTO(buf_done) struct buf text = {0};
    json_write_string(&text, all, 131);
    AUTO(json_freep) json_t *v = NULL;
    struct err e = {0};
    assert_int_equal(json_parse(text.data, text.len, &v, &e), 0);
    assert_int_equal(json_string_length(v), 131);
    assert_memory_equal(json_string_value(v), all, 131);
    assert_null(memchr(text.data, '\n', text.len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broken_text_is_told_with_its_place),
        cmocka_unit_test(test_exact_keeps_integers_as_long_as_it_can),
        cmocka_unit_test(test_deep_text_is_refused_before_it_is_parsed),
        cmocka_unit_test(test_too_many_values_are_refused),
        cmocka_unit_test(test_brackets_in_strings_do_not_count),
        cmocka_unit_test(test_last_of_equal_keys_counts_and_nul_is_kept),
        cmocka_unit_test(test_numbers_that_fit_no_integer_are_taken),
        cmocka_unit_test(test_repaired_takes_any_bytes),
        cmocka_unit_test(test_written_string_reads_back_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
