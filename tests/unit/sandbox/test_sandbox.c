/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
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
#include "fake_boxd.h"

struct heard {
    int ended, lost, room;
    enum box_end end;
    struct err failure;
};

static bool hear_output(void *ctx, enum box_stream stream, const char *data, size_t len)
{
    (void)ctx, (void)stream, (void)data, (void)len;
    return true;
}

static void hear_ended(void *ctx, struct box_report *report)
{
    struct heard *h = ctx;
    h->ended++;
    h->end = report->ended.end;
    h->failure = report->failure;
}

static void hear_lost(void *ctx)
{
    struct heard *h = ctx;
    h->lost++;
}

static void hear_room(void *ctx)
{
    struct heard *h = ctx;
    h->room++;
}

static int make_box(struct fake_boxd *f, struct heard *h, struct box **ret, struct err *e)
{
    static const uint32_t layers[] = {1};
    struct box_spec spec = {.layers = layers, .layer_count = 1};
    struct box_events events = {.output = hear_output, .ended = hear_ended, .ctx = h};
    return box_new(f->sandbox, &spec, &events, ret, e);
}

static void test_full_until_boxd_says_destroyed(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(1);
    struct heard h = {0};
    struct box *box = NULL, *second = NULL;
    struct err e;
    sandbox_on_lost(f->sandbox, NULL, hear_room, &h);
    assert_int_equal(make_box(f, &h, &box, &e), 0);
    assert_true(sandbox_full(f->sandbox));
    assert_int_equal(make_box(f, &h, &second, &e), -ERR_BUSY);

    box_free(box);
    assert_true(sandbox_full(f->sandbox));
    fake_boxd_gets(f, BOX_MSG_CREATE);
    fake_boxd_gets(f, BOX_MSG_DESTROY);
    fake_destroyed(f, 0);
    fake_run(f);
    assert_false(sandbox_full(f->sandbox));
    assert_int_equal(h.room, 1);
    assert_int_equal(sandbox_live(f->sandbox), 0);
    fake_boxd_free(f);
}

static void test_word_about_a_freed_box_is_ignored(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(1);
    struct heard h = {0};
    struct box *box = NULL;
    struct err e;
    assert_int_equal(make_box(f, &h, &box, &e), 0);
    box_free(box);
    fake_ended(f, 0, BOX_END_EXIT, 0);
    fake_run(f);
    assert_int_equal(h.ended, 0);
    assert_false(sandbox_is_lost(f->sandbox));
    fake_boxd_free(f);
}

static void test_loss_ends_every_box_then_tells(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(2);
    struct heard h = {0}, other = {0};
    struct box *boxes[2] = {0};
    struct err e;
    sandbox_on_lost(f->sandbox, hear_lost, NULL, &h);
    sandbox_on_lost(f->sandbox, hear_lost, NULL, &other);
    assert_int_equal(make_box(f, &h, &boxes[0], &e), 0);
    assert_int_equal(make_box(f, &h, &boxes[1], &e), 0);
    fake_hang_up(f);
    fake_run(f);

    assert_int_equal(h.ended, 2);
    assert_int_equal(h.end, BOX_END_LOST);
    assert_int_equal(h.failure.kind, ERR_GONE);
    assert_int_equal(h.lost, 1);
    assert_int_equal(other.lost, 1);
    assert_true(sandbox_full(f->sandbox));
    struct box *third = NULL;
    assert_int_equal(make_box(f, &h, &third, &e), -ERR_GONE);
    box_free(boxes[0]);
    box_free(boxes[1]);
    fake_boxd_free(f);
}

static void free_sandbox(void *ctx)
{
    struct fake_boxd *f = ctx;
    sandbox_free(TAKE(&f->sandbox, NULL));
}

static void test_listener_may_free_what_was_lost(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(1);
    struct heard h = {0};
    struct box *box = NULL;
    struct err e;
    assert_int_equal(make_box(f, &h, &box, &e), 0);
    sandbox_on_lost(f->sandbox, free_sandbox, NULL, f);
    fake_hang_up(f);
    fake_run(f);
    assert_null(f->sandbox);
    box_free(box);
    fake_boxd_free(f);
}

static void test_forgotten_listener_hears_nothing(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(1);
    struct heard h = {0};
    sandbox_on_lost(f->sandbox, hear_lost, hear_room, &h);
    sandbox_forget(f->sandbox, &h);
    fake_hang_up(f);
    fake_run(f);
    assert_int_equal(h.lost, 0);
    fake_boxd_free(f);
}

static void test_boxd_that_speaks_of_no_box_is_left(void **state)
{
    (void)state;
    static const uint32_t numbers[] = {0, 1, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        struct fake_boxd *f = fake_boxd_new(1);
        fake_ended(f, numbers[i], BOX_END_EXIT, 0);
        fake_run(f);
        assert_true(sandbox_is_lost(f->sandbox));
        fake_boxd_free(f);
    }
}

static void test_hello_of_another_version_is_refused(void **state)
{
    (void)state;
    struct loop *loop;
    struct err e;
    int pair[2];
    assert_int_equal(loop_new(&loop, &e), 0);
    assert_int_equal(fd_seqpacket_pair(pair, &e), 0);
    struct box_boxd_hello hello = {.head.type = BOX_MSG_BOXD_HELLO, .version = 99, .boxes = 1};
    assert_int_equal(fd_send(pair[1], &hello, sizeof(hello), NULL, 0, &e), 0);
    struct sandbox *s = NULL;
    assert_int_equal(sandbox_new(loop, pair[0], NULL, &s, &e), -ERR_UNSUPPORTED);
    assert_null(s);
    fd_close(pair[1]);
    loop_free(loop);
}

static void test_boxd_that_ends_before_hello_is_said(void **state)
{
    (void)state;
    struct loop *loop;
    struct err e;
    int pair[2];
    assert_int_equal(loop_new(&loop, &e), 0);
    assert_int_equal(fd_seqpacket_pair(pair, &e), 0);
    fd_close(pair[1]);
    struct sandbox *s = NULL;
    assert_int_equal(sandbox_new(loop, pair[0], NULL, &s, &e), -ERR_GONE);
    loop_free(loop);
}

/* More requests than the socket holds: they wait, with their descriptors, and arrive in order. */
static void test_requests_wait_while_boxd_does_not_read(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(FAKE_BOXES);
    struct heard h = {0};
    struct err e;
    char filler[64] = {0};
    int fillers = 0;
    while (fd_send(f->server_sock, filler, sizeof(filler), NULL, 0, &e) == 0) {
        fillers++;
    }
    struct box *boxes[3];
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(make_box(f, &h, &boxes[i], &e), 0);
    }
    box_free(boxes[0]);
    fake_run(f);
    while (fillers-- > 0) {
        assert_int_equal(recv(f->sock, filler, sizeof(filler), MSG_DONTWAIT), sizeof(filler));
    }
    fake_run(f);

    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(fake_boxd_gets(f, BOX_MSG_CREATE)->head.box, i);
    }
    assert_int_equal(fake_boxd_gets(f, BOX_MSG_DESTROY)->head.box, 0);
    fake_boxd_gets_nothing(f);
    box_free(boxes[1]);
    box_free(boxes[2]);
    fake_boxd_free(f);
}

/* --- what boxes use ------------------------------------------------------------------------- */

static struct box *box_without_events(struct fake_boxd *f)
{
    static const uint32_t layers[] = {1};
    struct box_spec spec = {.layers = layers, .layer_count = 1};
    struct box_events none = {0};
    struct box *box = NULL;
    struct err e;
    assert_int_equal(box_new(f->sandbox, &spec, &none, &box, &e), 0);
    return box;
}

static void count_measure(void *ctx)
{
    ++*(int *)ctx;
}

static void test_measure_asks_for_each_box_and_tells_all_who_asked(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(4);
    int told = 0, second_told = 0;
    struct box *a = box_without_events(f), *b = box_without_events(f);
    fake_boxd_gets(f, BOX_MSG_CREATE);
    fake_boxd_gets(f, BOX_MSG_CREATE);
    sandbox_measure(f->sandbox, count_measure, &told);
    sandbox_measure(f->sandbox, count_measure, &second_told);
    uint32_t first = fake_boxd_gets(f, BOX_MSG_USAGE)->head.box;
    uint32_t second = fake_boxd_gets(f, BOX_MSG_USAGE)->head.box;
    fake_boxd_gets_nothing(f);
    fake_used(f, first, 100, 7);
    fake_run(f);
    assert_int_equal(told, 0);
    box_free(b); /* what is said of one that is gone does no harm */
    fake_used(f, second, 200, 8);
    fake_run(f);
    assert_int_equal(told, 1);
    assert_int_equal(second_told, 1);
    assert_int_equal(box_measured(a).memory_bytes, 100);
    assert_int_equal(box_measured(a).cpu_ns, 7);
    box_free(a);
    fake_boxd_free(f);
}

static void test_measure_that_is_forgotten_tells_nobody(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(4);
    int told = 0, next = 0;
    struct box *a = box_without_events(f);
    sandbox_measure(f->sandbox, count_measure, &told);
    sandbox_forget(f->sandbox, &told);
    fake_used(f, 0, 1, 1);
    fake_run(f);
    assert_int_equal(told, 0);
    sandbox_measure(f->sandbox, count_measure, &next);
    fake_used(f, 0, 2, 2);
    fake_run(f);
    assert_int_equal(next, 1);
    box_free(a);
    fake_boxd_free(f);
}

static void test_answer_that_was_not_asked_for_ends_the_connection(void **state)
{
    (void)state;
    struct fake_boxd *f = fake_boxd_new(4);
    struct box *a = box_without_events(f);
    assert_false(sandbox_is_lost(f->sandbox));
    box_free(a);
    fake_used(f, 0, 1, 1);
    fake_run(f);
    assert_true(sandbox_is_lost(f->sandbox));
    fake_boxd_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_until_boxd_says_destroyed),
        cmocka_unit_test(test_word_about_a_freed_box_is_ignored),
        cmocka_unit_test(test_loss_ends_every_box_then_tells),
        cmocka_unit_test(test_listener_may_free_what_was_lost),
        cmocka_unit_test(test_forgotten_listener_hears_nothing),
        cmocka_unit_test(test_boxd_that_speaks_of_no_box_is_left),
        cmocka_unit_test(test_hello_of_another_version_is_refused),
        cmocka_unit_test(test_boxd_that_ends_before_hello_is_said),
        cmocka_unit_test(test_requests_wait_while_boxd_does_not_read),
        cmocka_unit_test(test_measure_asks_for_each_box_and_tells_all_who_asked),
        cmocka_unit_test(test_measure_that_is_forgotten_tells_nobody),
        cmocka_unit_test(test_answer_that_was_not_asked_for_ends_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
