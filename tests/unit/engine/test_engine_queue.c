/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits for its turn: jobs of several callers, and tickets whose jobs come later.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine/engine_impl.h"
#include "engine_bench.h"
#include "fake_boxd.h"
#include "job_factory.h"

static struct queue_item item_of(const char *id)
{
    struct queue_item item = {.batch = true};
    snprintf(item.id, sizeof(item.id), "%s", id);
    return item;
}

static void ticket_submitted(struct bench *b, struct heard *h, const char *id)
{
    struct queue_item item = item_of(id);
    struct err e;
    assert_int_equal(submit_ticket(b, h, &item, false, &e), 0);
    assert_string_equal(h->order, "");
    fake_run(b->boxd);
}

static void one_ends(struct bench *b)
{
    uint32_t box = fake_takes_box(b->boxd);
    fake_runs(b->boxd, box, "", 0);
    assert_int_equal(fake_destroy_comes(b->boxd), box);
    fake_destroyed(b->boxd, box);
    fake_run(b->boxd);
}

static void test_ticket_asks_for_its_job_when_its_turn_has_come(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard first = {0}, h = {0};
    submitted(&b, &first, bash_job());
    ticket_submitted(&b, &h, "0b7c8a3e-1111-4222-8333-444455556666");
    assert_string_equal(h.order, "");
    assert_null(engine_job(h.job));
    one_ends(&b);
    assert_string_equal(h.order, "L");
    assert_int_equal(engine_stats(b.engine).running, 1);

    engine_job_load(h.job, bash_job());
    assert_non_null(engine_job(h.job));
    assert_string_equal(h.order, "L"); /* nothing from inside */
    fake_run(b.boxd);
    fake_runs(b.boxd, fake_takes_box(b.boxd), "hi", 0);
    assert_string_equal(h.order, "LRorF");
    assert_string_equal(h.out, "hi");
    heard_done(&h);
    bench_done(&b);
}

static void test_ticket_that_is_cancelled_is_not_loaded(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard first = {0}, h = {0};
    submitted(&b, &first, bash_job());
    ticket_submitted(&b, &h, "1");
    engine_job_cancel(h.job, false);
    assert_int_equal(engine_stats(b.engine).queued, 0);
    one_ends(&b);
    assert_string_equal(h.order, "F");
    assert_int_equal(h.verdict, VERDICT_CANCELLED);
    bench_done(&b);
}

static void test_ticket_that_is_cancelled_while_it_is_loaded_gives_its_slot(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0}, next = {0};
    ticket_submitted(&b, &h, "1");
    submitted(&b, &next, bash_job());
    assert_string_equal(h.order, "L");
    assert_string_equal(next.order, "");
    engine_job_cancel(h.job, false);
    engine_job_load(h.job, bash_job()); /* too late: it is freed */
    fake_run(b.boxd);
    assert_string_equal(h.order, "LF");
    assert_string_equal(next.order, "R");
    bench_done(&b);
}

static void test_ticket_may_be_cancelled_when_its_job_is_asked_for(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {.cancel_at = 'L'};
    ticket_submitted(&b, &h, "1");
    assert_string_equal(h.order, "L");
    assert_int_equal(engine_stats(b.engine).running, 0);
    bench_done(&b);
}

static void test_ticket_is_cancelled_between_load_and_start(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    ticket_submitted(&b, &h, "1");
    engine_job_load(h.job, bash_job());
    engine_job_cancel(h.job, false);
    fake_run(b.boxd);
    assert_string_equal(h.order, "LF");
    fake_boxd_gets_nothing(b.boxd);
    bench_done(&b);
}

static void test_loaded_job_that_runs_again_is_not_loaded_again(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    ticket_submitted(&b, &h, "1");
    engine_job_load(h.job, bash_job());
    fake_run(b.boxd);
    assert_string_equal(h.order, "LR");
    boxd_restarts(&b);
    assert_string_equal(h.order, "LRR");
    fake_runs(b.boxd, fake_takes_box(b.boxd), "", 0);
    assert_string_equal(h.order, "LRRrF");
    assert_int_equal(h.verdict, VERDICT_OK);
    bench_done(&b);
}

static void test_forced_ticket_has_a_place_in_a_full_queue(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 1);
    struct heard first = {0}, second = {0}, refused = {0}, forced = {0};
    struct err e;
    submitted(&b, &first, bash_job());
    ticket_submitted(&b, &second, "2");
    struct queue_item item = item_of("3");
    assert_int_equal(submit_ticket(&b, &refused, &item, false, &e), -ERR_BUSY);
    assert_int_equal(submit_ticket(&b, &forced, &item, true, &e), 0);
    one_ends(&b);
    assert_string_equal(second.order, "L"); /* in order: several may be forced, one by one */
    assert_string_equal(forced.order, "");
    engine_job_cancel(second.job, false);
    fake_run(b.boxd);
    assert_string_equal(forced.order, "L");
    bench_done(&b);
}

static void test_callers_take_turns(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h[5] = {{0}};
    static const char *const callers[] = {"x", "x", "x", "x", "y"};
    for (size_t i = 0; i < ARRAY_LEN(callers); i++) {
        struct job *job = bash_job();
        job->caller = xstrdup(callers[i]);
        submitted(&b, &h[i], job);
    }
    one_ends(&b);
    one_ends(&b);
    assert_string_equal(h[1].order, "RrF");
    assert_string_equal(h[4].order, "R"); /* after one of x, not after three */
    assert_string_equal(h[2].order, "");
    bench_done(&b);
}

static struct job *batch_job(void)
{
    struct job *job = bash_job();
    job->priority = JOB_BATCH;
    return job;
}

static void test_batches_leave_a_slot(void **state)
{
    (void)state;
    struct bench b = bench_new(8, 3, 10);
    struct heard batch[3] = {{0}}, waited_for = {0};
    for (size_t i = 0; i < ARRAY_LEN(batch); i++) {
        submitted(&b, &batch[i], batch_job());
    }
    assert_int_equal(engine_stats(b.engine).running, 2);
    assert_string_equal(batch[2].order, "");
    assert_false(engine_begins_at_once(b.engine, "", true));
    assert_true(engine_begins_at_once(b.engine, "", false));
    submitted(&b, &waited_for, bash_job());
    assert_string_equal(waited_for.order, "R");

    uint32_t box = fake_takes_box(b.boxd);
    fake_takes_box(b.boxd);
    fake_takes_box(b.boxd);
    fake_runs(b.boxd, box, "", 0); /* the place of a batch is a batch's */
    assert_string_equal(batch[2].order, "R");
    bench_done(&b);
}

static void test_slot_of_who_was_waited_for_is_no_batchs(void **state)
{
    (void)state;
    struct bench b = bench_new(8, 2, 10);
    struct heard batch[2] = {{0}}, waited_for = {0};
    submitted(&b, &waited_for, bash_job());
    submitted(&b, &batch[0], batch_job());
    submitted(&b, &batch[1], batch_job());
    fake_runs(b.boxd, fake_takes_box(b.boxd), "", 0);
    assert_string_equal(waited_for.order, "RrF");
    assert_string_equal(batch[0].order, "R");
    assert_string_equal(batch[1].order, "");
    assert_int_equal(engine_stats(b.engine).running, 1);
    bench_done(&b);
}

static void assert_batches(unsigned slots, unsigned batch_slots, unsigned wanted)
{
    const struct engine_config config = {
        .slots = slots, .batch_slots = batch_slots, .queue_max = 20, .queue_bytes = 100000};
    struct bench b = bench_of(FAKE_BOXES, &config);
    struct heard h[FAKE_BOXES] = {{0}};
    for (size_t i = 0; i < ARRAY_LEN(h); i++) {
        submitted(&b, &h[i], batch_job());
    }
    assert_int_equal(engine_stats(b.engine).running, wanted);
    bench_done(&b);
}

static void test_how_many_slots_batches_may_take(void **state)
{
    (void)state;
    assert_batches(1, 0, 1); /* else they would never run */
    assert_batches(2, 0, 1);
    assert_batches(4, 0, 3);
    assert_batches(8, 0, 6);
    assert_batches(4, 2, 2);
    assert_batches(4, 4, 4);
    assert_batches(2, 9, 2);
}

static void test_paused_engine_takes_jobs_and_starts_none(void **state)
{
    (void)state;
    const struct engine_config config = {.slots = 1, .queue_max = 1, .paused = true};
    struct bench b = bench_of(4, &config);
    struct heard h = {0}, refused = {0};
    struct err e;
    assert_false(engine_begins_at_once(b.engine, "", false));
    submitted(&b, &h, bash_job());
    assert_string_equal(h.order, "");
    assert_true(engine_stats(b.engine).paused);
    assert_int_equal(engine_stats(b.engine).queued, 1);
    assert_int_equal(submit(&b, &refused, bash_job(), &e), -ERR_BUSY);
    fake_boxd_gets_nothing(b.boxd);
    bench_done(&b);
}

static void test_places_are_counted(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 2);
    struct heard h[2] = {{0}};
    assert_true(engine_has_place(b.engine, 2));
    assert_false(engine_has_place(b.engine, 3));
    submitted(&b, &h[0], bash_job()); /* runs: it does not wait */
    assert_true(engine_has_place(b.engine, 2));
    submitted(&b, &h[1], bash_job());
    assert_true(engine_has_place(b.engine, 1));
    assert_false(engine_has_place(b.engine, 2));
    bench_done(&b);
}

static void test_job_begins_at_once_when_a_slot_is_free(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 2, 10);
    struct heard h[2] = {{0}};
    struct err e;
    assert_true(engine_begins_at_once(b.engine, "", false));
    assert_int_equal(submit(&b, &h[0], bash_job(), &e), 0);
    assert_false(engine_begins_at_once(b.engine, "", false)); /* one waits for the loop */
    fake_run(b.boxd);
    assert_true(engine_begins_at_once(b.engine, "", false));
    uint32_t box = fake_takes_box(b.boxd);
    submitted(&b, &h[1], bash_job());
    assert_false(engine_begins_at_once(b.engine, "", false));
    fake_takes_box(b.boxd);
    fake_runs(b.boxd, box, "", 0);
    assert_true(engine_begins_at_once(b.engine, "", false));
    engine_set_sandbox(b.engine, NULL);
    assert_false(engine_begins_at_once(b.engine, "", false));
    engine_set_sandbox(b.engine, b.boxd->sandbox);
    bench_done(&b);
}

/* The end of the lease itself is made by hand: a lease of nothing. */
static void test_job_whose_lease_ends_is_not_run_twice(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 2, 10);
    struct heard h = {0};
    submitted(&b, &h, bash_job());
    uint32_t box = fake_takes_box(b.boxd);
    queue_extend(b.engine->queue, engine_job(h.job)->id, 0);
    fake_run(b.boxd);
    assert_string_equal(h.order, "R");
    assert_int_equal(engine_stats(b.engine).running, 1);
    assert_int_equal(engine_stats(b.engine).queued, 0);
    fake_boxd_gets_nothing(b.boxd);

    fake_runs(b.boxd, box, "", 0);
    assert_string_equal(h.order, "RrF");
    bench_done(&b);
}

static void test_lease_that_ends_while_no_slot_is_free_leaves_nothing_behind(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    submitted(&b, &h, bash_job());
    uint32_t box = fake_takes_box(b.boxd);
    queue_extend(b.engine->queue, engine_job(h.job)->id, 0);
    fake_run(b.boxd);
    fake_runs(b.boxd, box, "", 0);
    assert_string_equal(h.order, "RrF");
    assert_int_equal(engine_stats(b.engine).queued, 0);
    bench_done(&b);
}

static void test_lease_covers_all_stages(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    struct job *job = c_job();
    job->compile.wall_ms = 10000;
    job->run.wall_ms = 2000;
    job->runs = 5;
    submitted(&b, &h, job);
    assert_int_equal(plan_lease_ns(h.job), LEASE_NS + 20 * NS_PER_S);
    job->run.wall_ms = 0;
    assert_true(plan_lease_ns(h.job) == UINT64_MAX);
    bench_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ticket_asks_for_its_job_when_its_turn_has_come),
        cmocka_unit_test(test_ticket_that_is_cancelled_is_not_loaded),
        cmocka_unit_test(test_ticket_that_is_cancelled_while_it_is_loaded_gives_its_slot),
        cmocka_unit_test(test_ticket_may_be_cancelled_when_its_job_is_asked_for),
        cmocka_unit_test(test_ticket_is_cancelled_between_load_and_start),
        cmocka_unit_test(test_loaded_job_that_runs_again_is_not_loaded_again),
        cmocka_unit_test(test_forced_ticket_has_a_place_in_a_full_queue),
        cmocka_unit_test(test_callers_take_turns),
        cmocka_unit_test(test_paused_engine_takes_jobs_and_starts_none),
        cmocka_unit_test(test_places_are_counted),
        cmocka_unit_test(test_batches_leave_a_slot),
        cmocka_unit_test(test_slot_of_who_was_waited_for_is_no_batchs),
        cmocka_unit_test(test_how_many_slots_batches_may_take),
        cmocka_unit_test(test_job_begins_at_once_when_a_slot_is_free),
        cmocka_unit_test(test_job_whose_lease_ends_is_not_run_twice),
        cmocka_unit_test(test_lease_that_ends_while_no_slot_is_free_leaves_nothing_behind),
        cmocka_unit_test(test_lease_covers_all_stages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
