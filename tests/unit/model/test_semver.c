/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/cleanup.h"
#include "model/semver.h"

/* Table rows say themselves which one failed: cmocka has no message of its own for that. */
#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            print_error(__VA_ARGS__);                                                              \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

static void test_parse_takes_versions(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct semver version;
    } rows[] = {
        {"1.2.3", {1, 2, 3, ""}},
        {"v1.2.3", {1, 2, 3, ""}},
        {"  1.2.3 ", {1, 2, 3, ""}},
        {"0.0.0", {0, 0, 0, ""}},
        {"1.2.3-alpha.7", {1, 2, 3, "alpha.7"}},
        {"1.2.3-0", {1, 2, 3, "0"}},
        {"1.2.3--", {1, 2, 3, "-"}},
        {"1.2.3-01a+x.001", {1, 2, 3, "01a"}},
        {"1.2.3+build-7", {1, 2, 3, ""}},
        {"9007199254740991.0.0", {9007199254740991, 0, 0, ""}},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct semver v;
        CHECK(semver_parse(rows[i].text, &v), "'%s' is a version\n", rows[i].text);
        assert_int_equal(semver_compare(&v, &rows[i].version), 0);
        assert_string_equal(v.prerelease, rows[i].version.prerelease);
    }
}

static void test_parse_refuses_what_is_none(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "1",
        "1.2",
        "1.2.3.4",
        "01.2.3",
        "1.02.3",
        "1.2.x",
        "latest",
        "1.2.3-",
        "1.2.3+",
        "1.2.3-01",
        "1.2.3-a..b",
        "=1.2.3",
        "vv1.2.3",
        "1.2.3 4",
        "-1.2.3",
        "1.2.-3",
        "1.2.3-a_b",
        "1.2.3-a+",
        "1,2,3",
        "9007199254740992.0.0",
        "1.2.3-a123456789b123456789c123456789d123456789e123456789f123456789ghij",
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct semver v;
        CHECK(!semver_parse(rows[i], &v), "'%s' is no version\n", rows[i]);
    }
}

static void test_compare_orders_as_semver_org_says(void **state)
{
    (void)state;
    static const char *const rising[] = {
        "0.0.0",      "0.0.1",        "0.9.0",         "1.0.0-0",       "1.0.0-9",
        "1.0.0-10",   "1.0.0--",      "1.0.0-alpha",   "1.0.0-alpha.1", "1.0.0-alpha.beta",
        "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",    "1.0.0",
        "1.0.1",      "1.2.0",        "1.10.0",        "2.0.0",         "10.0.0",
    };
    for (size_t i = 0; i < ARRAY_LEN(rising); i++) {
        for (size_t j = 0; j < ARRAY_LEN(rising); j++) {
            struct semver a, b;
            assert_true(semver_parse(rising[i], &a) && semver_parse(rising[j], &b));
            int wanted = (i > j) - (i < j);
            CHECK(semver_compare(&a, &b) == wanted, "'%s' and '%s'\n", rising[i], rising[j]);
        }
    }
}

struct in_range {
    const char *range;
    const char *inside; /* versions, separated by spaces */
    const char *outside;
};

static const struct in_range ranges[] = {
    /* any */
    {"", "0.0.0 1.2.3 99.0.0", "1.2.3-a"},
    {"*", "0.0.0 1.2.3", "1.2.3-a"},
    {"x", "1.2.3", "1.2.3-a"},
    {"  ", "1.2.3", "1.2.3-a"},
    {"=*", "1.2.3", "1.2.3-a"},
    {">=*", "1.2.3", "1.2.3-a"},
    {"<*", NULL, "0.0.0 1.2.3 0.0.0-0"},
    {">x", NULL, "0.0.0 1.2.3"},
    {"*.1.2", "7.7.7", "1.1.2-a"},
    /* exact */
    {"1.2.3", "1.2.3 v1.2.3 1.2.3+b", "1.2.4 1.2.2 1.2.3-a"},
    {"=1.2.3", "1.2.3", "1.2.4"},
    {"v1.2.3", "1.2.3", "1.2.4"},
    {"=v1.2.3", "1.2.3", "1.2.4"},
    {" = 1.2.3 ", "1.2.3", "1.2.4"},
    {"1.2.3-beta", "1.2.3-beta", "1.2.3 1.2.3-alpha"},
    {"1.2.3+other", "1.2.3", "1.2.4"},
    /* wildcards */
    {"1", "1.0.0 1.9.9", "2.0.0 0.9.9 2.0.0-a"},
    {"3.x", "3.0.0 3.11.2", "2.7.18 4.0.0 3.10.0-alpha.7"},
    {"3.X.*", "3.0.0", "4.0.0"},
    {"1.2.x", "1.2.0 1.2.9", "1.3.0 1.1.9"},
    {"1.2", "1.2.0 1.2.9", "1.3.0 1.3.0-0"},
    {"1.x.3", "1.0.0 1.9.0", "2.0.0"},
    {"v3", "3.1.0", "4.0.0"},
    {"==3.1", "3.1.4", "3.2.0"},
    {"1.2.x-beta", "1.2.0", "1.2.0-beta"},
    /* operators */
    {">1.2.3", "1.2.4 2.0.0", "1.2.3 1.2.2 1.2.4-a"},
    {">=1.2.3", "1.2.3 2.0.0", "1.2.2"},
    {"<1.2.3", "1.2.2 0.0.0", "1.2.3 1.2.3-a"},
    {"<=1.2.3", "1.2.3", "1.2.4"},
    {">= 1.2.3", "1.2.3", "1.2.2"},
    {">=v1.2.3", "1.2.3", "1.2.2"},
    {">1", "2.0.0", "1.9.9 2.0.0-a"},
    {">1.2", "1.3.0", "1.2.9"},
    {"<2", "1.9.9", "2.0.0 2.0.0-a"},
    {"<1.2", "1.1.9", "1.2.0"},
    {"<=1", "1.9.9", "2.0.0"},
    {"<=1.2", "1.2.9", "1.3.0"},
    {">=1.x", "1.0.0 5.0.0", "0.9.0"},
    {">=0.0.0", "0.0.0 7.0.0", "1.0.0-a"},
    {">=3 <4", "3.0.0 3.9.9", "4.0.0 2.9.9"},
    {">=1.2.3 <1.2.9 1.2.x", "1.2.5", "1.2.9"},
    {"> 1.2.3   < 2", "1.9.0", "1.2.3 2.0.0"},
    {"\t>1\n", "2.0.0", "1.0.0"},
    /* caret */
    {"^1.2.3", "1.2.3 1.9.9", "2.0.0 1.2.2 2.0.0-a 1.3.0-a"},
    {"^5.1", "5.1.0 5.2.0", "5.0.9 6.0.0"},
    {"^1", "1.0.0 1.9.0", "2.0.0"},
    {"^1.2.x", "1.2.0 1.3.0", "1.1.9 2.0.0"},
    {"^0.2.3", "0.2.3 0.2.9", "0.3.0 0.2.2"},
    {"^0.0.3", "0.0.3", "0.0.4 0.0.2"},
    {"^0.0", "0.0.0 0.0.9", "0.1.0"},
    {"^0", "0.0.0 0.9.0", "1.0.0"},
    {"^0.x", "0.9.9", "1.0.0"},
    {"^0.1", "0.1.7", "0.2.0"},
    {"^*", "7.0.0", "7.0.0-a"},
    {"^ 1.2.3", "1.9.0", "2.0.0"},
    {"^v1.2.3", "1.9.0", "2.0.0"},
    {"^=1.2.3", "1.9.0", "2.0.0"},
    {"^1.2.3-beta.2", "1.2.3-beta.2 1.2.3-beta.10 1.2.3 1.3.0", "1.2.3-beta.1 1.2.4-beta.3 2.0.0"},
    {"^0.0.1-beta", "0.0.1-beta 0.0.1", "0.0.2 0.0.1-alpha"},
    {"^0.2.1-rc", "0.2.1-rc 0.2.5", "0.3.0"},
    /* tilde */
    {"~1.2.3", "1.2.3 1.2.9", "1.3.0 1.2.2 1.2.4-a"},
    {"~1.2", "1.2.0 1.2.9", "1.3.0"},
    {"~1", "1.0.0 1.9.9", "2.0.0"},
    {"~0", "0.9.0", "1.0.0"},
    {"~*", "7.0.0", "7.0.0-a"},
    {"~>1.2.3", "1.2.9", "1.3.0"},
    {"~> 1.2", "1.2.9", "1.3.0"},
    {"~ 1.2.3", "1.2.9", "1.3.0"},
    {"~1.2.3-beta", "1.2.3-beta 1.2.3 1.2.9", "1.2.4-beta 1.3.0"},
    /* hyphen */
    {"1.2.3 - 2.3.4", "1.2.3 2.3.4", "1.2.2 2.3.5"},
    {"1.2 - 2.3.4", "1.2.0 2.3.4", "2.3.5"},
    {"1.2.3 - 2.3", "2.3.9", "2.4.0 2.4.0-0"},
    {"1.2.3 - 2", "2.9.9", "3.0.0"},
    {"* - 2", "0.0.1 2.9.0", "3.0.0"},
    {"1 - *", "1.0.0 9.0.0", "0.9.0"},
    {"  v1   -   v2  ", "1.0.0 2.9.9", "3.0.0"},
    {"1.0.0-a - 1.0.0", "1.0.0-a 1.0.0-b 1.0.0", "1.0.1 1.0.0-0"},
    {"1 - 2.0.0-b", "2.0.0-a 2.0.0-b 1.5.0", "2.0.0-c 2.0.0"},
    /* alternatives */
    {"1.x || 3.x", "1.5.0 3.5.0", "2.0.0"},
    {"1.2.7 || >=1.2.9 <2.0.0", "1.2.7 1.2.9 1.4.6", "1.2.8 2.0.0"},
    {"1||2", "1.0.0 2.0.0", "3.0.0"},
    {"1 ||", "7.0.0", "7.0.0-a"},
    {"||", "7.0.0", "7.0.0-a"},
    {"1 - 2 || 5", "1.5.0 5.1.0", "3.0.0"},
    {"<0.0.0-0 || 1", "1.0.0", "2.0.0"},
    /* prereleases count only beside a comparator with the same three numbers */
    {">1.2.3-alpha.3", "1.2.3-alpha.7 3.4.5", "3.4.5-alpha.9 1.2.3-alpha.3"},
    {">=3.10.0-alpha.7", "3.10.0-alpha.7 3.10.0 3.11.0", "3.11.0-alpha.1"},
    {"<1.2.3-b", "1.2.3-a 1.0.0", "1.0.0-a 1.2.3-b"},
    {">1.0.0-a <2.0.0", "1.0.0-b 1.5.0", "2.0.0-a 1.5.0-a"},
};

static void check_all(const char *range, const char *versions, bool inside)
{
    while (versions != NULL && *versions != '\0') {
        char text[40] = "";
        size_t len = strcspn(versions, " ");
        memcpy(text, versions, len);
        versions += len + (versions[len] == ' ');
        struct semver v;
        assert_true(semver_parse(text, &v));
        CHECK(semver_satisfies(&v, range) == inside, "'%s' %s '%s'\n", text,
              inside ? "is in" : "is not in", range);
    }
}

static void test_satisfies_as_npm_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        CHECK(semver_range_valid(ranges[i].range), "'%s' is a range\n", ranges[i].range);
        check_all(ranges[i].range, ranges[i].inside, true);
        check_all(ranges[i].range, ranges[i].outside, false);
    }
}

static void test_what_is_no_range_matches_nothing(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "latest",      "1.2.3.4",
        "1.",          ".1",
        "a.b.c",       "01",
        "1.02",        ">",
        "^",           "~",
        "==1.2.3",     "vv1.2.3",
        ">==1.2.3",    "1 2 z",
        "1 -2",        "1 - 2 - 3",
        "- 2",         "1 | 2",
        "1,2",         "1.2-beta",
        "1.2.3-",      "1.2.3-01",
        "1.2.3+",      ">>1",
        "<>1",         "=>1",
        "^~1",         "~^1",
        "1 || latest", "|| z",
        "1.2.3 - z",   ">1 - 2",
        "v=1.2.3",     "9007199254740992",
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct semver v = {1, 2, 3, ""};
        CHECK(!semver_range_valid(rows[i]), "'%s' is no range\n", rows[i]);
        assert_false(semver_satisfies(&v, rows[i]));
    }
}

static void test_coerce_finds_what_tools_print(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *version;
    } rows[] = {
        {"5.34", "5.34.0"},
        {"g++ (GCC) 12.2.0-14", "12.2.0"},
        {"1.8.0_292", "1.8.0"},
        {"Python 3.11.2", "3.11.2"},
        {"go version go1.22.1 linux/amd64", "1.22.1"},
        {"ruby 3.1.2p20 (2022-04-12)", "3.1.2"},
        {"v20.11.1\n", "20.11.1"},
        {"21", "21.0.0"},
        {"1.2.3.4", "1.2.3"},
        {"version 2.", "2.0.0"},
        {"3.010.001", "3.10.1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct semver v;
        char text[64];
        assert_true(semver_coerce(rows[i].text, &v));
        semver_format(&v, text, sizeof(text));
        assert_string_equal(text, rows[i].version);
    }
}

static void test_coerce_refuses_text_without_numbers(void **state)
{
    (void)state;
    struct semver v;
    assert_false(semver_coerce("", &v));
    assert_false(semver_coerce("no version here.", &v));
    assert_false(semver_coerce("99999999999999999999999", &v));
    assert_false(semver_coerce("9007199254740992", &v)); /* and so does semver_parse */
}

static void test_format_writes_the_prerelease(void **state)
{
    (void)state;
    struct semver v = {3, 10, 0, "alpha.7"};
    char text[64];
    semver_format(&v, text, sizeof(text));
    assert_string_equal(text, "3.10.0-alpha.7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_takes_versions),
        cmocka_unit_test(test_parse_refuses_what_is_none),
        cmocka_unit_test(test_compare_orders_as_semver_org_says),
        cmocka_unit_test(test_satisfies_as_npm_does),
        cmocka_unit_test(test_what_is_no_range_matches_nothing),
        cmocka_unit_test(test_coerce_finds_what_tools_print),
        cmocka_unit_test(test_coerce_refuses_text_without_numbers),
        cmocka_unit_test(test_format_writes_the_prerelease),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
