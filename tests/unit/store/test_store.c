/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept is what was given, on disk and in memory. */
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "store_bench.h"

#define DAY_NS UINT64_C(86400000000000)

static int setup_open(void **state)
{
    bench_setup(state);
    bench_open(*state);
    return 0;
}

static int setup_in_memory(void **state)
{
    bench_setup(state);
    struct bench *b = *state;
    b->config.path = NULL;
    bench_open(b);
    return 0;
}

static void check_part(const struct execution *x, enum execution_part part, const char *want)
{
    if (want == NULL) {
        assert_null(x->parts[part].data);
    } else {
        assert_non_null(x->parts[part].data);
        assert_int_equal(x->parts[part].len, strlen(want));
        assert_string_equal(x->parts[part].data, want);
    }
}

static void test_insert_keeps_all_that_was_asked(void **state)
{
    struct bench *b = *state;
    AUTO(execution_unrefp) struct execution *x = execution_of("a");
    x->batch = true;
    x->created_ns = 1234567890123456789;
    x->attempts = 2;
    x->state = EXECUTION_RUNNING;
    x->started_ns = 1234567890123456790;
    x->callback = CALLBACK_DUE;
    x->label = xstrdup("exam");
    execution_set_part(x, PART_STDIN, "\0\xff\n", 3);
    part_set(x, PART_EXPECTED, "");
    bench_insert(b, x);
    assert_int_equal(x->seq, 1);

    AUTO(execution_unrefp) struct execution *y = bench_get(b, "a", PARTS_ALL);
    assert_int_equal(y->seq, 1);
    assert_string_equal(y->id, "a");
    assert_string_equal(y->dialect, "judge0");
    assert_int_equal(y->language, 71);
    assert_true(y->batch);
    assert_true(y->created_ns == x->created_ns);
    assert_string_equal(y->caller, "10.0.0.1");
    assert_string_equal(y->label, "exam");
    assert_string_equal(y->request, "{\"a\":1}");
    assert_int_equal(y->state, EXECUTION_RUNNING);
    assert_int_equal(y->status, 1);
    assert_int_equal(y->attempts, 2);
    assert_true(y->started_ns == x->started_ns);
    assert_int_equal(y->callback, CALLBACK_DUE);
    check_part(y, PART_SOURCE, "print(1)");
    assert_int_equal(y->parts[PART_STDIN].len, 3);
    assert_memory_equal(y->parts[PART_STDIN].data, "\0\xff\n", 3);
}

static void test_insert_keeps_null_and_empty_apart(void **state)
{
    struct bench *b = *state;
    AUTO(execution_unrefp) struct execution *x = execution_of("a");
    part_set(x, PART_STDIN, "");
    bench_insert(b, x);

    AUTO(execution_unrefp) struct execution *y = bench_get(b, "a", PARTS_ALL);
    check_part(y, PART_STDIN, "");
    check_part(y, PART_EXPECTED, NULL);
    assert_null(y->label);
    assert_null(y->result);
}

static void test_insert_does_not_read_a_result_that_is_being_made(void **state)
{
    struct bench *b = *state;
    AUTO(execution_unrefp) struct execution *x = execution_of("a");
    part_set(x, PART_STDOUT, "half");
    x->result = xstrdup("{}");
    bench_insert(b, x);

    AUTO(execution_unrefp) struct execution *y = bench_get(b, "a", PARTS_ALL);
    check_part(y, PART_STDOUT, NULL);
    assert_null(y->result);
}

static void test_insert_keeps_the_moment_it_was_asked_at(void **state)
{
    struct bench *b = *state;
    AUTO(execution_unrefp) struct execution *x = execution_of("a");
    struct answer a = {0};
    store_insert(b->store, x, answer_take, &a);
    x->state = EXECUTION_RUNNING;
    x->attempts = 1;
    answer_await(b, &a, 1);

    AUTO(execution_unrefp) struct execution *y = bench_get(b, "a", 0);
    assert_int_equal(y->state, EXECUTION_QUEUED);
    assert_int_equal(y->attempts, 0);
}

static void test_insert_takes_one_that_is_over_whole(void **state)
{
    struct bench *b = *state;
    AUTO(execution_unrefp) struct execution *x = execution_of("a");
    execution_finish(x, 77, "out");
    bench_insert(b, x);

    AUTO(execution_unrefp) struct execution *y = bench_get(b, "a", PARTS_ALL);
    assert_int_equal(y->finished_ns, 77);
    assert_string_equal(y->result, "{\"time\":0.1}");
    check_part(y, PART_STDOUT, "out");
}

static void test_insert_refuses_an_id_that_is_there(void **state)
{
    struct bench *b = *state;
    bench_insert_id(b, "a");
    AUTO(execution_unrefp) struct execution *x = execution_of("a");
    struct answer a = {0};
    store_insert(b->store, x, answer_take, &a);
    answer_await(b, &a, 1);
    assert_int_equal(a.kind, ERR_INVALID);
    assert_string_equal(a.text, "there is an execution a already");
}

static void test_get_gives_the_parts_that_are_wanted(void **state)
{
    struct bench *b = *state;
    AUTO(execution_unrefp) struct execution *x = execution_of("a");
    part_set(x, PART_STDIN, "in");
    execution_finish(x, 77, "out");
    part_set(x, PART_STDERR, "err");
    bench_insert(b, x);

    AUTO(execution_unrefp)
    struct execution *y = bench_get(b, "a", 1U << PART_STDIN | 1U << PART_STDERR);
    check_part(y, PART_SOURCE, NULL);
    check_part(y, PART_STDIN, "in");
    check_part(y, PART_STDOUT, NULL);
    check_part(y, PART_STDERR, "err");
}

static void test_get_says_when_there_is_none(void **state)
{
    struct bench *b = *state;
    AUTO(answer_done) struct answer a = {0};
    store_get(b->store, "a", PARTS_ALL, answer_take_one, &a);
    answer_await(b, &a, 1);
    assert_int_equal(a.kind, 0);
    assert_null(a.x);
}

static void test_get_many_answers_in_order(void **state)
{
    struct bench *b = *state;
    bench_insert_id(b, "a");
    bench_insert_id(b, "b");
    const char *ids[] = {"b", "nobody", "a", "b"};
    AUTO(answer_done) struct answer a = {0};
    store_get_many(b->store, ids, 4, 0, answer_take_list, &a);
    answer_await(b, &a, 1);
    assert_int_equal(a.count, 4);
    assert_string_equal(a.all[0]->id, "b");
    assert_null(a.all[1]);
    assert_string_equal(a.all[2]->id, "a");
    assert_string_equal(a.all[3]->id, "b");
}

static void test_get_many_is_refused_when_it_is_too_much_for_memory(void **state)
{
    struct bench *b = *state;
    AUTO(execution_unrefp) struct execution *x = execution_new();
    size_t half = STORE_MANY_BYTES / 2 + 1;
    memcpy(x->id, "a", sizeof("a"));
    memcpy(x->dialect, "native", sizeof("native"));
    x->state = EXECUTION_FINISHED;
    execution_take_part(x, PART_ANSWER, xcalloc(1, half), half);
    bench_insert(b, x);
    const char *ids[] = {"a", "a"};
    AUTO(answer_done) struct answer once = {0}, twice = {0};
    store_get_many(b->store, ids, 1, 1U << PART_ANSWER, answer_take_list, &once);
    store_get_many(b->store, ids, 2, 1U << PART_ANSWER, answer_take_list, &twice);
    answer_await(b, &once, 1);
    answer_await(b, &twice, 1);
    assert_int_equal(once.count, 1);
    assert_int_equal(twice.kind, ERR_LIMIT);
}

static void test_get_many_of_none_is_answered(void **state)
{
    struct bench *b = *state;
    AUTO(answer_done) struct answer a = {0};
    store_get_many(b->store, NULL, 0, 0, answer_take_list, &a);
    answer_await(b, &a, 1);
    assert_int_equal(a.kind, 0);
    assert_int_equal(a.count, 0);
}

/* What changes */

static void test_begin_marks_it_as_running(void **state)
{
    struct bench *b = *state;
    bench_insert_id(b, "a");
    struct answer a = {0};
    store_begin(b->store, "a", 3, 4000, answer_take, &a);
    answer_await(b, &a, 1);
    assert_int_equal(a.kind, 0);

    AUTO(execution_unrefp) struct execution *y = bench_get(b, "a", PARTS_ALL);
    assert_int_equal(y->state, EXECUTION_RUNNING);
    assert_int_equal(y->attempts, 3);
    assert_int_equal(y->started_ns, 4000);
    check_part(y, PART_SOURCE, "print(1)");
}

static void test_requeue_takes_it_back(void **state)
{
    struct bench *b = *state;
    bench_insert_id(b, "a");
    struct answer a = {0};
    store_begin(b->store, "a", 3, 4000, answer_take, &a);
    store_requeue(b->store, "a", 2, answer_take, &a);
    answer_await(b, &a, 2);

    AUTO(execution_unrefp) struct execution *y = bench_get(b, "a", 0);
    assert_int_equal(y->state, EXECUTION_QUEUED);
    assert_int_equal(y->attempts, 2);
    assert_int_equal(y->started_ns, 0);
}

static void test_finish_keeps_what_came_of_it(void **state)
{
    struct bench *b = *state;
    AUTO(execution_unrefp) struct execution *x = execution_of("a");
    bench_insert(b, x);
    x->attempts = 1;
    x->started_ns = 5000;
    execution_finish(x, 6000, "out");
    part_set(x, PART_STDERR, "");
    bench_finish(b, x);

    AUTO(execution_unrefp) struct execution *y = bench_get(b, "a", PARTS_ALL);
    assert_int_equal(y->state, EXECUTION_FINISHED);
    assert_int_equal(y->status, 3);
    assert_int_equal(y->attempts, 1);
    assert_int_equal(y->started_ns, 5000);
    assert_int_equal(y->finished_ns, 6000);
    assert_string_equal(y->result, "{\"time\":0.1}");
    check_part(y, PART_SOURCE, "print(1)");
    check_part(y, PART_STDOUT, "out");
    check_part(y, PART_STDERR, "");
    check_part(y, PART_COMPILE_OUTPUT, NULL);
}

static void test_finish_counts_once(void **state)
{
    struct bench *b = *state;
    bench_insert_id(b, "a");
    AUTO(execution_unrefp) struct execution *first = execution_of("a");
    AUTO(execution_unrefp) struct execution *second = execution_of("a");
    execution_finish(first, 6000, "first");
    execution_finish(second, 7000, "second");
    second->state = EXECUTION_CANCELLED;
    bench_finish(b, first);
    bench_finish(b, second);

    AUTO(execution_unrefp) struct execution *y = bench_get(b, "a", PARTS_ALL);
    assert_int_equal(y->state, EXECUTION_FINISHED);
    assert_int_equal(y->finished_ns, 6000);
    check_part(y, PART_STDOUT, "first");
}

static void test_what_is_over_is_not_begun_again(void **state)
{
    struct bench *b = *state;
    AUTO(execution_unrefp) struct execution *x = execution_of("a");
    execution_finish(x, 6000, "out");
    bench_insert(b, x);
    struct answer a = {0};
    store_begin(b->store, "a", 3, 4000, answer_take, &a);
    store_requeue(b->store, "a", 2, answer_take, &a);
    answer_await(b, &a, 2);
    assert_int_equal(a.kind, 0);

    AUTO(execution_unrefp) struct execution *y = bench_get(b, "a", 0);
    assert_int_equal(y->state, EXECUTION_FINISHED);
    assert_int_equal(y->attempts, 0);
}

static void test_changes_of_what_is_not_there_say_so(void **state)
{
    struct bench *b = *state;
    AUTO(execution_unrefp) struct execution *x = execution_of("a");
    execution_finish(x, 1, "");
    struct answer a[5] = {0};
    store_begin(b->store, "a", 1, 1, answer_take, &a[0]);
    store_requeue(b->store, "a", 1, answer_take, &a[1]);
    store_finish(b->store, x, answer_take, &a[2]);
    store_set_callback(b->store, "a", CALLBACK_FAILED, answer_take, &a[3]);
    store_delete(b->store, "a", answer_take, &a[4]);
    answer_await(b, &a[4], 1);
    for (size_t i = 0; i < ARRAY_LEN(a); i++) {
        assert_int_equal(a[i].kind, ERR_NOT_FOUND);
        assert_string_equal(a[i].text, "there is no execution a");
    }
}

static void test_set_callback_keeps_its_state(void **state)
{
    struct bench *b = *state;
    bench_insert_id(b, "a");
    struct answer a = {0};
    store_set_callback(b->store, "a", CALLBACK_DELIVERED, answer_take, &a);
    answer_await(b, &a, 1);
    AUTO(execution_unrefp) struct execution *y = bench_get(b, "a", 0);
    assert_int_equal(y->callback, CALLBACK_DELIVERED);
}

static void test_delete_removes_it(void **state)
{
    struct bench *b = *state;
    bench_insert_id(b, "a");
    bench_insert_id(b, "b");
    struct answer a = {0};
    store_delete(b->store, "a", answer_take, &a);
    answer_await(b, &a, 1);
    assert_int_equal(a.kind, 0);
    bench_check_kept(b, "a", false);
    bench_check_kept(b, "b", true);
    assert_int_equal(store_stats(b->store).executions, 1);
}

static void test_a_number_is_not_given_twice(void **state)
{
    struct bench *b = *state;
    bench_insert_id(b, "a");
    struct answer a = {0};
    store_delete(b->store, "a", answer_take, &a);
    AUTO(execution_unrefp) struct execution *x = execution_of("b");
    bench_insert(b, x);
    assert_int_equal(x->seq, 2);
}

/* Lists */

static void insert_many(struct bench *b, const char *ids, const char *dialect)
{
    for (const char *at = ids; *at; at++) {
        char id[2] = {*at, '\0'};
        AUTO(execution_unrefp) struct execution *x = execution_of(id);
        snprintf(x->dialect, sizeof(x->dialect), "%s", dialect);
        bench_insert(b, x);
    }
}

static void check_ids(const struct answer *a, const char *want)
{
    char ids[ANSWER_MAX + 1] = "";
    for (size_t i = 0; i < a->count; i++) {
        ids[i] = a->all[i]->id[0];
    }
    assert_string_equal(a->text, "");
    assert_string_equal(ids, want);
}

static void check_list(struct bench *b, const char *dialect, uint64_t offset, uint64_t limit,
                       const char *want, uint64_t total)
{
    AUTO(answer_done) struct answer a = {0};
    struct store_filter filter = {.dialect = dialect, .offset = offset, .limit = limit};
    store_list(b->store, &filter, 0, answer_take_list, &a);
    answer_await(b, &a, 1);
    check_ids(&a, want);
    assert_int_equal(a.total, total);
}

static void test_list_gives_pages_with_the_newest_first(void **state)
{
    struct bench *b = *state;
    insert_many(b, "abcde", "judge0");
    check_list(b, "judge0", 0, 2, "ed", 5);
    check_list(b, "judge0", 2, 2, "cb", 5);
    check_list(b, "judge0", 4, 2, "a", 5);
    check_list(b, "judge0", 6, 2, "", 5);
    check_list(b, "judge0", 0, 0, "", 5);
    check_list(b, "judge0", UINT64_MAX, UINT64_MAX, "", 5);
}

static void test_list_keeps_dialects_apart(void **state)
{
    struct bench *b = *state;
    insert_many(b, "ab", "judge0");
    insert_many(b, "c", "piston");
    insert_many(b, "d", "judge0");
    check_list(b, "judge0", 0, 9, "dba", 3);
    check_list(b, "piston", 0, 9, "c", 1);
    check_list(b, "native", 0, 9, "", 0);
    check_list(b, NULL, 1, 2, "cb", 4);
}

static void test_list_gives_the_parts_that_are_wanted(void **state)
{
    struct bench *b = *state;
    insert_many(b, "a", "judge0");
    AUTO(answer_done) struct answer a = {0};
    struct store_filter filter = {.dialect = "judge0", .offset = 0, .limit = 1};
    store_list(b->store, &filter, 1U << PART_SOURCE, answer_take_list, &a);
    answer_await(b, &a, 1);
    check_part(a.all[0], PART_SOURCE, "print(1)");
}

static void test_a_list_may_be_long(void **state)
{
    struct bench *b = *state;
    struct answer done = {0};
    for (int i = 0; i < 40; i++) {
        char id[8];
        snprintf(id, sizeof(id), "%d", i);
        AUTO(execution_unrefp) struct execution *x = execution_of(id);
        store_insert(b->store, x, answer_take, &done);
    }
    answer_await(b, &done, 40);
    AUTO(answer_done) struct answer a = {0};
    struct store_filter filter = {.dialect = "judge0", .offset = 0, .limit = 100};
    store_list(b->store, &filter, 0, answer_take_list, &a);
    answer_await(b, &a, 1);
    assert_int_equal(a.count, 40);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(atoi(a.all[i]->id), 39 - i);
    }
}

static void test_unfinished_gives_pages_in_the_order_of_acceptance(void **state)
{
    struct bench *b = *state;
    insert_many(b, "abcd", "judge0");
    AUTO(execution_unrefp) struct execution *over = execution_of("b");
    execution_finish(over, 1, "");
    bench_finish(b, over);
    struct answer begun = {0};
    store_begin(b->store, "c", 1, 1, answer_take, &begun);
    answer_await(b, &begun, 1);

    AUTO(answer_done) struct answer first = {0};
    store_unfinished(b->store, 0, 2, answer_take_list, &first);
    answer_await(b, &first, 1);
    check_ids(&first, "ac");
    check_part(first.all[0], PART_SOURCE, NULL);
    AUTO(answer_done) struct answer second = {0};
    store_unfinished(b->store, first.all[1]->seq, 2, answer_take_list, &second);
    answer_await(b, &second, 1);
    check_ids(&second, "d");
}

static void insert_with_callback(struct bench *b, const char *id, bool is_over,
                                 enum execution_callback callback)
{
    AUTO(execution_unrefp) struct execution *x = execution_of(id);
    x->callback = callback;
    if (is_over) {
        execution_finish(x, 1, "");
    }
    bench_insert(b, x);
}

static void test_callbacks_due_gives_those_that_are_over(void **state)
{
    struct bench *b = *state;
    insert_with_callback(b, "a", true, CALLBACK_NONE);
    insert_with_callback(b, "b", true, CALLBACK_DUE);
    insert_with_callback(b, "c", false, CALLBACK_DUE);
    insert_with_callback(b, "d", true, CALLBACK_DUE);
    insert_with_callback(b, "e", true, CALLBACK_FAILED);
    insert_with_callback(b, "f", true, CALLBACK_DUE);

    AUTO(answer_done) struct answer first = {0};
    store_callbacks_due(b->store, 0, 2, answer_take_list, &first);
    answer_await(b, &first, 1);
    check_ids(&first, "bd");
    AUTO(answer_done) struct answer second = {0};
    store_callbacks_due(b->store, first.all[1]->seq, 2, answer_take_list, &second);
    answer_await(b, &second, 1);
    check_ids(&second, "f");
}

/* Counts */

static void insert_for_count(struct bench *b, const char *id, int32_t language, int32_t status,
                             uint64_t created_ns)
{
    AUTO(execution_unrefp) struct execution *x = execution_of(id);
    x->language = language;
    x->status = status;
    x->created_ns = created_ns;
    bench_insert(b, x);
}

static void test_count_counts(void **state)
{
    struct bench *b = *state;
    uint64_t today = 20000 * DAY_NS;
    insert_for_count(b, "a", 71, 3, today);
    insert_for_count(b, "b", 50, 3, today + DAY_NS - 1);
    insert_for_count(b, "c", 71, 4, today - 1);
    insert_for_count(b, "d", 71, 3, today - 30 * DAY_NS);
    insert_for_count(b, "e", 62, 3, today - 31 * DAY_NS);
    insert_many(b, "x", "piston");

    AUTO(answer_done) struct answer a = {0};
    store_count(b->store, "judge0", today + DAY_NS / 2, answer_take_statistics, &a);
    answer_await(b, &a, 1);
    const struct store_statistics *s = &a.statistics;
    assert_int_equal(s->total, 5);
    assert_int_equal(s->days[0], 2);
    assert_int_equal(s->days[1], 1);
    assert_int_equal(s->days[2], 0);
    assert_int_equal(s->days[30], 1);
    assert_int_equal(s->language_count, 3);
    assert_int_equal(s->languages[0].number, 71);
    assert_int_equal(s->languages[0].count, 3);
    assert_int_equal(s->languages[1].number, 50);
    assert_int_equal(s->languages[2].number, 62);
    assert_int_equal(s->status_count, 2);
    assert_int_equal(s->statuses[0].number, 3);
    assert_int_equal(s->statuses[0].count, 4);
    assert_int_equal(s->statuses[1].number, 4);
    assert_true(s->bytes >= 4096);
}

static void test_count_of_nothing_is_nothing(void **state)
{
    struct bench *b = *state;
    AUTO(answer_done) struct answer a = {0};
    store_count(b->store, "judge0", DAY_NS, answer_take_statistics, &a);
    answer_await(b, &a, 1);
    assert_int_equal(a.kind, 0);
    assert_int_equal(a.statistics.total, 0);
    assert_int_equal(a.statistics.language_count, 0);
}

static void test_stats_tell_what_is_kept(void **state)
{
    struct bench *b = *state;
    bench_insert_id(b, "a");
    bench_insert_id(b, "b");
    struct store_stats stats = store_stats(b->store);
    assert_int_equal(stats.executions, 2);
    assert_true(stats.bytes >= 4096);
    assert_int_equal(stats.waiting, 0);
    assert_true(stats.writable);
}

/* On disk only */

static void test_what_was_written_is_there_after_an_end(void **state)
{
    struct bench *b = *state;
    AUTO(execution_unrefp) struct execution *x = execution_of("a");
    execution_finish(x, 77, "out");
    bench_insert(b, x);
    bench_close(b);
    bench_open(b);

    assert_int_equal(store_stats(b->store).executions, 1);
    AUTO(execution_unrefp) struct execution *y = bench_get(b, "a", PARTS_ALL);
    check_part(y, PART_STDOUT, "out");
    AUTO(execution_unrefp) struct execution *z = execution_of("b");
    bench_insert(b, z);
    assert_int_equal(z->seq, 2);
}

static void test_close_writes_what_was_asked(void **state)
{
    struct bench *b = *state;
    AUTO(execution_unrefp) struct execution *x = execution_of("a");
    struct answer a = {0};
    store_insert(b->store, x, answer_take, &a);
    bench_close(b);
    assert_int_equal(a.calls, 0);
    assert_int_equal(x->refs, 1);
    bench_open(b);
    bench_check_kept(b, "a", true);
}

static void test_a_store_without_readers_reads_too(void **state)
{
    struct bench *b = *state;
    b->config.readers = 0;
    bench_open(b);
    bench_insert_id(b, "a");
    bench_check_kept(b, "a", true);
    check_list(b, "judge0", 0, 9, "a", 1);
}

#define IN_MEMORY(name)                                                                            \
    {                                                                                              \
#name " in memory", name, setup_in_memory, bench_teardown, NULL                            \
    }
#define ON_DISK(name)                                                                              \
    {                                                                                              \
#name, name, setup_open, bench_teardown, NULL                                              \
    }
#define BOTH(name) ON_DISK(name), IN_MEMORY(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_insert_keeps_all_that_was_asked),
        BOTH(test_insert_keeps_null_and_empty_apart),
        BOTH(test_insert_does_not_read_a_result_that_is_being_made),
        BOTH(test_insert_keeps_the_moment_it_was_asked_at),
        BOTH(test_insert_takes_one_that_is_over_whole),
        BOTH(test_insert_refuses_an_id_that_is_there),
        BOTH(test_get_gives_the_parts_that_are_wanted),
        BOTH(test_get_says_when_there_is_none),
        BOTH(test_get_many_answers_in_order),
        BOTH(test_get_many_is_refused_when_it_is_too_much_for_memory),
        BOTH(test_get_many_of_none_is_answered),
        BOTH(test_begin_marks_it_as_running),
        BOTH(test_requeue_takes_it_back),
        BOTH(test_finish_keeps_what_came_of_it),
        BOTH(test_finish_counts_once),
        BOTH(test_what_is_over_is_not_begun_again),
        BOTH(test_changes_of_what_is_not_there_say_so),
        BOTH(test_set_callback_keeps_its_state),
        BOTH(test_delete_removes_it),
        BOTH(test_a_number_is_not_given_twice),
        BOTH(test_list_gives_pages_with_the_newest_first),
        BOTH(test_list_keeps_dialects_apart),
        BOTH(test_list_gives_the_parts_that_are_wanted),
        BOTH(test_a_list_may_be_long),
        BOTH(test_unfinished_gives_pages_in_the_order_of_acceptance),
        BOTH(test_callbacks_due_gives_those_that_are_over),
        BOTH(test_count_counts),
        BOTH(test_count_of_nothing_is_nothing),
        BOTH(test_stats_tell_what_is_kept),
        ON_DISK(test_what_was_written_is_there_after_an_end),
        ON_DISK(test_close_writes_what_was_asked),
        {"test_a_store_without_readers_reads_too", test_a_store_without_readers_reads_too,
         bench_setup, bench_teardown, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
