/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/native/trail.h"
#include "base/buf.h"
#include "base/cleanup.h"

/* An execution as a test tells it: its first leg is the compilation, or there is none (out NULL).
 */
struct told {
    struct trail_leg legs[4];
    bool there[4];
};

static bool told_leg(void *ctx, size_t leg, struct trail_leg *ret)
{
    const struct told *t = ctx;
    if (leg >= 4 || !t->there[leg]) {
        return false;
    }
    *ret = t->legs[leg];
    return true;
}

static void tell(struct told *t, size_t leg, const char *out, const char *err, bool over)
{
    t->there[leg] = true;
    t->legs[leg] = (struct trail_leg){over, out, err, strlen(out), strlen(err)};
}

static void step_write(const struct trail_step *step, struct buf *ret)
{
    switch (step->event) {
    case TRAIL_LEG:
        buf_add_fmt(ret, "leg%zu ", step->leg);
        return;
    case TRAIL_OUTPUT:
        buf_add_fmt(ret, "%s[%.*s] ", step->stream == STREAM_STDERR ? "err" : "out", (int)step->len,
                    step->data);
        return;
    case TRAIL_LEG_OVER:
        buf_add_fmt(ret, "over%zu ", step->leg);
        return;
    case TRAIL_FINISHED:
        buf_add_str(ret, "finished ");
        return;
    }
}

/* All that is next, as text. */
static void expect(struct trail *t, struct told *told, bool over, const char *text)
{
    const struct trail_view view = {over, told_leg, told};
    AUTO(buf_done) struct buf got = {0};
    struct trail_step step;
    buf_add_str(&got, "");
    while (trail_next(t, &view, &step)) {
        step_write(&step, &got);
    }
    assert_string_equal(got.data, text);
}

static void test_nothing_is_told_while_nothing_runs(void **state)
{
    (void)state;
    struct trail t = {0};
    struct told told = {0};
    expect(&t, &told, false, "");
    assert_int_equal(t.at, TRAIL_START);
}

static void test_legs_are_told_as_they_come(void **state)
{
    (void)state;
    struct trail t = {0};
    struct told told = {0};
    tell(&told, 0, "", "warn", false);
    expect(&t, &told, false, "leg0 err[warn] ");
    tell(&told, 0, "", "warning", true);
    expect(&t, &told, false, "err[ing] over0 ");
    tell(&told, 1, "a", "", false);
    expect(&t, &told, false, "leg1 out[a] ");
    tell(&told, 1, "ab", "c", true);
    expect(&t, &told, true, "out[b] err[c] over1 finished ");
    expect(&t, &told, true, "");
}

static void test_run_without_compilation_is_the_first_leg(void **state)
{
    (void)state;
    struct trail t = {0};
    struct told told = {0};
    tell(&told, 1, "x", "", true);
    tell(&told, 2, "y", "", true);
    expect(&t, &told, true, "leg1 out[x] over1 leg2 out[y] over2 finished ");
}

static void test_failed_compilation_is_the_last_leg(void **state)
{
    (void)state;
    struct trail t = {0};
    struct told told = {0};
    tell(&told, 0, "", "error", true);
    expect(&t, &told, true, "leg0 err[error] over0 finished ");
}

static void test_execution_that_never_ran_is_finished(void **state)
{
    (void)state;
    struct trail t = {0};
    struct told told = {0};
    expect(&t, &told, true, "finished ");
}

static void test_half_a_character_waits_for_the_rest(void **state)
{
    (void)state;
    struct trail t = {0};
    struct told told = {0};
    tell(&told, 1, "a\xe2\x82", "", false);
    expect(&t, &told, false, "leg1 out[a] ");
    tell(&told, 1, "a\xe2\x82\xac", "", false);
    expect(&t, &told, false, "out[\xe2\x82\xac] ");
    tell(&told, 1, "a\xe2\x82\xac\xe2", "", true);
    expect(&t, &told, true, "out[\xe2] over1 finished ");
}

static void test_much_output_comes_in_pieces(void **state)
{
    (void)state;
    char text[40001];
    memset(text, 'x', 40000);
    text[40000] = '\0';
    struct trail t = {0};
    struct told told = {0};
    tell(&told, 1, text, "", true);
    const struct trail_view view = {true, told_leg, &told};
    struct trail_step step;
    size_t pieces = 0, bytes = 0;
    while (trail_next(&t, &view, &step)) {
        pieces += step.event == TRAIL_OUTPUT;
        bytes += step.event == TRAIL_OUTPUT ? step.len : 0;
    }
    assert_int_equal(pieces, 3);
    assert_int_equal(bytes, 40000);
}

static void test_each_place_as_text_goes_on_from_there(void **state)
{
    (void)state;
    struct told told = {0};
    tell(&told, 0, "one", "two", true);
    tell(&told, 1, "three", "", true);
    tell(&told, 2, "", "four", true);
    const struct trail_view view = {true, told_leg, &told};
    for (size_t cut = 0; cut < 11; cut++) {
        struct trail t = {0}, again;
        struct trail_step step;
        AUTO(buf_done) struct buf got = {0};
        for (size_t i = 0; i < cut; i++) {
            assert_true(trail_next(&t, &view, &step));
            step_write(&step, &got);
        }
        char text[TRAIL_TEXT_MAX];
        trail_write(&t, text);
        assert_true(trail_read(text, &again));
        while (trail_next(&again, &view, &step)) {
            step_write(&step, &got);
        }
        assert_string_equal(got.data, "leg0 out[one] err[two] over0 leg1 out[three] over1 leg2 "
                                      "err[four] over2 finished ");
    }
}

static void test_job_that_runs_anew_is_waited_for(void **state)
{
    (void)state;
    struct trail t = {0};
    struct told told = {0};
    tell(&told, 1, "abc", "", false);
    expect(&t, &told, false, "leg1 out[abc] ");
    told.there[1] = false;
    expect(&t, &told, false, "");
    tell(&told, 1, "ab", "", false);
    expect(&t, &told, false, "");
    tell(&told, 1, "abcd", "", true);
    expect(&t, &told, true, "out[d] over1 finished ");
}

static void test_text_that_is_no_place_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "x",
        "1",
        "1:",
        "1:2",
        "1:2:",
        "1:2:3:4",
        "1:-2:3",
        " 1:2:3",
        "1:2:3 ",
        "1:2:x",
        "1:ending",
        "END",
        "-1:end",
        "+1:2:3",
        "1:+2:3",
        ":::",
        "::",
        "99999999999999999999999999:1:1",
        "1:99999999999999999999:1",
        "1:1:000000000000000000000000000000000000000000000000000000000000000000000000000000001",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct trail t = {.leg = 77};
        if (trail_read(bad[i], &t)) {
            fail_msg("'%s' was taken", bad[i]);
        }
        assert_int_equal(t.leg, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_told_while_nothing_runs),
        cmocka_unit_test(test_legs_are_told_as_they_come),
        cmocka_unit_test(test_run_without_compilation_is_the_first_leg),
        cmocka_unit_test(test_failed_compilation_is_the_last_leg),
        cmocka_unit_test(test_execution_that_never_ran_is_finished),
        cmocka_unit_test(test_half_a_character_waits_for_the_rest),
        cmocka_unit_test(test_much_output_comes_in_pieces),
        cmocka_unit_test(test_each_place_as_text_goes_on_from_there),
        cmocka_unit_test(test_job_that_runs_anew_is_waited_for),
        cmocka_unit_test(test_text_that_is_no_place_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
