/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "egress/policy.h"

static void policy_freep(struct policy **p)
{
    policy_free(*p);
}

static bool allows(const struct policy *p, const char *address)
{
    struct ip a;
    assert_true(ip_parse(address, &a));
    return policy_allows(p, &a);
}

static void expect_all(const struct policy *p, const char *const *addresses, bool allowed)
{
    for (; *addresses; addresses++) {
        if (allows(p, *addresses) != allowed) {
            fail_msg("%s is %s", *addresses, allowed ? "refused" : "allowed");
        }
    }
}

#define LIST(...)                                                                                  \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }
#define PUBLIC                                                                                     \
    LIST("8.8.8.8", "1.1.1.1", "2001:4860:4860::8888", "64:ff9b::808:808", "2002:808:808::1")
#define PRIVATE LIST("10.0.0.1", "172.31.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "198.18.0.1")
#define SELF                                                                                       \
    LIST("127.0.0.1", "0.0.0.0", "169.254.169.254", "224.0.0.1", "255.255.255.255", "240.0.0.1",   \
         "::", "::1", "fe80::1", "ff02::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1",                 \
         "2002:7f00:1::", "64:ff9b::a9fe:a9fe", "192.0.2.1", "192.0.2.3",                          \
         "fd62:656c:6c6a:6172::1")

static struct policy *policy_of(struct egress_config *c, const char *const *allow,
                                const char *const *deny)
{
    struct err e;
    memset(c, 0, sizeof(*c));
    c->everything = allow == NULL;
    for (; allow && *allow; allow++) {
        assert_int_equal(egress_config_allow(c, *allow, &e), 0);
    }
    for (; deny && *deny; deny++) {
        assert_int_equal(egress_config_deny(c, *deny, &e), 0);
    }
    return policy_new(c);
}

static struct egress_config config;

static void test_public_is_all_there_is_by_default(void **state)
{
    (void)state;
    AUTO(policy_freep) struct policy *p = policy_of(&config, NULL, NULL);
    expect_all(p, PUBLIC, true);
    expect_all(p, PRIVATE, false);
    expect_all(p, SELF, false);
}

static void test_a_list_is_all_there_is(void **state)
{
    (void)state;
    AUTO(policy_freep) struct policy *p = policy_of(&config, LIST("10.0.0.0/8", "1.1.1.1"), NULL);
    expect_all(p, LIST("10.0.0.1", "10.255.255.255", "1.1.1.1"), true);
    expect_all(p, LIST("8.8.8.8", "11.0.0.1", "192.168.1.1", "64:ff9b::a00:1", "2002:a00:1::"),
               false);
    expect_all(p, SELF, false);
}

static void test_a_star_with_a_private_network_is_both(void **state)
{
    (void)state;
    AUTO(policy_freep) struct policy *p = policy_of(&config, LIST("*", "192.168.1.0/24"), NULL);
    expect_all(p, PUBLIC, true);
    expect_all(p, LIST("192.168.1.77"), true);
    expect_all(p, LIST("192.168.2.1", "10.0.0.1"), false);
}

static void test_a_wide_network_means_no_private_one(void **state)
{
    (void)state;
    AUTO(policy_freep)
    struct policy *p = policy_of(&config, LIST("0.0.0.0/0", "8.0.0.0/5", "::/0", "f000::/4"), NULL);
    expect_all(p, PUBLIC, true);
    expect_all(p, PRIVATE, false);
    expect_all(p, LIST("64:ff9b:1::a00:1", "::8.8.8.8"), false);
    expect_all(p, SELF, false);
}

static void test_what_is_denied_is_refused_in_any_spelling(void **state)
{
    (void)state;
    AUTO(policy_freep)
    struct policy *p =
        policy_of(&config, LIST("*", "10.0.0.0/8"), LIST("8.8.0.0/16", "10.1.0.0/16"));
    expect_all(p, LIST("8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "10.1.2.3"), false);
    expect_all(p, LIST("1.1.1.1", "10.2.0.1"), true);
}

static void test_pins_open_public_addresses_only(void **state)
{
    (void)state;
    static const char *const addresses[] = {"8.8.8.8", "10.0.0.1", "127.0.0.1", "2001:4860::1"};
    AUTO(policy_freep) struct policy *p = policy_of(&config, LIST("example.org"), NULL);
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        struct ip a;
        assert_false(allows(p, addresses[i]));
        assert_true(ip_parse(addresses[i], &a));
        policy_pin(p, &a);
    }
    expect_all(p, LIST("8.8.8.8", "2001:4860::1"), true);
    expect_all(p, LIST("10.0.0.1", "127.0.0.1", "8.8.4.4"), false);
}

static void test_the_oldest_pin_gives_way(void **state)
{
    (void)state;
    AUTO(policy_freep) struct policy *p = policy_of(&config, LIST("example.org"), NULL);
    for (unsigned i = 0; i < 600; i++) {
        const uint8_t four[] = {9, 9, (uint8_t)(i / 256), (uint8_t)i};
        struct ip a = ip_of_v4(four);
        policy_pin(p, &a);
        policy_pin(p, &a); /* again is no other */
    }
    expect_all(p, LIST("9.9.2.87", "9.9.0.100"), true); /* the last, and one that is kept */
    expect_all(p, LIST("9.9.0.0", "9.9.0.87"), false);
}

static void test_names_match_whole_or_by_their_ending(void **state)
{
    (void)state;
    AUTO(policy_freep)
    struct policy *p = policy_of(&config, LIST("Example.org", "*.debian.org"), NULL);
    static const char *const yes[] = {"example.org", "EXAMPLE.ORG", "a.debian.org",
                                      "a.b.debian.ORG"};
    static const char *const no[] = {
        "www.example.org",       "debian.org", "xdebian.org", "org", "", "example.org.",
        "a.debian.org.evil.net", ".debian.org"};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        assert_true(policy_allows_name(p, yes[i]));
    }
    for (size_t i = 0; i < ARRAY_LEN(no); i++) {
        if (policy_allows_name(p, no[i])) {
            fail_msg("'%s' is allowed", no[i]);
        }
    }
}

static void test_every_name_may_be_asked_for_without_a_list(void **state)
{
    (void)state;
    AUTO(policy_freep) struct policy *all = policy_of(&config, NULL, NULL);
    assert_true(policy_allows_name(all, "anything.at.all"));
    assert_true(policy_allows_name(all, ""));
}

static void test_no_name_may_be_asked_for_where_only_networks_are_listed(void **state)
{
    (void)state;
    AUTO(policy_freep) struct policy *p = policy_of(&config, LIST("10.0.0.0/8"), NULL);
    assert_false(policy_allows_name(p, "example.org"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_public_is_all_there_is_by_default),
        cmocka_unit_test(test_a_list_is_all_there_is),
        cmocka_unit_test(test_a_star_with_a_private_network_is_both),
        cmocka_unit_test(test_a_wide_network_means_no_private_one),
        cmocka_unit_test(test_what_is_denied_is_refused_in_any_spelling),
        cmocka_unit_test(test_pins_open_public_addresses_only),
        cmocka_unit_test(test_the_oldest_pin_gives_way),
        cmocka_unit_test(test_names_match_whole_or_by_their_ending),
        cmocka_unit_test(test_every_name_may_be_asked_for_without_a_list),
        cmocka_unit_test(test_no_name_may_be_asked_for_where_only_networks_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
