/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs with several tests: one compilation, one run for each.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "boxproto/boxproto.h"
#include "engine/engine.h"
#include "engine_bench.h"
#include "fake_boxd.h"

#define TESTS 3

/* What is told of each test, when it is told. */
struct told {
    struct heard heard;
    struct engine_job *job;
    enum verdict verdicts[TESTS];
    size_t count;
    struct result result; /* taken over */
};

static void tell_test(void *ctx, enum engine_stage stage, const struct stage_result *result)
{
    struct told *t = ctx;
    const struct result *r = engine_job_result(t->job);
    if (stage == STAGE_RUN) {
        assert_true(t->count < TESTS);
        assert_int_equal(r->test_count, t->count + 1);
        assert_ptr_equal(result, &r->tests[t->count]);
        t->verdicts[t->count++] = result->verdict;
    }
}

static void tell_finished(void *ctx, struct result *result)
{
    struct told *t = ctx;
    t->result = *result;
    result_init(result);
    t->job = NULL;
}

static void told_done(struct told *t)
{
    result_done(&t->result);
}

static void test_add(struct job *job, const char *input, const char *expected)
{
    struct job_test *t = job_add_test(job);
    t->stdin_data = xstrdup(input);
    t->stdin_size = strlen(input);
    t->expected_data = xstrdup(expected);
    t->expected_size = expected ? strlen(expected) : 0;
}

static void begin(struct bench *b, struct told *t, struct job *job)
{
    const struct engine_observer observer = {
        .stage_done = tell_test, .finished = tell_finished, .ctx = t};
    struct err e;
    assert_int_equal(engine_submit(b->engine, job, &observer, &t->job, &e), 0);
    fake_run(b->boxd);
}

static void input_is(struct bench *b, uint32_t box, const char *wanted)
{
    char got[64] = "";
    ssize_t n = read(b->boxd->init[box].stdin_fd, got, sizeof(got) - 1);
    assert_int_equal(n, strlen(wanted));
    assert_string_equal(got, wanted);
}

/* The next run: it is given `input`, prints and exits. */
static void runs(struct bench *b, const char *input, const char *output, int status)
{
    uint32_t box = fake_takes_box(b->boxd);
    fake_hello(b->boxd, box);
    fake_run(b->boxd);
    input_is(b, box, input);
    fake_print(b->boxd, box, BOX_STDOUT, output);
    fake_closes_output(b->boxd, box);
    fake_ended(b->boxd, box, BOX_END_EXIT, status);
    fake_run(b->boxd);
    fake_destroyed(b->boxd, box);
}

static void next_runs(struct bench *b, const char *input, const char *output, int status)
{
    /* The box before is taken down when the next one has begun. */
    struct fake_packet *create = fake_boxd_gets(b->boxd, BOX_MSG_CREATE);
    uint32_t box = create->head.box;
    fake_boxd_gets(b->boxd, BOX_MSG_START);
    fake_init_gets(b->boxd, box, BOX_MSG_INIT_START);
    fake_init_gets(b->boxd, box, BOX_MSG_DATA);
    fake_boxd_gets(b->boxd, BOX_MSG_DESTROY);
    fake_hello(b->boxd, box);
    fake_run(b->boxd);
    input_is(b, box, input);
    fake_print(b->boxd, box, BOX_STDOUT, output);
    fake_closes_output(b->boxd, box);
    fake_ended(b->boxd, box, BOX_END_EXIT, status);
    fake_run(b->boxd);
    fake_destroyed(b->boxd, box);
}

static struct job *job_of_three(void)
{
    struct job *job = bash_job();
    test_add(job, "1", "one");
    test_add(job, "2", "two");
    test_add(job, "3", NULL);
    return job;
}

static void test_each_test_has_its_input_output_and_verdict(void **state)
{
    (void)state;
    struct bench b = bench_new(8, 1, 10);
    AUTO(told_done) struct told t = {0};
    begin(&b, &t, job_of_three());
    runs(&b, "1", "one\n", 0);
    next_runs(&b, "2", "zwei\n", 0);
    next_runs(&b, "3", "anything", 3 << 8);
    assert_int_equal(t.result.test_count, 3);
    assert_int_equal(t.result.tests[0].verdict, VERDICT_OK);
    assert_int_equal(t.result.tests[1].verdict, VERDICT_WRONG_ANSWER);
    assert_int_equal(t.result.tests[2].verdict, VERDICT_NONZERO_EXIT);
    assert_string_equal(t.result.tests[1].out.data, "zwei\n");
    assert_string_equal(t.result.tests[2].out.data, "anything");
    assert_int_equal(t.result.verdict, VERDICT_WRONG_ANSWER);
    assert_false(t.result.run.ran);
    assert_int_equal(t.result.runs, 3);
    assert_int_equal(t.count, 3);
    assert_int_equal(t.verdicts[1], VERDICT_WRONG_ANSWER);
    bench_done(&b);
}

static void test_first_failure_can_be_the_last_run(void **state)
{
    (void)state;
    struct bench b = bench_new(8, 1, 10);
    AUTO(told_done) struct told t = {0};
    struct job *job = job_of_three();
    job->stop_on_first_failure = true;
    begin(&b, &t, job);
    runs(&b, "1", "one", 0);
    next_runs(&b, "2", "three", 0);
    assert_int_equal(t.result.test_count, 2);
    assert_int_equal(t.result.verdict, VERDICT_WRONG_ANSWER);
    assert_null(t.job);
    bench_done(&b);
}

static void test_each_test_has_its_limits(void **state)
{
    (void)state;
    struct bench b = bench_new(8, 1, 10);
    AUTO(told_done) struct told t = {0};
    struct job *job = bash_job();
    test_add(job, "", NULL);
    job->tests[0].limits.wall_ms = 77;
    job->tests[0].limits.memory_bytes = 5 << 20;
    begin(&b, &t, job);
    assert_int_equal(fake_boxd_gets(b.boxd, BOX_MSG_CREATE)->create.maxima.memory_bytes, 5 << 20);
    assert_int_equal(fake_boxd_gets(b.boxd, BOX_MSG_START)->start.wall_ns, UINT64_C(77000000));
    bench_done(&b);
}

static void test_kept_output_of_all_tests_is_bounded_and_no_verdict_changes(void **state)
{
    (void)state;
    struct bench b = bench_new(8, 1, 10);
    AUTO(told_done) struct told t = {0};
    struct job *job = job_of_three();
    job->tests_output_bytes = 8; /* out and both of the first, a part of the second's out */
    begin(&b, &t, job);
    runs(&b, "1", "one", 0);
    next_runs(&b, "2", "two", 0);
    next_runs(&b, "3", "rest", 0);
    const struct stage_result *tests = t.result.tests;
    assert_int_equal(t.result.verdict, VERDICT_OK);
    assert_string_equal(tests[0].out.data, "one");
    assert_false(tests[0].out_truncated);
    assert_string_equal(tests[1].out.data, "tw");
    assert_true(tests[1].out_truncated);
    assert_int_equal(tests[2].out.len, 0);
    assert_true(tests[2].out_truncated);
    bench_done(&b);
}

static void test_cancel_keeps_the_tests_that_were_done(void **state)
{
    (void)state;
    struct bench b = bench_new(8, 1, 10);
    AUTO(told_done) struct told t = {0};
    begin(&b, &t, job_of_three());
    runs(&b, "1", "one", 0);
    uint32_t box = fake_boxd_gets(b.boxd, BOX_MSG_CREATE)->head.box;
    fake_hello(b.boxd, box);
    fake_print(b.boxd, box, BOX_STDOUT, "begun");
    fake_run(b.boxd);
    assert_string_equal(engine_job_result(t.job)->run.out.data, "begun");
    engine_job_cancel(t.job, false);
    fake_closes_output(b.boxd, box);
    fake_ended(b.boxd, box, BOX_END_CANCEL, SIGKILL);
    fake_run(b.boxd);
    assert_int_equal(t.result.verdict, VERDICT_CANCELLED);
    assert_int_equal(t.result.test_count, 2);
    assert_int_equal(t.result.tests[0].verdict, VERDICT_OK);
    assert_int_equal(t.result.tests[1].verdict, VERDICT_CANCELLED);
    assert_string_equal(t.result.tests[1].out.data, "begun");
    bench_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_test_has_its_input_output_and_verdict),
        cmocka_unit_test(test_first_failure_can_be_the_last_run),
        cmocka_unit_test(test_each_test_has_its_limits),
        cmocka_unit_test(test_kept_output_of_all_tests_is_bounded_and_no_verdict_changes),
        cmocka_unit_test(test_cancel_keeps_the_tests_that_were_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
