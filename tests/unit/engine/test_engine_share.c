/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compile stages that are done once for several jobs.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine_bench.h"
#include "fake_boxd.h"
#include "job_factory.h"

#define BOXES 8

static struct bench share_bench_with(unsigned slots, bool shared, unsigned spares)
{
    const struct engine_config config = {
        .pool = {.boxes = spares,
                 .cores = 1, /* none is made while a program runs */
                 .memory_bytes = UINT64_C(100) << 20,
                 .idle_ns = 100 * NS_PER_S},
        .slots = slots,
        .queue_max = 10,
        .queue_bytes = 100000,
        .product_max = 1 << 20,
        .products = {.bytes = 1 << 20, .age_ns = 3600 * NS_PER_S},
        .products_shared = shared,
        .sessions = 1,
    };
    return bench_of(BOXES, &config);
}

static struct bench share_bench(unsigned slots, bool shared)
{
    return share_bench_with(slots, shared, 0);
}

static struct job *job_by(const char *caller)
{
    struct job *job = c_job();
    job->caller = xstrdup(caller);
    return job;
}

/* The compile stage of the job that was submitted last ends so; the box of its run stage. */
static uint32_t compiles(struct bench *b)
{
    stage_ends(b, fake_takes_box(b->boxd), "PRODUCT");
    uint32_t box = fake_boxd_gets(b->boxd, BOX_MSG_CREATE)->head.box; /* made ahead */
    return box;
}

/* One job that is compiled, runs and is over. */
static void whole_job(struct bench *b, struct job *job)
{
    struct heard h = {0};
    submitted(b, &h, job);
    uint32_t runner = compiles(b);
    fake_boxd_gets(b->boxd, BOX_MSG_START);
    uint32_t compiler = fake_boxd_gets(b->boxd, BOX_MSG_DESTROY)->head.box;
    fake_destroyed(b->boxd, compiler);
    fake_init_gets(b->boxd, runner, BOX_MSG_INIT_START);
    fake_init_gets(b->boxd, runner, BOX_MSG_DATA);
    fake_runs(b->boxd, runner, "", 0);
    fake_destroyed(b->boxd, fake_boxd_gets(b->boxd, BOX_MSG_DESTROY)->head.box);
    fake_run(b->boxd);
    assert_string_equal(h.order, "CcRrF");
    assert_false(h.result.compile.cached);
    heard_done(&h);
}

static void assert_runs_the_product(struct bench *b, uint32_t *ret_box)
{
    *ret_box = fake_boxd_gets(b->boxd, BOX_MSG_CREATE)->head.box;
    fake_boxd_gets(b->boxd, BOX_MSG_START);
    assert_int_equal(
        fake_init_gets(b->boxd, *ret_box, BOX_MSG_INIT_START)->init_start.archive_bytes, 7);
    struct fake_packet *m = fake_init_gets(b->boxd, *ret_box, BOX_MSG_DATA);
    assert_memory_equal(m->bytes + m->len - 7, "PRODUCT", 7);
}

static void test_same_program_is_compiled_once(void **state)
{
    (void)state;
    struct bench b = share_bench(1, false);
    struct heard h = {0};
    uint32_t box;
    whole_job(&b, job_by("alice"));
    submitted(&b, &h, job_by("alice"));
    assert_string_equal(h.order, "CcR"); /* its compile stage is told like any other */
    assert_runs_the_product(&b, &box);
    fake_runs(b.boxd, box, "hi", 0);
    assert_string_equal(h.order, "CcRorF");
    assert_true(h.result.compile.ran);
    assert_true(h.result.compile.cached);
    assert_int_equal(h.result.compile.cpu_ns, 3000000);
    assert_int_equal(engine_stats(b.engine).products, 1);
    heard_done(&h);
    bench_done(&b);
}

static void test_others_compile_for_themselves(void **state)
{
    (void)state;
    struct bench b = share_bench(1, false);
    whole_job(&b, job_by("alice"));
    whole_job(&b, job_by("bob"));
    whole_job(&b, c_job()); /* nobody's */
    bench_done(&b);
}

static void test_shared_products_are_everybodys(void **state)
{
    (void)state;
    struct bench b = share_bench(1, true);
    struct heard h = {0};
    whole_job(&b, job_by("alice"));
    submitted(&b, &h, job_by("bob"));
    assert_string_equal(h.order, "CcR");
    bench_done(&b);
}

static void test_same_at_one_time_waits_without_a_slot(void **state)
{
    (void)state;
    struct bench b = share_bench(2, false);
    struct heard first = {0}, second = {0}, third = {0}, other = {0};
    submitted(&b, &first, job_by("alice"));
    submitted(&b, &second, job_by("alice"));
    submitted(&b, &third, job_by("alice"));
    assert_string_equal(second.order, "");
    assert_int_equal(engine_stats(b.engine).running, 1);
    uint32_t compiler = fake_takes_box(b.boxd);
    submitted(&b, &other, bash_job()); /* the slots of those who wait are others' */
    assert_string_equal(other.order, "R");
    fake_runs(b.boxd, fake_takes_box(b.boxd), "", 0);

    stage_ends(&b, compiler, "PRODUCT");
    assert_string_equal(first.order, "CcR");
    assert_string_equal(second.order, "CcR");
    assert_string_equal(third.order, ""); /* there are two slots */
    assert_int_equal(engine_stats(b.engine).running, 2);
    bench_done(&b);
}

static void test_woken_goes_before_the_queue(void **state)
{
    (void)state;
    struct bench b = share_bench(2, false);
    struct heard first = {0}, second = {0}, third = {0}, last = {0};
    submitted(&b, &first, job_by("alice"));
    submitted(&b, &second, job_by("alice"));
    uint32_t compiler = fake_takes_box(b.boxd);
    submitted(&b, &third, bash_job());
    submitted(&b, &last, bash_job());
    uint32_t runner = fake_takes_box(b.boxd);
    stage_ends(&b, compiler, "PRODUCT");
    assert_string_equal(second.order, ""); /* both slots are taken */
    fake_runs(b.boxd, runner, "", 0);
    assert_string_equal(third.order, "RrF");
    assert_string_equal(second.order, "CcR");
    assert_string_equal(last.order, "");
    bench_done(&b);
}

static void test_woken_take_turns_with_other_callers(void **state)
{
    (void)state;
    struct bench b = share_bench(2, false);
    struct heard first = {0}, second = {0}, third = {0}, other = {0}, last = {0};
    submitted(&b, &first, job_by("alice"));
    submitted(&b, &second, job_by("alice"));
    submitted(&b, &third, job_by("alice"));
    uint32_t compiler = fake_takes_box(b.boxd);
    submitted(&b, &other, bash_job());
    submitted(&b, &last, bash_job());
    uint32_t runner = fake_takes_box(b.boxd);
    stage_ends(&b, compiler, "PRODUCT");
    fake_runs(b.boxd, runner, "", 0);
    assert_string_equal(other.order, "RrF");
    assert_string_equal(second.order, "CcR");
    engine_job_cancel(second.job, true);
    fake_run(b.boxd);
    assert_string_equal(third.order, "");
    assert_string_equal(last.order, "R");
    bench_done(&b);
}

static void test_woken_batch_leaves_a_slot(void **state)
{
    (void)state;
    struct bench b = share_bench(3, false);
    struct heard h[3] = {{0}}, waited_for = {0};
    for (size_t i = 0; i < ARRAY_LEN(h); i++) {
        struct job *job = job_by("alice");
        job->priority = JOB_BATCH;
        submitted(&b, &h[i], job);
    }
    stage_ends(&b, fake_takes_box(b.boxd), "PRODUCT");
    assert_string_equal(h[0].order, "CcR");
    assert_string_equal(h[1].order, "CcR");
    assert_string_equal(h[2].order, "");
    submitted(&b, &waited_for, job_by("alice"));
    assert_string_equal(waited_for.order, "CcR");
    bench_done(&b);
}

static void test_cancelled_compiler_is_followed_by_one_that_waits(void **state)
{
    (void)state;
    struct bench b = share_bench(3, false);
    struct heard first = {0}, second = {0}, third = {0};
    submitted(&b, &first, job_by("alice"));
    submitted(&b, &second, job_by("alice"));
    submitted(&b, &third, job_by("alice"));
    fake_takes_box(b.boxd);
    engine_job_cancel(first.job, true);
    fake_run(b.boxd);
    fake_boxd_gets(b.boxd, BOX_MSG_KILL);
    assert_string_equal(second.order, "C");
    assert_string_equal(third.order, "");
    uint32_t compiler = fake_takes_box(b.boxd);
    fake_boxd_gets(b.boxd, BOX_MSG_DESTROY);
    stage_ends(&b, compiler, "PRODUCT");
    assert_string_equal(second.order, "CcR");
    assert_string_equal(third.order, "CcR");
    bench_done(&b);
}

/* Who cancels it hears the end of it, which comes only with that of its box. */
static void test_heard_cancellation_makes_one_that_waits_compile(void **state)
{
    (void)state;
    struct bench b = share_bench(3, false);
    struct heard first = {0}, second = {0}, third = {0};
    submitted(&b, &first, job_by("alice"));
    submitted(&b, &second, job_by("alice"));
    submitted(&b, &third, job_by("alice"));
    uint32_t cancelled = fake_takes_box(b.boxd);
    engine_job_cancel(first.job, false);
    fake_run(b.boxd);
    fake_boxd_gets(b.boxd, BOX_MSG_KILL);
    assert_string_equal(second.order, "C"); /* at once */
    uint32_t compiler = fake_takes_box(b.boxd);
    fake_hello(b.boxd, cancelled);
    fake_run(b.boxd);
    fake_closes_output(b.boxd, cancelled);
    fake_ended(b.boxd, cancelled, BOX_END_CANCEL, SIGKILL);
    fake_run(b.boxd);
    assert_int_equal(first.verdict, VERDICT_CANCELLED);
    assert_string_equal(third.order, "");
    fake_boxd_gets(b.boxd, BOX_MSG_DESTROY);
    stage_ends(&b, compiler, "PRODUCT");
    assert_string_equal(second.order, "CcR");
    assert_string_equal(third.order, "CcR");
    bench_done(&b);
}

static void test_spare_that_fails_leaves_who_waits_waiting(void **state)
{
    (void)state;
    struct bench b = share_bench_with(2, false, 4);
    struct heard first = {0}, second = {0};
    engine_expect(b.engine, job_by("alice"));
    fake_run(b.boxd);
    fake_hello(b.boxd, fake_boxd_gets(b.boxd, BOX_MSG_CREATE)->head.box);
    fake_run(b.boxd);
    submitted(&b, &first, job_by("alice"));
    submitted(&b, &second, job_by("alice"));
    uint32_t spare = fake_starts(b.boxd);
    fake_boxd_gets(b.boxd, BOX_MSG_CREATE); /* of its run stage */
    fake_failed(b.boxd, spare, ERR_IO, "it is broken");
    fake_run(b.boxd);
    assert_string_equal(first.order, "C");
    assert_string_equal(second.order, "");
    stage_ends(&b, fake_takes_box(b.boxd), "PRODUCT");
    assert_string_equal(first.order, "CcR");
    assert_string_equal(second.order, "CcR");
    assert_true(engine_job_result(second.job)->compile.cached);
    bench_done(&b);
}

static void test_one_that_waits_can_be_cancelled(void **state)
{
    (void)state;
    struct bench b = share_bench(2, false);
    struct heard first = {0}, second = {0};
    submitted(&b, &first, job_by("alice"));
    submitted(&b, &second, job_by("alice"));
    engine_job_cancel(second.job, false);
    fake_run(b.boxd);
    assert_string_equal(second.order, "F");
    assert_int_equal(second.verdict, VERDICT_CANCELLED);
    stage_ends(&b, fake_takes_box(b.boxd), "PRODUCT");
    assert_string_equal(first.order, "CcR");
    bench_done(&b);
}

static void test_all_compile_when_the_first_met_a_limit(void **state)
{
    (void)state;
    struct bench b = share_bench(3, false);
    struct heard first = {0}, second = {0}, third = {0};
    submitted(&b, &first, job_by("alice"));
    submitted(&b, &second, job_by("alice"));
    submitted(&b, &third, job_by("alice"));
    uint32_t compiler = fake_takes_box(b.boxd);
    fake_hello(b.boxd, compiler);
    fake_run(b.boxd);
    fake_closes_output(b.boxd, compiler);
    fake_ended(b.boxd, compiler, BOX_END_WALL, SIGKILL);
    fake_run(b.boxd);
    assert_string_equal(first.order, "CcF");
    assert_int_equal(first.verdict, VERDICT_COMPILE_ERROR);
    assert_string_equal(second.order, "C"); /* beside each other: nobody knows how it ends */
    assert_string_equal(third.order, "C");
    bench_done(&b);
}

static void test_lost_boxd_leaves_nobody_waiting(void **state)
{
    (void)state;
    struct bench b = share_bench(2, false);
    struct heard first = {0}, second = {0};
    submitted(&b, &first, job_by("alice"));
    submitted(&b, &second, job_by("alice"));
    fake_takes_box(b.boxd);
    boxd_restarts(&b);
    bool one = strcmp(first.order, "CC") == 0 && strcmp(second.order, "") == 0;
    bool other = strcmp(first.order, "C") == 0 && strcmp(second.order, "C") == 0;
    assert_true(one || other); /* either compiles, and the other waits for it */
    bench_done(&b);
}

/* --- what is told ------------------------------------------------------------------------- */

/* A compiler that says "out" and "err" and fails. */
static void fails(struct bench *b, uint32_t box)
{
    fake_hello(b->boxd, box);
    fake_run(b->boxd);
    fake_print(b->boxd, box, BOX_STDOUT, "out");
    fake_print(b->boxd, box, BOX_STDERR, "err");
    fake_closes_output(b->boxd, box);
    fake_ended(b->boxd, box, BOX_END_EXIT, 1 << 8);
    fake_product(b->boxd, box);
    fake_init_says(b->boxd, box, BOX_MSG_COLLECTED, -1);
    fd_closep(&b->boxd->init[box].product_fd);
    fake_run(b->boxd);
}

static void failing_job(struct bench *b)
{
    struct heard h = {0};
    submitted(b, &h, job_by("alice"));
    fails(b, fake_takes_box(b->boxd));
    assert_string_equal(h.order, "CoocF");
    heard_done(&h);
}

static void test_what_the_compiler_said_is_told_again(void **state)
{
    (void)state;
    struct bench b = share_bench(1, false);
    struct heard h = {0};
    failing_job(&b);
    submitted(&b, &h, job_by("alice"));
    assert_string_equal(h.order, "CoocF");
    assert_string_equal(h.output.data, "outerr");
    assert_int_equal(h.verdict, VERDICT_COMPILE_ERROR);
    assert_int_equal(h.result.compile.exit_code, 1);
    assert_true(h.result.compile.cached);
    heard_done(&h);
    bench_done(&b);
}

static void test_who_would_not_have_heard_all_compiles(void **state)
{
    (void)state;
    struct bench b = share_bench(1, false);
    struct heard h = {0};
    failing_job(&b);
    struct job *job = job_by("alice");
    job->compile.output_bytes = 2;
    submitted(&b, &h, job);
    assert_string_equal(h.order, "C");
    bench_done(&b);
}

static void test_told_output_that_is_paused_holds_the_job(void **state)
{
    (void)state;
    struct bench b = share_bench(1, false);
    struct heard h = {.pause = true};
    failing_job(&b);
    submitted(&b, &h, job_by("alice"));
    assert_string_equal(h.order, "Coo");
    engine_job_resume(h.job, STREAM_STDOUT);
    fake_run(b.boxd);
    assert_string_equal(h.order, "Coo");
    engine_job_resume(h.job, STREAM_STDERR);
    fake_run(b.boxd);
    assert_string_equal(h.order, "CoocF");
    heard_done(&h);
    bench_done(&b);
}

static void test_who_does_not_read_what_is_told_keeps_no_slot(void **state)
{
    (void)state;
    struct bench b = share_bench(1, false);
    struct heard h = {.pause = true}, other = {0};
    failing_job(&b);
    submitted(&b, &h, job_by("alice"));
    assert_string_equal(h.order, "Coo");
    assert_int_equal(engine_stats(b.engine).running, 0);
    submitted(&b, &other, bash_job());
    assert_string_equal(other.order, "R");
    engine_job_resume(h.job, STREAM_STDOUT);
    engine_job_resume(h.job, STREAM_STDERR);
    fake_run(b.boxd);
    assert_string_equal(h.order, "Coo"); /* the slot is another's now */
    engine_job_cancel(other.job, true);
    fake_run(b.boxd);
    assert_string_equal(h.order, "CoocF");
    heard_done(&h);
    bench_done(&b);
}

static void test_who_cancels_while_it_is_told_hears_no_more(void **state)
{
    (void)state;
    struct bench b = share_bench(1, false);
    struct heard h = {.cancel_at = 'o'};
    failing_job(&b);
    submitted(&b, &h, job_by("alice"));
    assert_string_equal(h.order, "Co");
    assert_int_equal(engine_stats(b.engine).running, 0);
    heard_done(&h);
    bench_done(&b);
}

static struct job *ungathered_job(void)
{
    struct job *job = job_by("alice");
    job->keep_output = false;
    return job;
}

static void test_output_that_is_not_gathered_is_not_for_others(void **state)
{
    (void)state;
    struct bench b = share_bench(1, false);
    struct heard h = {0}, next = {0};
    submitted(&b, &h, ungathered_job());
    fails(&b, fake_takes_box(b.boxd));
    assert_string_equal(h.order, "CoocF");
    submitted(&b, &next, job_by("alice"));
    assert_string_equal(next.order, "C");
    heard_done(&h);
    bench_done(&b);
}

static void test_who_does_not_gather_is_told_all_the_same(void **state)
{
    (void)state;
    struct bench b = share_bench(1, false);
    struct heard h = {0};
    failing_job(&b);
    submitted(&b, &h, ungathered_job());
    assert_string_equal(h.output.data, "outerr");
    assert_int_equal(h.result.compile.out.len, 0);
    assert_string_equal(h.order, "CoocF");
    heard_done(&h);
    bench_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_program_is_compiled_once),
        cmocka_unit_test(test_others_compile_for_themselves),
        cmocka_unit_test(test_shared_products_are_everybodys),
        cmocka_unit_test(test_same_at_one_time_waits_without_a_slot),
        cmocka_unit_test(test_woken_goes_before_the_queue),
        cmocka_unit_test(test_woken_take_turns_with_other_callers),
        cmocka_unit_test(test_woken_batch_leaves_a_slot),
        cmocka_unit_test(test_cancelled_compiler_is_followed_by_one_that_waits),
        cmocka_unit_test(test_heard_cancellation_makes_one_that_waits_compile),
        cmocka_unit_test(test_spare_that_fails_leaves_who_waits_waiting),
        cmocka_unit_test(test_one_that_waits_can_be_cancelled),
        cmocka_unit_test(test_all_compile_when_the_first_met_a_limit),
        cmocka_unit_test(test_lost_boxd_leaves_nobody_waiting),
        cmocka_unit_test(test_what_the_compiler_said_is_told_again),
        cmocka_unit_test(test_who_would_not_have_heard_all_compiles),
        cmocka_unit_test(test_told_output_that_is_paused_holds_the_job),
        cmocka_unit_test(test_who_does_not_read_what_is_told_keeps_no_slot),
        cmocka_unit_test(test_who_cancels_while_it_is_told_hears_no_more),
        cmocka_unit_test(test_output_that_is_not_gathered_is_not_for_others),
        cmocka_unit_test(test_who_does_not_gather_is_told_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
