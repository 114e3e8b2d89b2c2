/* SPDX-License-Identifier: Apache-2.0 */
/* Executions that are cancelled, in each of their states. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/loop.h"
#include "executions_bench.h"

static void cancel(struct bench *b, const char *id, struct got *g)
{
    executions_cancel(b->executions, id, on_done, g);
    assert_false(g->told); /* never from inside the call */
}

static enum err_kind cancelled(struct bench *b, const char *id)
{
    struct got g = {0};
    cancel(b, id, &g);
    fake_run(b->boxd);
    assert_true(g.told);
    return g.kind;
}

static void check_cancelled(const struct bench *b, const char *id)
{
    assert_int_equal(row(b, id)->state, EXECUTION_CANCELLED);
    assert_true(row(b, id)->finished_ns > 0);
}

/* The box of the program that was cancelled ends. */
static void box_ends(struct bench *b, uint32_t box)
{
    fake_boxd_gets(b->boxd, BOX_MSG_KILL);
    fake_closes_output(b->boxd, box);
    fake_ended(b->boxd, box, BOX_END_CANCEL, SIGKILL);
    fake_run(b->boxd);
    fake_boxd_gets(b->boxd, BOX_MSG_DESTROY);
    fake_destroyed(b->boxd, box);
    fake_run(b->boxd);
}

static void test_cancel_of_one_that_waits_is_over_and_never_runs(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard first = {0}, h = {0};
    submit(b, &first, "first");
    uint32_t box = fake_takes_box(b->boxd);
    submit(b, &h, "one");
    assert_int_equal(cancelled(b, "one"), 0);
    assert_string_equal(h.order, "af");
    assert_int_equal(h.x->state, EXECUTION_CANCELLED);
    check_cancelled(b, "one");
    assert_int_equal(row(b, "one")->started_ns, 0);
    assert_int_equal(engine_stats(b->engine).queued, 0);

    fake_runs(b->boxd, box, "first", 0);
    fake_boxd_gets(b->boxd, BOX_MSG_DESTROY);
    fake_destroyed(b->boxd, box);
    fake_run(b->boxd);
    fake_boxd_gets_nothing(b->boxd);
    heard_done(&first);
    heard_done(&h);
    bench_done(b);
}

static void test_cancel_of_one_that_runs_keeps_what_it_had_printed(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct got g = {0};
    submit(b, &h, "one");
    uint32_t box = fake_takes_box(b->boxd);
    fake_hello(b->boxd, box);
    fake_print(b->boxd, box, BOX_STDOUT, "so far");
    fake_run(b->boxd);
    cancel(b, "one", &g);
    fake_run(b->boxd);
    assert_false(g.told); /* it is not over yet */
    box_ends(b, box);
    assert_true(g.told);
    assert_int_equal(g.kind, 0);
    assert_string_equal(h.order, "af");
    check_cancelled(b, "one");
    assert_string_equal(row(b, "one")->parts[PART_STDOUT].data, "so far");
    assert_int_equal(engine_stats(b->engine).running, 0);
    heard_done(&h);
    bench_done(b);
}

/* Printed, and not read by us when it was cancelled. */
static void test_cancel_keeps_what_is_still_in_the_pipe(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct got g = {0};
    submit(b, &h, "one");
    uint32_t box = fake_takes_box(b->boxd);
    fake_hello(b->boxd, box);
    fake_run(b->boxd);
    fake_print(b->boxd, box, BOX_STDOUT, "just now");
    cancel(b, "one", &g);
    box_ends(b, box);
    assert_int_equal(g.kind, 0);
    check_cancelled(b, "one");
    assert_string_equal(row(b, "one")->parts[PART_STDOUT].data, "just now");
    heard_done(&h);
    bench_done(b);
}

static void test_cancel_twice_is_told_twice(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct got one = {0}, two = {0};
    submit(b, &h, "one");
    uint32_t box = fake_takes_box(b->boxd);
    fake_hello(b->boxd, box);
    cancel(b, "one", &one);
    cancel(b, "one", &two);
    fake_run(b->boxd);
    box_ends(b, box);
    assert_true(one.told && two.told);
    assert_int_equal(one.kind, 0);
    assert_int_equal(two.kind, 0);
    assert_string_equal(h.order, "af");
    heard_done(&h);
    bench_done(b);
}

static void test_cancel_is_told_when_it_is_on_disk(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard first = {0}, h = {0};
    struct got g = {0};
    submit(b, &first, "first");
    submit(b, &h, "one");
    fake_store_hold(b->store, true);
    cancel(b, "one", &g);
    fake_run(b->boxd);
    assert_string_equal(h.order, "af"); /* who waits is told at once */
    assert_false(g.told);
    fake_store_do(b->store);
    fake_run(b->boxd);
    assert_true(g.told);
    check_cancelled(b, "one");
    heard_done(&first);
    heard_done(&h);
    bench_done(b);
}

static void test_cancel_waits_for_a_store_that_works_again(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard first = {0}, h = {0};
    struct got g = {0};
    submit(b, &first, "first");
    submit(b, &h, "one");
    fake_store_writes(b->store);
    fake_store_fail_writes(b->store, ERR_LIMIT);
    cancel(b, "one", &g);
    fake_run(b->boxd);
    assert_false(g.told);
    fake_store_fail_writes(b->store, 0);
    run_until_write(b, 'f');
    fake_run(b->boxd);
    assert_true(g.told);
    assert_int_equal(g.kind, 0);
    check_cancelled(b, "one");
    heard_done(&first);
    heard_done(&h);
    bench_done(b);
}

static void test_cancel_of_one_that_is_being_inserted_waits_for_that(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard first = {0}, h = {0};
    struct got g = {0};
    submit(b, &first, "first");
    fake_store_hold(b->store, true);
    submit(b, &h, "one");
    cancel(b, "one", &g);
    fake_run(b->boxd);
    assert_false(g.told);
    fake_store_hold(b->store, false);
    fake_run(b->boxd);
    assert_true(g.told);
    assert_int_equal(g.kind, 0);
    assert_string_equal(h.order, "af");
    check_cancelled(b, "one");
    heard_done(&first);
    heard_done(&h);
    bench_done(b);
}

static void test_cancel_of_one_that_is_refused_tells_why(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct got g = {0};
    fake_store_hold(b->store, true);
    submit(b, &h, "one");
    cancel(b, "one", &g);
    fake_store_fail_writes(b->store, ERR_LIMIT);
    fake_store_do(b->store);
    fake_run(b->boxd);
    assert_true(g.told);
    assert_int_equal(g.kind, ERR_LIMIT);
    assert_string_equal(h.order, "r");
    bench_done(b);
}

static void test_cancel_of_one_that_runs_beside_its_insert(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct got g = {0};
    fake_store_hold(b->store, true);
    submit(b, &h, "one");
    uint32_t box = fake_takes_box(b->boxd);
    fake_hello(b->boxd, box);
    cancel(b, "one", &g);
    fake_run(b->boxd);
    box_ends(b, box);
    assert_false(g.told);
    fake_store_hold(b->store, false);
    fake_run(b->boxd);
    assert_string_equal(h.order, "af");
    assert_true(g.told);
    check_cancelled(b, "one");
    heard_done(&h);
    bench_done(b);
}

static void test_cancel_of_what_is_over_is_refused(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    submit(b, &h, "one");
    uint32_t box = fake_takes_box(b->boxd);
    fake_store_hold(b->store, true);
    fake_runs(b->boxd, box, "hi", 0);
    assert_int_equal(cancelled(b, "one"), ERR_BUSY); /* on its way to the disk */
    fake_store_hold(b->store, false);
    fake_run(b->boxd);
    assert_int_equal(cancelled(b, "one"), ERR_BUSY);
    assert_int_equal(row(b, "one")->state, EXECUTION_FINISHED);
    assert_int_equal(cancelled(b, "none"), ERR_NOT_FOUND);
    heard_done(&h);
    bench_done(b);
}

static void test_cancel_that_comes_with_the_end_changes_nothing(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct got g = {0};
    submit(b, &h, "one");
    uint32_t box = fake_takes_box(b->boxd);
    fake_hello(b->boxd, box);
    fake_run(b->boxd);
    cancel(b, "one", &g);
    fake_boxd_gets(b->boxd, BOX_MSG_KILL);
    fake_closes_output(b->boxd, box);
    fake_ended(b->boxd, box, BOX_END_EXIT, 0); /* boxd was faster */
    fake_run(b->boxd);
    assert_true(g.told);
    bool is_cancelled = row(b, "one")->state == EXECUTION_CANCELLED;
    assert_int_equal(g.kind, is_cancelled ? 0 : ERR_BUSY);
    heard_done(&h);
    bench_done(b);
}

static void test_cancel_of_what_was_left_reads_it_and_ends_it(void **state)
{
    (void)state;
    struct bench *b = bench_made_with(0);
    fake_store_left(b->store, "one", EXECUTION_QUEUED, 0);
    bench_start(b, 0);
    struct got g = {0};
    cancel(b, "one", &g); /* nothing is recovered yet */
    fake_run(b->boxd);
    assert_true(g.told);
    assert_int_equal(g.kind, 0);
    check_cancelled(b, "one");
    assert_int_equal(engine_stats(b->engine).queued, 0);
    bench_done(b);
}

static void test_cancel_of_one_that_cannot_be_read_tries_again(void **state)
{
    (void)state;
    struct bench *b = bench_made_with(0);
    fake_store_left(b->store, "one", EXECUTION_QUEUED, 0);
    bench_start(b, 0);
    fake_run(b->boxd);
    struct got g = {0};
    fake_store_damage(b->store, "one");
    cancel(b, "one", &g);
    fake_run(b->boxd);
    assert_false(g.told);
    fake_store_damage(b->store, NULL);
    run_until_write(b, 'f');
    fake_run(b->boxd);
    assert_true(g.told);
    assert_int_equal(g.kind, 0);
    check_cancelled(b, "one");
    bench_done(b);
}

static void test_what_was_cancelled_stays_so(void **state)
{
    (void)state;
    struct bench *b = bench_made();
    fake_store_left(b->store, "one", EXECUTION_CANCELLED, 0);
    bench_start(b, 0);
    fake_run(b->boxd);
    assert_int_equal(engine_stats(b->engine).queued, 0);
    fake_boxd_gets_nothing(b->boxd);
    assert_int_equal(cancelled(b, "one"), ERR_BUSY);
    bench_done(b);
}

static void test_callback_of_what_was_cancelled_is_sent(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard first = {0}, h = {0};
    submit(b, &first, "first");
    ask(b, &h, "one", "callback");
    fake_run(b->boxd);
    assert_int_equal(cancelled(b, "one"), 0);
    assert_int_equal(the_webhooks->count, 1);
    assert_string_equal(the_webhooks->sent[0].id, "one");
    assert_int_equal(row(b, "one")->callback, CALLBACK_DUE);
    heard_done(&first);
    heard_done(&h);
    bench_done(b);
}

static void test_await_is_told_of_a_cancellation(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard first = {0}, h = {0};
    struct got g = {0};
    submit(b, &first, "first");
    submit(b, &h, "one");
    executions_await(b->executions, "one", PARTS_ALL, on_got, &g);
    assert_int_equal(cancelled(b, "one"), 0);
    assert_true(g.told);
    assert_int_equal(g.x->state, EXECUTION_CANCELLED);
    execution_unref(g.x);
    heard_done(&first);
    heard_done(&h);
    bench_done(b);
}

static void test_cancel_is_told_when_the_server_stops(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct got g = {0};
    submit(b, &h, "one");
    uint32_t box = fake_takes_box(b->boxd);
    fake_hello(b->boxd, box);
    cancel(b, "one", &g);
    fake_run(b->boxd);
    executions_stop(b->executions);
    fake_run(b->boxd);
    assert_true(g.told);
    assert_int_equal(g.kind, ERR_BUSY);
    heard_done(&h);
    bench_done(b);
}

static void test_cancel_that_nobody_waits_for_is_done(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard first = {0}, h = {0};
    struct got g = {0};
    submit(b, &first, "first");
    submit(b, &h, "one");
    executions_forget(executions_cancel(b->executions, "one", on_done, &g));
    fake_run(b->boxd);
    assert_false(g.told);
    check_cancelled(b, "one");
    heard_done(&first);
    heard_done(&h);
    bench_done(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cancel_of_one_that_waits_is_over_and_never_runs),
        cmocka_unit_test(test_cancel_of_one_that_runs_keeps_what_it_had_printed),
        cmocka_unit_test(test_cancel_keeps_what_is_still_in_the_pipe),
        cmocka_unit_test(test_cancel_twice_is_told_twice),
        cmocka_unit_test(test_cancel_is_told_when_it_is_on_disk),
        cmocka_unit_test(test_cancel_waits_for_a_store_that_works_again),
        cmocka_unit_test(test_cancel_of_one_that_is_being_inserted_waits_for_that),
        cmocka_unit_test(test_cancel_of_one_that_is_refused_tells_why),
        cmocka_unit_test(test_cancel_of_one_that_runs_beside_its_insert),
        cmocka_unit_test(test_cancel_of_what_is_over_is_refused),
        cmocka_unit_test(test_cancel_that_comes_with_the_end_changes_nothing),
        cmocka_unit_test(test_cancel_of_what_was_left_reads_it_and_ends_it),
        cmocka_unit_test(test_cancel_of_one_that_cannot_be_read_tries_again),
        cmocka_unit_test(test_what_was_cancelled_stays_so),
        cmocka_unit_test(test_callback_of_what_was_cancelled_is_sent),
        cmocka_unit_test(test_await_is_told_of_a_cancellation),
        cmocka_unit_test(test_cancel_is_told_when_the_server_stops),
        cmocka_unit_test(test_cancel_that_nobody_waits_for_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
