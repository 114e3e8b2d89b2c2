/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/strv.h"
#include "packages/dpkg_status.h"

#define STANZA(name, architecture, version)                                                        \
    "Package: " name "\nArchitecture: " architecture "\nVersion: " version "\n\n"

static void test_merge_keeps_the_first_of_each(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf all = {0};
    dpkg_status_merge(STANZA("a", "amd64", "2") STANZA("b", "all", "1"), &all);
    dpkg_status_merge(STANZA("a", "amd64", "1") STANZA("aa", "amd64", "1"), &all);
    assert_string_equal(all.data, STANZA("a", "amd64", "2") STANZA("b", "all", "1")
                                      STANZA("aa", "amd64", "1"));
}

static void test_merge_keeps_both_architectures(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf all = {0};
    dpkg_status_merge(STANZA("a", "amd64", "1"), &all);
    dpkg_status_merge(STANZA("a", "i386", "1"), &all);
    assert_string_equal(all.data, STANZA("a", "amd64", "1") STANZA("a", "i386", "1"));
}

static void test_merge_of_a_text_without_its_last_line_end(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf all = {0};
    dpkg_status_merge("Package: a\nVersion: 1", &all);
    dpkg_status_merge("\n\nPackage: b\n", &all);
    assert_string_equal(all.data, "Package: a\nVersion: 1\n\nPackage: b\n\n");
}

static void test_installed_is_sorted_and_tells_nothing_else(void **state)
{
    (void)state;
    char **a = dpkg_status_installed(STANZA("b", "all", "1") STANZA("a", "amd64", "2"));
    char **b = dpkg_status_installed("Package: a\nStatus: install ok installed\nVersion: 2\n"
                                     "Architecture: amd64\n\n" STANZA("b", "all", "1"));
    assert_string_equal(a[0], "a 2 amd64");
    assert_string_equal(a[1], "b 1 all");
    assert_null(a[2]);
    assert_string_equal(b[0], a[0]);
    assert_string_equal(b[1], a[1]);
    strv_free(a);
    strv_free(b);
    assert_null(dpkg_status_installed(""));
}

static void assert_version(const char *text, const char *package, const char *version)
{
    char *found = dpkg_status_version(text, package);
    if (version) {
        assert_string_equal(found, version);
    } else {
        assert_null(found);
    }
    free(found);
}

static void test_version_is_of_the_whole_name(void **state)
{
    (void)state;
    static const char text[] = STANZA("libc6", "amd64", "2.36") STANZA("c6", "amd64", "1:1");
    assert_version(text, "c6", "1:1");
    assert_version(text, "libc6", "2.36");
    assert_version(text, "libc", NULL);
    assert_version("", "a", NULL);
}

static void test_version_is_not_that_of_the_next_package(void **state)
{
    (void)state;
    assert_version("Package: a\nStatus: x\n\nPackage: b\nVersion: 1\n", "a", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge_keeps_the_first_of_each),
        cmocka_unit_test(test_merge_keeps_both_architectures),
        cmocka_unit_test(test_installed_is_sorted_and_tells_nothing_else),
        cmocka_unit_test(test_merge_of_a_text_without_its_last_line_end),
        cmocka_unit_test(test_version_is_of_the_whole_name),
        cmocka_unit_test(test_version_is_not_that_of_the_next_package),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
