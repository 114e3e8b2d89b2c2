/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "packages/apt.h"
#include "packages/apt_granted.h"

static char php[] = "php", ucf[] = "ucf", util_linux[] = "util-linux";
static struct apt_deb debs[] = {{.package = php}, {.package = ucf}, {.package = util_linux}};

static void test_ucf_brings_what_its_script_uses(void **state)
{
    (void)state;
    AUTO(strv_freep) char **packages = NULL;
    const struct apt_plan plan = {.debs = debs, .count = 2};
    strv_add(&packages, "php");
    assert_true(apt_granted_add(&plan, "", &packages));
    assert_int_equal(strv_len(packages), 2);
    assert_string_equal(packages[1], "util-linux");
}

static void test_what_is_planned_or_there_is_not_added(void **state)
{
    (void)state;
    AUTO(strv_freep) char **packages = NULL;
    const struct apt_plan all = {.debs = debs, .count = 3}, some = {.debs = debs, .count = 2};
    assert_false(apt_granted_add(&all, "", &packages));
    assert_false(apt_granted_add(&some, "Package: util-linux\nVersion: 2.38.1\n", &packages));
    assert_null(packages);
}

static void test_without_such_scripts_nothing_is_added(void **state)
{
    (void)state;
    AUTO(strv_freep) char **packages = NULL;
    const struct apt_plan plan = {.debs = debs, .count = 1};
    assert_false(apt_granted_add(&plan, "", &packages));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ucf_brings_what_its_script_uses),
        cmocka_unit_test(test_what_is_planned_or_there_is_not_added),
        cmocka_unit_test(test_without_such_scripts_nothing_is_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
