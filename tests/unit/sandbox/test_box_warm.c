/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "fake_boxd.h"

/* Who hears of a box: first the one that made it, then the one that claims it. */
struct owner {
    struct buf out;
    int built, ended;
    struct box_report report;
};

static void owner_built(void *ctx)
{
    ((struct owner *)ctx)->built++;
}

static bool owner_output(void *ctx, enum box_stream stream, const char *data, size_t len)
{
    (void)stream;
    buf_add(&((struct owner *)ctx)->out, data, len);
    return true;
}

static void owner_ended(void *ctx, struct box_report *report)
{
    struct owner *o = ctx;
    o->ended++;
    o->report = *report;
}

static struct box_events events_of(struct owner *o)
{
    return (struct box_events){
        .built = owner_built, .output = owner_output, .ended = owner_ended, .ctx = o};
}

struct spare {
    struct fake_boxd *f;
    struct box *box;
    uint32_t number;
    struct owner maker, claimer;
};

static void spare_make(struct spare *s)
{
    static const uint32_t layers[] = {1};
    const struct box_spec spec = {
        .layers = layers, .layer_count = 1, .maxima.memory_bytes = 1 << 20};
    struct err e;
    *s = (struct spare){.f = fake_boxd_new(2)};
    struct box_events events = events_of(&s->maker);
    events.output = NULL; /* of a spare nobody may ask */
    assert_int_equal(box_new(s->f->sandbox, &spec, &events, &s->box, &e), 0);
    s->number = fake_boxd_gets(s->f, BOX_MSG_CREATE)->head.box;
}

static void spare_done(struct spare *s)
{
    box_free(s->box);
    buf_done(&s->maker.out);
    buf_done(&s->claimer.out);
    fake_boxd_free(s->f);
}

static char *const words[] = {(char[]){"sh"}, (char[]){"main.sh"}, NULL};
static char *const variables[] = {(char[]){"A=1"}, NULL};

static struct box_program program(void)
{
    return (struct box_program){.argv = words,
                                .env = variables,
                                .archive = "files",
                                .archive_size = 5,
                                .archive_fd = -1,
                                .merge_stderr = true,
                                .wall_ns = 7,
                                .cpu_ns = 1,
                                .open_files = 9};
}

static void claim(struct spare *s)
{
    struct box_events events = events_of(&s->claimer);
    box_claim(s->box, &events);
}

static void start(struct spare *s)
{
    const struct box_program p = program();
    struct err e;
    claim(s);
    assert_int_equal(box_start(s->box, &p, &e), 0);
    fake_boxd_gets(s->f, BOX_MSG_START);
}

static void spare_warm(struct spare *s)
{
    const struct box_program p = program();
    struct err e;
    spare_make(s);
    fake_hello(s->f, s->number);
    fake_run(s->f);
    assert_int_equal(box_warm(s->box, &p, "main.sh", &e), 0);
}

static void assert_data_is(struct spare *s, const char *data, size_t len)
{
    const struct fake_packet *m = fake_init_gets(s->f, s->number, BOX_MSG_DATA);
    assert_int_equal(m->len, sizeof(m->head) + len);
    assert_memory_equal(m->bytes + sizeof(m->head), data, len);
}

static void test_warm_sends_the_program_and_what_it_waits_for(void **state)
{
    (void)state;
    struct spare s;
    spare_warm(&s);

    const struct box_init_start *m =
        &fake_init_gets(s.f, s.number, BOX_MSG_WARM)->init_start; /* the layout is the same */
    assert_int_equal(m->flags, BOX_START_MERGE_STDERR);
    assert_int_equal(m->argc, 2);
    assert_int_equal(m->envc, 1);
    assert_int_equal(m->collectc, 1);
    assert_int_equal(m->archive_bytes, 0);
    assert_int_equal(m->open_files, 9);
    assert_int_equal(m->cpu_s, 2);
    assert_data_is(&s, "sh\0main.sh\0A=1\0main.sh", 23);
    fake_boxd_gets_nothing(s.f);
    assert_true(box_is_warm(s.box));
    spare_done(&s);
}

static void test_start_of_a_warm_box_sends_files_alone(void **state)
{
    (void)state;
    struct spare s;
    spare_warm(&s);
    fake_init_gets(s.f, s.number, BOX_MSG_WARM);
    fake_init_gets(s.f, s.number, BOX_MSG_DATA);
    start(&s);

    const struct box_init_start *m = &fake_init_gets(s.f, s.number, BOX_MSG_INIT_START)->init_start;
    assert_int_equal(m->flags, BOX_START_WARMED);
    assert_int_equal(m->argc + m->envc + m->strings_bytes, 0);
    assert_int_equal(m->archive_bytes, 5);
    assert_data_is(&s, "files", 5);
    spare_done(&s);
}

static void test_output_of_a_spare_waits_for_its_claimer(void **state)
{
    (void)state;
    struct spare s;
    spare_warm(&s);
    fake_print(s.f, s.number, BOX_STDOUT, "early ");
    fake_run(s.f);
    start(&s);
    fake_run(s.f);
    fake_print(s.f, s.number, BOX_STDOUT, "late");
    fake_run(s.f);

    assert_string_equal(s.claimer.out.data, "early late");
    assert_int_equal(s.maker.out.len, 0);
    spare_done(&s);
}

static void test_end_of_a_claimed_box_is_told_to_its_claimer(void **state)
{
    (void)state;
    struct spare s;
    spare_warm(&s);
    start(&s);
    fake_closes_output(s.f, s.number);
    fake_ended(s.f, s.number, BOX_END_EXIT, 0);
    fake_run(s.f);

    assert_int_equal(s.claimer.ended, 1);
    assert_int_equal(s.claimer.report.ended.end, BOX_END_EXIT);
    assert_int_equal(s.maker.ended, 0);
    spare_done(&s);
}

static void test_built_is_told_once_and_can_be_asked(void **state)
{
    (void)state;
    struct spare s;
    spare_make(&s);
    assert_false(box_is_built(s.box));
    fake_hello(s.f, s.number);
    fake_run(s.f);
    assert_true(box_is_built(s.box));
    start(&s);
    fake_run(s.f);

    assert_int_equal(s.maker.built, 1);
    assert_int_equal(s.claimer.built, 0);
    spare_done(&s);
}

static void test_warm_up_that_ends_early_is_told_with_the_reason(void **state)
{
    (void)state;
    struct spare s;
    spare_warm(&s);
    fake_print(s.f, s.number, BOX_STDERR, "usage");
    fake_init_fails(s.f, s.number, ERR_GONE, "it ended");
    fake_failed(s.f, s.number, ERR_GONE, "it ended");
    fake_run(s.f);

    assert_int_equal(s.maker.ended, 1);
    assert_int_equal(s.maker.report.ended.end, BOX_END_LOST);
    assert_int_equal(s.maker.report.failure.kind, ERR_IO); /* GONE is the loss of boxd alone */
    assert_string_equal(s.maker.report.failure.text, "it ended");
    assert_false(s.maker.report.may_have_run);
    spare_done(&s);
}

static void test_failure_before_go_may_be_tried_again(void **state)
{
    (void)state;
    struct spare s;
    spare_warm(&s);
    start(&s);
    fake_failed(s.f, s.number, ERR_IO, "no");
    fake_init_ends(s.f, s.number);
    fake_run(s.f);

    assert_int_equal(s.claimer.ended, 1);
    assert_false(s.claimer.report.may_have_run);
    spare_done(&s);
}

static void test_loss_of_boxd_may_not_be_tried_again(void **state)
{
    (void)state;
    struct spare s;
    spare_warm(&s);
    start(&s);
    fake_hang_up(s.f);
    fake_run(s.f);

    assert_int_equal(s.claimer.report.failure.kind, ERR_GONE);
    assert_true(s.claimer.report.may_have_run);
    spare_done(&s);
}

static void test_warm_is_refused_where_it_cannot_be(void **state)
{
    (void)state;
    struct spare s;
    spare_make(&s);
    struct box_program p = program();
    struct err e;
    assert_int_equal(box_warm(s.box, &p, "../main.sh", &e), -ERR_BUG);
    p.stdio = BOX_STDIO_PTY;
    assert_int_equal(box_warm(s.box, &p, "main.sh", &e), -ERR_BUG);
    p.stdio = BOX_STDIO_PIPE;
    assert_int_equal(box_warm(s.box, &p, "main.sh", &e), 0);
    assert_int_equal(box_warm(s.box, &p, "main.sh", &e), -ERR_BUG);
    p.stdio = BOX_STDIO_FILE;
    assert_int_equal(box_start(s.box, &p, &e), -ERR_BUG);
    spare_done(&s);
}

static void test_warm_after_the_start_is_refused(void **state)
{
    (void)state;
    struct spare s;
    spare_make(&s);
    start(&s);
    struct box_program p = program();
    struct err e;
    assert_int_equal(box_warm(s.box, &p, "main.sh", &e), -ERR_BUG);
    spare_done(&s);
}

static void test_warm_without_a_command_is_refused(void **state)
{
    (void)state;
    struct spare s;
    spare_make(&s);
    struct box_program p = program();
    struct err e;
    p.argv = NULL;
    assert_int_equal(box_warm(s.box, &p, "main.sh", &e), -ERR_INVALID);
    spare_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_warm_sends_the_program_and_what_it_waits_for),
        cmocka_unit_test(test_start_of_a_warm_box_sends_files_alone),
        cmocka_unit_test(test_output_of_a_spare_waits_for_its_claimer),
        cmocka_unit_test(test_end_of_a_claimed_box_is_told_to_its_claimer),
        cmocka_unit_test(test_built_is_told_once_and_can_be_asked),
        cmocka_unit_test(test_warm_up_that_ends_early_is_told_with_the_reason),
        cmocka_unit_test(test_failure_before_go_may_be_tried_again),
        cmocka_unit_test(test_loss_of_boxd_may_not_be_tried_again),
        cmocka_unit_test(test_warm_is_refused_where_it_cannot_be),
        cmocka_unit_test(test_warm_after_the_start_is_refused),
        cmocka_unit_test(test_warm_without_a_command_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
