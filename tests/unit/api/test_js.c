/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/json.h"
#include "api/piston/js.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"

static json_t *parse(const char *text)
{
    json_t *v = NULL;
    struct err e = {0};
    if (json_parse(text, strlen(text), &v, &e) < 0) {
        fail_msg("%s", e.text);
    }
    return v;
}

static void expect_print(const char *json, const char *wanted)
{
    AUTO(json_freep) json_t *v = parse(json);
    AUTO(buf_done) struct buf text = {0};
    js_string(v, &text);
    assert_string_equal(text.data, wanted);
}

static void test_numbers_print_as_in_javascript(void **state)
{
    (void)state;
    static const char *const same[] = {"0",
                                       "1",
                                       "-1",
                                       "10",
                                       "1.5",
                                       "0.1",
                                       "123456789012345680000",
                                       "1e+21",
                                       "0.000001",
                                       "1e-7",
                                       "1.5e-10",
                                       "-2.5e+30",
                                       "9007199254740993"};
    for (size_t i = 0; i < ARRAY_LEN(same) - 1; i++) {
        expect_print(same[i], same[i]);
    }
    expect_print("9007199254740993", "9007199254740992");
    expect_print("1.0", "1");
    expect_print("1e2", "100");
    expect_print("-0.0", "0");
    expect_print("100000000000000000000000", "1e+23");
}

static void test_other_values_print_as_in_javascript(void **state)
{
    (void)state;
    expect_print("null", "null");
    expect_print("true", "true");
    expect_print("\"x\"", "x");
    expect_print("[1,null,[2,\"b\"],{}]", "1,,2,b,[object Object]");
}

static void test_truth_is_javascripts(void **state)
{
    (void)state;
    static const char *const no[] = {"null", "false", "0", "-0.0", "\"\""};
    static const char *const yes[] = {"true", "1", "-1", "\"0\"", "[]", "{}"};
    assert_false(js_truthy(NULL));
    for (size_t i = 0; i < ARRAY_LEN(no); i++) {
        AUTO(json_freep) json_t *v = parse(no[i]);
        assert_false(js_truthy(v));
    }
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        AUTO(json_freep) json_t *v = parse(yes[i]);
        assert_true(js_truthy(v));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_print_as_in_javascript),
        cmocka_unit_test(test_other_values_print_as_in_javascript),
        cmocka_unit_test(test_truth_is_javascripts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
