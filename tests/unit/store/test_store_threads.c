/* SPDX-License-Identifier: Apache-2.0 */
/* Which calls come, when, and in what company; what one that fails does to others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/dir.h"
#include "base/fd.h"
#include "base/loop.h"
#include "store_bench.h"

static int setup_open(void **state)
{
    bench_setup(state);
    bench_open(*state);
    return 0;
}

static struct store_call *ask_insert(struct bench *b, const char *id, struct answer *a)
{
    AUTO(execution_unrefp) struct execution *x = execution_of(id);
    return store_insert(b->store, x, answer_take, a);
}

/* Group commit */

static void test_what_one_round_asks_for_is_one_commit(void **state)
{
    struct bench *b = *state;
    struct answer a = {0};
    char id[8];
    for (int i = 0; i < 10; i++) {
        snprintf(id, sizeof(id), "%d", i);
        ask_insert(b, id, &a);
    }
    answer_await(b, &a, 10);
    assert_int_equal(failing_driver_count(b->driver, FAILING_COMMIT), 1);
}

static void test_what_comes_during_a_commit_is_the_next(void **state)
{
    struct bench *b = *state;
    struct answer a = {0};
    char id[8];
    failing_driver_hold(b->driver, FAILING_COMMIT);
    ask_insert(b, "first", &a);
    bench_step(b);
    failing_driver_await_held(b->driver, FAILING_COMMIT);
    for (int i = 0; i < 31; i++) {
        snprintf(id, sizeof(id), "%d", i);
        ask_insert(b, id, &a);
        bench_step(b);
    }
    assert_int_equal(store_stats(b->store).waiting, 32);
    failing_driver_release(b->driver, FAILING_COMMIT);
    answer_await(b, &a, 32);
    assert_int_equal(failing_driver_count(b->driver, FAILING_COMMIT), 2);
    assert_int_equal(store_stats(b->store).waiting, 0);
}

struct order {
    struct answer answer;
    int place, *counter;
};

static void take_place(void *ctx, const struct err *e)
{
    struct order *o = ctx;
    answer_take(&o->answer, e);
    o->place = (*o->counter)++;
}

static void test_writes_are_answered_in_their_order(void **state)
{
    struct bench *b = *state;
    int counter = 0;
    struct order orders[5] = {0};
    char id[8];
    for (int i = 0; i < 5; i++) {
        orders[i].counter = &counter;
        snprintf(id, sizeof(id), "%d", i);
        AUTO(execution_unrefp) struct execution *x = execution_of(id);
        store_insert(b->store, x, take_place, &orders[i]);
        if (i % 2) {
            bench_step(b);
        }
    }
    answer_await(b, &orders[4].answer, 1);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(orders[i].place, i);
    }
}

static void test_writes_take_effect_in_their_order(void **state)
{
    struct bench *b = *state;
    struct answer a = {0};
    ask_insert(b, "a", &a);
    store_begin(b->store, "a", 1, 1, answer_take, &a);
    store_delete(b->store, "a", answer_take, &a);
    ask_insert(b, "a", &a);
    store_begin(b->store, "a", 7, 1, answer_take, &a);
    answer_await(b, &a, 5);
    assert_int_equal(a.kind, 0);
    AUTO(execution_unrefp) struct execution *x = bench_get(b, "a", 0);
    assert_int_equal(x->attempts, 7);
    assert_int_equal(store_stats(b->store).executions, 1);
}

static void test_no_callback_comes_from_inside_a_call(void **state)
{
    struct bench *b = *state;
    struct answer a = {0};
    failing_driver_hold(b->driver, FAILING_COMMIT);
    ask_insert(b, "a", &a);
    bench_step(b);
    failing_driver_await_held(b->driver, FAILING_COMMIT);
    failing_driver_release(b->driver, FAILING_COMMIT);
    ask_insert(b, "b", &a);
    assert_int_equal(a.calls, 0);
    answer_await(b, &a, 2);
}

static void note_call(void *ctx)
{
    *(bool *)ctx = true;
}

static void test_an_idle_store_wakes_nobody(void **state)
{
    struct bench *b = *state;
    bench_insert_id(b, "a");
    bench_check_kept(b, "a", true);
    bench_step(b);

    /* Were the eventfd still readable, this one round would end before its timer is due. */
    bool due = false;
    struct loop_timer timer = {0};
    struct err e;
    loop_timer_set(b->loop, &timer, loop_now_ns(b->loop) + 20 * NS_PER_MS, note_call, &due);
    assert_int_equal(loop_step(b->loop, UINT64_MAX, &e), 0);
    loop_timer_cancel(&timer);
    assert_true(due);
}

static uint64_t blocked_signals(const char *task)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/task/%.16s/status", task);
    AUTO(buf_done) struct buf text = {0};
    struct err e;
    assert_int_equal(fd_read_path(path, 65536, &text, &e), 0);
    const char *at = strstr(text.data, "SigBlk:");
    assert_non_null(at);
    return strstr(text.data, "Name:\tstore-") ? strtoull(at + strlen("SigBlk:"), NULL, 16) : 0;
}

static void test_threads_hear_no_signals(void **state)
{
    (void)state;
    AUTO(dir_closep) DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    int threads = 0;
    const struct dirent *entry;
    while ((entry = dir_next(tasks)) != NULL) {
        uint64_t blocked = blocked_signals(entry->d_name);
        if (blocked != 0) {
            threads++;
            assert_true(blocked & (UINT64_C(1) << (SIGTERM - 1)));
            assert_true(blocked & (UINT64_C(1) << (SIGCHLD - 1)));
            assert_true(blocked & (UINT64_C(1) << (SIGXFSZ - 1)));
        }
    }
    assert_int_equal(threads, 2); /* one writer, one reader */
}

/* Reads */

static void test_reads_do_not_wait_for_a_commit(void **state)
{
    struct bench *b = *state;
    bench_insert_id(b, "old");
    struct answer a = {0};
    failing_driver_hold(b->driver, FAILING_COMMIT);
    ask_insert(b, "new", &a);
    bench_step(b);
    failing_driver_await_held(b->driver, FAILING_COMMIT);

    bench_check_kept(b, "old", true);
    bench_check_kept(b, "new", false);
    failing_driver_release(b->driver, FAILING_COMMIT);
    answer_await(b, &a, 1);
    bench_check_kept(b, "new", true);
}

static void test_readers_work_beside_each_other(void **state)
{
    struct bench *b = *state;
    b->config.readers = 2;
    bench_open(b);
    bench_insert_id(b, "a");
    AUTO(answer_done) struct answer slow = {0};
    struct store_filter filter = {.dialect = NULL, .offset = 0, .limit = 1};
    failing_driver_hold(b->driver, FAILING_LIST);
    store_list(b->store, &filter, 0, answer_take_list, &slow);
    bench_step(b);
    failing_driver_await_held(b->driver, FAILING_LIST);
    bench_check_kept(b, "a", true);
    assert_int_equal(slow.calls, 0);
    failing_driver_release(b->driver, FAILING_LIST);
    answer_await(b, &slow, 1);
}

static void test_many_reads_of_one_round_are_all_answered(void **state)
{
    struct bench *b = *state;
    b->config.readers = 2;
    bench_open(b);
    bench_insert_id(b, "a");
    struct answer answers[100] = {0};
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        store_get(b->store, i % 2 ? "a" : "none", PARTS_ALL, answer_take_one, &answers[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        answer_await(b, &answers[i], 1);
        assert_int_equal(answers[i].x != NULL, i % 2);
        answer_done(&answers[i]);
    }
    bench_insert_id(b, "none"); /* no reader keeps its moment */
    bench_check_kept(b, "none", true);
}

static void test_a_failed_read_says_so_and_the_next_works(void **state)
{
    struct bench *b = *state;
    bench_insert_id(b, "a");
    failing_driver_set(b->driver, FAILING_GET, ERR_IO);
    AUTO(answer_done) struct answer a = {0};
    store_get(b->store, "a", 0, answer_take_one, &a);
    answer_await(b, &a, 1);
    assert_int_equal(a.kind, ERR_IO);
    assert_null(a.x);
    failing_driver_set(b->driver, FAILING_GET, 0);
    bench_check_kept(b, "a", true);
    assert_true(store_stats(b->store).writable);
}

static void test_every_kind_of_read_says_when_it_fails(void **state)
{
    struct bench *b = *state;
    const char *ids[] = {"a"};
    struct store_filter filter = {.dialect = NULL, .offset = 0, .limit = 1};
    struct answer a[6] = {0};
    enum failing_op ops[] = {FAILING_GET, FAILING_LIST, FAILING_UNFINISHED, FAILING_CALLBACKS_DUE,
                             FAILING_COUNT};
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        failing_driver_set(b->driver, ops[i], ERR_IO);
    }
    store_get(b->store, "a", 0, answer_take_one, &a[0]);
    store_get_many(b->store, ids, 1, 0, answer_take_list, &a[1]);
    store_list(b->store, &filter, 0, answer_take_list, &a[2]);
    store_unfinished(b->store, 0, 1, answer_take_list, &a[3]);
    store_callbacks_due(b->store, 0, 1, answer_take_list, &a[4]);
    store_count(b->store, "judge0", 1, answer_take_statistics, &a[5]);
    for (size_t i = 0; i < ARRAY_LEN(a); i++) {
        answer_await(b, &a[i], 1);
        assert_int_equal(a[i].kind, ERR_IO);
    }
}

/* Failures of writes */

static void check_fails_and_recovers(struct bench *b, enum failing_op op, enum err_kind kind)
{
    struct answer a = {0};
    failing_driver_set(b->driver, op, kind);
    ask_insert(b, "a", &a);
    ask_insert(b, "b", &a);
    answer_await(b, &a, 2);
    assert_int_equal(a.kind, kind);
    struct store_stats stats = store_stats(b->store);
    assert_false(stats.writable);
    assert_string_equal(stats.why, a.text);
    bench_check_kept(b, "a", false);
    bench_check_kept(b, "old", true);

    failing_driver_set(b->driver, op, 0);
    bench_insert_id(b, "a");
    stats = store_stats(b->store);
    assert_true(stats.writable);
    assert_string_equal(stats.why, "");
    assert_int_equal(stats.executions, 2);
}

static void test_a_full_disk_fails_writes_until_there_is_room(void **state)
{
    struct bench *b = *state;
    bench_insert_id(b, "old");
    check_fails_and_recovers(b, FAILING_INSERT, ERR_LIMIT);
}

static void test_a_begin_that_fails_fails_what_waited(void **state)
{
    struct bench *b = *state;
    bench_insert_id(b, "old");
    check_fails_and_recovers(b, FAILING_BEGIN, ERR_DENIED);
}

static void test_a_commit_that_fails_leaves_nothing(void **state)
{
    struct bench *b = *state;
    bench_insert_id(b, "old");
    check_fails_and_recovers(b, FAILING_COMMIT, ERR_IO);
}

static void test_a_failure_in_the_middle_takes_all_of_it_back(void **state)
{
    struct bench *b = *state;
    struct answer first = {0}, second = {0}, third = {0};
    failing_driver_set(b->driver, FAILING_BEGIN_RUN, ERR_IO);
    ask_insert(b, "a", &first);
    store_begin(b->store, "a", 1, 1, answer_take, &second);
    ask_insert(b, "b", &third);
    answer_await(b, &third, 1);
    assert_int_equal(first.kind, ERR_IO);
    assert_int_equal(second.kind, ERR_IO);
    assert_int_equal(third.kind, ERR_IO);
    bench_check_kept(b, "a", false);
    bench_check_kept(b, "b", false);
    assert_int_equal(store_stats(b->store).executions, 0);
}

static void test_a_bad_request_does_not_spoil_its_company(void **state)
{
    struct bench *b = *state;
    struct answer good = {0}, bad = {0}, late = {0};
    ask_insert(b, "a", &good);
    ask_insert(b, "a", &bad);
    store_delete(b->store, "nobody", answer_take, &bad);
    ask_insert(b, "b", &late);
    answer_await(b, &late, 1);
    assert_int_equal(good.kind, 0);
    assert_int_equal(bad.calls, 2);
    assert_int_equal(bad.kind, ERR_NOT_FOUND);
    assert_int_equal(late.kind, 0);
    assert_int_equal(failing_driver_count(b->driver, FAILING_COMMIT), 1);
    bench_check_kept(b, "a", true);
    bench_check_kept(b, "b", true);
    assert_int_equal(store_stats(b->store).executions, 2);
}

static void test_every_kind_of_write_says_when_it_fails(void **state)
{
    struct bench *b = *state;
    bench_insert_id(b, "a");
    AUTO(execution_unrefp) struct execution *x = execution_of("a");
    execution_finish(x, 1, "");
    enum failing_op ops[] = {FAILING_BEGIN_RUN, FAILING_REQUEUE, FAILING_FINISH,
                             FAILING_SET_CALLBACK, FAILING_REMOVE};
    struct answer a[ARRAY_LEN(ops)] = {0};
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        failing_driver_set(b->driver, ops[i], ERR_IO);
    }
    store_begin(b->store, "a", 1, 1, answer_take, &a[0]);
    answer_await(b, &a[0], 1);
    store_requeue(b->store, "a", 1, answer_take, &a[1]);
    answer_await(b, &a[1], 1);
    store_finish(b->store, x, answer_take, &a[2]);
    answer_await(b, &a[2], 1);
    store_set_callback(b->store, "a", CALLBACK_DUE, answer_take, &a[3]);
    answer_await(b, &a[3], 1);
    store_delete(b->store, "a", answer_take, &a[4]);
    answer_await(b, &a[4], 1);
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        assert_int_equal(a[i].kind, ERR_IO);
    }
    AUTO(execution_unrefp) struct execution *y = bench_get(b, "a", 0);
    assert_int_equal(y->state, EXECUTION_QUEUED);
}

/* Cancel */

static void test_a_cancelled_write_is_done_without_a_word(void **state)
{
    struct bench *b = *state;
    struct answer a = {0};
    store_cancel(ask_insert(b, "a", &a));
    bench_insert_id(b, "b");
    assert_int_equal(a.calls, 0);
    bench_check_kept(b, "a", true);
    assert_int_equal(store_stats(b->store).waiting, 0);
}

static void test_a_cancelled_read_is_not_answered(void **state)
{
    struct bench *b = *state;
    AUTO(answer_done) struct answer begun = {0};
    AUTO(answer_done) struct answer queued = {0};
    failing_driver_hold(b->driver, FAILING_GET);
    struct store_call *first = store_get(b->store, "a", 0, answer_take_one, &begun);
    bench_step(b);
    failing_driver_await_held(b->driver, FAILING_GET);
    struct store_call *second = store_get(b->store, "a", 0, answer_take_one, &queued);
    store_cancel(first);
    store_cancel(second);
    failing_driver_release(b->driver, FAILING_GET);
    bench_check_kept(b, "a", false);
    assert_int_equal(begun.calls, 0);
    assert_int_equal(queued.calls, 0);
    /* The second was not even begun. */
    assert_int_equal(failing_driver_count(b->driver, FAILING_GET), 2);
}

struct canceller {
    struct answer answer;
    struct store_call *other;
};

static void take_and_cancel(void *ctx, const struct err *e)
{
    struct canceller *c = ctx;
    answer_take(&c->answer, e);
    store_cancel(c->other);
}

static void test_a_callback_may_cancel_one_that_came_with_it(void **state)
{
    struct bench *b = *state;
    struct canceller c = {0};
    struct answer cancelled = {0}, last = {0};
    AUTO(execution_unrefp) struct execution *x = execution_of("a");
    store_insert(b->store, x, take_and_cancel, &c);
    c.other = ask_insert(b, "b", &cancelled);
    ask_insert(b, "c", &last);
    answer_await(b, &last, 1);
    assert_int_equal(c.answer.calls, 1);
    assert_int_equal(cancelled.calls, 0);
}

static void test_cancel_takes_null(void **state)
{
    (void)state;
    store_cancel(NULL);
    store_close(NULL);
}

/* Close */

struct closer {
    struct answer answer;
    struct bench *bench;
};

static void take_and_close(void *ctx, const struct err *e)
{
    struct closer *c = ctx;
    answer_take(&c->answer, e);
    bench_close(c->bench);
}

static void test_a_callback_may_close_the_store(void **state)
{
    struct bench *b = *state;
    struct closer c = {.bench = b};
    struct answer after = {0};
    AUTO(execution_unrefp) struct execution *x = execution_of("a");
    store_insert(b->store, x, take_and_close, &c);
    ask_insert(b, "b", &after);
    answer_await(b, &c.answer, 1);
    bench_step(b);
    assert_int_equal(after.calls, 0);
}

static void test_close_drops_reads(void **state)
{
    struct bench *b = *state;
    struct answer a = {0};
    store_get(b->store, "a", 0, answer_take_one, &a);
    bench_close(b);
    bench_step(b);
    assert_int_equal(a.calls, 0);
}

static void test_open_says_what_fails(void **state)
{
    struct bench *b = *state;
    b->config.path = "/nonexistent/directory/db";
    struct err e;
    assert_true(bench_try_open(b, &e) < 0);
    assert_null(b->store);
    assert_non_null(strstr(e.text, "/nonexistent/directory/db"));
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, setup_open, bench_teardown, NULL                                              \
    }
#define CLOSED(name)                                                                               \
    {                                                                                              \
#name, name, bench_setup, bench_teardown, NULL                                             \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_one_round_asks_for_is_one_commit),
        TEST(test_what_comes_during_a_commit_is_the_next),
        TEST(test_writes_are_answered_in_their_order),
        TEST(test_writes_take_effect_in_their_order),
        TEST(test_no_callback_comes_from_inside_a_call),
        TEST(test_an_idle_store_wakes_nobody),
        TEST(test_threads_hear_no_signals),
        TEST(test_reads_do_not_wait_for_a_commit),
        CLOSED(test_readers_work_beside_each_other),
        CLOSED(test_many_reads_of_one_round_are_all_answered),
        TEST(test_a_failed_read_says_so_and_the_next_works),
        TEST(test_every_kind_of_read_says_when_it_fails),
        TEST(test_a_full_disk_fails_writes_until_there_is_room),
        TEST(test_a_begin_that_fails_fails_what_waited),
        TEST(test_a_commit_that_fails_leaves_nothing),
        TEST(test_a_failure_in_the_middle_takes_all_of_it_back),
        TEST(test_a_bad_request_does_not_spoil_its_company),
        TEST(test_every_kind_of_write_says_when_it_fails),
        TEST(test_a_cancelled_write_is_done_without_a_word),
        TEST(test_a_cancelled_read_is_not_answered),
        TEST(test_a_callback_may_cancel_one_that_came_with_it),
        TEST(test_cancel_takes_null),
        TEST(test_a_callback_may_close_the_store),
        TEST(test_close_drops_reads),
        CLOSED(test_open_says_what_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
