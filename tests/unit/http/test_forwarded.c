/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "http/forwarded.h"

static void expect(const char *forwarded_for, const char *real_ip, const char *wanted)
{
    static const char *const list[] = {"10.0.0.0/8", "::1", NULL};
    AUTO(forwarded_proxies_done) struct forwarded_proxies p = {0};
    struct err e = {0};
    struct ip client;
    char shown[IP_TEXT_MAX] = "the proxy";
    assert_int_equal(forwarded_proxies_parse(list, &p, &e), 0);
    if (forwarded_client(&p, forwarded_for, real_ip, &client)) {
        ip_format(&client, shown);
    }
    if (strcmp(shown, wanted) != 0) {
        fail_msg("'%s': %s, not %s", forwarded_for != NULL ? forwarded_for : "-", shown, wanted);
    }
}

static void test_client_is_the_last_hop_that_is_no_proxy(void **state)
{
    (void)state;
    expect("192.0.2.1", NULL, "192.0.2.1");
    expect("192.0.2.9, 192.0.2.1", NULL, "192.0.2.1");
    expect("192.0.2.9,192.0.2.1 , 10.1.2.3,::1", NULL, "192.0.2.1");
    expect("2001:db8::1", NULL, "2001:db8::1");
}

static void test_client_inside_the_trusted_network_is_the_first_hop(void **state)
{
    (void)state;
    expect("10.9.9.9, 10.1.2.3", NULL, "10.9.9.9");
}

static void test_port_and_brackets_are_left_out(void **state)
{
    (void)state;
    expect("192.0.2.1:4711", NULL, "192.0.2.1");
    expect("[2001:db8::1]:4711", NULL, "2001:db8::1");
    expect("[2001:db8::1]", NULL, "2001:db8::1");
    expect("::ffff:192.0.2.1", NULL, "192.0.2.1");
}

static void test_what_stands_before_garbage_is_not_believed(void **state)
{
    (void)state;
    expect("192.0.2.1, garbage", NULL, "the proxy");
    expect("192.0.2.1, , 10.1.2.3", NULL, "10.1.2.3");
    expect("192.0.2.1, unknown, 10.1.2.3", NULL, "10.1.2.3");
    expect("", NULL, "the proxy");
    expect(",", NULL, "the proxy");
    expect("[2001:db8::1", NULL, "the proxy");
    expect("[]", NULL, "the proxy");
    expect("192.0.2.1/8", NULL, "the proxy");
    expect("1111111111111111111111111111111111111111111111111111111111111111111111111", NULL,
           "the proxy");
}

static void test_real_ip_counts_where_the_hops_do_not_say(void **state)
{
    (void)state;
    expect(NULL, "192.0.2.7", "192.0.2.7");
    expect("garbage", " 192.0.2.7 ", "192.0.2.7");
    expect("192.0.2.1", "192.0.2.7", "192.0.2.1");
    expect(NULL, "garbage", "the proxy");
    expect(NULL, "192.0.2.7, 192.0.2.8", "the proxy");
}

static void test_bad_network_is_named(void **state)
{
    (void)state;
    static const char *const list[] = {"10.0.0.0/8", "proxy.example", NULL};
    struct forwarded_proxies p = {0};
    struct err e = {0};
    assert_int_equal(forwarded_proxies_parse(list, &p, &e), -ERR_INVALID);
    assert_non_null(strstr(e.text, "server.trusted_proxies: 'proxy.example'"));
    assert_null(p.networks);
}

static void test_without_a_list_nobody_is_trusted(void **state)
{
    (void)state;
    AUTO(forwarded_proxies_done) struct forwarded_proxies p = {0};
    struct err e = {0};
    struct ip loopback;
    assert_true(ip_parse("127.0.0.1", &loopback));
    assert_int_equal(forwarded_proxies_parse(NULL, &p, &e), 0);
    assert_false(forwarded_trusts(&p, &loopback));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_is_the_last_hop_that_is_no_proxy),
        cmocka_unit_test(test_client_inside_the_trusted_network_is_the_first_hop),
        cmocka_unit_test(test_port_and_brackets_are_left_out),
        cmocka_unit_test(test_what_stands_before_garbage_is_not_believed),
        cmocka_unit_test(test_real_ip_counts_where_the_hops_do_not_say),
        cmocka_unit_test(test_bad_network_is_named),
        cmocka_unit_test(test_without_a_list_nobody_is_trusted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
