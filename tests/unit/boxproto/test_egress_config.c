/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "boxproto/egress_config.h"

static struct egress_config *good(void)
{
    struct egress_config *c = xcalloc(1, sizeof(*c));
    c->version = EGRESS_CONFIG_VERSION;
    c->bandwidth = 1;
    c->connections = 1;
    return c;
}

static void expect_refused(int (*add)(struct egress_config *config, const char *entry,
                                      struct err *e),
                           const char *entry)
{
    AUTO(mem_freep) struct egress_config *c = good();
    struct err e = {0};
    if (add(c, entry, &e) != -ERR_INVALID || strncmp(e.text, "network.", 8) != 0) {
        fail_msg("'%s': %s", entry, e.text);
    }
    assert_int_equal(c->allow_count + c->deny_count + c->name_count + c->resolver_count, 0);
}

static void test_allow_tells_networks_and_names_apart(void **state)
{
    (void)state;
    static const char *const words[] = {"10.1.0.0/16", "203.0.113.7", "Example.ORG",
                                        "*.example.org", "2001:db8::/32"};
    AUTO(mem_freep) struct egress_config *c = good();
    struct err e = {0};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        assert_int_equal(egress_config_allow(c, words[i], &e), 0);
    }
    assert_int_equal(c->allow_count, 3);
    assert_int_equal(c->name_count, 2);
    assert_string_equal(c->names[0], "example.org");
    assert_string_equal(c->names[1], "*.example.org");
    assert_int_equal(c->everything, 0);
    assert_int_equal(egress_config_check(c, &e), 0);
}

static void test_star_alone_is_everything(void **state)
{
    (void)state;
    AUTO(mem_freep) struct egress_config *c = good();
    struct err e = {0};
    assert_int_equal(egress_config_allow(c, "*", &e), 0);
    assert_int_equal(c->everything, 1);
    assert_int_equal(c->name_count, 0);
}

static void test_allow_refuses_the_host_and_its_wire_in_any_spelling(void **state)
{
    (void)state;
    static const char *const words[] = {"127.0.0.1",       "127.0.0.0/8",   "::1",
                                        "169.254.169.254", "fe80::1",       "::ffff:127.0.0.1",
                                        "64:ff9b::7f00:1", "2002:7f00:1::", "0.0.0.0"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        expect_refused(egress_config_allow, words[i]);
    }
}

static void test_allow_refuses_what_is_neither(void **state)
{
    (void)state;
    static const char *const words[] = {
        "",          "10.1",  "10.0.0.0/33", "a..b",        ".a",
        "a.",        "*.",    "*.*.a",       "a b",         "a.*",
        "http://a/", "a.b.1", "**",          "\xc3\xa4.de", "::ffff:10.0.0.0/8"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        expect_refused(egress_config_allow, words[i]);
    }
}

static void test_names_have_labels_of_63_and_an_end(void **state)
{
    (void)state;
    char label[66], name[400] = "";
    memset(label, 'a', sizeof(label));
    label[63] = '\0';
    AUTO(mem_freep) struct egress_config *c = good();
    struct err e = {0};
    assert_int_equal(egress_config_allow(c, label, &e), 0);
    label[63] = 'a';
    label[64] = '\0';
    expect_refused(egress_config_allow, label);
    for (int i = 0; i < 130; i++) {
        strcat(name, "a.");
    }
    strcat(name, "b");
    expect_refused(egress_config_allow, name);
}

static void test_deny_takes_networks_only(void **state)
{
    (void)state;
    AUTO(mem_freep) struct egress_config *c = good();
    struct err e = {0};
    assert_int_equal(egress_config_deny(c, "203.0.113.0/24", &e), 0);
    assert_int_equal(egress_config_deny(c, "::1", &e), 0);
    assert_int_equal(c->deny_count, 2);
    expect_refused(egress_config_deny, "example.org");
    expect_refused(egress_config_deny, "*");
}

static void test_lists_have_an_end(void **state)
{
    (void)state;
    static const struct {
        int (*add)(struct egress_config *config, const char *entry, struct err *e);
        const char *entry;
        int room;
    } rows[] = {
        {egress_config_allow, "203.0.113.7", EGRESS_NETWORKS_MAX},
        {egress_config_allow, "example.org", EGRESS_NAMES_MAX},
        {egress_config_deny, "203.0.113.7", EGRESS_NETWORKS_MAX},
        {egress_config_resolver, "203.0.113.7", EGRESS_RESOLVERS_MAX},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(mem_freep) struct egress_config *c = good();
        struct err e = {0};
        for (int n = 0; n < rows[i].room; n++) {
            assert_int_equal(rows[i].add(c, rows[i].entry, &e), 0);
        }
        assert_int_equal(rows[i].add(c, rows[i].entry, &e), -ERR_LIMIT);
        assert_int_equal(egress_config_check(c, &e), 0);
    }
}

static void test_resolv_conf_gives_its_first_addresses(void **state)
{
    (void)state;
    AUTO(mem_freep) struct egress_config *c = good();
    egress_config_resolv_conf(c, "# nameserver 192.0.2.9\nnameserver 10.0.0.1\nsearch a.b\n"
                                 "nameserver fe80::1%eth0\nnameserver\t::1\nnameserver x\n"
                                 "nameserver 10.0.0.2\nnameserver 10.0.0.3");
    char shown[IP_TEXT_MAX];
    static const char *const wanted[] = {"10.0.0.1", "::1", "10.0.0.2"};
    assert_int_equal(c->resolver_count, ARRAY_LEN(wanted));
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        ip_format(&c->resolvers[i], shown);
        assert_string_equal(shown, wanted[i]);
    }
    expect_refused(egress_config_resolver, "dns.example.org");
}

/* --- in belljar-egress ----------------------------------------------------------------------- */

static void test_check_names_the_field_that_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t offset;
        uint32_t value;
    } rows[] = {
#define ROW(field, value) {#field, offsetof(struct egress_config, field), value}
        ROW(version, 0),
        ROW(uid, UINT32_MAX),
        ROW(gid, UINT32_MAX),
        ROW(log_level, 99),
        ROW(connections, 0),
        ROW(connections, EGRESS_CONNECTIONS_MAX + 1),
        ROW(everything, 2),
        ROW(allow_count, EGRESS_NETWORKS_MAX + 1),
        ROW(deny_count, EGRESS_NETWORKS_MAX + 1),
        ROW(name_count, EGRESS_NAMES_MAX + 1),
        ROW(resolver_count, EGRESS_RESOLVERS_MAX + 1),
#undef ROW
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(mem_freep) struct egress_config *c = good();
        struct err e = {0};
        memcpy((char *)c + rows[i].offset, &rows[i].value, sizeof(rows[i].value));
        assert_int_equal(egress_config_check(c, &e), -ERR_INVALID);
        assert_non_null(strstr(e.text, rows[i].name));
    }
}

static void test_check_refuses_a_name_without_end_and_no_bandwidth(void **state)
{
    (void)state;
    AUTO(mem_freep) struct egress_config *c = good();
    struct err e = {0};
    c->name_count = 1;
    memset(c->names[0], 'a', sizeof(c->names[0]));
    assert_int_equal(egress_config_check(c, &e), -ERR_INVALID);
    assert_non_null(strstr(e.text, "name 0"));
    c->name_count = 0;
    c->bandwidth = 0;
    assert_int_equal(egress_config_check(c, &e), -ERR_INVALID);
    assert_non_null(strstr(e.text, "bandwidth"));
}

static int read_memfd(const void *data, size_t len, bool sealed, struct err *e)
{
    AUTO(fd_closep) int fd = -1;
    AUTO(mem_freep) struct egress_config *read = xcalloc(1, sizeof(*read));
    assert_int_equal(fd_memfd("config", data, len, sealed, &fd, e), 0);
    return egress_config_read(fd, read, e);
}

static void test_read_wants_a_sealed_file_of_its_size(void **state)
{
    (void)state;
    AUTO(mem_freep) struct egress_config *c = good();
    struct err e = {0};
    assert_int_equal(read_memfd(c, sizeof(*c), true, &e), 0);
    assert_int_equal(read_memfd(c, sizeof(*c), false, &e), -ERR_INVALID);
    assert_int_equal(read_memfd(c, sizeof(*c) - 1, true, &e), -ERR_INVALID);
    assert_non_null(strstr(e.text, "not sealed"));
    assert_true(egress_config_read(-1, c, &e) < 0);
    c->version++;
    assert_int_equal(read_memfd(c, sizeof(*c), true, &e), -ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allow_tells_networks_and_names_apart),
        cmocka_unit_test(test_star_alone_is_everything),
        cmocka_unit_test(test_allow_refuses_the_host_and_its_wire_in_any_spelling),
        cmocka_unit_test(test_allow_refuses_what_is_neither),
        cmocka_unit_test(test_names_have_labels_of_63_and_an_end),
        cmocka_unit_test(test_deny_takes_networks_only),
        cmocka_unit_test(test_lists_have_an_end),
        cmocka_unit_test(test_resolv_conf_gives_its_first_addresses),
        cmocka_unit_test(test_check_names_the_field_that_is_wrong),
        cmocka_unit_test(test_check_refuses_a_name_without_end_and_no_bandwidth),
        cmocka_unit_test(test_read_wants_a_sealed_file_of_its_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
