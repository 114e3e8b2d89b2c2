/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/loop.h"

/* A loop, a pair of sockets with a byte waiting on each, and a record of what was called. */
struct fixture {
    struct loop *loop;
    int pair[2];
    struct loop_io io[2];
    struct loop_timer timers[8];
    struct loop_defer defers[3];
    char calls[64];
    size_t call_count;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err e;
    assert_int_equal(loop_new(&f->loop, &e), 0);
    assert_int_equal(fd_seqpacket_pair(f->pair, &e), 0);
    assert_int_equal(fd_send(f->pair[0], "x", 1, NULL, 0, &e), 0);
    assert_int_equal(fd_send(f->pair[1], "x", 1, NULL, 0, &e), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    loop_free(f->loop);
    fd_close(f->pair[0]);
    fd_close(f->pair[1]);
    free(f);
    return 0;
}

static void record(struct fixture *f, char c)
{
    f->calls[f->call_count++] = c;
}

static void step(struct fixture *f)
{
    struct err e;
    assert_int_equal(loop_step(f->loop, 0, &e), 0);
}

static void watch(struct fixture *f, int i, loop_io_fn *fn)
{
    struct err e;
    assert_int_equal(loop_io_add(f->loop, &f->io[i], f->pair[i], EPOLLIN, fn, f, &e), 0);
}

static void on_readable(void *ctx, unsigned events)
{
    assert_true(events & EPOLLIN);
    record(ctx, 'r');
}

static void test_io_calls_what_is_readable(void **state)
{
    struct fixture *f = *state;
    watch(f, 0, on_readable);
    step(f);
    step(f);
    assert_string_equal(f->calls, "rr");
}

static void test_io_modified_to_nothing_is_silent(void **state)
{
    struct fixture *f = *state;
    struct err e;
    watch(f, 0, on_readable);
    assert_int_equal(loop_io_modify(&f->io[0], 0, &e), 0);
    step(f);
    assert_string_equal(f->calls, "");
    assert_int_equal(loop_io_modify(&f->io[0], EPOLLIN, &e), 0);
    step(f);
    assert_string_equal(f->calls, "r");
}

static void test_io_removed_is_silent_and_removable_again(void **state)
{
    struct fixture *f = *state;
    watch(f, 0, on_readable);
    loop_io_remove(&f->io[0]);
    loop_io_remove(&f->io[0]);
    step(f);
    assert_string_equal(f->calls, "");
    watch(f, 0, on_readable);
    step(f);
    assert_string_equal(f->calls, "r");
}

static void remove_both(void *ctx, unsigned events)
{
    struct fixture *f = ctx;
    (void)events;
    record(f, 'm');
    loop_io_remove(&f->io[0]);
    loop_io_remove(&f->io[1]);
    /* What a freed owner would leave behind. */
    f->io[0].fn = f->io[1].fn = NULL;
}

static void test_io_removed_in_the_same_round_is_not_called(void **state)
{
    struct fixture *f = *state;
    watch(f, 0, remove_both);
    watch(f, 1, remove_both);
    step(f);
    step(f);
    assert_string_equal(f->calls, "m");
}

static void test_io_add_says_what_cannot_be_watched(void **state)
{
    struct fixture *f = *state;
    struct err e;
    struct loop_io io = {0};
    assert_int_equal(loop_io_add(f->loop, &io, -1, EPOLLIN, on_readable, f, &e), -ERR_IO);
    assert_null(io.loop);
    watch(f, 0, on_readable);
    int fd = f->io[0].fd;
    f->io[0].fd = -1;
    assert_int_equal(loop_io_modify(&f->io[0], EPOLLIN, &e), -ERR_IO);
    f->io[0].fd = fd;
}

struct tagged {
    struct fixture *f;
    char tag;
};

static void on_tagged(void *ctx)
{
    struct tagged *t = ctx;
    record(t->f, t->tag);
}

static void test_timers_fire_in_order_of_time(void **state)
{
    struct fixture *f = *state;
    static const uint8_t order[8] = {5, 1, 7, 3, 0, 6, 2, 4};
    struct tagged tags[8];
    for (size_t i = 0; i < 8; i++) {
        tags[i] = (struct tagged){f, (char)('0' + order[i])};
        loop_timer_set(f->loop, &f->timers[i], order[i] + 1, on_tagged, &tags[i]);
    }
    step(f);
    assert_string_equal(f->calls, "01234567");
    assert_null(f->timers[0].loop);
}

static void test_timers_cancelled_or_moved(void **state)
{
    struct fixture *f = *state;
    struct tagged tags[8];
    for (size_t i = 0; i < 8; i++) {
        tags[i] = (struct tagged){f, (char)('0' + i)};
        loop_timer_set(f->loop, &f->timers[i], i + 1, on_tagged, &tags[i]);
    }
    loop_timer_cancel(&f->timers[0]);
    loop_timer_cancel(&f->timers[0]);
    loop_timer_cancel(&f->timers[3]);
    loop_timer_cancel(&f->timers[7]);
    loop_timer_set(f->loop, &f->timers[5], 1, on_tagged, &tags[5]);
    loop_timer_set(f->loop, &f->timers[1], UINT64_MAX, on_tagged, &tags[1]);
    step(f);
    assert_string_equal(f->calls, "5246");
    assert_ptr_equal(f->timers[1].loop, f->loop);
}

static void test_many_timers_keep_their_order(void **state)
{
    struct fixture *f = *state;
    enum { COUNT = 500 };
    struct loop_timer *timers = calloc(COUNT, sizeof(*timers));
    struct tagged last = {f, 'L'};
    struct tagged *unused = calloc(COUNT, sizeof(*unused));
    uint32_t random = 1;
    for (int i = 0; i < COUNT; i++) {
        random = random * 1664525 + 1013904223;
        loop_timer_set(f->loop, &timers[i], UINT64_MAX - (random >> 8), on_tagged, &unused[i]);
    }
    loop_timer_set(f->loop, &f->timers[0], 1, on_tagged, &last);
    for (int i = 0; i < COUNT; i += 2) {
        loop_timer_cancel(&timers[i]);
    }
    step(f);
    assert_string_equal(f->calls, "L");
    loop_free(f->loop); /* disarms the rest */
    f->loop = NULL;
    assert_null(timers[1].loop);
    free(timers);
    free(unused);
}

static void rearm_now(void *ctx)
{
    struct fixture *f = ctx;
    record(f, 't');
    loop_timer_set(f->loop, &f->timers[0], loop_now_ns(f->loop), rearm_now, f);
}

static void test_timer_that_rearms_itself_fires_once_a_round(void **state)
{
    struct fixture *f = *state;
    rearm_now(f);
    step(f);
    step(f);
    assert_string_equal(f->calls, "ttt");
}

static void stop_loop(void *ctx)
{
    struct fixture *f = ctx;
    record(f, 's');
    loop_stop(f->loop);
}

static void test_run_waits_for_a_timer_and_stops(void **state)
{
    struct fixture *f = *state;
    struct err e;
    uint64_t at = loop_now_ns(f->loop) + NS_PER_MS + NS_PER_MS / 2;
    loop_timer_set(f->loop, &f->timers[0], at, stop_loop, f);
    assert_int_equal(loop_run(f->loop, &e), 0);
    assert_string_equal(f->calls, "s");
    assert_true(loop_now_ns(f->loop) >= at);
}

static void test_stop_before_run_ends_it_at_once(void **state)
{
    struct fixture *f = *state;
    struct err e;
    loop_stop(f->loop);
    assert_int_equal(loop_run(f->loop, &e), 0);
    loop_defer(f->loop, &f->defers[0], stop_loop, f);
    assert_int_equal(loop_run(f->loop, &e), 0);
    assert_string_equal(f->calls, "s");
}

static void defer_self(void *ctx)
{
    struct fixture *f = ctx;
    record(f, 'f');
    loop_defer(f->loop, &f->defers[0], defer_self, f);
}

static void on_deferred(void *ctx)
{
    record(ctx, 'e');
}

static void test_defer_runs_once_and_its_successor_next_round(void **state)
{
    struct fixture *f = *state;
    loop_defer(f->loop, &f->defers[0], defer_self, f);
    loop_defer(f->loop, &f->defers[0], defer_self, f);
    loop_defer(f->loop, &f->defers[1], on_deferred, f);
    step(f);
    assert_string_equal(f->calls, "fe");
    step(f);
    assert_string_equal(f->calls, "fef");
}

static void cancel_other(void *ctx)
{
    struct fixture *f = ctx;
    record(f, 'c');
    loop_defer_cancel(&f->defers[1]);
}

static void test_defer_cancelled_in_the_same_round_is_not_called(void **state)
{
    struct fixture *f = *state;
    loop_defer(f->loop, &f->defers[0], cancel_other, f);
    loop_defer(f->loop, &f->defers[1], on_deferred, f);
    loop_defer(f->loop, &f->defers[2], on_deferred, f);
    loop_defer_cancel(&f->defers[2]);
    loop_defer_cancel(&f->defers[2]);
    step(f);
    assert_string_equal(f->calls, "c");
}

static void test_defer_runs_after_events_and_timers(void **state)
{
    struct fixture *f = *state;
    struct tagged t = {f, 't'};
    loop_defer(f->loop, &f->defers[0], on_deferred, f);
    loop_timer_set(f->loop, &f->timers[0], 1, on_tagged, &t);
    watch(f, 0, on_readable);
    step(f);
    assert_string_equal(f->calls, "rte");
}

static void defer_another(void *ctx)
{
    struct fixture *f = ctx;
    record(f, 'a');
    loop_defer(f->loop, &f->defers[1], on_deferred, f);
}

static void test_late_call_waits_for_all_that_is_deferred(void **state)
{
    struct fixture *f = *state;
    struct tagged late = {f, 'l'};
    loop_defer_late(f->loop, &f->defers[2], on_tagged, &late);
    loop_defer(f->loop, &f->defers[0], defer_another, f);
    step(f);
    step(f);
    step(f);
    assert_string_equal(f->calls, "ael");
}

static void test_late_call_waits_for_what_is_ready(void **state)
{
    struct fixture *f = *state;
    struct tagged late = {f, 'l'};
    watch(f, 0, on_readable);
    loop_defer_late(f->loop, &f->defers[0], on_tagged, &late);
    step(f);
    assert_string_equal(f->calls, "r");
    loop_io_remove(&f->io[0]);
    step(f);
    assert_string_equal(f->calls, "rl");
}

static void test_late_call_is_made_though_the_loop_is_never_idle(void **state)
{
    struct fixture *f = *state;
    struct tagged late = {f, 'l'};
    loop_defer(f->loop, &f->defers[0], defer_self, f);
    loop_defer_late(f->loop, &f->defers[1], on_tagged, &late);
    for (size_t i = 0; i < 20 && !strchr(f->calls, 'l'); i++) {
        step(f);
    }
    assert_non_null(strchr(f->calls, 'l'));
}

static void test_late_call_is_not_slept_through(void **state)
{
    struct fixture *f = *state;
    struct err e;
    loop_defer_late(f->loop, &f->defers[0], stop_loop, f);
    assert_int_equal(loop_run(f->loop, &e), 0);
    assert_string_equal(f->calls, "s");
}

static void test_late_call_can_be_cancelled(void **state)
{
    struct fixture *f = *state;
    loop_defer_late(f->loop, &f->defers[0], on_deferred, f);
    loop_defer_cancel(&f->defers[0]);
    step(f);
    assert_string_equal(f->calls, "");
}

static void on_signal(void *ctx, int signo)
{
    struct fixture *f = ctx;
    record(f, signo == SIGUSR1 ? '1' : '2');
    loop_stop(f->loop);
}

static void test_signals_are_heard(void **state)
{
    struct fixture *f = *state;
    struct err e;
    assert_int_equal(loop_signal_add(f->loop, SIGUSR1, on_signal, f, &e), 0);
    assert_int_equal(loop_signal_add(f->loop, SIGUSR2, on_signal, f, &e), 0);
    raise(SIGUSR2);
    assert_int_equal(loop_run(f->loop, &e), 0);
    raise(SIGUSR1);
    assert_int_equal(loop_run(f->loop, &e), 0);
    assert_string_equal(f->calls, "21");
}

static void test_signal_that_is_none_is_refused(void **state)
{
    struct fixture *f = *state;
    struct err e;
    assert_int_equal(loop_signal_add(f->loop, 4711, on_signal, f, &e), -ERR_IO);
}

static void record_now(void *ctx)
{
    struct fixture *f = ctx;
    uint64_t now = loop_now_ns(f->loop);
    while (clock_mono_ns(&clock_system) == now) {
    }
    assert_int_equal(loop_now_ns(f->loop), now);
    record(f, 'n');
}

static void test_now_stands_still_in_a_round(void **state)
{
    struct fixture *f = *state;
    loop_defer(f->loop, &f->defers[0], record_now, f);
    step(f);
    assert_string_equal(f->calls, "n");
}

static void test_free_of_null_is_fine(void **state)
{
    (void)state;
    loop_free(NULL);
}

static void test_free_takes_deferred_calls_out(void **state)
{
    struct fixture *f = *state;
    loop_defer(f->loop, &f->defers[0], on_deferred, f);
    loop_free(f->loop);
    f->loop = NULL;
    assert_null(f->defers[0].loop);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_io_calls_what_is_readable),
        T(test_io_modified_to_nothing_is_silent),
        T(test_io_removed_is_silent_and_removable_again),
        T(test_io_removed_in_the_same_round_is_not_called),
        T(test_io_add_says_what_cannot_be_watched),
        T(test_timers_fire_in_order_of_time),
        T(test_timers_cancelled_or_moved),
        T(test_many_timers_keep_their_order),
        T(test_timer_that_rearms_itself_fires_once_a_round),
        T(test_run_waits_for_a_timer_and_stops),
        T(test_stop_before_run_ends_it_at_once),
        T(test_defer_runs_once_and_its_successor_next_round),
        T(test_defer_cancelled_in_the_same_round_is_not_called),
        T(test_defer_runs_after_events_and_timers),
        T(test_late_call_waits_for_all_that_is_deferred),
        T(test_late_call_waits_for_what_is_ready),
        T(test_late_call_is_made_though_the_loop_is_never_idle),
        T(test_late_call_is_not_slept_through),
        T(test_late_call_can_be_cancelled),
        T(test_signals_are_heard),
        T(test_signal_that_is_none_is_refused),
        T(test_now_stands_still_in_a_round),
        cmocka_unit_test(test_free_of_null_is_fine),
        T(test_free_takes_deferred_calls_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
