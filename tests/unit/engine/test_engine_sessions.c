/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions, who looks at what runs, and whether anything can be run.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine_bench.h"
#include "fake_boxd.h"
#include "queue/queue.h"
#include "sandbox/sandbox.h"

static struct job *session_of(struct job *job)
{
    job->stdin_open = true;
    return job;
}

static struct bench bench_with(unsigned sessions)
{
    const struct engine_config config = {.slots = 1,
                                         .queue_max = 10,
                                         .queue_bytes = 1000000,
                                         .product_max = 1 << 20,
                                         .sessions = sessions};
    return bench_of(8, &config);
}

static void ends(struct bench *b, uint32_t box)
{
    fake_hello(b->boxd, box);
    fake_closes_output(b->boxd, box);
    fake_ended(b->boxd, box, BOX_END_EXIT, 0);
    fake_run(b->boxd);
    assert_int_equal(fake_destroy_comes(b->boxd), box);
    fake_destroyed(b->boxd, box);
    fake_run(b->boxd);
}

/* --- sessions ---------------------------------------------------------------------------- */

static void test_session_that_runs_leaves_its_slot_to_others(void **state)
{
    (void)state;
    struct bench b = bench_with(2);
    struct heard session = {0}, job = {0};
    submitted(&b, &session, session_of(bash_job()));
    uint32_t box = fake_takes_box(b.boxd);
    assert_int_equal(engine_stats(b.engine).sessions, 1);
    assert_int_equal(engine_stats(b.engine).sessions_max, 2);
    assert_int_equal(engine_stats(b.engine).running, 0);
    submitted(&b, &job, bash_job());
    ends(&b, fake_takes_box(b.boxd));
    assert_string_equal(job.order, "RrF");
    ends(&b, box);
    assert_string_equal(session.order, "RrF");
    assert_int_equal(engine_stats(b.engine).sessions, 0);
    bench_done(&b);
}

static void test_session_that_only_runs_waits_for_no_slot(void **state)
{
    (void)state;
    struct bench b = bench_with(2);
    struct heard session = {0}, job = {0}, next = {0};
    submitted(&b, &job, bash_job());
    uint32_t box = fake_takes_box(b.boxd);
    submitted(&b, &next, bash_job());
    submitted(&b, &session, session_of(bash_job()));
    ends(&b, fake_takes_box(b.boxd));
    assert_string_equal(session.order, "RrF");
    assert_string_equal(next.order, "");
    ends(&b, box);
    assert_string_equal(next.order, "R");
    engine_job_cancel(next.job, true);
    bench_done(&b);
}

static void test_session_that_compiles_holds_a_slot(void **state)
{
    (void)state;
    struct bench b = bench_with(2);
    struct heard session = {0}, job = {0};
    submitted(&b, &session, session_of(c_job()));
    uint32_t box = fake_takes_box(b.boxd);
    submitted(&b, &job, bash_job());
    assert_string_equal(job.order, "");
    assert_int_equal(engine_stats(b.engine).running, 1);
    assert_int_equal(engine_stats(b.engine).sessions, 0);
    fake_init_fails(b.boxd, box, ERR_IO, "no matter");
    engine_job_cancel(session.job, true);
    fake_run(b.boxd);
    assert_string_equal(job.order, "R");
    engine_job_cancel(job.job, true);
    bench_done(&b);
}

static void test_sessions_beyond_their_number_are_busy_until_one_ends(void **state)
{
    (void)state;
    struct bench b = bench_with(2);
    struct heard h[4] = {{0}};
    struct err e;
    submitted(&b, &h[0], session_of(bash_job()));
    uint32_t box = fake_takes_box(b.boxd);
    submitted(&b, &h[1], session_of(bash_job()));
    fake_takes_box(b.boxd);
    assert_int_equal(submit(&b, &h[2], session_of(bash_job()), &e), -ERR_BUSY);
    assert_string_equal(e.text, "2 interactive programs run already, the limit");
    ends(&b, box);
    assert_int_equal(submit(&b, &h[3], session_of(bash_job()), &e), 0);
    bench_done(&b);
}

static void test_no_sessions_are_none(void **state)
{
    (void)state;
    struct bench b = bench_with(0);
    struct heard h = {0};
    struct err e;
    assert_int_equal(submit(&b, &h, session_of(bash_job()), &e), -ERR_UNSUPPORTED);
    assert_non_null(strstr(e.text, "engine.sessions"));
    bench_done(&b);
}

static void test_sessions_leave_boxes_to_jobs(void **state)
{
    (void)state;
    const struct engine_config config = {
        .slots = 3, .queue_max = 10, .queue_bytes = 1000, .sessions = 100};
    struct bench b = bench_of(16, &config);
    assert_int_equal(engine_stats(b.engine).sessions_max, 10);
    bench_done(&b);
}

static void test_session_that_was_accepted_before_waits_for_room(void **state)
{
    (void)state;
    struct bench b = bench_with(1);
    struct heard first = {0}, late = {0}, job = {0};
    struct queue_item item = {.id = "late"};
    struct err e;
    submitted(&b, &first, session_of(bash_job()));
    uint32_t box = fake_takes_box(b.boxd);
    assert_int_equal(submit_ticket(&b, &late, &item, true, &e), 0);
    fake_run(b.boxd);
    assert_string_equal(late.order, "L");
    engine_job_load(late.job, session_of(bash_job()));
    fake_run(b.boxd);
    assert_string_equal(late.order, "L");
    submitted(&b, &job, bash_job()); /* the slot is free meanwhile */
    ends(&b, fake_takes_box(b.boxd));
    assert_string_equal(job.order, "RrF");
    ends(&b, box);
    assert_string_equal(late.order, "LR");
    bench_done(&b);
}

static void test_stop_tells_every_observer(void **state)
{
    (void)state;
    struct bench b = bench_with(2);
    struct heard session = {0}, running = {0}, waiting = {0};
    submitted(&b, &session, session_of(bash_job()));
    uint32_t box = fake_takes_box(b.boxd);
    submitted(&b, &running, bash_job());
    submitted(&b, &waiting, bash_job());
    engine_stop(b.engine);
    fake_run(b.boxd);
    assert_string_equal(waiting.order, "F");
    assert_int_equal(waiting.verdict, VERDICT_CANCELLED);
    fake_hello(b.boxd, box);
    fake_closes_output(b.boxd, box);
    fake_ended(b.boxd, box, BOX_END_CANCEL, SIGKILL);
    fake_run(b.boxd);
    assert_string_equal(session.order, "RrF");
    assert_int_equal(session.verdict, VERDICT_CANCELLED);
    bench_done(&b);
}

/* --- stdin -------------------------------------------------------------------------------- */

/* The box of the run stage is made ahead: its pipe takes all at once. */
static void test_room_is_told_also_when_early_input_goes_at_once(void **state)
{
    (void)state;
    struct bench b = bench_with(2);
    struct heard h = {0};
    submitted(&b, &h, session_of(c_job()));
    uint32_t compiler = fake_takes_box(b.boxd);
    fake_hello(b.boxd, compiler);
    fake_run(b.boxd);
    uint32_t box = fake_boxd_gets(b.boxd, BOX_MSG_CREATE)->head.box;
    fake_hello(b.boxd, box);
    fake_run(b.boxd);
    engine_job_stdin(h.job, "early", 5);
    assert_int_equal(engine_job_stdin_pending(h.job), 5);
    fake_closes_output(b.boxd, compiler);
    fake_ended(b.boxd, compiler, BOX_END_EXIT, 0);
    fake_product(b.boxd, compiler);
    fake_init_says(b.boxd, compiler, BOX_MSG_COLLECTED, -1);
    close(b.boxd->init[compiler].product_fd);
    b.boxd->init[compiler].product_fd = -1;
    fake_run(b.boxd);
    char got[8] = "";
    assert_int_equal(read(b.boxd->init[box].stdin_fd, got, sizeof(got)), 5);
    assert_string_equal(got, "early");
    assert_int_equal(engine_job_stdin_pending(h.job), 0);
    assert_int_equal(h.rooms, 1);
    bench_done(&b);
}

static void test_early_end_of_input_on_a_terminal_is_a_character(void **state)
{
    (void)state;
    struct bench b = bench_with(2);
    struct heard h = {0};
    struct err e;
    struct job *job = session_of(bash_job());
    job->stdio = JOB_STDIO_PTY;
    assert_int_equal(submit(&b, &h, job, &e), 0);
    engine_job_stdin_end(h.job);
    engine_job_stdin(h.job, "more", 4);
    assert_int_equal(engine_job_stdin_pending(h.job), 5);
    bench_done(&b);
}

static void test_early_end_of_input_of_a_pipe_is_the_last(void **state)
{
    (void)state;
    struct bench b = bench_with(2);
    struct heard h = {0};
    struct err e;
    assert_int_equal(submit(&b, &h, session_of(bash_job()), &e), 0);
    engine_job_stdin(h.job, "in", 2);
    engine_job_stdin_end(h.job);
    engine_job_stdin(h.job, "more", 4);
    assert_int_equal(engine_job_stdin_pending(h.job), 2);
    bench_done(&b);
}

/* --- callers ------------------------------------------------------------------------------ */

static unsigned one_of_x(void *ctx, const char *caller)
{
    (void)ctx;
    return strcmp(caller, "x") == 0;
}

static struct job *job_of_caller(const char *caller)
{
    struct job *job = bash_job();
    job->caller = xstrdup(caller);
    return job;
}

static void test_caller_runs_no_more_than_it_may(void **state)
{
    (void)state;
    const struct engine_config config = {
        .slots = 3, .queue_max = 10, .queue_bytes = 1000, .running_max = one_of_x};
    struct bench b = bench_of(8, &config);
    struct heard h[3] = {{0}};
    submitted(&b, &h[0], job_of_caller("x"));
    uint32_t box = fake_takes_box(b.boxd);
    submitted(&b, &h[1], job_of_caller("x"));
    assert_int_equal(engine_waiting_of(b.engine, "x"), 1);
    assert_int_equal(engine_waiting_of(b.engine, "y"), 0);
    assert_false(engine_begins_at_once(b.engine, "x", false));
    assert_true(engine_begins_at_once(b.engine, "y", false));
    submitted(&b, &h[2], job_of_caller("y"));
    assert_string_equal(h[1].order, "");
    assert_string_equal(h[2].order, "R");
    fake_takes_box(b.boxd);
    ends(&b, box);
    assert_string_equal(h[1].order, "R");
    bench_done(&b);
}

static void test_caller_that_may_run_few_leaves_sessions_to_others(void **state)
{
    (void)state;
    const struct engine_config config = {
        .slots = 1, .queue_max = 10, .queue_bytes = 1000, .sessions = 3, .running_max = one_of_x};
    struct bench b = bench_of(8, &config);
    struct heard h[4] = {{0}};
    struct err e;
    submitted(&b, &h[0], session_of(job_of_caller("x")));
    fake_takes_box(b.boxd);
    submitted(&b, &h[1], session_of(job_of_caller("x")));
    assert_string_equal(h[1].order, "");
    assert_int_equal(submit(&b, &h[2], session_of(job_of_caller("x")), &e), -ERR_BUSY);
    assert_string_equal(e.text, "2 of your interactive programs are there already, and 1 may run");
    submitted(&b, &h[3], session_of(job_of_caller("y")));
    assert_string_equal(h[3].order, "R");
    fake_takes_box(b.boxd);
    bench_done(&b);
}

/* --- looking ------------------------------------------------------------------------------ */

struct seen {
    int calls;
    size_t count;
    struct engine_live first;
    char id[QUEUE_ID_MAX + 1];
};

static void see(void *ctx, const struct engine_live *all, size_t count)
{
    struct seen *s = ctx;
    s->calls++;
    s->count = count;
    if (count > 0) {
        s->first = all[0];
        snprintf(s->id, sizeof(s->id), "%s", all[0].id);
    }
}

static void test_look_asks_boxd_for_each_box(void **state)
{
    (void)state;
    struct bench b = bench_with(2);
    struct heard h = {0}, other = {0};
    struct seen s = {0}, again = {0};
    submitted(&b, &h, session_of(job_of_caller("key:a")));
    uint32_t box = fake_takes_box(b.boxd);
    submitted(&b, &other, bash_job());
    uint32_t second = fake_takes_box(b.boxd);
    engine_look(b.engine, see, &s);
    engine_look(b.engine, see, &again); /* after the first was asked: a round of its own */
    assert_int_equal(fake_boxd_gets(b.boxd, BOX_MSG_USAGE)->head.box, box);
    assert_int_equal(fake_boxd_gets(b.boxd, BOX_MSG_USAGE)->head.box, second);
    fake_used(b.boxd, box, 1234567, 5000);
    fake_used(b.boxd, second, 1, 1);
    fake_run(b.boxd);
    assert_int_equal(s.calls, 1);
    assert_int_equal(s.count, 2);
    assert_string_equal(s.id, engine_job(h.job)->id);
    assert_true(s.first.session);
    assert_string_equal(s.first.stage, "run");
    assert_string_equal(s.first.caller, "key:a");
    assert_string_equal(s.first.language, "bash");
    assert_int_equal(s.first.memory_bytes, 1234567);
    assert_int_equal(s.first.cpu_ns, 5000);
    assert_int_equal(again.calls, 0);
    fake_boxd_gets(b.boxd, BOX_MSG_USAGE);
    fake_boxd_gets(b.boxd, BOX_MSG_USAGE);
    fake_used(b.boxd, box, 2, 2);
    fake_used(b.boxd, second, 2, 2);
    fake_run(b.boxd);
    assert_int_equal(again.first.memory_bytes, 2);
    bench_done(&b);
}

static void test_look_at_nothing_is_told_from_the_loop(void **state)
{
    (void)state;
    struct bench b = bench_with(2);
    struct seen s = {0}, none = {0};
    engine_look(b.engine, see, &s);
    struct engine_look *gone = engine_look(b.engine, see, &none);
    assert_int_equal(s.calls, 0);
    engine_look_cancel(gone);
    fake_run(b.boxd);
    assert_int_equal(s.calls, 1);
    assert_int_equal(s.count, 0);
    assert_int_equal(none.calls, 0);
    engine_look_cancel(NULL);
    bench_done(&b);
}

static void test_look_ends_when_boxd_is_lost(void **state)
{
    (void)state;
    struct bench b = bench_with(2);
    struct heard h = {0};
    struct seen s = {0};
    submitted(&b, &h, bash_job());
    fake_takes_box(b.boxd);
    engine_look(b.engine, see, &s);
    fake_hang_up(b.boxd);
    fake_run(b.boxd);
    assert_int_equal(s.calls, 1);
    bench_done(&b);
}

/* --- ready -------------------------------------------------------------------------------- */

struct answer {
    int calls;
    struct err why;
};

static void answered(void *ctx, const struct err *why)
{
    struct answer *a = ctx;
    a->calls++;
    a->why = why ? *why : (struct err){0};
}

static void test_canary_is_run_once_for_all_who_ask(void **state)
{
    (void)state;
    struct bench b = bench_with(2);
    struct answer a = {0}, c = {0}, gone = {0}, later = {0};
    engine_ready(b.engine, 60 * NS_PER_S, answered, &a);
    engine_ready(b.engine, 60 * NS_PER_S, answered, &c);
    engine_ready_cancel(engine_ready(b.engine, 60 * NS_PER_S, answered, &gone));
    ends(&b, fake_takes_box(b.boxd));
    fake_boxd_gets_nothing(b.boxd);
    assert_int_equal(a.calls, 1);
    assert_int_equal(a.why.kind, 0);
    assert_int_equal(c.calls, 1);
    assert_int_equal(gone.calls, 0);
    engine_ready(b.engine, 60 * NS_PER_S, answered, &later); /* it is fresh */
    assert_int_equal(later.calls, 0);
    fake_run(b.boxd);
    assert_int_equal(later.calls, 1);
    fake_boxd_gets_nothing(b.boxd);
    bench_done(&b);
}

static void test_job_that_ran_is_a_canary(void **state)
{
    (void)state;
    struct bench b = bench_with(2);
    struct heard h = {0};
    struct answer a = {0};
    submitted(&b, &h, bash_job());
    ends(&b, fake_takes_box(b.boxd));
    engine_ready(b.engine, 60 * NS_PER_S, answered, &a);
    fake_run(b.boxd);
    assert_int_equal(a.calls, 1);
    assert_int_equal(a.why.kind, 0);
    fake_boxd_gets_nothing(b.boxd);
    bench_done(&b);
}

static void test_canary_that_fails_says_why(void **state)
{
    (void)state;
    struct bench b = bench_with(2);
    struct answer a = {0}, lost = {0};
    engine_ready(b.engine, 60 * NS_PER_S, answered, &a);
    fake_failed(b.boxd, fake_takes_box(b.boxd), ERR_IO, "no more processes");
    fake_run(b.boxd);
    assert_int_equal(a.calls, 1);
    assert_non_null(strstr(a.why.text, "no more processes"));
    engine_set_sandbox(b.engine, NULL);
    engine_ready(b.engine, 60 * NS_PER_S, answered, &lost);
    fake_run(b.boxd);
    assert_int_equal(lost.calls, 1);
    assert_int_equal(lost.why.kind, ERR_GONE);
    bench_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session_that_runs_leaves_its_slot_to_others),
        cmocka_unit_test(test_session_that_only_runs_waits_for_no_slot),
        cmocka_unit_test(test_session_that_compiles_holds_a_slot),
        cmocka_unit_test(test_sessions_beyond_their_number_are_busy_until_one_ends),
        cmocka_unit_test(test_no_sessions_are_none),
        cmocka_unit_test(test_sessions_leave_boxes_to_jobs),
        cmocka_unit_test(test_session_that_was_accepted_before_waits_for_room),
        cmocka_unit_test(test_stop_tells_every_observer),
        cmocka_unit_test(test_room_is_told_also_when_early_input_goes_at_once),
        cmocka_unit_test(test_early_end_of_input_on_a_terminal_is_a_character),
        cmocka_unit_test(test_early_end_of_input_of_a_pipe_is_the_last),
        cmocka_unit_test(test_caller_runs_no_more_than_it_may),
        cmocka_unit_test(test_caller_that_may_run_few_leaves_sessions_to_others),
        cmocka_unit_test(test_look_asks_boxd_for_each_box),
        cmocka_unit_test(test_look_at_nothing_is_told_from_the_loop),
        cmocka_unit_test(test_look_ends_when_boxd_is_lost),
        cmocka_unit_test(test_canary_is_run_once_for_all_who_ask),
        cmocka_unit_test(test_job_that_ran_is_a_canary),
        cmocka_unit_test(test_canary_that_fails_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
