/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/container.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_options_are_there_for_each_need_of_each_engine(void **state)
{
    (void)state;
    for (unsigned c = CONTAINER_DOCKER; c <= CONTAINER_KUBERNETES; c++) {
        for (unsigned need = NEED_CALLS; need <= NEED_HOST; need++) {
            assert_non_null(container_option((enum container)c, (enum container_need)need));
        }
        assert_null(container_option((enum container)c, NEED_NOTHING));
        assert_string_not_equal(container_name((enum container)c), "");
    }
}

static void test_no_option_outside_of_a_container(void **state)
{
    (void)state;
    for (unsigned need = NEED_NOTHING; need <= NEED_HOST; need++) {
        assert_null(container_option(CONTAINER_NONE, (enum container_need)need));
    }
}

static void test_container_is_told_by_its_mounts(void **state)
{
    (void)state;
    assert_false(container_mounts_etc("30 20 0:5 / / rw - ext4 /dev/vda rw\n"));
    assert_true(container_mounts_etc("30 20 0:5 / / rw - overlay overlay rw\n"
                                     "40 30 8:1 /x/hosts /etc/hosts rw - ext4 /dev/vda rw\n"));
}

static void test_proc_is_whole_unless_a_part_is_covered(void **state)
{
    (void)state;
    static const char whole[] = "30 20 0:5 / / rw - overlay overlay rw\n"
                                "31 30 0:6 / /proc rw,nosuid - proc proc rw\n"
                                "32 30 0:7 / /process rw - tmpfs tmpfs rw\n";
    static const char covered[] = "31 30 0:6 / /proc rw,nosuid - proc proc rw\n"
                                  "33 31 0:7 /null /proc/kcore rw - tmpfs tmpfs rw\n";
    assert_true(container_proc_is_whole(whole));
    assert_false(container_proc_is_whole(covered));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_are_there_for_each_need_of_each_engine),
        cmocka_unit_test(test_no_option_outside_of_a_container),
        cmocka_unit_test(test_container_is_told_by_its_mounts),
        cmocka_unit_test(test_proc_is_whole_unless_a_part_is_covered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
