/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/container.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

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

static void test_pod_is_told_by_its_environment(void **state)
{
    (void)state;
    assert_int_equal(setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1", 1), 0);
    assert_int_equal(container_detect(), CONTAINER_KUBERNETES);
    assert_int_equal(unsetenv("KUBERNETES_SERVICE_HOST"), 0);
    assert_int_not_equal(container_detect(), CONTAINER_KUBERNETES);
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
        cmocka_unit_test(test_pod_is_told_by_its_environment),
        cmocka_unit_test(test_proc_is_whole_unless_a_part_is_covered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
