/* SPDX-License-Identifier: Apache-2.0 */
/* proves: E4 */
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
#include "base/err.h"
#include "client/client_policy.h"

static const char *const nothing[] = {NULL};

static void policy_freep(struct client_policy **p)
{
    client_policy_free(*p);
}

static struct client_policy *policy_make(const char *const *allow)
{
    struct client_policy *p = NULL;
    struct err e = {0};
    if (client_policy_new(allow, &p, &e) < 0) {
        fail_msg("%s", e.text);
    }
    return p;
}

static int check(const struct client_policy *p, const char *address, struct err *e)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1) {
        return client_policy_check(p, (const struct sockaddr *)&v4, e);
    }
    assert_int_equal(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
    return client_policy_check(p, (const struct sockaddr *)&v6, e);
}

static void check_lets_public_addresses_pass(void **state)
{
    static const char *const addresses[] = {
        "1.1.1.1",          "9.255.255.255",
        "11.0.0.0",         "100.63.255.255",
        "100.128.0.0",      "126.255.255.255",
        "128.0.0.0",        "169.253.255.255",
        "172.15.255.255",   "172.32.0.0",
        "191.255.255.255",  "192.0.1.0",
        "192.0.3.0",        "192.88.98.255",
        "192.167.255.255",  "192.169.0.0",
        "198.17.255.255",   "198.20.0.0",
        "198.51.101.0",     "203.0.112.255",
        "223.255.255.255",  "2000::",
        "2606:4700::1111",  "2001:1::1",
        "2001:1::2",        "2001:3::1",
        "2001:4:112::1",    "2001:20::1",
        "2001:2f:ffff::1",  "2001:200::1",
        "2a00:1450:4001::", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "::ffff:8.8.8.8",   "64:ff9b::8.8.8.8",
        "2002:808:808::1",
    };
    (void)state;
    AUTO(policy_freep) struct client_policy *p = policy_make(nothing);
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        struct err e = {0};
        if (check(p, addresses[i], &e) < 0) {
            fail_msg("%s: %s", addresses[i], e.text);
        }
    }
}

static void check_refuses_all_other_addresses(void **state)
{
    static const char *const addresses[] = {
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "168.63.129.16",
        "169.254.0.0",
        "169.254.169.254",
        "169.254.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.0",
        "192.0.0.192",
        "192.0.0.255",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.0",
        "239.255.255.255",
        "240.0.0.0",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "100::1",
        "1fff:ffff::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:1::",
        "2001:2::1",
        "2001:10::1",
        "2001:1ff:ffff::1",
        "2001:db8::1",
        "3fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fdff:ffff::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:10.1.2.3",
        "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::1",
        "64:ff9b:1:808:8:800::",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::",
        "2002:c0a8:101::1",
    };
    (void)state;
    AUTO(policy_freep) struct client_policy *p = policy_make(nothing);
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        struct err e = {0};
        if (check(p, addresses[i], &e) != -ERR_DENIED) {
            fail_msg("%s passes", addresses[i]);
        }
    }
}

static void check_names_the_address_and_its_kind(void **state)
{
    (void)state;
    AUTO(policy_freep) struct client_policy *p = policy_make(nothing);
    struct err e = {0};

    check(p, "::ffff:169.254.169.254", &e);

    assert_string_equal(e.text, "169.254.169.254 is a link-local address, which is refused unless "
                                "it is allowed");
}

static void check_refuses_other_families(void **state)
{
    static const char *const all[] = {"*", NULL};
    (void)state;
    AUTO(policy_freep) struct client_policy *p = policy_make(all);
    const struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct err e = {0};

    assert_int_equal(client_policy_check(p, (const struct sockaddr *)&un, &e), -ERR_DENIED);
}

static void allow_takes_each_form(void **state)
{
    static const struct {
        const char *entry, *inside, *outside;
    } rows[] = {
        {"10.1.2.3", "10.1.2.3", "10.1.2.4"},
        {"10.1.0.0/16", "10.1.255.255", "10.2.0.0"},
        {"10.1.2.3/16", "10.1.0.1", "10.2.0.0"},
        {"192.168.0.128/25", "192.168.0.128", "192.168.0.127"},
        {"127.0.0.0/8", "::ffff:127.0.0.1", "10.0.0.1"},
        {"127.0.0.0/8", "64:ff9b::127.0.0.1", "::1"},
        {"0.0.0.0/0", "10.0.0.1", "::1"},
        {"::1", "::1", "::2"},
        {"::1/128", "::1", "fc00::1"},
        {"fd00::/8", "fdab::1", "fc00::1"},
        {"fd12:3456::/31", "fd12:3457::1", "fd12:3458::1"},
        {"::/0", "fe80::1", "10.0.0.1"},
        {"::ffff:10.0.0.0/104", "10.0.0.1", "127.0.0.1"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *const allow[] = {rows[i].entry, NULL};
        AUTO(policy_freep) struct client_policy *p = policy_make(allow);
        struct err e = {0};
        if (check(p, rows[i].inside, &e) < 0 || check(p, rows[i].outside, &e) == 0) {
            fail_msg("%s", rows[i].entry);
        }
    }
}

static void allow_star_lets_everything_pass(void **state)
{
    static const char *const all[] = {"*", NULL};
    (void)state;
    AUTO(policy_freep) struct client_policy *p = policy_make(all);
    struct err e = {0};

    assert_int_equal(check(p, "127.0.0.1", &e), 0);
    assert_int_equal(check(p, "fe80::1", &e), 0);
    assert_true(client_policy_allows_name(p, "anything"));
}

static void allow_takes_whole_names_in_any_case(void **state)
{
    static const char *const allow[] = {"10.0.0.1", "Hooks.internal", NULL};
    (void)state;
    AUTO(policy_freep) struct client_policy *p = policy_make(allow);

    assert_true(client_policy_allows_name(p, "hooks.INTERNAL"));
    assert_false(client_policy_allows_name(p, "a.hooks.internal"));
    assert_false(client_policy_allows_name(p, "hooks.internal.example.com"));
    assert_false(client_policy_allows_name(p, "hooks"));
    assert_false(client_policy_allows_name(p, "10.0.0.1"));
}

static void allow_refuses_what_is_none_of_them(void **state)
{
    static const char *const entries[] = {
        "",        "10.0.0",      "10.0.0.0/33",   "10.0.0.0/",           "10.0.0.0/8x", "10.0.0/8",
        "::1/129", "300.1.1.1",   "*.example.com", "http://example.com/", "host:8080",   "[::1]",
        "a b",     "10.0.0.0/-1", "::1/0128",      "1.2.3.4.5",           "10.0.0.0/ 8"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        const char *const allow[] = {"127.0.0.1", entries[i], NULL};
        struct client_policy *p = NULL;
        struct err e = {0};
        assert_int_equal(client_policy_new(allow, &p, &e), -ERR_INVALID);
        assert_non_null(strstr(e.text, entries[i]));
        assert_null(p);
    }
}

static void test_hosts_are_judged_as_far_as_they_are_known(void **state)
{
    static const char *const some[] = {"::1", "10.0.0.0/8", "hooks.internal", NULL};
    static const struct {
        const char *host;
        bool passes, passes_some;
    } hosts[] = {
        {"example.org", true, true}, {"hooks.internal", true, true}, {"8.8.8.8", true, true},
        {"localhost", false, true},  {"LOCALHOST.", false, true},    {"127.0.0.1", false, false},
        {"10.1.2.3", false, true},   {"[::1]", false, true},         {"[fe80::1]", false, false},
    };
    (void)state;
    AUTO(policy_freep) struct client_policy *none = policy_make(nothing);
    AUTO(policy_freep) struct client_policy *listed = policy_make(some);
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        struct err e;
        assert_int_equal(client_policy_check_host(none, hosts[i].host, &e) == 0, hosts[i].passes);
        assert_int_equal(client_policy_check_host(listed, hosts[i].host, &e) == 0,
                         hosts[i].passes_some);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_lets_public_addresses_pass),
        cmocka_unit_test(check_refuses_all_other_addresses),
        cmocka_unit_test(check_names_the_address_and_its_kind),
        cmocka_unit_test(check_refuses_other_families),
        cmocka_unit_test(allow_takes_each_form),
        cmocka_unit_test(allow_star_lets_everything_pass),
        cmocka_unit_test(allow_takes_whole_names_in_any_case),
        cmocka_unit_test(test_hosts_are_judged_as_far_as_they_are_known),
        cmocka_unit_test(allow_refuses_what_is_none_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
