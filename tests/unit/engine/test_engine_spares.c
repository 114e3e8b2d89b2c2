/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs and the boxes that were made ahead for them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/strv.h"
#include "engine/engine.h"
#include "engine_bench.h"
#include "fake_boxd.h"
#include "job_factory.h"

static struct bench bench_with(uint32_t boxes)
{
    const struct engine_config config = {.slots = 1,
                                         .queue_max = 10,
                                         .queue_bytes = 1000,
                                         .product_max = 1 << 20,
                                         .sessions = 1,
                                         .pool = {.boxes = 4,
                                                  .cores = 2,
                                                  .memory_bytes = UINT64_C(100) << 20,
                                                  .idle_ns = 100 * NS_PER_S,
                                                  .warm = true}};
    return bench_of(boxes, &config);
}

static struct job *warm_job(void)
{
    struct job *job = bash_job();
    job->runtime->warm = xstrdup("{main}");
    return job;
}

/* A spare for such a job, which is ready. */
static uint32_t spare_for(struct bench *b, struct job *job)
{
    engine_expect(b->engine, job);
    fake_run(b->boxd);
    uint32_t box = fake_boxd_gets(b->boxd, BOX_MSG_CREATE)->head.box;
    fake_hello(b->boxd, box);
    fake_run(b->boxd);
    return box;
}

static void ends(struct bench *b, uint32_t box)
{
    fake_closes_output(b->boxd, box);
    fake_ended(b->boxd, box, BOX_END_EXIT, 0);
    fake_run(b->boxd);
}

static void test_job_runs_in_a_spare(void **state)
{
    (void)state;
    struct bench b = bench_with(8);
    struct heard h = {0};
    uint32_t spare = spare_for(&b, bash_job());
    submitted(&b, &h, bash_job());
    assert_int_equal(fake_starts(b.boxd), spare);
    ends(&b, spare);
    assert_string_equal(h.order, "RrF");
    assert_int_equal(h.verdict, VERDICT_OK);
    heard_done(&h);
    bench_done(&b);
}

static void test_what_a_job_held_tells_what_its_spare_does(void **state)
{
    (void)state;
    struct bench b = bench_with(8);
    struct heard h = {0};
    uint32_t spare = spare_for(&b, warm_job());
    fake_init_gets(b.boxd, spare, BOX_MSG_WARM);
    uint64_t guessed = engine_stats(b.engine).spares.memory_bytes; /* this boxd cannot measure */
    submitted(&b, &h, warm_job());
    assert_int_equal(fake_starts(b.boxd), spare);
    ends(&b, spare);
    assert_string_equal(h.order, "RrF");
    assert_int_equal(engine_stats(b.engine).spares.warm, 1);
    assert_true(guessed > 1 << 20);
    assert_int_equal(engine_stats(b.engine).spares.memory_bytes, 1 << 20); /* of fake_ended */
    heard_done(&h);
    bench_done(&b);
}

static void test_spare_of_other_limits_is_left(void **state)
{
    (void)state;
    struct bench b = bench_with(8);
    struct heard h = {0};
    uint32_t spare = spare_for(&b, bash_job());
    struct job *job = bash_job();
    job->run.memory_bytes *= 2;
    submitted(&b, &h, job);
    assert_int_not_equal(fake_takes_box(b.boxd), spare);
    heard_done(&h);
    bench_done(&b);
}

/* --- one that fails ------------------------------------------------------------------------- */

static void test_spare_that_fails_is_no_failed_job(void **state)
{
    (void)state;
    struct bench b = bench_with(8);
    struct heard h = {0};
    uint32_t spare = spare_for(&b, bash_job());
    submitted(&b, &h, bash_job());
    assert_int_equal(fake_starts(b.boxd), spare);
    fake_failed(b.boxd, spare, ERR_IO, "it is broken");
    fake_run(b.boxd);
    uint32_t box = fake_takes_box(b.boxd);
    fake_boxd_gets(b.boxd, BOX_MSG_DESTROY);
    fake_runs(b.boxd, box, "hi", 0);
    assert_string_equal(h.order, "RorF");
    assert_string_equal(h.out, "hi");
    assert_int_equal(h.verdict, VERDICT_OK);
    fake_boxd_gets(b.boxd, BOX_MSG_DESTROY);
    fake_boxd_gets_nothing(b.boxd); /* no other spare of this kind */
    heard_done(&h);
    bench_done(&b);
}

/* Files that are too large for any box, say. */
static void test_job_that_fails_in_a_new_box_too_does_not_spoil_spares(void **state)
{
    (void)state;
    struct bench b = bench_with(8);
    struct heard h = {0};
    uint32_t spare = spare_for(&b, bash_job());
    submitted(&b, &h, bash_job());
    assert_int_equal(fake_starts(b.boxd), spare);
    fake_failed(b.boxd, spare, ERR_IO, "no room");
    fake_run(b.boxd);
    uint32_t box = fake_takes_box(b.boxd);
    fake_boxd_gets(b.boxd, BOX_MSG_DESTROY);
    fake_failed(b.boxd, box, ERR_IO, "no room");
    fake_run(b.boxd);
    assert_string_equal(h.order, "RrF");
    assert_int_equal(h.verdict, VERDICT_INTERNAL_ERROR);
    fake_destroy_comes(b.boxd);
    fake_boxd_gets(b.boxd, BOX_MSG_CREATE);
    heard_done(&h);
    bench_done(&b);
}

static void test_program_that_cannot_be_executed_is_not_tried_again(void **state)
{
    (void)state;
    struct bench b = bench_with(8);
    struct heard h = {0};
    uint32_t spare = spare_for(&b, bash_job());
    submitted(&b, &h, bash_job());
    assert_int_equal(fake_starts(b.boxd), spare);
    fake_failed(b.boxd, spare, ERR_UNSUPPORTED, "no binary");
    fake_run(b.boxd);
    assert_string_equal(h.order, "RrF");
    assert_int_equal(h.verdict, VERDICT_EXEC_FORMAT);
    heard_done(&h);
    bench_done(&b);
}

static void test_spare_that_ends_unused_is_nobodys_failure(void **state)
{
    (void)state;
    struct bench b = bench_with(8);
    struct heard h = {0};
    uint32_t spare = spare_for(&b, bash_job());
    fake_failed(b.boxd, spare, ERR_IO, "it is broken");
    fake_run(b.boxd);
    fake_boxd_gets(b.boxd, BOX_MSG_DESTROY);
    submitted(&b, &h, bash_job());
    uint32_t box = fake_takes_box(b.boxd);
    fake_runs(b.boxd, box, "hi", 0);
    assert_int_equal(h.verdict, VERDICT_OK);
    heard_done(&h);
    bench_done(&b);
}

/* --- warm ones ------------------------------------------------------------------------------ */

static uint32_t warm_spare(struct bench *b)
{
    uint32_t spare = spare_for(b, warm_job());
    assert_int_equal(fake_init_gets(b->boxd, spare, BOX_MSG_WARM)->init_start.argc, 2);
    return spare;
}

static void test_warm_spare_gets_the_files(void **state)
{
    (void)state;
    struct bench b = bench_with(8);
    struct heard h = {0};
    uint32_t spare = warm_spare(&b);
    submitted(&b, &h, warm_job());
    assert_int_equal(fake_boxd_gets(b.boxd, BOX_MSG_START)->head.box, spare);
    fake_init_gets(b.boxd, spare, BOX_MSG_DATA); /* of WARM */
    const struct box_init_start start =
        fake_init_gets(b.boxd, spare, BOX_MSG_INIT_START)->init_start;
    assert_true(start.flags & BOX_START_WARMED);
    assert_int_equal(start.argc, 0);
    ends(&b, spare);
    assert_int_equal(h.verdict, VERDICT_OK);
    heard_done(&h);
    bench_done(&b);
}

static void changed_takes_another(void (*change)(struct job *job))
{
    struct bench b = bench_with(8);
    struct heard h = {0};
    uint32_t spare = warm_spare(&b);
    struct job *job = warm_job();
    change(job);
    submitted(&b, &h, job);
    assert_int_not_equal(fake_takes_box(b.boxd), spare);
    assert_int_equal(engine_stats(b.engine).spares.warm, 1);
    heard_done(&h);
    bench_done(&b);
}

static void make_cold(struct job *job)
{
    job->cold = true;
}

static void add_argument(struct job *job)
{
    strv_add(&job->args, "x");
}

static void add_variable(struct job *job)
{
    strv_add(&job->env, "A=1");
}

static void add_nul(struct job *job)
{
    job->files[0].data[0] = '\0';
}

static void add_folder(struct job *job)
{
    free(job->files[0].name);
    job->files[0].name = xstrdup("a/x.sh");
}

static void name_clock(struct job *job)
{
    strv_add(&job->runtime->warm_unless, "echo"); /* which is in the program */
}

static void add_file_beside(struct job *job)
{
    job->runtime->warm_alone = true;
    job_with(job, "y.sh", "true");
}

static struct job *job_of_a_dialect(void)
{
    struct job *job = warm_job();
    strv_add(&job->env, "VERSION=1");
    job->env_is_ours = true;
    return job;
}

static void test_variables_of_ours_are_there_before_the_job(void **state)
{
    (void)state;
    struct bench b = bench_with(8);
    struct heard h = {0};
    uint32_t spare = spare_for(&b, job_of_a_dialect());
    assert_int_equal(engine_stats(b.engine).spares.warm, 1);
    submitted(&b, &h, job_of_a_dialect());
    assert_int_equal(fake_boxd_gets(b.boxd, BOX_MSG_START)->head.box, spare);
    heard_done(&h);
    bench_done(&b);
}

static void test_job_that_is_not_as_was_expected_gets_no_warm_spare(void **state)
{
    (void)state;
    changed_takes_another(make_cold);
    changed_takes_another(add_argument);
    changed_takes_another(add_variable);
    changed_takes_another(add_nul);
    changed_takes_another(add_folder);
    changed_takes_another(name_clock);
    changed_takes_another(add_file_beside);
}

static bool is_cold(void *ctx, const char *caller)
{
    (void)ctx;
    return strcmp(caller, "judge") == 0;
}

static void test_caller_that_wants_none_gets_no_warm_spare(void **state)
{
    (void)state;
    struct engine_config config = {.slots = 1,
                                   .queue_max = 10,
                                   .queue_bytes = 1000,
                                   .cold = is_cold,
                                   .pool = {.boxes = 4,
                                            .cores = 2,
                                            .memory_bytes = UINT64_C(100) << 20,
                                            .idle_ns = 100 * NS_PER_S,
                                            .warm = true}};
    struct bench b = bench_of(8, &config);
    struct heard h = {0};
    uint32_t spare = warm_spare(&b);
    struct job *job = warm_job();
    job->caller = xstrdup("judge");
    submitted(&b, &h, job);
    assert_int_not_equal(fake_takes_box(b.boxd), spare);
    heard_done(&h);
    bench_done(&b);
}

/* --- warm compilers ------------------------------------------------------------------------- */

static struct job *program_in_c(void)
{
    struct job *job = job_of(runtime_of_c());
    job->runtime->compile_warm = xstrdup("{main}");
    job_with(job, "main.c", "int main(void) { return TIME; }");
    return job;
}

/* Both stages' spares are there; that of the compile stage is warm. */
static uint32_t warm_compiler(struct bench *b, struct job *job)
{
    engine_expect(b->engine, job);
    fake_run(b->boxd);
    uint32_t compiler = 0;
    for (unsigned i = 0; i < 2; i++) {
        uint32_t box = fake_boxd_gets(b->boxd, BOX_MSG_CREATE)->head.box;
        compiler = i == 0 ? box : compiler;
        fake_hello(b->boxd, box);
        fake_run(b->boxd);
    }
    assert_int_equal(engine_stats(b->engine).spares.warm, 1);
    return compiler;
}

static unsigned warm_after(void (*change)(struct job *job))
{
    struct bench b = bench_with(8);
    struct heard h = {0};
    warm_compiler(&b, program_in_c());
    struct job *job = program_in_c();
    if (change) {
        change(job);
    }
    submitted(&b, &h, job);
    unsigned left = engine_stats(b.engine).spares.warm;
    heard_done(&h);
    bench_done(&b);
    return left;
}

static void test_compiler_waits_for_its_source(void **state)
{
    (void)state;
    assert_int_equal(warm_after(NULL), 0);
}

static void add_header(struct job *job)
{
    job_with(job, "more.h", "");
}

/* What the program is given is none of the compiler's business. */
static void test_compiler_fits_whatever_its_program_gets(void **state)
{
    (void)state;
    assert_int_equal(warm_after(add_argument), 0);
    assert_int_equal(warm_after(add_header), 0);
}

static void add_source(struct job *job)
{
    job_with(job, "more.c", "");
}

static void add_option(struct job *job)
{
    strv_add(&job->compile_args, "-g");
}

static void give_compiler_network(struct job *job)
{
    job->compile_network = true;
}

static void name_its_clock(struct job *job)
{
    strv_add(&job->runtime->compile_warm_unless, "TIME");
}

static void add_header_that_counts(struct job *job)
{
    job->runtime->compile_warm_alone = true;
    add_header(job);
}

static void test_compiler_that_is_told_more_was_not_started_ahead(void **state)
{
    (void)state;
    void (*const changes[])(struct job *) = {
        make_cold,  add_variable,          add_nul,        add_source,
        add_option, give_compiler_network, name_its_clock, add_header_that_counts,
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        assert_int_equal(warm_after(changes[i]), 1);
    }
}

/* A client's options are in no command before the client's job is. */
static void expects_warm(bool ours, unsigned warm)
{
    struct bench b = bench_with(8);
    struct job *job = program_in_c();
    add_option(job);
    job->compile_args_are_ours = ours;
    engine_expect(b.engine, job);
    fake_run(b.boxd);
    for (unsigned i = 0; i < 1 + warm; i++) {
        fake_hello(b.boxd, fake_boxd_gets(b.boxd, BOX_MSG_CREATE)->head.box);
        fake_run(b.boxd);
    }
    assert_int_equal(engine_stats(b.engine).spares.warm, warm);
    bench_done(&b);
}

static void test_options_of_ours_are_there_before_the_job(void **state)
{
    (void)state;
    expects_warm(true, 1);
    expects_warm(false, 0);
}

/* --- room ----------------------------------------------------------------------------------- */

static void test_spare_gives_way_to_a_session(void **state)
{
    (void)state;
    struct bench b = bench_with(2);
    struct heard h = {0}, second = {0};
    uint32_t spare = spare_for(&b, warm_job());
    submitted(&b, &h, bash_job());
    fake_takes_box(b.boxd);
    struct job *session = bash_job();
    session->stdin_open = true;
    submitted(&b, &second, session);
    assert_int_equal(fake_boxd_gets(b.boxd, BOX_MSG_DESTROY)->head.box, spare);
    fake_destroyed(b.boxd, spare);
    fake_run(b.boxd);
    assert_int_equal(fake_takes_box(b.boxd), spare); /* its number */
    heard_done(&h);
    heard_done(&second);
    bench_done(&b);
}

static void test_drain_lets_go_of_spares(void **state)
{
    (void)state;
    struct bench b = bench_with(8);
    uint32_t spare = spare_for(&b, bash_job());
    engine_drain(b.engine, NULL, NULL);
    assert_int_equal(fake_boxd_gets(b.boxd, BOX_MSG_DESTROY)->head.box, spare);
    bench_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_job_runs_in_a_spare),
        cmocka_unit_test(test_what_a_job_held_tells_what_its_spare_does),
        cmocka_unit_test(test_spare_of_other_limits_is_left),
        cmocka_unit_test(test_spare_that_fails_is_no_failed_job),
        cmocka_unit_test(test_job_that_fails_in_a_new_box_too_does_not_spoil_spares),
        cmocka_unit_test(test_program_that_cannot_be_executed_is_not_tried_again),
        cmocka_unit_test(test_spare_that_ends_unused_is_nobodys_failure),
        cmocka_unit_test(test_warm_spare_gets_the_files),
        cmocka_unit_test(test_variables_of_ours_are_there_before_the_job),
        cmocka_unit_test(test_job_that_is_not_as_was_expected_gets_no_warm_spare),
        cmocka_unit_test(test_caller_that_wants_none_gets_no_warm_spare),
        cmocka_unit_test(test_compiler_waits_for_its_source),
        cmocka_unit_test(test_compiler_fits_whatever_its_program_gets),
        cmocka_unit_test(test_compiler_that_is_told_more_was_not_started_ahead),
        cmocka_unit_test(test_options_of_ours_are_there_before_the_job),
        cmocka_unit_test(test_spare_gives_way_to_a_session),
        cmocka_unit_test(test_drain_lets_go_of_spares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
