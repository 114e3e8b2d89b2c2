/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "packages/apt_versions.h"

static const char madison[] =
    "     libc6 | 2.36-9+deb12u13 | http://deb.debian.org/debian bookworm/main amd64 Packages\n"
    "     libc6 | 2.36-9+deb12u14 | http://security.debian.org/debian-security "
    "bookworm-security/main amd64 Packages\n"
    "      bash | 5.2.15-2+b9 | http://deb.debian.org/debian bookworm/main amd64 Packages\n"
    "      bash | 5.2.37-1~bpo12+1 | http://deb.debian.org/debian bookworm-backports/main amd64 "
    "Packages\n"
    "      bash | 5.2.15-2 | http://deb.debian.org/debian bookworm/main Sources\n"
    "nonsense\n";

static void test_compare_orders_as_debian_does(void **state)
{
    static const char *const rising[] = {"1.0~rc1-1", "1.0-1",  "1.0-1+deb12u1", "1.0-2",
                                         "1.0a-1",    "1.0+b",  "1.0.1",         "1.2",
                                         "1.10",      "1:0.1~", "1:0.1",         "2:0"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rising); i++) {
        for (size_t k = 0; k < ARRAY_LEN(rising); k++) {
            int r = debian_version_compare(rising[i], rising[k]);
            assert_int_equal(r < 0 ? -1 : r > 0, i < k ? -1 : i > k);
        }
    }
}

static void test_compare_takes_zeros_and_no_revision_as_equal(void **state)
{
    (void)state;
    assert_int_equal(debian_version_compare("1.02-1", "1.2-1"), 0);
    assert_int_equal(debian_version_compare("1.2", "0:1.2"), 0);
}

static void test_newer_tells_what_closes_a_hole(void **state)
{
    AUTO(apt_versions_done) struct apt_versions v = {0};
    bool security = false;
    (void)state;
    apt_versions_parse(madison, &v);

    const struct apt_version *newer = apt_versions_newer(&v, "libc6", "2.36-9+deb12u10", &security);
    assert_non_null(newer);
    assert_string_equal(newer->version, "2.36-9+deb12u14");
    assert_true(security);
}

static void test_newer_is_none_for_the_newest(void **state)
{
    AUTO(apt_versions_done) struct apt_versions v = {0};
    bool security = true;
    (void)state;
    apt_versions_parse(madison, &v);

    assert_null(apt_versions_newer(&v, "libc6", "2.36-9+deb12u14", &security));
    assert_false(security);
    assert_null(apt_versions_newer(&v, "nothing", "1", &security));
}

static void test_newer_leaves_backports_and_sources(void **state)
{
    AUTO(apt_versions_done) struct apt_versions v = {0};
    bool security;
    (void)state;
    apt_versions_parse(madison, &v);
    assert_int_equal(v.count, 3);

    assert_null(apt_versions_newer(&v, "bash", "5.2.15-2+b9", &security));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare_orders_as_debian_does),
        cmocka_unit_test(test_compare_takes_zeros_and_no_revision_as_equal),
        cmocka_unit_test(test_newer_tells_what_closes_a_hole),
        cmocka_unit_test(test_newer_is_none_for_the_newest),
        cmocka_unit_test(test_newer_leaves_backports_and_sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
