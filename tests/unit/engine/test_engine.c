/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/strv.h"
#include "engine/engine.h"
#include "engine_bench.h"
#include "fake_boxd.h"
#include "job_factory.h"

static void test_program_runs_to_its_result(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    submitted(&b, &h, bash_job());
    uint32_t box = fake_takes_box(b.boxd);
    fake_runs(b.boxd, box, "hi\xff", 0);

    assert_string_equal(h.order, "RorF");
    assert_int_equal(h.verdict, VERDICT_OK);
    assert_string_equal(h.out, "hi\xff");
    assert_string_equal(h.both, "hi\xef\xbf\xbd");
    assert_int_equal(h.result.run.cpu_ns, 3000000);
    fake_boxd_gets(b.boxd, BOX_MSG_DESTROY);
    assert_int_equal(engine_stats(b.engine).running, 0);
    assert_int_equal(engine_stats(b.engine).finished, 1);
    heard_done(&h);
    bench_done(&b);
}

static void test_both_keeps_the_order_of_arrival(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    submitted(&b, &h, bash_job());
    uint32_t box = fake_takes_box(b.boxd);
    fake_hello(b.boxd, box);
    fake_run(b.boxd);
    fake_print(b.boxd, box, BOX_STDOUT, "1\xe2\x82"); /* the first half of a character */
    fake_run(b.boxd);
    fake_print(b.boxd, box, BOX_STDERR, "2");
    fake_run(b.boxd);
    fake_print(b.boxd, box, BOX_STDOUT, "\xac");
    fake_run(b.boxd);
    fake_closes_output(b.boxd, box);
    fake_ended(b.boxd, box, BOX_END_EXIT, 0);
    fake_run(b.boxd);
    assert_string_equal(h.both, "12\xe2\x82\xac");
    heard_done(&h);
    bench_done(&b);
}

static void test_compiled_program_runs_in_a_second_box_with_the_product(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    submitted(&b, &h, c_job());
    uint32_t first = fake_takes_box(b.boxd);
    char byte;
    fake_hello(b.boxd, first);
    fake_run(b.boxd);
    assert_int_equal(read(b.boxd->init[first].stdin_fd, &byte, 1), 0); /* EOF */
    fake_closes_output(b.boxd, first);
    fake_ended(b.boxd, first, BOX_END_EXIT, 0);
    fake_product(b.boxd, first);
    struct err e;
    assert_int_equal(fd_write_all(b.boxd->init[first].product_fd, "THE PRODUCT", 11, &e), 0);
    fake_init_says(b.boxd, first, BOX_MSG_COLLECTED, -1);
    fd_closep(&b.boxd->init[first].product_fd);
    fake_run(b.boxd);

    uint32_t second = fake_boxd_gets(b.boxd, BOX_MSG_CREATE)->head.box;
    assert_int_not_equal(second, first);
    fake_boxd_gets(b.boxd, BOX_MSG_START);
    assert_int_equal(fake_boxd_gets(b.boxd, BOX_MSG_DESTROY)->head.box, first);
    uint64_t archive = fake_init_gets(b.boxd, second, BOX_MSG_INIT_START)->init_start.archive_bytes;
    assert_int_equal(archive, 11);
    struct fake_packet *m = fake_init_gets(b.boxd, second, BOX_MSG_DATA);
    assert_memory_equal(m->bytes + m->len - 11, "THE PRODUCT", 11);
    fake_runs(b.boxd, second, "x", 0);
    assert_string_equal(h.order, "CcRorF");
    assert_true(h.result.compile.ran);
    assert_int_equal(h.verdict, VERDICT_OK);
    heard_done(&h);
    bench_done(&b);
}

static void test_failed_compile_is_the_verdict_and_nothing_runs(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    submitted(&b, &h, c_job());
    uint32_t box = fake_takes_box(b.boxd);
    fake_hello(b.boxd, box);
    fake_closes_output(b.boxd, box);
    fake_ended(b.boxd, box, BOX_END_EXIT, 1 << 8);
    fake_product(b.boxd, box);
    fake_init_says(b.boxd, box, BOX_MSG_COLLECTED, -1);
    fd_closep(&b.boxd->init[box].product_fd);
    fake_run(b.boxd);

    assert_string_equal(h.order, "CcF");
    assert_int_equal(h.verdict, VERDICT_COMPILE_ERROR);
    assert_false(h.result.run.ran);
    heard_done(&h);
    bench_done(&b);
}

static void test_box_of_the_run_stage_is_made_while_the_compiler_works(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    submitted(&b, &h, c_job());
    uint32_t first = fake_takes_box(b.boxd);
    fake_boxd_gets_nothing(b.boxd);
    fake_hello(b.boxd, first);
    fake_run(b.boxd);
    uint32_t spare = fake_boxd_gets(b.boxd, BOX_MSG_CREATE)->head.box;
    fake_boxd_gets_nothing(b.boxd);

    engine_job_cancel(h.job, true);
    fake_run(b.boxd);
    fake_boxd_gets(b.boxd, BOX_MSG_KILL);
    assert_int_equal(fake_boxd_gets(b.boxd, BOX_MSG_DESTROY)->head.box, first);
    assert_int_equal(fake_boxd_gets(b.boxd, BOX_MSG_DESTROY)->head.box, spare);
    bench_done(&b);
}

static void test_box_made_ahead_that_fails_is_made_again(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    submitted(&b, &h, c_job());
    uint32_t first = fake_takes_box(b.boxd);
    fake_hello(b.boxd, first);
    fake_run(b.boxd);
    uint32_t spare = fake_boxd_gets(b.boxd, BOX_MSG_CREATE)->head.box;
    fake_failed(b.boxd, spare, ERR_IO, "no mounts today");
    fake_run(b.boxd);
    assert_int_equal(fake_boxd_gets(b.boxd, BOX_MSG_DESTROY)->head.box, spare);
    assert_string_equal(h.order, "C");

    fake_closes_output(b.boxd, first);
    fake_ended(b.boxd, first, BOX_END_EXIT, 0);
    fake_product(b.boxd, first);
    fake_init_says(b.boxd, first, BOX_MSG_COLLECTED, -1);
    fd_closep(&b.boxd->init[first].product_fd);
    fake_run(b.boxd);
    fake_runs(b.boxd, fake_takes_box(b.boxd), "", 0);
    assert_string_equal(h.order, "CcRrF");
    assert_int_equal(h.verdict, VERDICT_OK);
    bench_done(&b);
}

static void test_last_rooms_are_not_taken_ahead_of_need(void **state)
{
    (void)state;
    struct bench b = bench_new(2, 1, 10);
    struct heard h = {0};
    submitted(&b, &h, c_job());
    fake_hello(b.boxd, fake_takes_box(b.boxd));
    fake_run(b.boxd);
    fake_boxd_gets_nothing(b.boxd);
    bench_done(&b);
}

static void test_box_that_fails_is_an_internal_error(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    submitted(&b, &h, c_job());
    uint32_t box = fake_takes_box(b.boxd);
    fake_failed(b.boxd, box, ERR_IO, "no mounts");
    fake_run(b.boxd);
    assert_int_equal(h.verdict, VERDICT_INTERNAL_ERROR);
    heard_done(&h);
    bench_done(&b);
}

/* --- the queue --------------------------------------------------------------------------- */

static void test_interactive_goes_before_batch_and_slots_are_kept(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard first = {0}, batch = {0}, interactive = {0};
    submitted(&b, &first, bash_job());
    struct job *job = bash_job();
    job->priority = JOB_BATCH;
    submitted(&b, &batch, job);
    submitted(&b, &interactive, bash_job());
    assert_int_equal(engine_stats(b.engine).running, 1);
    assert_int_equal(engine_stats(b.engine).queued, 2);

    fake_runs(b.boxd, fake_takes_box(b.boxd), "", 0);
    fake_destroy_comes(b.boxd);
    assert_string_equal(interactive.order, "R");
    assert_string_equal(batch.order, "");
    fake_runs(b.boxd, fake_takes_box(b.boxd), "", 0);
    assert_string_equal(batch.order, "R");
    bench_done(&b);
}

static void test_full_queue_is_busy(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 1);
    struct heard h[3] = {{0}};
    struct err e;
    submitted(&b, &h[0], bash_job());
    submitted(&b, &h[1], bash_job());
    assert_int_equal(submit(&b, &h[2], bash_job(), &e), -ERR_BUSY);
    bench_done(&b);
}

static struct job *large_job(size_t bytes)
{
    struct job *job = bash_job();
    job->stdin_data = xcalloc(1, bytes);
    job->stdin_size = bytes;
    return job;
}

static void test_large_jobs_that_wait_are_bounded_together(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h[4] = {{0}};
    struct err e;
    submitted(&b, &h[0], large_job(2000)); /* alone: always taken */
    assert_int_equal(submit(&b, &h[1], large_job(1), &e), -ERR_BUSY);
    fake_runs(b.boxd, fake_takes_box(b.boxd), "", 0);
    assert_string_equal(h[0].order, "RrF");
    submitted(&b, &h[2], large_job(500));
    assert_int_equal(submit(&b, &h[3], large_job(600), &e), -ERR_BUSY);
    bench_done(&b);
}

static void test_no_room_for_a_box_waits_for_one(void **state)
{
    (void)state;
    struct bench b = bench_new(1, 2, 10);
    struct heard first = {0}, second = {0};
    submitted(&b, &first, bash_job());
    submitted(&b, &second, bash_job());
    uint32_t box = fake_takes_box(b.boxd);
    fake_runs(b.boxd, box, "", 0);
    assert_string_equal(first.order, "RrF");
    assert_string_equal(second.order, "");

    fake_boxd_gets(b.boxd, BOX_MSG_DESTROY);
    fake_destroyed(b.boxd, box);
    fake_run(b.boxd);
    assert_string_equal(second.order, "R");
    bench_done(&b);
}

static void test_run_stage_waits_for_room_and_goes_first(void **state)
{
    (void)state;
    struct bench b = bench_new(1, 1, 10);
    struct heard c = {0}, other = {0};
    submitted(&b, &c, c_job());
    submitted(&b, &other, bash_job());
    uint32_t box = fake_takes_box(b.boxd);
    stage_ends(&b, box, "p");
    assert_string_equal(c.order, "Cc");
    fake_boxd_gets(b.boxd, BOX_MSG_DESTROY);
    fake_destroyed(b.boxd, box);
    fake_run(b.boxd);
    assert_string_equal(c.order, "CcR");
    assert_string_equal(other.order, "");
    bench_done(&b);
}

/* --- what comes after the answer --------------------------------------------------------- */

/* Whoever answers from the loop, some calls later, as the HTTP server does. */
struct answering {
    struct bench *bench;
    struct loop_defer defer;
    int calls;
    bool answered, destroyed;
    struct engine_job *job;
};

static bool boxd_got_anything(const struct bench *b)
{
    char byte;
    return recv(b->boxd->sock, &byte, 1, MSG_DONTWAIT | MSG_PEEK) >= 0;
}

static void answer_soon(void *ctx)
{
    struct answering *a = ctx;
    if (++a->calls < 4) {
        loop_defer(a->bench->boxd->loop, &a->defer, answer_soon, a);
        return;
    }
    a->answered = true;
    a->destroyed = boxd_got_anything(a->bench);
}

static void on_finished(void *ctx, struct result *result)
{
    struct answering *a = ctx;
    (void)result;
    a->calls = 0;
    loop_defer(a->bench->boxd->loop, &a->defer, answer_soon, a);
}

static void submit_answering(struct bench *b, struct answering *a, struct job *job)
{
    const struct engine_observer observer = {.finished = on_finished, .ctx = a};
    struct err e;
    assert_int_equal(engine_submit(b->engine, job, &observer, &a->job, &e), 0);
    fake_run(b->boxd);
}

static void test_box_is_given_back_after_the_answer(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct answering a = {.bench = &b};
    submit_answering(&b, &a, bash_job());
    uint32_t box = fake_takes_box(b.boxd);
    fake_runs(b.boxd, box, "hi", 0);
    assert_true(a.answered);
    assert_false(a.destroyed);
    assert_int_equal(fake_boxd_gets(b.boxd, BOX_MSG_DESTROY)->head.box, box);
    bench_done(&b);
}

static void test_next_spare_is_made_after_the_answer(void **state)
{
    (void)state;
    const struct engine_config config = {.slots = 1,
                                         .queue_max = 10,
                                         .queue_bytes = 1000,
                                         .pool = {.boxes = 4,
                                                  .cores = 1,
                                                  .memory_bytes = UINT64_C(100) << 20,
                                                  .idle_ns = UINT64_MAX / 2}};
    struct bench b = bench_of(8, &config);
    struct answering a = {.bench = &b};
    engine_expect(b.engine, bash_job());
    fake_run(b.boxd);
    uint32_t spare = fake_boxd_gets(b.boxd, BOX_MSG_CREATE)->head.box;
    fake_hello(b.boxd, spare);
    fake_run(b.boxd);
    submit_answering(&b, &a, bash_job());
    assert_int_equal(fake_boxd_gets(b.boxd, BOX_MSG_START)->head.box, spare);
    fake_closes_output(b.boxd, spare);
    fake_ended(b.boxd, spare, BOX_END_EXIT, 0);
    fake_run(b.boxd);
    assert_true(a.answered);
    assert_false(a.destroyed);
    assert_int_equal(fake_destroy_comes(b.boxd), spare);
    fake_boxd_gets(b.boxd, BOX_MSG_CREATE);
    bench_done(&b);
}

static void test_last_box_of_all_is_given_back_before(void **state)
{
    (void)state;
    struct bench b = bench_new(1, 1, 10);
    struct answering a = {.bench = &b};
    submit_answering(&b, &a, bash_job());
    fake_runs(b.boxd, fake_takes_box(b.boxd), "hi", 0);
    assert_true(a.answered);
    assert_true(a.destroyed);
    bench_done(&b);
}

static void step_until_told(struct bench *b, const struct heard *h)
{
    struct err e;
    for (int i = 0; i < 20 && h->job; i++) {
        assert_int_equal(loop_step(b->boxd->loop, 0, &e), 0);
    }
    assert_null(h->job);
}

static void test_box_of_an_answered_job_goes_with_the_engine(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    submitted(&b, &h, bash_job());
    uint32_t box = fake_takes_box(b.boxd);
    fake_hello(b.boxd, box);
    fake_closes_output(b.boxd, box);
    fake_ended(b.boxd, box, BOX_END_EXIT, 0);
    step_until_told(&b, &h);
    fake_boxd_gets_nothing(b.boxd);
    engine_free(b.engine);
    assert_int_equal(fake_boxd_gets(b.boxd, BOX_MSG_DESTROY)->head.box, box);
    heard_done(&h);
    fake_boxd_free(b.boxd);
}

static void test_memory_of_an_answered_job_is_free_at_once(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard first = {0}, second = {0};
    struct err e;
    submitted(&b, &first, large_job(600));
    uint32_t box = fake_takes_box(b.boxd);
    fake_hello(b.boxd, box);
    fake_closes_output(b.boxd, box);
    fake_ended(b.boxd, box, BOX_END_EXIT, 0);
    step_until_told(&b, &first);
    assert_int_equal(submit(&b, &second, large_job(600), &e), 0);
    bench_done(&b);
}

static void count_drained(void *ctx)
{
    ++*(int *)ctx;
}

static void test_drain_tells_when_the_last_job_has_finished(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0}, late = {0};
    int drained = 0;
    struct err e;
    submitted(&b, &h, bash_job());
    engine_drain(b.engine, count_drained, &drained);
    fake_run(b.boxd);
    assert_int_equal(drained, 0);
    assert_int_equal(submit(&b, &late, bash_job(), &e), -ERR_BUSY);

    fake_runs(b.boxd, fake_takes_box(b.boxd), "", 0);
    assert_string_equal(h.order, "RrF");
    assert_int_equal(drained, 1);
    bench_done(&b);
}

static void test_drain_of_an_idle_engine_tells_soon(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    int drained = 0;
    engine_drain(b.engine, count_drained, &drained);
    assert_int_equal(drained, 0);
    fake_run(b.boxd);
    assert_int_equal(drained, 1);
    bench_done(&b);
}

/* --- output ------------------------------------------------------------------------------ */

static void test_output_beyond_the_cap_stops_the_program(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    struct job *job = bash_job();
    job->run.output_bytes = 5;
    submitted(&b, &h, job);
    uint32_t box = fake_takes_box(b.boxd);
    fake_hello(b.boxd, box);
    fake_print(b.boxd, box, BOX_STDOUT, "1234567");
    fake_run(b.boxd);
    assert_int_equal(fake_boxd_gets(b.boxd, BOX_MSG_KILL)->kill.cause, BOX_KILL_OUTPUT);
    fake_print(b.boxd, box, BOX_STDOUT, "more");
    fake_closes_output(b.boxd, box);
    fake_ended(b.boxd, box, BOX_END_OUTPUT, SIGKILL);
    fake_run(b.boxd);

    assert_int_equal(h.verdict, VERDICT_OUTPUT_LIMIT);
    assert_string_equal(h.out, "12345");
    assert_string_equal(h.output.data, "12345");
    assert_true(h.result.run.out_truncated);
    heard_done(&h);
    bench_done(&b);
}

static void test_output_beyond_the_cap_is_dropped_by_request(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    struct job *job = bash_job();
    job->run.output_bytes = 5;
    job->on_output_limit = JOB_OUTPUT_TRUNCATE;
    submitted(&b, &h, job);
    uint32_t box = fake_takes_box(b.boxd);
    fake_runs(b.boxd, box, "1234567", 0);
    assert_int_equal(h.verdict, VERDICT_OK);
    assert_string_equal(h.out, "12345");
    assert_true(h.result.run.out_truncated);
    assert_false(h.result.run.err_truncated);
    heard_done(&h);
    bench_done(&b);
}

static void test_output_into_files_is_read_at_the_end(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    struct job *job = bash_job();
    job->stdio = JOB_STDIO_FILE;
    job->stdin_data = xstrdup("input");
    job->stdin_size = 5;
    job->run.output_bytes = 6;
    job->on_output_limit = JOB_OUTPUT_TRUNCATE;
    submitted(&b, &h, job);
    uint32_t box = fake_boxd_gets(b.boxd, BOX_MSG_CREATE)->head.box;
    struct fake_packet *m = fake_init_gets(b.boxd, box, BOX_MSG_INIT_START);
    assert_int_equal(m->fd_count, 3);
    char input[6] = {0};
    assert_int_equal(read(m->fds[0], input, 5), 5);
    assert_string_equal(input, "input");
    assert_int_equal(write(m->fds[1], "written", 7), 7);
    for (size_t i = 0; i < 3; i++) {
        fd_close(m->fds[i]);
    }
    fake_ended(b.boxd, box, BOX_END_EXIT, 0);
    fake_run(b.boxd);
    assert_string_equal(h.out, "writte");
    assert_true(h.result.run.out_truncated);
    heard_done(&h);
    bench_done(&b);
}

/* --- stdin ------------------------------------------------------------------------------- */

static void assert_reads(int fd, const char *text)
{
    char got[64] = {0};
    assert_int_equal(read(fd, got, sizeof(got) - 1), strlen(text));
    assert_string_equal(got, text);
}

static void test_stdin_before_the_run_stage_is_not_lost(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    struct job *job = c_job();
    job->stdin_open = true;
    job->stdin_data = xstrdup("a");
    job->stdin_size = 1;
    submitted(&b, &h, job);
    engine_job_stdin(h.job, "b", 1);
    assert_int_equal(engine_job_stdin_pending(h.job), 1);
    stage_ends(&b, fake_takes_box(b.boxd), "p");
    uint32_t box = fake_takes_box(b.boxd);
    fake_hello(b.boxd, box);
    fake_run(b.boxd);
    assert_reads(b.boxd->init[box].stdin_fd, "ab");
    assert_int_equal(h.rooms, 1);

    engine_job_stdin(h.job, "c", 1);
    engine_job_stdin_end(h.job);
    assert_reads(b.boxd->init[box].stdin_fd, "c");
    assert_reads(b.boxd->init[box].stdin_fd, "");
    bench_done(&b);
}

/* --- cancel ------------------------------------------------------------------------------ */

static void test_cancel_in_the_queue(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard first = {0}, h = {0};
    submitted(&b, &first, bash_job());
    submitted(&b, &h, bash_job());
    engine_job_cancel(h.job, false);
    assert_string_equal(h.order, "");
    assert_int_equal(engine_stats(b.engine).queued, 0);
    fake_run(b.boxd);
    assert_string_equal(h.order, "F");
    assert_int_equal(h.verdict, VERDICT_CANCELLED);
    bench_done(&b);
}

static void test_cancel_of_a_running_program_kills_it(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {.pause = true};
    submitted(&b, &h, bash_job());
    uint32_t box = fake_takes_box(b.boxd);
    fake_hello(b.boxd, box);
    fake_print(b.boxd, box, BOX_STDOUT, "x");
    fake_run(b.boxd);
    engine_job_cancel(h.job, false);
    assert_int_equal(fake_boxd_gets(b.boxd, BOX_MSG_KILL)->kill.cause, BOX_KILL_CANCEL);
    fake_closes_output(b.boxd, box);
    fake_ended(b.boxd, box, BOX_END_CANCEL, SIGKILL);
    fake_run(b.boxd);
    assert_string_equal(h.order, "RorF");
    assert_int_equal(h.verdict, VERDICT_CANCELLED);
    heard_done(&h);
    bench_done(&b);
}

static void test_silent_cancel_says_nothing_and_frees_the_slot(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0}, next = {0};
    submitted(&b, &h, bash_job());
    submitted(&b, &next, bash_job());
    fake_takes_box(b.boxd);
    engine_job_cancel(h.job, true);
    fake_run(b.boxd);
    assert_string_equal(h.order, "R");
    fake_boxd_gets(b.boxd, BOX_MSG_KILL);
    assert_string_equal(next.order, "R");
    bench_done(&b);
}

static void test_silent_cancel_from_each_callback(void **state)
{
    (void)state;
    static const char *const orders[] = {"C", "Cc", "CcR", "CcRo", "CcRor"};
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        struct bench b = bench_new(4, 1, 10);
        struct heard h = {.cancel_at = orders[i][strlen(orders[i]) - 1]};
        submitted(&b, &h, c_job());
        if (i >= 1) {
            stage_ends(&b, fake_takes_box(b.boxd), "p");
        }
        if (i >= 3) {
            fake_runs(b.boxd, fake_takes_box(b.boxd), "x", 0);
        }
        assert_string_equal(h.order, orders[i]);
        assert_int_equal(engine_stats(b.engine).running, 0);
        heard_done(&h);
        bench_done(&b);
    }
}

static void test_silent_cancel_after_the_end_is_still_silent(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    submitted(&b, &h, bash_job());
    engine_job_cancel(h.job, false);
    engine_job_cancel(h.job, true);
    fake_run(b.boxd);
    assert_string_equal(h.order, "R");
    bench_done(&b);
}

/* --- boxd is lost ------------------------------------------------------------------------ */

static void test_job_runs_again_after_boxd_was_lost(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    submitted(&b, &h, bash_job());
    fake_hang_up(b.boxd);
    fake_run(b.boxd);
    assert_string_equal(h.order, "R");
    assert_int_equal(engine_stats(b.engine).queued, 1);

    boxd_restarts(&b);
    fake_runs(b.boxd, fake_takes_box(b.boxd), "x", 0);
    assert_string_equal(h.order, "RRorF");
    assert_int_equal(h.verdict, VERDICT_OK);
    heard_done(&h);
    bench_done(&b);
}

/* The new boxd came before the end of the old one was heard. */
static void test_job_runs_again_when_its_boxd_is_given_up(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    submitted(&b, &h, bash_job());
    fake_hang_up(b.boxd);
    struct sandbox *old, *new = boxd_again(b.boxd, &old);
    engine_set_sandbox(b.engine, new);
    sandbox_free(old);
    fake_run(b.boxd);
    fake_takes_box(b.boxd);
    assert_string_equal(h.order, "RR");
    bench_done(&b);
}

static void test_failure_that_claims_loss_is_none(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    submitted(&b, &h, bash_job());
    fake_failed(b.boxd, fake_takes_box(b.boxd), ERR_GONE, "somebody is gone");
    fake_run(b.boxd);
    assert_string_equal(h.order, "RrF");
    assert_int_equal(h.verdict, VERDICT_INTERNAL_ERROR);
    bench_done(&b);
}

static void test_job_runs_again_twice_at_most(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    submitted(&b, &h, bash_job());
    boxd_restarts(&b);
    boxd_restarts(&b);
    assert_string_equal(h.order, "RRR");
    boxd_restarts(&b);
    assert_string_equal(h.order, "RRRF");
    assert_int_equal(h.verdict, VERDICT_INTERNAL_ERROR);
    assert_string_equal(h.result.run.reason,
                        "the sandbox daemon was lost 3 times while the program ran");
    bench_done(&b);
}

static void test_job_whose_output_was_seen_does_not_run_again(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    submitted(&b, &h, bash_job());
    uint32_t box = fake_takes_box(b.boxd);
    fake_hello(b.boxd, box);
    fake_print(b.boxd, box, BOX_STDOUT, "x");
    fake_run(b.boxd);
    boxd_restarts(&b);
    assert_string_equal(h.order, "RoF");
    assert_int_equal(h.verdict, VERDICT_INTERNAL_ERROR);
    heard_done(&h);
    bench_done(&b);
}

static void test_jobs_wait_while_there_is_no_boxd(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 1, 10);
    struct heard h = {0};
    engine_set_sandbox(b.engine, NULL);
    submitted(&b, &h, bash_job());
    assert_string_equal(h.order, "");
    engine_set_sandbox(b.engine, b.boxd->sandbox);
    fake_run(b.boxd);
    assert_string_equal(h.order, "R");
    bench_done(&b);
}

/* boxd died, and the loop has not said so yet: the requests fail at once. */
static void test_job_submitted_into_a_loss_waits(void **state)
{
    (void)state;
    struct bench b = bench_new(4, 2, 10);
    struct heard h = {0}, second = {0};
    struct err e;
    assert_int_equal(submit(&b, &h, bash_job(), &e), 0);
    assert_int_equal(submit(&b, &second, bash_job(), &e), 0);
    boxd_restarts(&b);
    fake_takes_box(b.boxd);
    assert_string_equal(h.order, "R");
    assert_string_equal(second.order, "R");
    bench_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_program_runs_to_its_result),
        cmocka_unit_test(test_both_keeps_the_order_of_arrival),
        cmocka_unit_test(test_compiled_program_runs_in_a_second_box_with_the_product),
        cmocka_unit_test(test_failed_compile_is_the_verdict_and_nothing_runs),
        cmocka_unit_test(test_box_of_the_run_stage_is_made_while_the_compiler_works),
        cmocka_unit_test(test_box_made_ahead_that_fails_is_made_again),
        cmocka_unit_test(test_last_rooms_are_not_taken_ahead_of_need),
        cmocka_unit_test(test_box_that_fails_is_an_internal_error),
        cmocka_unit_test(test_interactive_goes_before_batch_and_slots_are_kept),
        cmocka_unit_test(test_full_queue_is_busy),
        cmocka_unit_test(test_large_jobs_that_wait_are_bounded_together),
        cmocka_unit_test(test_no_room_for_a_box_waits_for_one),
        cmocka_unit_test(test_run_stage_waits_for_room_and_goes_first),
        cmocka_unit_test(test_box_is_given_back_after_the_answer),
        cmocka_unit_test(test_next_spare_is_made_after_the_answer),
        cmocka_unit_test(test_last_box_of_all_is_given_back_before),
        cmocka_unit_test(test_box_of_an_answered_job_goes_with_the_engine),
        cmocka_unit_test(test_memory_of_an_answered_job_is_free_at_once),
        cmocka_unit_test(test_drain_tells_when_the_last_job_has_finished),
        cmocka_unit_test(test_drain_of_an_idle_engine_tells_soon),
        cmocka_unit_test(test_output_beyond_the_cap_stops_the_program),
        cmocka_unit_test(test_output_beyond_the_cap_is_dropped_by_request),
        cmocka_unit_test(test_output_into_files_is_read_at_the_end),
        cmocka_unit_test(test_stdin_before_the_run_stage_is_not_lost),
        cmocka_unit_test(test_cancel_in_the_queue),
        cmocka_unit_test(test_cancel_of_a_running_program_kills_it),
        cmocka_unit_test(test_silent_cancel_says_nothing_and_frees_the_slot),
        cmocka_unit_test(test_silent_cancel_from_each_callback),
        cmocka_unit_test(test_silent_cancel_after_the_end_is_still_silent),
        cmocka_unit_test(test_job_runs_again_after_boxd_was_lost),
        cmocka_unit_test(test_job_runs_again_when_its_boxd_is_given_up),
        cmocka_unit_test(test_failure_that_claims_loss_is_none),
        cmocka_unit_test(test_job_runs_again_twice_at_most),
        cmocka_unit_test(test_job_whose_output_was_seen_does_not_run_again),
        cmocka_unit_test(test_jobs_wait_while_there_is_no_boxd),
        cmocka_unit_test(test_job_submitted_into_a_loss_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
