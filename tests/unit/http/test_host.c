/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/host.h"

static const char *const none[] = {NULL};
static const char *const loopback[] = {"127.0.0.1", NULL};
static const char *const lan[] = {"192.168.1.5", "2001:db8::1", NULL};
static const char *const named[] = {"Judge.example.com", NULL};
static const char *const any[] = {"*", NULL};

static const struct host_policy strict = {none, loopback, false};

static void test_parse_takes_names_addresses_and_ports(void **state)
{
    (void)state;
    char host[HOST_MAX];
    unsigned port;
    assert_true(host_parse("Example.COM.:81", host, &port));
    assert_string_equal(host, "example.com");
    assert_int_equal(port, 81);
    assert_true(host_parse("[::1]:2358", host, &port));
    assert_string_equal(host, "::1");
    assert_true(host_parse("a_b-c", host, &port));
    assert_int_equal(port, 0);
}

static void test_parse_refuses_what_is_no_host(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     ":80",    "a:b", "a:99999", "a b",     "a/b",
                                      "[::1", "[::1]x", "a@b", "[]",      "a:80:80", "[g]"};
    char host[HOST_MAX];
    unsigned port;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(host_parse(bad[i], host, &port));
    }
}

static void test_loopback_names_are_always_allowed(void **state)
{
    (void)state;
    static const char *const good[] = {"localhost",     "LOCALHOST:2358", "localhost.",
                                       "app.localhost", "127.0.0.1:80",   "127.3.2.1",
                                       "[::1]:2358"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(host_allowed(good[i], &strict));
    }
}

static void test_foreign_host_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"evil.example", "localhost.evil.example", "192.168.1.5",
                                      "notlocalhost", "127.0.0.1.evil.example", ""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(host_allowed(bad[i], &strict));
    }
}

static void test_address_that_is_listened_on_is_allowed(void **state)
{
    (void)state;
    struct host_policy p = {none, lan, false};
    assert_true(host_allowed("192.168.1.5:2358", &p));
    assert_true(host_allowed("[2001:DB8:0::1]", &p));
    assert_false(host_allowed("192.168.1.6", &p));
}

static void test_any_numeric_host_is_ours_when_all_are_listened_on(void **state)
{
    (void)state;
    struct host_policy p = {none, none, true};
    assert_true(host_allowed("203.0.113.9:2358", &p));
    assert_false(host_allowed("evil.example", &p));
}

static void test_configured_names_are_allowed(void **state)
{
    (void)state;
    struct host_policy p = {named, loopback, false}, all = {any, loopback, false};
    assert_true(host_allowed("judge.example.com:443", &p));
    assert_false(host_allowed("example.com", &p));
    assert_true(host_allowed("evil.example", &all));
}

static void test_origin_of_a_foreign_page_is_refused(void **state)
{
    (void)state;
    struct host_policy p = {none, none, true};
    assert_false(origin_allowed("http://evil.example", "localhost:2358", &strict));
    assert_false(origin_allowed("null", "localhost:2358", &strict));
    assert_false(origin_allowed("file://", "localhost:2358", &strict));
    assert_false(origin_allowed("http://203.0.113.9", "192.168.1.5:2358", &p));
    assert_false(origin_allowed("http://192.168.1.5:9999", "192.168.1.5:2358", &p));
}

static void test_origin_of_our_own_pages_is_allowed(void **state)
{
    (void)state;
    struct host_policy p = {none, none, true}, all = {any, loopback, false};
    assert_true(origin_allowed("http://localhost:5173", "localhost:2358", &strict));
    assert_true(origin_allowed("http://192.168.1.5:2358", "192.168.1.5:2358", &p));
    assert_true(origin_allowed("http://192.168.1.5", "192.168.1.5", &p));
    assert_true(origin_allowed("null", "localhost", &all));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_takes_names_addresses_and_ports),
        cmocka_unit_test(test_parse_refuses_what_is_no_host),
        cmocka_unit_test(test_loopback_names_are_always_allowed),
        cmocka_unit_test(test_foreign_host_is_refused),
        cmocka_unit_test(test_address_that_is_listened_on_is_allowed),
        cmocka_unit_test(test_any_numeric_host_is_ours_when_all_are_listened_on),
        cmocka_unit_test(test_configured_names_are_allowed),
        cmocka_unit_test(test_origin_of_a_foreign_page_is_refused),
        cmocka_unit_test(test_origin_of_our_own_pages_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
