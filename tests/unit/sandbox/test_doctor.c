/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/doctor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "boxproto/boxproto.h"

static struct box_boxd_hello hello_with(uint32_t features)
{
    return (struct box_boxd_hello){.features = features, .cgroup = BOX_CGROUP_V2};
}

/* Its index; `count` when there is none. */
static unsigned row_of(const struct doctor_row *rows, unsigned count, const char *feature)
{
    unsigned i = 0;
    while (i < count && strcmp(rows[i].feature, feature) != 0) {
        i++;
    }
    return i;
}

static void test_rows_of_a_complete_host_are_all_ok(void **state)
{
    (void)state;
    struct doctor_row rows[DOCTOR_ROWS_MAX];
    struct box_boxd_hello hello = hello_with(UINT32_MAX);
    unsigned count = doctor_rows(&hello, NULL, rows);
    assert_in_range(count, 20, DOCTOR_ROWS_MAX);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(rows[i].state, DOCTOR_OK);
        assert_string_not_equal(rows[i].meaning, "");
        assert_string_equal(rows[i].remedy, "");
    }
}

static void test_rows_without_anything_say_how_to_get_it(void **state)
{
    (void)state;
    struct doctor_row rows[DOCTOR_ROWS_MAX];
    struct box_boxd_hello hello = hello_with(0);
    hello.cgroup = BOX_CGROUP_NONE;
    unsigned count = doctor_rows(&hello, "mkdir 'belljar-0': Permission denied", rows);
    for (unsigned i = 0; i < count; i++) {
        if (rows[i].state != DOCTOR_OK) {
            assert_string_not_equal(rows[i].meaning, "");
            assert_string_not_equal(rows[i].remedy, "");
        }
    }
    unsigned row = row_of(rows, count, "memory limit");
    assert_in_range(row, 0, count - 1);
    assert_int_equal(rows[row].state, DOCTOR_MISSING);
}

static void test_rows_name_why_there_is_no_cgroup(void **state)
{
    (void)state;
    struct doctor_row rows[DOCTOR_ROWS_MAX];
    struct box_boxd_hello hello = hello_with(0);
    hello.cgroup = BOX_CGROUP_NONE;
    unsigned count = doctor_rows(&hello, "not delegated", rows);
    unsigned row = row_of(rows, count, "cgroup");
    assert_in_range(row, 0, count - 1);
    assert_string_equal(rows[row].detail, "none: not delegated");
}

static void test_rows_without_boxd_leave_out_what_is_not_known(void **state)
{
    (void)state;
    struct doctor_row rows[DOCTOR_ROWS_MAX];
    unsigned count = doctor_rows(NULL, NULL, rows);
    assert_int_not_equal(row_of(rows, count, "kernel"), count);
    assert_int_not_equal(row_of(rows, count, "privileges"), count);
    assert_int_equal(row_of(rows, count, "CPU quota"), count);
}

static void test_options_of_a_container_are_told_once_and_in_order(void **state)
{
    (void)state;
    const struct doctor_row rows[] = {
        {.feature = "limits", .state = DOCTOR_MISSING, .need = NEED_CGROUP},
        {.feature = "more limits", .state = DOCTOR_WEAKER, .need = NEED_CGROUP},
        {.feature = "/proc", .state = DOCTOR_WEAKER, .need = NEED_PROC},
        {.feature = "ids", .state = DOCTOR_OK, .need = NEED_IDS},
        {.feature = "devices", .state = DOCTOR_WEAKER, .need = NEED_HOST},
    };
    const char *options[CONTAINER_NEEDS];
    assert_int_equal(doctor_options(rows, 5, CONTAINER_DOCKER, options), 2);
    assert_ptr_equal(options[0], container_option(CONTAINER_DOCKER, NEED_PROC));
    assert_ptr_equal(options[1], container_option(CONTAINER_DOCKER, NEED_CGROUP));
    assert_int_equal(doctor_options(rows, 5, CONTAINER_NONE, options), 0);
}

static void test_print_has_each_row_and_its_remedy(void **state)
{
    (void)state;
    const struct doctor_row rows[] = {
        {"a thing", DOCTOR_OK, "as it is", "it works", "", NEED_NOTHING},
        {"another", DOCTOR_WEAKER, "", "it half works", "do this", NEED_NOTHING},
    };
    AUTO(buf_done) struct buf text = {0};
    doctor_print(rows, 2, false, &text);
    assert_non_null(strstr(text.data, "a thing                  ok       as it is; it works\n"));
    assert_non_null(strstr(text.data, "another                  weaker   it half works\n"));
    assert_non_null(strstr(text.data, "to get it: do this\n"));
    assert_null(strchr(text.data, '\033'));
}

static void test_require_full_names_what_is_missing(void **state)
{
    (void)state;
    struct err e = {0};
    struct box_boxd_hello hello = hello_with(~(uint32_t)(BOX_FEATURE_MEMORY | BOX_FEATURE_TWO_IDS));
    assert_int_equal(doctor_require(&hello, REQUIRE_FULL, &e), -ERR_UNSUPPORTED);
    assert_non_null(strstr(e.text, "two ids in a box, memory limit"));
}

static void test_require_full_is_met_without_root(void **state)
{
    (void)state;
    struct err e = {0};
    struct box_boxd_hello hello = hello_with(~(uint32_t)(BOX_FEATURE_ROOT | BOX_FEATURE_DEVICES));
    assert_int_equal(doctor_require(&hello, REQUIRE_FULL, &e), 0);
}

static void test_require_limits_needs_memory_and_processes(void **state)
{
    (void)state;
    struct err e = {0};
    struct box_boxd_hello without_ids = hello_with(~(uint32_t)BOX_FEATURE_TWO_IDS);
    struct box_boxd_hello without_pids = hello_with(~(uint32_t)BOX_FEATURE_PIDS);
    assert_int_equal(doctor_require(&without_ids, REQUIRE_LIMITS, &e), 0);
    assert_int_equal(doctor_require(&without_pids, REQUIRE_LIMITS, &e), -ERR_UNSUPPORTED);
}

static void test_require_none_still_wants_filter_and_network_namespace(void **state)
{
    (void)state;
    struct err e = {0};
    const uint32_t least = BOX_FEATURE_SECCOMP | BOX_FEATURE_NETNS | BOX_FEATURE_MOUNT_API;
    struct box_boxd_hello hello = hello_with(least);
    assert_int_equal(doctor_require(&hello, REQUIRE_NONE, &e), 0);
    hello = hello_with(least & ~(uint32_t)BOX_FEATURE_SECCOMP);
    assert_int_equal(doctor_require(&hello, REQUIRE_NONE, &e), -ERR_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_of_a_complete_host_are_all_ok),
        cmocka_unit_test(test_rows_without_anything_say_how_to_get_it),
        cmocka_unit_test(test_rows_name_why_there_is_no_cgroup),
        cmocka_unit_test(test_rows_without_boxd_leave_out_what_is_not_known),
        cmocka_unit_test(test_options_of_a_container_are_told_once_and_in_order),
        cmocka_unit_test(test_print_has_each_row_and_its_remedy),
        cmocka_unit_test(test_require_full_names_what_is_missing),
        cmocka_unit_test(test_require_full_is_met_without_root),
        cmocka_unit_test(test_require_limits_needs_memory_and_processes),
        cmocka_unit_test(test_require_none_still_wants_filter_and_network_namespace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
