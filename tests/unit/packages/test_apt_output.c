/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "packages/apt_output.h"

#define DIGEST "b5f9b4a1e6a0f9c1b1c5e7a3d6a8c1f2b5f9b4a1e6a0f9c1b1c5e7a3d6a8c1f2"
#define LINE(file, size)                                                                           \
    "'http://deb.debian.org/debian/pool/" file "' " file " " size " SHA256:" DIGEST "\n"

static void test_plan_has_each_package_with_its_version(void **state)
{
    (void)state;
    AUTO(apt_plan_done) struct apt_plan plan = {0};
    struct err e;
    assert_int_equal(
        apt_output_plan("Reading package lists...\n" LINE("ruby_1%3a3.1_amd64.deb", "5888")
                            LINE("libruby_1%3a3.1-2+b1_amd64.deb", "100"),
                        &plan, &e),
        0);
    assert_int_equal(plan.count, 2);
    assert_string_equal(plan.debs[0].package, "ruby");
    assert_string_equal(plan.debs[0].version, "1:3.1");
    assert_string_equal(plan.debs[0].sha256, DIGEST);
    assert_int_equal(plan.debs[0].bytes, 5888);
    assert_string_equal(plan.debs[1].version, "1:3.1-2+b1");
}

static void test_plan_takes_the_disk_that_apt_says(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } cases[] = {
        {"After this operation, 29.7 MB of additional disk space will be used.\n", 29700000},
        {"After this operation, 512 B of additional disk space will be used.\n", 512},
        {"After this operation, 1.5 GB of additional disk space will be used.\n", 1500000000},
        {"After this operation, 3072 kB disk space will be freed.\n", 0},
        {"After this operation, 1e300 GB of additional disk space will be used.\n", 0},
        {"After this operation, nan B of additional disk space will be used.\n", 0},
        {"After this operation, 29.7", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        AUTO(apt_plan_done) struct apt_plan plan = {0};
        struct err e;
        assert_int_equal(apt_output_plan(cases[i].text, &plan, &e), 0);
        assert_int_equal(plan.disk_bytes, cases[i].bytes);
    }
}

static void assert_refused(const char *text)
{
    AUTO(apt_plan_done) struct apt_plan plan = {0};
    struct err e;
    assert_int_equal(apt_output_plan(text, &plan, &e), -ERR_INVALID);
    assert_int_equal(plan.count, 0);
}

static void test_plan_refuses_a_file_that_is_elsewhere(void **state)
{
    (void)state;
    assert_refused("'http://x/y' ../y_1_amd64.deb 1 SHA256:" DIGEST "\n");
    assert_refused("'http://x/y' -y_1_amd64.deb 1 SHA256:" DIGEST "\n");
    assert_refused("'http://x/y' .y_1_amd64.deb 1 SHA256:" DIGEST "\n");
}

static void test_plan_refuses_other_digests(void **state)
{
    (void)state;
    assert_refused("'http://x/y' y_1_amd64.deb 1 MD5Sum:d41d8cd98f00b204e9800998ecf8427e\n");
    assert_refused("'http://x/y' y_1_amd64.deb 1 SHA256:abc\n");
    assert_refused("'http://x/y' y_1_amd64.deb 1\n");
}

static void test_plan_refuses_to_remove_something(void **state)
{
    (void)state;
    assert_refused("The following packages will be REMOVED:\n  bash\n" LINE("y_1_all.deb", "1"));
}

static void test_error_has_the_lines_of_errors_alone(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf words = {0};
    apt_output_error("W: a warning\nE: the first\nErr:1 more\nE: the second\n", &words);
    assert_string_equal(words.data, "the first; the second");
}

static void test_error_without_such_lines_is_the_last_line(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf words = {0};
    apt_output_error("one\ntwo\n", &words);
    assert_string_equal(words.data, "two");
}

static void test_error_is_not_endless(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf said = {0}, words = {0};
    for (int i = 0; i < 100; i++) {
        buf_add_str(&said, "E: again and again\n");
    }
    apt_output_error(said.data, &words);
    assert_true(strlen(words.data) < 200);
}

static void test_status_is_of_installed_packages_without_descriptions(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf status = {0};
    apt_output_status("Package: a\nVersion: 1\nDescription-en: text\n more of it\nDepends: b\n\n"
                      "Package: b\nVersion: 2\n",
                      &status);
    assert_string_equal(status.data,
                        "Package: a\nStatus: install ok installed\nVersion: 1\nDepends: b\n\n"
                        "Package: b\nStatus: install ok installed\nVersion: 2\n\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_has_each_package_with_its_version),
        cmocka_unit_test(test_plan_takes_the_disk_that_apt_says),
        cmocka_unit_test(test_plan_refuses_a_file_that_is_elsewhere),
        cmocka_unit_test(test_plan_refuses_other_digests),
        cmocka_unit_test(test_plan_refuses_to_remove_something),
        cmocka_unit_test(test_error_has_the_lines_of_errors_alone),
        cmocka_unit_test(test_error_without_such_lines_is_the_last_line),
        cmocka_unit_test(test_error_is_not_endless),
        cmocka_unit_test(test_status_is_of_installed_packages_without_descriptions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
