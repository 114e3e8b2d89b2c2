/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "executions_bench.h"
#include "model/result.h"

/* --- submit ------------------------------------------------------------------------------ */

static void test_submit_runs_beside_the_insert_when_a_slot_is_free(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    fake_store_hold(b->store, true);
    submit(b, &h, "one");
    uint32_t box = fake_takes_box(b->boxd); /* nothing is on disk yet */
    assert_null(fake_store_row(b->store, "one"));
    fake_store_do(b->store);
    assert_string_equal(h.order, "a");
    assert_int_equal(row(b, "one")->state, EXECUTION_RUNNING);
    assert_int_equal(row(b, "one")->attempts, 1);
    fake_runs(b->boxd, box, "hi", 0);
    assert_string_equal(h.order, "af"); /* it need not be on disk */
    fake_store_do(b->store);
    assert_int_equal(row(b, "one")->state, EXECUTION_FINISHED);
    assert_int_equal(row(b, "one")->status, STATUS_OK);
    assert_string_equal(row(b, "one")->parts[PART_STDOUT].data, "hi");
    assert_string_equal(fake_store_writes(b->store), "if");
    heard_done(&h);
    bench_done(b);
}

static void test_submit_tells_acceptance_before_a_result_that_was_faster(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    fake_store_hold(b->store, true);
    submit(b, &h, "one");
    program_runs(b, "hi");
    assert_string_equal(h.order, "");
    fake_store_hold(b->store, false);
    fake_run(b->boxd);
    assert_string_equal(h.order, "af");
    heard_done(&h);
    bench_done(b);
}

static void test_submit_is_refused_and_the_program_ended_when_the_insert_fails(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    fake_store_fail_writes(b->store, ERR_LIMIT);
    submit(b, &h, "one");
    assert_string_equal(h.order, "r");
    assert_int_equal(h.kind, ERR_LIMIT);
    assert_int_equal(engine_stats(b->engine).running, 0);
    assert_null(fake_store_row(b->store, "one"));
    bench_done(b);
}

static void test_submit_waits_for_its_turn_when_another_runs(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard first = {0}, second = {0};
    submit(b, &first, "one");
    submit(b, &second, "two");
    assert_string_equal(second.order, "a");
    assert_int_equal(row(b, "two")->state, EXECUTION_QUEUED);
    program_runs(b, "1");
    program_runs(b, "2");
    assert_string_equal(second.order, "af");
    assert_string_equal(row(b, "two")->parts[PART_STDOUT].data, "2");
    assert_int_equal(row(b, "two")->attempts, 1);
    assert_string_equal(fake_store_writes(b->store), "iibff");
    heard_done(&first);
    heard_done(&second);
    bench_done(b);
}

static void test_submit_is_refused_when_the_queue_is_full(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h[4] = {0};
    submit(b, &h[0], "one");
    submit(b, &h[1], "two");
    submit(b, &h[2], "three");
    submit(b, &h[3], "four");
    assert_string_equal(h[2].order, "a");
    assert_string_equal(h[3].order, "r");
    assert_int_equal(h[3].kind, ERR_BUSY);
    assert_null(fake_store_row(b->store, "four"));
    bench_done(b);
}

static void test_submit_counts_what_is_on_its_way_to_the_queue(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h[4] = {0};
    submit(b, &h[0], "one");
    fake_store_hold(b->store, true);
    ask(b, &h[1], "two", "{}");
    ask(b, &h[2], "three", "{}");
    ask(b, &h[3], "four", "{}");
    assert_int_equal(executions_waiting_of(b->executions, "127.0.0.1"), 2);
    assert_int_equal(executions_waiting_of(b->executions, "127.0.0.2"), 0);
    fake_store_hold(b->store, false);
    fake_run(b->boxd);
    assert_int_equal(executions_waiting_of(b->executions, "127.0.0.1"), 2);
    assert_string_equal(h[2].order, "a");
    assert_string_equal(h[3].order, "r");
    bench_done(b);
}

static void test_submit_is_refused_when_too_many_bytes_wait(void **state)
{
    (void)state;
    struct bench *b = bench_made();
    bench_start_with(b, (struct executions_config){.waiting_bytes = 1});
    struct heard h[3] = {0};
    struct executions_wait *first = ask(b, &h[0], "one", "{}"); /* one is always taken */
    fake_run(b->boxd);
    submit(b, &h[1], "two");
    executions_leave(first);
    submit(b, &h[2], "three");
    assert_string_equal(h[0].order, "a");
    assert_string_equal(h[1].order, "r");
    assert_int_equal(h[1].kind, ERR_BUSY);
    assert_string_equal(h[2].order, "a");
    bench_done(b);
}

static void test_batch_is_taken_when_nobody_waits_for_it(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h[3] = {0};
    submit(b, &h[0], "one");
    submit_batch(b, &h[1], "two");
    submit(b, &h[2], "three");
    program_runs(b, "1");
    program_runs(b, "3"); /* who waits comes first */
    assert_string_equal(h[2].order, "af");
    program_runs(b, "2");
    assert_string_equal(row(b, "two")->parts[PART_STDOUT].data, "2");
    assert_string_equal(h[1].order, "a");
    heard_done(&h[0]);
    heard_done(&h[2]);
    bench_done(b);
}

static void test_leave_hears_no_more_and_the_program_runs(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct executions_wait *w = ask(b, &h, "one", "{}");
    fake_run(b->boxd);
    executions_leave(w);
    program_runs(b, "hi");
    assert_string_equal(h.order, "a");
    assert_int_equal(row(b, "one")->state, EXECUTION_FINISHED);
    bench_done(b);
}

static void test_leave_before_acceptance_hears_nothing(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    executions_leave(ask(b, &h, "one", "{}"));
    fake_run(b->boxd);
    program_runs(b, "hi");
    assert_string_equal(h.order, "");
    assert_int_equal(row(b, "one")->state, EXECUTION_FINISHED);
    bench_done(b);
}

static void test_submit_many_is_answered_once(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct execution *all[] = {execution_of("one", "{}"), execution_of("two", "{}")};
    struct executions_listener listener = {hear_accepted, hear_finished, &h};
    executions_submit_many(b->executions, all, ARRAY_LEN(all), &listener);
    fake_run(b->boxd);
    assert_string_equal(h.order, "a");
    program_runs(b, "1");
    program_runs(b, "2");
    assert_string_equal(h.order, "aff");
    heard_done(&h);
    bench_done(b);
}

static void test_submit_many_is_refused_whole(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct execution *all[] = {execution_of("one", "{}"), execution_of("two", "{}"),
                               execution_of("three", "{}")};
    struct executions_listener listener = {hear_accepted, hear_finished, &h};
    executions_submit_many(b->executions, all, ARRAY_LEN(all), &listener);
    fake_run(b->boxd);
    assert_string_equal(h.order, "r");
    assert_int_equal(h.kind, ERR_BUSY);
    assert_string_equal(fake_store_writes(b->store), "");
    bench_done(b);
}

static void test_large_request_is_read_again_when_its_turn_comes(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard first = {0}, second = {0};
    submit(b, &first, "one");
    struct execution *x = execution_of("two", "{}");
    size_t size = (size_t)65 << 20;
    execution_take_part(x, PART_STDIN, xcalloc(size + 1, 1), size);
    struct executions_listener listener = {hear_accepted, hear_finished, &second};
    executions_submit(b->executions, x, &listener);
    fake_run(b->boxd);
    assert_int_equal(fake_store_reads(b->store), 0);
    program_runs(b, "1");
    assert_int_equal(fake_store_reads(b->store), 1);
    program_runs(b, "2");
    assert_string_equal(second.order, "af");
    heard_done(&first);
    heard_done(&second);
    bench_done(b);
}

static void test_unknown_language_is_its_dialects_internal_error(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    ask(b, &h, "one", "unknown");
    fake_run(b->boxd);
    assert_string_equal(h.order, "af");
    assert_int_equal(h.x->status, FAILED);
    assert_string_equal(h.x->result, "there is no such language");
    assert_int_equal(engine_stats(b->engine).running, 0);
    heard_done(&h);
    bench_done(b);
}

static void test_box_whose_init_breaks_off_is_its_dialects_failure(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    submit(b, &h, "one");
    uint32_t box = fake_takes_box(b->boxd);
    fake_hello(b->boxd, box);
    fake_init_says(b->boxd, box, BOX_MSG_GO, -1); /* nonsense: the server ends the box */
    fake_run(b->boxd);
    fake_boxd_gets(b->boxd, BOX_MSG_KILL);
    fake_closes_output(b->boxd, box);
    fake_ended(b->boxd, box, BOX_END_CANCEL, SIGKILL);
    fake_run(b->boxd);
    assert_string_equal(h.order, "af");
    assert_int_equal(row(b, "one")->state, EXECUTION_FINISHED);
    assert_int_equal(row(b, "one")->status, FAILED);
    heard_done(&h);
    bench_done(b);
}

static void test_clock_that_goes_back_leaves_the_times_in_order(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard first = {0}, second = {0};
    submit(b, &first, "one");
    submit(b, &second, "two");
    b->wall_ns = NOON - NS_PER_S;
    program_runs(b, "1");
    b->wall_ns = NOON - 2 * NS_PER_S;
    program_runs(b, "2");
    assert_int_equal(second.x->created_ns, NOON);
    assert_int_equal(second.x->started_ns, NOON);
    assert_int_equal(second.x->finished_ns, NOON);
    heard_done(&first);
    heard_done(&second);
    bench_done(b);
}

/* --- a store that fails ------------------------------------------------------------------ */

static void test_result_waits_in_memory_until_the_store_works(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0}, refused = {0}, later = {0};
    submit(b, &h, "one");
    fake_store_fail_writes(b->store, ERR_LIMIT);
    program_runs(b, "hi");
    assert_string_equal(h.order, "af");
    submit(b, &refused, "two");
    assert_string_equal(refused.order, "r");
    assert_int_equal(refused.kind, ERR_LIMIT);

    fake_store_fail_writes(b->store, 0);
    run_until_write(b, 'f');
    assert_string_equal(row(b, "one")->parts[PART_STDOUT].data, "hi");
    submit(b, &later, "three");
    assert_string_equal(later.order, "a");
    heard_done(&h);
    bench_done(b);
}

static void test_submit_that_the_store_refuses_stops_no_others(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard refused = {0}, h = {0};
    fake_store_fail_writes(b->store, ERR_INVALID);
    submit(b, &refused, "one");
    assert_int_equal(refused.kind, ERR_INVALID);
    fake_store_fail_writes(b->store, 0);
    submit(b, &h, "two");
    assert_string_equal(h.order, "a");
    assert_string_equal(fake_store_writes(b->store), "Ii"); /* it began at once */
    bench_done(b);
}

static void test_result_that_the_store_refuses_is_its_dialects_failure(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0}, later = {0};
    submit(b, &h, "one");
    fake_store_hold(b->store, true);
    program_runs(b, "hi");
    fake_store_fail_writes(b->store, ERR_INVALID);
    fake_store_do(b->store);
    fake_store_fail_writes(b->store, 0);
    fake_store_do(b->store);
    assert_int_equal(row(b, "one")->state, EXECUTION_FINISHED);
    assert_int_equal(row(b, "one")->status, FAILED);
    fake_store_hold(b->store, false);
    submit(b, &later, "two");
    assert_string_equal(later.order, "a");
    heard_done(&h);
    bench_done(b);
}

static void test_result_that_could_not_be_written_is_tried_once_more_at_the_end(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    submit(b, &h, "one");
    fake_store_fail_writes(b->store, ERR_LIMIT);
    program_runs(b, "hi");
    fake_store_fail_writes(b->store, 0);
    executions_free(b->executions);
    fake_store_do(b->store);
    assert_int_equal(row(b, "one")->state, EXECUTION_FINISHED);
    b->executions = NULL;
    heard_done(&h);
    bench_done(b);
}

static void test_unreadable_request_gets_another_turn(void **state)
{
    (void)state;
    struct bench *b = bench_made();
    fake_store_left(b->store, "one", EXECUTION_QUEUED, 0);
    bench_start(b, 0);
    struct err e;
    assert_int_equal(loop_step(b->boxd->loop, 0, &e), 0); /* it has been listed */
    fake_store_fail_reads(b->store, ERR_IO);
    fake_run(b->boxd);
    assert_int_equal(engine_stats(b->engine).running, 0);
    fake_store_fail_reads(b->store, 0);
    run_until_write(b, 'b');
    fake_run(b->boxd);
    program_runs(b, "hi");
    assert_int_equal(row(b, "one")->state, EXECUTION_FINISHED);
    bench_done(b);
}

/* As an earlier server has left them, listed, and unreadable. */
static struct bench *bench_unreadable(const char *const *ids, size_t count)
{
    struct bench *b = bench_made();
    for (size_t i = 0; i < count; i++) {
        fake_store_left(b->store, ids[i], EXECUTION_QUEUED, 0);
    }
    bench_start(b, 0);
    struct err e;
    assert_int_equal(loop_step(b->boxd->loop, 0, &e), 0);
    fake_store_fail_reads(b->store, ERR_IO);
    fake_run(b->boxd);
    assert_int_equal(engine_stats(b->engine).queued, 0);
    return b;
}

static void test_first_that_can_be_read_again_brings_all_others(void **state)
{
    (void)state;
    static const char *const ids[] = {"one", "two", "three"};
    struct bench *b = bench_unreadable(ids, ARRAY_LEN(ids));
    fake_store_fail_reads(b->store, 0);
    run_until_write(b, 'b');
    fake_run(b->boxd);
    assert_int_equal(engine_stats(b->engine).queued, 2);
    bench_done(b);
}

static void test_request_is_not_given_up_while_nothing_can_be_read(void **state)
{
    (void)state;
    static const char *const ids[] = {"one"};
    struct bench *b = bench_unreadable(ids, ARRAY_LEN(ids));
    struct err e;
    while (fake_store_reads(b->store) < 5) {
        assert_int_equal(loop_step(b->boxd->loop, UINT64_MAX, &e), 0);
    }
    fake_run(b->boxd);
    assert_int_equal(row(b, "one")->state, EXECUTION_QUEUED);
    bench_done(b);
}

static void test_request_that_alone_cannot_be_read_is_given_up(void **state)
{
    (void)state;
    struct bench *b = bench_made();
    fake_store_left(b->store, "one", EXECUTION_QUEUED, 0);
    fake_store_left(b->store, "two", EXECUTION_FINISHED, 1);
    fake_store_damage(b->store, "one");
    bench_start(b, 0);
    fake_run(b->boxd);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(row(b, "one")->state, EXECUTION_QUEUED);
        struct got g = {0};
        executions_get(b->executions, "two", PARTS_ALL, on_got, &g);
        fake_run(b->boxd);
        assert_non_null(g.x);
        execution_unref(g.x);
    }
    assert_int_equal(row(b, "one")->state, EXECUTION_FINISHED);
    assert_int_equal(row(b, "one")->status, FAILED);
    bench_done(b);
}

/* --- recovery ---------------------------------------------------------------------------- */

static void test_recover_runs_what_was_left_in_order(void **state)
{
    (void)state;
    struct bench *b = bench_made();
    fake_store_left(b->store, "one", EXECUTION_QUEUED, 0);
    fake_store_left(b->store, "two", EXECUTION_RUNNING, 1);
    fake_store_left(b->store, "done", EXECUTION_FINISHED, 1);
    bench_start(b, 0);
    fake_run(b->boxd);
    program_runs(b, "1");
    program_runs(b, "2");
    fake_boxd_gets_nothing(b->boxd);
    assert_string_equal(row(b, "one")->parts[PART_STDOUT].data, "1");
    assert_int_equal(row(b, "one")->attempts, 1);
    assert_string_equal(row(b, "two")->parts[PART_STDOUT].data, "2");
    assert_int_equal(row(b, "two")->attempts, 2);
    bench_done(b);
}

static void test_recovered_begins_on_disk_before_it_runs(void **state)
{
    (void)state;
    struct bench *b = bench_made();
    fake_store_left(b->store, "one", EXECUTION_RUNNING, 1);
    bench_start(b, 0);
    struct err e;
    while (engine_stats(b->engine).running == 0) {
        assert_int_equal(loop_step(b->boxd->loop, 0, &e), 0);
    }
    fake_store_hold(b->store, true);
    fake_store_do(b->store); /* it is read */
    fake_run(b->boxd);
    fake_boxd_gets_nothing(b->boxd);
    fake_store_do(b->store); /* it is marked */
    assert_int_equal(row(b, "one")->attempts, 2);
    fake_run(b->boxd);
    fake_takes_box(b->boxd);
    bench_done(b);
}

static void test_recovered_that_ended_the_server_too_often_is_given_up(void **state)
{
    (void)state;
    struct bench *b = bench_made();
    fake_store_left(b->store, "one", EXECUTION_RUNNING, ATTEMPTS_MAX);
    bench_start(b, 0);
    fake_run(b->boxd);
    fake_boxd_gets_nothing(b->boxd);
    assert_int_equal(row(b, "one")->state, EXECUTION_FINISHED);
    assert_int_equal(row(b, "one")->status, FAILED);
    assert_string_equal(row(b, "one")->result, "this program was running when the server was "
                                               "ended 3 times; it is not run again");
    bench_done(b);
}

static void test_recovered_with_one_try_left_are_tried_one_at_a_time(void **state)
{
    (void)state;
    struct bench *b = bench_made_with(2);
    fake_store_left(b->store, "one", EXECUTION_RUNNING, ATTEMPTS_MAX - 1);
    fake_store_left(b->store, "two", EXECUTION_RUNNING, ATTEMPTS_MAX - 1);
    bench_start(b, 0);
    fake_run(b->boxd);
    assert_int_equal(row(b, "one")->attempts, ATTEMPTS_MAX);
    assert_int_equal(row(b, "two")->attempts, ATTEMPTS_MAX - 1); /* not its fault */
    program_runs(b, "1");
    program_runs(b, "2");
    assert_string_equal(row(b, "one")->parts[PART_STDOUT].data, "1");
    assert_string_equal(row(b, "two")->parts[PART_STDOUT].data, "2");
    bench_done(b);
}

static void test_recovered_has_a_place_in_a_full_queue(void **state)
{
    (void)state;
    static const char *const ids[] = {"one", "two", "three", "four", "five"};
    struct bench *b = bench_made();
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        fake_store_left(b->store, ids[i], EXECUTION_QUEUED, 0);
    }
    bench_start(b, 0);
    fake_run(b->boxd);
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        program_runs(b, ids[i]);
        assert_string_equal(row(b, ids[i])->parts[PART_STDOUT].data, ids[i]);
    }
    bench_done(b);
}

static void on_row_deleted(void *ctx, const struct err *e)
{
    assert_null(ctx);
    assert_null(e);
}

static void test_recovered_that_is_deleted_before_it_begins_is_gone(void **state)
{
    (void)state;
    struct bench *b = bench_made();
    fake_store_left(b->store, "one", EXECUTION_QUEUED, 0);
    bench_start(b, 0);
    struct err e;
    while (engine_stats(b->engine).running == 0) {
        assert_int_equal(loop_step(b->boxd->loop, 0, &e), 0);
    }
    fake_store_hold(b->store, true);
    store_delete(b->store, "one", on_row_deleted, NULL);
    fake_store_do(b->store); /* it is read before that, and marked after it */
    fake_store_hold(b->store, false);
    fake_run(b->boxd);
    assert_int_equal(engine_stats(b->engine).running, 0);
    assert_string_equal(fake_store_writes(b->store), "dB");
    assert_int_equal(executions_check_room(b->executions, 1, &e), 0);
    fake_boxd_gets_nothing(b->boxd);
    bench_done(b);
}

static void test_recovered_waits_while_its_beginning_cannot_be_written(void **state)
{
    (void)state;
    struct bench *b = bench_made();
    fake_store_left(b->store, "one", EXECUTION_QUEUED, 0);
    fake_store_fail_writes(b->store, ERR_LIMIT);
    bench_start(b, 0);
    fake_run(b->boxd);
    fake_boxd_gets_nothing(b->boxd);
    assert_int_equal(engine_stats(b->engine).running, 0); /* others may use the slot */
    fake_store_fail_writes(b->store, 0);
    run_until_write(b, 'b');
    fake_run(b->boxd);
    program_runs(b, "hi");
    assert_int_equal(row(b, "one")->attempts, 1);
    assert_int_equal(row(b, "one")->state, EXECUTION_FINISHED);
    bench_done(b);
}

/* --- callbacks --------------------------------------------------------------------------- */

static void test_callback_is_sent_when_the_result_is_on_disk(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    ask(b, &h, "one", "callback");
    fake_run(b->boxd);
    fake_store_hold(b->store, true);
    program_runs(b, "hi");
    assert_string_equal(h.order, "af");
    assert_int_equal(the_webhooks->count, 0);
    fake_store_do(b->store);
    assert_int_equal(row(b, "one")->callback, CALLBACK_DUE);
    assert_int_equal(the_webhooks->count, 1);
    assert_string_equal(the_webhooks->sent[0].id, "one");
    heard_done(&h);
    bench_done(b);
}

static void callback_ends_as(bool delivered, enum execution_callback expected)
{
    struct bench *b = bench_new();
    struct heard h = {0};
    ask(b, &h, "one", "callback");
    fake_run(b->boxd);
    program_runs(b, "hi");
    the_webhooks->sent[0].fn(the_webhooks->sent[0].ctx, delivered);
    fake_run(b->boxd);
    assert_int_equal(row(b, "one")->callback, expected);
    heard_done(&h);
    bench_done(b);
}

static void test_callback_that_was_delivered_is_marked(void **state)
{
    (void)state;
    callback_ends_as(true, CALLBACK_DELIVERED);
}

static void test_callback_that_was_given_up_is_marked(void **state)
{
    (void)state;
    callback_ends_as(false, CALLBACK_FAILED);
}

static void test_callback_mark_is_written_when_the_store_works_again(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    ask(b, &h, "one", "callback");
    fake_run(b->boxd);
    program_runs(b, "hi");
    fake_store_fail_writes(b->store, ERR_LIMIT);
    the_webhooks->sent[0].fn(the_webhooks->sent[0].ctx, true);
    fake_run(b->boxd);
    assert_int_equal(row(b, "one")->callback, CALLBACK_DUE);
    fake_store_fail_writes(b->store, 0);
    run_until_write(b, 'c');
    assert_int_equal(row(b, "one")->callback, CALLBACK_DELIVERED);
    assert_int_equal(the_webhooks->count, 1);
    heard_done(&h);
    bench_done(b);
}

/* As an earlier server left them. */
static void left_due(const struct bench *b, size_t count, const char *request)
{
    for (size_t i = 0; i < count; i++) {
        char id[8];
        snprintf(id, sizeof(id), "due%zu", i);
        struct execution *x = fake_store_left(b->store, id, EXECUTION_FINISHED, 1);
        free(x->request);
        x->request = xstrdup(request);
        x->callback = CALLBACK_DUE;
    }
}

static void test_callbacks_that_are_due_are_read_a_few_at_a_time(void **state)
{
    (void)state;
    struct bench *b = bench_made();
    left_due(b, 12, "callback");
    bench_start(b, 0);
    struct err e;
    assert_int_equal(loop_step(b->boxd->loop, 0, &e), 0); /* they have been listed */
    fake_store_hold(b->store, true);
    fake_store_do(b->store);
    assert_int_equal(fake_store_reads(b->store), 8);
    fake_store_hold(b->store, false);
    fake_run(b->boxd);
    assert_int_equal(the_webhooks->count, 12);
    bench_done(b);
}

static void test_callbacks_that_do_not_fit_into_memory_stay_on_disk(void **state)
{
    (void)state;
    struct bench *b = bench_made();
    left_due(b, 3, "callback large");
    bench_start(b, 0);
    fake_run(b->boxd);
    assert_int_equal(the_webhooks->count, 2);
    the_webhooks->sent[0].fn(the_webhooks->sent[0].ctx, true);
    fake_run(b->boxd);
    assert_int_equal(the_webhooks->count, 3);
    assert_string_equal(the_webhooks->sent[2].id, "due2");
    bench_done(b);
}

static void test_callback_that_an_earlier_server_owed_is_sent(void **state)
{
    (void)state;
    struct bench *b = bench_made();
    struct execution *x = fake_store_left(b->store, "one", EXECUTION_FINISHED, 1);
    free(x->request);
    x->request = xstrdup("callback");
    x->callback = CALLBACK_DUE;
    bench_start(b, 0);
    fake_run(b->boxd);
    assert_int_equal(the_webhooks->count, 1);
    the_webhooks->sent[0].fn(the_webhooks->sent[0].ctx, true);
    fake_run(b->boxd);
    assert_int_equal(row(b, "one")->callback, CALLBACK_DELIVERED);
    bench_done(b);
}

static void test_callback_that_cannot_be_read_is_read_again(void **state)
{
    (void)state;
    struct bench *b = bench_made();
    struct execution *x = fake_store_left(b->store, "one", EXECUTION_FINISHED, 1);
    free(x->request);
    x->request = xstrdup("callback");
    x->callback = CALLBACK_DUE;
    bench_start(b, 0);
    struct err e;
    assert_int_equal(loop_step(b->boxd->loop, 0, &e), 0); /* it has been listed */
    fake_store_fail_reads(b->store, ERR_IO);
    fake_run(b->boxd);
    fake_store_fail_reads(b->store, 0);
    while (the_webhooks->count == 0) {
        assert_int_equal(loop_step(b->boxd->loop, UINT64_MAX, &e), 0);
    }
    assert_string_equal(the_webhooks->sent[0].id, "one");
    bench_done(b);
}

/* --- the end ----------------------------------------------------------------------------- */

static void on_drained(void *ctx)
{
    *(bool *)ctx = true;
}

static void test_drain_waits_for_what_runs_and_leaves_what_waits(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard running = {0}, waiting = {0}, late = {0};
    bool drained = false;
    submit(b, &running, "one");
    submit(b, &waiting, "two");
    executions_drain(b->executions, on_drained, &drained);
    fake_run(b->boxd);
    assert_string_equal(waiting.order, "au");
    assert_false(drained);
    submit(b, &late, "three");
    assert_string_equal(late.order, "r");
    program_runs(b, "1");
    assert_string_equal(running.order, "af");
    assert_true(drained);
    fake_boxd_gets_nothing(b->boxd);
    assert_int_equal(row(b, "two")->state, EXECUTION_QUEUED);
    assert_int_equal(row(b, "two")->attempts, 0);
    heard_done(&running);
    heard_done(&waiting);
    bench_done(b);
}

static void test_drain_of_nothing_is_told(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    bool drained = false;
    executions_drain(b->executions, on_drained, &drained);
    assert_false(drained);
    fake_run(b->boxd);
    assert_true(drained);
    bench_done(b);
}

static void test_stop_gives_back_the_try_of_what_runs(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    submit(b, &h, "one");
    fake_takes_box(b->boxd);
    executions_stop(b->executions);
    assert_string_equal(h.order, "au");
    fake_run(b->boxd);
    assert_int_equal(row(b, "one")->state, EXECUTION_QUEUED);
    assert_int_equal(row(b, "one")->attempts, 0);
    heard_done(&h);
    bench_done(b);
}

static void test_stop_refuses_what_is_not_accepted_yet(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    fake_store_hold(b->store, true);
    submit(b, &h, "one");
    executions_stop(b->executions);
    assert_string_equal(h.order, "r");
    assert_int_equal(h.kind, ERR_BUSY);
    fake_store_do(b->store);
    assert_null(fake_store_row(b->store, "one")); /* who was refused asks again */
    bench_done(b);
}

/* --- readers ----------------------------------------------------------------------------- */

static void test_get_tells_what_runs_from_memory(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    submit(b, &h, "one");
    struct got g = get(b, "one", PARTS_ALL);
    assert_int_equal(g.x->state, EXECUTION_RUNNING);
    assert_int_equal(fake_store_reads(b->store), 0);
    execution_unref(g.x);
    bench_done(b);
}

static void test_get_tells_what_has_finished_from_memory(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    submit(b, &h, "one");
    program_runs(b, "hi");
    struct got g = get(b, "one", PARTS_ALL);
    assert_string_equal(g.x->parts[PART_STDOUT].data, "hi");
    assert_int_equal(fake_store_reads(b->store), 0);
    execution_unref(g.x);
    heard_done(&h);
    bench_done(b);
}

static void test_get_without_a_cache_asks_the_store(void **state)
{
    (void)state;
    struct bench *b = bench_made();
    bench_start(b, 0);
    struct heard h = {0};
    submit(b, &h, "one");
    program_runs(b, "hi");
    struct got g = get(b, "one", PARTS_RESULT);
    assert_string_equal(g.x->parts[PART_STDOUT].data, "hi");
    assert_int_equal(fake_store_reads(b->store), 1);
    execution_unref(g.x);
    heard_done(&h);
    bench_done(b);
}

static void test_get_of_what_finished_long_ago_asks_the_store(void **state)
{
    (void)state;
    struct bench *b = bench_made();
    fake_store_left(b->store, "one", EXECUTION_FINISHED, 1);
    bench_start(b, 1 << 20);
    execution_unref(get(b, "one", PARTS_RESULT).x);
    execution_unref(get(b, "one", PARTS_RESULT).x);
    assert_int_equal(fake_store_reads(b->store), 2);
    bench_done(b);
}

static void test_get_forgets_soon_what_somebody_else_erased(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    submit(b, &h, "one");
    program_runs(b, "hi");
    store_delete(b->store, "one", on_row_deleted, NULL); /* belljar db purge */
    struct got fresh = get(b, "one", PARTS_ALL);
    assert_non_null(fresh.x);
    execution_unref(fresh.x);
    b->wall_ns += 5 * NS_PER_S + 1;
    assert_null(get(b, "one", PARTS_ALL).x);
    heard_done(&h);
    bench_done(b);
}

static void test_get_of_an_unknown_id_gives_nothing(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct got g = get(b, "none", PARTS_ALL);
    assert_null(g.x);
    assert_int_equal(g.kind, 0);
    bench_done(b);
}

static void test_get_tells_that_the_store_cannot_be_read(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    fake_store_fail_reads(b->store, ERR_IO);
    assert_int_equal(get(b, "none", PARTS_ALL).kind, ERR_IO);
    bench_done(b);
}

static void test_get_many_merges_memory_and_store_in_order(void **state)
{
    (void)state;
    struct bench *b = bench_made();
    fake_store_left(b->store, "old", EXECUTION_FINISHED, 1);
    bench_start(b, 1 << 20);
    struct heard h = {0};
    submit(b, &h, "one");
    static const char *const ids[] = {"none", "one", "old"};
    struct got g = {0};
    executions_get_many(b->executions, ids, ARRAY_LEN(ids), PARTS_ALL, on_listed, &g);
    fake_run(b->boxd);
    assert_int_equal(g.count, 3);
    assert_int_equal(g.all[0], 0);
    assert_int_equal(g.all[1], EXECUTION_RUNNING);
    assert_int_equal(g.all[2], EXECUTION_FINISHED);
    bench_done(b);
}

static void test_await_is_told_at_the_end(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct got g = {0};
    submit(b, &h, "one");
    executions_await(b->executions, "one", PARTS_ALL, on_got, &g);
    fake_run(b->boxd);
    assert_false(g.told);
    program_runs(b, "hi");
    assert_string_equal(g.x->parts[PART_STDOUT].data, "hi");
    execution_unref(g.x);
    heard_done(&h);
    bench_done(b);
}

static void test_await_of_what_is_not_recovered_yet_waits_for_it(void **state)
{
    (void)state;
    struct bench *b = bench_made();
    fake_store_left(b->store, "one", EXECUTION_QUEUED, 0);
    bench_start(b, 0);
    struct got g = {0};
    executions_await(b->executions, "one", PARTS_ALL, on_got, &g);
    fake_run(b->boxd);
    assert_false(g.told);
    program_runs(b, "hi");
    assert_string_equal(g.x->parts[PART_STDOUT].data, "hi");
    execution_unref(g.x);
    bench_done(b);
}

static void test_await_is_told_when_the_server_stops(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct got g = {0};
    submit(b, &h, "one");
    executions_await(b->executions, "one", PARTS_ALL, on_got, &g);
    executions_stop(b->executions);
    fake_run(b->boxd);
    assert_int_equal(g.kind, ERR_BUSY);
    heard_done(&h);
    bench_done(b);
}

static void test_forget_hears_nothing(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct got g = {0};
    executions_forget(executions_get(b->executions, "one", PARTS_ALL, on_got, &g));
    executions_forget(executions_await(b->executions, "one", PARTS_ALL, on_got, &g));
    fake_run(b->boxd);
    assert_false(g.told);
    bench_done(b);
}

static enum err_kind delete (struct bench *b, const char *id) {
    struct got g = {0}; executions_delete(b->executions, id, on_done, &g); fake_run(b->boxd);
    assert_true(g.told);
    return g.kind;
}

static void test_delete_removes_it_from_memory_and_disk(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    submit(b, &h, "one");
    program_runs(b, "hi");
    assert_int_equal(delete (b, "one"), 0);
    assert_null(fake_store_row(b->store, "one"));
    assert_null(get(b, "one", PARTS_ALL).x);
    assert_int_equal(delete (b, "one"), ERR_NOT_FOUND);
    heard_done(&h);
    bench_done(b);
}

static void test_delete_of_what_is_not_over_is_refused(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    submit(b, &h, "one");
    assert_int_equal(delete (b, "one"), ERR_BUSY);
    assert_non_null(fake_store_row(b->store, "one"));
    bench_done(b);
}

static void test_delete_of_a_result_on_its_way_to_disk_waits_for_it(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct got g = {0};
    submit(b, &h, "one");
    fake_store_hold(b->store, true);
    program_runs(b, "hi");
    executions_delete(b->executions, "one", on_done, &g);
    fake_run(b->boxd);
    assert_false(g.told);
    fake_store_hold(b->store, false);
    fake_run(b->boxd);
    assert_true(g.told);
    assert_int_equal(g.kind, 0);
    assert_null(fake_store_row(b->store, "one"));
    heard_done(&h);
    bench_done(b);
}

static void test_delete_is_not_undone_by_a_reader_that_came_before_it(void **state)
{
    (void)state;
    struct bench *b = bench_made();
    fake_store_left(b->store, "one", EXECUTION_FINISHED, 1);
    bench_start(b, 1 << 20);
    fake_run(b->boxd);
    struct got deleted = {0}, read = {0};
    fake_store_hold(b->store, true);
    executions_delete(b->executions, "one", on_done, &deleted);
    fake_store_do(b->store); /* it has been looked at */
    fake_store_slow_reads(b->store);
    executions_get(b->executions, "one", PARTS_ALL, on_got, &read);
    fake_store_hold(b->store, false);
    fake_run(b->boxd);
    assert_true(deleted.told);
    assert_non_null(read.x);
    assert_null(get(b, "one", PARTS_ALL).x);
    execution_unref(read.x);
    bench_done(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_submit_runs_beside_the_insert_when_a_slot_is_free),
        cmocka_unit_test(test_submit_tells_acceptance_before_a_result_that_was_faster),
        cmocka_unit_test(test_submit_is_refused_and_the_program_ended_when_the_insert_fails),
        cmocka_unit_test(test_submit_waits_for_its_turn_when_another_runs),
        cmocka_unit_test(test_submit_is_refused_when_the_queue_is_full),
        cmocka_unit_test(test_submit_counts_what_is_on_its_way_to_the_queue),
        cmocka_unit_test(test_submit_is_refused_when_too_many_bytes_wait),
        cmocka_unit_test(test_batch_is_taken_when_nobody_waits_for_it),
        cmocka_unit_test(test_leave_hears_no_more_and_the_program_runs),
        cmocka_unit_test(test_leave_before_acceptance_hears_nothing),
        cmocka_unit_test(test_submit_many_is_answered_once),
        cmocka_unit_test(test_submit_many_is_refused_whole),
        cmocka_unit_test(test_large_request_is_read_again_when_its_turn_comes),
        cmocka_unit_test(test_unknown_language_is_its_dialects_internal_error),
        cmocka_unit_test(test_box_whose_init_breaks_off_is_its_dialects_failure),
        cmocka_unit_test(test_clock_that_goes_back_leaves_the_times_in_order),
        cmocka_unit_test(test_result_waits_in_memory_until_the_store_works),
        cmocka_unit_test(test_submit_that_the_store_refuses_stops_no_others),
        cmocka_unit_test(test_result_that_the_store_refuses_is_its_dialects_failure),
        cmocka_unit_test(test_result_that_could_not_be_written_is_tried_once_more_at_the_end),
        cmocka_unit_test(test_unreadable_request_gets_another_turn),
        cmocka_unit_test(test_first_that_can_be_read_again_brings_all_others),
        cmocka_unit_test(test_request_is_not_given_up_while_nothing_can_be_read),
        cmocka_unit_test(test_request_that_alone_cannot_be_read_is_given_up),
        cmocka_unit_test(test_recover_runs_what_was_left_in_order),
        cmocka_unit_test(test_recovered_begins_on_disk_before_it_runs),
        cmocka_unit_test(test_recovered_that_ended_the_server_too_often_is_given_up),
        cmocka_unit_test(test_recovered_with_one_try_left_are_tried_one_at_a_time),
        cmocka_unit_test(test_recovered_has_a_place_in_a_full_queue),
        cmocka_unit_test(test_recovered_that_is_deleted_before_it_begins_is_gone),
        cmocka_unit_test(test_recovered_waits_while_its_beginning_cannot_be_written),
        cmocka_unit_test(test_callback_is_sent_when_the_result_is_on_disk),
        cmocka_unit_test(test_callback_that_was_delivered_is_marked),
        cmocka_unit_test(test_callback_that_was_given_up_is_marked),
        cmocka_unit_test(test_callback_mark_is_written_when_the_store_works_again),
        cmocka_unit_test(test_callback_that_an_earlier_server_owed_is_sent),
        cmocka_unit_test(test_callbacks_that_are_due_are_read_a_few_at_a_time),
        cmocka_unit_test(test_callbacks_that_do_not_fit_into_memory_stay_on_disk),
        cmocka_unit_test(test_callback_that_cannot_be_read_is_read_again),
        cmocka_unit_test(test_drain_waits_for_what_runs_and_leaves_what_waits),
        cmocka_unit_test(test_drain_of_nothing_is_told),
        cmocka_unit_test(test_stop_gives_back_the_try_of_what_runs),
        cmocka_unit_test(test_stop_refuses_what_is_not_accepted_yet),
        cmocka_unit_test(test_get_tells_what_runs_from_memory),
        cmocka_unit_test(test_get_tells_what_has_finished_from_memory),
        cmocka_unit_test(test_get_without_a_cache_asks_the_store),
        cmocka_unit_test(test_get_of_what_finished_long_ago_asks_the_store),
        cmocka_unit_test(test_get_forgets_soon_what_somebody_else_erased),
        cmocka_unit_test(test_get_of_an_unknown_id_gives_nothing),
        cmocka_unit_test(test_get_tells_that_the_store_cannot_be_read),
        cmocka_unit_test(test_get_many_merges_memory_and_store_in_order),
        cmocka_unit_test(test_await_is_told_at_the_end),
        cmocka_unit_test(test_await_of_what_is_not_recovered_yet_waits_for_it),
        cmocka_unit_test(test_await_is_told_when_the_server_stops),
        cmocka_unit_test(test_forget_hears_nothing),
        cmocka_unit_test(test_delete_removes_it_from_memory_and_disk),
        cmocka_unit_test(test_delete_of_what_is_not_over_is_refused),
        cmocka_unit_test(test_delete_of_a_result_on_its_way_to_disk_waits_for_it),
        cmocka_unit_test(test_delete_is_not_undone_by_a_reader_that_came_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
