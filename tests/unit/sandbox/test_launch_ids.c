/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/launch_ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"

static const char whole_map[] = "         0          0 4294967295\n";
static const char own_map[] = "         0       1000          1\n";
static const char granted_map[] = "0 1000 1\n1 100000 65536\n";

static void test_map_of_the_host_is_whole(void **state)
{
    (void)state;
    assert_true(id_map_is_whole(whole_map));
    assert_false(id_map_is_whole(own_map));
    assert_false(id_map_is_whole(granted_map));
    assert_false(id_map_is_whole(""));
}

static void test_run_counts_ids_without_a_gap(void **state)
{
    (void)state;
    assert_int_equal(id_map_run(own_map, 0), 1);
    assert_int_equal(id_map_run(own_map, 1), 0);
    assert_int_equal(id_map_run(granted_map, 1), 65536);
    assert_int_equal(id_map_run(granted_map, 0), 65537);
}

static void test_run_goes_on_over_lines_in_any_order(void **state)
{
    (void)state;
    assert_int_equal(id_map_run("11 500 5\n1 100 10\n0 1000 1\n", 1), 15);
    assert_int_equal(id_map_run("12 500 5\n1 100 10\n", 1), 10);
}

static void test_outside_translates_an_id(void **state)
{
    (void)state;
    uint32_t id = 0;
    assert_true(id_map_outside(granted_map, 0, &id));
    assert_int_equal(id, 1000);
    assert_true(id_map_outside(granted_map, 10, &id));
    assert_int_equal(id, 100009);
    assert_false(id_map_outside(granted_map, 65537, &id));
}

static void test_subid_finds_the_largest_range_of_the_user(void **state)
{
    (void)state;
    static const char text[] = "root:1:1\nada:100000:10\nbob:200000:65536\nada:300000:65536\n";
    struct id_range range = {0};
    assert_true(subid_find(text, "ada", 1000, &range));
    assert_int_equal(range.first, 300000);
    assert_int_equal(range.count, 65536);
}

static void test_subid_finds_a_user_by_number(void **state)
{
    (void)state;
    struct id_range range = {0};
    assert_true(subid_find("1000:5000:20\n", NULL, 1000, &range));
    assert_int_equal(range.first, 5000);
}

static void test_subid_is_not_fooled_by_bad_lines(void **state)
{
    (void)state;
    struct id_range range = {0};
    static const char text[] = "ada\nada:\nada:1\nada:x:y\nada:-1:5\nada:99999999999:5\n:1:1\n\n";
    assert_false(subid_find(text, "ada", 1000, &range));
    assert_false(subid_find("adam:1:5\n", "ada", 1000, &range));
    assert_false(subid_find("", "ada", 1000, &range));
}

static void test_window_overlaps_a_granted_range_at_its_borders(void **state)
{
    (void)state;
    struct id_range found;
    static const char text[] = "ada:1000:100\n";
    assert_false(subid_overlaps(text, (struct id_range){900, 100}, &found));
    assert_true(subid_overlaps(text, (struct id_range){901, 100}, &found));
    assert_true(subid_overlaps(text, (struct id_range){1099, 1}, &found));
    assert_false(subid_overlaps(text, (struct id_range){1100, 1}, &found));
}

static void test_window_overlaps_a_range_that_reaches_the_last_id(void **state)
{
    (void)state;
    struct id_range found;
    assert_true(subid_overlaps("ada:4294967290:10\n", (struct id_range){4294967294, 1}, &found));
}

static void test_window_overlaps_an_account(void **state)
{
    (void)state;
    uint32_t id = 0;
    static const char text[] = "root:x:0:0::/root:/bin/sh\nsvc:x:2000000005:7::/:/bin/sh\nbad\n";
    assert_true(account_overlaps(text, (struct id_range){2000000000, 4096}, &id));
    assert_int_equal(id, 2000000005);
    assert_false(account_overlaps(text, (struct id_range){2000000006, 4096}, &id));
    assert_false(account_overlaps(text, (struct id_range){7, 1}, &id)); /* a group id there */
}

static void test_check_refuses_ids_beyond_the_last(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(id_window_check((struct id_range){4294967000, 4096}, &e), -ERR_LIMIT);
}

static void test_check_refuses_the_ids_of_root(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(id_window_check((struct id_range){0, 1}, &e), -ERR_BUSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map_of_the_host_is_whole),
        cmocka_unit_test(test_run_counts_ids_without_a_gap),
        cmocka_unit_test(test_run_goes_on_over_lines_in_any_order),
        cmocka_unit_test(test_outside_translates_an_id),
        cmocka_unit_test(test_subid_finds_the_largest_range_of_the_user),
        cmocka_unit_test(test_subid_finds_a_user_by_number),
        cmocka_unit_test(test_subid_is_not_fooled_by_bad_lines),
        cmocka_unit_test(test_window_overlaps_a_granted_range_at_its_borders),
        cmocka_unit_test(test_window_overlaps_a_range_that_reaches_the_last_id),
        cmocka_unit_test(test_window_overlaps_an_account),
        cmocka_unit_test(test_check_refuses_ids_beyond_the_last),
        cmocka_unit_test(test_check_refuses_the_ids_of_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
