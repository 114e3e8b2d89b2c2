/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "host_fixture.h"
#include "runtimes/package_watch.h"

struct fixture {
    struct host_fixture host;
    struct loop *loop;
    struct package_watch watch;
    unsigned calls;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err e;
    host_fixture_make(&f->host);
    assert_int_equal(loop_new(&f->loop, &e), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    package_watch_stop(&f->watch);
    loop_free(f->loop);
    host_fixture_remove(&f->host);
    free(f);
    return 0;
}

static void on_changed(void *ctx)
{
    struct fixture *f = ctx;
    f->calls++;
}

static void start(struct fixture *f)
{
    struct err e;
    assert_int_equal(package_watch_start(&f->watch, f->loop, f->host.dpkg, PACKAGE_WATCH_DPKG,
                                         on_changed, f, &e),
                     0);
}

static void turn(struct fixture *f)
{
    struct err e;
    assert_int_equal(loop_step(f->loop, 0, &e), 0);
}

/* What dpkg does: a new file beside it, then a rename. */
static void replace_status(struct fixture *f)
{
    char from[200], to[200];
    host_file(f->host.dpkg, "status-new", "x", 0644);
    snprintf(from, sizeof(from), "%s/status-new", f->host.dpkg);
    snprintf(to, sizeof(to), "%s/status", f->host.dpkg);
    assert_int_equal(rename(from, to), 0);
}

static void test_new_status_arms_the_timer_that_tells(void **state)
{
    struct fixture *f = *state;
    start(f);
    turn(f);
    assert_null(f->watch.settle.loop);
    replace_status(f);
    turn(f);
    assert_non_null(f->watch.settle.loop);
    assert_int_equal(f->calls, 0);
    f->watch.settle.fn(f->watch.settle.ctx);
    assert_int_equal(f->calls, 1);
}

static void test_a_second_change_puts_it_off(void **state)
{
    struct fixture *f = *state;
    start(f);
    replace_status(f);
    turn(f);
    uint64_t first = f->watch.settle.at_ns;
    replace_status(f);
    turn(f);
    assert_true(f->watch.settle.at_ns > first);
}

static void test_other_files_are_nothing(void **state)
{
    struct fixture *f = *state;
    start(f);
    host_file(f->host.dpkg, "lock", "x", 0644);
    host_file(f->host.dpkg, "status-old", "x", 0644);
    turn(f);
    assert_null(f->watch.settle.loop);
}

static void test_host_without_dpkg_is_said(void **state)
{
    struct fixture *f = *state;
    struct err e;
    assert_int_equal(package_watch_start(&f->watch, f->loop, "/nowhere/dpkg", PACKAGE_WATCH_DPKG,
                                         on_changed, f, &e),
                     -ERR_NOT_FOUND);
    assert_non_null(strstr(e.text, "'/nowhere/dpkg'"));
}

static void test_stop_of_one_that_never_started_is_fine(void **state)
{
    (void)state;
    struct package_watch w = {0};
    package_watch_stop(&w);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_new_status_arms_the_timer_that_tells),
        T(test_a_second_change_puts_it_off),
        T(test_other_files_are_nothing),
        T(test_host_without_dpkg_is_said),
        cmocka_unit_test(test_stop_of_one_that_never_started_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
