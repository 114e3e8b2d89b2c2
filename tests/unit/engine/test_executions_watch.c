/* SPDX-License-Identifier: Apache-2.0 */
/* Who watches executions, and what they see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/loop.h"
#include "executions_bench.h"
#include "model/result.h"

struct seen {
    struct bench *b;
    struct executions_watch *watch;
    unsigned progress, over;
    enum err_kind kind;
    struct execution *x;
    char out[64]; /* as it was at the last progress */
    enum engine_stage stage;
    struct seen *other; /* is no longer watched at the first progress */
    bool leaves, cancels;
};

static void see_progress(void *ctx)
{
    struct seen *s = ctx;
    const struct result *r = executions_watch_result(s->watch, &s->stage);
    assert_non_null(r);
    s->progress++;
    snprintf(s->out, sizeof(s->out), "%.*s", (int)r->run.out.len,
             r->run.out.data ? r->run.out.data : "");
    if (s->other) {
        executions_unwatch(TAKE(&s->other->watch, NULL));
        s->other = NULL;
    }
    if (s->cancels) {
        s->cancels = false;
        executions_forget(executions_cancel(s->b->executions, "one", on_done, NULL));
    }
    if (s->leaves) {
        executions_unwatch(TAKE(&s->watch, NULL));
    }
}

static void see_over(void *ctx, struct execution *x, const struct err *e)
{
    struct seen *s = ctx;
    s->over++;
    s->watch = NULL;
    s->kind = e ? e->kind : 0;
    s->x = x ? execution_ref(x) : NULL;
}

static void watch(struct bench *b, const char *id, struct seen *s)
{
    struct executions_watcher watcher = {see_progress, see_over, s};
    s->b = b;
    s->watch = executions_watch(b->executions, id, &watcher);
    assert_int_equal(s->progress + s->over, 0); /* never from inside the call */
}

static void check_over(struct seen *s, const char *out)
{
    assert_int_equal(s->over, 1);
    assert_int_equal(s->kind, 0);
    assert_non_null(s->x);
    assert_true(execution_is_over(s->x));
    assert_string_equal(s->x->parts[PART_SOURCE].data, "echo");
    assert_string_equal(s->x->parts[PART_STDOUT].data, out);
    execution_unref(s->x);
}

static void prints(struct bench *b, uint32_t box, const char *text)
{
    fake_print(b->boxd, box, BOX_STDOUT, text);
    fake_run(b->boxd);
}

static void ends(struct bench *b, uint32_t box)
{
    fake_closes_output(b->boxd, box);
    fake_ended(b->boxd, box, BOX_END_EXIT, 0);
    fake_run(b->boxd);
    fake_boxd_gets(b->boxd, BOX_MSG_DESTROY);
    fake_destroyed(b->boxd, box);
    fake_run(b->boxd);
}

static void test_watchers_see_output_as_it_comes(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct seen one = {0}, two = {0};
    submit(b, &h, "one");
    uint32_t box = fake_takes_box(b->boxd);
    fake_hello(b->boxd, box);
    watch(b, "one", &one);
    watch(b, "one", &two);
    prints(b, box, "a");
    assert_string_equal(one.out, "a");
    assert_string_equal(two.out, "a");
    assert_int_equal(one.stage, STAGE_RUN);
    prints(b, box, "b");
    assert_string_equal(one.out, "ab");
    assert_int_equal(one.over, 0);
    ends(b, box);
    check_over(&one, "ab");
    check_over(&two, "ab");
    heard_done(&h);
    bench_done(b);
}

static void test_watch_of_one_that_waits_begins_with_it(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard first = {0}, h = {0};
    struct seen s = {0};
    submit(b, &first, "first");
    submit(b, &h, "one");
    watch(b, "one", &s);
    fake_run(b->boxd);
    assert_null(executions_watch_result(s.watch, NULL));
    assert_int_equal(s.progress, 0);
    program_runs(b, "first");
    assert_int_equal(s.progress, 1); /* its stage has begun */
    assert_string_equal(s.out, "");
    program_runs(b, "hi");
    assert_string_equal(s.out, "hi");
    check_over(&s, "hi");
    heard_done(&first);
    heard_done(&h);
    bench_done(b);
}

static void test_watch_of_what_is_over_is_told_so(void **state)
{
    (void)state;
    struct bench *b = bench_made();
    bench_start(b, 0); /* nothing is kept in memory */
    fake_run(b->boxd);
    struct heard h = {0};
    struct seen saving = {0}, over = {0};
    submit(b, &h, "one");
    uint32_t box = fake_takes_box(b->boxd);
    fake_store_hold(b->store, true);
    fake_runs(b->boxd, box, "hi", 0);
    watch(b, "one", &saving);
    fake_run(b->boxd);
    fake_store_hold(b->store, false);
    fake_run(b->boxd);
    check_over(&saving, "hi");
    watch(b, "one", &over);
    fake_run(b->boxd);
    check_over(&over, "hi");
    assert_int_equal(over.progress, 0);
    heard_done(&h);
    bench_done(b);
}

static void test_watch_of_an_unknown_id_is_told_so(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct seen s = {0};
    watch(b, "none", &s);
    fake_run(b->boxd);
    assert_int_equal(s.over, 1);
    assert_int_equal(s.kind, ERR_NOT_FOUND);
    assert_null(s.x);
    bench_done(b);
}

static void test_watch_of_one_that_is_refused_tells_why(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct seen s = {0};
    fake_store_hold(b->store, true);
    submit(b, &h, "one");
    watch(b, "one", &s);
    fake_store_fail_writes(b->store, ERR_LIMIT);
    fake_store_do(b->store);
    assert_int_equal(s.over, 1);
    assert_int_equal(s.kind, ERR_LIMIT);
    bench_done(b);
}

static void test_watch_of_what_is_not_recovered_yet_waits_for_it(void **state)
{
    (void)state;
    struct bench *b = bench_made();
    fake_store_left(b->store, "one", EXECUTION_QUEUED, 0);
    struct seen s = {0};
    bench_start(b, 0);
    watch(b, "one", &s);
    fake_run(b->boxd);
    assert_int_equal(s.over, 0);
    program_runs(b, "hi");
    check_over(&s, "hi");
    bench_done(b);
}

static void test_watcher_that_leaves_hears_no_more(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct seen one = {.leaves = true}, two = {0}, three = {0};
    submit(b, &h, "one");
    uint32_t box = fake_takes_box(b->boxd);
    fake_hello(b->boxd, box);
    watch(b, "one", &one);
    watch(b, "one", &two);
    watch(b, "one", &three);
    one.other = &two;
    prints(b, box, "a");
    prints(b, box, "b");
    assert_int_equal(one.progress, 1);
    assert_int_equal(two.progress, 0);
    assert_string_equal(three.out, "ab");
    ends(b, box);
    assert_int_equal(one.over + two.over, 0);
    check_over(&three, "ab");
    heard_done(&h);
    bench_done(b);
}

static void test_watcher_may_cancel_what_it_sees(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct seen s = {.cancels = true};
    submit(b, &h, "one");
    uint32_t box = fake_takes_box(b->boxd);
    fake_hello(b->boxd, box);
    watch(b, "one", &s);
    prints(b, box, "a");
    fake_boxd_gets(b->boxd, BOX_MSG_KILL);
    fake_closes_output(b->boxd, box);
    fake_ended(b->boxd, box, BOX_END_CANCEL, 9);
    fake_run(b->boxd);
    assert_int_equal(s.x->state, EXECUTION_CANCELLED);
    check_over(&s, "a");
    heard_done(&h);
    bench_done(b);
}

static void test_watch_of_one_that_is_cancelled_in_the_queue(void **state)
{
    (void)state;
    struct bench *b = bench_made_with(0);
    fake_store_left(b->store, "one", EXECUTION_QUEUED, 0);
    bench_start(b, 0);
    fake_run(b->boxd);
    struct seen s = {0};
    watch(b, "one", &s);
    executions_forget(executions_cancel(b->executions, "one", on_done, NULL));
    fake_run(b->boxd);
    assert_int_equal(s.over, 1);
    assert_int_equal(s.x->state, EXECUTION_CANCELLED);
    execution_unref(s.x);
    bench_done(b);
}

static void test_watch_starts_anew_when_boxd_was_lost(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct seen s = {0};
    submit(b, &h, "one");
    uint32_t box = fake_takes_box(b->boxd);
    fake_hello(b->boxd, box);
    watch(b, "one", &s);
    prints(b, box, "first try");
    unsigned before = s.progress;
    bench_restart_boxd(b);
    assert_true(s.progress > before);
    assert_string_equal(s.out, "");
    assert_int_equal(s.over, 0); /* to be watched is not to be seen: it runs again */
    fake_runs(b->boxd, fake_takes_box(b->boxd), "second", 0);
    assert_string_equal(s.out, "second");
    check_over(&s, "second");
    heard_done(&h);
    bench_done(b);
}

static void test_watchers_are_told_when_the_server_stops(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard first = {0}, h = {0};
    struct seen runs = {0}, waits = {0};
    submit(b, &first, "first");
    submit(b, &h, "one");
    watch(b, "first", &runs);
    watch(b, "one", &waits);
    executions_stop(b->executions);
    assert_int_equal(runs.over + waits.over, 2);
    assert_int_equal(runs.kind, ERR_BUSY);
    assert_int_equal(waits.kind, ERR_BUSY);
    heard_done(&first);
    heard_done(&h);
    bench_done(b);
}

static void test_watchers_hear_nothing_when_the_executions_go(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct seen runs = {0}, looks = {0};
    submit(b, &h, "one");
    fake_store_hold(b->store, true);
    watch(b, "one", &runs);
    watch(b, "none", &looks);
    bench_done(b);
    assert_int_equal(runs.over + looks.over, 0);
    heard_done(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_watchers_see_output_as_it_comes),
        cmocka_unit_test(test_watch_of_one_that_waits_begins_with_it),
        cmocka_unit_test(test_watch_of_what_is_over_is_told_so),
        cmocka_unit_test(test_watch_of_an_unknown_id_is_told_so),
        cmocka_unit_test(test_watch_of_one_that_is_refused_tells_why),
        cmocka_unit_test(test_watch_of_what_is_not_recovered_yet_waits_for_it),
        cmocka_unit_test(test_watcher_that_leaves_hears_no_more),
        cmocka_unit_test(test_watcher_may_cancel_what_it_sees),
        cmocka_unit_test(test_watch_of_one_that_is_cancelled_in_the_queue),
        cmocka_unit_test(test_watch_starts_anew_when_boxd_was_lost),
        cmocka_unit_test(test_watchers_are_told_when_the_server_stops),
        cmocka_unit_test(test_watchers_hear_nothing_when_the_executions_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
