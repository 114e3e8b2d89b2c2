/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/ip.h"

static struct ip address(const char *text)
{
    struct ip a;
    if (!ip_parse(text, &a)) {
        fail_msg("%s", text);
    }
    return a;
}

static bool has(const char *network, const char *text)
{
    struct ip_network n;
    struct ip a = address(text);
    if (!ip_network_parse(network, &n)) {
        fail_msg("%s", network);
    }
    return ip_network_has(&n, &a);
}

static void expect_text(const char *text, const char *wanted)
{
    char shown[IP_TEXT_MAX];
    struct ip a = address(text);
    ip_format(&a, shown);
    assert_string_equal(shown, wanted);
}

static void test_address_is_shown_in_its_short_form(void **state)
{
    (void)state;
    expect_text("10.1.2.3", "10.1.2.3");
    expect_text("::ffff:10.1.2.3", "10.1.2.3");
    expect_text("2001:0db8:0:0::1", "2001:db8::1");
    expect_text("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

static void test_what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",           "localhost", "10.1",  "010.1.2.3",
                                      "10.1.2.256", "10.1.2.3 ", "[::1]", "::1%eth0",
                                      ":::",        "10.1.2.3/8"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct ip a;
        if (ip_parse(bad[i], &a)) {
            fail_msg("'%s' was taken", bad[i]);
        }
    }
}

static void test_what_is_no_network_is_refused_and_nothing_is_written(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "/8",
                                      "10.0.0.0/",
                                      "10.0.0.0/33",
                                      "::/129",
                                      "::/1x",
                                      "::/-1",
                                      "10.0.0.0/ 8",
                                      "::/4294967296",
                                      "::ffff:10.0.0.0/8",
                                      "10.0.0.0/8/8",
                                      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/8"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct ip_network n = {.bits = 7};
        if (ip_network_parse(bad[i], &n) || n.bits != 7) {
            fail_msg("'%s' was taken", bad[i]);
        }
    }
}

static void test_network_has_what_begins_with_its_bits(void **state)
{
    (void)state;
    assert_true(has("10.0.0.0/8", "10.255.0.1"));
    assert_false(has("10.0.0.0/8", "11.0.0.1"));
    assert_true(has("10.1.2.128/25", "10.1.2.200"));
    assert_false(has("10.1.2.128/25", "10.1.2.127"));
    assert_true(has("10.1.2.3", "10.1.2.3"));
    assert_false(has("10.1.2.3", "10.1.2.4"));
    assert_true(has("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(has("2001:db8::/33", "2001:db8:8000::1"));
}

static void test_both_spellings_of_an_ipv4_address_are_one(void **state)
{
    (void)state;
    assert_true(has("10.0.0.0/8", "::ffff:10.1.2.3"));
    assert_true(has("::ffff:10.0.0.0/104", "10.1.2.3"));
}

static void test_all_of_one_family_is_nothing_of_the_other(void **state)
{
    (void)state;
    assert_true(has("0.0.0.0/0", "10.1.2.3"));
    assert_false(has("0.0.0.0/0", "::1"));
    assert_true(has("::/0", "::1"));
    assert_false(has("::/0", "10.1.2.3"));
}

static void test_address_of_a_socket_is_known_by_its_family(void **state)
{
    (void)state;
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr = {htonl(0x7f000001)}};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_un other = {.sun_family = AF_UNIX};
    struct ip a, b = address("127.0.0.1"), c = address("::1");
    assert_true(ip_of_sockaddr((const struct sockaddr *)&v4, &a));
    assert_memory_equal(&a, &b, sizeof(a));
    assert_true(ip_of_sockaddr((const struct sockaddr *)&v6, &a));
    assert_memory_equal(&a, &c, sizeof(a));
    assert_false(ip_of_sockaddr((const struct sockaddr *)&other, &a));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address_is_shown_in_its_short_form),
        cmocka_unit_test(test_what_is_no_address_is_refused),
        cmocka_unit_test(test_what_is_no_network_is_refused_and_nothing_is_written),
        cmocka_unit_test(test_network_has_what_begins_with_its_bits),
        cmocka_unit_test(test_both_spellings_of_an_ipv4_address_are_one),
        cmocka_unit_test(test_all_of_one_family_is_nothing_of_the_other),
        cmocka_unit_test(test_address_of_a_socket_is_known_by_its_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
