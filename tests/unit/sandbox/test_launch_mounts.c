/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/launch_mounts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_next_reads_the_fields_of_a_line(void **state)
{
    (void)state;
    const char *at = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw,relatime shared:9 master:1 - "
                     "cgroup cgroup rw,memory\n";
    struct mount_entry m;
    assert_true(mount_next(&at, &m));
    assert_string_equal(m.root, "/docker/abc");
    assert_string_equal(m.point, "/sys/fs/cgroup/memory");
    assert_string_equal(m.type, "cgroup");
    assert_string_equal(m.options, "rw,memory");
    assert_false(mount_next(&at, &m));
}

static void test_next_reads_a_line_without_optional_fields_or_end(void **state)
{
    (void)state;
    const char *at = "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw";
    struct mount_entry m;
    assert_true(mount_next(&at, &m));
    assert_string_equal(m.type, "cgroup2");
    assert_false(mount_next(&at, &m));
}

static void test_next_undoes_escapes(void **state)
{
    (void)state;
    const char *at = "1 2 0:3 / /mnt/a\\040b\\134c rw - tmpfs x rw\n";
    struct mount_entry m;
    assert_true(mount_next(&at, &m));
    assert_string_equal(m.point, "/mnt/a b\\c");
}

static void test_next_skips_lines_that_are_none(void **state)
{
    (void)state;
    const char *at = "\n1 2\n1 2 0:3 / /x rw\n1 2 0:3 / /x rw -\n5 6 0:7 / /good rw - tmpfs x rw\n";
    struct mount_entry m;
    assert_true(mount_next(&at, &m));
    assert_string_equal(m.point, "/good");
}

static void test_next_skips_a_path_that_is_too_long(void **state)
{
    (void)state;
    static char text[3 * MOUNT_PATH_MAX];
    strcpy(text, "1 2 0:3 / /");
    memset(text + strlen(text), 'a', MOUNT_PATH_MAX);
    strcat(text, " rw - tmpfs x rw\n5 6 0:7 / /good rw - tmpfs x rw\n");
    const char *at = text;
    struct mount_entry m;
    assert_true(mount_next(&at, &m));
    assert_string_equal(m.point, "/good");
}

static void test_option_is_a_whole_word(void **state)
{
    (void)state;
    assert_true(mount_has_option("rw,cpu,cpuacct", "cpu"));
    assert_true(mount_has_option("rw,cpu,cpuacct", "cpuacct"));
    assert_false(mount_has_option("rw,cpuacct", "cpu"));
    assert_false(mount_has_option("rw,cpuset", "cpu"));
    assert_false(mount_has_option("", "cpu"));
}

static const char cgroups[] =
    "9:name=systemd:/\n4:memory:/a/b\n2:cpu,cpuacct:/c:d\n0::/user.slice/x\n";

static void test_path_of_a_controller_is_found(void **state)
{
    (void)state;
    char path[MOUNT_PATH_MAX];
    assert_true(cgroup_path_of(cgroups, "memory", path));
    assert_string_equal(path, "/a/b");
    assert_true(cgroup_path_of(cgroups, "cpuacct", path));
    assert_string_equal(path, "/c:d");
    assert_false(cgroup_path_of(cgroups, "pids", path));
}

static void test_path_of_v2_is_the_line_without_controllers(void **state)
{
    (void)state;
    char path[MOUNT_PATH_MAX];
    assert_true(cgroup_path_of(cgroups, "", path));
    assert_string_equal(path, "/user.slice/x");
    assert_false(cgroup_path_of("4:memory:/a\n", "", path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next_reads_the_fields_of_a_line),
        cmocka_unit_test(test_next_reads_a_line_without_optional_fields_or_end),
        cmocka_unit_test(test_next_undoes_escapes),
        cmocka_unit_test(test_next_skips_lines_that_are_none),
        cmocka_unit_test(test_next_skips_a_path_that_is_too_long),
        cmocka_unit_test(test_option_is_a_whole_word),
        cmocka_unit_test(test_path_of_a_controller_is_found),
        cmocka_unit_test(test_path_of_v2_is_the_line_without_controllers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
