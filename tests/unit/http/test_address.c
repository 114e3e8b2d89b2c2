/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "http/address.h"

static void expect_format(const char *text, const char *shown, const char *host)
{
    struct address a;
    struct err e = {0};
    char out[ADDRESS_TEXT_MAX];
    assert_int_equal(address_parse(text, &a, &e), 0);
    address_format(&a, out);
    assert_string_equal(out, shown);
    address_format_host(&a, out);
    assert_string_equal(out, host);
}

static void test_parse_and_format_agree(void **state)
{
    (void)state;
    expect_format("127.0.0.1:2358", "127.0.0.1:2358", "127.0.0.1");
    expect_format("[::1]:80", "[::1]:80", "::1");
    expect_format("[2001:DB8::0:1]:65535", "[2001:db8::1]:65535", "2001:db8::1");
    expect_format("localhost:0", "127.0.0.1:0", "127.0.0.1");
    expect_format("*:1", "0.0.0.0:1", "0.0.0.0");
    expect_format(":1", "0.0.0.0:1", "0.0.0.0");
}

static void test_any_is_told(void **state)
{
    (void)state;
    struct address a;
    struct err e = {0};
    assert_int_equal(address_parse("[::]:1", &a, &e), 0);
    assert_true(address_is_any(&a));
    assert_int_equal(address_parse("0.0.0.0:1", &a, &e), 0);
    assert_true(address_is_any(&a));
    assert_int_equal(address_parse("127.0.0.1:1", &a, &e), 0);
    assert_false(address_is_any(&a));
}

static void test_parse_names_what_is_wrong(void **state)
{
    (void)state;
    static const char *const bad[] = {"127.0.0.1",       "2358",           "127.0.0.1:",
                                      "127.0.0.1:99999", "127.0.0.1:x",    "::1:80",
                                      "example.com:80",  "[127.0.0.1]:80", "",
                                      "127.0.0.256:1",   "[::1]:-1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct address a;
        struct err e = {0};
        assert_int_equal(address_parse(bad[i], &a, &e), -ERR_INVALID);
        assert_non_null(strstr(e.text, bad[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_and_format_agree),
        cmocka_unit_test(test_any_is_told),
        cmocka_unit_test(test_parse_names_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
