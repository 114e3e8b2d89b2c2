/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/loop.h"

static int refusal;
static unsigned refused;

/* In place of the C library's: an old kernel, or a container that does not know the call. */
int epoll_pwait2(int epfd, struct epoll_event *events, int max, const struct timespec *timeout,
                 const sigset_t *mask)
{
    (void)epfd, (void)events, (void)max, (void)timeout, (void)mask;
    refused++;
    errno = refusal;
    return -1;
}

struct fixture {
    struct loop *loop;
    int pair[2];
    struct loop_io io;
    struct loop_timer timer;
    unsigned calls;
};

static void setup_with(struct fixture *f, int why)
{
    struct err e;
    *f = (struct fixture){0};
    refusal = why;
    refused = 0;
    assert_int_equal(loop_new(&f->loop, &e), 0);
    assert_int_equal(fd_seqpacket_pair(f->pair, &e), 0);
}

static void fixture_done(struct fixture *f)
{
    loop_free(f->loop);
    fd_close(f->pair[0]);
    fd_close(f->pair[1]);
}

static void on_timer(void *ctx)
{
    struct fixture *f = ctx;
    f->calls++;
    assert_true(loop_now_ns(f->loop) >= f->timer.at_ns);
}

static void on_readable(void *ctx, unsigned events)
{
    struct fixture *f = ctx;
    (void)events;
    f->calls++;
}

static void check_timer(int why)
{
    struct fixture f;
    struct err e;
    setup_with(&f, why);
    loop_timer_set(f.loop, &f.timer, loop_now_ns(f.loop) + NS_PER_MS + 1, on_timer, &f);
    assert_int_equal(loop_step(f.loop, UINT64_MAX, &e), 0);
    /* Rounded up: one wait was enough. */
    assert_int_equal(f.calls, 1);
    assert_int_equal(refused, 1);
    fixture_done(&f);
}

static void test_timer_fires_in_one_round_without_the_call(void **state)
{
    (void)state;
    check_timer(ENOSYS);
}

static void test_timer_fires_in_one_round_where_a_filter_refuses(void **state)
{
    (void)state;
    check_timer(EPERM);
}

static void test_call_is_tried_once(void **state)
{
    (void)state;
    struct fixture f;
    struct err e;
    setup_with(&f, ENOSYS);
    assert_int_equal(loop_io_add(f.loop, &f.io, f.pair[0], EPOLLIN, on_readable, &f, &e), 0);
    assert_int_equal(fd_send(f.pair[1], "x", 1, NULL, 0, &e), 0);
    assert_int_equal(loop_step(f.loop, UINT64_MAX, &e), 0);
    assert_int_equal(loop_step(f.loop, UINT64_MAX - 1, &e), 0);
    assert_int_equal(f.calls, 2);
    assert_int_equal(refused, 1);
    fixture_done(&f);
}

static void test_interrupted_wait_is_a_round_without_events(void **state)
{
    (void)state;
    struct fixture f;
    struct err e;
    setup_with(&f, EINTR);
    assert_int_equal(loop_step(f.loop, UINT64_MAX, &e), 0);
    assert_int_equal(refused, 1);
    fixture_done(&f);
}

static void test_failing_wait_is_an_error(void **state)
{
    (void)state;
    struct fixture f;
    struct err e;
    setup_with(&f, EINVAL);
    assert_int_equal(loop_step(f.loop, 0, &e), -ERR_IO);
    assert_int_equal(loop_run(f.loop, &e), -ERR_IO);
    assert_string_equal(e.text, "waiting for events: Invalid argument");
    fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timer_fires_in_one_round_without_the_call),
        cmocka_unit_test(test_timer_fires_in_one_round_where_a_filter_refuses),
        cmocka_unit_test(test_call_is_tried_once),
        cmocka_unit_test(test_interrupted_wait_is_a_round_without_events),
        cmocka_unit_test(test_failing_wait_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
