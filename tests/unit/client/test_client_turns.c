/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "client/client_turns.h"

#define ALL 12

/* Turns named by a letter; `begun` has the letters of those that began, in order. */
struct fixture {
    struct client_turns *turns;
    struct buf begun;
    struct one {
        struct client_turn turn;
        struct fixture *fixture;
        char name;
    } ones[ALL];
};

static void on_turn(void *ctx)
{
    const struct one *one = ctx;
    buf_add_char(&one->fixture->begun, one->name);
}

static void take(struct fixture *f, char name, const char *host)
{
    struct one *one = &f->ones[name - 'a'];
    one->fixture = f;
    one->name = name;
    client_turn_take(f->turns, &one->turn, host, on_turn, one);
}

static void give(struct fixture *f, char name)
{
    client_turn_give(&f->ones[name - 'a'].turn);
}

static struct fixture fixture_make(unsigned max, unsigned host_max)
{
    return (struct fixture){.turns = client_turns_new(max, host_max)};
}

/* Also a check that no host is left: memory that is is seen by the leak check. */
static void fixture_done(struct fixture *f)
{
    client_turns_stop(f->turns);
    for (size_t i = 0; i < ALL; i++) {
        client_turn_give(&f->ones[i].turn);
    }
    client_turns_free(f->turns);
    buf_done(&f->begun);
}

static void take_begins_up_to_the_most(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(2, 2);

    take(&f, 'a', "x");
    take(&f, 'b', "y");
    take(&f, 'c', "z");

    assert_string_equal(f.begun.data, "ab");
}

static void take_leaves_room_for_other_hosts(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(4, 2);
    for (char name = 'a'; name <= 'f'; name++) {
        take(&f, name, "hangs");
    }

    take(&f, 'g', "quick");

    assert_string_equal(f.begun.data, "abg");
}

static void give_lets_one_host_go_on_in_order(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(1, 1);
    for (char name = 'a'; name <= 'c'; name++) {
        take(&f, name, "x");
    }

    give(&f, 'a');
    give(&f, 'b');

    assert_string_equal(f.begun.data, "abc");
}

static void give_lets_hosts_go_on_by_turns(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(1, 1);
    for (char name = 'a'; name <= 'd'; name++) {
        take(&f, name, "x");
    }
    take(&f, 'e', "y");
    take(&f, 'f', "y");

    for (size_t i = 0; i < 5; i++) {
        give(&f, f.begun.data[i]);
    }

    assert_string_equal(f.begun.data, "aebfcd");
}

static void give_of_a_waiting_one_takes_it_out(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(1, 1);
    for (char name = 'a'; name <= 'c'; name++) {
        take(&f, name, "x");
    }

    give(&f, 'b');
    give(&f, 'a');

    assert_string_equal(f.begun.data, "ac");
}

static void give_of_none_does_nothing(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(1, 1);
    take(&f, 'a', "x");
    give(&f, 'a');

    give(&f, 'a');
    take(&f, 'b', "x");
    take(&f, 'c', "x");

    assert_string_equal(f.begun.data, "ab");
}

static void stop_lets_nobody_begin(void **state)
{
    (void)state;
    AUTO(fixture_done) struct fixture f = fixture_make(1, 1);
    take(&f, 'a', "x");
    take(&f, 'b', "x");

    client_turns_stop(f.turns);
    give(&f, 'a');

    assert_string_equal(f.begun.data, "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(take_begins_up_to_the_most),
        cmocka_unit_test(take_leaves_room_for_other_hosts),
        cmocka_unit_test(give_lets_one_host_go_on_in_order),
        cmocka_unit_test(give_lets_hosts_go_on_by_turns),
        cmocka_unit_test(give_of_a_waiting_one_takes_it_out),
        cmocka_unit_test(give_of_none_does_nothing),
        cmocka_unit_test(stop_lets_nobody_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
