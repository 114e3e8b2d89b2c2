/* SPDX-License-Identifier: Apache-2.0 */
/* Executions that are looked for: by a client's own key, and in lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "executions_bench.h"

/* --- keys -------------------------------------------------------------------------------- */

#define CALLER "127.0.0.1"

static void submit_keyed(struct bench *b, struct heard *h, const char *id, const char *key)
{
    struct executions_listener listener = {hear_accepted, hear_finished, h};
    struct execution *x = execution_of(id, "{}");
    x->idempotency = xstrdup(key);
    executions_submit(b->executions, x, &listener);
}

static void get_key(struct bench *b, const char *key, struct got *g)
{
    executions_get_key(b->executions, CALLER, key, 0, on_got, g);
    assert_false(g->told);
}

static void check_got(struct got *g, const char *id)
{
    assert_true(g->told);
    assert_int_equal(g->kind, 0);
    if (!id) {
        assert_null(g->x);
        return;
    }
    assert_non_null(g->x);
    assert_string_equal(g->x->id, id);
    execution_unref(g->x);
}

static void test_key_of_nobody_gives_nothing(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct got g = {0}, other = {0};
    submit_keyed(b, &h, "one", "k");
    fake_run(b->boxd);
    get_key(b, "K", &g);
    executions_get_key(b->executions, "127.0.0.2", "k", 0, on_got, &other);
    fake_run(b->boxd);
    check_got(&g, NULL);
    check_got(&other, NULL);
    heard_done(&h);
    bench_done(b);
}

static void test_key_finds_what_runs_and_what_is_over(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct got running = {0}, over = {0};
    submit_keyed(b, &h, "one", "k");
    fake_run(b->boxd);
    get_key(b, "k", &running);
    fake_run(b->boxd);
    check_got(&running, "one");
    program_runs(b, "hi");
    get_key(b, "k", &over);
    fake_run(b->boxd);
    check_got(&over, "one");
    heard_done(&h);
    bench_done(b);
}

static void test_key_of_what_is_on_its_way_to_the_disk_waits_for_it(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct got g = {0};
    fake_store_hold(b->store, true);
    submit_keyed(b, &h, "one", "k");
    get_key(b, "k", &g);
    fake_run(b->boxd);
    assert_false(g.told);
    fake_store_hold(b->store, false);
    fake_run(b->boxd);
    check_got(&g, "one");
    heard_done(&h);
    bench_done(b);
}

static void test_key_of_what_is_refused_tells_why(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct heard h = {0};
    struct got g = {0};
    fake_store_hold(b->store, true);
    submit_keyed(b, &h, "one", "k");
    get_key(b, "k", &g);
    fake_store_fail_writes(b->store, ERR_LIMIT);
    fake_store_do(b->store);
    fake_run(b->boxd);
    assert_true(g.told);
    assert_int_equal(g.kind, ERR_LIMIT);
    assert_null(g.x);
    bench_done(b);
}

/* A client's request: looks, and submits what it does not find. */
struct client {
    struct bench *b;
    const char *id;
    struct heard heard;
    struct got got;
};

static void client_on_got(void *ctx, struct execution *x, const struct err *e)
{
    struct client *c = ctx;
    on_got(&c->got, x, e);
    if (!x) {
        submit_keyed(c->b, &c->heard, c->id, "k");
    }
}

static void test_key_of_two_requests_at_once_is_submitted_once(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct client c[] = {{b, "one"}, {b, "two"}, {b, "three"}};
    for (size_t i = 0; i < ARRAY_LEN(c); i++) {
        executions_get_key(b->executions, CALLER, "k", 0, client_on_got, &c[i]);
    }
    fake_run(b->boxd);
    check_got(&c[0].got, NULL);
    assert_string_equal(c[0].heard.order, "a");
    check_got(&c[1].got, "one");
    check_got(&c[2].got, "one");
    assert_null(fake_store_row(b->store, "two"));
    heard_done(&c[0].heard);
    bench_done(b);
}

static void test_key_that_is_forgotten_lets_the_next_one_go(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct client c[] = {{b, "one"}, {b, "two"}, {b, "three"}};
    struct executions_read *r[ARRAY_LEN(c)];
    fake_store_hold(b->store, true);
    for (size_t i = 0; i < ARRAY_LEN(c); i++) {
        r[i] = executions_get_key(b->executions, CALLER, "k", 0, client_on_got, &c[i]);
    }
    executions_forget(r[1]);
    executions_forget(r[0]);
    fake_store_hold(b->store, false);
    fake_run(b->boxd);
    assert_false(c[0].got.told || c[1].got.told);
    check_got(&c[2].got, NULL);
    assert_string_equal(c[2].heard.order, "a");
    heard_done(&c[2].heard);
    bench_done(b);
}

static void test_key_is_not_told_when_the_executions_go(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    struct got g[3] = {0};
    fake_store_hold(b->store, true);
    for (size_t i = 0; i < ARRAY_LEN(g); i++) {
        get_key(b, "k", &g[i]);
    }
    bench_done(b);
    assert_false(g[0].told || g[1].told || g[2].told);
}

/* --- lists ------------------------------------------------------------------------------- */

#define QUEUED   (1U << EXECUTION_QUEUED)
#define RUNNING  (1U << EXECUTION_RUNNING)
#define FINISHED (1U << EXECUTION_FINISHED)

static struct got listed(struct bench *b, const struct store_filter *filter)
{
    struct got g = {0};
    executions_list(b->executions, filter, 0, on_listed, &g);
    assert_false(g.told);
    fake_run(b->boxd);
    assert_true(g.told);
    return g;
}

/* "first" runs, "second" and "third" wait. */
static struct bench *bench_of_three(struct heard *h)
{
    struct bench *b = bench_new();
    submit(b, &h[0], "first");
    submit(b, &h[1], "second");
    submit(b, &h[2], "third");
    return b;
}

static void three_done(struct bench *b, struct heard *h)
{
    for (size_t i = 0; i < 3; i++) {
        heard_done(&h[i]);
    }
    bench_done(b);
}

static void test_list_tells_all_as_they_are_now(void **state)
{
    (void)state;
    struct heard h[3] = {0};
    struct bench *b = bench_of_three(h);
    uint32_t box = fake_takes_box(b->boxd);
    fake_store_hold(b->store, true);
    fake_runs(b->boxd, box, "hi", 0); /* over, and not on disk */
    struct got g = {0};
    executions_list(b->executions, &(struct store_filter){.limit = 4}, 0, on_listed, &g);
    fake_store_do(b->store);
    assert_int_equal(g.count, 3);
    assert_int_equal(g.all[2], EXECUTION_FINISHED);
    three_done(b, h);
}

static void test_list_of_states_goes_by_what_is_now(void **state)
{
    (void)state;
    struct heard h[3] = {0};
    struct bench *b = bench_of_three(h);
    uint32_t box = fake_takes_box(b->boxd);
    fake_store_fail_writes(b->store, ERR_LIMIT); /* on disk the first still runs */
    fake_runs(b->boxd, box, "hi", 0);
    assert_int_equal(row(b, "first")->state, EXECUTION_RUNNING);
    struct got over = listed(b, &(struct store_filter){.states = FINISHED, .limit = 4});
    assert_int_equal(over.count, 1);
    assert_int_equal(over.all[0], EXECUTION_FINISHED);
    struct got live = listed(b, &(struct store_filter){.states = QUEUED | RUNNING, .limit = 4});
    assert_int_equal(live.count, 2);
    three_done(b, h);
}

static void test_list_page_is_full_while_there_are_more(void **state)
{
    (void)state;
    struct bench *b = bench_made_with(2);
    bench_start(b, 1 << 20);
    fake_run(b->boxd);
    struct heard h[3] = {0};
    submit(b, &h[0], "first");
    uint32_t one = fake_takes_box(b->boxd);
    submit(b, &h[1], "second");
    uint32_t two = fake_takes_box(b->boxd);
    (void)one;
    fake_store_fail_writes(b->store, ERR_LIMIT);
    fake_runs(b->boxd, two, "hi", 0); /* the newest leaves the page */
    struct got g = listed(b, &(struct store_filter){.states = RUNNING, .limit = 1});
    assert_int_equal(g.count, 1);
    assert_int_equal(g.all[0], EXECUTION_RUNNING);
    three_done(b, h);
}

static void test_list_filters_by_caller_and_label(void **state)
{
    (void)state;
    struct heard h[3] = {0};
    struct bench *b = bench_of_three(h);
    assert_int_equal(listed(b, &(struct store_filter){.caller = CALLER, .limit = 4}).count, 3);
    assert_int_equal(listed(b, &(struct store_filter){.caller = "else", .limit = 4}).count, 0);
    struct store_filter running = {.caller = "else", .states = QUEUED | RUNNING, .limit = 4};
    assert_int_equal(listed(b, &running).count, 0);
    struct store_filter before = {.before = 3, .limit = 4};
    assert_int_equal(listed(b, &before).count, 2);
    three_done(b, h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_of_nobody_gives_nothing),
        cmocka_unit_test(test_key_finds_what_runs_and_what_is_over),
        cmocka_unit_test(test_key_of_what_is_on_its_way_to_the_disk_waits_for_it),
        cmocka_unit_test(test_key_of_what_is_refused_tells_why),
        cmocka_unit_test(test_key_of_two_requests_at_once_is_submitted_once),
        cmocka_unit_test(test_key_that_is_forgotten_lets_the_next_one_go),
        cmocka_unit_test(test_key_is_not_told_when_the_executions_go),
        cmocka_unit_test(test_list_tells_all_as_they_are_now),
        cmocka_unit_test(test_list_of_states_goes_by_what_is_now),
        cmocka_unit_test(test_list_page_is_full_while_there_are_more),
        cmocka_unit_test(test_list_filters_by_caller_and_label),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
