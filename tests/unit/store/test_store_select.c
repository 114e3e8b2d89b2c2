/* SPDX-License-Identifier: Apache-2.0 */
/* What a store is asked for by something else than an id: lists that filter, keys; and how long it
 * took. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "metrics/metrics.h"
#include "store_bench.h"

#define QUEUED    (1U << EXECUTION_QUEUED)
#define RUNNING   (1U << EXECUTION_RUNNING)
#define FINISHED  (1U << EXECUTION_FINISHED)
#define CANCELLED (1U << EXECUTION_CANCELLED)

/* id, caller, label ('-': none), state, dialect */
static const struct {
    const char *id, *caller, *label;
    enum execution_state state;
    const char *dialect;
} rows[] = {
    {"a", "ann", "x", EXECUTION_FINISHED, "native"},
    {"b", "ann", NULL, EXECUTION_QUEUED, "native"},
    {"c", "bob", "x", EXECUTION_CANCELLED, "native"},
    {"d", "bob", "y", EXECUTION_RUNNING, "native"},
    {"e", "ann", "x", EXECUTION_RUNNING, "native"},
    {"f", "ann", "x", EXECUTION_FINISHED, "judge0"},
};

static void insert_rows(struct bench *b)
{
    bench_open(b);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(execution_unrefp) struct execution *x = execution_of(rows[i].id);
        snprintf(x->dialect, sizeof(x->dialect), "%s", rows[i].dialect);
        free(x->caller);
        x->caller = xstrdup(rows[i].caller);
        x->label = xstrdup(rows[i].label);
        x->state = rows[i].state;
        x->finished_ns = execution_is_over(x) ? 5 : 0;
        bench_insert(b, x);
    }
}

static void check_list(struct bench *b, struct store_filter filter, const char *want)
{
    AUTO(answer_done) struct answer a = {0};
    char ids[ANSWER_MAX + 1] = "";
    filter.limit = filter.limit > 0 ? filter.limit : 9;
    store_list(b->store, &filter, 0, answer_take_list, &a);
    answer_await(b, &a, 1);
    assert_string_equal(a.text, "");
    for (size_t i = 0; i < a.count; i++) {
        strcat(ids, a.all[i]->id);
    }
    assert_string_equal(ids, want);
    if (filter.no_total) {
        assert_int_equal(a.total, 0);
    } else if (filter.limit == 9) {
        assert_int_equal(a.total, strlen(want));
    }
}

#define LIST(want, ...) check_list(b, (struct store_filter){__VA_ARGS__}, want)

static void test_list_filters_by_caller_and_label(void **state)
{
    struct bench *b = *state;
    insert_rows(b);
    LIST("eba", .dialect = "native", .caller = "ann");
    LIST("feba", .caller = "ann");
    LIST("eca", .dialect = "native", .label = "x");
    LIST("ea", .dialect = "native", .label = "x", .caller = "ann");
    LIST("feca", .label = "x");
    LIST("", .dialect = "native", .caller = "nobody");
    LIST("", .dialect = "native", .label = "X");
}

static void test_list_filters_by_states(void **state)
{
    struct bench *b = *state;
    insert_rows(b);
    LIST("edb", .dialect = "native", .states = QUEUED | RUNNING);
    LIST("ed", .dialect = "native", .states = RUNNING);
    LIST("e", .dialect = "native", .states = RUNNING, .caller = "ann");
    LIST("c", .dialect = "native", .states = CANCELLED);
    LIST("ca", .dialect = "native", .states = CANCELLED | FINISHED);
    LIST("fca", .states = CANCELLED | FINISHED);
    LIST("a", .dialect = "native", .states = FINISHED, .caller = "ann");
    LIST("a", .dialect = "native", .states = FINISHED | QUEUED, .label = "x");
    LIST("c", .states = CANCELLED, .caller = "bob", .label = "x");
    LIST("", .states = CANCELLED, .caller = "ann");
}

static void test_list_goes_on_before_a_cursor(void **state)
{
    struct bench *b = *state;
    insert_rows(b);
    LIST("ed", .dialect = "native", .limit = 2);
    LIST("cb", .dialect = "native", .limit = 2, .before = 4);
    LIST("a", .dialect = "native", .limit = 2, .before = 2);
    LIST("", .dialect = "native", .limit = 2, .before = 1);
    LIST("ba", .dialect = "native", .caller = "ann", .before = 5);
    LIST("b", .states = QUEUED | RUNNING, .before = 4);
    LIST("fed", .limit = 3, .before = 7);
    LIST("cba", .before = 4, .limit = 3);
}

static void test_list_counts_only_when_asked(void **state)
{
    struct bench *b = *state;
    insert_rows(b);
    LIST("eba", .dialect = "native", .caller = "ann", .no_total = true);
    AUTO(answer_done) struct answer a = {0};
    struct store_filter filter = {.dialect = "native", .caller = "ann", .offset = 1, .limit = 1};
    store_list(b->store, &filter, 0, answer_take_list, &a);
    answer_await(b, &a, 1);
    assert_int_equal(a.count, 1);
    assert_int_equal(a.total, 3);
}

/* Keys */

static void insert_keyed(struct bench *b, const char *id, const char *caller, const char *key,
                         struct answer *a)
{
    AUTO(execution_unrefp) struct execution *x = execution_of(id);
    free(x->caller);
    x->caller = xstrdup(caller);
    x->idempotency = xstrdup(key);
    store_insert(b->store, x, answer_take, a);
    answer_await(b, a, a->calls + 1);
}

static void check_key(struct bench *b, const char *caller, const char *key, const char *want)
{
    AUTO(answer_done) struct answer a = {0};
    store_get_key(b->store, caller, key, 1U << PART_SOURCE, answer_take_one, &a);
    answer_await(b, &a, 1);
    assert_int_equal(a.kind, 0);
    if (want == NULL) {
        assert_null(a.x);
    } else {
        assert_string_equal(a.x->id, want);
        assert_string_equal(a.x->parts[PART_SOURCE].data, "print(1)");
    }
}

static void test_keys_are_their_callers(void **state)
{
    struct bench *b = *state;
    struct answer done = {0};
    bench_open(b);
    insert_keyed(b, "a", "ann", "k", &done);
    insert_keyed(b, "b", "bob", "k", &done);
    insert_keyed(b, "c", "ann", "K", &done);
    bench_insert_id(b, "d"); /* any number of them have none */
    bench_insert_id(b, "e");
    check_key(b, "ann", "k", "a");
    check_key(b, "bob", "k", "b");
    check_key(b, "ann", "K", "c");
    check_key(b, "bob", "K", NULL);
    check_key(b, "10.0.0.1", "", NULL);
}

static void test_key_is_taken_once(void **state)
{
    struct bench *b = *state;
    struct answer done = {0};
    bench_open(b);
    insert_keyed(b, "a", "ann", "k", &done);
    assert_int_equal(done.kind, 0);
    insert_keyed(b, "b", "ann", "k", &done);
    assert_int_equal(done.kind, ERR_INVALID);
    assert_non_null(strstr(done.text, "idempotency key"));
    bench_check_kept(b, "b", false);
    check_key(b, "ann", "k", "a");
    store_delete(b->store, "a", answer_take, &done);
    answer_await(b, &done, 3);
    insert_keyed(b, "b", "ann", "k", &done);
    assert_int_equal(done.kind, 0);
}

/* Counts, times */

static void test_count_tells_what_runs_apart(void **state)
{
    struct bench *b = *state;
    insert_rows(b);
    AUTO(answer_done) struct answer a = {0};
    store_count(b->store, "native", 1000, answer_take_statistics, &a);
    answer_await(b, &a, 1);
    assert_int_equal(a.statistics.total, 5);
    assert_int_equal(a.statistics.running, 2);
    assert_int_equal(a.statistics.status_count, 1);
    assert_int_equal(a.statistics.statuses[0].count, 3);
}

static bool counts(struct metrics *m, const char *line)
{
    AUTO(buf_done) struct buf text = {0};
    metrics_write(m, &text);
    return strstr(text.data, line) != NULL;
}

static void test_calls_are_measured(void **state)
{
    struct bench *b = *state;
    struct metrics *m = metrics_new();
    b->config.metrics = m;
    bench_open(b);
    bench_insert_id(b, "a");
    execution_unref(bench_get(b, "a", 0));
    execution_unref(bench_get(b, "none", 0));
    failing_driver_set(b->driver, FAILING_COMMIT, ERR_LIMIT);
    struct answer a = {0};
    store_delete(b->store, "a", answer_take, &a);
    answer_await(b, &a, 1);
    assert_int_equal(a.kind, ERR_LIMIT);
    assert_true(counts(m, "belljar_store_seconds_count{operation=\"insert\"} 1\n"));
    assert_true(counts(m, "belljar_store_seconds_count{operation=\"get\"} 2\n"));
    assert_true(counts(m, "belljar_store_errors_total{operation=\"delete\"} 1\n"));
    assert_false(counts(m, "belljar_store_errors_total{operation=\"get\"}"));
    bench_close(b);
    metrics_free(m);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, bench_setup, bench_teardown, NULL                                             \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_list_filters_by_caller_and_label), TEST(test_list_filters_by_states),
        TEST(test_list_goes_on_before_a_cursor),     TEST(test_list_counts_only_when_asked),
        TEST(test_keys_are_their_callers),           TEST(test_key_is_taken_once),
        TEST(test_count_tells_what_runs_apart),      TEST(test_calls_are_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
