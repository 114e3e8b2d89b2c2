/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "host_fixture.h"
#include "runtimes/host_tool.h"

static int setup(void **state)
{
    struct host_fixture *h = calloc(1, sizeof(*h));
    host_fixture_make(h);
    *state = h;
    return 0;
}

static int teardown(void **state)
{
    host_fixture_remove(*state);
    free(*state);
    return 0;
}

static bool is_found(struct host_fixture *h, const char *name)
{
    struct host_tool t;
    bool found = host_tool_at(&h->view, h->bin, name, &t);
    if (found) {
        host_tool_done(&t);
    }
    return found;
}

static void test_tool_is_found_with_its_identity(void **state)
{
    struct host_fixture *h = *state;
    host_file(h->bin, "python3.11", "12345", 0755);
    host_link(h->bin, "python3", "python3.11");
    struct host_tool t;
    assert_true(host_tool_at(&h->view, h->bin, "python3", &t));
    assert_string_equal(strrchr(t.path, '/'), "/python3");
    assert_string_equal(strrchr(t.real, '/'), "/python3.11");
    assert_int_equal(t.size, 5);
    assert_int_not_equal(t.inode, 0);
    assert_int_not_equal(t.mtime_ns, 0);
    host_tool_done(&t);
}

static void test_what_a_box_cannot_run_is_not_found(void **state)
{
    struct host_fixture *h = *state;
    host_file(h->bin, "private", "", 0750);
    host_file(h->bin, "data", "", 0644);
    host_file(h->other, "shim", "", 0755);
    char target[200];
    snprintf(target, sizeof(target), "%s/shim", h->other);
    host_link(h->bin, "absolute", target);
    host_link(h->bin, "relative", "../other/shim");
    host_link(h->bin, "dangling", "nothing");
    host_link(h->bin, "loop", "loop");
    host_link(h->bin, "directory", ".");
    assert_false(is_found(h, "absent"));
    assert_false(is_found(h, "private"));
    assert_false(is_found(h, "data"));
    assert_false(is_found(h, "absolute"));
    assert_false(is_found(h, "relative"));
    assert_false(is_found(h, "dangling"));
    assert_false(is_found(h, "loop"));
    assert_false(is_found(h, "directory"));
}

static void test_link_through_what_a_box_does_not_see_is_not_found(void **state)
{
    struct host_fixture *h = *state;
    host_file(h->bin, "real", "", 0755);
    host_link(h->other, "way", "../bin/real");
    host_link(h->bin, "tool", "../other/way");
    assert_false(is_found(h, "tool"));
}

static void test_link_between_visible_directories_is_found(void **state)
{
    struct host_fixture *h = *state;
    host_file(h->local, "real", "", 0755);
    host_link(h->bin, "tool", "../local/real");
    assert_true(is_found(h, "tool"));
}

static void test_path_prefers_what_lies_beside(void **state)
{
    struct host_fixture *h = *state;
    host_file(h->local, "javac", "", 0755);
    host_file(h->bin, "javac", "", 0755);
    char beside[200];
    snprintf(beside, sizeof(beside), "%s/java", h->bin);
    AUTO(mem_freep) char *with = host_tool_path(&h->view, "javac", beside);
    AUTO(mem_freep) char *without = host_tool_path(&h->view, "javac", NULL);
    assert_memory_equal(with, h->bin, strlen(h->bin));
    assert_memory_equal(without, h->local, strlen(h->local));
    assert_null(host_tool_path(&h->view, "kotlinc", beside));
}

static void test_same_tells_changed_files(void **state)
{
    struct host_fixture *h = *state;
    struct host_tool a, b, c;
    host_file(h->bin, "tool", "one", 0755);
    assert_true(host_tool_at(&h->view, h->bin, "tool", &a));
    assert_true(host_tool_at(&h->view, h->bin, "tool", &b));
    host_file(h->bin, "tool", "three", 0755);
    assert_true(host_tool_at(&h->view, h->bin, "tool", &c));
    assert_true(host_tool_same(&a, &b));
    assert_false(host_tool_same(&a, &c));
    host_tool_done(&a);
    host_tool_done(&b);
    host_tool_done(&c);
}

static void test_package_version_is_dpkgs(void **state)
{
    struct host_fixture *h = *state;
    host_file(h->dpkg, "status",
              "Package: dash-doc\nStatus: install ok installed\nVersion: 9\n\n"
              "Package: gone\nStatus: deinstall ok config-files\nVersion: 7\n\n"
              "Package: dash\nEssential: yes\nStatus: install ok installed\n"
              "Depends: a\n Package: dash\nVersion: 2:0.5.12-2\nDescription: x\n\n"
              "Package: last\nStatus: install ok installed\nVersion: 1.2.3\n",
              0644);
    AUTO(mem_freep) char *dash = host_package_version(&h->view, "dash");
    AUTO(mem_freep) char *last = host_package_version(&h->view, "last");
    assert_string_equal(dash, "0.5.12-2");
    assert_string_equal(last, "1.2.3");
    assert_null(host_package_version(&h->view, "gone"));
    assert_null(host_package_version(&h->view, "das"));
}

static void test_package_version_without_dpkg_is_none(void **state)
{
    struct host_fixture *h = *state;
    assert_null(host_package_version(&h->view, "dash"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_tool_is_found_with_its_identity),
        T(test_what_a_box_cannot_run_is_not_found),
        T(test_link_through_what_a_box_does_not_see_is_not_found),
        T(test_link_between_visible_directories_is_found),
        T(test_path_prefers_what_lies_beside),
        T(test_same_tells_changed_files),
        T(test_package_version_is_dpkgs),
        T(test_package_version_without_dpkg_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
