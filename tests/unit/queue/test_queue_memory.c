/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "queue/queue.h"

#define LONG (600 * NS_PER_S)

struct bench {
    struct loop *loop;
    struct queue *queue;
    int ready;
};

static void count_ready(void *ctx)
{
    ++*(int *)ctx;
}

static void bench_init(struct bench *b, size_t max)
{
    struct err e;
    *b = (struct bench){0};
    assert_int_equal(loop_new(&b->loop, &e), 0);
    const struct queue_events events = {count_ready, &b->ready};
    b->queue = queue_memory_new(b->loop, max, &events);
}

static void bench_done(struct bench *b)
{
    queue_free(b->queue);
    loop_free(b->loop);
}

static void round_of_loop(struct bench *b)
{
    struct err e;
    assert_int_equal(loop_step(b->loop, 0, &e), 0);
}

static struct queue_item item_of(const char *caller, const char *id, bool batch)
{
    struct queue_item item = {.batch = batch};
    snprintf(item.id, sizeof(item.id), "%s", id);
    snprintf(item.caller, sizeof(item.caller), "%s", caller);
    return item;
}

static int put(struct bench *b, const char *caller, const char *id, bool batch)
{
    struct queue_item item = item_of(caller, id, batch);
    struct err e;
    return queue_put(b->queue, &item, false, false, &e);
}

/* Puts items named by the letters. */
static void puts_all(struct bench *b, const char *caller, const char *letters, bool batch)
{
    for (; *letters; letters++) {
        const char id[] = {*letters, '\0'};
        assert_int_equal(put(b, caller, id, batch), 0);
    }
}

/* Takes as many, one after the other, each for `lease_ns`. */
static void assert_takes(struct bench *b, uint64_t lease_ns, const char *letters)
{
    char got[64] = "";
    struct queue_item item;
    for (size_t i = 0; i < strlen(letters) && queue_take(b->queue, lease_ns, &item); i++) {
        got[i] = item.id[0];
    }
    assert_string_equal(got, letters);
}

static void assert_empty(struct bench *b)
{
    struct queue_item item;
    assert_false(queue_take(b->queue, LONG, &item));
    assert_int_equal(queue_waiting(b->queue), 0);
}

static void test_one_caller_is_served_in_order(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 10);
    puts_all(&b, "x", "abc", false);
    assert_int_equal(queue_waiting(b.queue), 3);
    assert_takes(&b, LONG, "abc");
    assert_empty(&b);
}

static void test_item_is_given_as_it_was_put(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 10);
    assert_int_equal(put(&b, "2001:db8::/64", "0b7c8a3e-1111-4222-8333-444455556666", true), 0);
    struct queue_item item;
    assert_true(queue_take(b.queue, LONG, &item));
    assert_string_equal(item.id, "0b7c8a3e-1111-4222-8333-444455556666");
    assert_string_equal(item.caller, "2001:db8::/64");
    assert_true(item.batch);
}

static void test_callers_take_turns(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 20);
    puts_all(&b, "x", "abcd", false);
    puts_all(&b, "y", "mn", false);
    puts_all(&b, "z", "s", false);
    assert_takes(&b, LONG, "amsbncd");
}

static void test_caller_that_comes_late_waits_for_one_turn_of_each(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 20);
    puts_all(&b, "x", "abc", false);
    assert_takes(&b, LONG, "a");
    puts_all(&b, "y", "m", false);
    assert_takes(&b, LONG, "bmc");
}

static void test_batches_wait_for_interactive_ones(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 20);
    puts_all(&b, "x", "mn", true);
    puts_all(&b, "x", "ab", false);
    assert_takes(&b, LONG, "abmn");
}

static void test_batch_has_its_turn_after_some_interactive_ones(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 50);
    assert_int_equal(QUEUE_BATCH_TURN, 8);
    puts_all(&b, "x", "abcdefghijklmnopqr", false);
    assert_takes(&b, LONG, "a"); /* while no batch waits, no turn is counted */
    puts_all(&b, "y", "123", true);
    assert_takes(&b, LONG, "bcdefghi1jklmnopq2r3");
}

static void test_full_queue_is_busy_unless_forced(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 2);
    puts_all(&b, "x", "a", false);
    puts_all(&b, "y", "b", true);
    assert_int_equal(put(&b, "x", "c", false), -ERR_BUSY);
    struct queue_item item = item_of("x", "d", false);
    struct err e;
    assert_int_equal(queue_put(b.queue, &item, true, false, &e), 0);
    assert_takes(&b, LONG, "ad");
    assert_int_equal(put(&b, "x", "e", false), 0); /* taken ones do not count */
}

static void test_full_queue_takes_sessions(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 1);
    puts_all(&b, "x", "a", false);
    struct queue_item item = item_of("y", "s", false), taken;
    struct err e;
    item.session = true;
    assert_int_equal(queue_put(b.queue, &item, false, false, &e), 0);
    assert_true(queue_take_session(b.queue, LONG, &taken));
    assert_string_equal(taken.id, "s");
    assert_int_equal(put(&b, "y", "b", false), -ERR_BUSY);
}

static void test_id_that_is_there_already_is_refused(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 10);
    puts_all(&b, "x", "a", false);
    assert_int_equal(put(&b, "y", "a", true), -ERR_BUG);
    assert_takes(&b, LONG, "a");
    assert_int_equal(put(&b, "y", "a", true), -ERR_BUG);
    queue_ack(b.queue, "a");
    assert_int_equal(put(&b, "y", "a", true), 0);
}

static void test_first_is_before_others_of_its_caller_alone(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 10);
    puts_all(&b, "y", "m", false);
    puts_all(&b, "x", "ab", false);
    struct queue_item item = item_of("x", "z", false);
    struct err e;
    assert_int_equal(queue_put(b.queue, &item, false, true, &e), 0);
    assert_takes(&b, LONG, "mzab");
}

static void test_what_is_given_back_is_next(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 10);
    puts_all(&b, "x", "a", false);
    puts_all(&b, "y", "mn", false);
    assert_takes(&b, LONG, "a");
    queue_give_back(b.queue, "a");
    queue_give_back(b.queue, "a"); /* it waits already */
    assert_int_equal(queue_waiting(b.queue), 3);
    assert_takes(&b, LONG, "amn");
    assert_empty(&b);
}

static void test_cancel_removes_what_waits_and_nothing_else(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 10);
    puts_all(&b, "x", "abc", false);
    puts_all(&b, "y", "m", true);
    assert_takes(&b, LONG, "a");
    assert_false(queue_cancel(b.queue, "a"));
    assert_false(queue_cancel(b.queue, "?"));
    assert_true(queue_cancel(b.queue, "b"));
    assert_true(queue_cancel(b.queue, "m"));
    assert_int_equal(queue_waiting(b.queue), 1);
    assert_takes(&b, LONG, "c");
    assert_empty(&b);
}

static void test_ack_of_what_waits_removes_it(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 10);
    puts_all(&b, "x", "a", false);
    queue_ack(b.queue, "a");
    queue_ack(b.queue, "a");
    assert_empty(&b);
}

static void test_ready_is_called_from_the_loop_when_something_came(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 10);
    round_of_loop(&b);
    assert_int_equal(b.ready, 0);
    puts_all(&b, "x", "ab", false);
    assert_int_equal(b.ready, 0);
    round_of_loop(&b);
    assert_int_equal(b.ready, 1);
    assert_takes(&b, LONG, "ab");
    queue_give_back(b.queue, "b");
    round_of_loop(&b);
    assert_int_equal(b.ready, 2);
}

/* A lease of nothing ends in the next round: no test need wait. */
static void test_expired_lease_gives_out_again(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 10);
    puts_all(&b, "x", "abc", false);
    round_of_loop(&b);
    assert_takes(&b, LONG, "a");
    assert_takes(&b, 0, "b");
    round_of_loop(&b);
    assert_int_equal(b.ready, 2);
    assert_int_equal(queue_waiting(b.queue), 2);
    assert_takes(&b, LONG, "bc");
    assert_empty(&b);
}

static void test_acknowledged_item_does_not_expire(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 10);
    puts_all(&b, "x", "a", false);
    assert_takes(&b, 0, "a");
    queue_ack(b.queue, "a");
    round_of_loop(&b);
    assert_empty(&b);
}

static void test_extended_lease_ends_when_it_was_extended_to(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 10);
    puts_all(&b, "x", "ab", false);
    assert_takes(&b, 0, "a");
    queue_extend(b.queue, "a", LONG);
    assert_takes(&b, UINT64_MAX, "b"); /* never */
    round_of_loop(&b);
    assert_int_equal(queue_waiting(b.queue), 0);

    queue_extend(b.queue, "b", 0);
    round_of_loop(&b);
    assert_takes(&b, LONG, "b");
}

static void test_extending_what_waits_changes_nothing(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 10);
    puts_all(&b, "x", "a", false);
    queue_extend(b.queue, "a", 0);
    round_of_loop(&b);
    assert_takes(&b, LONG, "a");
    assert_empty(&b);
}

/* --- as many of a caller as it may have ---------------------------------------------------- */

static void puts_held(struct bench *b, const char *caller, const char *letters, bool batch,
                      unsigned running_max)
{
    struct err e;
    for (; *letters; letters++) {
        const char id[] = {*letters, '\0'};
        struct queue_item item = item_of(caller, id, batch);
        item.running_max = running_max;
        assert_int_equal(queue_put(b->queue, &item, false, false, &e), 0);
    }
}

static void assert_takes_nothing(struct bench *b)
{
    struct queue_item item;
    assert_false(queue_take(b->queue, LONG, &item));
}

static void test_caller_that_has_its_number_is_passed_over(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 20);
    puts_held(&b, "x", "abc", false, 2);
    puts_all(&b, "y", "mno", false);
    assert_takes(&b, LONG, "ambno");
    assert_takes_nothing(&b);
    assert_int_equal(queue_waiting(b.queue), 1);
}

static void test_ack_lets_the_next_of_a_held_caller_go_and_tells(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 20);
    puts_held(&b, "x", "ab", false, 1);
    assert_takes(&b, LONG, "a");
    round_of_loop(&b);
    b.ready = 0;
    queue_ack(b.queue, "a");
    round_of_loop(&b);
    assert_int_equal(b.ready, 1);
    assert_takes(&b, LONG, "b");
    assert_empty(&b);
}

static void test_number_counts_both_kinds_together(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 20);
    puts_held(&b, "x", "a", false, 1);
    puts_held(&b, "x", "m", true, 1);
    assert_takes(&b, LONG, "a");
    assert_takes_nothing(&b);
    queue_ack(b.queue, "a");
    assert_takes(&b, LONG, "m");
}

static void test_held_batches_do_not_count_as_waiting_ones(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 30);
    puts_held(&b, "x", "mn", true, 1);
    assert_takes(&b, LONG, "m");
    puts_all(&b, "y", "abcdefghijk", false);
    assert_takes(&b, LONG, "abcdefghijk");
    assert_takes_nothing(&b);
}

static void test_what_is_given_back_frees_its_place(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 20);
    puts_held(&b, "x", "ab", false, 1);
    assert_takes(&b, LONG, "a");
    queue_give_back(b.queue, "a");
    assert_takes(&b, LONG, "a");
    assert_takes_nothing(&b);
}

static void test_cancel_of_what_a_held_caller_has_waiting_leaves_it_held(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 20);
    puts_held(&b, "x", "abc", false, 1);
    assert_takes(&b, LONG, "a");
    assert_true(queue_cancel(b.queue, "b"));
    assert_takes_nothing(&b);
    queue_ack(b.queue, "a");
    assert_takes(&b, LONG, "c");
}

static void test_number_of_the_last_item_counts(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 20);
    puts_held(&b, "x", "abc", false, 1);
    assert_takes(&b, LONG, "a");
    puts_held(&b, "x", "d", false, 3);
    assert_takes(&b, LONG, "bc");
    assert_takes_nothing(&b);
    puts_held(&b, "x", "e", false, 0);
    assert_takes(&b, LONG, "de");
}

static void test_waiting_of_a_caller_counts_its_own(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 20);
    puts_all(&b, "x", "abc", false);
    puts_all(&b, "x", "m", true);
    puts_all(&b, "y", "s", false);
    assert_int_equal(queue_waiting_of(b.queue, "x"), 4);
    assert_takes(&b, LONG, "a");
    assert_int_equal(queue_waiting_of(b.queue, "x"), 3);
    assert_int_equal(queue_waiting_of(b.queue, "y"), 1);
    assert_int_equal(queue_waiting_of(b.queue, "z"), 0);
}

static void test_next_is_who_finds_nothing_that_may_go(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 20);
    struct queue_item x = item_of("x", "z", false), y = item_of("y", "z", false);
    x.running_max = 1;
    assert_true(queue_is_next(b.queue, &x));
    puts_held(&b, "x", "ab", false, 1);
    assert_false(queue_is_next(b.queue, &y));
    assert_takes(&b, LONG, "a");
    assert_true(queue_is_next(b.queue, &y)); /* what waits may not go */
    assert_false(queue_is_next(b.queue, &x));
}

static void test_without_batches_only_who_is_waited_for_is_taken(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 20);
    struct queue_item item;
    puts_all(&b, "x", "AB", true);
    assert_false(queue_take_waited_for(b.queue, LONG, &item));
    puts_all(&b, "x", "abcdefghijkl", false);
    for (int i = 0; i < 12; i++) { /* none of them is a batch's turn */
        assert_true(queue_take_waited_for(b.queue, LONG, &item));
        assert_false(item.batch);
    }
    assert_false(queue_take_waited_for(b.queue, LONG, &item));
    assert_takes(&b, LONG, "AB");
}

static void test_who_is_waited_for_is_next_before_batches_that_wait(void **state)
{
    (void)state;
    AUTO(bench_done) struct bench b;
    bench_init(&b, 20);
    struct queue_item waited_for = item_of("x", "z", false), batch = item_of("x", "z", true);
    puts_all(&b, "y", "AB", true);
    assert_true(queue_is_next(b.queue, &waited_for));
    assert_false(queue_is_next(b.queue, &batch));
    puts_all(&b, "y", "abcdefgh", false);
    assert_takes(&b, LONG, "abcdefgh");
    assert_false(queue_is_next(b.queue, &waited_for)); /* it is a batch's turn */
}

/* Callers come and go; many items are taken, given back and cancelled. */
static void test_many_items_of_many_callers(void **state)
{
    (void)state;
    enum { CALLERS = 500, EACH = 40 };
    AUTO(bench_done) struct bench b;
    bench_init(&b, (size_t)CALLERS * EACH);
    char id[32], caller[32];
    for (int i = 0; i < EACH; i++) {
        for (int c = 0; c < CALLERS; c++) {
            snprintf(id, sizeof(id), "%d-%d", c, i);
            snprintf(caller, sizeof(caller), "%d", c);
            assert_int_equal(put(&b, caller, id, c % 2), 0);
        }
    }
    assert_true(queue_cancel(b.queue, "7-0"));
    size_t taken = 0;
    for (struct queue_item item; queue_take(b.queue, LONG, &item); taken++) {
        if (taken % 3 == 0) {
            queue_give_back(b.queue, item.id);
            assert_true(queue_cancel(b.queue, item.id));
        } else {
            queue_ack(b.queue, item.id);
        }
    }
    assert_int_equal(taken, CALLERS * EACH - 1);
    assert_empty(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_caller_is_served_in_order),
        cmocka_unit_test(test_item_is_given_as_it_was_put),
        cmocka_unit_test(test_callers_take_turns),
        cmocka_unit_test(test_caller_that_comes_late_waits_for_one_turn_of_each),
        cmocka_unit_test(test_batches_wait_for_interactive_ones),
        cmocka_unit_test(test_batch_has_its_turn_after_some_interactive_ones),
        cmocka_unit_test(test_full_queue_is_busy_unless_forced),
        cmocka_unit_test(test_full_queue_takes_sessions),
        cmocka_unit_test(test_id_that_is_there_already_is_refused),
        cmocka_unit_test(test_first_is_before_others_of_its_caller_alone),
        cmocka_unit_test(test_what_is_given_back_is_next),
        cmocka_unit_test(test_cancel_removes_what_waits_and_nothing_else),
        cmocka_unit_test(test_ack_of_what_waits_removes_it),
        cmocka_unit_test(test_ready_is_called_from_the_loop_when_something_came),
        cmocka_unit_test(test_expired_lease_gives_out_again),
        cmocka_unit_test(test_acknowledged_item_does_not_expire),
        cmocka_unit_test(test_extended_lease_ends_when_it_was_extended_to),
        cmocka_unit_test(test_extending_what_waits_changes_nothing),
        cmocka_unit_test(test_caller_that_has_its_number_is_passed_over),
        cmocka_unit_test(test_ack_lets_the_next_of_a_held_caller_go_and_tells),
        cmocka_unit_test(test_number_counts_both_kinds_together),
        cmocka_unit_test(test_held_batches_do_not_count_as_waiting_ones),
        cmocka_unit_test(test_what_is_given_back_frees_its_place),
        cmocka_unit_test(test_cancel_of_what_a_held_caller_has_waiting_leaves_it_held),
        cmocka_unit_test(test_number_of_the_last_item_counts),
        cmocka_unit_test(test_waiting_of_a_caller_counts_its_own),
        cmocka_unit_test(test_next_is_who_finds_nothing_that_may_go),
        cmocka_unit_test(test_without_batches_only_who_is_waited_for_is_taken),
        cmocka_unit_test(test_who_is_waited_for_is_next_before_batches_that_wait),
        cmocka_unit_test(test_many_items_of_many_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
